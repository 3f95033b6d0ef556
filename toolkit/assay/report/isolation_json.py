"""The answers of `assay isolate` and `assay flaky` as JSON: documented in docs/json.md."""

from __future__ import annotations

from typing import Any

from assay.model.flakiness import Flakiness, Varying
from assay.model.isolation import Isolation, Leak, Place
from assay.report.as_json import FORMAT
from assay.report.isolation_text import command


def isolation_json(found: Isolation, exit_code: int) -> dict[str, Any]:
    """How a test depends on others."""
    return {
        "format": FORMAT,
        "verb": "isolate",
        "test": found.test,
        "exit_code": exit_code,
        "dependence": found.dependence.value,
        "alone": [outcome.value for outcome in found.alone],
        "together": None if found.together is None else found.together.value,
        "before": found.before,
        "later": found.later,
        "causes": list(found.causes),
        "leaks": [_leak(one) for one in found.leaks],
        "cleaners": None if found.cleaners is None else list(found.cleaners),
        "by_state": found.by_state,
        "confirmed": found.confirmed,
        "command": command(found) if found.causes else "",
        "failure": None
        if found.failure is None
        else {"exception": found.failure.exception, "message": found.failure.message},
        "starts": {
            "alone": found.starts.alone,
            "together": found.starts.together,
            "search": found.starts.search,
            "fresh": found.starts.fresh,
            "cleaners": found.starts.cleaners,
            "bisection": found.bisection,
            "saved": found.saved if found.causes else 0,
        },
        "notices": list(found.notices),
        "interrupted": found.interrupted,
    }


def _leak(leak: Leak) -> dict[str, Any]:
    return {
        "kind": leak.kind,
        "name": leak.name,
        "before": leak.before,
        "after": leak.after,
        "writer": leak.writer,
        "read": leak.read,
        "line": _place(leak.line),
        "test_line": _place(leak.test_line),
        "fix": leak.fix,
    }


def _place(place: Place | None) -> dict[str, Any] | None:
    return None if place is None else {"path": place[0], "line": place[1]}


def flakiness_json(found: Flakiness, exit_code: int) -> dict[str, Any]:
    """Which tests do not always end alike."""
    return {
        "format": FORMAT,
        "verb": "flaky",
        "exit_code": exit_code,
        "tests": found.tests,
        "runs": found.runs,
        "seed": found.seed,
        "varying": [_varying(one) for one in found.varying],
        "failing": list(found.failing),
        "tried": list(found.tried),
        "starts": found.starts,
        "notices": list(found.notices),
        "interrupted": found.interrupted,
    }


def _varying(one: Varying) -> dict[str, Any]:
    return {
        "test": one.test,
        "axes": [axis.value for axis in one.axes],
        "failures": one.failures,
        "runs": one.runs,
        "rate": one.failures / one.runs,
        "low": one.low,
        "high": one.high,
        "runs_needed": one.needed,
        "failing": list(one.failing),
        "passing": list(one.passing),
        "message": one.message,
    }

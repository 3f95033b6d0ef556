"""Whether a test that fails is seen to fail: where a plug-in hides it, no survivor means anything.

The idea is the miners' canary: what must die, and lives, says that the air is bad.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from assay.execution.jobs import run_forked_or_anew
from assay.execution.suite import BAD, Collected
from assay.execution.timeouts import Limits
from assay.execution.unrecorded import unrecorded
from assay.execution.zygote import Zygote, ZygoteSettings
from assay.model.mutant import Status, Verdict
from assay.model.run import ChildEnd, Outcome

MOST = 20
"""So many directories are tried: hooks that hide failures stand in a conftest near the top."""


def without_hidden(
    verdicts: Mapping[str, Verdict],
    settings: ZygoteSettings,
    zygote: Zygote,
    collected: Collected,
    limits: Limits,
) -> dict[str, Verdict]:
    """The verdicts, survivors taken back where the failures of their tests are hidden.

    One test of each directory that holds tests of a survivor, and none that was seen to fail, is
    made to fail.
    """
    tests = to_try(verdicts.values())
    if not tests:
        return dict(verdicts)
    job = unrecorded(tests.values(), settings, collected, limits)
    job = replace(job, canary=True, shared_limit=limits.shared)
    outcome = run_forked_or_anew(settings, zygote, collected.can_fork, job)
    return taken_back(verdicts, hidden(tests, outcome))


def to_try(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """A test for each directory in which failures have still to be seen."""
    everything = tuple(verdicts)
    seen = {directory(v.killer) for v in everything if v.status is Status.KILLED and v.killer}
    found: dict[str, str] = {}
    for verdict in everything:
        for test in verdict.covering if verdict.status is Status.SURVIVED else ():
            if directory(test) not in seen and len(found) < MOST:
                found.setdefault(directory(test), test)
    return found


def hidden(tests: Mapping[str, str], outcome: Outcome) -> dict[str, str]:
    """Of the tests by directory that were made to fail: those that ended otherwise, with how."""
    if outcome.end is not ChildEnd.FINISHED:
        # It was seen that something is wrong, if not what: failures are not hidden.
        return {}
    ends = {result.node_id: result.outcome for result in outcome.results}
    return {
        place: f"{test} was made to fail, and pytest reports it as {ends[test].value}: a plug-in "
        "or conftest hides failures, so no mutant can be killed"
        for place, test in tests.items()
        if test in ends and ends[test] not in BAD
    }


def taken_back(verdicts: Mapping[str, Verdict], why: Mapping[str, str]) -> dict[str, Verdict]:
    """The verdicts without survivors all of whose tests lie where failures are hidden."""
    return {
        key: replace(verdict, status=Status.RUNTIME_ERROR, reason=why[directory(covering[0])])
        if verdict.status is Status.SURVIVED
        and (covering := verdict.covering)
        and all(directory(test) in why for test in covering)
        else verdict
        for key, verdict in verdicts.items()
    }


def directory(node_id: str) -> str:
    return node_id.partition("::")[0].rpartition("/")[0]

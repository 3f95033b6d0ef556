"""Keeps the verdicts of an interrupted run, for the next run on exactly the same tree.

A kept verdict is used again only if all of this is as it was: every Python file of the project,
every file that tests were seen to read, the environment's fingerprint, the arguments of pytest,
the versions of assay and mutmut, and the mutant's covering tests in their order. Verdicts that say
nothing (RuntimeError, Pending) and timeouts are not kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from assay.model.mutant import PlannedMutant, Status, Verdict

SETTLED = frozenset({Status.KILLED, Status.SURVIVED})


def tree_key(facts: Iterable[str]) -> str:
    """One digest for everything that verdicts depend on."""
    return hashlib.sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()


def keep(path: Path, key: str, verdicts: Iterable[Verdict]) -> None:
    """Write what was settled before the interrupt; nothing if nothing was."""
    rows = [
        {
            "id": verdict.mutant.id,
            "status": verdict.status.value,
            "covering": verdict.covering,
            "killer": verdict.killer,
            "by_assertion": verdict.by_assertion,
            "reason": verdict.reason,
            "tests_run": verdict.tests_run,
            "seconds": verdict.seconds,
        }
        for verdict in verdicts
        if verdict.status in SETTLED
    ]
    if rows:
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps({"key": key, "verdicts": rows}), encoding="utf-8")
        partial.replace(path)


def kept(path: Path, key: str, planned: Sequence[PlannedMutant]) -> Mapping[str, Verdict]:
    """Verdicts of the interrupted run that still hold, by mutant id."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["key"] != key:
            return {}
        rows = {row["id"]: row for row in stored["verdicts"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    found = {}
    for plan in planned:
        row = rows.get(plan.mutant.id)
        covering = tuple(test.node_id for test in plan.tests)
        if row is not None and tuple(row["covering"]) == covering:
            found[plan.mutant.id] = Verdict(
                mutant=plan.mutant,
                status=Status(row["status"]),
                covering=covering,
                killer=row["killer"],
                by_assertion=row["by_assertion"],
                reason=row["reason"],
                tests_run=row["tests_run"],
                seconds=row["seconds"],
            )
    return found


def forget(path: Path) -> None:
    """The run has finished: there is nothing to resume."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)

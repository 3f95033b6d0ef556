"""What became better and worse from one run to the next of the same kind (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from assay.model.history import Difference, Run


def alike(runs: Sequence[Run], of: Run) -> list[Run]:
    """Those with the verb and the scope of one, in their order."""
    return [run for run in runs if (run.verb, run.scope) == (of.verb, of.scope)]


def last_difference(runs: Sequence[Run]) -> Difference | None:
    """What the newest run found that the one before of its kind did not, and the other way round.

    `runs` are in order of time; None if there are not two.
    """
    same = alike(runs, runs[-1]) if runs else []
    return difference(same[-2], same[-1]) if len(same) > 1 else None


def difference(before: Run, now: Run) -> Difference:
    """By id. What was accepted in between is gone, what no longer is accepted is new."""
    then = {one.id for one in before.open}
    here = {one.id for one in now.open}
    return Difference(
        before=before,
        now=now,
        new=tuple(one for one in now.open if one.id not in then),
        gone=tuple(one for one in before.open if one.id not in here),
        still=tuple(one for one in now.open if one.id in then),
    )

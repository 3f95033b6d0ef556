"""What causes about values show: where the value comes from, at base and head, and the failure."""

from __future__ import annotations

from collections.abc import Iterator

from assay.diagnosis.cause import Case
from assay.diagnosis.reach import Altered
from assay.diagnosis.sides import Place, Side, first_line
from assay.model.diagnosis import Certainty, Proof, Site

LINES = 4
"""So many altered lines of a definition are shown at each side."""


def key_of(case: Case, origin: Altered | None, otherwise: str) -> str:
    """What failures with one origin share: `path::name` of the definition."""
    there = case.difference
    if there is not None:
        return f"{there.path}::{there.function}"
    return origin.key if origin is not None else otherwise


def certainty_of(case: Case) -> Certainty:
    """Complete where the executions were compared, and part in values."""
    there = case.difference
    known = there is not None and there.kind not in ("structure", "stopped")
    return Certainty.COMPLETE if known else Certainty.PARTIAL


def of_origin(case: Case, origin: Altered | None) -> Iterator[Proof]:
    there = case.difference
    if there is not None:
        place = f"{there.path}:{there.line}"
        yield Proof(f"{there.kind} of {there.function}", there.base, place, "base")
        yield Proof(f"{there.kind} of {there.function}", there.head, place, "head")
    if origin is None:
        return
    sides = case.sides
    if origin.before is not None:
        text, line = _lines(sides.base, origin.before, sides.removed_lines(origin.before.path))
        yield Proof("definition", text, f"{origin.before.path}:{line}", "base")
    if origin.after is not None:
        text, line = _lines(sides.head, origin.after, sides.changed_lines(origin.after.path))
        yield Proof("definition", text, f"{origin.after.path}:{line}", "head")


def _lines(side: Side, place: Place, changed: frozenset[int]) -> tuple[str, int]:
    """The altered lines of a definition, else its first."""
    end = place.node.end_lineno or place.line
    here = [n for n in sorted(changed) if first_line(place.node) <= n <= end]
    here = [n for n in here if side.line(place.path, n)][:LINES] or [place.line]
    return "\n".join(side.line(place.path, n) for n in here), here[0]


def of_failure(case: Case) -> Iterator[Proof]:
    frame = case.own_frame
    if frame is not None:
        yield Proof("code", frame.source, frame.place, "head")
    if case.error.first_line:
        yield Proof("error", case.error.first_line[:300])


def sites_of(case: Case, origin: Altered | None) -> tuple[Site, ...]:
    """Where a fix of either sort would go: the origin at head, and the line of the test."""
    found = []
    if case.difference is not None:
        found.append(Site(case.difference.path, case.difference.line))
    elif origin is not None and origin.after is not None:
        found.append(Site(origin.after.path, origin.after.line))
    frame = case.error.last_test_frame
    if frame is not None:
        found.append(Site(frame.path, frame.line))
    return tuple(found)


def shown(text: str, limit: int = 80) -> str:
    """A value in a sentence."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def facts_of(origin: Altered | None) -> dict[str, str]:
    """`path` and `name` of the definition that the value comes from."""
    if origin is None:
        return {}
    return {"path": origin.place.path, "name": origin.place.name}

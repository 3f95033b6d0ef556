"""Which names of modules hold something else than at base before a test starts."""

from __future__ import annotations

from typing import Any

from traces import value

from assay.diagnosis.beforehand import differing_names, masked
from assay.diagnosis.sources import Sources
from assay.model.divergence import Trace

LINES = {"RATE": 1, "SIZE": 2, "STAMP": 3}


def trace(**held: Any) -> Trace:
    modules = {("shop.py", name): value(one) for name, one in held.items()}
    return Trace((), (), "", 0, 0, 0, 0.1, modules=modules)


def told(base: Trace, head: Trace, again: Trace | None = None) -> list[tuple[str, bool]]:
    """The names, and whether what they are given was changed; `again` is base's second run."""
    sources = Sources({"shop.py": ("RATE = 1\nSIZE = f()\n", "RATE = 2\nSIZE = f()\n")})
    masks = masked(base, again or base)
    found = differing_names(base, head, masks, sources, lambda _: LINES)
    return [(one.name, one.in_change) for one in found]


def test_what_holds_the_same_is_not_told() -> None:
    assert told(trace(RATE=1, SIZE=5), trace(RATE=1, SIZE=5)) == []


def test_what_differs_is_told_the_changed_ones_first() -> None:
    found = told(trace(SIZE=5, RATE=1), trace(SIZE=6, RATE=2))
    assert found == [("RATE", True), ("SIZE", False)]


def test_what_varies_by_itself_is_not_told() -> None:
    assert told(trace(STAMP=1, RATE=1), trace(STAMP=3, RATE=2), trace(STAMP=2, RATE=1)) == [
        ("RATE", True)
    ]


def test_what_only_one_side_has_or_is_set_elsewhere_is_not_told() -> None:
    assert told(trace(RATE=1), trace(RATE=1, SIZE=5)) == []
    assert told(trace(other=1), trace(other=2)) == []

"""How the other tests of a unit ended: shown beside a verdict, for it speaks for neither side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from assay.diagnosis.reach import reaching
from assay.diagnosis.sides import Side
from assay.model.diagnosis import Fault, Sign
from assay.model.evidence import Frame, FrameKind
from assay.model.run import GOOD, TestOutcome

STEPS = 2
"""A test is of a unit if it names it, or names what does."""


@dataclass(frozen=True, slots=True, eq=False)
class Ran:
    """How all tests ended at head, by node id. The cases of one test function count as one test,
    which fails if one of them does."""

    outcomes: Mapping[str, TestOutcome] = field(default_factory=dict)
    _known: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def of_unit(self, head: Side, path: str, name: str) -> tuple[int, int]:
        """How many tests of a definition fail, and how many there are; none, where others have its
        name too. A class stands for its special methods, which nobody names."""
        if (path, name) not in self._known:
            unit = name.rpartition(".")[0] if name.endswith("__") and "." in name else name
            near = reaching(head, path, unit, STEPS) if _is_unique(head, unit) else frozenset()
            failing: dict[str, bool] = {}
            for test, outcome in self.outcomes.items():
                function = test.partition("[")[0]
                file, _, inside = function.partition("::")
                if (file, inside.replace("::", ".")) in near:
                    failing[function] = failing.get(function, False) or outcome not in GOOD
            self._known[path, name] = sum(failing.values()), len(failing)
        return self._known[path, name]


NOTHING_RAN = Ran()


def _is_unique(head: Side, name: str) -> bool:
    short = name.rpartition(".")[2]
    return sum(place.short == short for place in head.definitions) == 1


def of_fellows(head: Side, path: str, name: str, ran: Ran) -> Iterator[Sign]:
    """How many tests of the definition fail, where there is more than the one."""
    failing, count = ran.of_unit(head, path, name)
    if count > 1:
        words = f"{failing} of the {count} tests that name `{name}`, or what does, fail"
        yield Sign(Fault.UNDECIDED, words)


def of_frame(frame: Frame | None, changed: frozenset[int]) -> Iterator[Sign]:
    """Whether the sources fail in a line that the change has altered."""
    if frame is None or frame.kind is not FrameKind.SOURCE:
        return
    words = "a line that the change has altered" if frame.line in changed else "an unchanged line"
    yield Sign(Fault.UNDECIDED, f"the sources fail in {words}", frame.place)

"""What a detector of weak tests is: a definition, the guards that keep it honest, and examples.

How to add one. Write `weakness/detectors/KIND.py` with a pure function that takes the facts of its
level and yields `Finding`s, and below it `DETECTOR = Detector(...)`. Name it in the list of its
level in `weakness/table.py`. Its examples are run by `tests/unit/weakness/test_detectors.py`, and
`make weaknesspage` writes it into docs/weaknesses.md, which a test compares. What a detector is
given is its own level's type of facts (`weakness/facts.py` for level 0); whoever gathers them is
registered as a supplier in `assay/suppliers.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from assay.model.finding import Confidence, Finding

Facts_contra = TypeVar("Facts_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Example:
    """A tiny project, and exactly what the detector finds in it.

    `files` maps paths to texts; pytest collects those called `test_*.py`. `finds` are all subjects
    that must be found, `leaves` those that look alike and must not be; both as `PATH::UNIT` with
    the unit a qualified name. Whatever is not in `finds` must not be found, named or not.
    `shows` is a sentence on what the example is there for; `before` are files of an earlier commit
    that the tree no longer has, or has otherwise.
    """

    shows: str
    files: Mapping[str, str] = field(hash=False)
    finds: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    before: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Detector(Generic[Facts_contra]):
    """One kind of weakness.

    `kind` names it in findings, settings and files; `title` is for people. `definition` says
    exactly when it is found, `why` what it costs, `confidence` how sure it is at best and
    `confidence_because` on what grounds, `guards` what keeps it from lying (a sentence each), `fix`
    the smallest thing that answers it. `find` is pure.
    """

    kind: str
    level: int
    title: str
    definition: str
    why: str
    confidence: Confidence
    confidence_because: str
    guards: tuple[str, ...]
    fix: str
    find: Callable[[Facts_contra], Iterable[Finding]]
    examples: tuple[Example, ...]


def subject(finding: Finding) -> str:
    """What a finding is about, as examples name it."""
    return f"{finding.anchor.path}::{finding.anchor.unit}"

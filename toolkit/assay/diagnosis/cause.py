"""What a root cause is: a rule over evidence, what it shows, whose fault it is, and examples.

How to add one. Write `diagnosis/causes/NAME.py` with a pure function that takes a `Case` and
returns a `Match`, or None where its rule does not hold, and below it `CAUSE = Cause(...)`. Name it
in `diagnosis/table.py`, before those that say less. Its examples are run by
`tests/unit/diagnosis/test_causes.py`, and `make causepage` writes it into docs/causes.md, which a
test compares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from assay.diagnosis.sides import Sides
from assay.model.diagnosis import Category, Certainty, Fault, Match, Matrix
from assay.model.evidence import Evidence, Frame, FrameKind, Raised
from assay.model.run import TestOutcome


@dataclass(frozen=True, slots=True)
class Difference:
    """The first point where the test's execution at head leaves that at base, as far as causes
    need it. `kind` is one of result, raised, args, hidden-input, mutated-args, structure, stopped,
    branch; `path`, `line` and `function` are the origin at head; `base` and `head` are the two
    values in words, with `base_type` and `head_type` as type names; `in_change` whether the origin
    lies in changed lines; `candidates` are further (path, function), the likeliest first.
    """

    kind: str
    path: str
    line: int
    function: str
    base: str
    head: str
    base_type: str = ""
    head_type: str = ""
    in_change: bool = False
    candidates: tuple[tuple[str, str], ...] = ()
    sentence: str = ""


@dataclass(frozen=True)
class Case:
    """All that is known of one failing test (or file that cannot be collected).

    `evidence` is of the first failing phase at head, `base_evidence` that at base if it fails there
    too. `fixtures` are the names that the test asks for. `environ` are the names of environment
    variables that are set. `difference` is None where the runs were not compared; `polluters` are
    the tests that make it fail by running before it, `state` what they leave behind, in words;
    `setters` are tests without which it fails.
    """

    test: str
    path: str
    category: Category
    evidence: Evidence
    base_evidence: Evidence | None
    matrix: Matrix
    alone: tuple[TestOutcome, ...]
    fixtures: tuple[str, ...]
    sides: Sides
    difference: Difference | None = None
    polluters: tuple[str, ...] = ()
    state: str = ""
    environ: frozenset[str] = frozenset()
    setters: tuple[str, ...] = ()

    @property
    def error(self) -> Raised:
        """The exception that ended the phase; of a file that cannot be collected, or a conftest
        that cannot be loaded, the one behind it."""
        return self.evidence.main

    @property
    def own_frame(self) -> Frame | None:
        """The innermost frame of the project."""
        return self.error.last_own_frame

    @property
    def in_test(self) -> bool:
        """Whether the innermost frame of the project is the tests'."""
        frame = self.own_frame
        return frame is not None and frame.kind in (FrameKind.TEST, FrameKind.CONFTEST)


@dataclass(frozen=True, slots=True)
class Example:
    """Two versions of a tiny project, and what is found in it.

    `before` and `after` map paths to texts; a file of `before` that `after` does not name stays as
    it is, one that is mapped to None is gone. `finds` maps node ids (or, for collection errors,
    paths) to the fault that the verdict must name; `leaves` are failing tests to which the cause
    must not apply. `env` is set for both runs, `arguments` go to pytest. `shows` is a sentence.
    """

    shows: str
    before: Mapping[str, str] = field(hash=False)
    after: Mapping[str, str | None] = field(hash=False)
    finds: Mapping[str, Fault] = field(default_factory=dict, hash=False)
    leaves: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, hash=False)
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """One root cause.

    `name` names it in findings; `title` is for people. `rule` says exactly when it applies, `shows`
    what is put before the reader, `verdict` whose fault it is by which evidence, `fix` the template
    of the fix, `ambiguity` what the rule cannot tell apart ("" if nothing). `certainty` is the most
    that it claims. `match` is pure.
    """

    name: str
    title: str
    rule: str
    shows: str
    verdict: str
    fix: str
    certainty: Certainty
    match: Callable[[Case], Match | None]
    examples: tuple[Example, ...]
    ambiguity: str = ""

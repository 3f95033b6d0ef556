"""What the detectors of levels 1 to 4 are given: which tests kill which mutants, and what must be
known before anything is said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from assay.model.finding import Anchor, Confidence, Evidence, Finding, Severity, finding_id
from assay.model.matrix import CONCLUSIVE, KILLS, REACHED, Cell, Goal, KillMatrix
from assay.model.mutant import Mutant, Verdict
from assay.weakness.facts import TextFile
from assay.weakness.names import Claim

FEWEST = 5
"""Nothing is said of a test that reaches fewer mutants: it may notice what none of them is."""

Function = tuple[str, str]
"""A file and the name of a unit in it."""

Grade = tuple[Confidence, Severity]

Which = tuple[str, int]
"""A kind of finding, and its level."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A test function: its node id without parameters, its place, and its `cases`.

    `whole`: every case that pytest collected of it passed and is asked about. `foreign` are files
    it runs code of that has no mutants here: it may kill there. `claim` is what its name says that
    it is about.
    """

    name: str
    path: str
    unit: str
    line: int
    cases: tuple[str, ...]
    whole: bool
    foreign: frozenset[str] = frozenset()
    claim: Claim | None = None
    hint: Claim | None = None


@dataclass(frozen=True, slots=True)
class KillFacts:
    """All that is known of tests and mutants.

    `files` are those of tests and of code, `diffs` a unified diff for each mutant, `seconds` how
    long each test takes. `changed` are the functions that level 1 is about. `verdicts` are those on
    extreme mutants and single statements (level 2). `is_sample`: not all mutants were to run, so
    that nothing may be said of what was not killed.
    """

    matrix: KillMatrix
    subjects: tuple[Subject, ...]
    files: Mapping[str, TextFile] = field(hash=False)
    diffs: Mapping[str, str] = field(hash=False)
    seconds: Mapping[str, float] = field(hash=False)
    changed: frozenset[Function] = frozenset()
    verdicts: tuple[Verdict, ...] = ()
    is_sample: bool = False
    _reached: Mapping[str, Mapping[str, frozenset[Cell]]] = field(
        init=False, repr=False, compare=False, hash=False
    )

    _asked: Mapping[str, frozenset[str]] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_reached", _by_subject(self.matrix, self.subjects))
        object.__setattr__(self, "_asked", _by_test(self.matrix))

    # -- what is known of a test function

    def reached(self, subject: Subject) -> Mapping[str, frozenset[Cell]]:
        """The mutants that its cases reached, each with what came of it in them."""
        return self._reached.get(subject.name, {})

    def kills(self, subject: Subject) -> frozenset[str]:
        """The mutants that one of its cases is known to kill."""
        return frozenset(m for m, cells in self.reached(subject).items() if cells & KILLS)

    def is_out(self, subject: Subject) -> bool:
        return any(case in self.matrix.out for case in subject.cases)

    def denies(self, subject: Subject, mutants: Iterable[str], by_assertion: bool = False) -> bool:
        """Whether it is proven of each case that it kills none of these that it reaches."""
        wanted = frozenset(mutants)
        for case in subject.cases:
            asked = wanted & self._asked.get(case, frozenset())
            if self.matrix.answer(Goal(case, asked, by_assertion)) is not False:
                return False
        return not self.is_sample

    def speaks(self, subject: Subject) -> bool:
        """Whether anything may be said of what the test does not kill anywhere."""
        return subject.whole and not subject.foreign and not self.is_out(subject)

    # -- what is known of a function

    def mutants_of(self, function: Function) -> tuple[str, ...]:
        return tuple(
            m for m, one in self.matrix.mutants.items() if (one.path, one.unit) == function
        )

    def is_complete(self, mutants: Iterable[str]) -> bool:
        """Whether each covering test that counts has run on each of the mutants, and said something
        (a kill or not), or a kill has made it needless."""
        if self.is_sample or self.matrix.ended:
            return False
        for mutant_id in mutants:
            if mutant_id in self.matrix.at_import:
                return False
            row = self.matrix.pairs.get(mutant_id, {})
            if any(p.cell in KILLS for t, p in row.items() if t not in self.matrix.out):
                continue
            for test in self.matrix.planned[mutant_id]:
                if test in self.matrix.out:
                    return False
                if test not in row or row[test].cell not in CONCLUSIVE:
                    return False
        return True

    # -- findings

    def of_test(
        self,
        subject: Subject,
        which: Which,
        sentence: str,
        evidence: Iterable[Evidence],
        fix: str,
        grade: Grade,
        detail: str = "",
    ) -> Finding:
        file = self.files.get(subject.path)
        digest = file.digest(subject.unit) if file is not None else ""
        return Finding(
            id=finding_id(which[0], subject.path, subject.unit, detail),
            kind=which[0],
            level=which[1],
            anchor=Anchor(subject.path, subject.unit, max(subject.line, 1), digest),
            tests=(subject.name,),
            sentence=sentence,
            evidence=tuple(evidence),
            fix=fix,
            confidence=grade[0],
            severity=grade[1],
        )

    def of_code(
        self,
        place: tuple[Function, Iterable[str]],
        which: Which,
        sentence: str,
        evidence: Iterable[Evidence],
        fix: str,
        grade: Grade,
        detail: str = "",
    ) -> Finding:
        (path, unit), tests = place
        file = self.files[path]
        here = file.source.unit(unit) or file.source.module
        return Finding(
            id=finding_id(which[0], path, unit, detail),
            kind=which[0],
            level=which[1],
            anchor=Anchor(path, unit, max(here.first_line, 1), here.digest),
            tests=tuple(dict.fromkeys(test.partition("[")[0] for test in tests)),
            sentence=sentence,
            evidence=tuple(evidence),
            fix=fix,
            confidence=grade[0],
            severity=grade[1],
        )

    def diff(self, label: str, mutant_id: str) -> Evidence:
        mutant = self.matrix.mutants.get(mutant_id)
        where = f" ({mutant.path}:{mutant.span.start_line})" if mutant is not None else ""
        return Evidence(f"{label}{where}, mutant {mutant_id}", self.diffs[mutant_id], "diff")

    def telling(self, mutants: Iterable[str]) -> str:
        """Of some mutants the one that most other tests kill: the plainest to have missed."""
        return max(sorted(mutants), key=lambda m: len(self.matrix.killers(m)))

    def others(self, mutant_id: str) -> str:
        """Who does kill a mutant, in words."""
        killers = self.matrix.killers(mutant_id)
        if not killers:
            return "no test that ran on it notices it"
        more = f" and {len(killers) - 1} more" if len(killers) > 1 else ""
        return f"{killers[0]}{more} notices it" if not more else f"{killers[0]}{more} notice it"


def _by_subject(
    matrix: KillMatrix, subjects: Iterable[Subject]
) -> dict[str, dict[str, frozenset[Cell]]]:
    names = {case: subject.name for subject in subjects for case in subject.cases}
    cells: dict[str, dict[str, set[Cell]]] = {}
    for mutant_id in matrix.mutants:
        for test, pair in matrix.pairs.get(mutant_id, {}).items():
            if test in names:
                cells.setdefault(names[test], {}).setdefault(mutant_id, set()).add(pair.cell)
    return {
        name: {m: frozenset(found) for m, found in row.items() if found & REACHED}
        for name, row in cells.items()
    }


def _by_test(matrix: KillMatrix) -> dict[str, frozenset[str]]:
    """The mutants that each test reaches other than by an import."""
    found: dict[str, set[str]] = {}
    for mutant_id, tests in matrix.planned.items():
        for test in set(tests) - matrix.imported.get(mutant_id, frozenset()):
            found.setdefault(test, set()).add(mutant_id)
    return {test: frozenset(ids) for test, ids in found.items()}


def functions_in(mutants: Iterable[Mutant]) -> Counter[Function]:
    return Counter((one.path, one.unit) for one in mutants)


def plain_count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"

"""From two runs to a diagnosis: a case for each failing test, its causes, verdict and group."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from assay.comparing import Comparison, category_of, vanished
from assay.diagnosis.cause import Case
from assay.diagnosis.groups import grouped
from assay.diagnosis.sides import Side, Sides
from assay.diagnosis.signs import DOCUMENTS
from assay.diagnosis.table import matches_of
from assay.diagnosis.transitions import assertions_of
from assay.diagnosis.verdict import verdict_of
from assay.model.diagnosis import (
    Category,
    Counted,
    Diagnosis,
    FailingTest,
    Fault,
    Matrix,
)
from assay.model.evidence import Evidence
from assay.model.run import TestOutcome
from assay.progress import GOOD
from assay.sessions import Session, settings_of, text_of, texts_of

_FAILING = frozenset(
    {
        Category.NEW_FAILURE,
        Category.KNOWN_FAILURE,
        Category.FLAKY,
        Category.ORDER_DEPENDENT,
        Category.NEW_TEST_FAILS,
    }
)


def diagnosis_of(found: Comparison, sides: Sides) -> Diagnosis:
    """Everything that can be told of a comparison."""
    failing = [*_broken_files(found, sides), *_failing_tests(found, sides)]
    base, head = found.base_run.results, found.head_run.results
    return Diagnosis(
        compared=found.change.change.description,
        base=found.change.change.base,
        ran=found.wanted.words,
        counted=Counted(
            len(base),
            sum(result.outcome in GOOD for result in base.values()),
            len(head),
            sum(result.outcome in GOOD for result in head.values()),
        ),
        failing=tuple(failing),
        others=tuple(_others(found)),
        groups=grouped(failing, sides),
        outcomes={test: result.outcome for test, result in head.items()},
        notices=tuple(_notices(found)),
        paths=found.head.paths,
        assertions=assertions_of(sides.head, sides.is_test),
        settings=settings_of(found.head),
    )


def _notices(found: Comparison) -> Iterator[str]:
    if found.base.problem is not None:
        yield f"base cannot be collected ({found.base.problem.message}): every failure is new"
    for path in found.base.broken:
        if found.base.problem is None and path not in found.head.broken:
            yield f"{path} cannot be collected at base"
    for left in found.left[:5]:
        yield f"{left.path} was not taken into the trees: {left.why}"


# -- cases


def _broken_files(found: Comparison, sides: Sides) -> Iterator[FailingTest]:
    for path, evidence in found.head.broken.items():
        before = found.base.broken.get(path)
        category = Category.KNOWN_FAILURE if before is not None else Category.COLLECTION_ERROR
        case = Case(
            test=path,
            path=path,
            category=category,
            evidence=evidence,
            base_evidence=before,
            matrix=_matrix_of_file(found, sides, path),
            alone=(),
            fixtures=(),
            sides=sides,
            environ=frozenset(found.project.environ),
        )
        yield failing_test(case, (evidence,), "pytest cannot collect it")


def _matrix_of_file(found: Comparison, sides: Sides, path: str) -> Matrix:
    """The four runs of a file that cannot be collected, as far as they need not be made: where one
    side alone has changed, the other two are these."""
    base = TestOutcome.PASSED if (found.base.root / path).exists() else None
    if path in found.base.broken:
        base = TestOutcome.ERROR
    only_tests = bool(sides.changed) and all(found.is_test(one) for one in sides.changed)
    if only_tests:
        return Matrix(base, TestOutcome.ERROR, base, TestOutcome.ERROR)
    if not sides.changed_tests:
        return Matrix(base, base, TestOutcome.ERROR, TestOutcome.ERROR)
    return Matrix(base=base, head=TestOutcome.ERROR)


def _failing_tests(found: Comparison, sides: Sides) -> Iterator[FailingTest]:
    paths = found.head.paths
    for test in found.failing:
        category = category_of(found, test)
        if category not in _FAILING:
            continue
        evidence = found.head_run.evidence[test]
        case = Case(
            test=test,
            path=paths[test],
            category=category,
            evidence=evidence[0],
            base_evidence=next(iter(found.base_run.evidence.get(test, ())), None),
            matrix=found.matrix(test),
            alone=found.alone.get(test, ()),
            fixtures=found.head_run.fixtures.get(test, ()),
            sides=sides,
            environ=frozenset(found.project.environ),
        )
        yield failing_test(case, evidence, _words(found, test, category))


def failing_test(case: Case, evidence: tuple[Evidence, ...], words: str) -> FailingTest:
    """The case with its causes and the verdict."""
    matches = matches_of(case)
    verdict = verdict_of(case.category, case.matrix, matches)
    category = case.category
    if verdict.fault is Fault.ENVIRONMENT and category is Category.NEW_FAILURE:
        category = Category.ENVIRONMENT
    return FailingTest(
        case.test, case.path, category, case.matrix, case.alone, evidence, words, matches, verdict
    )


def _words(found: Comparison, test: str, category: Category) -> str:
    alone = found.alone.get(test, ())
    failed = sum(outcome not in GOOD for outcome in alone)
    if category is Category.ORDER_DEPENDENT:
        return f"fails among the others, and passed all {len(alone)} times alone"
    if category is Category.FLAKY and found.hashed.get(test) in GOOD and failed == len(alone):
        return "passes with another hash seed"
    if category is Category.FLAKY:
        return f"failed {failed} of {len(alone)} times alone, each with another seed for `random`"
    if category is Category.KNOWN_FAILURE:
        return "fails at base too"
    return "failed each time alone" if alone else "was not run alone"


def _others(found: Comparison) -> Iterator[FailingTest]:
    for test in found.head_run.results:
        category = category_of(found, test)
        if category in (Category.NEWLY_PASSING, Category.NEWLY_SKIPPED):
            words = found.head_run.skips.get(test, "")
            yield _told(found, test, found.head.paths[test], category, words)
    for test in vanished(found):
        path = found.base.paths[test]
        gone = not (found.head.root / path).exists()
        words = f"{path} is gone" if gone else "its file no longer has it"
        yield _told(found, test, path, Category.VANISHED, words)


def _told(found: Comparison, test: str, path: str, category: Category, words: str) -> FailingTest:
    return FailingTest(test, path, category, found.matrix(test), (), (), words)


# -- sources


def sides_of(found: Comparison) -> Sides:
    """The sources of both trees."""
    return Sides(
        base=Side(texts_of(found.base), found.places),
        head=Side(texts_of(found.head), found.places),
        changed={
            file.path: (text_of(file.before), text_of(file.after))
            for file in found.change.change.files
        },
        is_test=found.is_test,
        distributions=_distributions(found.head),
        requires=tuple(_requires(found.head.root)),
        documents=_documents(found.head.root),
    )


def _distributions(session: Session) -> dict[str, str]:
    if session.suite is None:
        return {}
    lines = (line.partition("=") for line in session.suite.collected.fingerprint)
    return {name: version for name, _, version in lines}


def _documents(root: Path) -> dict[str, str]:
    texts = {}
    for ending in DOCUMENTS:
        for path in sorted(root.rglob(f"*{ending}")):
            name = path.relative_to(root).as_posix()
            if not any(part.startswith(".") for part in name.split("/")):
                with suppress(OSError):
                    texts[name] = path.read_text(encoding="utf-8", errors="replace")
    return texts


def _requires(root: Path) -> Iterator[str]:
    """Requirements as `pyproject.toml` and files of requirements declare them."""
    with suppress(OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        project = table.get("project", {})
        yield from (one for one in project.get("dependencies", ()) if isinstance(one, str))
        for extra in project.get("optional-dependencies", {}).values():
            yield from (one for one in extra if isinstance(one, str))
        for group in table.get("dependency-groups", {}).values():
            yield from (one for one in group if isinstance(one, str))
    for file in sorted(root.glob("*requirements*.txt")):
        with suppress(OSError, UnicodeDecodeError):
            for line in file.read_text(encoding="utf-8").splitlines():
                plain = line.partition("#")[0].strip()
                if plain and not plain.startswith("-"):
                    yield plain

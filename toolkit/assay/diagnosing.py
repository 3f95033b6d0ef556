"""From two runs to a diagnosis: a case for each failing test, its causes, verdict and group."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from assay.closer import Closer, difference_of, looked_closer, polluters_of
from assay.comparing import Comparison, category_of, vanished
from assay.diagnosis.cause import Case
from assay.diagnosis.checks import code_of
from assay.diagnosis.fellows import NOTHING_RAN, Ran
from assay.diagnosis.groups import grouped
from assay.diagnosis.sides import Side, Sides
from assay.diagnosis.signs import DOCUMENTS
from assay.diagnosis.table import matches_of
from assay.diagnosis.verdict import neutral_signs, verdict_of
from assay.model.diagnosis import (
    Category,
    Counted,
    Diagnosis,
    FailingTest,
    Fault,
    Group,
    Matrix,
)
from assay.model.divergence import Divergence
from assay.model.evidence import WHOLE_SUITE, Evidence
from assay.model.run import GOOD, TestOutcome, TestResult
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
    cases = _cases(found, sides)
    hidden = _hidden(found)
    hides = _hides(found, hidden)
    ran = Ran({test: result.outcome for test, result in found.head_run.results.items()})

    def told(case: Case) -> FailingTest:
        return replace(_failing(found, case, ran), hides=hides[case.test])

    first = [told(case) for case in cases]
    closer = looked_closer(found, [group.tests for group in grouped(first, sides)])
    failing = [
        told(_with(case, closer)) if closer.knows(case.test) else before
        for case, before in zip(cases, first, strict=True)
    ]
    groups = grouped(failing, sides)
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
        groups=tuple(_with_divergence(group, closer) for group in groups),
        outcomes={test: result.outcome for test, result in {**hidden, **head}.items()},
        notices=(*_notices(found), *closer.left),
        paths={**{test: found.base.paths[test] for test in hidden}, **found.head.paths},
        code=code_of(sides.head, sides.is_test, [one.test for one in failing]),
        settings=settings_of(found.head) or settings_of(found.base),
    )


def _hidden(found: Comparison) -> dict[str, TestResult]:
    """Tests of base whose files head cannot collect: a fix must bring them back."""
    nothing = found.head.suite is None
    return {
        test: result
        for test, result in found.base_run.results.items()
        if nothing or found.head.breaker_of(found.base.paths[test]) is not None
    }


def _notices(found: Comparison) -> Iterator[str]:
    if found.project.unreadable is not None:
        yield f"{found.project.unreadable.message}: assay's own settings are those of base"
    if found.base.problem is not None:
        why = found.base.problem.message.rstrip(":").replace(f"{found.base.root}/", "")
        yield f"base cannot be collected ({why}): which failures were there before is not known"
    for path in found.base.broken:
        if found.base.problem is None and path not in found.head.broken:
            yield f"{path} cannot be collected at base"
    before, after = set(_requires(found.base.root)), set(_requires(found.head.root))
    if before != after:
        differing = ", ".join(sorted(before ^ after)[:5])
        yield (
            f"the change declares other dependencies ({differing}): base, too, was run with what "
            "is installed now"
        )
    for left in found.left[:5]:
        yield f"{left.path} was not taken into the trees: {left.why}"


# -- cases


def _cases(found: Comparison, sides: Sides) -> list[Case]:
    return [*_broken_files(found, sides), *_failing_tests(found, sides)]


def _broken_files(found: Comparison, sides: Sides) -> Iterator[Case]:
    for path, evidence in found.head.broken.items():
        before = found.base.broken.get(path)
        yield Case(
            test=path,
            path=path,
            category=Category.COLLECTION_ERROR if before is None else Category.KNOWN_FAILURE,
            evidence=evidence,
            base_evidence=before,
            matrix=_matrix_of_broken(found, known=before is not None),
            alone=(),
            fixtures=(),
            sides=sides,
            environ=frozenset(found.project.environ),
        )


def _matrix_of_broken(found: Comparison, known: bool) -> Matrix:
    """Files are not collected for the mixed runs; where only one side was changed, they are one of
    the two others."""
    base = TestOutcome.ERROR if known else TestOutcome.PASSED
    head = TestOutcome.ERROR
    if found.only_tests_changed:
        return Matrix(base, new_tests=head, new_sources=base, head=head)
    if found.only_sources_changed:
        return Matrix(base, new_tests=base, new_sources=head, head=head)
    return Matrix(base=base, head=head)


def _failing_tests(found: Comparison, sides: Sides) -> Iterator[Case]:
    paths = found.head.paths
    for test in found.failing:
        category = category_of(found, test)
        if category is None or category not in _FAILING:
            continue
        yield Case(
            test=test,
            path=paths[test],
            category=category,
            evidence=found.head_run.evidence[test][0],
            base_evidence=next(iter(found.base_run.evidence.get(test, ())), None),
            matrix=found.matrix(test),
            alone=found.alone.get(test, ()),
            fixtures=found.head_run.fixtures.get(test, ()),
            sides=sides,
            environ=frozenset(found.project.environ),
        )


def _with(case: Case, closer: Closer) -> Case:
    """The case with what a closer look has shown of it."""
    polluters, setters, state = polluters_of(closer.isolations.get(case.test))
    return replace(
        case,
        difference=difference_of(closer.divergences.get(case.test)),
        polluters=polluters,
        setters=setters,
        state=state,
    )


def _failing(found: Comparison, case: Case, ran: Ran) -> FailingTest:
    evidence = found.head_run.evidence.get(case.test, (case.evidence,))
    return failing_test(case, evidence, _words(found, case.test, case.category), ran)


def failing_test(
    case: Case, evidence: tuple[Evidence, ...], words: str, ran: Ran = NOTHING_RAN
) -> FailingTest:
    """The case with its causes and the verdict."""
    matches = matches_of(case)
    neutral = tuple(neutral_signs(case, ran))
    verdict = verdict_of(case.category, case.matrix, matches, neutral)
    category = case.category
    if verdict.fault is Fault.ENVIRONMENT and category is Category.NEW_FAILURE:
        category = Category.ENVIRONMENT
    return FailingTest(
        case.test, case.path, category, case.matrix, case.alone, evidence, words, matches, verdict
    )


def _hides(found: Comparison, hidden: Iterable[str]) -> Counter[str]:
    """How many tests of base each thing that is broken at head keeps from running."""
    breakers = (found.head.breaker_of(found.base.paths[test]) for test in hidden)
    return Counter(breaker for breaker in breakers if breaker is not None)


def _with_divergence(group: Group, closer: Closer) -> Group:
    """With the divergence of the first of its tests that has one."""
    told = [closer.divergences[test] for test in group.tests if test in closer.divergences]
    there = next((one for one in told if isinstance(one, Divergence)), None)
    return replace(group, divergence=there or next(iter(told), None))


def _words(found: Comparison, test: str, category: Category) -> str:
    if category is Category.COLLECTION_ERROR:
        return "no test runs" if test == WHOLE_SUITE else "pytest cannot collect it"
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
        distributions=_distributions(found.head) or _distributions(found.base),
        libraries=_libraries(found.base) | _libraries(found.head),
        requires=tuple(_requires(found.head.root)),
        documents=_documents(found.head.root),
    )


def _distributions(session: Session) -> dict[str, str]:
    if session.suite is None:
        return {}
    lines = (line.partition("=") for line in session.suite.collected.fingerprint)
    return {name: version for name, _, version in lines}


def _libraries(session: Session) -> frozenset[str]:
    """Modules at the top that were imported from outside of the tree."""
    if session.suite is None:
        return frozenset()
    own = f"{session.root}/"
    modules = session.suite.collected.modules.items()
    return frozenset(name.partition(".")[0] for name, file in modules if not file.startswith(own))


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

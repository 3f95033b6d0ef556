"""Every cause applies to exactly what its examples say, in two versions of a real project."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import (
    NO_PLUGINS,
    clean_environment,
    commit_all,
    start_repository,
    warm_starts,
    write,
)
from rich.console import Console

from assay.comparing import compared
from assay.diagnosing import diagnosis_of, sides_of
from assay.diagnosis.cause import Cause, Example
from assay.diagnosis.document import causes_page
from assay.diagnosis.table import CAUSES
from assay.model.diagnosis import Diagnosis
from assay.model.evidence import WHOLE_SUITE
from assay.pipeline import read_change
from assay.progress import Progress
from assay.project import open_project

APART = frozenset({"leaked-state", "missing-name", "none-returned", "error-in-sources"})
"""Causes whose examples need a project of their own: their tests leave something in the process, or
what was done to other tests that use the same names speaks for a verdict too."""

FOR_ALL = ("conftest.py", "pytest.ini", "pyproject.toml", "requirements.txt")
"""Files that concern whatever lies in the project with them."""

TOGETHER = 8
"""So many examples are one project at most."""

_SHOP = re.compile(r"\b(?:test_)?shop\b")


def numbered(example: Example, number: int) -> Example:
    """The example with a number after the name of its modules, which most have in common."""

    def new(text: str) -> str:
        return _SHOP.sub(rf"\g<0>{number}", text)

    return replace(
        example,
        before={new(path): new(text) for path, text in example.before.items()},
        after={
            new(path): text if text is None else new(text) for path, text in example.after.items()
        },
        finds={new(test): fault for test, fault in example.finds.items()},
        leaves=tuple(map(new, example.leaves)),
    )


def can_be_joined(cause: Cause, example: Example) -> bool:
    paths = [Path(path).name for path in (*example.before, *example.after)]
    return not (
        cause.name in APART
        or example.env
        or WHOLE_SUITE in example.finds
        or example.arguments
        or any(path in FOR_ALL for path in paths)
    )


def in_projects() -> Iterator[list[tuple[str, Cause, Example]]]:
    """The examples by project: those that have no file in common, and are of different causes, are
    one, as starting pytest and git is most of what an example takes."""
    projects: list[list[tuple[str, Cause, Example]]] = []
    for cause in CAUSES:
        for number, one in enumerate(cause.examples, start=1):
            name = f"{cause.name}-{number}"
            if not can_be_joined(cause, one):
                yield [(name, cause, one)]
                continue
            for project in projects:
                example = numbered(one, len(project) + 1)
                paths = {*example.before, *example.after}
                if len(project) < TOGETHER and all(
                    cause is not other and paths.isdisjoint({*there.before, *there.after})
                    for _, other, there in project
                ):
                    project.append((name, cause, example))
                    break
            else:
                projects.append([(name, cause, numbered(one, 1))])
    yield from projects


PROJECTS = list(in_projects())

EXAMPLES = [
    pytest.param(project, cause, example, id=name)
    for project, those in enumerate(PROJECTS)
    for name, cause, example in those
]


@pytest.fixture(scope="module")
def diagnoses() -> dict[int, Diagnosis]:
    """By the number of the project, once it has been diagnosed."""
    return {}


def diagnosed(examples: Sequence[Example], root: Path) -> Diagnosis:
    for example in examples:
        for path, text in example.before.items():
            write(root / path, text)
    start_repository(root)
    for example in examples:
        for path, after in example.after.items():
            if after is None:
                (root / path).unlink()
            else:
                write(root / path, after)
    commit_all(root)
    first = examples[0]
    progress = Progress(Console(file=io.StringIO()), quiet=True)
    environ = clean_environment({**NO_PLUGINS, **first.env})
    project = open_project(root, sys.executable, first.arguments, environ)
    change = read_change(project, "HEAD~1", None)
    with warm_starts(), compared(project, change, True, progress) as found:
        return diagnosis_of(found, sides_of(found))


@pytest.mark.parametrize(("project", "cause", "example"), EXAMPLES)
def test_a_cause_applies_to_exactly_what_its_example_says(
    project: int,
    cause: Cause,
    example: Example,
    diagnoses: dict[int, Diagnosis],
    tmp_path: Path,
) -> None:
    if project not in diagnoses:
        diagnoses[project] = diagnosed([one for _, _, one in PROJECTS[project]], tmp_path)
    own = {*example.before, *example.after}
    failing = {
        one.test: one
        for one in diagnoses[project].failing
        if len(PROJECTS[project]) == 1 or one.path in own
    }
    named = {test for test, one in failing.items() if cause.name in [m.cause for m in one.matches]}
    assert named == set(example.finds), {t: f.matches for t, f in failing.items()}
    assert set(example.leaves) <= failing.keys()
    for test, fault in example.finds.items():
        one = failing[test]
        assert one.matches[0].cause == cause.name, [m.cause for m in one.matches]
        assert one.verdict is not None
        assert one.verdict.fault is fault, one.verdict


@pytest.mark.parametrize("cause", CAUSES, ids=lambda one: one.name)
def test_a_cause_is_described_with_examples_of_both_sorts(cause: Cause) -> None:
    for words in (cause.rule, cause.shows, cause.verdict, cause.fix):
        assert words.endswith(".")
    assert any(example.finds for example in cause.examples)
    assert any(example.leaves for example in cause.examples)


def test_no_two_causes_have_one_name() -> None:
    names = [cause.name for cause in CAUSES]
    assert len(set(names)) == len(names)


def test_every_module_of_causes_is_in_the_table() -> None:
    room = Path(__file__).parents[3] / "toolkit" / "assay" / "diagnosis" / "causes"
    modules = {path.stem.replace("_", "-") for path in room.glob("*.py")} - {"--init--"}
    assert {cause.name for cause in CAUSES} == modules


def test_the_page_of_causes_is_what_the_causes_say() -> None:
    page = Path(__file__).parents[3] / "docs" / "causes.md"
    assert page.read_text(encoding="utf-8") == causes_page(), (
        "docs/causes.md is behind: run `make causepage`"
    )

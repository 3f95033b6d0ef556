"""Every cause applies to exactly what its examples say, in two versions of a real project."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from conftest import NO_PLUGINS, clean_environment, commit_all, start_repository, write
from rich.console import Console

from assay.comparing import compared
from assay.diagnosing import diagnosis_of, sides_of
from assay.diagnosis.cause import Cause, Example
from assay.diagnosis.document import causes_page
from assay.diagnosis.table import CAUSES
from assay.model.diagnosis import Diagnosis
from assay.pipeline import read_change
from assay.progress import Progress
from assay.project import open_project

EXAMPLES = [
    pytest.param(cause, example, id=f"{cause.name}-{number}")
    for cause in CAUSES
    for number, example in enumerate(cause.examples, start=1)
]


def diagnosed(example: Example, root: Path) -> Diagnosis:
    for path, text in example.before.items():
        write(root / path, text)
    start_repository(root)
    for path, after in example.after.items():
        if after is None:
            (root / path).unlink()
        else:
            write(root / path, after)
    commit_all(root)
    progress = Progress(Console(file=io.StringIO()), quiet=True)
    environ = clean_environment({**NO_PLUGINS, **example.env})
    project = open_project(root, sys.executable, example.arguments, environ)
    change = read_change(project, "HEAD~1", None)
    with compared(project, change, everything=True, progress=progress) as found:
        return diagnosis_of(found, sides_of(found))


@pytest.mark.parametrize(("cause", "example"), EXAMPLES)
def test_a_cause_applies_to_exactly_what_its_example_says(
    cause: Cause, example: Example, tmp_path: Path
) -> None:
    found = diagnosed(example, tmp_path)
    failing = {one.test: one for one in found.failing}
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

"""Every detector of level 0 finds exactly what its examples say, in one recorded project."""

from __future__ import annotations

import ast
import io
import sys
from pathlib import Path

import pytest
from conftest import NO_PLUGINS, clean_environment
from examples import Placed, placed, subjects, write
from rich.console import Console

from assay.gather import NO_CHANGE
from assay.pipeline import refresh
from assay.progress import Progress
from assay.project import open_project
from assay.recording import collected_suite
from assay.watching import seen_facts, watch
from assay.weakness.detector import Detector
from assay.weakness.detectors import recollected_duplicate
from assay.weakness.document import weaknesses_page
from assay.weakness.facts import SuiteFacts
from assay.weakness.table import DETECTORS, LEVEL_0, of_level

EXAMPLES = placed(LEVEL_0)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> SuiteFacts:
    root = tmp_path_factory.mktemp("examples")
    write(EXAMPLES, root)
    progress = Progress(Console(file=io.StringIO()), quiet=True)
    project = open_project(root, sys.executable, (), clean_environment(NO_PLUGINS))
    with collected_suite(project, progress) as suite:
        _, baseline = refresh(suite, NO_CHANGE, progress)
        wanted = {item.node_id for item in suite.collected.items}
        run = watch(suite, baseline.impact, wanted, progress)
        return seen_facts(suite, baseline.impact, run, wanted, history=True)


@pytest.mark.parametrize(
    "one", EXAMPLES, ids=[f"{one.detector.kind}-{one.number}" for one in EXAMPLES]
)
def test_a_detector_finds_exactly_what_its_example_says(one: Placed, facts: SuiteFacts) -> None:
    assert subjects(one.found(facts)) == sorted(map(one.subject, one.example.finds))


@pytest.mark.parametrize(
    "one", EXAMPLES, ids=[f"{one.detector.kind}-{one.number}" for one in EXAMPLES]
)
def test_what_an_example_leaves_is_there(one: Placed) -> None:
    texts = dict(one.files())
    for name in (*one.example.finds, *one.example.leaves):
        path, _, unit = name.partition("::")
        assert unit.rpartition(".")[2] in texts[one.path(path)]


def test_what_is_collected_again_is_found_where_it_is_brought_in(facts: SuiteFacts) -> None:
    found = [f for f in recollected_duplicate.DETECTOR.find(facts) if "test_again" in f.anchor.path]
    places = {one.anchor.unit: one.anchor.line for one in found}
    assert places == {"TestPrice": 2, "TestMore": 9}


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ("import x\nfrom a import (\n    b,\n    test_a,\n)\n", "test_a", 2),
        ("from a import test_b as test_a\nfrom b import *\n", "test_a", 1),
        ("import x\nfrom a import *\nfrom b import other\n", "test_a", 2),
        ("import x\ntry:\n    from a import TestA\nexcept ImportError:\n    pass\n", "TestA.B", 3),
        ("class TestA:\n    class B(C):\n        pass\n", "TestA.B", 2),
        ("class TestA(Base):\n    x = 1\n", "TestA.B", 1),
        ("import x\nglobals().update(x.tests)\n", "test_a", 1),
    ],
)
def test_the_line_that_brings_a_test_into_a_file(text: str, name: str, line: int) -> None:
    assert recollected_duplicate.line_of(ast.parse(text), name) == line


def test_no_finding_has_the_name_of_another(facts: SuiteFacts) -> None:
    found = [one.id for detector in LEVEL_0 for one in detector.find(facts)]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("detector", LEVEL_0, ids=lambda one: one.kind)
def test_a_finding_says_what_it_rests_on_and_what_to_do(
    detector: Detector[SuiteFacts], facts: SuiteFacts
) -> None:
    for one in detector.find(facts):
        assert one.kind == detector.kind
        assert one.level == detector.level == 0
        assert one.sentence.endswith(".")
        assert one.evidence
        assert one.fix
        assert one.anchor.line >= 1
        assert one.anchor.digest


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda one: one.kind)
def test_a_detector_is_described_with_examples_of_both_sorts(
    detector: Detector[SuiteFacts],
) -> None:
    assert detector.guards
    for words in (detector.definition, detector.why, detector.confidence_because, detector.fix):
        assert words.endswith(".")
    assert any(example.finds for example in detector.examples)
    assert any(example.leaves for example in detector.examples)


def test_no_two_detectors_have_one_name() -> None:
    kinds = [one.kind for one in DETECTORS]
    assert len(set(kinds)) == len(kinds)


def test_every_detector_is_of_the_level_it_is_listed_at() -> None:
    assert of_level(0) == LEVEL_0


def test_every_module_of_detectors_is_in_the_table() -> None:
    room = Path(__file__).parents[3] / "toolkit" / "assay" / "weakness" / "detectors"
    modules = {path.stem.replace("_", "-") for path in room.glob("*.py")} - {"--init--"}
    assert {one.kind for one in DETECTORS} == modules


def test_the_page_of_weaknesses_is_what_the_detectors_say() -> None:
    page = Path(__file__).parents[3] / "docs" / "weaknesses.md"
    assert page.read_text(encoding="utf-8") == weaknesses_page(), (
        "docs/weaknesses.md is behind: run `make weaknesspage`"
    )

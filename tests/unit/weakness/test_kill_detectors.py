"""Every detector of levels 1 to 4 finds exactly what its examples say, in one recorded project."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from dataclasses import replace

import pytest
from conftest import NO_PLUGINS, clean_environment
from examples import Placed, placed, subjects, write
from rich.console import Console

from assay.gather import NO_CHANGE
from assay.killing import Amount, kill_facts
from assay.model.matrix import KILLS, Cell, Pair
from assay.pipeline import refresh
from assay.progress import Progress
from assay.project import open_project
from assay.recording import collected_suite
from assay.weakness.detector import Detector
from assay.weakness.kills import KillFacts
from assay.weakness.table import LEVEL_1, LEVEL_2, LEVEL_3, LEVEL_4

LEVELS = (*LEVEL_1, *LEVEL_2, *LEVEL_3, *LEVEL_4)
EXAMPLES = placed(LEVELS)

Facts = Mapping[int, KillFacts]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """Facts of each level; of level 1, as if every function had changed."""
    root = tmp_path_factory.mktemp("examples")
    write(EXAMPLES, root)
    progress = Progress(Console(file=io.StringIO()), quiet=True)
    project = open_project(root, sys.executable, (), clean_environment(NO_PLUGINS))
    found = {}
    with collected_suite(project, progress) as suite:
        _, baseline = refresh(suite, NO_CHANGE, progress)
        for level in (2, 4):
            killed = kill_facts(level, suite, baseline, {}, Amount(), progress)
            assert killed.facts is not None
            found[level] = killed.facts
    every = frozenset((one.path, one.unit) for one in found[4].matrix.mutants.values())
    # What level 3 asks is asked at level 4 too, where every other pair has run as well.
    return {1: replace(found[4], changed=every), 2: found[2], 3: found[4], 4: found[4]}


@pytest.mark.parametrize(
    "one", EXAMPLES, ids=[f"{one.detector.kind}-{one.number}" for one in EXAMPLES]
)
def test_a_detector_finds_exactly_what_its_example_says(one: Placed, facts: Facts) -> None:
    found = one.found(facts[one.detector.level])
    assert subjects(found) == sorted(map(one.subject, one.example.finds))


@pytest.mark.parametrize(
    "one", EXAMPLES, ids=[f"{one.detector.kind}-{one.number}" for one in EXAMPLES]
)
def test_what_an_example_leaves_is_there(one: Placed) -> None:
    texts = dict(one.files())
    for name in (*one.example.finds, *one.example.leaves):
        path, _, unit = name.partition("::")
        assert unit == "<module>" or unit.rpartition(".")[2] in texts[one.path(path)]


@pytest.mark.parametrize("detector", LEVELS, ids=lambda one: one.kind)
def test_a_finding_shows_a_mutant_or_tests_and_what_to_do(
    detector: Detector[KillFacts], facts: Facts
) -> None:
    found = list(detector.find(facts[detector.level]))
    assert found
    assert len({one.id for one in found}) == len(found)
    for one in found:
        assert (one.kind, one.level) == (detector.kind, detector.level)
        assert one.sentence.endswith(".")
        assert one.fix
        assert one.anchor.line >= 1
        assert one.anchor.digest
        diffs = [piece for piece in one.evidence if piece.language == "diff"]
        assert diffs or one.kind in ("minimal-guard-set", "redundant-parametrisation")


# Seeded mistakes: what was not seen is never held against a test.


@pytest.mark.parametrize("detector", [*LEVEL_1, *LEVEL_3], ids=lambda one: one.kind)
def test_a_run_that_stopped_at_the_first_failure_finds_nothing(
    detector: Detector[KillFacts], facts: Facts
) -> None:
    """Of each mutant only the pairs up to the first kill, as a run that stops has them."""
    whole = facts[detector.level]
    pairs = {}
    for mutant_id, tests in whole.matrix.planned.items():
        row: dict[str, Pair] = {}
        for test in tests:
            pair = whole.matrix.pairs.get(mutant_id, {}).get(test)
            if pair is not None:
                row[test] = Pair(pair.cell, pair.text)
            if pair is not None and pair.cell in KILLS:
                break
        pairs[mutant_id] = row
    stopped = replace(whole, matrix=replace(whole.matrix, pairs=pairs, ended="stopped"))
    assert list(detector.find(stopped)) == []


@pytest.mark.parametrize("detector", LEVELS, ids=lambda one: one.kind)
def test_a_sample_finds_nothing_that_rests_on_no_kill(
    detector: Detector[KillFacts], facts: Facts
) -> None:
    found = list(detector.find(replace(facts[detector.level], is_sample=True)))
    assert found == [] or detector.kind == "weak-strength"


@pytest.mark.parametrize("detector", LEVEL_1, ids=lambda one: one.kind)
def test_a_change_of_which_only_kills_and_timeouts_are_known_finds_nothing(
    detector: Detector[KillFacts], facts: Facts
) -> None:
    whole = facts[1]
    pairs = {
        mutant_id: {t: pair for t, pair in row.items() if pair.cell is not Cell.PASSED}
        for mutant_id, row in whole.matrix.pairs.items()
    }
    loud = replace(whole, matrix=replace(whole.matrix, pairs=pairs))
    assert list(detector.find(loud)) == []


@pytest.mark.parametrize("detector", LEVEL_3, ids=lambda one: one.kind)
def test_one_pair_missing_in_each_row_finds_nothing(
    detector: Detector[KillFacts], facts: Facts
) -> None:
    """As a budget cuts it: each test has one mutant it was not run on."""
    whole = facts[detector.level]
    seen: set[str] = set()
    pairs = {}
    for mutant_id, row in whole.matrix.pairs.items():
        fresh = {t for t, pair in row.items() if t not in seen and pair.cell is Cell.PASSED}
        seen |= fresh
        pairs[mutant_id] = {t: pair for t, pair in row.items() if t not in fresh}
    cut = replace(whole, matrix=replace(whole.matrix, pairs=pairs))
    subjects_found = {one.tests for one in detector.find(cut)}
    quiet = {
        subject.name
        for subject in whole.subjects
        if not any(case in seen for case in subject.cases)
    }
    assert all(set(tests) <= quiet for tests in subjects_found)


@pytest.mark.parametrize("detector", [*LEVEL_3, *LEVEL_4[:3]], ids=lambda one: one.kind)
def test_nothing_is_said_of_tests_of_which_a_case_was_skipped(
    detector: Detector[KillFacts], facts: Facts
) -> None:
    whole = facts[detector.level]
    skipped = tuple(replace(one, whole=False) for one in whole.subjects)
    assert list(detector.find(replace(whole, subjects=skipped))) == []


def test_nothing_is_said_of_all_that_a_test_kills_where_it_runs_code_without_mutants(
    facts: Facts,
) -> None:
    whole = facts[3]
    foreign = tuple(replace(one, foreign=frozenset({"other.py"})) for one in whole.subjects)
    changed = replace(whole, subjects=foreign)
    kinds = {d.kind for d in LEVEL_3 for _ in d.find(changed)}
    assert kinds <= {"misaligned", "guarded-elsewhere"}

"""Maps recorded apart become one, in which no test looks better than it is."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from assay.errors import UsageError
from assay.join import Shard, check_environments, joined
from assay.model.impact import ImpactMap, LineSet, Node, TestRecord
from assay.model.run import TestOutcome

PASSED, OWES = TestOutcome.PASSED, TestOutcome.NOT_RUN
META = {"stamp": "s", "search_path": "", "roots": "", "inifile": "", "kills": ""}


def shard(
    name: str,
    tests: Mapping[str, tuple[TestOutcome, int]],
    module: tuple[str, int] = ("one", 1),
    fingerprint: tuple[str, ...] = ("Python=3",),
) -> Shard:
    """A map in which every test uses one module, at some content; each with its time."""
    sha, module_time = module
    nodes = {"module:m.py": Node("module:m.py", lines={"m.py": LineSet(sha, 2)})}
    times = {"module:m.py": module_time}
    records = {}
    for test, (outcome, time) in tests.items():
        nodes[f"test:{test}"] = Node(f"test:{test}", uses=frozenset({"module:m.py"}))
        times[f"test:{test}"] = time
        records[test] = TestRecord(outcome, 0.1)
    impact = ImpactMap(nodes, records, fingerprint, frozenset({"m.py", name}))
    return Shard(name, impact, {}, times, META)


def outcomes(*shards: Shard) -> dict[str, TestOutcome]:
    return {test: record.outcome for test, record in joined(shards).impact.tests.items()}


def test_every_test_of_any_shard_is_there() -> None:
    assert outcomes(shard("a", {"x": (PASSED, 1)}), shard("b", {"y": (PASSED, 1)})) == {
        "x": PASSED,
        "y": PASSED,
    }


@pytest.mark.parametrize("turned", [False, True])
def test_the_newer_record_of_a_test_counts(turned: bool) -> None:
    shards = [shard("a", {"x": (PASSED, 2)}), shard("b", {"x": (TestOutcome.FAILED, 1)})]
    assert outcomes(*(reversed(shards) if turned else shards)) == {"x": PASSED}


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_records_of_one_age_the_one_that_owes_a_run_counts(turned: bool) -> None:
    shards = [shard("a", {"x": (PASSED, 1)}), shard("b", {"x": (OWES, 1)})]
    assert outcomes(*(reversed(shards) if turned else shards)) == {"x": OWES}


@pytest.mark.parametrize("turned", [False, True])
def test_who_saw_what_is_shared_at_an_older_content_owes_a_run(turned: bool) -> None:
    shards = [
        shard("a", {"x": (PASSED, 1)}, module=("old", 1)),
        shard("b", {"y": (PASSED, 2)}, module=("new", 2)),
    ]
    assert outcomes(*(reversed(shards) if turned else shards)) == {"x": OWES, "y": PASSED}


def test_a_file_that_one_shard_did_not_know_counts_as_new() -> None:
    assert joined([shard("a", {}), shard("b", {})]).impact.files == {"m.py"}


def test_pytest_is_asked_anew_unless_all_have_the_same_tests() -> None:
    one, other = shard("a", {"x": (PASSED, 1)}), shard("b", {"y": (PASSED, 1)})
    assert joined([one, other]).meta["stamp"] == ""
    assert joined([one, one]).meta["stamp"] == "s"


def test_maps_of_different_environments_are_named() -> None:
    other = shard("other.sqlite", {}, fingerprint=("Python=4",))
    with pytest.raises(UsageError, match=r"one\.sqlite and other\.sqlite .*Python=3"):
        check_environments([shard("one.sqlite", {}), other])

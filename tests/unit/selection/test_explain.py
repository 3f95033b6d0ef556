"""Facts about `why`: what lies beneath a test, and which tests lie above a line."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest

from assay.change.semantics import read_source
from assay.model.impact import ABSENT, ImpactMap, LineSet, Node, TestRecord
from assay.model.run import TestOutcome
from assay.selection.explain import LineUsers, needs_of_test, units_run, users_of_line

TAX = dedent(
    """\
    RATE = 2          # 1
    def rate(x):      # 2
        if x:         # 3
            return 1  # 4
        return RATE   # 5
    def due():        # 6
        return 0      # 7
    """
).encode()
SOURCE = read_source("tax.py", TAX)
OLDER = read_source("tax.py", b"# older" + bytes([10]) + TAX)
DB = read_source("db.py", b"TABLE = 1")
SOURCES = {("tax.py", SOURCE.sha): SOURCE, ("tax.py", OLDER.sha): OLDER, ("db.py", DB.sha): DB}


def impact_of(*nodes: Node) -> ImpactMap:
    tests = {
        node.key.removeprefix("test:"): TestRecord(TestOutcome.PASSED, 0.1)
        for node in nodes
        if node.key.startswith("test:")
    }
    return ImpactMap({node.key: node for node in nodes}, tests, ())


def ran(key: str, *lines: int, sha: str = SOURCE.sha) -> Node:
    return Node(key, {"tax.py": LineSet(sha, sum(1 << line for line in lines))})


def users(impact: ImpactMap, line: int) -> LineUsers:
    return users_of_line(impact, SOURCE, SOURCE.unit_of_line(line), line, SOURCES)


# The units of a node


def test_the_units_of_a_node_are_those_of_the_content_that_it_ran() -> None:
    # Line 3 of the older content is the signature of `rate`, line 4 its first line.
    found = units_run(ran("test:a", 4, 8, sha=OLDER.sha), SOURCES)
    assert found == [("tax.py", "due"), ("tax.py", "rate")]
    assert units_run(ran("test:a", 3, sha=OLDER.sha), SOURCES) == [("tax.py", "<module>")]


def test_a_file_whose_content_is_not_at_hand_has_no_units() -> None:
    assert units_run(ran("test:a", 4, sha="unknown"), SOURCES) == []


# A test's needs


NEEDS = impact_of(
    Node(
        "test:t.py::a",
        {"tax.py": LineSet(SOURCE.sha, 1 << 4 | 1 << 5 | 1 << 7)},
        files={"rates.json": "s", "gone.ini": ABSENT},
        dirs={"data": "n"},
        uses=frozenset({"fixture:::db", "module:unknown.py"}),
        opaque=frozenset({"forked"}),
    ),
    Node("fixture:::db", uses=frozenset({"module:db.py"}), files={"schema.sql": "s"}),
    Node("module:db.py", {"db.py": LineSet(DB.sha, 1 << 1)}, dirs={"": "n"}),
    Node("module:apart.py", files={"apart.txt": "s"}),
)


def test_a_test_needs_the_units_it_ran_in_order() -> None:
    assert needs_of_test(NEEDS, "t.py::a", SOURCES).direct == (
        ("tax.py", "due"),
        ("tax.py", "rate"),
    )


def test_a_test_needs_every_node_below_it_nearest_first() -> None:
    through = needs_of_test(NEEDS, "t.py::a", SOURCES).through
    assert list(through.items()) == [("fixture:::db", ()), ("module:db.py", ("db.py::<module>",))]


def test_a_test_needs_what_any_node_below_it_read_or_listed() -> None:
    found = needs_of_test(NEEDS, "t.py::a", SOURCES).files
    assert found == ("./", "data/", "gone.ini", "rates.json", "schema.sql")


def test_a_test_does_not_need_what_lies_apart() -> None:
    needs = needs_of_test(NEEDS, "t.py::a", SOURCES)
    assert "apart.txt" not in needs.files
    assert "module:apart.py" not in needs.through


def test_reasons_for_not_knowing_come_along() -> None:
    assert needs_of_test(NEEDS, "t.py::a", SOURCES).opaque == ("forked",)


def test_a_test_has_its_last_outcome_or_an_unknown_one() -> None:
    assert needs_of_test(NEEDS, "t.py::a", SOURCES).outcome == "passed"
    unrecorded = ImpactMap(NEEDS.nodes, {}, ())
    assert needs_of_test(unrecorded, "t.py::a", SOURCES).outcome == "unknown"


def test_nodes_that_use_each_other_are_told_once() -> None:
    impact = impact_of(
        Node("test:a", uses=frozenset({"module:x"})),
        Node("module:x", uses=frozenset({"module:y"})),
        Node("module:y", uses=frozenset({"module:x", "test:a"})),
    )
    assert list(needs_of_test(impact, "a", SOURCES).through) == ["module:x", "module:y"]


# A line's users


def test_tests_that_ran_the_line_are_told_apart_from_those_that_ran_only_its_unit() -> None:
    found = users(impact_of(ran("test:a", 3, 4), ran("test:b", 3, 5)), 4)
    assert (found.unit, found.ran_line, found.ran_unit) == ("rate", ("a",), ("b",))


def test_tests_of_another_unit_are_not_users() -> None:
    found = users(impact_of(ran("test:a", 3), ran("test:c", 7)), 3)
    assert (found.ran_line, found.ran_unit, found.through) == (("a",), (), {})


def test_tests_that_use_a_fixture_which_ran_the_unit_depend_on_it_through_the_chain() -> None:
    impact = impact_of(
        Node("test:a", uses=frozenset({"module:app.py"})),
        Node("module:app.py", uses=frozenset({"fixture:::f"})),
        ran("fixture:::f", 5),
        Node("test:b"),
    )
    assert users(impact, 5).through == {"a": ("module:app.py", "fixture:::f")}


def test_a_test_that_ran_the_unit_itself_is_not_told_again_through_a_fixture() -> None:
    direct = replace(ran("test:a", 3), uses=frozenset({"fixture:::f"}))
    found = users(impact_of(direct, ran("fixture:::f", 5)), 5)
    assert (found.ran_unit, found.through) == (("a",), {})


@pytest.mark.parametrize(("sha", "stale"), [(SOURCE.sha, False), (OLDER.sha, True)])
def test_lines_of_other_content_are_stale(sha: str, stale: bool) -> None:
    found = users(impact_of(ran("test:a", 4, sha=sha)), 4)
    assert found.stale is stale
    assert (found.ran_line, found.ran_unit) == ((), ("a",)) if stale else (("a",), ())


def test_a_file_that_was_never_recorded_is_not_stale() -> None:
    assert users(impact_of(Node("test:a")), 4).stale is False

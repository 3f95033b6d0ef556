"""Facts about plans: which tests a mutant meets, in which order, and by which route."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from assay.change.semantics import read_source
from assay.impact.graph import users_of
from assay.model.impact import ImpactMap, LineSet, Node
from assay.model.mutant import Mutant, PlannedTest, Route, Status
from assay.model.source import MODULE_UNIT, Span
from assay.mutation.plan import (
    BY_FIXTURE,
    BY_IMPORT,
    DIRECT,
    IN_THIS_FILE,
    Candidates,
    Coverage,
    Plan,
    plan,
    words_of,
)

TEXT = b"""\
RATE = 2          # 1
def rate(x):      # 2
    if x:         # 3
        return 1  # 4
    return RATE   # 5
"""
SOURCE = read_source("tax.py", TEXT)


def mutant(line: int, unit: str = "rate", lines: Iterable[int] | None = None) -> Mutant:
    return Mutant(
        id=f"m{line}",
        path="tax.py",
        unit=unit,
        scope=unit,
        operator="number",
        span=Span(line, 0, line, 1),
        original="1",
        replacement="2",
        statement_line=line,
        lines=frozenset({line} if lines is None else lines),
    )


def ran(
    key: str, *lines: int, uses: Iterable[str] = (), sha: str = SOURCE.sha, others: int = 0
) -> Node:
    """A node that ran these lines of the file, and so many of another one."""
    mask = sum(1 << line for line in lines)
    found = {"tax.py": LineSet(sha, mask)} if lines else {}
    if others:
        found["other.py"] = LineSet("any", (1 << others) - 1)
    return Node(key, found, uses=frozenset(uses))


def impact_of(*nodes: Node) -> ImpactMap:
    return ImpactMap({node.key: node for node in nodes}, {}, ())


def planned(
    mutants: Mutant | list[Mutant],
    impact: ImpactMap,
    seconds: dict[str, float] | None = None,
    first: Iterable[str] = (),
    hot_allowed: bool = True,
) -> Plan:
    every = {key.removeprefix("test:"): 0.1 for key in impact.nodes if key.startswith("test:")}
    candidates = Candidates(every if seconds is None else seconds, frozenset(first))
    several = mutants if isinstance(mutants, list) else [mutants]
    return plan(several, {"tax.py": SOURCE}, impact, candidates, lambda _: 7.0, hot_allowed)


def order(found: Plan) -> list[str]:
    (one,) = found.planned
    return [test.node_id for test in one.tests]


def route(found: Plan) -> Route:
    (one,) = found.planned
    return one.route


# Covering tests


def test_a_test_that_ran_the_line_covers_it_and_one_that_ran_another_does_not() -> None:
    coverage = Coverage(impact_of(ran("test:a", 4), ran("test:b", 5)), "tax.py", SOURCE.sha)
    assert coverage.covering([4]) == {"a": DIRECT}


def test_any_of_the_lines_is_enough() -> None:
    coverage = Coverage(impact_of(ran("test:a", 4), ran("test:b", 5)), "tax.py", SOURCE.sha)
    assert coverage.covering([4, 5]) == {"a": DIRECT, "b": DIRECT}


def test_lines_of_other_content_do_not_count() -> None:
    impact = impact_of(ran("test:a", 4, sha="older"))
    assert Coverage(impact, "tax.py", SOURCE.sha).covering([4]) == {}


def test_lines_of_another_file_do_not_count() -> None:
    impact = impact_of(ran("test:a", 4))
    assert Coverage(impact, "other.py", SOURCE.sha).covering([4]) == {}


def test_a_line_that_a_fixture_ran_is_covered_by_every_test_that_uses_it() -> None:
    impact = impact_of(ran("fixture:::db", 4), ran("test:a", uses=["fixture:::db"]), ran("test:b"))
    assert Coverage(impact, "tax.py", SOURCE.sha).covering([4]) == {"a": BY_FIXTURE}


def test_a_line_that_ran_at_import_is_covered_by_every_test_that_depends_on_the_module() -> None:
    impact = impact_of(
        ran("module:tax.py", 1),
        ran("module:app.py", uses=["module:tax.py"]),
        ran("test:a", uses=["module:app.py"]),
        ran("test:b"),
    )
    assert Coverage(impact, "tax.py", SOURCE.sha).covering([1]) == {"a": BY_IMPORT}


def test_of_those_that_only_import_it_tests_that_ran_something_in_the_file_are_told_apart() -> None:
    impact = impact_of(
        ran("module:tax.py", 1),
        ran("test:a", 4, uses=["module:tax.py"]),
        ran("test:b", uses=["module:tax.py"]),
    )
    found = Coverage(impact, "tax.py", SOURCE.sha).covering([1])
    assert found == {"a": IN_THIS_FILE, "b": BY_IMPORT}


def test_the_most_direct_way_counts() -> None:
    impact = impact_of(
        ran("module:tax.py", 4),
        ran("fixture:::db", 4, uses=["module:tax.py"]),
        ran("test:a", 4, uses=["fixture:::db"]),
        ran("test:b", uses=["fixture:::db"]),
    )
    found = Coverage(impact, "tax.py", SOURCE.sha).covering([4])
    assert found == {"a": DIRECT, "b": BY_FIXTURE}


def test_users_are_the_nodes_that_use_one_directly() -> None:
    impact = impact_of(ran("test:a", uses=["module:m"]), ran("test:b", uses=["module:m"]))
    assert users_of(impact) == {"module:m": ["test:a", "test:b"]}


# Order


def test_tests_that_ran_the_line_themselves_come_before_those_that_depend_on_it() -> None:
    impact = impact_of(
        ran("module:tax.py", 4),
        ran("fixture:::f", 4),
        ran("test:by import", uses=["module:tax.py"]),
        ran("test:by fixture", uses=["fixture:::f"]),
        ran("test:direct", 4),
    )
    assert order(planned(mutant(4), impact)) == ["direct", "by fixture", "by import"]


def test_tests_to_try_first_come_before_faster_ones() -> None:
    impact = impact_of(ran("test:a", 4), ran("test:b", 4))
    seconds = {"a": 0.1, "b": 9.0}
    assert order(planned(mutant(4), impact, seconds)) == ["a", "b"]
    assert order(planned(mutant(4), impact, seconds, first=["b"])) == ["b", "a"]


def test_faster_tests_come_first() -> None:
    impact = impact_of(ran("test:a", 4), ran("test:b", 4))
    assert order(planned(mutant(4), impact, {"a": 0.3, "b": 0.2})) == ["b", "a"]


def test_among_equally_fast_tests_the_more_specific_come_first() -> None:
    impact = impact_of(ran("test:a", 4, others=5), ran("test:b", 4, others=2))
    assert order(planned(mutant(4), impact, {"a": 0.001, "b": 0.002})) == ["b", "a"]


def test_breadth_is_the_number_of_lines_in_all_files() -> None:
    coverage = Coverage(impact_of(ran("test:a", 4, 5, others=3)), "tax.py", SOURCE.sha)
    assert (coverage.breadth("a"), coverage.breadth("unknown")) == (5, 0)


def test_among_equal_tests_the_name_decides() -> None:
    impact = impact_of(ran("test:b", 4), ran("test:a", 4))
    assert order(planned(mutant(4), impact)) == ["a", "b"]


def test_every_planned_test_has_its_limit() -> None:
    (found,) = planned(mutant(4), impact_of(ran("test:a", 4))).planned
    assert found.tests == (PlannedTest("a", 7.0, direct=True),)


def test_a_plan_tells_which_tests_ran_the_lines_and_which_the_file_and_which_neither() -> None:
    impact = impact_of(
        ran("module:tax.py", 4),
        ran("test:a", 4),
        ran("test:b", 5, uses=["module:tax.py"]),
        ran("test:c", uses=["module:tax.py"]),
    )
    (found,) = planned(mutant(4), impact).planned
    assert [(t.node_id, t.direct, t.near) for t in found.tests] == [
        ("a", True, True),
        ("b", False, True),
        ("c", False, False),
    ]


def test_of_tests_that_take_about_as_long_those_named_for_the_function_come_first() -> None:
    names = ["tests/test_all.py::test_other", "tests/test_all.py::TestTax::test_full_rate[rate]"]
    impact = impact_of(*(ran(f"test:{name}", 4) for name in names))
    seconds = dict(zip(names, (0.001, 0.02), strict=True))
    full = replace(mutant(4), scope="FullRate.__init__")
    assert order(planned(full, impact, seconds)) == names[::-1]
    # What a parameter says does not name the subject.
    other = replace(mutant(4), scope="Rated.rate")
    assert order(planned(other, impact_of(*(ran(f"test:{n}", 4) for n in ("b[rate]", "a"))))) == [
        "a",
        "b[rate]",
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Range.__init__", {"range"}),
        ("parse_URLField2", {"parse", "url", "field"}),
        ("tests/test_tax.py::TestVat::test_get", {"tax", "vat"}),
    ],
)
def test_words_of_a_name(name: str, words: set[str]) -> None:
    assert words_of(name) == words


# Route


def test_a_mutant_in_a_function_is_hot() -> None:
    impact = impact_of(ran("test:a", 4), ran("module:tax.py", 1, 2))
    assert route(planned(mutant(4), impact)) is Route.HOT


def test_a_mutant_of_the_module_body_is_cold() -> None:
    impact = impact_of(ran("module:tax.py", 1), ran("test:a", uses=["module:tax.py"]))
    assert route(planned(mutant(1, MODULE_UNIT), impact)) is Route.COLD


@pytest.mark.parametrize("key", ["module:app.py", "session:"])
def test_a_mutant_in_a_function_that_ran_before_any_test_is_cold(key: str) -> None:
    impact = impact_of(ran("test:a", 4), ran(key, 5))
    assert route(planned(mutant(4), impact)) is Route.COLD


def test_a_mutant_in_a_function_that_a_fixture_ran_is_hot() -> None:
    impact = impact_of(ran("test:a", 4), ran("fixture:::f", 5))
    assert route(planned(mutant(4), impact)) is Route.HOT


def test_a_mutant_in_a_unit_that_the_source_does_not_have_is_cold() -> None:
    impact = impact_of(ran("test:a", 4))
    assert route(planned(mutant(4, "elsewhere"), impact)) is Route.COLD


def test_everything_is_cold_where_the_session_cannot_be_forked() -> None:
    impact = impact_of(ran("test:a", 4))
    assert route(planned(mutant(4), impact, hot_allowed=False)) is Route.COLD


# No coverage


def test_a_line_that_no_test_runs_has_its_verdict_at_once() -> None:
    found = planned(mutant(4), impact_of(ran("test:a", 5)))
    (verdict,) = found.early
    assert found.planned == ()
    assert (verdict.status, verdict.covering, verdict.killer) == (Status.NO_COVERAGE, (), "")
    assert verdict.reason == "no test runs this line"


def test_a_line_that_only_failing_tests_run_has_no_coverage_and_says_so() -> None:
    (verdict,) = planned(mutant(4), impact_of(ran("test:a", 4)), seconds={}).early
    assert (verdict.status, verdict.covering) == (Status.NO_COVERAGE, ("a",))
    assert verdict.reason == (
        "the one test that runs this line cannot be used: failing, or not collected"
    )


def test_a_failing_test_is_left_out_where_others_cover() -> None:
    impact = impact_of(ran("test:a", 4), ran("test:b", 4))
    found = planned(mutant(4), impact, seconds={"b": 0.1})
    assert (order(found), found.early) == (["b"], ())


def test_mutants_keep_their_order() -> None:
    impact = impact_of(ran("test:a", 3, 5))
    found = planned([mutant(5), mutant(4), mutant(3)], impact)
    assert [one.mutant.id for one in found.planned] == ["m5", "m3"]
    assert [verdict.mutant.id for verdict in found.early] == ["m4"]

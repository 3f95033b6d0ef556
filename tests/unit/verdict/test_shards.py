"""Shards become one answer, through their records; what does not belong together is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from assay.errors import UsageError
from assay.model.answer import Answer, Partial, PlanRecord
from assay.model.mutant import Measured, Mutant, Status, Verdict
from assay.model.run import Failure, TestOutcome, TestResult
from assay.model.selection import Selection
from assay.model.source import Span
from assay.report.as_json import answer_json
from assay.report.from_json import answer_of
from assay.verdict.shards import joined

PATHS = ("b.py", "a.py")


def verdict(path: str, line: int, status: Status) -> Verdict:
    mutant = Mutant(
        id=f"{path}{line}",
        path=path,
        unit="f",
        scope="f",
        operator="number",
        span=Span(line, 4, line, 5),
        original="1",
        replacement="2",
        statement_line=line,
        lines=frozenset(),
    )
    reused = Measured(1_700_000_000, "c0ffee") if status is Status.SURVIVED else None
    return Verdict(mutant, status, ("t.py::a",), "", False, "", 1, 0.25, reused)


ALL = (
    verdict("b.py", 1, Status.KILLED),
    verdict("b.py", 2, Status.SURVIVED),
    verdict("a.py", 1, Status.NO_COVERAGE),
    verdict("a.py", 9, Status.KILLED),
)


def plan(shard: int, of: int = 2) -> PlanRecord:
    return PlanRecord("digest", len(ALL), shard, of, "c0ffee", "tree", PATHS)


def answer(shard: int, *verdicts: Verdict) -> Answer:
    failure = Failure("call", "ValueError", "bad", by_assertion=False, excerpt="E")
    return Answer(
        verb="mutate",
        project="/p",
        compared="src",
        versions={"assay": "0.1.0", "mutmut": "3.8.1", "python": "3.11.7", "interpreter": "/x"},
        collected=2,
        selection=Selection((), ("t.py::a",)),
        results={"t.py::b": TestResult("t.py::b", TestOutcome.FAILED, 0.5, failure)},
        units=(),
        verdicts=verdicts,
        diffs={v.mutant.id: f"diff of {v.mutant.id}" for v in verdicts},
        changed_tests=(),
        notices=("the same in all", f"of shard {shard}"),
        inconclusive=(),
        flaky={},
        interrupted=False,
        seconds={"mutants": float(shard)},
        plan=plan(shard),
        partial=Partial("5%", 90.0, 3, {("a.py", "f"): 7}),
    )


FIRST = answer(1, ALL[3], ALL[1])
SECOND = answer(2, ALL[2], ALL[0])


def test_an_answer_comes_back_from_its_record() -> None:
    record = json.loads(json.dumps(answer_json(FIRST, 0)))
    assert answer_of(record) == FIRST


def test_shards_in_any_order_are_one_answer_in_the_order_of_the_text() -> None:
    for shards in ({"x": FIRST, "y": SECOND}, {"y": SECOND, "x": FIRST}):
        found = joined(shards)
        assert found.verdicts == ALL
        assert found.diffs.keys() == {v.mutant.id for v in ALL}
        assert found.notices == ("the same in all", "of shard 1", "of shard 2")
        assert found.seconds == {"mutants": 2.0}
        assert found.plan == replace(plan(1), of=1)
        assert not found.interrupted
    assert joined({"x": replace(FIRST, interrupted=True), "y": SECOND}).interrupted


def test_one_record_of_a_run_without_shards_is_its_own_answer() -> None:
    whole = replace(answer(1, *ALL), plan=plan(1, 1))
    assert joined({"x": whole}) == whole


def of_plan(**fields: object) -> Callable[[Answer], Answer]:
    def change(one: Answer) -> Answer:
        assert one.plan is not None
        return replace(one, plan=replace(one.plan, **fields))  # type: ignore[arg-type]

    return change


def of_version(name: str, value: str) -> Callable[[Answer], Answer]:
    return lambda one: replace(one, versions={**one.versions, name: value})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (of_plan(of=3), "shard 1/2 and shard 2/3"),
        (of_plan(commit="beef"), "commit c0ffee and beef"),
        (of_plan(tree="other"), "their Python files differ"),
        (of_plan(mutants=5), "4 mutants and 5"),
        (of_plan(digest="other"), "they chose other mutants"),
        (of_version("mutmut", "3.9"), "mutmut 3.8.1 and 3.9"),
        (of_version("python", "3.12.0"), "python 3.11.7 and 3.12.0"),
    ],
)
def test_shards_of_different_runs_are_refused(
    change: Callable[[Answer], Answer], words: str
) -> None:
    with pytest.raises(UsageError) as told:
        joined({"x": FIRST, "y": change(SECOND)})
    assert told.value.message.startswith("x and y are no parts of one run: ")
    assert words in told.value.message


def test_missing_and_doubled_shards_are_named() -> None:
    with pytest.raises(UsageError, match="shard 2/2 missing: give the records of all 2"):
        joined({"x": FIRST})
    with pytest.raises(UsageError, match="shard 1/2 is there twice: x and z"):
        joined({"x": FIRST, "z": FIRST, "y": SECOND})
    three = of_plan(of=4)
    with pytest.raises(UsageError, match="shards 3/4, 4/4 missing"):
        joined({"x": three(FIRST), "y": three(SECOND)})


def test_a_record_that_lost_a_mutant_is_refused() -> None:
    with pytest.raises(UsageError, match="have 3 mutants where their run has 4"):
        joined({"x": FIRST, "y": answer(2, ALL[2])})


def test_a_record_without_a_plan_is_refused() -> None:
    with pytest.raises(UsageError, match="which has no shards"):
        joined({"x": replace(FIRST, plan=None)})

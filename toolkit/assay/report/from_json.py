"""Answers back from the JSON records of `report.as_json` (pure)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from assay.model.answer import Answer, Partial, PlanRecord
from assay.model.explanation import Explanation, Proposal, Reach
from assay.model.mutant import Measured, Mutant, Status, Verdict
from assay.model.run import Failure, TestOutcome, TestResult
from assay.model.selection import Selection
from assay.model.source import Span


def answer_of(record: dict[str, Any]) -> Answer:
    """The answer of `assay mutate` that a record was made of, its selection's reasons left out.

    KeyError, TypeError, ValueError or AttributeError for what is no such record.
    """
    results = [_result(row) for row in record["tests"]]
    return Answer(
        verb=record["verb"],
        project=record["project"],
        compared=record["compared"],
        versions=dict(record["versions"]),
        collected=record["collected"],
        selection=Selection((), tuple(record["selection"]["dropped"])),
        results={result.node_id: result for result in results},
        units=(),
        verdicts=tuple(verdict_of(row) for row in record["mutants"]),
        diffs={row["id"]: row["diff"] for row in record["mutants"]},
        changed_tests=tuple(record["changed_tests"]),
        notices=tuple(record["notices"]),
        inconclusive=tuple(record["inconclusive"]),
        flaky=dict(record["flaky"]),
        interrupted=bool(record["interrupted"]),
        seconds={name: float(value) for name, value in record["seconds"].items()},
        plan=_plan(record["plan"]),
        partial=None if record["partial"] is None else _partial(record["partial"]),
        digests={
            (row["path"], row["unit"]): row["digest"] for row in record["mutants"] if row["digest"]
        },
        explanations={
            row["id"]: explanation_of(row["explanation"])
            for row in record["mutants"]
            if row.get("explanation")
        },
    )


def _plan(row: dict[str, Any]) -> PlanRecord:
    return PlanRecord(
        digest=row["digest"],
        mutants=int(row["mutants"]),
        shard=int(row["shard"]),
        of=int(row["of"]),
        commit=row["commit"],
        tree=row["tree"],
        paths=tuple(row["paths"]),
    )


def _partial(row: dict[str, Any]) -> Partial:
    return Partial(
        sample=row["sample"] or "",
        budget=row["budget"],
        seed=int(row["seed"]),
        totals={(path, scope): int(count) for path, scope, count in row["totals"]},
    )


def _result(row: dict[str, Any]) -> TestResult:
    told = row["failure"]
    failure = None
    if told is not None:
        failure = Failure(
            phase=told["phase"],
            exception=told["exception"],
            message=told["message"],
            by_assertion=False,
            excerpt=told["excerpt"],
        )
    return TestResult(row["test"], TestOutcome(row["outcome"]), float(row["seconds"]), failure)


def verdict_of(row: dict[str, Any]) -> Verdict:
    """A verdict back from `as_json.verdict_json`."""
    mutant = Mutant(
        id=row["id"],
        path=row["path"],
        unit=row["unit"],
        scope=row["scope"],
        operator=row["operator"],
        kind=row["kind"],
        span=Span(*row["span"]),
        original=row["original"],
        replacement=row["replacement"],
        statement_line=int(row["line"]),
        lines=frozenset(),
    )
    return Verdict(
        mutant=mutant,
        status=Status(row["status"]),
        covering=tuple(row["covering"]),
        killer=row["killer"],
        by_assertion=bool(row["by_assertion"]),
        reason=row["reason"],
        tests_run=int(row["tests_run"]),
        seconds=float(row["seconds"]),
        reused=None if row["reused"] is None else _measured(row["reused"]),
    )


def explanation_of(row: dict[str, Any]) -> Explanation:
    """An explanation back from `as_json.explanation_json`."""
    told = row["proposal"]
    return Explanation(
        reach=Reach(row["reach"]),
        sentence=row["sentence"],
        test=row["test"],
        calls=int(row["calls"]),
        given=tuple((name, text) for name, text in row["given"]),
        what=row["what"],
        before=row["before"],
        after=row["after"],
        path=row["path"],
        line=int(row["line"]),
        proposal=None
        if told is None
        else Proposal(
            path=told["path"],
            line=int(told["line"]),
            code=told["code"],
            patch=told["patch"],
            clean_runs=int(told["clean_runs"]),
        ),
        none=row["none"],
        advice=row["advice"],
        made_of=dict(row["made_of"]),
    )


def _measured(row: dict[str, Any]) -> Measured:
    when = datetime.strptime(row["measured"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return Measured(int(when.timestamp()), row["commit"])

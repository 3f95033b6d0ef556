"""JUnit XML: tests, changed functions, mutants, weak tests and the gate as suites of cases (pure).

There is no norm; elements and attributes are those of pytest's `xunit2` family, which the common
readers take. What is accepted is a skipped case with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from assay.gate.baseline import NOT_GUARDED
from assay.model.answer import Guard
from assay.model.mutant import Status, Verdict
from assay.model.run import TestOutcome, TestResult
from assay.model.source import unit_name
from assay.report.account import Account
from assay.report.issues import change_words
from assay.report.text import failure_words
from assay.verdict.answer import BAD_RESULTS

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class _Case:
    """One case; `outcome` is "", "failure", "error" or "skipped", `message` why."""

    group: str
    name: str
    outcome: str = ""
    message: str = ""
    text: str = ""
    seconds: float = 0.0


def junit(account: Account) -> str:
    """The report as text."""
    suites = {
        "tests": [_test(result) for result in account.answer.results.values()],
        "guard": list(_units(account)),
        "mutants": [_mutant(account, verdict) for verdict in account.answer.verdicts],
        "weak tests": list(_findings(account)),
        "gate": list(_gate(account)),
    }
    root = Xml.Element("testsuites", name="assay")
    for name, cases in suites.items():
        if cases:
            root.append(_suite(name, cases))
    Xml.indent(root, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{Xml.tostring(root, "unicode")}\n'


def _suite(name: str, cases: list[_Case]) -> Xml.Element:
    def count(outcome: str) -> str:
        return str(sum(case.outcome == outcome for case in cases))

    suite = Xml.Element(
        "testsuite",
        name=f"assay {name}",
        tests=str(len(cases)),
        failures=count("failure"),
        errors=count("error"),
        skipped=count("skipped"),
        time=f"{sum(case.seconds for case in cases):.3f}",
    )
    for case in cases:
        element = Xml.SubElement(
            suite,
            "testcase",
            classname=_clean(case.group),
            name=_clean(case.name),
            time=f"{case.seconds:.3f}",
        )
        if case.outcome:
            why = Xml.SubElement(element, case.outcome, message=_clean(case.message))
            why.text = _clean(case.text) or None
    return suite


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return _FORBIDDEN.sub("\ufffd", text)


def _test(result: TestResult) -> _Case:
    group, _, name = result.node_id.partition("::")
    outcome, message, text = "", "", ""
    if result.outcome in BAD_RESULTS:
        outcome = "failure" if result.outcome is TestOutcome.FAILED else "error"
        message = failure_words(result)
        text = result.failure.excerpt if result.failure else ""
    elif result.outcome is TestOutcome.NOT_RUN:
        outcome, message = "error", "did not run"
    elif result.outcome in (TestOutcome.SKIPPED, TestOutcome.XFAILED):
        outcome, message = "skipped", result.outcome.value
    return _Case(group, name or group, outcome, message, text, result.seconds)


def _units(account: Account) -> Iterable[_Case]:
    for unit in account.answer.units:
        name = f"{unit_name(unit.unit)} is guarded"
        words = f"{unit.guard.value}: {len(unit.touching)} touch it, {len(unit.guarding)} guard it"
        if unit.guard in NOT_GUARDED:
            yield _Case(unit.path, name, "failure", words)
        elif unit.guard is Guard.UNKNOWN:
            yield _Case(unit.path, name, "error", words)
        elif unit.guard is Guard.NO_MUTANTS:
            yield _Case(unit.path, name, "skipped", "nothing to mutate")
        else:
            yield _Case(unit.path, name)


_OUTCOMES = {
    Status.KILLED: "",
    Status.TIMEOUT: "",
    Status.SURVIVED: "failure",
    Status.NO_COVERAGE: "failure",
    Status.RUNTIME_ERROR: "error",
    Status.PENDING: "skipped",
    Status.COMPILE_ERROR: "skipped",
    Status.IGNORED: "skipped",
}


def _mutant(account: Account, verdict: Verdict) -> _Case:
    mutant, accepted = verdict.mutant, account.accepted(verdict.mutant.id)
    name = f"{mutant.id} line {mutant.span.start_line} [{mutant.operator}]: {change_words(mutant)}"
    group = f"{mutant.path}::{unit_name(mutant.scope)}"
    words = f"{verdict.status.value}: {verdict.reason}".removesuffix(": ")
    if accepted is not None:
        words = f"{words}; accepted ({accepted.stance.value}): {accepted.reason}"
        return _Case(group, name, "skipped", words, seconds=verdict.seconds)
    diff = account.answer.diffs[mutant.id]
    text = "\n".join([diff, "ran it and noticed nothing:", *verdict.covering])
    outcome = _OUTCOMES[verdict.status]
    return _Case(group, name, outcome, words, text if outcome == "failure" else "", verdict.seconds)


def _findings(account: Account) -> Iterable[_Case]:
    for finding in account.findings:
        group = finding.anchor.path
        name = f"{finding.id} [{finding.kind}] {unit_name(finding.anchor.unit)}"
        accepted = account.accepted(finding.id)
        if accepted is not None:
            words = f"accepted ({accepted.stance.value}): {accepted.reason}"
            yield _Case(group, name, "skipped", words)
        else:
            yield _Case(group, name, "failure", finding.sentence, f"Fix: {finding.fix}")


def _gate(account: Account) -> Iterable[_Case]:
    decision = account.decision
    if decision is None:
        return
    if not decision.refusals:
        yield _Case(decision.policy.name, "passes")
    # An advisory gate passes: what it would refuse is no failure.
    outcome = "skipped" if decision.passed else "failure"
    for one in decision.refusals:
        text = "\n".join([*one.items, f"Next: {one.todo}"])
        yield _Case(decision.policy.name, one.rule, outcome, one.sentence, text)

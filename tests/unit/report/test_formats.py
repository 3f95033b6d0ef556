"""Facts about reports for other programs: they keep to their schemas, and hide nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from gate_cases import KILLED, TIGHT, answer, finding, mutant, result, unit, verdict, with_accepted
from schema_checks import check_elements, check_record, check_sarif

from assay.errors import ExitCode, UsageError
from assay.gate.decide import decide
from assay.model.answer import Answer, Guard
from assay.model.finding import Evidence
from assay.model.mutant import Mutant, Status, Verdict
from assay.model.run import Failure, TestOutcome, TestResult
from assay.model.source import Span
from assay.report.account import Account
from assay.report.annotations import workflow_commands
from assay.report.as_json import account_json
from assay.report.elements import elements_report
from assay.report.issues import issues
from assay.report.markdown import markdown
from assay.report.outputs import FORMATS, rendered

TEXT = "def rate():\n    #\n    return 1\n"

SURVIVED = verdict(Status.SURVIVED, "s1")
UNCOVERED = verdict(Status.NO_COVERAGE, "n1", "no test runs this line", "off")
TIMEOUT = verdict(Status.TIMEOUT, "t1", "ran over its limit in t.py::a")
ALL = (
    KILLED,
    SURVIVED,
    verdict(Status.SURVIVED, "s2"),
    UNCOVERED,
    TIMEOUT,
    verdict(Status.RUNTIME_ERROR, "r1", "not entered"),
    verdict(Status.COMPILE_ERROR, "c1"),
    verdict(Status.PENDING, "p1", "interrupted"),
)

FAILED = TestResult(
    "t.py::b[x|y]",
    TestOutcome.FAILED,
    0.2,
    Failure("call", "ValueError", "bad\n100%, `x`: <y> \x00", by_assertion=False, excerpt="E \x1b"),
)


def whole(*names: str) -> Account:
    """An answer with something of every kind, of which some is accepted."""
    units = (
        unit(Guard.TOUCHED, SURVIVED),
        unit(Guard.UNTOUCHED, name="gone"),
        unit(Guard.UNKNOWN, name="dim"),
        unit(Guard.NO_MUTANTS, name="bare"),
        unit(Guard.GUARDED, KILLED, name="good"),
    )
    results = {**result(TestOutcome.PASSED), FAILED.node_id: FAILED}
    results["t.py::c"] = TestResult("t.py::c", TestOutcome.SKIPPED, 0.0, None)
    results["t.py::d"] = TestResult("t.py::d", TestOutcome.NOT_RUN, 0.0, None)
    of = replace(
        answer(*ALL, units=units), results=results, inconclusive=("odd",), notices=("note",)
    )
    of = with_accepted(of, *names)
    evidence = (Evidence("what it ran", "```\ncode", "python"),)
    found = (replace(finding(), evidence=evidence),)
    return Account(of, found, decide(TIGHT, of, found), ExitCode.BASELINE, texts={"tax.py": TEXT})


def plain(of: Answer | None = None) -> Account:
    return Account(of or answer(), texts={"tax.py": TEXT})


ACCOUNTS = {
    "everything": whole(),
    "some accepted": whole("s1", "w1234567", "n1"),
    "a good change": plain(),
    "nothing at all": plain(replace(answer(units=()), verdicts=(), results={})),
}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_sarif_keeps_to_its_schema(name: str) -> None:
    check_sarif(json.loads(rendered("sarif", ACCOUNTS[name])))


@pytest.mark.parametrize("name", ACCOUNTS)
def test_elements_keep_to_their_schema(name: str) -> None:
    check_elements(json.loads(rendered("elements", ACCOUNTS[name])))


@pytest.mark.parametrize("name", ACCOUNTS)
def test_records_keep_to_the_published_schema(name: str) -> None:
    check_record(json.loads(json.dumps(account_json(ACCOUNTS[name]))))
    assert json.loads(rendered("json", ACCOUNTS[name]))["verb"] == "gate"


def test_the_schema_of_records_refuses_a_field_that_is_missing_or_unknown() -> None:
    record = json.loads(json.dumps(account_json(plain())))
    for wrong in ({**record, "more": 1}, {k: v for k, v in record.items() if k != "gate"}):
        with pytest.raises(Exception, match=r"more|gate"):
            check_record(wrong)


@pytest.mark.parametrize("format", sorted(FORMATS))
@pytest.mark.parametrize("name", ["everything", "some accepted"])
def test_no_format_hides_a_survivor_a_finding_or_an_acceptance(name: str, format: str) -> None:
    account = ACCOUNTS[name]
    text = rendered(format, account)
    told = ["s1", "s2"] + ["w1234567"] * (format != "elements")
    if format in ("sarif", "codequality", "annotations"):
        told = [f"assay show {one}" if one[0] == "s" else one for one in told]
    assert [one for one in told if one not in text] == []
    if account.answer.accepted.holding:
        assert "both are the same" in text
        assert "equivalent" in text


# -- issues


def test_every_survivor_function_failure_and_finding_is_an_issue() -> None:
    found = [issue.rule for issue in issues(whole())]
    assert found == [
        "failing-test",
        "unguarded",
        "unguarded",
        "survivor",
        "survivor",
        "no-coverage",
        "timeout",
        "rotten-green",
    ]


def test_fingerprints_differ_and_do_not_depend_on_lines() -> None:
    first = [issue.fingerprint for issue in issues(whole())]
    assert len(set(first)) == len(first)
    moved = tuple(replace(v, mutant=replace(v.mutant, span=Span(9, 0, 9, 1))) for v in ALL)
    account = whole()
    later = replace(account, answer=replace(account.answer, verdicts=moved))
    assert [issue.fingerprint for issue in issues(later)] == first


def test_a_function_whose_mutants_are_all_accepted_is_no_issue_of_its_own() -> None:
    rules = [issue.rule for issue in issues(whole("s1"))]
    assert rules.count("unguarded") == 1


def test_tests_of_a_project_below_the_repository_have_their_place_in_it() -> None:
    account = replace(whole(), below="service")
    assert issues(account)[0].path == "service/t.py"


# -- SARIF


def sarif(account: Account) -> Any:
    return json.loads(rendered("sarif", account))["runs"][0]


def test_sarif_says_what_is_accepted_as_suppressed() -> None:
    results = sarif(whole("s1"))["results"]
    held = {r["properties"]["assayId"] for r in results if "suppressions" in r}
    assert held == {"s1"}
    (one,) = [r for r in results if "suppressions" in r]
    assert one["suppressions"][0]["justification"] == "equivalent: both are the same"


def test_sarif_columns_count_from_one() -> None:
    (one,) = [r for r in sarif(plain(answer(SURVIVED)))["results"] if r["ruleId"] == "survivor"]
    assert one["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 3,
        "endLine": 3,
        "startColumn": 12,
        "endColumn": 13,
    }


def test_sarif_paths_are_percent_encoded() -> None:
    odd = replace(SURVIVED, mutant=mutant("s1", path="a b/größe#1.py"))
    results = sarif(plain(replace(answer(odd), diffs={"s1": ""})))["results"]
    uri = results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "a%20b/gr%C3%B6%C3%9Fe%231.py"


def test_sarif_says_whether_the_run_was_good() -> None:
    def good(code: ExitCode) -> bool:
        told = sarif(replace(plain(), code=code))["invocations"][0]
        assert told["exitCode"] == code
        return bool(told["executionSuccessful"])

    assert good(ExitCode.CLEAN)
    assert good(ExitCode.GATE)
    assert not good(ExitCode.INCONCLUSIVE)
    notes = sarif(whole())["invocations"][0]["toolExecutionNotifications"]
    assert {"level": "error", "message": {"text": "not conclusive: odd"}} in notes


# -- mutation-testing-elements

WIDE = "RATE = 1\ndef rate(n):\n    x = '😀é'; return n + 1  # 😀\n"


def wide_mutant() -> Mutant:
    line = WIDE.split("\n")[2]
    at = line.index("n + 1")
    return replace(mutant("s1"), span=Span(3, at, 3, at + 5), original="n + 1", replacement="n - 1")


def test_elements_columns_are_utf16_units_from_one() -> None:
    of = answer(replace(SURVIVED, mutant=wide_mutant()))
    report = elements_report(replace(plain(of), texts={"tax.py": WIDE}))
    (one,) = report["files"]["tax.py"]["mutants"]
    line = WIDE.split("\n")[2].encode("utf-16-le")
    start, end = (one["location"][side]["column"] - 1 for side in ("start", "end"))
    assert line[2 * start : 2 * end].decode("utf-16-le") == "n + 1"
    assert start == wide_mutant().span.start_column + 1


def test_elements_of_a_file_that_has_changed_are_refused() -> None:
    for texts in ({}, {"tax.py": "x = 1\n"}, {"tax.py": TEXT.replace("1", "2")}):
        with pytest.raises(UsageError, match=r"tax.py, which is not what was mutated"):
            elements_report(replace(plain(), texts=texts))


def test_elements_name_each_test_once_and_all_that_mutants_name() -> None:
    report = elements_report(whole())
    tests = [t["id"] for file in report["testFiles"].values() for t in file["tests"]]
    assert len(set(tests)) == len(tests)
    mutants = report["files"]["tax.py"]["mutants"]
    named = {t for m in mutants for t in [*m["coveredBy"], *m.get("killedBy", [])]}
    assert named <= set(tests)


def test_elements_show_what_is_accepted_as_ignored_with_the_reason() -> None:
    mutants = {m["id"]: m for m in elements_report(whole("s1"))["files"]["tax.py"]["mutants"]}
    assert mutants["s1"]["status"] == "Ignored"
    assert mutants["s1"]["statusReason"] == "Survived, accepted (equivalent): both are the same"
    assert mutants["s2"]["status"] == "Survived"
    assert mutants["k"]["killedBy"] == ["t.py::a"]


# -- GitHub


def test_annotations_escape_what_would_end_a_property_or_a_line() -> None:
    lines = workflow_commands(whole()).splitlines()
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)
    (failing,) = [line for line in lines if "title=assay%3A b[x|y] fails" in line]
    assert failing.endswith("::t.py::b[x|y]: ValueError: bad%0A100%25, `x`: <y> \x00")


def test_annotations_begin_with_what_the_gate_refused() -> None:
    lines = workflow_commands(whole()).splitlines()
    assert lines[0].startswith("::error title=assay gate%3A tests-pass::1 test fails")
    passed = replace(whole(), decision=decide(replace(TIGHT, advisory=True), answer(SURVIVED)))
    assert workflow_commands(passed).startswith("::notice title=assay gate%3A max-survivors::")


def test_what_is_accepted_is_only_a_notice() -> None:
    (line,) = [x for x in workflow_commands(whole("s1")).splitlines() if "assay show s1" in x]
    assert line.startswith("::notice ")
    assert "(accepted)" in line


# -- GitLab


def test_code_quality_issues_have_what_gitlab_asks_for() -> None:
    rows = json.loads(rendered("codequality", whole("s1")))
    assert len({row["fingerprint"] for row in rows}) == len(rows) == len(issues(whole("s1")))
    for row in rows:
        assert row.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert row["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert row["location"]["lines"]["begin"] >= 1
    assert [row["severity"] for row in rows if "Accepted (equivalent: " in row["description"]] == [
        "info"
    ]


# -- JUnit


def suites(account: Account) -> dict[str, Xml.Element]:
    root = Xml.fromstring(rendered("junit", account))
    assert root.tag == "testsuites"
    return {suite.attrib["name"].removeprefix("assay "): suite for suite in root}


def test_junit_counts_what_it_holds() -> None:
    found = suites(whole("s1"))
    assert list(found) == ["tests", "guard", "mutants", "weak tests", "gate"]
    for suite in found.values():
        cases = list(suite)
        assert suite.attrib["tests"] == str(len(cases))
        for attribute, tag in (
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            count = sum(case.find(tag) is not None for case in cases)
            assert suite.attrib[attribute] == str(count)


def test_junit_says_of_each_mutant_what_happened() -> None:
    def outcome(case: Xml.Element) -> str:
        return case[0].tag if len(case) else ""

    found = {c.attrib["name"].split()[0]: outcome(c) for c in suites(whole("s1"))["mutants"]}
    assert found == {
        "k": "",
        "s1": "skipped",
        "s2": "failure",
        "n1": "failure",
        "t1": "",
        "r1": "error",
        "c1": "skipped",
        "p1": "skipped",
    }


def test_junit_holds_no_character_that_xml_forbids() -> None:
    (case,) = [c for c in suites(whole())["tests"] if c.attrib["name"] == "b[x|y]"]
    assert "\ufffd" in case[0].attrib["message"]


def test_an_advisory_gate_is_no_failure_in_junit() -> None:
    of = answer(SURVIVED)
    account = Account(of, (), decide(replace(TIGHT, advisory=True), of))
    gate = suites(account)["gate"]
    assert (gate.attrib["failures"], gate.attrib["skipped"]) == ("0", "1")


# -- Markdown


def test_markdown_begins_with_its_mark_and_the_verdict() -> None:
    lines = markdown(whole()).splitlines()
    assert lines[0] == "<!-- assay -->"
    assert lines[2].startswith("### Gate failed (tight): ")
    assert markdown(plain()).splitlines()[2] == "### 1 function changed: 1 guarded."


def test_markdown_fences_are_longer_than_the_fences_in_a_text() -> None:
    assert "````python\n```\ncode\n````" in markdown(whole())


def test_markdown_cells_hold_no_bare_pipe() -> None:
    odd = unit(Guard.GUARDED, name="a|b`c")
    (row,) = [x for x in markdown(plain(answer(units=(odd,)))).splitlines() if "a\\|b`c" in x]
    assert "`` a\\|b`c ``" in row


def test_markdown_words_mean_nothing_but_code() -> None:
    of = replace(answer(), notices=("a *b* <c> [d](e) `f*` #1",))
    assert "- Note: a \\*b\\* \\<c\\> \\[d\\](e) `f*` \\#1." in markdown(plain(of))


def test_markdown_stops_after_ten_survivors_and_says_how_many_more() -> None:
    many = tuple(verdict(Status.SURVIVED, f"s{n}") for n in range(12))
    text = markdown(plain(answer(*many)))
    assert text.count("<details>") == 10
    assert "… and 2 more survivors: `assay gate --all` shows them." in text


def covered_by(*tests: str) -> Verdict:
    return replace(SURVIVED, covering=tests)


def test_markdown_names_the_tests_that_noticed_nothing() -> None:
    assert "- `t.py::test[``]`" not in markdown(plain(answer(covered_by("t.py::test[``]"))))
    assert "``` t.py::test[``] ```" in markdown(plain(answer(covered_by("t.py::test[``]"))))

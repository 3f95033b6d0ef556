"""SARIF 2.1.0, which code hosts and editors read: a result for each issue (pure).

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. What is accepted is a suppressed
result; what makes the answer not conclusive is a notification of the tool.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from assay.errors import ExitCode
from assay.report.account import Account
from assay.report.issues import RULES, Issue, issues

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(account: Account) -> str:
    """The log as text."""
    return json.dumps(sarif_log(account), indent=1, ensure_ascii=False) + "\n"


def sarif_log(account: Account) -> dict[str, Any]:
    found = issues(account)
    rules = {issue.rule: RULES.get(issue.rule, f"Weak test: {issue.rule}") for issue in found}
    index = {rule: number for number, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "assay",
                "version": account.answer.versions.get("assay", ""),
                "rules": [
                    {"id": rule, "shortDescription": {"text": title}}
                    for rule, title in rules.items()
                ],
            }
        },
        "automationDetails": {"id": f"assay/{account.answer.verb}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "SRCROOT": {"description": {"text": "the top of the repository"}},
        },
        "invocations": [_invocation(account)],
        "results": [_result(issue, index[issue.rule]) for issue in found],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _invocation(account: Account) -> dict[str, Any]:
    told = [
        {"level": "error", "message": {"text": f"not conclusive: {problem}"}}
        for problem in account.answer.inconclusive
    ]
    told += [{"level": "note", "message": {"text": notice}} for notice in account.answer.notices]
    if account.decision is not None:
        level = "note" if account.decision.passed else "error"
        told += [
            {"level": level, "message": {"text": f"{one.rule}: {one.sentence}. Next: {one.todo}."}}
            for one in account.decision.refusals
        ]
    broken = (ExitCode.INTERRUPTED, ExitCode.INCONCLUSIVE)
    return {
        "executionSuccessful": account.code not in broken,
        "exitCode": int(account.code),
        "toolExecutionNotifications": told,
    }


def _result(issue: Issue, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": issue.rule,
        "ruleIndex": index,
        "level": issue.level.value,
        "message": {"text": issue.message},
        "locations": [{"physicalLocation": _location(issue)}],
        "partialFingerprints": {"assay/v1": issue.fingerprint},
    }
    if issue.id:
        result["properties"] = {"assayId": issue.id}
    if issue.accepted is not None:
        reason = f"{issue.accepted.stance.value}: {issue.accepted.reason}"
        result["suppressions"] = [{"kind": "external", "justification": reason}]
    return result


def _location(issue: Issue) -> dict[str, Any]:
    span = issue.span
    region = {"startLine": span.start_line, "endLine": span.end_line}
    if (span.end_line, span.end_column) > (span.start_line, span.start_column):
        region |= {"startColumn": span.start_column + 1, "endColumn": span.end_column + 1}
    return {
        "artifactLocation": {"uri": quote(issue.path), "uriBaseId": "SRCROOT"},
        "region": region,
    }

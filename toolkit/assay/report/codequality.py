"""GitLab's code quality report: a list of issues, shown in a merge request (pure).

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json
from typing import Any

from assay.report.account import Account
from assay.report.issues import Issue, Level, issues

_SEVERITIES = {Level.ERROR: "critical", Level.WARNING: "major", Level.NOTE: "minor"}


def codequality(account: Account) -> str:
    """The report as text."""
    rows = [_row(issue) for issue in issues(account)]
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def _row(issue: Issue) -> dict[str, Any]:
    accepted, span = issue.accepted, issue.span
    words = issue.message
    if accepted is not None:
        words = f"Accepted ({accepted.stance.value}: {accepted.reason}). {words}"
    return {
        "description": words,
        "check_name": f"assay/{issue.rule}",
        "fingerprint": issue.fingerprint,
        "severity": "info" if accepted is not None else _SEVERITIES[issue.level],
        "location": {
            "path": issue.path,
            "lines": {"begin": span.start_line, "end": span.end_line},
        },
    }

"""The formats that a report can be written in, each a function from an account to text (pure)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.report.account import Account
from assay.report.annotations import workflow_commands
from assay.report.as_json import account_json
from assay.report.codequality import codequality
from assay.report.elements import elements
from assay.report.gate_text import account_text
from assay.report.html import html
from assay.report.junit import junit
from assay.report.markdown import markdown
from assay.report.sarif import sarif


@dataclass(frozen=True, slots=True)
class Output:
    """A report to write: its format, and where; None is standard output."""

    format: str
    file: Path | None


def _json(account: Account) -> str:
    return json.dumps(account_json(account), indent=1, ensure_ascii=False) + "\n"


def _text(account: Account) -> str:
    return account_text(account)


FORMATS: Mapping[str, Callable[[Account], str]] = {
    "annotations": workflow_commands,
    "codequality": codequality,
    "elements": elements,
    "html": html,
    "json": _json,
    "junit": junit,
    "markdown": markdown,
    "sarif": sarif,
    "text": _text,
}
"""By the name that `--report` takes."""


def rendered(format: str, account: Account) -> str:
    return FORMATS[format](account)

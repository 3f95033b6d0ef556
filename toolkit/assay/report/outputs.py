"""The formats that a report can be written in, each a function from an account to text (pure)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.report.account import Account
from assay.report.as_json import account_json


@dataclass(frozen=True, slots=True)
class Output:
    """A report to write: its format, and where; None is standard output."""

    format: str
    file: Path | None


def _json(account: Account) -> str:
    return json.dumps(account_json(account), indent=1, ensure_ascii=False) + "\n"


FORMATS: Mapping[str, Callable[[Account], str]] = {
    "json": _json,
}


def rendered(format: str, account: Account) -> str:
    return FORMATS[format](account)

"""Validates reports: against the schemas of others as they are, and against our own closed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, Draft7Validator, Draft202012Validator

CHECKOUT = Path(__file__).parents[1]


def _read(path: str) -> Any:
    return json.loads((CHECKOUT / path).read_text(encoding="utf-8"))


def _closed(schema: Any) -> Any:
    """Readers must take fields that they do not know; a record has none that is not documented."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _closed(value) for key, value in schema.items()}
    if "properties" in found:
        found["additionalProperties"] = False
    return found


def check_sarif(log: Any) -> None:
    Draft4Validator(_read("tests/schemas/sarif-2.1.0.json")).validate(log)


def check_elements(report: Any) -> None:
    Draft7Validator(_read("tests/schemas/mutation-testing-elements.json")).validate(report)


def check_record(record: Any) -> None:
    """A record of `assay impact`, `mutate`, `merge` or `gate`."""
    schema = _read("docs/answer.schema.json")
    Draft202012Validator.check_schema(schema)
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(_closed(schema), format_checker=checker).validate(record)

"""The report of mutation-testing-elements, schema version 2, which Stryker's viewer opens (pure).

https://github.com/stryker-mutator/mutation-testing-elements: columns count from 1 in UTF-16 units,
which is what JavaScript counts. What is accepted is `Ignored` there, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from assay.errors import UsageError
from assay.model.mutant import Mutant, Status, Verdict
from assay.mutation.positions import LineTable
from assay.report.account import Account

HIGH, LOW = 80, 60
"""The shares at which the viewer turns yellow and red; its own defaults."""


def elements(account: Account) -> str:
    """The report as text. UsageError if a file is not what its mutants were made of."""
    return json.dumps(elements_report(account), indent=1, ensure_ascii=False) + "\n"


def elements_report(account: Account) -> dict[str, Any]:
    verdicts = account.answer.verdicts
    paths = sorted({verdict.mutant.path for verdict in verdicts})
    versions = account.answer.versions
    return {
        "schemaVersion": "2",
        "thresholds": {"high": HIGH, "low": LOW},
        "files": {
            path: _file(account, path, [v for v in verdicts if v.mutant.path == path])
            for path in paths
        },
        "testFiles": _test_files(account, verdicts),
        "framework": {
            "name": "assay",
            "version": versions.get("assay", ""),
            "dependencies": {
                name: versions[name] for name in ("mutmut", "python") if name in versions
            },
        },
    }


def _file(account: Account, path: str, verdicts: Iterable[Verdict]) -> dict[str, Any]:
    text = account.texts.get(path)
    if text is None:
        raise _stale(path)
    table = LineTable.of(text)
    return {
        "language": "python",
        "source": text,
        "mutants": [_mutant(account, verdict, text, table) for verdict in verdicts],
    }


def _stale(path: str) -> UsageError:
    return UsageError(
        f"the elements report shows {path}, which is not what was mutated: check out what was, "
        "or run again"
    )


def _mutant(account: Account, verdict: Verdict, text: str, table: LineTable) -> dict[str, Any]:
    mutant = verdict.mutant
    row: dict[str, Any] = {
        "id": mutant.id,
        "mutatorName": mutant.operator,
        "replacement": mutant.replacement,
        "location": _location(mutant, text, table),
        "status": verdict.status.value,
        "coveredBy": list(dict.fromkeys(verdict.covering)),
        "testsCompleted": verdict.tests_run,
        "duration": round(1000 * verdict.seconds, 1),
    }
    if verdict.status is Status.KILLED and verdict.killer:
        row["killedBy"] = [verdict.killer]
    if verdict.reason:
        row["statusReason"] = verdict.reason
    accepted = account.accepted(mutant.id)
    if accepted is not None:
        row["status"] = Status.IGNORED.value
        row["statusReason"] = (
            f"{verdict.status.value}, accepted ({accepted.stance.value}): {accepted.reason}"
        )
    return row


def _location(mutant: Mutant, text: str, table: LineTable) -> dict[str, Any]:
    try:
        start, end = table.offsets(mutant.span)
    except ValueError:
        raise _stale(mutant.path) from None
    if text[start:end] != mutant.original:
        raise _stale(mutant.path)
    span = mutant.span
    return {
        "start": _position(span.start_line, text[start - span.start_column : start]),
        "end": _position(span.end_line, text[end - span.end_column : end]),
    }


def _position(line: int, before: str) -> dict[str, int]:
    """A place by the text before it on its line."""
    return {"line": line, "column": len(before.encode("utf-16-le", "surrogatepass")) // 2 + 1}


def _test_files(account: Account, verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """Every test that covers a mutant or ran without one, once."""
    names: dict[str, None] = dict.fromkeys(account.answer.results)
    for verdict in verdicts:
        names |= dict.fromkeys([*verdict.covering, *filter(None, [verdict.killer])])
    files: dict[str, Any] = {}
    for node_id in names:
        tests = files.setdefault(account.file_of(node_id), {"tests": []})["tests"]
        tests.append({"id": node_id, "name": node_id.partition("::")[2] or node_id})
    return files

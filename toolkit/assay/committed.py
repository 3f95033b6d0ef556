"""The files beside the project's code that people commit: accepted findings, and the baseline."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import tomli_w

from assay.errors import UsageError
from assay.gate.accepted import HEADER, accepted_document, parse_accepted, standing
from assay.gate.baseline import Baseline, baseline_document, parse_baseline
from assay.model.accepted import Acceptance, Standing
from assay.model.answer import Answer
from assay.model.finding import Finding
from assay.project import Project
from assay.report.write import write_text

NO_OTHERS: Mapping[str, str] = {}


def accepted_file(project: Project) -> Path:
    return project.root / project.config.accepted


def baseline_file(project: Project) -> Path:
    return project.root / project.config.baseline


def read_accepted(project: Project) -> tuple[Acceptance, ...]:
    """What was accepted; nothing without a file. UsageError with every mistake at once."""
    path = accepted_file(project)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except OSError as problem:
        raise UsageError(f"cannot read {path}: {problem.strerror}") from problem
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise UsageError(f"{path} is no TOML: {problem}") from problem
    return parse_accepted(document, str(path))


def write_accepted(project: Project, entries: Iterable[Acceptance]) -> None:
    text = HEADER + tomli_w.dumps(accepted_document(entries))
    write_text(accepted_file(project), text)


def standing_of(
    project: Project, answer: Answer, findings: Iterable[Finding], today: date
) -> Standing:
    """Which of the answers that people gave hold for what was found."""
    mutants = [verdict.mutant for verdict in answer.verdicts]
    digests = {m.id: answer.digests.get((m.path, m.unit), "") for m in mutants}
    return standing_of_findings(project, findings, today, digests)


def standing_of_findings(
    project: Project,
    findings: Iterable[Finding],
    today: date,
    others: Mapping[str, str] = NO_OTHERS,
) -> Standing:
    """Of findings, and of whatever else has the ids and digests of `others`."""
    entries = read_accepted(project)
    if not entries:
        return Standing()
    return standing(entries, {**{f.id: f.anchor.digest for f in findings}, **others}, today)


def read_baseline(project: Project) -> Baseline | None:
    """What was known; None without a file. UsageError if there is one that does not fit."""
    path = baseline_file(project)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise UsageError(f"cannot read {path}: {problem.strerror}") from problem
    except ValueError as problem:
        raise UsageError(f"{path} is no JSON: {problem}") from problem
    return parse_baseline(document, str(path))


def write_baseline(project: Project, baseline: Baseline) -> None:
    """An entry a line, so that a diff shows what came and what went."""
    document = baseline_document(baseline)
    rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in document["known"])
    head = {key: value for key, value in document.items() if key != "known"}
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    body = f' "known": [\n{rows}\n ]' if rows else ' "known": []'
    text = "\n".join(["{", *lines, body, "}"]) + "\n"
    write_text(baseline_file(project), text)

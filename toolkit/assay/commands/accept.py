"""`assay accept`: answers survivors and findings of the last runs, in a file to be committed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from assay.change.semantics import read_source
from assay.commands.common import Context
from assay.commands.show import find
from assay.committed import accepted_file, read_accepted, write_accepted
from assay.errors import ExitCode, UsageError
from assay.findings import last_findings
from assay.gate.accepted import with_entry
from assay.model.accepted import KEPT_DIGITS, SURVIVOR, Acceptance, Stance
from assay.model.finding import Finding
from assay.model.mutant import Status

ACCEPTABLE = frozenset({Status.SURVIVED, Status.NO_COVERAGE, Status.TIMEOUT})


@dataclass(frozen=True, slots=True)
class AcceptOptions:
    """`ids` are those of mutants or findings, or the beginnings of such."""

    ids: tuple[str, ...]
    reason: str
    until: date | None
    stance: Stance


def run(context: Context, options: AcceptOptions) -> int:
    if not options.reason.strip():
        raise UsageError("--reason is empty: say why, for whoever reads the file later")
    if options.until is not None and options.until < context.today:
        raise UsageError(f"--until {options.until.isoformat()} has passed already")
    entries = read_accepted(context.project)
    new = [_entry(context, wanted, options) for wanted in options.ids]
    for one in new:
        entries = with_entry(entries, one)
    write_accepted(context.project, entries)
    name = accepted_file(context.project).name
    for one in new:
        until = f"until {one.until.isoformat()} or " if one.until else ""
        unit = f"{one.path}::{one.unit}"
        context.show(f"{one.id} ({one.about}) is accepted {until}until {unit} changes.\n")
    context.show(f"Commit {name}.\n")
    return ExitCode.CLEAN


def _entry(context: Context, wanted: str, options: AcceptOptions) -> Acceptance:
    found = _finding(context, wanted)
    if found is not None:
        kind, anchor, about = found.kind, found.anchor, found.sentence
        place = found.id, anchor.path, anchor.unit, anchor.digest
    else:
        entry = find(context, wanted)
        _check(context, entry)
        kind, about = SURVIVOR, _about(entry)
        place = entry["id"], entry["path"], entry["unit"], entry["digest"]
    name, path, unit, digest = place
    return Acceptance(
        id=name,
        kind=kind,
        path=path,
        unit=unit,
        digest=digest[:KEPT_DIGITS],
        stance=options.stance,
        reason=options.reason.strip(),
        about=about,
        on=context.today,
        until=options.until,
    )


def _finding(context: Context, wanted: str) -> Finding | None:
    found = [one for one in last_findings(context.project) if one.id.startswith(wanted)]
    if len(found) > 1:
        names = ", ".join(one.id for one in found[:5])
        raise UsageError(f"{wanted!r} is the beginning of several findings: {names}")
    return found[0] if found else None


def _check(context: Context, entry: dict[str, Any]) -> None:
    """An answer must be to what is there now."""
    status = Status(entry["status"])
    if status not in ACCEPTABLE:
        raise UsageError(f"{entry['id']} is {status.value}: there is nothing to accept")
    path = context.project.repo / entry["path"]
    again = "run `assay impact` or `assay mutate` again first"
    try:
        source = read_source(entry["path"], path.read_bytes())
    except OSError as problem:
        raise UsageError(f"cannot read {entry['path']} ({problem.strerror}): {again}") from problem
    unit = source.unit(entry["unit"])
    if unit is None or unit.digest != entry.get("digest"):
        raise UsageError(
            f"{entry['path']}::{entry['unit']} is not what it was when {entry['id']} was tried: "
            f"{again}"
        )


def _about(entry: dict[str, Any]) -> str:
    """The mutant in one line."""
    before, after = (" ".join(entry[key].split()) for key in ("original", "replacement"))
    return f"{before[:60]} → {after[:60]}"

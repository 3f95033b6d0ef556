"""Runs as JSON and back: what `assay history --export` writes, see docs/json.md (pure)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from assay.model.history import FileScore, Noted, Run, Stamp

FORMAT = 1


def run_json(run: Run) -> dict[str, Any]:
    """One run; `run_of` reads it."""
    stamp = run.stamp
    return {
        "format": FORMAT,
        "at": iso(stamp.at),
        "commit": stamp.commit,
        "dirty": stamp.dirty,
        "verb": run.verb,
        "scope": run.scope,
        "exit_code": run.exit_code,
        "conclusive": run.is_sound,
        "collected": run.collected,
        "score": None if run.score is None else round(run.score, 4),
        "statuses": dict(sorted(run.statuses.items())),
        "seconds": dict(run.seconds),
        "files": [
            {
                "path": one.path,
                "killed": one.killed,
                "survived": one.survived,
                "uncovered": one.uncovered,
                "coverage": round(one.coverage, 4),
                "score": round(one.score, 4),
            }
            for one in run.files
        ],
        "findings": [
            {
                "id": one.id,
                "kind": one.kind,
                "path": one.path,
                "unit": one.unit,
                "line": one.line,
                "sentence": one.sentence,
                "accepted": one.accepted,
            }
            for one in run.noted
        ],
    }


def run_of(row: dict[str, Any]) -> Run:
    """KeyError, TypeError or ValueError for what is no such row."""
    if row["format"] != FORMAT:
        raise ValueError(f"format {row['format']}")
    when = datetime.strptime(row["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return Run(
        stamp=Stamp(int(when.timestamp()), row["commit"], row["dirty"]),
        verb=row["verb"],
        scope=row["scope"],
        exit_code=int(row["exit_code"]),
        is_sound=bool(row["conclusive"]),
        collected=int(row["collected"]),
        statuses={name: int(count) for name, count in row["statuses"].items()},
        seconds={name: float(value) for name, value in row["seconds"].items()},
        files=tuple(
            FileScore(one["path"], int(one["killed"]), int(one["survived"]), int(one["uncovered"]))
            for one in row["files"]
        ),
        noted=tuple(
            Noted(
                one["id"],
                one["kind"],
                one["path"],
                one["unit"],
                int(one["line"]),
                one["sentence"],
                bool(one["accepted"]),
            )
            for one in row["findings"]
        ),
    )


def iso(at: int) -> str:
    """Seconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

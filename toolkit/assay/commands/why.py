"""`assay why`: what a test depends on, or which tests depend on a line."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from assay.change.semantics import read_source
from assay.commands.common import Context
from assay.errors import AssayError, ExitCode, NothingToCompare, UsageError
from assay.gather import NO_CHANGE
from assay.impact.record import Tree
from assay.impact.store import reading
from assay.model.impact import ImpactMap, Source, test_key
from assay.model.source import SourceFile
from assay.pipeline import choose_tests, load_map, read_change
from assay.project import Project
from assay.report.as_json import FORMAT
from assay.report.why import line_text, test_text
from assay.selection.explain import LineUsers, TestNeeds, needs_of_test, users_of_line

_LINE = re.compile(r"^(?P<path>.+):(?P<line>\d+)$")


@dataclass(frozen=True, slots=True)
class WhyOptions:
    """`subject` is a node id, or FILE:LINE; `base` what the change is compared with."""

    subject: str
    base: str | None
    format: str
    everything: bool


def run(context: Context, options: WhyOptions) -> int:
    impact, notice = load_map(context.project)
    if not impact.nodes:
        raise UsageError(notice or "there is no impact map yet: run `assay map` first")
    match = _LINE.match(options.subject)
    if test_key(options.subject) in impact.nodes:
        needs = needs_of_test(impact, options.subject, _sources(context.project, impact))
        now = _selected_now(context, options)
        text, record = f"{now.words}\n\n{test_text(needs, options.everything)}", _needs_json(needs)
        record |= {"compared": now.compared, "selected": now.selected, "reasons": list(now.reasons)}
    elif match is not None and "::" not in options.subject:
        users = _line(context.project, impact, match["path"], int(match["line"]))
        text, record = line_text(users, options.everything), _users_json(users)
    else:
        raise UsageError(
            f"the map knows no test {options.subject!r}: give a full node id as "
            "`assay select --format ids` prints it, or FILE:LINE"
        )
    shown = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    context.out(shown if options.format == "json" else text)
    return ExitCode.CLEAN


@dataclass(frozen=True, slots=True)
class _Now:
    """Whether the change at hand selects the test, and the words for it."""

    compared: str
    selected: bool
    reasons: tuple[str, ...]
    words: str


def _selected_now(context: Context, options: WhyOptions) -> _Now:
    change, compared = NO_CHANGE, "the tree against what was recorded"
    try:
        change = read_change(context.project, options.base, None)
        compared = change.change.description
    except NothingToCompare:
        if options.base is not None:
            raise
    try:
        chosen = choose_tests(context.project, change, context.progress)
    except AssayError as problem:
        # What is recorded can be told without the project's interpreter.
        words = f"Whether it is selected now cannot be told: {problem.message}."
        return _Now(compared, False, (), words)
    for test in chosen.selection.selected:
        if test.node_id == options.subject:
            reasons = tuple(reason.text for reason in test.reasons)
            shown = "\n".join(f"  because: {reason}" for reason in reasons)
            return _Now(compared, True, reasons, f"Selected ({compared}):\n{shown}")
    words = f"Not selected ({compared}): nothing that it depends on has changed."
    if options.subject not in chosen.selection.dropped:
        words = f"Not selected ({compared}): pytest no longer collects it."
    return _Now(compared, False, (), words)


def _line(project: Project, impact: ImpactMap, path: str, line: int) -> LineUsers:
    places = [Path.cwd() / path, project.root / path, project.repo / path]
    full = next((place.resolve() for place in places if place.is_file()), None)
    if full is None or not full.is_relative_to(project.repo):
        raise UsageError(f"no file {path} in the project")
    relative = full.relative_to(project.repo).as_posix()
    source = Tree(project.repo).source(relative)
    if source is None or line < 1 or line > max(source.module.last_line, 1):
        raise UsageError(f"{path} has no line {line}")
    unit = source.unit_of_line(line)
    return users_of_line(impact, source, unit, line, _sources(project, impact, relative))


def _sources(project: Project, impact: ImpactMap, only: str = "") -> dict[Source, SourceFile]:
    """The recorded files divided into units; `only`: the versions of one file."""
    wanted = {
        (path, lines.sha)
        for node in impact.nodes.values()
        for path, lines in node.lines.items()
        if only in ("", path)
    }
    with reading(project.map_file) as (store, _):
        texts = store.texts(wanted)
    return {
        source: replace(read_source(source[0], text.encode("utf-8", "replace")), sha=source[1])
        for source, text in texts.items()
    }


def _needs_json(needs: TestNeeds) -> dict[str, object]:
    return {
        "format": FORMAT,
        "test": needs.node_id,
        "outcome": needs.outcome,
        "units": [f"{path}::{unit}" for path, unit in needs.direct],
        "through": {key: list(units) for key, units in needs.through.items()},
        "files": list(needs.files),
        "opaque": list(needs.opaque),
    }


def _users_json(users: LineUsers) -> dict[str, object]:
    return {
        "format": FORMAT,
        "path": users.path,
        "line": users.line,
        "unit": users.unit,
        "stale": users.stale,
        "ran_the_line": list(users.ran_line),
        "ran_the_unit": list(users.ran_unit),
        "through": {test: list(chain) for test, chain in users.through.items()},
    }

"""`assay mutate`: mutants of chosen places, or of the change, against the tests that cover them."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.answering import (
    Part,
    Request,
    answer,
    mutation_settings,
)
from assay.change.semantics import read_source
from assay.commands.common import Context, deliver, with_accepted
from assay.errors import ExitCode, UsageError
from assay.gather import NO_CHANGE
from assay.model.answer import Partial
from assay.mutating import ALL, Effort, mutants_of
from assay.mutation.apply import unified_diff
from assay.mutation.portion import WHOLE, Shard, Size, sampled, unit_of
from assay.mutation.settings import Settings
from assay.mutation.targets import Target, diffs_of, target_of, targets_of_change
from assay.pipeline import read_change
from assay.project import Project, is_test_file
from assay.report.as_json import FORMAT, left_json, mutant_json
from assay.report.text import left_line, mutants_text

_LINES = re.compile(r"^(?P<path>.+?):(?P<first>\d+)(?:-(?P<last>\d+))?$")


@dataclass(frozen=True, slots=True)
class MutateOptions:
    """`paths` are files or directories, each with an optional `:LINE` or `:FIRST-LAST`; `sample`
    and `shard` choose some of their mutants."""

    paths: tuple[str, ...]
    changed: bool
    base: str | None
    only: tuple[str, ...]
    list_only: bool
    format: str
    everything: bool
    operators: str = "all"
    extreme: bool = False
    effort: Effort = ALL
    sample: Size | None = None
    shard: Shard = WHOLE


def run(context: Context, options: MutateOptions) -> int:
    request = _request(context.project, options)
    targets = _only(request.targets or (), options.only)
    if options.list_only and options.everything and any(target.left for target in targets):
        _list(context, targets, options)
        return ExitCode.CLEAN
    if not any(target.mutants for target in targets):
        raise _nothing_to_run(request, targets, options.only)
    targets, part = _part(targets, options)
    if options.list_only:
        _list(context, targets, options)
        return ExitCode.CLEAN
    request = replace(request, targets=targets, effort=options.effort, part=part)
    found = with_accepted(context, answer(context.project, request, context.progress))
    return deliver(context, found, options.format, options.everything)


def _nothing_to_run(
    request: Request, targets: tuple[Target, ...], only: tuple[str, ...]
) -> UsageError:
    which = f"is no mutant {' or '.join(only)}" if only else "are no mutants"
    message = f"there {which} in {request.compared}"
    left = Counter(one.reason for target in targets for one in target.left)
    if left:
        message += f" to run: {left_line(left)} `--list --all` shows them"
    return UsageError(message, request.inconclusive)


def _request(project: Project, options: MutateOptions) -> Request:
    if options.changed == bool(options.paths):
        raise UsageError("say what to mutate: either --changed, or paths such as src/shop/tax.py")
    if options.base is not None and not options.changed:
        raise UsageError("--base says what --changed compares with: give both")
    settings = mutation_settings(project, options.operators, options.extreme)
    if options.changed:
        change = read_change(project, options.base, None)
        tests = {f.path for f in change.change.files if is_test_file(f.path, frozenset())}
        found, problems = targets_of_change(change, tests, settings)
        compared = _worded(change.change.description, options)
        return Request("mutate", compared, change, tuple(found), tuple(problems))
    notices: list[str] = []
    targets = [
        target for text in options.paths for target in targets_at(project, text, notices, settings)
    ]
    places = sorted({_relative(project, text) for text in options.paths})
    compared = _worded(", ".join(places), options)
    return Request("mutate", compared, NO_CHANGE, tuple(targets), tuple(notices))


def _worded(asked: str, options: MutateOptions) -> str:
    """What was asked for, and which mutants of it: the history compares only like with like."""
    words = ["--extreme"] if options.extreme else []
    if options.operators != "all":
        words.append(f"--operators {options.operators}")
    words += [f"--only {one}" for one in options.only]
    place, colon, count = asked.partition(": ")
    return ", ".join([place, *words]) + colon + count


def _relative(project: Project, text: str) -> str:
    """A PATH[:LINES] argument from the repository, however it was typed and from wherever."""
    path, lines = _place(text)
    full = (path if path.is_absolute() else _existing(project, path)).resolve()
    shown = full.relative_to(project.repo).as_posix()
    if lines is None:
        return shown
    first, last = min(lines), max(lines)
    return f"{shown}:{first}" if first == last else f"{shown}:{first}-{last}"


def targets_at(project: Project, text: str, notices: list[str], settings: Settings) -> list[Target]:
    """The mutants of one PATH[:LINES] argument."""
    path, lines = _place(text)
    full = path if path.is_absolute() else _existing(project, path)
    full = full.resolve()
    if not full.is_relative_to(project.repo):
        raise UsageError(f"{text} is outside the project at {project.repo}")
    if full.is_dir():
        known = sorted(project.python_files())
        inside = [p for p in known if (project.repo / p).is_relative_to(full)]
        files = [project.repo / p for p in inside if not is_test_file(p, frozenset())]
    elif full.is_file():
        files = [full]
    else:
        raise UsageError(f"no file or directory {text}")
    found = []
    for file in files:
        relative = file.relative_to(project.repo).as_posix()
        content = file.read_bytes()
        source = read_source(relative, content)
        target = target_of(source, content, lines, notices, settings)
        if target is not None:
            found.append(target)
    return found


def _existing(project: Project, path: Path) -> Path:
    """A relative path is meant from where the user stands, from the project, or from the
    repository (as reports print it): the first that exists."""
    places = [Path.cwd() / path, project.root / path, project.repo / path]
    inside = [place for place in places if place.resolve().is_relative_to(project.repo)]
    return next((place for place in inside if place.exists()), places[1])


def _place(text: str) -> tuple[Path, frozenset[int] | None]:
    match = _LINES.match(text)
    if match is None:
        return Path(text), None
    first = int(match["first"])
    last = int(match["last"] or first)
    if first < 1 or last < first:
        raise UsageError(f"{text}: lines are :LINE or :FIRST-LAST, counted from 1")
    return Path(match["path"]), frozenset(range(first, last + 1))


def _only(targets: tuple[Target, ...], ids: tuple[str, ...]) -> tuple[Target, ...]:
    if not ids:
        return targets
    return tuple(
        replace(
            target,
            mutants=tuple(m for m in target.mutants if m.id.startswith(ids)),
            left=tuple(one for one in target.left if one.mutant.id.startswith(ids)),
        )
        for target in targets
    )


def _part(targets: tuple[Target, ...], options: MutateOptions) -> tuple[tuple[Target, ...], Part]:
    """The targets with the mutants of the sample and the shard only, and what these are a part of:
    the sample is drawn first, so that all shards draw the same."""
    mutants = mutants_of(targets)
    ids = frozenset(mutant.id for mutant in mutants)
    seed, budget = options.effort.seed, options.effort.budget
    if options.sample is not None:
        ids = sampled(mutants, options.sample, seed)
    partial = None
    if len(ids) < len(mutants) or budget is not None:
        sample = str(options.sample) if options.sample is not None else ""
        partial = Partial(sample, budget, seed, Counter(unit_of(mutant) for mutant in mutants))
    chosen = tuple(
        replace(
            target,
            mutants=tuple(m for m in target.mutants if m.id in ids and options.shard.has(m.id)),
        )
        for target in targets
    )
    drawn = f"sample {options.sample} seed {seed}" if options.sample is not None else ""
    return chosen, Part(tuple(sorted(ids)), options.shard, drawn, partial)


def _list(context: Context, targets: tuple[Target, ...], options: MutateOptions) -> None:
    mutants = [mutant for target in targets for mutant in target.mutants]
    left = [one for target in targets for one in target.left]
    if options.format == "text":
        context.show(mutants_text(mutants, left, options.everything))
        return
    diffs = diffs_of(targets)
    record: dict[str, Any] = {
        "format": FORMAT,
        "mutants": [mutant_json(mutant, diffs[mutant.id]) for mutant in mutants],
    }
    if options.everything:
        record["left"] = [
            left_json(one, unified_diff(one.mutant.path, target.text, one.mutant))
            for target in targets
            for one in target.left
        ]
    context.out(json.dumps(record, indent=1, ensure_ascii=False) + "\n")

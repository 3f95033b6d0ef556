"""Where a failing test's run at head leaves the one at base: both are traced, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assay.diagnosis.alignment import Masks, align, together, varying
from assay.diagnosis.beforehand import (
    differing_names,
    masked,
    may_be_made_beforehand,
    readers,
    with_module_value,
)
from assay.diagnosis.branch import parting
from assay.diagnosis.divergence import Aligned, Origin, origins
from assay.diagnosis.sources import Sources, Text
from assay.diagnosis.telling import divergence, shown, with_branch
from assay.execution.tracing import OneCall, Traced, Tracing, nth_call
from assay.model.divergence import Divergence, NoDivergence, Trace
from assay.model.run import TestOutcome
from assay.model.source import decode
from assay.project import is_test_file
from assay.recording import Suite

CHEAP = 3.0
"""Head is run twice, too, if a traced run takes no more than so many seconds."""

NAMED = 3
"""So many functions are named whose calls were too many."""

FAILING = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})


def diverge(
    base: Suite,
    head: Suite,
    test: str,
    base_test: str | None = None,
    seconds: float | None = None,
) -> Divergence | NoDivergence:
    """The first point at which a test's run at head leaves the one at base.

    Each suite is that of a tree of its own; `base_test` is the test's id at base if it is another
    one, `seconds` what the test is known to take. Base runs twice, head once or twice: what varies
    by itself does not count. Where the origin may have branched, each side runs once more for that.
    """
    before = _Traced(base, base_test or test, seconds)
    after = _Traced(head, test, seconds)
    found = _aligned(before, after)
    if isinstance(found, NoDivergence):
        return found
    aligned, notes = found
    first = origins(aligned)
    if not first:
        none = NoDivergence(
            "no call of the project's own code differs: what does lies in code that is not the "
            "project's, in the test itself, or in objects that were made when it was collected",
            tuple(notes),
        )
        return _from_modules(none, None, aligned, before, after)
    told = _with_branch(divergence(aligned, first, notes), aligned, first[0], before, after)
    return _from_modules(told, first[0], aligned, before, after)


def _from_modules(
    told: Divergence | NoDivergence,
    origin: Origin | None,
    aligned: Aligned,
    before: _Traced,
    after: _Traced,
) -> Divergence | NoDivergence:
    """Told by what modules hold before the test, where nothing else explains the difference: each
    side runs twice more for that."""
    runs = (aligned.alignment.base, aligned.alignment.head)
    is_slow = any(run.seconds > CHEAP for run in runs)
    if is_slow or not may_be_made_beforehand(aligned, origin):
        return told
    one, two, three, four = (
        side.run(modules=True).trace for side in (before, before, after, after)
    )
    if one is None or two is None or three is None or four is None:
        return told
    repo = after.suite.project.repo

    @cache
    def text(path: str) -> Text:
        return Text(_text(repo / path))

    def assigned(path: str) -> Mapping[str, int]:
        return {name: line for name, (_, line) in text(path).names.items()}

    found = differing_names(
        one,
        three,
        together(masked(one, two), masked(three, four)),
        aligned.sources,
        lambda path: {} if path in aligned.tests else assigned(path),
    )
    names: set[str] = set()
    for path, name in readers(aligned, origin) if found else ():
        names |= text(path).names_in(name)
    return with_module_value(told, origin, found, names)


def _with_branch(
    told: Divergence, aligned: Aligned, origin: Origin, before: _Traced, after: _Traced
) -> Divergence:
    """With the line of the origin where the two runs took different ways, if there is one."""
    runs = (aligned.alignment.base, aligned.alignment.head)
    if aligned.is_unchanged_test(origin.at) or any(run.seconds > CHEAP for run in runs):
        return told
    lines = []
    for tracing, run, index in zip((before, after), runs, origin.at, strict=True):
        again = tracing.run(nth_call(run, index)).trace
        if again is None:
            return told
        lines.append(again.lines)
    path = told.place.path
    found = parting(path, lines[0], lines[1], aligned.sources)
    return told if found is None else with_branch(told, found)


@dataclass(frozen=True, slots=True)
class _Traced:
    """A suite, and the test that is traced there."""

    suite: Suite
    test: str
    seconds: float | None

    def run(self, lines: OneCall | None = None, modules: bool = False) -> Traced:
        suite = self.suite
        limits = suite.limits({} if self.seconds is None else {self.test: self.seconds})
        tracing = Tracing(suite.settings, suite.zygote, suite.collected, limits)
        return tracing.run(self.test, lines, modules)


def _aligned(before: _Traced, after: _Traced) -> tuple[Aligned, list[str]] | NoDivergence:
    """Both runs laid side by side, and what has to be said of them."""
    one, other = before.run(), after.run()
    if one.trace is None or other.trace is None:
        where, traced = ("base", one) if one.trace is None else ("head", other)
        return NoDivergence(f"the test cannot be traced at {where}: {traced.why}")
    if other.outcome not in FAILING:
        return NoDivergence(
            f"the test {other.outcome.value} at head, alone in a process of its own"
        )
    notes = [*_limits("base", one.trace), *_limits("head", other.trace)]
    if one.outcome in FAILING:
        notes.append("the test fails at base, too")
    masks: Masks = _varying(one, before.run(), notes)
    if other.trace.seconds <= CHEAP:
        masks = together(masks, _varying(other, after.run(), notes))
    head = after.suite
    paths = frozenset(item.path for item in head.collected.items if not item.is_doctest)
    tests = frozenset(path for path in head.python_files if is_test_file(path, paths))
    sources = Sources(dict(_changed(before.suite, head)))
    alignment = align(one.trace, other.trace, sources)
    return Aligned(alignment, sources, masks, tests | paths, _function(after.test)), notes


def _function(test: str) -> str:
    return test.partition("[")[0].rpartition("::")[2]


def _varying(first: Traced, second: Traced, notes: list[str]) -> Masks:
    """What differs between two runs of one tree; nothing, if there are no two."""
    if first.trace is None or second.trace is None:
        notes.append(f"a second run could not be traced: {second.why}")
        return {}
    if first.outcome is not second.outcome:
        notes.append(
            f"the test is flaky: it {first.outcome.value} once and {second.outcome.value} once"
        )
    return varying(align(first.trace, second.trace, Sources({})))


def _limits(where: str, trace: Trace) -> Iterator[str]:
    if trace.cut:
        yield f"the trace at {where} ends early: {trace.cut}"
    if trace.shortened:
        names = ", ".join(f"{shown(name)}()" for name in trace.shortened[:NAMED])
        more = ", …" if len(trace.shortened) > NAMED else ""
        yield f"of later calls at {where} objects are not told, they are too many: {names}{more}"
    for count, what in ((trace.threads, "thread"), (trace.processes, "process")):
        if count == 1:
            yield f"1 {what} was started at {where}; what it ran was not traced"
        elif count:
            many = f"{what}es" if what.endswith("s") else f"{what}s"
            yield f"{count} {many} were started at {where}; what they ran was not traced"


def _changed(base: Suite, head: Suite) -> Iterator[tuple[str, tuple[str, str]]]:
    """The Python files that are not the same in both trees, with both texts."""
    for path in sorted(base.python_files | head.python_files):
        texts = [_text(suite.project.repo / path) for suite in (base, head)]
        if texts[0] != texts[1]:
            yield path, (texts[0], texts[1])


def _text(path: Path) -> str:
    try:
        return decode(path.read_bytes())
    except (OSError, SyntaxError, LookupError, UnicodeDecodeError):
        return ""

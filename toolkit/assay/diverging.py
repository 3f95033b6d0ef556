"""Where a failing test's run at head leaves the one at base: both are traced, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assay.diagnosis.alignment import Masks, align, together, varying
from assay.diagnosis.divergence import Aligned, origins
from assay.diagnosis.sources import Sources
from assay.diagnosis.telling import divergence
from assay.execution.tracing import Traced, Tracing
from assay.model.divergence import Divergence, NoDivergence, Trace
from assay.model.run import TestOutcome
from assay.model.source import decode
from assay.project import is_test_file
from assay.recording import Suite

CHEAP = 3.0
"""Head is run twice, too, if a traced run takes no more than so many seconds."""

FAILING = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})


def diverge(
    base: Suite, head: Suite, test: str, base_test: str | None = None
) -> Divergence | NoDivergence:
    """The first point at which a test's run at head leaves the one at base.

    Each suite is that of a tree of its own; `base_test` is the test's id at base if it is another
    one. Base runs twice, head once or twice: what varies by itself does not count.
    """
    found = aligned_runs(base, head, test, base_test or test)
    if isinstance(found, NoDivergence):
        return found
    aligned, notes = found
    first = origins(aligned)
    if not first:
        return NoDivergence(
            "no call of the project's own code differs: what does lies in code that is not the "
            "project's, in the test itself, or in objects that were made when it was collected",
            tuple(notes),
        )
    return divergence(aligned, first, notes)


def aligned_runs(
    base: Suite, head: Suite, test: str, base_test: str
) -> tuple[Aligned, list[str]] | NoDivergence:
    """Both runs laid side by side, and what has to be said of them."""
    before, after = _tracing(base), _tracing(head)
    one, other = before.run(base_test), after.run(test)
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
    sources = Sources(dict(_changed(base, head)))
    same = Sources({})
    masks: Masks = {}
    for first, tracing, name in ((one, before, base_test), (other, after, test)):
        assert first.trace is not None
        if tracing is before or first.trace.seconds <= CHEAP:
            masks = together(masks, _varying(first, tracing.run(name), same, notes))
    paths = frozenset(item.path for item in head.collected.items if not item.is_doctest)
    tests = frozenset(path for path in head.python_files if is_test_file(path, paths))
    alignment = align(one.trace, other.trace, sources)
    return Aligned(alignment, sources, masks, tests | paths, _function(test)), notes


def _tracing(suite: Suite) -> Tracing:
    return Tracing(suite.settings, suite.zygote, suite.collected, suite.limits({}))


def _function(test: str) -> str:
    return test.partition("[")[0].rpartition("::")[2]


def _varying(first: Traced, second: Traced, same: Sources, notes: list[str]) -> Masks:
    if first.trace is None or second.trace is None:
        notes.append(f"a second run could not be traced: {second.why}")
        return {}
    if first.outcome is not second.outcome:
        notes.append(
            f"the test is flaky: it {first.outcome.value} once and {second.outcome.value} once"
        )
    return varying(align(first.trace, second.trace, same))


def _limits(where: str, trace: Trace) -> Iterator[str]:
    if trace.cut:
        yield f"the trace at {where} ends early: {trace.cut}"
    if trace.threads:
        yield f"{trace.threads} threads were started at {where}; what they ran was not traced"
    if trace.processes:
        yield f"{trace.processes} processes were started at {where}; they were not traced"


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

"""What an answer found, for a terminal: a card each, or a sentence if that says it all (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.model.answer import Answer, UnitAnswer
from assay.model.explanation import Explanation
from assay.model.finding import Finding
from assay.model.mutant import Status, Verdict
from assay.model.source import line_ranges, unit_name
from assay.report.explained import explanation_lines
from assay.report.first import Bare, Item, first, items, more_words
from assay.report.one_finding import card
from assay.report.text import STATUS_WORDS, expired_words, plural

FIX_MOCKED = "let one of them call the real function, and assert what it does"


def found_text(answer: Answer, findings: Iterable[Finding], limit: int) -> str:
    """The weightiest, of all kinds together, and in one line how many more there are."""
    shown, rest = first(items(answer, findings), limit)
    parts = [_item(answer, item) for item in shown]
    if rest:
        parts.append(f"… and {more_words(rest)}: --all shows them.")
    return "\n\n".join(parts)


def _item(answer: Answer, item: Item) -> str:
    found = item.found
    if isinstance(found, Finding):
        return _with_expired(answer, found.id, card(found))
    if isinstance(found, Verdict):
        name = found.mutant.id
        told = mutant_card(found, answer.diffs[name], answer.explanations.get(name))
        return _with_expired(answer, name, told)
    return mocked_card(found) if isinstance(found, UnitAnswer) else bare_line(found)


def _with_expired(answer: Answer, name: str, told: str) -> str:
    expired = answer.accepted.expired.get(name)
    return told if expired is None else f"{told}\n  {expired_words(expired)}"


def mocked_card(unit: UnitAnswer) -> str:
    """A changed function that tests only replace."""
    tests = list(unit.mocking[:3])
    more = len(unit.mocking) - len(tests)
    return (
        f"Only mocked: {unit.path}:{unit.line} {unit_name(unit.unit)}: no test runs it, and "
        f"{plural(len(unit.mocking), 'test')} put a stand-in in its place\n"
        f"  replaced in: {', '.join(tests)}{f' and {more} more' if more else ''}\n"
        f"  Fix: {FIX_MOCKED}."
    )


def bare_line(bare: Bare) -> str:
    """Mutants without coverage: one sentence says it for all of a function's lines."""
    where = line_ranges([one.mutant.statement_line for one in bare.verdicts])
    mutants = plural(len(bare.verdicts), "mutant")
    return (
        f"Without coverage: {bare.path}:{where} {unit_name(bare.scope)} ({mutants}): {bare.reason}."
    )


def mutant_card(verdict: Verdict, diff: str, found: Explanation | None = None) -> str:
    """One mutant: what happened, the change as a diff, the tests that ran it, and why they did not
    notice."""
    mutant = verdict.mutant
    place = f"{mutant.path}:{mutant.span.start_line} {unit_name(mutant.scope)}"
    head = f"{STATUS_WORDS[verdict.status].capitalize()}: {place} [{mutant.operator}] {mutant.id}"
    lines = [head, *(f"    {line}" for line in _hunk(diff))]
    if verdict.status is Status.KILLED:
        how = "an assertion" if verdict.by_assertion else "a crash"
        lines.append(f"  killed by {verdict.killer} ({how}): {verdict.reason}")
    elif verdict.reason:
        lines.append(f"  {verdict.reason}")
    if verdict.covering and verdict.status is Status.SURVIVED:
        shown = list(verdict.covering[:3])
        more = len(verdict.covering) - len(shown)
        tail = f" and {more} more" if more else ""
        lines.append(f"  ran it and noticed nothing: {', '.join(shown)}{tail}")
    if found is not None:
        lines += [f"  {line}" for line in explanation_lines(found)]
    return "\n".join(lines)


def _hunk(diff: str) -> Iterator[str]:
    """The diff without its file header."""
    yield from (line for line in diff.splitlines() if not line.startswith(("--- ", "+++ ")))

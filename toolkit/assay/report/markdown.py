"""The answer as Markdown, for a comment on a pull request or the summary of a CI step (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from assay.model.answer import Guard, UnitAnswer
from assay.model.finding import Finding
from assay.model.mutant import Verdict
from assay.model.source import line_ranges, unit_name
from assay.report.account import Account
from assay.report.explained import explanation_lines
from assay.report.first import Bare, first, items, more_words
from assay.report.found_text import FIX_MOCKED
from assay.report.gate_text import gate_line
from assay.report.issues import change_words
from assay.report.text import (
    SHOWN,
    accepted_words,
    expired_words,
    failure_words,
    head_lines,
    inconclusive_lines,
    mutant_cell,
    plural,
    worst_first,
)

MARKER = "<!-- assay -->"
"""By which a bot finds the comment it wrote before."""


def markdown(account: Account) -> str:
    """The whole report; lists stop after ten, so that it fits a comment."""
    first, *rest = map(_words, account.head or head_lines(account.answer))
    decision = account.decision
    parts = [
        MARKER,
        f"### {first}" if decision is None else f"### {_words(gate_line(decision))}\n\n**{first}**",
        "\n".join(_refusals(account)),
        "  \n".join(rest),
        "\n".join(_failures(account)),
        "\n".join(_units(account.answer.units)),
        "\n\n".join(_found(account)),
        "\n".join(f"- **Not conclusive:** {_words(x)}" for x in inconclusive_lines(account.answer)),
        "\n".join(_accepted(account)),
        "\n".join(_notices(account)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _refusals(account: Account) -> Iterator[str]:
    for one in account.decision.refusals if account.decision else ():
        yield f"- **{one.rule}**: {_words(one.sentence)}"
        yield from (f"  - {_code(item)}" for item in one.items[:SHOWN])
        if len(one.items) > SHOWN:
            yield f"  - … and {len(one.items) - SHOWN} more"
        yield f"  - Next: {_words(one.todo)}."


def _failures(account: Account) -> Iterator[str]:
    failed = account.failed
    if not failed:
        return
    yield f"**{plural(len(failed), 'test')} failed without any mutant; mend these first:**"
    yield ""
    for result in failed[:SHOWN]:
        yield f"- {_code(result.node_id)}: {_code(failure_words(result))}"
    if len(failed) > SHOWN:
        yield f"- … and {len(failed) - SHOWN} more"


def _units(units: Iterable[UnitAnswer]) -> Iterator[str]:
    ordered = worst_first(units)
    if not ordered:
        return
    yield "| | changed | where | touched → guarding tests | mutants |"
    yield "| --- | --- | --- | --- | --- |"
    for unit in ordered:
        guard = unit.guard.value if unit.guard is Guard.GUARDED else f"**{unit.guard.value}**"
        where = _code(f"{unit.path}:{unit.line}")
        tests = f"{len(unit.touching)} → {len(unit.guarding)}"
        name = _code(unit_name(unit.unit))
        yield f"| {guard} | {name} | {where} | {tests} | {mutant_cell(unit.verdicts)} |"


def _found(account: Account) -> Iterator[str]:
    """The weightiest, of all kinds together."""
    shown, rest = first(items(account.answer, account.findings), SHOWN)
    for item in shown:
        found = item.found
        if isinstance(found, Finding):
            yield _finding(account, found)
        elif isinstance(found, Verdict):
            yield _survivor(account, found)
        elif isinstance(found, UnitAnswer):
            yield _mocked(found)
        else:
            yield _bare(found)
    if rest:
        yield f"… and {more_words(rest)}: {_code(f'assay {account.answer.verb} --all')} shows them."


def _mocked(unit: UnitAnswer) -> str:
    where = f"{unit.path}:{unit.line}"
    tests = ", ".join(map(_code, unit.mocking[:3]))
    more = len(unit.mocking) - 3
    return (
        f"Only mocked: {_code(where)} {_code(unit_name(unit.unit))}: no test runs it, and "
        f"{plural(len(unit.mocking), 'test')} put a stand-in in its place: "
        f"{tests}{f' and {more} more' if more > 0 else ''}. Fix: {FIX_MOCKED}."
    )


def _bare(bare: Bare) -> str:
    where = f"{bare.path}:{line_ranges([one.mutant.statement_line for one in bare.verdicts])}"
    return (
        f"Without coverage: {_code(where)} {_code(unit_name(bare.scope))} "
        f"({plural(len(bare.verdicts), 'mutant')}): {_words(bare.reason)}."
    )


def _survivor(account: Account, verdict: Verdict) -> str:
    mutant = verdict.mutant
    where = f"{mutant.path}:{mutant.span.start_line}"
    head = (
        f"Survived: {_html(where)} in {_html(unit_name(mutant.scope))}: "
        f"{_html(change_words(mutant).replace('`', ''))}"
    )
    diff = account.answer.diffs[mutant.id].rstrip("\n")
    tests = [f"- {_code(test)}" for test in verdict.covering[:SHOWN]]
    if len(verdict.covering) > SHOWN:
        tests.append(f"- … and {len(verdict.covering) - SHOWN} more")
    lines = [f"<details><summary>{head}</summary>", "", *_fenced(diff, "diff"), ""]
    expired = account.answer.accepted.expired.get(mutant.id)
    if expired is not None:
        lines += [_words(expired_words(expired)), ""]
    lines += ["Ran it and noticed nothing:", "", *tests, ""]
    why = account.answer.explanations.get(mutant.id)
    if why is not None:
        lines += [*_fenced("\n".join(explanation_lines(why)), ""), ""]
    lines += [f"{_code(f'assay show {mutant.id}')}", "", "</details>"]
    return "\n".join(lines)


def _finding(account: Account, finding: Finding) -> str:
    anchor = finding.anchor
    head = f"[{_html(finding.kind)}] {_html(finding.sentence)}"
    place = f"{anchor.path}:{anchor.line} {finding.id}"
    lines = [f"<details><summary>{head}</summary>", ""]
    lines += [f"{_code(place)} ({finding.confidence.value})", ""]
    for piece in finding.evidence:
        lines += [f"{_words(piece.label)}:", "", *_fenced(piece.text, piece.language), ""]
    expired = account.answer.accepted.expired.get(finding.id)
    if expired is not None:
        lines += [_words(expired_words(expired)), ""]
    lines += [f"Fix: {_words(finding.fix)}", "", "</details>"]
    return "\n".join(lines)


def _accepted(account: Account) -> Iterator[str]:
    """Never hidden, and short."""
    for verdict in account.answer.verdicts:
        said = account.accepted(verdict.mutant.id)
        if said is not None:
            mutant = verdict.mutant
            where = f"{mutant.path}:{mutant.span.start_line} {mutant.id}"
            yield f"- Accepted: {_code(where)} ({_words(accepted_words(said))})"
    for finding in (*account.answer.lost, *account.findings):
        said = account.accepted(finding.id)
        if said is not None:
            where = f"{finding.anchor.path}:{finding.anchor.line} {finding.id} {finding.kind}"
            yield f"- Accepted: {_code(where)} ({_words(accepted_words(said))})"


def _notices(account: Account) -> Iterator[str]:
    remarks = account.decision.remarks if account.decision else ()
    yield from (f"- Note: {_words(text)}." for text in (*remarks, *account.answer.notices))


# -- Markdown itself


def _words(text: str) -> str:
    """Plain words, in which nothing but `code` means anything to Markdown."""
    pieces = re.split(r"(`[^`]+`)", " ".join(text.split()))
    pieces[::2] = [re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", piece) for piece in pieces[::2]]
    return "".join(pieces)


def _html(text: str) -> str:
    line = " ".join(text.split())
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _code(text: str) -> str:
    """Text as code, in a table too: a pipe would end the cell."""
    line = " ".join(text.split()).replace("|", "\\|")
    runs = [len(run) for run in re.findall("`+", line)]
    ticks = "`" * (max(runs, default=0) + 1)
    return f"{ticks} {line} {ticks}" if runs else f"{ticks}{line}{ticks}"


def _fenced(text: str, language: str) -> list[str]:
    runs = [len(run) for run in re.findall("`+", text)]
    fence = "`" * max(3, max(runs, default=0) + 1)
    return [f"{fence}{language}", *text.splitlines(), fence]

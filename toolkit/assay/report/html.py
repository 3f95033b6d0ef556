"""One self-contained HTML page: it opens offline, runs only the script whose hash it names, and
loads nothing (pure).

The answer, tables and charts are plain HTML. Long lists (mutants, findings, files) stand in the
page once, as JSON, and are drawn by its script a few at a time.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from assay.history.compare import last_difference
from assay.model.answer import UnitAnswer
from assay.model.history import Run
from assay.model.source import unit_name
from assay.report.account import Account
from assay.report.cards import Weaknesses
from assay.report.html_charts import escaped, gap_section, trend_section, worded
from assay.report.html_data import page_data
from assay.report.html_page import Page, page_of_account, page_of_trend, page_of_weaknesses
from assay.report.text import SHOWN, failure_words, mutant_cell, plural, worst_first

WEAKNESSES = "weaknesses"

SCRIPTS = ("page.js", "mutants.js", "files.js", "start.js")
"""In this order they make one script: plain functions that know each other by name."""


def html(account: Account) -> str:
    """The page of an answer."""
    return document(page_of_account(account))


def weaknesses_html(found: Weaknesses, runs: tuple[Run, ...], texts: Mapping[str, str]) -> str:
    """The page of `assay weaknesses`."""
    return document(page_of_weaknesses(found, runs, texts))


def trend_html(project: str, runs: Sequence[Run]) -> str:
    """The page of `assay weaknesses --trend`: no answer, only what earlier ones were."""
    return document(page_of_trend(project, tuple(runs)))


def document(page: Page) -> str:
    """The whole page. What it shows is text and never markup, whatever it holds."""
    style, script = part("style.css"), "\n".join(part(name) for name in SCRIPTS)
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    body = "\n".join(_body(page))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escaped(page.title)}</title>\n"
        f"<style>{style}</style>\n</head>\n<body>\n{body}\n"
        f'<script type="application/json" id="data">{embedded(page_data(page))}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def embedded(data: dict[str, Any]) -> str:
    """JSON that can stand in a script element: nothing in it ends the element."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def part(name: str) -> str:
    """A file of the page, as it ships with the package."""
    return (files("assay") / "report" / "page" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a content-security policy names an inline element."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _body(page: Page) -> Iterator[str]:
    yield '<a class="skip" href="#answer">Skip to the answer</a>'
    yield "<header>"
    yield f'<p class="eyebrow">assay {escaped(page.verb)} · {escaped(page.project)}</p>'
    yield "</header>"
    yield _menu(page)
    yield "<main>"
    yield from _answer(page)
    yield from _units(page)
    yield from _lists(page)
    yield from gap_section(page.scores)
    yield from trend_section(page.runs, last_difference(page.runs))
    yield "</main>"
    yield f"<footer><p>{escaped(page.foot)}</p>"
    yield '<p class="keys">Keys: <kbd>/</kbd> search, <kbd>j</kbd> next, <kbd>k</kbd> previous, '
    yield "<kbd>Enter</kbd> open or close.</p></footer>"


def _menu(page: Page) -> str:
    entries = [("answer", "Answer")]
    if page.units:
        entries.append(("changed", f"Changed {len(page.units)}"))
    counts = {"mutants": f" {len(page.verdicts)}", "findings": f" {len(page.findings)}"}
    entries += [
        (name, title + counts.get(name, ""))
        for name, title, is_there, _ in _sections(page)
        if is_there
    ]
    if page.scores:
        entries.append(("gap", "Oracle gap"))
    if page.runs:
        entries.append(("trend", "Trend"))
    links = "".join(f'<li><a href="#{to}">{escaped(name)}</a></li>' for to, name in entries)
    return f'<nav aria-label="Sections"><ul>{links}</ul></nav>'


def _answer(page: Page) -> Iterator[str]:
    first, *rest = page.head
    yield '<section id="answer" aria-labelledby="answer-head">'
    if page.decision is not None:
        passed = page.decision.passed
        name = "passed" if passed else "refused"
        sign = "✓" if passed else "✕"
        yield f'<p class="gate {name}"><span aria-hidden="true">{sign}</span>'
        yield f"{escaped(page.gate)}</p>"
    yield f'<h1 id="answer-head">{escaped(first)}</h1>'
    yield from (f"<p>{worded(line)}</p>" for line in rest)
    yield from _refusals(page)
    if page.failed:
        yield f"<h2>{plural(len(page.failed), 'test')} failed without any mutant</h2>"
        yield '<ul class="plain">'
        for result in page.failed:
            words = failure_words(result)
            yield f"<li><code>{escaped(result.node_id)}</code> {escaped(words)}</li>"
        yield "</ul>"
    yield from _folded("Not conclusive", page.inconclusive, is_open=True)
    yield from _folded("Notes", page.notices, is_open=len(page.notices) <= 3)
    yield "<noscript><h2>In short</h2><p>This page draws its lists with a script, which is turned "
    yield f"off. The answer as text:</p><pre>{escaped(page.text)}</pre></noscript>"
    yield "</section>"


def _refusals(page: Page) -> Iterator[str]:
    if page.decision is None or not page.decision.refusals:
        return
    yield '<ul class="refusals">'
    for one in page.decision.refusals:
        yield f"<li><strong>{escaped(one.rule)}</strong> {worded(one.sentence)}"
        for item in one.items[:SHOWN]:
            yield f"<br><code>{escaped(item)}</code>"
        if len(one.items) > SHOWN:
            yield f"<br>… and {len(one.items) - SHOWN} more"
        yield f'<p class="next">Next: {worded(one.todo)}.</p></li>'
    yield "</ul>"


def _folded(name: str, lines: tuple[str, ...], is_open: bool) -> Iterator[str]:
    if lines:
        yield f"<details{' open' * is_open}><summary>{name} ({len(lines)})</summary><ul>"
        yield from (f"<li>{worded(line)}</li>" for line in lines)
        yield "</ul></details>"


def _units(page: Page) -> Iterator[str]:
    if not page.units:
        return
    yield '<section id="changed" aria-labelledby="changed-head"><h2 id="changed-head">Changed</h2>'
    yield '<div class="wide"><table class="units"><thead><tr><th>guard</th><th>function</th>'
    yield "<th>touched → guarding tests</th><th>mutants</th></tr></thead><tbody>"
    yield from (_unit(unit) for unit in worst_first(page.units))
    yield "</tbody></table></div></section>"


def _unit(unit: UnitAnswer) -> str:
    guard = unit.guard.value
    return (
        f'<tr><td><span class="badge" data-guard="{escaped(guard)}">{escaped(guard)}</span></td>'
        f"<td><strong>{escaped(unit_name(unit.unit))}</strong><br>"
        f'<span class="where">{escaped(f"{unit.path}:{unit.line}")}</span></td>'
        f'<td data-label="touched → guarding tests">{len(unit.touching)} → '
        f"{len(unit.guarding)}</td>"
        f'<td data-label="mutants">{escaped(mutant_cell(unit.verdicts))}</td></tr>'
    )


def _lists(page: Page) -> Iterator[str]:
    """The places of what the script draws."""
    for name, title, is_there, hint in _sections(page):
        if is_there:
            yield f'<section id="{name}" aria-labelledby="{name}-head">'
            yield f'<h2 id="{name}-head">{title}</h2>{hint}<div id="{name}-list"></div></section>'


def _sections(page: Page) -> Iterator[tuple[str, str, bool, str]]:
    """What the verb is about comes first."""
    cells = (
        '<p class="hint">A cell is a function, as wide as it has mutants. '
        "Choose a file to see its lines.</p>"
    )
    findings = ("findings", "Weak tests", bool(page.findings), "")
    if page.verb == WEAKNESSES:
        yield findings
    yield "mutants", "Mutants", bool(page.verdicts), ""
    if page.verb != WEAKNESSES:
        yield findings
    yield "files", "Files", bool(page.verdicts), cells

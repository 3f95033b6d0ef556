"""The charts of the HTML page, as inline SVG with the numbers beside: gap and trend (pure).

A drawing is stretched to the room there is, so it holds no text: words are HTML, and wrap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from assay.history.compare import alike
from assay.history.lines import iso
from assay.model.history import Difference, FileScore, Noted, Run
from assay.report.history_text import commit_words, difference_line, kinds_words
from assay.report.text import plural

GAPS = 20
RUNS = 30
NOTED = 50

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def escaped(text: str) -> str:
    """Text as HTML, in an attribute too; what HTML forbids becomes the replacement character."""
    text = _FORBIDDEN.sub("\ufffd", text)
    for char, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"), ("'", "#39")):
        text = text.replace(char, f"&{name};")
    return text


def worded(text: str) -> str:
    """Text as HTML in which `code` is set as code."""
    pieces = re.split(r"`([^`]+)`", text)
    return "".join(
        f"<code>{escaped(piece)}</code>" if index % 2 else escaped(piece)
        for index, piece in enumerate(pieces)
    )


# -- the oracle gap


def gap_section(scores: Sequence[FileScore]) -> Iterator[str]:
    """For each file, from what share of its mutants is noticed to what share runs."""
    if not scores:
        return
    widest = sorted(scores, key=lambda one: (-one.gap, one.path))[:GAPS]
    yield '<section id="gap" aria-labelledby="gap-head"><h2 id="gap-head">Oracle gap</h2>'
    yield '<p class="hint">Of the mutants of a file, the share that tests run (ring) and the share '
    yield "they notice (dot). What lies between is run and not checked.</p>"
    yield '<ol class="gaps"><li class="scale"><span></span>'
    yield '<span class="ends"><span>0 %</span><span>100 %</span></span><span></span></li>'
    yield from (_gap(one) for one in widest)
    yield "</ol>"
    if len(scores) > len(widest):
        yield f'<p class="hint">The {len(widest)} widest of {plural(len(scores), "file")}.</p>'
    yield "</section>"


def _gap(one: FileScore) -> str:
    runs, noticed = 100 * one.coverage, 100 * one.score
    words = (
        f"{one.path}: {runs:.0f} % of {plural(one.mutants, 'mutant')} run, {noticed:.0f} % noticed"
    )
    return (
        f'<li><span class="where">{escaped(one.path)}</span>'
        f'<svg role="img" aria-label="{escaped(words)}" height="16" width="100%">'
        '<line class="axis" x1="0%" y1="8" x2="100%" y2="8"/>'
        f'<line class="gap" x1="{noticed:.1f}%" y1="8" x2="{runs:.1f}%" y2="8"/>'
        f'<circle class="ring" cx="{_inside(runs)}%" cy="8" r="5"/>'
        f'<circle class="dot" cx="{_inside(noticed)}%" cy="8" r="5"/></svg>'
        f'<span class="figures"><b>{100 * one.gap:.0f}</b> points<br>'
        f"{runs:.0f} % run, {noticed:.0f} % noticed</span></li>"
    )


def _inside(share: float) -> str:
    """So that a circle at the edge is not cut."""
    return f"{min(max(share, 0.8), 99.2):.1f}"


# -- the trend


def trend_section(runs: Sequence[Run], found: Difference | None) -> Iterator[str]:
    """The last runs like the newest, as lines, with the table they are drawn from."""
    if not runs:
        return
    same = alike(runs, runs[-1])[-RUNS:]
    yield '<section id="trend" aria-labelledby="trend-head"><h2 id="trend-head">Trend</h2>'
    yield f'<p class="hint">assay {escaped(same[-1].verb)}, {escaped(same[-1].scope)}: '
    yield f"{plural(len(same), 'report')}.</p>"
    if found is None:
        yield "<p>The first report of its kind: there is nothing to compare it with yet.</p>"
    else:
        yield from _difference(found)
    if len(same) > 1:
        yield '<div class="lines">'
        scores = [(run, run.score) for run in same if run.score is not None]
        if len(scores) > 1:
            yield _line("score", [(run, 100 * score) for run, score in scores], "%.0f %%")
        yield _line("open findings", [(run, float(len(run.open))) for run in same], "%.0f")
        yield _line("seconds", [(run, sum(run.seconds.values())) for run in same], "%.1f")
        yield "</div>"
    yield from _table(same)
    yield "</section>"


def _difference(found: Difference) -> Iterator[str]:
    yield f"<p><strong>{escaped(difference_line(found))}</strong></p>"
    gone = "Gone" if found.now.is_sound else "Not found again"
    for name, some in (("New", found.new), (gone, found.gone)):
        if some:
            yield f"<details><summary>{name} ({len(some)})</summary><ul>"
            yield from (_noted(one) for one in some[:NOTED])
            if len(some) > NOTED:
                yield f"<li>… and {len(some) - NOTED} more</li>"
            yield "</ul></details>"


def _noted(one: Noted) -> str:
    return (
        f'<li><span class="where">{escaped(f"{one.path}:{one.line}")}</span> '
        f"{escaped(one.unit)}: {worded(one.sentence)} "
        f"<code>{escaped(one.kind)} {escaped(one.id)}</code></li>"
    )


def _line(name: str, values: Sequence[tuple[Run, float]], form: str) -> str:
    """One quantity over the runs, as pieces and dots that are stretched in width only."""
    numbers = [value for _, value in values]
    low, high = min(numbers), max(numbers)
    places = [
        (f"{1 + 98 * index / (len(numbers) - 1):.2f}%", _height(value, low, high))
        for index, value in enumerate(numbers)
    ]
    pieces = "".join(
        f'<line class="line" x1="{x}" y1="{y}" x2="{next_x}" y2="{next_y}"/>'
        for (x, y), (next_x, next_y) in pairwise(places)
    )
    dots = "".join(
        f'<circle class="mark" cx="{x}" cy="{y}" r="3">'
        f"<title>{escaped(f'{iso(run.stamp.at)} {commit_words(run)}: {form % value}')}</title>"
        "</circle>"
        for (x, y), (run, value) in zip(places, values, strict=True)
    )
    first, last = form % numbers[0], form % numbers[-1]
    bounds = f"{form % low} to {form % high}"
    words = f"{name}: from {first} to {last} in {plural(len(numbers), 'report')}, {bounds}"
    return (
        f"<figure><figcaption>{escaped(name)} <b>{escaped(last)}</b></figcaption>"
        f'<svg role="img" aria-label="{escaped(words)}" width="100%" height="72">'
        f'{pieces}{dots}</svg><p class="hint">{escaped(bounds)}</p></figure>'
    )


def _height(value: float, low: float, high: float) -> str:
    """From the top of a drawing 72 high; all alike is the middle."""
    return "36" if low == high else f"{66 - 60 * (value - low) / (high - low):.1f}"


def _table(runs: Sequence[Run]) -> Iterator[str]:
    yield "<details><summary>All of these reports as a table</summary>"
    yield '<div class="wide"><table class="runs"><thead><tr><th>when (UTC)</th><th>commit</th>'
    yield "<th>score</th><th>open</th><th>of which</th><th>took</th><th></th></tr></thead><tbody>"
    for run in reversed(runs):
        score = "" if run.score is None else f"{100 * run.score:.0f} %"
        when = iso(run.stamp.at).replace("T", " ").removesuffix("Z")
        cells = [when, commit_words(run), score, str(len(run.open)), kinds_words(run)]
        cells += [f"{sum(run.seconds.values()):.1f} s", "" if run.is_sound else "not conclusive"]
        yield f"<tr>{''.join(f'<td>{escaped(cell)}</td>' for cell in cells)}</tr>"
    yield "</tbody></table></div></details>"

"""Earlier runs as text: a table of the last ones, bars, what became better or worse (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tabulate import tabulate

from assay.history.compare import alike, last_difference
from assay.history.lines import iso
from assay.model.history import Difference, Noted, Run
from assay.report.text import SHOWN, plural

BARS = "▁▂▃▄▅▆▇█"

SCOPE = 36
"""So much of what a run looked at stands in the table."""


def history_text(runs: Sequence[Run], limit: int) -> str:
    """The last runs, of whatever verb."""
    if not runs:
        return "No run is kept yet: each finished one leaves a row.\n"
    shown = runs[-limit:] if limit else ()
    last = f"{plural(len(runs), 'run')} kept, the last {len(shown)} shown."
    return f"{runs_table(shown, scopes=True)}\n\n{last}\n"


def trend_text(runs: Sequence[Run], limit: int, everything: bool) -> str:
    """The runs like the newest one, and what changed since the one before it."""
    if not runs:
        return "No report is kept yet: each finished run leaves one.\n"
    same = alike(runs, runs[-1])
    shown = same[-limit:]
    parts = [
        f"{plural(len(same), 'report')} of assay {runs[-1].verb}, {runs[-1].scope}.",
        runs_table(shown),
        "\n".join(_lines(shown)),
        difference_text(last_difference(runs), everything),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def runs_table(runs: Iterable[Run], *, scopes: bool = False) -> str:
    """A line for each, the oldest first; `scopes`: with what it looked at."""
    rows = [
        [
            iso(run.stamp.at).replace("T", " ").removesuffix("Z"),
            commit_words(run),
            run.verb,
            *([shortened(run.scope)] if scopes else []),
            "" if run.score is None else f"{100 * run.score:.0f} %",
            str(len(run.open)),
            kinds_words(run),
            f"{sum(run.seconds.values()):.1f} s",
            "" if run.is_sound else "not conclusive",
        ]
        for run in runs
    ]
    asked = ["asked for"] if scopes else []
    headers = ["when (UTC)", "commit", "verb", *asked, "score", "open", "of which", "took", ""]
    return tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)


def shortened(scope: str) -> str:
    """Its beginning and its end: both tell where, and how much."""
    if len(scope) <= SCOPE:
        return scope
    head = (SCOPE - 1) // 2
    return f"{scope[:head]}…{scope[head + 1 - SCOPE :]}"


def commit_words(run: Run) -> str:
    """`1a2b3c4`, with a plus sign where the tree had changes besides."""
    if not run.stamp.commit:
        return "-"
    return run.stamp.commit[:7] + ("+" if run.stamp.dirty else "")


def kinds_words(run: Run) -> str:
    counts = Counter(one.kind for one in run.open)
    return ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))


def _lines(runs: Sequence[Run]) -> Iterator[str]:
    if len(runs) < 2:
        return
    yield f"open    {bars([len(run.open) for run in runs])}"
    scores = [run.score for run in runs if run.score is not None]
    if len(scores) > 1:
        yield f"score   {bars(scores)}"


def bars(values: Sequence[float]) -> str:
    """A bar for each value, the highest of them full; all alike is half."""
    low, high = min(values), max(values)
    if low == high:
        return BARS[3] * len(values)
    steps = len(BARS) - 1
    return "".join(BARS[round(steps * (value - low) / (high - low))] for value in values)


def difference_line(found: Difference | None) -> str:
    """One sentence; empty if there is nothing to compare with."""
    if found is None:
        return ""
    when = iso(found.before.stamp.at)[:10]
    gone = f"{len(found.gone)} {'gone' if found.now.is_sound else GONE_IN_DOUBT}"
    return (
        f"Since the report of {when} ({commit_words(found.before)}): {len(found.new)} new, {gone}, "
        f"{len(found.still)} still there."
    )


GONE_IN_DOUBT = "not found again (this run is not conclusive)"


def difference_text(found: Difference | None, everything: bool) -> str:
    """The sentence, then what is new and what is gone, each by its id."""
    if found is None:
        return ""
    gone = "Gone" if found.now.is_sound else "Not found again"
    lines = [difference_line(found)]
    for word, some in (("New", found.new), (gone, found.gone)):
        limit = len(some) if everything else SHOWN
        lines += [f"  {word}: {noted_line(one)}" for one in some[:limit]]
        if len(some) > limit:
            lines.append(f"  … and {len(some) - limit} more: --all shows them.")
    return "\n".join(lines)


def noted_line(one: Noted) -> str:
    return f"{one.id} {one.kind} {one.path}:{one.line} {one.unit}: {one.sentence}"

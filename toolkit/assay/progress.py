"""Live progress on stderr: what is being done, how far, how fast; silent when nobody watches."""

from __future__ import annotations

from collections import Counter
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from assay.model.matrix import Pair
from assay.model.mutant import Status, Verdict
from assay.model.run import GOOD, TestResult


class Progress:
    """Draws a bar on a terminal; elsewhere (a pipe, CI) says each stage on one line, or nothing."""

    def __init__(self, console: Console, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet
        self._live = console.is_terminal and not quiet
        self._bars: Bars | None = None
        self._task = TaskID(0)
        self._counts: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def say(self, text: str) -> None:
        if not self._quiet:
            self._console.print(text, style="dim", highlight=False, markup=False)

    def stage(self, text: str) -> None:
        if self._live:
            self.say(text)

    def start(self, what: str, total: int) -> None:
        self._counts.clear()
        if total == 0:
            return
        if not self._live:
            self.say(f"{what}: {total}")
            return
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[counts]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._bars.start()
        self._task = self._bars.add_task(what, total=total, counts="")

    def test(self, result: TestResult) -> None:
        self._advance("passed" if result.outcome in GOOD else "failed")

    def verdict(self, verdict: Verdict) -> None:
        self._advance(_WORDS.get(verdict.status, "other"))

    def pair(self, pair: Pair) -> None:
        self._advance(pair.cell.value)

    def step(self) -> None:
        """One more of what was started is done, whatever came of it."""
        self._advance("done")

    def _advance(self, what: str) -> None:
        self._counts[what] += 1
        if self._bars is not None:
            counts = ", ".join(f"{n} {word}" for word, n in sorted(self._counts.items()))
            self._bars.update(self._task, advance=1, counts=counts)

    def finish(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


_WORDS = {
    Status.KILLED: "killed",
    Status.SURVIVED: "survived",
    Status.TIMEOUT: "timed out",
}

"""Tries many mutants in one process, each kill followed by a proof that its test is sound.

Speculate in process, confirm in isolation: a kill stands only if the same test, in the same
process, passes right after with the unmutated code swapped in the same way. Everything else (a
mutant that no test tried here noticed, a test that failed again, a mutant that could not be put in
place) is left open, for a process of its own to settle.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

from . import coldimport, hotswap
from .mutation import UNLIMITED, meter
from .plugin import RANDOM_SEED, AssayPlugin, items_of, prepare, run_item, tear_down

Message = dict[str, Any]
Emit = Callable[[Message], None]

NOTICED = ("failed", "error")

RECENT = 8
"""How many of the last killers are kept to be tried first."""


def run_batch(
    plugin: AssayPlugin,
    session: Any,
    job: Message,
    emit: Emit,
    stop_requested: Callable[[], bool],
) -> None:
    """Try each mutant of the batch; stops when a control fails, for the process is spoiled."""
    items = items_of(plugin.items_by_id(session), job["tests"], ())
    prepare(plugin, session, True, emit)
    killers: list[str] = []
    for index, entry in enumerate(job["batch"]):
        if stop_requested():
            return

        def give_up(count: int, index: int = index) -> None:
            emit({"type": "tried", "index": index, "verdict": "over", "count": count})
            os._exit(1)

        meter.watch(job["ticks"] or UNLIMITED, give_up)
        trial = Trial(plugin, items, entry, killers, emit)
        told = trial.run()
        emit({"type": "tried", "index": index, **told})
        tear_down(session)
        if told["verdict"] == "spoiled":
            return
        if told["verdict"] == "killed":
            killer = told["result"]["test"]
            killers[:] = [killer, *(name for name in killers if name != killer)][:RECENT]


class Trial:
    """One mutant of a batch."""

    def __init__(
        self,
        plugin: AssayPlugin,
        items: dict[str, Any],
        entry: Message,
        killers: list[str],
        emit: Emit,
    ) -> None:
        self._plugin = plugin
        self._items = items
        self._entry = entry
        self._emit = emit
        allowed = set(entry["also"]) | set(entry["tests"])
        first = [name for name in killers if name in allowed]
        rest = [name for name in entry["tests"] if name not in first]
        self._tests = [name for name in [*first, *rest] if name in items][: max(1, entry["most"])]

    def run(self) -> Message:
        """What the mutant's tests said: `killed`, `open`, `unfit` or `spoiled`."""
        swapped: hotswap.Swapped = []
        problem = hotswap.install(self._entry["mutant"], swapped)
        if problem:
            return {"verdict": "unfit", "detail": problem}
        coldimport.install_for_reload(self._entry["mutant"])
        try:
            ran, noticed = self._first_to_notice()
            entered = meter.count > 0
        finally:
            hotswap.undo(swapped)
            coldimport.uninstall(self._entry["mutant"])
        if noticed is None:
            return {"verdict": "open", "ran": ran}
        sound = entered and self._passes_without(noticed["test"], swapped)
        return {"verdict": "killed" if sound else "spoiled", "ran": ran, "result": noticed}

    def _first_to_notice(self) -> tuple[int, Message | None]:
        """How many tests ran, and the result of the last if it failed."""
        for number, name in enumerate(self._tests, start=1):
            result = self._once(name)
            if result["outcome"] in NOTICED:
                return number, result
        return len(self._tests), None

    def _passes_without(self, name: str, swapped: hotswap.Swapped) -> bool:
        """Whether the test passes, with the function's own text swapped in as the mutant was."""
        mutant = self._entry["mutant"]
        if hotswap.install({**mutant, "replacement": mutant["original"]}, swapped):
            return False
        try:
            return bool(self._once(name)["outcome"] == "passed") and meter.count > 0
        finally:
            hotswap.undo(swapped)

    def _once(self, name: str) -> Message:
        """One run of a test with all its fixtures set up and torn down."""
        random.seed(RANDOM_SEED)
        told: list[Message] = []

        def emit(message: Message) -> None:
            if message["type"] == "start":
                self._emit({"type": "begin", "test": message["test"]})
            else:
                told.append(message)
                self._emit({"type": "rest"})

        run_item(self._plugin, self._items[name], None, emit, None, name)
        return told[-1]

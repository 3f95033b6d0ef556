"""Runs tests one by one under mutants in one process: what each has to say of each.

A test that fails is run again with the unmutated code swapped in the same way: it counts as a kill
only if it passes then. If it does not, the process is spoiled and ends; what is left needs another.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

from . import coldimport, hotswap
from .mutation import UNLIMITED, meter
from .plugin import RANDOM_SEED, AssayPlugin, items_of, prepare, run_item, tear_down
from .speculate import NOTICED

Message = dict[str, Any]
Emit = Callable[[Message], None]


def run_pairs(
    plugin: AssayPlugin,
    session: Any,
    job: Message,
    emit: Emit,
    stop_requested: Callable[[], bool],
) -> None:
    """Each entry's tests on its mutant; a kill ends all entries of its `group`, if it has one."""
    items = items_of(plugin.items_by_id(session), job["tests"], ())
    prepare(plugin, session, True, emit)
    done: set[int] = set()
    for index, entry in enumerate(job["batch"]):
        if entry["group"] in done:
            continue
        for told in Row(plugin, session, items, entry, index, job["ticks"], emit):
            emit({"type": "tried", "index": index, **told})
            if told["verdict"] == "spoiled" or stop_requested():
                return
            if told["verdict"] == "killed" and entry["group"]:
                done.add(entry["group"])


class Row:
    """One mutant's tests; iterating runs them."""

    def __init__(
        self,
        plugin: AssayPlugin,
        session: Any,
        items: dict[str, Any],
        entry: Message,
        index: int,
        ticks: int,
        emit: Emit,
    ) -> None:
        self._plugin, self._session, self._items = plugin, session, items
        self._mutant = entry["mutant"]
        self._unchanged = {**self._mutant, "replacement": self._mutant["original"]}
        self._tests = [name for name in entry["tests"] if name in items]
        self._stop = bool(entry["group"])
        self._index, self._ticks, self._emit = index, ticks, emit
        self._swapped: hotswap.Swapped = []

    def __iter__(self) -> Any:
        try:
            for name in self._tests:
                told = self._one(name)
                yield told
                if told["verdict"] == "unfit" or (told["verdict"] == "killed" and self._stop):
                    return
        finally:
            self._leave()

    def _one(self, name: str) -> Message:
        """What one test says of the mutant: `killed`, `open`, `unfit` or `spoiled`."""
        problem = "" if self._swapped else self._enter(self._mutant)
        if problem:
            return {"verdict": "unfit", "test": name, "detail": problem}
        result, entered = self._run(name)
        told = {"test": name, "ran": 1, "entered": entered}
        if result["outcome"] not in NOTICED:
            return {**told, "verdict": "open" if result["outcome"] == "passed" else "spoiled"}
        self._leave()
        sound = entered and not self._enter(self._unchanged)
        if sound:
            control, _ = self._run(name)
            self._leave()
            sound = control["outcome"] == "passed"
        return {**told, "verdict": "killed" if sound else "spoiled", "result": result}

    def _enter(self, text: Message) -> str:
        """Put the text in place; empty, or why it cannot be."""
        problem = hotswap.install(text, self._swapped)
        if not problem and text is self._mutant:
            coldimport.install_for_reload(text)
        return problem

    def _leave(self) -> None:
        hotswap.undo(self._swapped)
        coldimport.uninstall(self._mutant)

    def _run(self, name: str) -> tuple[Message, bool]:
        """One run of a test with all its fixtures set up and torn down, and whether it entered."""

        def give_up(count: int) -> None:
            told = {"type": "tried", "index": self._index, "verdict": "over", "test": name}
            self._emit({**told, "count": count})
            os._exit(1)

        told: list[Message] = []

        def emit(message: Message) -> None:
            if message["type"] == "start":
                self._emit({"type": "begin", "test": message["test"]})
            else:
                told.append(message)
                self._emit({"type": "rest"})

        meter.watch(self._ticks or UNLIMITED, give_up)
        random.seed(RANDOM_SEED)
        run_item(self._plugin, self._items[name], None, emit, None, name)
        tear_down(self._session)
        return told[-1], meter.entered

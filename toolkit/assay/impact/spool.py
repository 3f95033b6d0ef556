"""Reads what ordinary pytest runs wrote down while they ran, and makes a recording of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.impact.merge import merged
from assay.impact.record import Recorded, Recording, Tree, env_digest
from assay.model.impact import TEST_PREFIX, Node, TestRecord
from assay.model.run import CollectedItem, TestOutcome

RUN_FILE = "run.json"
LOCK_FILE = "lock"
VERSION = 1

SET_BY_ASSAY = ("PYTHONDONTWRITEBYTECODE", "COVERAGE_CORE", "PYTHONHASHSEED")
"""Variables that have other values in assay's own runs."""

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What was so when a run began: where it was, digests of its sources and its environment.

    `began` is in nanoseconds, by the clock of the file system.
    """

    repo: str
    began: int
    sources: Mapping[str, str] = field(hash=False)
    variables: Mapping[str, str] = field(hash=False)

    def as_json(self) -> Message:
        return {
            "version": VERSION,
            "repo": self.repo,
            "began": self.began,
            "sources": dict(self.sources),
            "variables": dict(self.variables),
        }


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one process has collected."""

    items: tuple[CollectedItem, ...]
    inifile: str
    fingerprint: tuple[str, ...]
    modules: Mapping[str, str]
    search_path: tuple[str, ...]
    errors: int


@dataclass(frozen=True, slots=True)
class Worker:
    """One process of a run: its messages in order, and whether it came to its end."""

    collected: Gathered | None
    messages: tuple[Message, ...] = field(hash=False)
    finished: bool


@dataclass(frozen=True, slots=True)
class SpooledRun:
    """A run as its processes wrote it down; those that collected nothing are left out."""

    facts: RunFacts
    workers: tuple[Worker, ...]


def read_run(directory: Path) -> SpooledRun | None:
    """The run in a directory; None if it is none, or of another assay."""
    try:
        facts = json.loads((directory / RUN_FILE).read_text(encoding="utf-8"))
        if facts["version"] != VERSION:
            return None
        start = RunFacts(facts["repo"], facts["began"], facts["sources"], facts["variables"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    files = sorted(directory.glob("*.jsonl"))
    workers = (_worker(list(_messages(file)), start.repo) for file in files)
    return SpooledRun(start, tuple(worker for worker in workers if worker.collected))


def _messages(file: Path) -> Iterator[Message]:
    """The whole lines: the last may have been cut off."""
    try:
        data = file.read_bytes()
    except OSError:
        return
    for line in data.split(b"\n")[:-1]:
        try:
            message = json.loads(line)
        except ValueError:
            return
        yield message


def _worker(messages: list[Message], repo: str) -> Worker:
    prefix = f"{repo}/"
    first = next((m for m in messages if m["type"] == "collected"), None)
    found = None
    if first is not None:
        items = tuple(
            CollectedItem(i["id"], i["path"].removeprefix(prefix), i["line"], i["doctest"])
            for i in first["items"]
        )
        found = Gathered(
            items=items,
            inifile=first["inifile"].removeprefix(prefix),
            fingerprint=tuple(first["fingerprint"]),
            modules=first["modules"],
            search_path=tuple(first["path"]),
            errors=first["errors"],
        )
    return Worker(found, tuple(messages), any(m["type"] == "finished" for m in messages))


def variables_of(actual: Mapping[str, str], of_assay: Mapping[str, str]) -> dict[str, str]:
    """Digests of the environment as assay's own run would have it; "!NAME" tells of a variable
    that assay sets otherwise."""
    found = {name: env_digest(value) for name, value in of_assay.items()}
    other = [name for name in SET_BY_ASSAY if actual.get(name) != of_assay.get(name)]
    return found | {f"!{name}": "" for name in other}


class SpooledRecording(Recording):
    """A recording of one process, made afterwards: digests are those it noted itself."""

    def __init__(
        self,
        tree: Tree,
        roots: Collection[str],
        files: Collection[str],
        items: Iterable[CollectedItem],
        facts: RunFacts,
        at_start: Mapping[str, str],
    ) -> None:
        super().__init__(tree, roots, files, items, at_start=at_start)
        self._variables = facts.variables

    def variable(self, name: str) -> str:
        return self._variables.get(name, "")

    def add_message(self, message: Message) -> None:
        digests = message["digests"]
        for path, digest in digests["reads"].items():
            self._read.setdefault(path, digest)
        for path, digest in digests["dirs"].items():
            self._listed.setdefault(path, digest)
        for path, kind in digests["exists"].items():
            self._probed.setdefault(path, kind)
        for sink in message["sinks"].values():
            for name in sink["env"]:
                if f"!{name}" in self._variables:
                    sink["opaque"].append(f"read {name}, which assay sets otherwise")
        self.add_sinks(message["sinks"])
        if message["type"] == "test":
            record = TestRecord(TestOutcome(message["outcome"]), message["seconds"])
            self.add_test(message["test"], record)


def recorded_by(
    run: SpooledRun, tree: Tree, roots: Collection[str], at_start: Mapping[str, str]
) -> Recorded:
    """What all processes of a run have recorded together."""
    parts = []
    for worker in run.workers:
        assert worker.collected is not None
        recording = SpooledRecording(
            tree, roots, at_start.keys(), worker.collected.items, run.facts, at_start
        )
        for message in worker.messages:
            recording.add_message(message)
        if not worker.finished:
            why = "was in use when its process was lost"
            recording.add_opaque(recording.fixture_keys(), why)
        # What one process left behind, others had to make themselves.
        recording.settle(recording.suspicions(), alone=())
        parts.append(recording.finish())
    return united(parts, frozenset(at_start))


def united(parts: Iterable[Recorded], files: frozenset[str]) -> Recorded:
    """One recording of several; what they share is joined, a test is the last one's."""
    nodes: dict[str, Node] = {}
    tests: dict[str, TestRecord] = {}
    texts: dict[tuple[str, str], str] = {}
    for part in parts:
        for key, node in part.nodes.items():
            known = None if key.startswith(TEST_PREFIX) else nodes.get(key)
            nodes[key] = node if known is None else merged(known, node)
        tests.update(part.tests)
        texts.update(part.texts)
    return Recorded(nodes, tests, files, texts)

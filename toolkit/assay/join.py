"""Joins impact maps that were recorded apart, as by the shards of one CI run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from assay.errors import UsageError
from assay.impact.graph import users_of, with_users
from assay.impact.merge import merged
from assay.impact.store import open_store, reading, why_no_map
from assay.model.impact import (
    TEST_PREFIX,
    ImpactMap,
    Node,
    Source,
    TestRecord,
)
from assay.model.run import TestOutcome

STAMP_FACTS = ("stamp", "search_path", "roots", "inifile")


@dataclass(frozen=True, slots=True)
class Shard:
    """One map with all that is written down beside it."""

    name: str
    impact: ImpactMap
    texts: Mapping[Source, str] = field(hash=False)
    times: Mapping[str, int] = field(hash=False)
    meta: Mapping[str, str] = field(hash=False)


def read_shard(path: Path) -> Shard:
    """UsageError if the file is no map."""
    problem = why_no_map(path)
    if problem:
        raise UsageError(f"{path} {problem}: give a map that `assay map --export` has written")
    with reading(path) as (store, _):
        meta = {key: store.meta(key) for key in (*STAMP_FACTS, "kills")}
        return Shard(str(path), store.load(), store.texts(), store.times(), meta)


def check_environments(shards: Sequence[Shard]) -> None:
    """UsageError naming two maps whose environments differ."""
    first = shards[0]
    for other in shards[1:]:
        ours, theirs = set(first.impact.fingerprint), set(other.impact.fingerprint)
        if ours != theirs:
            some = ", ".join(sorted(ours ^ theirs)[:2])
            raise UsageError(
                f"{first.name} and {other.name} were recorded in different environments ({some}): "
                "join maps of one environment, or record anew with `assay map --fresh`"
            )


def joined(shards: Sequence[Shard]) -> Shard:
    """One map of several of the same environment: of each test the newest record, what tests share
    united. A test whose record saw something shared otherwise than the newest did owes a run."""
    nodes: dict[str, Node] = {}
    times: dict[str, int] = {}
    records: dict[str, TestRecord] = {}
    origin: dict[str, Shard] = {}
    texts: dict[Source, str] = {}
    for shard in shards:
        texts.update(shard.texts)
    keys = dict.fromkeys(key for shard in shards for key in shard.impact.nodes)
    for key in keys:
        having = [shard for shard in shards if key in shard.impact.nodes]
        having.sort(key=lambda shard: shard.times.get(key, 0))
        times[key] = having[-1].times.get(key, 0)
        if key.startswith(TEST_PREFIX):
            newest = _newest(key, having, times[key])
            origin[key] = newest
            nodes[key] = newest.impact.nodes[key]
            test = key.removeprefix(TEST_PREFIX)
            if test in newest.impact.tests:
                records[test] = newest.impact.tests[test]
        else:
            node = having[0].impact.nodes[key]
            for shard in having[1:]:
                node = merged(node, shard.impact.nodes[key])
            nodes[key] = node
    files = frozenset.intersection(*(shard.impact.files for shard in shards))
    impact = ImpactMap(nodes, records, shards[0].impact.fingerprint, files)
    for test in _owing(impact, shards, origin):
        records[test] = replace(records[test], outcome=TestOutcome.NOT_RUN)
    return Shard("", impact, texts, times, _facts(shards))


def _newest(key: str, having: Iterable[Shard], time: int) -> Shard:
    """Of records of the same age, one that owes a run."""
    test = key.removeprefix(TEST_PREFIX)
    last = [shard for shard in having if shard.times.get(key, 0) == time]
    for shard in last:
        record = shard.impact.tests.get(test)
        if record is not None and record.outcome is TestOutcome.NOT_RUN:
            return shard
    return last[-1]


def _owing(
    impact: ImpactMap, shards: Iterable[Shard], origin: Mapping[str, Shard]
) -> Iterable[str]:
    """Tests that depend on something shared which their own shard saw otherwise."""
    users = users_of(impact)
    for shard in shards:
        differing = [
            key
            for key, node in shard.impact.nodes.items()
            if not key.startswith(TEST_PREFIX) and _differs(node, impact.nodes[key])
        ]
        for key in with_users(differing, users):
            if key.startswith(TEST_PREFIX) and origin[key] is shard:
                yield key.removeprefix(TEST_PREFIX)


def _differs(ours: Node, theirs: Node) -> bool:
    return (
        any(theirs.lines[path].sha != lines.sha for path, lines in ours.lines.items())
        or any(theirs.files[path] != digest for path, digest in ours.files.items())
        or any(theirs.dirs[path] != digest for path, digest in ours.dirs.items())
        or any(theirs.exists[path] != kind for path, kind in ours.exists.items())
        or any(theirs.env[name] != digest for name, digest in ours.env.items())
    )


def _facts(shards: Sequence[Shard]) -> dict[str, str]:
    """What holds for all of them; pytest has to be asked where they do not agree on what it would
    collect."""
    first = shards[0]
    same = all(
        shard.meta["stamp"] == first.meta["stamp"]
        and shard.impact.tests.keys() == first.impact.tests.keys()
        for shard in shards
    )
    facts = dict(first.meta)
    return facts if same else facts | {"stamp": ""}


def join_into(target: Path, others: Iterable[Shard]) -> None:
    """Join maps, and the one that is there, in the target."""
    shards = list(others)
    if not why_no_map(target):
        shards.insert(0, read_shard(target))
    check_environments(shards)
    whole = joined(shards)
    with open_store(target).store as store:
        store.replace_all(whole.impact, whole.texts, whole.times, whole.meta)

"""What a test depends on, and which tests depend on a line, from the impact map (pure)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from assay.impact.graph import users_of
from assay.impact.record import units_of_mask
from assay.model.impact import TEST_PREFIX, ImpactMap, Node, Source, test_key
from assay.model.source import SourceFile, Unit


@dataclass(frozen=True, slots=True)
class TestNeeds:
    """`direct` are (path, unit) the test ran itself; `through` the units of each fixture, module
    or session it depends on, by that node's key; `files` what any of them read or listed."""

    __test__ = False

    node_id: str
    outcome: str
    direct: tuple[tuple[str, str], ...]
    through: Mapping[str, tuple[str, ...]] = field(hash=False)
    files: tuple[str, ...]
    opaque: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LineUsers:
    """Tests that ran a line, that ran only its unit, and that depend on it through other nodes
    (with the chain). `stale` when the file is no longer what was recorded."""

    path: str
    line: int
    unit: str
    stale: bool
    ran_line: tuple[str, ...]
    ran_unit: tuple[str, ...]
    through: Mapping[str, tuple[str, ...]] = field(hash=False)


Sources = Mapping[Source, SourceFile]


def units_run(node: Node, sources: Sources) -> list[tuple[str, str]]:
    """(path, unit) of all that a node ran, as its files were when it was recorded."""
    return sorted(
        (path, unit.name)
        for path, lines in node.lines.items()
        if (path, lines.sha) in sources
        for unit in units_of_mask(sources[path, lines.sha], lines.mask)
    )


def needs_of_test(impact: ImpactMap, node_id: str, sources: Sources) -> TestNeeds:
    """Everything below one test of the map; `sources` are the recorded files."""
    key = test_key(node_id)
    node = impact.nodes[key]
    below = _reachable(impact, key)
    files = {name for k in (key, *below) for name in impact.nodes[k].files}
    files |= {f"{name or '.'}/" for k in (key, *below) for name in impact.nodes[k].dirs}
    record = impact.tests.get(node_id)
    return TestNeeds(
        node_id=node_id,
        outcome="unknown" if record is None else record.outcome.value,
        direct=tuple(units_run(node, sources)),
        through={
            k: tuple(f"{path}::{unit}" for path, unit in units_run(impact.nodes[k], sources))
            for k in below
        },
        files=tuple(sorted(files)),
        opaque=tuple(sorted({why for k in (key, *below) for why in impact.nodes[k].opaque})),
    )


def _reachable(impact: ImpactMap, key: str) -> list[str]:
    """Nodes used by `key`, nearest first."""
    seen = {key}
    queue = deque([key])
    found = []
    while queue:
        for used in sorted(impact.nodes[queue.popleft()].uses):
            if used not in seen and used in impact.nodes:
                seen.add(used)
                found.append(used)
                queue.append(used)
    return found


def users_of_line(
    impact: ImpactMap, source: SourceFile, unit: Unit, line: int, sources: Sources
) -> LineUsers:
    """Everything above one line; `sources` are the recorded versions of its file."""
    ran_line: set[str] = set()
    ran_unit: set[str] = set()
    recorded: set[str] = set()
    starts: dict[str, tuple[str, ...]] = {}
    for key, node in impact.nodes.items():
        lines = node.lines.get(source.path)
        if lines is not None:
            recorded.add(lines.sha)
        if lines is None or (source.path, unit.name) not in units_run(node, sources):
            continue
        hit = lines.sha == source.sha and lines.mask >> line & 1
        if key.startswith(TEST_PREFIX):
            (ran_line if hit else ran_unit).add(key.removeprefix(TEST_PREFIX))
        else:
            starts[key] = ()
    through = {
        test: chain
        for test, chain in _tests_above(impact, starts).items()
        if test not in ran_line | ran_unit
    }
    return LineUsers(
        path=source.path,
        line=line,
        unit=unit.name,
        stale=bool(recorded) and recorded != {source.sha},
        ran_line=tuple(sorted(ran_line)),
        ran_unit=tuple(sorted(ran_unit)),
        through=dict(sorted(through.items())),
    )


def _tests_above(
    impact: ImpactMap, starts: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Tests that use any of the nodes, each with the shortest chain of nodes down to it."""
    users = users_of(impact)
    chains = dict(starts)
    found: dict[str, tuple[str, ...]] = {}
    queue = deque(sorted(starts))
    while queue:
        key = queue.popleft()
        for user in users.get(key, ()):
            if user in chains:
                continue
            chains[user] = (key, *chains[key])
            if user.startswith(TEST_PREFIX):
                found[user.removeprefix(TEST_PREFIX)] = chains[user]
            else:
                queue.append(user)
    return found

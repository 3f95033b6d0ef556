"""Selects every test that a change can affect, each with the reasons.

The rule of soundness: a test is dropped only if it passed when it was recorded, and everything
recorded beneath it, transitively, is now as it was then and is the same at the base.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from assay.impact.graph import users_of
from assay.impact.imports import module_names
from assay.model.change import FileStatus, SemanticChange, UnitStatus
from assay.model.impact import ABSENT, ImpactMap, Node, UnitRef, module_key, test_key
from assay.model.run import CollectedItem, TestOutcome
from assay.model.selection import Reason, ReasonKind, SelectedTest, Selection
from assay.model.source import MODULE_UNIT

SETTLED = frozenset({TestOutcome.PASSED, TestOutcome.SKIPPED, TestOutcome.XFAILED})
"""Outcomes of which a repetition on unchanged code says nothing new."""


@dataclass(frozen=True, slots=True)
class TreeNow:
    """The tree as it is, in digests.

    `units` maps (path, unit) to its digest, for every file that differs from what was recorded or
    from the base; `shas` maps every recorded path to the content there is (`ABSENT`: none);
    `dirs` likewise for listed directories; `roots` are those of imports; `files` are the Python
    files there are.
    """

    units: Mapping[tuple[str, str], str]
    shas: Mapping[str, str]
    dirs: Mapping[str, str]
    roots: Collection[str]
    files: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Found:
    """Why a node is affected: the kind, the words, and the node it came from (None: directly)."""

    kind: ReasonKind
    text: str
    via: str | None


def select(
    items: Iterable[CollectedItem],
    impact: ImpactMap,
    change: SemanticChange,
    now: TreeNow,
    fingerprint: tuple[str, ...],
    general: Reason | None = None,
) -> Selection:
    """The affected tests among the collected ones, likeliest to fail first.

    `general` is a reason that holds for every test, if there is one.
    """
    items = list(items)
    general = _general_reason(impact, fingerprint) or general
    affected = {} if general else _affected(impact, change, now)
    conftests = [
        p for p in _new_files(change, impact, now) if p.rpartition("/")[2] == "conftest.py"
    ]
    selected: list[SelectedTest] = []
    dropped: list[str] = []
    for item in items:
        record = impact.tests.get(item.node_id)
        reasons = list(filter(None, [general]))
        if not reasons:
            reasons = _own_reasons(item, impact, affected, conftests)
        if reasons:
            seconds = 0.0 if record is None else record.seconds
            selected.append(SelectedTest(item.node_id, tuple(reasons), seconds))
        else:
            dropped.append(item.node_id)
    position = {item.node_id: number for number, item in enumerate(items)}
    selected.sort(key=lambda test: (*_rank(test), position[test.node_id]))
    return Selection(tuple(selected), tuple(dropped))


def _rank(test: SelectedTest) -> tuple[ReasonKind, float]:
    """The likeliest to fail first, then the fastest; milliseconds are noise."""
    return min(reason.kind for reason in test.reasons), round(test.seconds, 1)


def _general_reason(impact: ImpactMap, fingerprint: tuple[str, ...]) -> Reason | None:
    if not impact.nodes:
        return Reason(ReasonKind.NO_MAP, "there is no impact map yet")
    if impact.fingerprint != fingerprint:
        return Reason(ReasonKind.ENVIRONMENT, _environment_text(impact.fingerprint, fingerprint))
    return None


def _environment_text(before: tuple[str, ...], after: tuple[str, ...]) -> str:
    old = dict(line.partition("=")[::2] for line in before)
    new = dict(line.partition("=")[::2] for line in after)
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    parts = [f"{name} {old.get(name, 'none')} → {new.get(name, 'none')}" for name in names[:3]]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"the environment changed since the map was recorded: {', '.join(parts)}{more}"


def _own_reasons(
    item: CollectedItem,
    impact: ImpactMap,
    affected: Mapping[str, _Found],
    conftests: Collection[str],
) -> list[Reason]:
    record = impact.tests.get(item.node_id)
    if record is None:
        return [Reason(ReasonKind.NEW_TEST, "the map does not know this test")]
    reasons = []
    if record.outcome not in SETTLED:
        text = f"it {_PAST[record.outcome]} when it was last recorded"
        reasons.append(Reason(ReasonKind.FAILED_LAST_TIME, text))
    for conftest in conftests:
        above = str(PurePosixPath(conftest).parent)
        if above == "." or item.path.startswith(above + "/"):
            text = f"{conftest} is new and applies to it"
            reasons.append(Reason(ReasonKind.TEST_CHANGED, text))
    key = test_key(item.node_id)
    if key in affected:
        reasons.append(_explain(key, item, affected))
    return reasons


_PAST = {
    TestOutcome.FAILED: "failed",
    TestOutcome.ERROR: "had an error",
    TestOutcome.XPASSED: "passed although marked xfail",
    TestOutcome.CRASHED: "took its process down",
    TestOutcome.TIMEOUT: "timed out",
    TestOutcome.NOT_RUN: "did not run",
}


def _explain(key: str, item: CollectedItem, affected: Mapping[str, _Found]) -> Reason:
    """Follow the chain back to what changed."""
    found = affected[key]
    chain = []
    while found.via is not None:
        chain.append(found.via)
        found = affected[found.via]
    kind = found.kind
    if kind is ReasonKind.CODE_CHANGED and chain:
        through = chain[0].partition(":")[0]
        kind = ReasonKind.FIXTURE_CHANGED if through == "fixture" else ReasonKind.MODULE_CHANGED
    if found.text.startswith(item.path + "::") and kind.value > ReasonKind.TEST_CHANGED.value:
        kind = ReasonKind.TEST_CHANGED
    words = " ".join(f"← {node_words(link)}" for link in reversed(chain))
    return Reason(kind, f"{found.text} {words}".strip(), tuple(chain))


def node_words(key: str) -> str:
    """A node as people call it."""
    kind, _, name = key.partition(":")
    if kind == "fixture":
        where, _, fixture = name.rpartition("::")
        return f"fixture {fixture}" + (f" of {where}" if where else "")
    if kind == "module":
        return f"import of {name}"
    if kind == "session":
        return "collection"
    return name


def _affected(impact: ImpactMap, change: SemanticChange, now: TreeNow) -> dict[str, _Found]:
    """Every node with something changed beneath it; breadth first, so chains are short."""
    found = _directly(impact, change, now)
    users = users_of(impact)
    queue = deque(found)
    while queue:
        key = queue.popleft()
        for user in users.get(key, ()):
            if user not in found:
                found[user] = _Found(found[key].kind, found[key].text, key)
                queue.append(user)
    return found


def _directly(impact: ImpactMap, change: SemanticChange, now: TreeNow) -> dict[str, _Found]:
    units = _changed_units(impact, change, now)
    paths = {file.path: file.status for file in change.change.files}
    appeared = {
        name: path
        for path in _new_files(change, impact, now)
        for name in module_names(path, now.roots)
    }
    found: dict[str, _Found] = {}
    for key, node in impact.nodes.items():
        reason = (
            _by_units(node, units)
            or _by_files(node, paths, now)
            or _by_names(node, appeared)
            or _by_opaque(node, bool(units or paths))
        )
        if reason is not None:
            found[key] = reason
    return found


def _changed_units(impact: ImpactMap, change: SemanticChange, now: TreeNow) -> dict[UnitRef, str]:
    """Recorded units that are no longer what they were, or differ between base and head."""
    against_base = {(unit.path, unit.unit): unit.status for unit in change.units}
    refs = {ref for node in impact.nodes.values() for ref in node.units}
    changed: dict[UnitRef, str] = {}
    for ref in refs:
        where = (ref.path, ref.unit)
        label = f"{ref.path}::{'(module body)' if ref.unit == MODULE_UNIT else ref.unit}"
        if where in against_base:
            changed[ref] = f"{label} {_STATUS_WORDS[against_base[where]]}"
        elif now.units.get(where, ref.digest) != ref.digest:
            gone = now.units[where] == ABSENT
            words = "is gone since it was recorded" if gone else "changed since it was recorded"
            changed[ref] = f"{label} {words}"
    return changed


_STATUS_WORDS = {
    UnitStatus.ADDED: "is new",
    UnitStatus.MODIFIED: "changed",
    UnitStatus.DELETED: "is deleted",
}


def _by_units(node: Node, units: Mapping[UnitRef, str]) -> _Found | None:
    hits = sorted(unit for unit in node.units if unit in units)
    if not hits:
        return None
    # A function says more than the module body around it.
    best = min(hits, key=lambda unit: (unit.unit == MODULE_UNIT, unit))
    module = best.unit == MODULE_UNIT
    kind = ReasonKind.MODULE_CHANGED if module else ReasonKind.CODE_CHANGED
    return _Found(kind, units[best], None)


def _by_files(node: Node, paths: Mapping[str, FileStatus], now: TreeNow) -> _Found | None:
    for path, sha in sorted(node.files.items()):
        if path in paths:
            text = f"{path}, which it reads, is {paths[path].value}"
            return _Found(ReasonKind.FILE_CHANGED, text, None)
        if now.shas.get(path, sha) != sha:
            text = f"{path}, which it reads, changed since it was recorded"
            return _Found(ReasonKind.FILE_CHANGED, text, None)
    touched = {
        "" if str(parent) == "." else str(parent)
        for path, status in paths.items()
        if status is not FileStatus.MODIFIED
        for parent in [PurePosixPath(path).parent]
    }
    for path, digest in sorted(node.dirs.items()):
        if path in touched or now.dirs.get(path, digest) != digest:
            text = f"{path or '.'}/, which it lists, has other files"
            return _Found(ReasonKind.FILE_CHANGED, text, None)
    return None


def _by_names(node: Node, appeared: Mapping[str, str]) -> _Found | None:
    for name in sorted(node.names & appeared.keys()):
        text = f"{appeared[name]} is new and answers `import {name}`"
        return _Found(ReasonKind.NAME_APPEARED, text, None)
    return None


def _by_opaque(node: Node, anything: bool) -> _Found | None:
    if not node.opaque or not anything:
        return None
    why = sorted(node.opaque)[0]
    return _Found(ReasonKind.OPAQUE, f"it {why}, so any change may affect it", None)


def _new_files(change: SemanticChange, impact: ImpactMap, now: TreeNow) -> list[str]:
    """Python files that the map has not seen: new against the base, or since it was recorded."""
    added = {
        file.path
        for file in change.change.files
        if file.status is FileStatus.ADDED and file.path.endswith(".py")
    }
    unseen = {path for path in added if module_key(path) not in impact.nodes}
    return sorted(unseen | (now.files - impact.files if impact.files else frozenset()))

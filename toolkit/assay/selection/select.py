"""Selects every test that a change can affect, each with the reasons (pure).

The rule of soundness: a test is dropped only if it passed when it was recorded, and everything
recorded beneath it, transitively, is now as it was then and is the same at the base.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from assay.model.impact import TEST_PREFIX, Node, TestRecord, test_key
from assay.model.run import CollectedItem, TestOutcome
from assay.model.selection import Reason, ReasonKind, SelectedTest, Selection
from assay.selection.touch import Altered, Cause

SETTLED = frozenset(
    {TestOutcome.PASSED, TestOutcome.SKIPPED, TestOutcome.XFAILED, TestOutcome.XPASSED}
)
"""Outcomes of which a repetition on unchanged code says nothing new."""


@dataclass(frozen=True, slots=True)
class Affected:
    """The part of the map that a change reaches.

    `nodes` are all nodes with something changed beneath them (others may be among them), `direct`
    the causes of those touched themselves, by key. `altered` are the differences of recorded files,
    `conftests` conftest files that are new (and `__init__` files, which decide how test files are
    imported), `everywhere` those of them whose hooks concern all tests, wherever they stand.
    """

    nodes: Mapping[str, Node] = field(hash=False)
    direct: Mapping[str, Cause] = field(hash=False)
    altered: tuple[Altered, ...] = ()
    conftests: tuple[str, ...] = ()
    everywhere: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Found:
    """Why a node is affected: the cause, and the node it came from (None: directly)."""

    cause: Cause
    via: str | None


def select(
    items: Iterable[CollectedItem],
    records: Mapping[str, TestRecord],
    affected: Affected,
    general: Reason | None = None,
    kills: Mapping[str, int] | None = None,
) -> Selection:
    """The affected tests among the given ones, likeliest to fail first.

    `general` is a reason that holds for every test, if there is one; `kills` how many mutants each
    test was the first to notice lately.
    """
    items = list(items)
    found = {} if general else spread(affected)
    own = _Own(affected)
    selected: list[SelectedTest] = []
    dropped: list[str] = []
    for item in items:
        record = records.get(item.node_id)
        reasons = [general] if general else _reasons(item, record, found, own)
        if not reasons:
            dropped.append(item.node_id)
            continue
        selected.append(
            SelectedTest(
                item.node_id,
                tuple(reasons),
                0.0 if record is None else record.seconds,
                _breadth(affected.nodes.get(test_key(item.node_id))),
                (kills or {}).get(item.node_id, 0),
            )
        )
    position = {item.node_id: number for number, item in enumerate(items)}
    selected.sort(key=lambda test: (*rank(test), position[test.node_id]))
    return Selection(tuple(selected), tuple(dropped))


def may_be_selected(
    recorded: Iterable[tuple[str, str, bool]], affected: Affected
) -> list[CollectedItem]:
    """The tests that may be selected, of recorded ones given as node id, file, and whether the
    outcome is settled: `select` has nothing to say for the others."""
    found = {key.removeprefix(TEST_PREFIX) for key in spread(affected)}
    own = _Own(affected)
    anywhere = bool(own.conftests or own.classes)
    files = {path for path, _ in own.named}
    return [
        CollectedItem(node_id, path, 0, False)
        for node_id, path, settled in recorded
        if not settled or anywhere or node_id in found or path in files
    ]


def rank(test: SelectedTest) -> tuple[ReasonKind, int, int, float]:
    """The likeliest to fail first: by the reason, then tests that noticed mutants, then those that
    run little else (steps of a factor two: less is noise), then the fastest."""
    kind = min(reason.kind for reason in test.reasons)
    return kind, -test.kills, test.breadth.bit_length(), round(test.seconds, 1)


def _breadth(node: Node | None) -> int:
    return 0 if node is None else sum(lines.mask.bit_count() for lines in node.lines.values())


def environment_reason(before: tuple[str, ...], after: tuple[str, ...]) -> Reason | None:
    """The reason to select everything when the environment is another one."""
    if before == after:
        return None
    old = dict(line.partition("=")[::2] for line in before)
    new = dict(line.partition("=")[::2] for line in after)
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    parts = [f"{name} {old.get(name, 'none')} → {new.get(name, 'none')}" for name in names[:3]]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    text = f"the environment changed since the map was recorded: {', '.join(parts)}{more}"
    return Reason(ReasonKind.ENVIRONMENT, text)


NO_MAP = Reason(ReasonKind.NO_MAP, "there is no impact map yet")


class _Own:
    """Reasons that concern tests by where they stand rather than by what they ran."""

    def __init__(self, affected: Affected) -> None:
        self.conftests = affected.conftests
        self.everywhere = affected.everywhere
        self.named: dict[tuple[str, str], Cause] = {}
        self.classes: dict[str, Cause] = {}
        for altered in affected.altered:
            cause = Cause(ReasonKind.TEST_CHANGED, altered.cause.text)
            for name in altered.difference.tests:
                self.named[altered.source[0], name] = cause
            for name in altered.readers.classes if altered.readers else ():
                self.classes[name] = cause

    def reason(self, item: CollectedItem) -> Reason | None:
        for conftest in self.conftests:
            above = "." if conftest in self.everywhere else str(PurePosixPath(conftest).parent)
            if above == "." or item.path.startswith(above + "/"):
                return Reason(ReasonKind.TEST_CHANGED, f"{conftest} is new and applies to it")
        parts = item.node_id.partition("::")[2].partition("[")[0].split("::")
        for depth, part in enumerate(parts, 1):
            cause = self.named.get((item.path, part))
            if cause is None and depth < len(parts):
                cause = self.classes.get(part)
            if cause is not None:
                return Reason(cause.kind, cause.text)
        return None


def _reasons(
    item: CollectedItem,
    record: TestRecord | None,
    found: Mapping[str, _Found],
    own: _Own,
) -> list[Reason]:
    if record is None:
        return [Reason(ReasonKind.NEW_TEST, "the map does not know this test")]
    reasons = []
    if record.outcome not in SETTLED:
        text = f"it {_PAST[record.outcome]} when it was last recorded"
        reasons.append(Reason(ReasonKind.FAILED_LAST_TIME, text))
    reason = own.reason(item)
    if reason is not None:
        reasons.append(reason)
    key = test_key(item.node_id)
    if key in found:
        reasons.append(_explain(key, item, found))
    return reasons


_PAST = {
    TestOutcome.FAILED: "failed",
    TestOutcome.ERROR: "had an error",
    TestOutcome.CRASHED: "took its process down",
    TestOutcome.TIMEOUT: "timed out",
    TestOutcome.NOT_RUN: "did not run",
}


def _explain(key: str, item: CollectedItem, found: Mapping[str, _Found]) -> Reason:
    """Follow the chain back to what changed."""
    link = found[key]
    chain = []
    while link.via is not None:
        chain.append(link.via)
        link = found[link.via]
    kind = link.cause.kind
    if kind in (ReasonKind.CODE_CHANGED, ReasonKind.NAME_CHANGED) and chain:
        through = chain[0].partition(":")[0]
        kind = _THROUGH.get(through, ReasonKind.MODULE_CHANGED)
    if link.cause.text.startswith(item.path + "::") and kind > ReasonKind.TEST_CHANGED:
        kind = ReasonKind.TEST_CHANGED
    return Reason(kind, " ".join([link.cause.text, *_words(link.cause, chain)]), tuple(chain))


_THROUGH = {"fixture": ReasonKind.FIXTURE_CHANGED, "memo": ReasonKind.MEMO}


def _words(cause: Cause, chain: list[str]) -> Iterable[str]:
    """The links from what changed to the test, as people say them."""
    for link in reversed(chain):
        # That what a module says itself reaches those who import it needs no link of its own.
        where = link.partition(":")[2]
        if not cause.text.startswith(f"{where}::") and not cause.text.endswith(f" in {where}"):
            yield f"← {node_words(link)}"


def node_words(key: str) -> str:
    """A node as people call it."""
    kind, _, name = key.partition(":")
    if kind == "fixture":
        where, _, fixture = name.rpartition("::")
        return f"fixture {fixture}" + (f" of {where}" if where else "")
    if kind == "module":
        return f"imported by {name}"
    if kind == "memo":
        return f"kept by {name}"
    if kind == "session":
        return "collection"
    if kind == "collect":
        return f"collection of {name}"
    return name


def spread(affected: Affected) -> dict[str, _Found]:
    """Every node with something changed beneath it; breadth first, so chains are short."""
    found = {key: _Found(cause, None) for key, cause in affected.direct.items()}
    users: dict[str, list[str]] = {}
    for node in affected.nodes.values():
        for used in node.uses:
            users.setdefault(used, []).append(node.key)
    queue = deque(sorted(found, key=lambda key: (found[key].cause.kind, key)))
    while queue:
        key = queue.popleft()
        for user in users.get(key, ()):
            if user not in found:
                found[user] = _Found(found[key].cause, key)
                queue.append(user)
    return found


def reaches_collection(found: Collection[str]) -> bool:
    """Whether collecting might give other tests than before: something it imports is affected."""
    return any(key.startswith(("module:", "session:", "collect:")) for key in found)

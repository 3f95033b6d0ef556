"""Two traced runs of one test laid side by side: which call of one is which of the other.

As trace-differencing tools do it (Weeratunge, Zhang, Sumner and Jagannathan, "Analyzing
concurrency bugs using dual slicing", 2010; Zimmermann and Zeller's memory graphs, 2001): call trees
are aligned from the top, children of aligned calls by the longest common runs of the same callee.
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assay.diagnosis.sources import Sources
from assay.explain.summaries import Path, Summary, differences
from assay.model.divergence import Call, How, Trace

Match = tuple[int | None, int | None]
"""A call at base and its counterpart at head; None where there is none."""

ROOT = -1
"""The parent of calls that code outside the project makes: pytest, mostly."""

MOST_COMPARED = 4_000_000
"""Two lists of calls whose lengths have a greater product are matched from the front only."""

Masks = Mapping[tuple[str, str, str], frozenset[Path]]
"""Where values vary by themselves: by path and name of the function, and slot."""

VALUE, CALLS = "value", "calls"
"""The slots of a result and of the calls that are made; those of arguments and the like are
`arg NAME`, `read NAME` and `after NAME`."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """The matches below each pair of calls, in the order of time; `(ROOT, ROOT)` is the top."""

    base: Trace
    head: Trace
    below: Mapping[tuple[int, int], tuple[Match, ...]] = field(hash=False)


def align(base: Trace, head: Trace, sources: Sources) -> Alignment:
    """Match the calls of two runs, from the top down."""
    base_children, head_children = children_of(base), children_of(head)
    below = {}
    waiting = [(ROOT, ROOT)]
    while waiting:
        pair = waiting.pop()
        matches = tuple(
            _matched(
                [_Key.of(base, index, sources, at_base=True) for index in base_children[pair[0]]],
                [_Key.of(head, index, sources, at_base=False) for index in head_children[pair[1]]],
            )
        )
        below[pair] = matches
        waiting += [(one, other) for one, other in matches if one is not None and other is not None]
    return Alignment(base, head, below)


def children_of(trace: Trace) -> Mapping[int, list[int]]:
    found: dict[int, list[int]] = {ROOT: [], **{index: [] for index in range(len(trace.calls))}}
    for index, call in enumerate(trace.calls):
        found[call.parent].append(index)
    return found


@dataclass(frozen=True, slots=True)
class _Key:
    """What two calls must share: first the callee and the line they are made from, else the
    callee."""

    index: int
    callee: Hashable
    exact: Hashable

    @staticmethod
    def of(trace: Trace, index: int, sources: Sources, at_base: bool) -> _Key:
        call = trace.calls[index]
        callee = (call.path, call.name)
        line: Hashable = call.line
        if call.parent != ROOT and at_base:
            line = sources.line_at_head(trace.calls[call.parent].path, call.line)
        return _Key(index, callee, (callee, line))


def _matched(base: Sequence[_Key], head: Sequence[_Key]) -> Iterator[Match]:
    """By callee and line; what is left between two such matches, by callee alone."""
    start = (0, 0)
    for one, other in [*_same([k.exact for k in base], [k.exact for k in head]), (None, None)]:
        until = len(base) if one is None else one, len(head) if other is None else other
        yield from _loosely(base[start[0] : until[0]], head[start[1] : until[1]])
        if one is not None and other is not None:
            yield base[one].index, head[other].index
            start = one + 1, other + 1


def _loosely(base: Sequence[_Key], head: Sequence[_Key]) -> Iterator[Match]:
    start = (0, 0)
    for one, other in _same([k.callee for k in base], [k.callee for k in head]):
        yield from ((key.index, None) for key in base[start[0] : one])
        yield from ((None, key.index) for key in head[start[1] : other])
        yield base[one].index, head[other].index
        start = one + 1, other + 1
    yield from ((key.index, None) for key in base[start[0] :])
    yield from ((None, key.index) for key in head[start[1] :])


def _same(base: Sequence[Hashable], head: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """Positions of equal keys, rising in both."""
    front = 0
    while front < min(len(base), len(head)) and base[front] == head[front]:
        yield front, front
        front += 1
    rest = base[front:], head[front:]
    if not rest[0] or not rest[1] or len(rest[0]) * len(rest[1]) > MOST_COMPARED:
        return
    matcher = difflib.SequenceMatcher(None, *rest, autojunk=False)
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            yield front + block.a + offset, front + block.b + offset


# -- differences


@dataclass(frozen=True, slots=True)
class Differing:
    """Of two matched calls, the slots whose values differ, each with both values."""

    arguments: Mapping[str, tuple[Summary, Summary]] = field(hash=False)
    hidden: Mapping[str, tuple[Summary, Summary]] = field(hash=False)
    after: Mapping[str, tuple[Summary, Summary]] = field(hash=False)
    ends: bool

    @property
    def shows(self) -> bool:
        """Whether a caller can notice: by the result, or by what became of an argument."""
        return self.ends or bool(self.after)


def differing(base: Call, head: Call, masks: Masks) -> Differing:
    """Where two calls of one function differ; arguments that only one of them has do not count."""
    where = (head.path, head.name)

    def among(
        one: Mapping[str, Summary], other: Mapping[str, Summary], slot: str
    ) -> dict[str, tuple[Summary, Summary]]:
        return {
            name: (one[name], other[name])
            for name in one
            if name in other
            and one[name] != other[name]
            and truly_differ(one[name], other[name], masks.get((*where, f"{slot} {name}")))
        }

    arguments = among(base.arguments, head.arguments, "arg")
    given = base.arguments.keys() & head.arguments.keys()
    changed = {name for name in (*base.after, *head.after) if name in given - arguments.keys()}
    after = among(
        {name: base.after.get(name, base.arguments.get(name)) for name in changed},
        {name: head.after.get(name, head.arguments.get(name)) for name in changed},
        "after",
    )
    return Differing(
        arguments,
        among(base.hidden, head.hidden, "read"),
        after,
        _end_differs(base, head, masks.get((*where, VALUE))),
    )


def _end_differs(base: Call, head: Call, masked: frozenset[Path] | None) -> bool:
    if How.OPEN in (base.how, head.how):
        return False
    if base.how is not head.how:
        return masked is None or () not in masked
    if base.value is None or head.value is None or base.value == head.value:
        return False
    return truly_differ(base.value, head.value, masked)


def truly_differ(
    one: Summary | None, other: Summary | None, masked: frozenset[Path] | None
) -> bool:
    """Whether two values differ elsewhere than where they vary by themselves."""
    if one == other:
        return False
    if one is None or other is None:
        return True
    if masked is None:
        return True
    return any(not _is_masked(path, masked) for path in differences(one, other))


def _is_masked(path: Path, masked: frozenset[Path]) -> bool:
    return any(path[: len(one)] == one for one in masked)


def varying(alignment: Alignment) -> Masks:
    """What differs between two runs of the same code, and so by itself."""
    found: dict[tuple[str, str, str], set[Path]] = {}

    def note(call: Call, slot: str, one: Summary | None, other: Summary | None) -> None:
        places = found.setdefault((call.path, call.name, slot), set())
        places.update(differences(one, other) if one and other else ((),))

    for pair, matches in alignment.below.items():
        if pair[0] != ROOT:
            base, head = alignment.base.calls[pair[0]], alignment.head.calls[pair[1]]
            seen = differing(base, head, {})
            for slot, values in (("arg", seen.arguments), ("read", seen.hidden)):
                for name, both in values.items():
                    note(base, f"{slot} {name}", *both)
            for name, both in seen.after.items():
                note(base, f"after {name}", *both)
            if seen.ends:
                same = base.how is head.how
                note(base, VALUE, base.value if same else None, head.value if same else None)
            if any(None in match for match in matches):
                note(base, CALLS, None, None)
    return {key: frozenset(paths) for key, paths in found.items()}


def together(one: Masks, other: Masks) -> Masks:
    return {
        key: one.get(key, frozenset()) | other.get(key, frozenset())
        for key in one.keys() | other.keys()
    }

"""Where two aligned runs of a test part first, and which function that puts under suspicion.

The run is walked in the order of time. A call is *touched* once it has been given, has read, or got
back from a call something that differs; what an untouched call does otherwise than at base is the
origin of a divergence, and what a touched one does is its consequence. A caller is blamed for the
arguments it hands on, but never a test whose text is the same: then the callee is.

There may be several origins, for a difference without effect may come before the one that matters.
Those come first whose callers all differ up to the test, in the order of time. The idea of chains
of differing states is delta debugging's (Zeller, "Isolating cause-effect chains", 2002).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from assay.diagnosis.alignment import (
    CALLS,
    ROOT,
    Alignment,
    Differing,
    Masks,
    Match,
    differing,
)
from assay.diagnosis.sources import Sources
from assay.explain.summaries import Summary
from assay.model.divergence import Call, How, Kind

Pair = tuple[int, int]
"""A call at base and its counterpart at head, by index; `(ROOT, ROOT)` stands above all."""

TOP: Pair = (ROOT, ROOT)

NEVER = -1
"""The time of an origin that turned out to be none."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A first difference: what kind, in which pair of calls, about what, with both values.

    `order` is its place in time; `callee` the call concerned, where one is: its pair, a match with
    None, or the call at base with the other one that head makes in its place; `inside` the numbers
    of the origins before it in calls that this one made: it may be their consequence, by way of
    what was not seen. `reaches`: all calls from there up to the test show a difference;
    `at_failure`: the test made them in the line that failed.
    """

    kind: Kind
    at: Pair
    what: str
    values: tuple[Summary, Summary] | None
    order: int
    callee: Match | None = None
    inside: tuple[int, ...] = ()
    reaches: bool = False
    at_failure: bool = False


@dataclass(frozen=True, slots=True)
class Aligned:
    """All that the search looks at. `tests` are the paths of test code, `test` the name of the test
    function."""

    alignment: Alignment
    sources: Sources
    masks: Masks
    tests: frozenset[str]
    test: str

    def calls(self, pair: Pair) -> tuple[Call, Call]:
        return self.alignment.base.calls[pair[0]], self.alignment.head.calls[pair[1]]

    def is_unchanged_test(self, pair: Pair) -> bool:
        """The code above all counts as one: it is pytest's."""
        if pair == TOP:
            return True
        call = self.alignment.head.calls[pair[1]]
        return call.path in self.tests and not self.sources.is_changed(call.path, call.name)

    def parent(self, pair: Pair) -> Pair:
        base, head = self.calls(pair)
        return base.parent, head.parent

    def default_of(self, origin: Origin) -> int | None:
        """The line where the argument concerned is given another default at head; None if it is
        not, or a caller handed it on."""
        if origin.kind is not Kind.ARGUMENTS or origin.callee != origin.at:
            return None
        callee = self.calls(origin.at)[1]
        return self.sources.default_at(callee.path, callee.name, origin.what)

    def above(self, pair: Pair) -> list[Pair]:
        """The callers of a pair, from the nearest."""
        found = []
        while pair != TOP:
            pair = self.parent(pair)
            if pair != TOP:
                found.append(pair)
        return found


def origins(aligned: Aligned) -> list[Origin]:
    """The first differences, the likeliest cause of the failure first."""
    search = _Search(aligned)
    search.run()
    failing = _failing_line(aligned)
    reaching = _reaching(aligned, search)
    found = [
        replace(
            one,
            reaches=number in reaching,
            at_failure=line_in_test(aligned, one) == failing,
        )
        for number, one in enumerate(search.found)
        if one.order != NEVER
    ]
    return sorted(found, key=lambda one: (not one.reaches, not one.at_failure, one.order))


@dataclass(slots=True)
class _Under:
    """A pair of calls on the way through time."""

    pair: Pair
    matches: Sequence[Match]
    touched: bool
    next: int = 0
    origin: int | None = None
    """The number of the origin that lies in this call itself."""
    inside: list[int] = field(default_factory=list)
    """The origins in the calls that it has made."""


@dataclass(slots=True)
class _Search:
    aligned: Aligned
    found: list[Origin] = field(default_factory=list)
    seen: dict[Pair, Differing] = field(default_factory=dict)
    read: set[tuple[str, str]] = field(default_factory=set)
    time: int = 0

    def run(self) -> None:
        below = self.aligned.alignment.below
        under = [_Under(TOP, below[TOP], touched=False)]
        while under:
            now = under[-1]
            if now.next < len(now.matches):
                match = now.matches[now.next]
                now.next += 1
                self.time += 1
                base, head = match
                if base is None or head is None:
                    self._unmatched(now, match)
                else:
                    under.append(self._entered(now, (base, head)))
                continue
            under.pop()
            if under:
                self._left(now)
                under[-1].touched |= self.seen[now.pair].shows
                under[-1].inside += now.inside

    def _entered(self, caller: _Under, pair: Pair) -> _Under:
        aligned = self.aligned
        seen = self.seen[pair] = differing(*aligned.calls(pair), aligned.masks)
        if seen.arguments and not caller.touched:
            self._arguments(caller, pair, seen)
            caller.touched = True
        touched = bool(seen.arguments or seen.hidden)
        now = _Under(pair, aligned.alignment.below[pair], touched)
        for label, values in seen.hidden.items():
            reader = aligned.calls(pair)[1].path
            if (reader, label) not in self.read:
                self.read.add((reader, label))
                self._add(now, Origin(Kind.HIDDEN, pair, label, values, self.time))
        return now

    def _arguments(self, caller: _Under, pair: Pair, seen: Differing) -> None:
        name, values = next(iter(seen.arguments.items()))
        callee = self.aligned.calls(pair)[1]
        is_default = self.aligned.sources.default_at(callee.path, callee.name, name) is not None
        is_own = is_default or self.aligned.is_unchanged_test(caller.pair)
        at = pair if is_own else caller.pair
        caller.origin = self._add(caller, Origin(Kind.ARGUMENTS, at, name, values, self.time, pair))

    def _unmatched(self, caller: _Under, match: Match) -> None:
        aligned = self.aligned
        if caller.touched or caller.pair == TOP or self._is_masked(caller.pair, CALLS):
            return
        calls = aligned.calls(caller.pair)
        if any(call.how is How.OPEN for call in calls):
            return
        base, head = match
        index, trace = (base, "base") if base is not None else (head, "head")
        assert index is not None
        call = getattr(aligned.alignment, trace).calls[index]
        if not call.path and calls[1].path in aligned.tests:
            return
        caller.touched = True
        callee = _in_its_place(match, caller.matches[caller.next : caller.next + 1])
        caller.origin = self._add(
            caller, Origin(Kind.STRUCTURE, caller.pair, call.name, None, self.time, callee)
        )

    def _is_masked(self, pair: Pair, slot: str) -> bool:
        call = self.aligned.alignment.head.calls[pair[1]]
        return (call.path, call.name, slot) in self.aligned.masks

    def _left(self, now: _Under) -> None:
        seen = self.seen[now.pair]
        if now.origin is not None:
            self._settled(now, seen)
        elif not now.touched and seen.shows:
            self._own_end(now, seen)

    def _settled(self, now: _Under, seen: Differing) -> None:
        """A call that went another way and ended otherwise is told by its end."""
        assert now.origin is not None
        origin = self.found[now.origin]
        if origin.kind is not Kind.STRUCTURE:
            return
        if self._fails(now.pair):
            self.found[now.origin] = replace(origin, order=NEVER)
        elif self._stops(now.pair, origin.callee):
            self.found[now.origin] = replace(origin, kind=Kind.STOPPED)
        elif seen.ends and not self.aligned.is_unchanged_test(now.pair):
            base, head = self.aligned.calls(now.pair)
            kind = Kind.RAISED if How.RAISED in (base.how, head.how) else Kind.RESULT
            self.found[now.origin] = replace(
                origin, kind=kind, what="", values=(base.value, head.value)
            )

    def _fails(self, pair: Pair) -> bool:
        """An unchanged test that ends by an assertion of its own, after calls that are the same."""
        head = self.aligned.calls(pair)[1]
        return self.aligned.is_unchanged_test(pair) and is_assertion(head)

    def _stops(self, pair: Pair, match: Match | None) -> bool:
        """Head raised before the call that base went on to make, and no call of its own raised."""
        base, head = self.aligned.calls(pair)
        if match is None or match[1] is not None or head.how is not How.RAISED:
            return False
        if base.how is How.RAISED and base.value == head.value:
            return False
        following = self.aligned.alignment.below[pair]
        return all(other is None for _, other in following[following.index(match) :])

    def _own_end(self, now: _Under, seen: Differing) -> None:
        if self.aligned.is_unchanged_test(now.pair):
            return
        base, head = self.aligned.calls(now.pair)
        if seen.ends:
            kind = Kind.RAISED if How.RAISED in (base.how, head.how) else Kind.RESULT
            self._add(now, Origin(kind, now.pair, "", (base.value, head.value), self.time))
        else:
            name, values = next(iter(seen.after.items()))
            self._add(now, Origin(Kind.MUTATED, now.pair, name, values, self.time))

    def _add(self, now: _Under, origin: Origin) -> int:
        self.found.append(replace(origin, inside=tuple(now.inside)))
        now.inside.append(len(self.found) - 1)
        return len(self.found) - 1


def _in_its_place(match: Match, following: Sequence[Match]) -> Match:
    """With the call that head makes where base makes one that head does not."""
    for base, head in following:
        if match[1] is None and base is None:
            return match[0], head
    return match


def _reaching(aligned: Aligned, search: _Search) -> set[int]:
    """The origins that reach the test, by themselves or by way of a later one."""
    found: set[int] = set()
    for number, origin in reversed(list(enumerate(search.found))):
        if number in found or (origin.order != NEVER and _reaches(aligned, search.seen, origin)):
            found |= {number, *origin.inside}
    return found


def _reaches(aligned: Aligned, seen: Mapping[Pair, Differing], origin: Origin) -> bool:
    """Whether every call from the origin up shows a difference to its caller, tests left out."""
    if origin.kind is Kind.STOPPED:
        return True
    if origin.kind is Kind.STRUCTURE and aligned.is_unchanged_test(origin.at):
        return False
    for pair in (origin.at, *aligned.above(origin.at)):
        if aligned.alignment.head.calls[pair[1]].path in aligned.tests:
            return True
        if not seen[pair].shows:
            return False
    return True


def is_assertion(call: Call) -> bool:
    return call.how is How.RAISED and call.value is not None and call.value[1] == "AssertionError"


def the_test(aligned: Aligned) -> Pair | None:
    """The calls of the test function itself."""
    for one, other in aligned.alignment.below[TOP]:
        if one is not None and other is not None:
            call = aligned.alignment.head.calls[other]
            if call.path in aligned.tests and call.name.rpartition(".")[2] == aligned.test:
                return one, other
    return None


def _failing_line(aligned: Aligned) -> int | None:
    pair = the_test(aligned)
    if pair is None:
        return None
    head = aligned.calls(pair)[1]
    return head.left if head.how is How.RAISED else None


def line_in_test(aligned: Aligned, origin: Origin) -> int | None:
    """The line of the test function below which the origin lies."""
    test = the_test(aligned)
    pair = origin.at
    while pair != TOP:
        above = aligned.parent(pair)
        if above == test and test is not None:
            return aligned.calls(pair)[1].line
        pair = above
    return None


def suspect(aligned: Aligned, origin: Origin) -> tuple[str, str]:
    """Path and qualified name of the function that an origin points at.

    Of a test that came to a stop, or makes other calls, it is the callee.
    """
    base, head = aligned.alignment.base, aligned.alignment.head
    if origin.callee is not None and origin.kind in (Kind.STOPPED, Kind.STRUCTURE):
        one, other = origin.callee
        call = base.calls[one] if one is not None else head.calls[other or 0]
        signatures = aligned.sources.signatures(call.path, call.name)
        moved = signatures is not None and signatures[0] != signatures[1]
        if aligned.is_unchanged_test(origin.at) or (origin.kind is Kind.STOPPED and moved):
            return call.path, call.name
    call = head.calls[origin.at[1]]
    return call.path, call.name


def suspects(aligned: Aligned, found: Sequence[Origin]) -> list[tuple[Origin, tuple[str, str]]]:
    """The functions the origins point at, each once, in their order."""
    each: dict[tuple[str, str], Origin] = {}
    for one in found:
        each.setdefault(suspect(aligned, one), one)
    return [(origin, function) for function, origin in each.items()]

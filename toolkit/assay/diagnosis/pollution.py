"""Which test's left-over state makes another one end otherwise: candidates, and the search for a
least set of them (pure).

Writers and readers of shared state, as in PolDet (Gyori, Shi, Hariri and Marinov, Reliable testing:
detecting state-polluting tests to prevent test dependency, ISSTA 2015), here both at once; delta
debugging where they say nothing (Zeller and Hildebrandt, Simplifying and isolating failure-inducing
input, IEEE TSE 28, 2002).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from math import ceil, log2
from typing import Any

from assay.explain.summaries import MISSING, Summary

Slot = tuple[str, ...]
"""A place of state that tests share, as `probe.slots` names it."""

IN_MODULES = frozenset({"global", "attribute", "default", "cache", "foreign", "method"})
"""Kinds of slots whose second item is the name of their module."""

MOST_CANDIDATES = 4
"""So many sets of writers are tried before subsets are."""


@dataclass(frozen=True, slots=True)
class Write:
    """A test has left a slot otherwise than it found it; `rebound`: with another object in it."""

    test: str
    slot: Slot
    before: Summary
    after: Summary
    rebound: bool


@dataclass(frozen=True, slots=True)
class Reads:
    """What a test's run looked up: names that the project's code mentions, those that other code
    does, short texts of any code, functions that were called, fixtures that it had."""

    names: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    called: frozenset[str] = frozenset()
    fixtures: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Difference:
    """A slot that stands otherwise when a test begins than it stood before any test."""

    slot: Slot
    before: Summary
    after: Summary
    writers: tuple[str, ...]
    rebound: bool
    read: bool


def differences(writes: Iterable[Write], reads: Reads) -> list[Difference]:
    """What a series of tests leaves to the one after them, those slots first that it reads.

    `writers` are those of a slot, without what was undone by a later one. What a module holds is
    not told where another module stands in its place.
    """
    series: dict[Slot, list[Write]] = {}
    for write in writes:
        series.setdefault(write.slot, []).append(write)
    replaced = {slot[1] for slot in series if slot[0] == "module"}
    found = []
    for slot, all_writes in series.items():
        if slot[0] in IN_MODULES and slot[1] in replaced:
            continue
        first, kept = all_writes[0].before, _not_undone(all_writes)
        if slot[0] == "fixture" and first[0] == MISSING[0]:
            # What a shared fixture gives is not there before its first user: its value then counts.
            first, kept = all_writes[0].after, _not_undone(all_writes[1:])
        if kept:
            last = kept[-1]
            writers = tuple(dict.fromkeys(write.test for write in kept))
            rebound = any(write.rebound for write in kept)
            found.append(
                Difference(slot, first, last.after, writers, rebound, is_read(slot, reads))
            )
    return sorted(found, key=lambda one: (not one.read, _rank(one.slot)))


def _not_undone(writes: Sequence[Write]) -> list[Write]:
    """The writes since the slot last was as it was at first."""
    kept: list[Write] = []
    for write in writes:
        kept = [] if write.after == writes[0].before else [*kept, write]
    return kept


_ORDER = ("global", "attribute", "environ", "foreign", "method", "logger", "fixture", "default")


def _rank(slot: Slot) -> int:
    """Kinds that are rarely the reason come last: caches, modules that were merely imported."""
    if slot == ("process", "random"):
        return len(_ORDER) + 2
    if slot[0] == "process":
        return 2
    return _ORDER.index(slot[0]) if slot[0] in _ORDER else len(_ORDER) + 1


_FILES = frozenset(
    {"getcwd", "open", "stat", "lstat", "listdir", "scandir", "access", "mkdir", "_path_exists"}
)
_SIGNS: Mapping[str, frozenset[str]] = {
    "cwd": _FILES,
    "umask": frozenset({"umask", "open", "mkdir", "mkfifo", "mknod"}),
    "warnings": frozenset({"warn", "warn_explicit"}),
    "random": frozenset({"random", "getrandbits", "getstate", "_randbelow", "shuffle", "choice"}),
    "time zone": frozenset({"localtime", "mktime", "strftime", "fromtimestamp", "now", "today"}),
    "sys.path": frozenset({"_find_and_load", "find_spec"}),
    "sys.meta_path": frozenset({"_find_and_load", "find_spec"}),
    "sys.argv": frozenset({"argv"}),
    "recursion limit": frozenset({"getrecursionlimit"}),
    "garbage collection": frozenset({"isenabled", "collect"}),
    "decimal": frozenset({"decimal", "Decimal", "getcontext", "quantize"}),
    "socket timeout": frozenset({"socket", "connect"}),
    "locale": frozenset(
        {
            "setlocale",
            "localeconv",
            "strftime",
            "getlocale",
            "format_string",
            "getpreferredencoding",
        }
    ),
    "signal": frozenset({"signal", "getsignal", "kill", "raise_signal", "alarm", "setitimer"}),
    "context": frozenset({"get"}),
}
"""Functions and names whose use depends on a setting of the process."""

_LOGGING = frozenset({"isEnabledFor", "getEffectiveLevel", "callHandlers", "handle", "_log"})


def is_read(slot: Slot, reads: Reads) -> bool:
    """Whether the code that a test ran mentions what the slot is called by, or depends on it."""
    kind, name = slot[0], slot[-1]
    looked_up = reads.names | reads.others
    if kind in ("global", "attribute"):
        return name in reads.names
    if kind in ("default", "cache"):
        return name in reads.called or name in reads.names
    if kind in ("foreign", "method"):
        return name in looked_up or name in reads.called
    if kind == "environ":
        return name in reads.texts
    if kind == "module":
        return not {name, name.rpartition(".")[2]}.isdisjoint(reads.names | reads.texts)
    if kind == "logger":
        return not reads.called.isdisjoint(_LOGGING) or name in reads.names
    if kind == "fixture":
        return slot[1] in reads.fixtures
    signs = _SIGNS.get(name) or _SIGNS.get(name.partition(" ")[0], frozenset())
    return not signs.isdisjoint(chain(reads.called, reads.names))


def candidates(found: Sequence[Difference], order: Sequence[str]) -> list[tuple[str, ...]]:
    """Sets of tests to try, the likeliest first, each in the order of running.

    The last writer of each slot that is read; all that wrote any of these, if they are several;
    the same of what is not seen to be read.
    """
    tried: dict[tuple[str, ...], None] = {}
    for read in (True, False):
        here = [one for one in found if one.read is read]
        singles = [(one.writers[-1],) for one in here]
        every = {writer for one in here for writer in one.writers}
        together = tuple(test for test in order if test in every)
        room = MOST_CANDIDATES - 1
        few = list(dict.fromkeys(singles))[:room]
        for one in (*few, together):
            if one:
                tried.setdefault(one)
    return list(tried)


Search = Generator[tuple[str, ...], bool, tuple[str, ...]]


def least_set(tests: Sequence[str]) -> Search:
    """A least set of the tests, in their order, with which what happens with all happens too.

    Yields sets to try, and is sent whether it happened; no set is tried twice. The shortest series
    from the first test on that does it is found by halving: its last test is needed. With this one
    always there, the shortest series before it again, until those found do it by themselves: about
    k log2 n sets for k culprits, as in QuickXplain (Junker, AAAI 2004). What tests that clean up
    have led astray is then put right by ddmin on what was found: no member can be left out.
    """
    known: dict[tuple[str, ...], bool] = {tuple(tests): True}
    found: tuple[str, ...] = ()
    enough = len(tests)
    while enough:
        if found:
            if found not in known:
                known[found] = yield found
            if known[found]:
                break
        short = 0
        while enough - short > 1:
            middle = (short + enough) // 2
            asked = (*tests[:middle], *found)
            if asked not in known:
                known[asked] = yield asked
            short, enough = (short, middle) if known[asked] else (middle, enough)
        enough -= 1
        found = (tests[enough], *found)
    known[found] = True
    return (yield from _ddmin(found, known))


def _ddmin(tests: tuple[str, ...], known: dict[tuple[str, ...], bool]) -> Search:
    left, parts = tests, 2
    while len(left) > 1:
        shares = _divided(left, parts)
        rests = [tuple(t for t in left if t not in set(share)) for share in shares]
        smaller = None
        # With two parts, the rest of one is the other.
        for one in shares if parts == 2 else [*shares, *rests]:
            if one not in known:
                known[one] = yield one
            if known[one]:
                smaller = one
                break
        if smaller is not None:
            parts = 2 if smaller in shares else max(parts - 1, 2)
            left = smaller
        elif parts >= len(left):
            break
        else:
            parts = min(len(left), parts * 2)
    return left


def _divided(tests: tuple[str, ...], parts: int) -> list[tuple[str, ...]]:
    bounds = [len(tests) * number // parts for number in range(parts + 1)]
    return [tests[one:other] for one, other in pairwise(bounds)]


def bisection_starts(count: int) -> int:
    """Starts that plain bisection takes for one polluter among so many tests: one alone, one with
    all, one to confirm, and the halvings."""
    return 3 + (ceil(log2(count)) if count > 1 else 0)


def restorers(
    writes: Iterable[Write], slots: Mapping[Slot, Summary], polluters: Iterable[str]
) -> list[str]:
    """Tests that left one of the slots as it was before any test (the given summary), in order."""
    guilty = frozenset(polluters)
    found = [w.test for w in writes if w.test not in guilty and slots.get(w.slot) == w.after]
    return list(dict.fromkeys(found))


def write_of(test: str, told: Sequence[Any]) -> Write:
    """A change as the probe tells it."""
    slot, before, after, rebound = told
    return Write(test, tuple(slot), before, after, rebound)

"""What is told of a call that a signature refuses: both signatures, the calls, whose fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.diagnosis.calls import binds, calls_of, parameters, signature
from assay.diagnosis.cause import Case
from assay.diagnosis.sides import Place, Sides
from assay.diagnosis.signs import (
    of_callers,
    of_documents,
    of_other_tests,
    of_promises,
    of_signature,
)
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site
from assay.model.evidence import Frame, FrameKind


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call at `caller` of a function, `before` at base (None: there was none) and `after` at
    head. `unexpected` is the keyword that was refused, `missing` are those that were not given.

    `overrides` are functions of the tests that stand in for it with the old signature: then the
    sources call these, as the new one is declared.
    """

    before: Place | None
    after: Place
    caller: Frame
    unexpected: str = ""
    missing: tuple[str, ...] = ()
    overrides: tuple[Site, ...] = ()


def refused_match(
    case: Case, cause: str, refusal: Refusal, sentence: str, decided: Fault | None = None
) -> Match:
    """The match of a cause that rests on a refusal. Facts: `path` and `name` (qualified) of the
    function; `before` and `after`, its parameters in their order ([] if base has no such
    function); `renamed` maps old parameters to new ones where the diff shows which; `unexpected`
    and `missing`, as above; `calls` are the places at head that the old signature takes and the
    new one refuses, `overrides` those functions of the tests, as "path:line".
    """
    before, after, caller = refusal.before, refusal.after, refusal.caller
    stale = list(stale_calls(case.sides, before, after))
    tests = [one for one in stale if case.sides.is_test(one.path)]
    sources = [one for one in stale if case.sides.is_product(one.path)]
    return Match(
        cause=cause,
        key=f"{after.path}::{after.name}",
        certainty=Certainty.COMPLETE if before is not None else Certainty.PARTIAL,
        sentence=sentence,
        proofs=(
            *([Proof("signature", signature(before), before.shown, "base")] if before else []),
            Proof("signature", signature(after), after.shown, "head"),
            Proof("call", caller.source, caller.place, "head"),
            *_others(case.sides, "other call in the tests", tests, caller),
            *_others(case.sides, "other call in the sources", sources, caller),
            Proof("error", case.error.first_line),
        ),
        signs=tuple(_signs(case, refusal, sources)),
        sites=_sites(refusal, tests, sources),
        fix=f"call `{after.short}` as `{signature(after)}` asks, or let it take the old form too",
        facts={
            "path": after.path,
            "name": after.name,
            "before": [] if before is None else parameters(before),
            "after": parameters(after),
            "renamed": {} if before is None else renamed(before, after),
            "unexpected": refusal.unexpected,
            "missing": list(refusal.missing),
            "calls": [f"{one.path}:{one.line}" for one in stale],
            "overrides": [f"{one.path}:{one.line}" for one in refusal.overrides],
        },
        decided=decided,
    )


def _sites(refusal: Refusal, tests: list[Site], sources: list[Site]) -> tuple[Site, ...]:
    if refusal.overrides:
        return refusal.overrides
    caller = refusal.caller
    same_side = tests if _in_test(caller) else sources
    return tuple(dict.fromkeys([Site(caller.path, caller.line), *same_side]))


def _in_test(frame: Frame) -> bool:
    return frame.kind is not FrameKind.SOURCE


def _others(sides: Sides, label: str, sites: list[Site], caller: Frame) -> Iterator[Proof]:
    for one in [s for s in sites if (s.path, s.line) != (caller.path, caller.line)][:5]:
        yield Proof(label, sides.head.line(one.path, one.line), f"{one.path}:{one.line}", "head")


def stale_calls(sides: Sides, before: Place | None, after: Place) -> Iterator[Site]:
    """Calls by a name that nothing else in the project has, which the old signature takes and the
    new one refuses."""
    constructs = after.short == "__init__"
    named = [one for one in sides.head.definitions if one.short == after.short]
    if before is None or (len(named) > 1 and not constructs):
        return
    name = after.name.split(".")[-2] if constructs else after.short
    for path, call in calls_of(sides.head, name):
        if binds(call, before) is True and binds(call, after) is False:
            yield Site(path, call.lineno)


def renamed(before: Place, after: Place) -> dict[str, str]:
    """Old parameters and the new ones that stand for them: if one is gone and one is new, these;
    else those in the same place."""
    old, new = parameters(before), parameters(after)
    gone = [one for one in old if one not in new]
    come = [one for one in new if one not in old]
    if len(gone) == len(come) == 1:
        return {gone[0]: come[0]}
    pairs = zip(old, new, strict=False)
    return {one: other for one, other in pairs if one in gone and other in come}


def _only_taken_away(refusal: Refusal) -> bool:
    """Parameters that went without any in their place: lost as easily as meant."""
    if refusal.before is None:
        return False
    old, new = parameters(refusal.before), parameters(refusal.after)
    return len(new) < len(old) and set(new) < set(old)


def _of_promises(sides: Sides, refusal: Refusal) -> Iterator[Sign]:
    """Documents that still call it with a parameter that it does not have any more."""
    after = refusal.after
    name = after.name.split(".")[-2] if after.short == "__init__" else after.short
    old = [] if refusal.before is None else parameters(refusal.before)
    for gone in [one for one in old if one not in parameters(after)]:
        yield from of_promises(sides, name, gone)


def _signs(case: Case, refusal: Refusal, sources: list[Site]) -> Iterator[Sign]:
    after = refusal.after
    stale = [f"{one.path}:{one.line}" for one in sources]
    if not _in_test(refusal.caller) and not stale and not refusal.overrides:
        stale = [refusal.caller.place]
    yield from of_callers(stale, after.short)
    if stale:
        return
    yield from _of_promises(case.sides, refusal)
    if not _only_taken_away(refusal):
        yield from of_signature(case.sides, refusal.before, after)
    yield from of_documents(case.sides, after.short)
    yield from of_other_tests(case.sides, after.short)

"""What to act on among the seams, the weightiest first: a card for each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import sqrt

from assay.diagnosis.seams import ran_body
from assay.diagnosis.static_calls import Names, first_line
from assay.model.finding import Evidence
from assay.model.seams import Drift, End, Line, Returned, Seam, SeamCard, SeamState, Watch

SHOWN = 3
"""So many tests, places or sentences are shown of each kind."""


def cards_of(
    names: Names, watch: Watch, seams: Sequence[Seam], drifts: Sequence[Drift]
) -> list[SeamCard]:
    """A card for each drifted stand-in, each function that is only replaced where other modules
    call it, and each function that no test reaches from another module.

    First drift where nothing else guards the seam, then other drift, certain before likely; then
    what most tests replace; then what lies between modules that meet much.
    """
    return [
        *_drifted(names, seams, drifts),
        *_mocked(names, watch, seams, drifts),
        *_untested(names, watch, seams),
    ]


# Drift


def _drifted(names: Names, seams: Sequence[Seam], drifts: Sequence[Drift]) -> list[SeamCard]:
    told = [
        (drift, [s for s in seams if set(drift.standins) & set(s.standins)]) for drift in drifts
    ]

    def weight(one: tuple[Drift, list[Seam]]) -> tuple[bool, bool, bool, int]:
        drift, mine = one
        is_alone = any(seam.state is SeamState.MOCKED for seam in mine)
        return (not is_alone, not mine, not drift.certain, -len(drift.tests))

    return [_drift_card(names, drift, mine) for drift, mine in sorted(told, key=weight)]


def _drift_card(names: Names, drift: Drift, seams: Sequence[Seam]) -> SeamCard:
    mocked = [seam for seam in seams if seam.state is SeamState.MOCKED]
    mine = (*mocked, *seams)
    first = drift.standins[0]
    how = "is called as the real one refuses" if drift.certain else "gives what the real does not"
    made = _listed([_line(place) for place in drift.made], "place")
    evidence = [Evidence("drift", words) for words in drift.sentences[:SHOWN]]
    evidence.append(Evidence("the real one", _where(names, drift.callee)))
    evidence.append(Evidence("replaced at", made))
    evidence.append(Evidence("in", _listed(drift.tests, "test")))
    if drift.certain:
        fix = f"give the stand-in the real signature (`autospec=True`) at {_line(first.made)}"
    else:
        fix = f"have the stand-in at {_line(first.made)} give what `{drift.callee.name}` gives"
    if mocked:
        caller = mocked[0].caller.name
        evidence.append(Evidence("guarded by", f"nothing: no test goes from `{caller}` to it"))
        fix += f", and add a test of `{caller}` with the real one"
    return SeamCard(
        "drifted",
        f"The stand-in for `{first.target}` {how}.",
        first.made,
        mine[0].caller if mine else None,
        drift.callee,
        tuple(evidence),
        fix,
        drift.tests,
    )


# Only replaced


def _mocked(
    names: Names, watch: Watch, seams: Sequence[Seam], drifts: Sequence[Drift]
) -> list[SeamCard]:
    """One for each callee; those that have a card for their drift are left out."""
    with_card = {standin for drift in drifts for standin in drift.standins}
    groups: dict[End, list[Seam]] = defaultdict(list)
    for seam in seams:
        if seam.state is SeamState.MOCKED and not any(one in with_card for one in seam.standins):
            groups[seam.callee].append(seam)

    def weight(one: tuple[End, list[Seam]]) -> tuple[bool, int, End]:
        callee, mine = one
        return ran_body(names, watch, callee), -len(_mocking(mine)), callee

    return [_mocked_card(names, watch, *one) for one in sorted(groups.items(), key=weight)]


def _mocking(seams: Iterable[Seam]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(test for seam in seams for test in seam.mocking))


def _mocked_card(names: Names, watch: Watch, callee: End, seams: list[Seam]) -> SeamCard:
    tests = _mocking(seams)
    first = max(seams, key=lambda seam: len(seam.mocking))
    made = tuple(dict.fromkeys(_line(one.made) for seam in seams for one in seam.standins))
    count = "1 test replaces" if len(tests) == 1 else f"{len(tests)} tests replace"
    if ran_body(names, watch, callee):
        real = f"tested apart from its callers{_returned(names, watch, callee)}"
    else:
        real = "runs in no test"
    return SeamCard(
        "mocked",
        f"{_callers(seams)} meets `{callee.name}` only as a stand-in: {count} it, "
        "and none goes through.",
        _call_line(names, first),
        first.caller,
        callee,
        (
            Evidence("the real one", f"{_where(names, callee)}, {real}"),
            Evidence("replaced at", _listed(made, "place")),
            Evidence("in", _listed(tests, "test")),
        ),
        f"add one test that runs `{first.caller.name}` with the real `{callee.name}`, "
        f"or take its stand-in out of {tests[0]}",
        tests,
    )


def _callers(seams: Sequence[Seam]) -> str:
    names = [f"`{seam.caller.name}`" for seam in seams]
    more = "1 more caller" if len(names) == 2 else f"{len(names) - 1} more callers"
    return names[0] if len(names) == 1 else f"{names[0]} and {more}"


def _returned(names: Names, watch: Watch, callee: End) -> str:
    node = names.modules[callee.path].functions[callee.name]
    seen: Returned | None = watch.returned.get((callee.path, first_line(node)))
    if seen is None or not seen.complete or not seen.types:
        return ""
    return f", where it returns {' or '.join(sorted(one.shown for one in seen.types))}"


# Not tested


def _untested(names: Names, watch: Watch, seams: Sequence[Seam]) -> list[SeamCard]:
    """One for each module and function that it calls; those whose caller runs, and whose modules
    meet others in tests at many seams, first."""
    meetings: Counter[str] = Counter()
    groups: dict[tuple[str, End], list[Seam]] = defaultdict(list)
    for seam in seams:
        if seam.state is SeamState.REAL:
            meetings.update((seam.caller.path, seam.callee.path))
        elif seam.state is SeamState.UNTESTED:
            groups[seam.caller.path, seam.callee].append(seam)

    def weight(one: tuple[tuple[str, End], list[Seam]]) -> tuple[bool, float, tuple[str, End]]:
        (caller, callee), mine = one
        runs = any(ran_body(names, watch, seam.caller) for seam in mine)
        return not runs, -sqrt(meetings[caller] * meetings[callee.path]), (caller, callee)

    return [_untested_card(names, watch, mine) for _, mine in sorted(groups.items(), key=weight)]


def _untested_card(names: Names, watch: Watch, seams: list[Seam]) -> SeamCard:
    seam = next((one for one in seams if ran_body(names, watch, one.caller)), seams[0])
    caller, callee = seam.caller, seam.callee
    line = _call_line(names, seam)
    runs = ran_body(names, watch, caller)
    row = names.modules[caller.path].rows[line[1] - 1].strip()
    real = "runs in tests" if ran_body(names, watch, callee) else "runs in no test"
    others = [_line(_call_line(names, one)) for one in seams if one is not seam]
    evidence = [
        Evidence("call", row),
        Evidence("the caller", f"runs in tests, but {seam.why}" if runs else "runs in no test"),
        Evidence("the real one", f"{_where(names, callee)}, {real}"),
    ]
    if others:
        evidence.append(Evidence("no test either at", _listed(others, "place")))
    fix = f"add a test of `{caller.name}` that "
    fix += f"gets to line {line[1]}" if runs else f"runs the call of `{callee.name}`"
    return SeamCard(
        "untested",
        f"No test goes from {_callers([seam, *(one for one in seams if one is not seam)])} "
        f"to `{callee.name}`.",
        line,
        caller,
        callee,
        tuple(evidence),
        fix,
    )


# Words


def _call_line(names: Names, seam: Seam) -> Line:
    if seam.lines:
        return seam.caller.path, seam.lines[0]
    called = [p for one in seam.standins for p in one.called_from if p[0] == seam.caller.path]
    module = names.modules[seam.caller.path]
    mine = [place for place in called if module.end_at(place[1]) == seam.caller]
    return mine[0] if mine else (seam.caller.path, module.functions[seam.caller.name].lineno)


def _where(names: Names, end: End) -> str:
    return f"{end.path}:{names.modules[end.path].functions[end.name].lineno}"


def _line(place: Line) -> str:
    return f"{place[0]}:{place[1]}"


def _listed(texts: Sequence[str], noun: str) -> str:
    shown = ", ".join(texts[:SHOWN])
    more = len(texts) - SHOWN
    return shown if more <= 0 else f"{shown} and {more} more {noun}{'s' if more > 1 else ''}"

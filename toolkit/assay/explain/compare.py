"""How far a mutant's difference came in a test: two clean recordings and one with it, compared.

What differs between the two clean ones varies by itself and is masked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from assay.explain.recording import Call, Received, Recording, TestFrame, Waiting
from assay.explain.summaries import MISSING, Path, Summary, at, differences
from assay.model.explanation import Reach


class Kind(Enum):
    """How a test came by a value."""

    LOCAL = "a variable of the test"
    RESULT = "what a call in the test returned"
    CAUGHT = "an exception that came through the test"
    PATH = "the way the test took"


@dataclass(frozen=True, slots=True)
class Difference:
    """One value in a test's frame that the mutant changes.

    `root` is the clean value as a whole, `path` leads to what differs in it, `before` and `after`;
    `line` is the line that brought it, `place` that of the call (zeros: unknown). `masked` are
    paths in the root that vary by themselves; `constant` says whether the line brought the same
    each time it ran; `until` are later lines of the frame after which it is still so.
    """

    kind: Kind
    frame: int
    path_of_file: str
    function: str
    line: int
    place: tuple[int, int, int, int]
    name: str
    path: Path
    root: Summary
    before: Summary
    after: Summary
    masked: tuple[Path, ...] = ()
    constant: bool = True
    until: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far it came in one test; `call` is the first that differs, or that shows the inputs,
    `swallowed` the frame and line where the difference was lost, `hidden` the private state that it
    stayed in."""

    reach: Reach
    clean: Recording
    why: str = ""
    found: tuple[Difference, ...] = ()
    call: Call | None = None
    other: Call | None = None
    swallowed: Waiting | None = None
    hidden: Difference | None = None


def compare(
    clean: Recording, again: Recording, mutant: Recording, *, observable: bool
) -> Comparison:
    """How far the difference came. `observable`: the function's own calls can be seen (code that
    runs at import cannot)."""
    if any(one.lost for one in (clean, again, mutant)):
        why = "the test, or something it uses, takes the tracing away"
        return Comparison(Reach.UNKNOWN, clean, why)
    found = tuple(_in_test(clean, again, mutant))
    if found:
        call, other = _first_different(clean, again, mutant) or (None, None)
        return Comparison(Reach.UNCHECKED, clean, found=found, call=call, other=other)
    if not observable:
        why = "its code runs at import, and nothing that the test received differs"
        return Comparison(Reach.UNKNOWN, clean, why)
    if not mutant.count:
        if mutant.cut:
            why = "watching had ended before its code ran: the test is slow, or sets the clock"
            return Comparison(Reach.UNKNOWN, clean, why)
        if mutant.entered:
            why = "its code ran where tracing does not see it: in another thread"
            return Comparison(Reach.UNKNOWN, clean, why)
        return Comparison(Reach.NOT_REACHED, clean)
    return _in_calls(clean, again, mutant)


def hidden(found: Comparison, visible: Collection[str]) -> Comparison | None:
    """The comparison as one whose difference stays in private state of what the test holds; None
    if anything public differs, or what has one of the `visible` names."""
    private = [one for one in found.found if _is_hidden(one, visible)]
    if not private or len(private) < len(found.found):
        return None
    return replace(found, reach=Reach.SWALLOWED, found=(), hidden=private[0])


def _is_hidden(one: Difference, visible: Collection[str]) -> bool:
    names = (str(name) for kind, name in one.path if kind == "attr")
    return any(name.startswith("_") and name not in visible for name in names)


# -- the calls


def _in_calls(clean: Recording, again: Recording, mutant: Recording) -> Comparison:
    if clean.cut or mutant.cut:
        why = "the test does more than is watched, and what was watched is the same"
        return Comparison(Reach.UNKNOWN, clean, why)
    first = _first_different(clean, again, mutant)
    if first is not None:
        lost = _lost_in(*first, clean, mutant)
        return Comparison(Reach.SWALLOWED, clean, call=first[0], other=first[1], swallowed=lost)
    if clean.count != again.count or clean.digests != again.digests:
        why = "the calls vary by themselves"
        return Comparison(Reach.UNKNOWN, clean, why)
    call = clean.calls[0] if clean.calls else None
    if clean.count != mutant.count or clean.digests != mutant.digests:
        lost = call.stack[0] if call is not None and call.stack else None
        return Comparison(Reach.SWALLOWED, clean, call=call, swallowed=lost)
    if any(not call.ends for call in mutant.calls):
        why = "a call of it did not end while the test ran"
        return Comparison(Reach.UNKNOWN, clean, why)
    return Comparison(Reach.SAME, clean, call=call)


def _first_different(
    clean: Recording, again: Recording, mutant: Recording
) -> tuple[Call, Call] | None:
    """The first call that was given the same and gave something else."""
    for one, same, other in zip(clean.calls, again.calls, mutant.calls, strict=False):
        if _gave(one) != _gave(same):
            continue
        if _gave(one) != _gave(other):
            return one, other
    return None


def _gave(call: Call) -> tuple[object, object]:
    return call.ends, call.left


def _lost_in(call: Call, other: Call, clean: Recording, mutant: Recording) -> Waiting | None:
    """The innermost frame that received the difference and gave back the same."""
    for waiting, its in zip(call.stack, other.stack, strict=False):
        if waiting.number == -1:
            return waiting
        if clean.returns.get(waiting.number) == mutant.returns.get(its.number):
            return waiting
    return call.stack[-1] if call.stack else None


# -- the test's own frames


def _in_test(clean: Recording, again: Recording, mutant: Recording) -> Iterator[Difference]:
    for number, frame in enumerate(clean.frames):
        if number >= min(len(again.frames), len(mutant.frames)):
            return
        same, other = again.frames[number], mutant.frames[number]
        if not frame.function == same.function == other.function:
            return
        yield from _in_frame(number, frame, same, other)
    yield from _in_results(clean, again, mutant)


def _in_frame(
    number: int, clean: TestFrame, again: TestFrame, mutant: TestFrame
) -> Iterator[Difference]:
    states: list[dict[str, Summary | None]] = [{}, {}, {}]
    masked: dict[str, set[Path]] = {}
    known: dict[tuple[str, Path], Difference] = {}
    for visits in zip(clean.visits, again.visits, mutant.visits, strict=False):
        for state, visit in zip(states, visits, strict=True):
            state.update(visit.changed)
        line = visits[0].line
        if visits[1].line != line:
            break
        if visits[2].line != line:
            if not known:
                known["", ()] = _path_taken(number, clean, line, visits[2].line)
            break
        names = sorted({name for visit in visits for name in visit.changed})
        for name in names:
            one, same, other = (state.get(name) or MISSING for state in states)
            masked.setdefault(name, set()).update(differences(one, same))
            for path in differences(one, other):
                if (name, path) in known or is_masked(path, masked[name]):
                    continue
                known[name, path] = Difference(
                    kind=Kind.LOCAL,
                    frame=number,
                    path_of_file=clean.path,
                    function=clean.function,
                    line=line,
                    place=(0, 0, 0, 0),
                    name=name,
                    path=path,
                    root=one,
                    before=at(one, path),
                    after=at(other, path),
                )
    for (name, _), found in known.items():
        kept = replace(found, masked=tuple(sorted(masked.get(name, ()), key=repr)))
        yield _settled(kept, clean) if name else kept


def _settled(found: Difference, clean: TestFrame) -> Difference:
    """With how the value goes on in the clean run."""
    value: Summary | None = None
    here: set[str] = set()
    later: dict[int, set[str]] = {}
    for visit in clean.visits:
        if found.name in visit.changed:
            value = visit.changed[found.name]
        text = repr(value if value is None else at(value, found.path))
        later.setdefault(visit.line, set()).add(text)
    here = later.get(found.line, set())
    wanted = {repr(found.before)}
    return replace(
        found,
        constant=here == wanted,
        until=frozenset(line for line, texts in later.items() if texts == wanted),
    )


def _path_taken(number: int, clean: TestFrame, line: int, other: int) -> Difference:
    return Difference(
        kind=Kind.PATH,
        frame=number,
        path_of_file=clean.path,
        function=clean.function,
        line=line,
        place=(0, 0, 0, 0),
        name="",
        path=(),
        root=MISSING,
        before=("v", "line", f"line {line}"),
        after=("v", "line", f"line {other}"),
        constant=False,
    )


def _in_results(clean: Recording, again: Recording, mutant: Recording) -> Iterator[Difference]:
    known: dict[tuple[object, ...], Difference] = {}
    for one, same, other in zip(clean.results, again.results, mutant.results, strict=False):
        if _site(one) != _site(other) or _site(one) != _site(same):
            break
        if one.frame < 0 or one.value is None or other.value is None:
            continue
        masked = tuple(differences(one.value, same.value or MISSING))
        ended = one.end == other.end
        paths = list(differences(one.value, other.value)) if ended else [()]
        for path in paths:
            if is_masked(path, masked) or (_site(one), path) in known:
                continue
            frame = clean.frames[one.frame]
            caught = one.end in ("caught", "raised")
            known[_site(one), path] = Difference(
                kind=Kind.CAUGHT if caught else Kind.RESULT,
                frame=one.frame,
                path_of_file=frame.path,
                function=frame.function,
                line=one.place[0],
                place=one.place,
                name=one.callee,
                path=path,
                root=one.value,
                before=at(one.value, path),
                after=at(other.value, path),
                masked=masked,
                constant=_is_constant(one, clean, path),
            )
    yield from known.values()


def _site(one: Received) -> tuple[object, ...]:
    return one.frame, one.place, one.callee


def _is_constant(one: Received, clean: Recording, path: Path) -> bool:
    values = {repr(at(each.value, path)) for each in clean.results if _site(each) == _site(one)}
    return len(values) == 1


def is_masked(path: Path, masked: object) -> bool:
    """Whether the path, or what it is a part of, varies by itself."""
    known = frozenset(masked)  # type: ignore[call-overload]
    return any(path[:size] in known for size in range(len(path) + 1))

"""What the search for a divergence found, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from assay.diagnosis.alignment import Match, differing
from assay.diagnosis.branch import Parting
from assay.diagnosis.divergence import (
    TOP,
    Aligned,
    Origin,
    Pair,
    is_assertion,
    line_in_test,
    suspects,
    the_test,
)
from assay.explain.summaries import Summary, at, contrast, differences, expression, type_of, words
from assay.model.divergence import (
    AlignedCall,
    Call,
    Candidate,
    Divergence,
    How,
    Kind,
    NoDivergence,
    Place,
    Step,
)

CANDIDATES = 3
BESIDE = 4
"""So many calls before and after the origin are shown, and so many of those it makes."""
ARGUMENT_WORDS = 24
VALUE_WORDS = 50


def divergence(aligned: Aligned, found: Sequence[Origin], notes: Sequence[str]) -> Divergence:
    """The first of the origins as a value; `found` must not be empty."""
    origin = found[0]
    place = _place(aligned, origin)
    what, base, head = _values(aligned, origin)
    test, verb = _in_test(aligned, origin)
    candidates = tuple(_candidates(aligned, found))
    told = _sentence(aligned, origin, place, (what, base, head))
    if test is not None:
        told += f"; the test {verb} it at {test.path}:{test.line}"
    return Divergence(
        kind=origin.kind,
        place=place,
        what=what,
        base=base,
        head=head,
        in_change=candidates[0].in_change,
        chain=tuple(_chain(aligned, origin)),
        test=test,
        test_verb=verb,
        candidates=candidates,
        calls=tuple(_around(aligned, origin)),
        sentence=told,
        base_type=_types(origin)[0],
        head_type=_types(origin)[1],
        notes=(*notes, *_unseen(aligned, origin)),
    )


def _types(origin: Origin) -> tuple[str, str]:
    if origin.values is None:
        return "", ""
    one, other = (type_of(value) for value in origin.values)
    return one, other


def _unseen(aligned: Aligned, origin: Origin) -> Iterator[str]:
    is_given = origin.kind is Kind.ARGUMENTS and origin.callee == origin.at
    if is_given and aligned.default_of(origin) is None:
        yield (
            "the test that hands it on is the same: it was made when the test was collected, or by "
            "code that was not traced"
        )


def with_branch(found: Divergence, at: Parting) -> Divergence:
    """Told with the line after which the two runs of the origin went different ways."""
    base = f"went on to line {at.base} (of base)" if at.base else "left"
    head = f"went on to line {at.head}" if at.head else "left"
    place = replace(found.place, line=at.after)
    return replace(found, branch=place, branch_words=f"{base} at base, {head} at head")


def plain(found: Divergence | NoDivergence) -> dict[str, Any]:
    """As data that JSON can hold; `kind` is "none" where there is no divergence."""
    if isinstance(found, NoDivergence):
        return {"kind": "none", **asdict(found)}
    return asdict(found, dict_factory=_named)


def _named(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value.value if isinstance(value, Kind) else value for key, value in fields}


# -- places


def _place(aligned: Aligned, origin: Origin) -> Place:
    call = aligned.calls(origin.at)[1]
    line = call.left or call.first_line
    if origin.kind is Kind.HIDDEN:
        line = call.first_line
    elif origin.callee is not None and origin.kind is not Kind.STOPPED:
        line = _line_of_call(aligned, origin.at, origin.callee) or line
    return Place(call.path, line, shown(call.name))


def _line_of_call(aligned: Aligned, caller: Pair, callee: Match) -> int:
    """Where a call is made, at head; of one that only base makes, its line's place there."""
    if callee == caller:
        return aligned.calls(caller)[1].first_line
    if callee[1] is not None:
        return aligned.alignment.head.calls[callee[1]].line
    assert callee[0] is not None
    path = aligned.calls(caller)[1].path
    return aligned.sources.line_at_head(path, aligned.alignment.base.calls[callee[0]].line) or 0


def shown(name: str) -> str:
    """A qualified name for people."""
    return name.replace("<locals>.", "")


def called(name: str) -> str:
    """A function by its name, as it is spoken of."""
    return "the module" if name == "<module>" else f"{name}()"


# -- values


def _values(aligned: Aligned, origin: Origin) -> tuple[str, str, str]:
    """What differs ("" for all of a result), at base and at head."""
    if origin.kind is Kind.STOPPED:
        return _stopped(aligned, origin)
    if origin.kind is Kind.STRUCTURE:
        return _other_call(aligned, origin)
    assert origin.values is not None
    base, head = aligned.calls(origin.at)
    if origin.kind in (Kind.RESULT, Kind.RAISED):
        return _ends(base, head)
    return narrowed(origin.what, *origin.values)


def narrowed(root: str, one: Summary, other: Summary) -> tuple[str, str, str]:
    """What differs, at base and at head: of objects of a type, the first attribute that does."""
    while one[0] == other[0] == "o" and one[1] == other[1]:
        path = next(differences(one, other), ())[:1]
        name = expression(root, path) if path and path[0][0] == "attr" else None
        if name is None:
            break
        root, one, other = name, at(one, path), at(other, path)
    base, head = contrast(one, other)
    return root, base, head


def _ends(base: Call, head: Call) -> tuple[str, str, str]:
    if base.how is head.how and base.value is not None and head.value is not None:
        what, one, other = narrowed("result", base.value, head.value)
        return ("" if what == "result" else what), one, other
    return "", _end(base), _end(head)


def _end(call: Call) -> str:
    if call.how is How.OPEN:
        return "not seen to end"
    if call.how is How.OTHER:
        return "called"
    if call.value is None:
        return str(call.how.value)
    return f"{call.how.value} {words(call.value, VALUE_WORDS)}"


def _stopped(aligned: Aligned, origin: Origin) -> tuple[str, str, str]:
    assert origin.callee is not None
    index = origin.callee[0]
    assert index is not None
    following = aligned.alignment.base.calls[index]
    name = shown(following.name)
    signatures = aligned.sources.signatures(following.path, following.name)
    head = _end(aligned.calls(origin.at)[1])
    before, there = signatures or (None, None)
    if before is None or there is None:
        gone = signatures is not None and there is None
        rest = f"; there is no {name}() there" if gone else ""
        return name, f"went on to call {name}()", head + rest
    one, other = contrast(("v", "", before), ("v", "", there))
    base = f"went on to call {name}({one})"
    if one != other:
        return name, base, f"{head}; there it is {name}({other})"
    return name, base, head


def _other_call(aligned: Aligned, origin: Origin) -> tuple[str, str, str]:
    assert origin.callee is not None
    base, head = origin.callee
    calls = aligned.alignment.base.calls, aligned.alignment.head.calls
    before = "" if base is None else calls[0][base].name
    there = "" if head is None else calls[1][head].name
    return shown(before or there), _calling(before, there), _calling(there, before)


def _calling(name: str, other: str) -> str:
    """That a function was called, or, without a name, that the other one was not."""
    if (name or other).startswith("warnings."):
        return "gave a warning" if name else "gave none"
    return f"called {called(shown(name))}" if name else f"did not call {called(shown(other))}"


def _sentence(aligned: Aligned, origin: Origin, place: Place, values: tuple[str, str, str]) -> str:
    what, base, head = values
    where = f"{place.path}:{place.line} {called(place.name)}"
    if origin.kind is Kind.HIDDEN:
        at = aligned.sources.set_at(place.path, what)
        told = f"{where} read {what}: {base} at base, {head} at head"
        return told if at is None else f"{told} (set at {at[0]}:{at[1]})"
    if origin.kind is Kind.MUTATED:
        return f"{where} left {what} as {base} at base, {head} at head"
    if origin.kind is Kind.ARGUMENTS:
        told = f"{where} {_handed(aligned, origin, what)} {base} at base, {head} at head"
        line = aligned.default_of(origin)
        return told if line is None else f"{told} (its default, set at {place.path}:{line})"
    if origin.kind in (Kind.RESULT, Kind.RAISED):
        one, other = aligned.calls(origin.at)
        if one.how is other.how:
            value = f"{what} = {base}" if what else base
            return f"{where} {one.how.value} {value} at base, {head} at head"
    if origin.kind is Kind.STOPPED:
        return f"{where} {base} at base; at head it {head}"
    return f"{where} {base} at base, {head} at head"


def _handed(aligned: Aligned, origin: Origin, what: str) -> str:
    if origin.callee == origin.at:
        return f"was given {what} ="
    assert origin.callee is not None
    index = origin.callee[1]
    assert index is not None
    return f"gave {called(shown(aligned.alignment.head.calls[index].name))} {what} ="


# -- from the origin to the test


def _chain(aligned: Aligned, origin: Origin) -> Iterator[Step]:
    for pair in aligned.above(origin.at):
        base, head = aligned.calls(pair)
        seen = differing(base, head, aligned.masks)
        if seen.after and not seen.ends:
            name, values = next(iter(seen.after.items()))
            what, one, other = narrowed(name, *values)
            one, other = f"left {what} as {one}", f"left {what} as {other}"
        else:
            one, other = _end(base), _end(head)
        yield Step(Place(head.path, head.left, shown(head.name)), one, other)


def _in_test(aligned: Aligned, origin: Origin) -> tuple[Place | None, str]:
    """The line of the test that gets to see the difference."""
    test = the_test(aligned)
    line = line_in_test(aligned, origin)
    if test is None or line is None:
        return None, ""
    call = aligned.calls(test)[1]
    if is_assertion(call) and (call.left == line or origin.reaches):
        return Place(call.path, call.left, shown(call.name)), "compares"
    return Place(call.path, line, shown(call.name)), "receives"


# -- candidates


def _candidates(aligned: Aligned, found: Sequence[Origin]) -> Iterator[Candidate]:
    """Functions the origins point at; then those that called the first."""
    each = suspects(aligned, found)
    seen = set()
    for origin, (path, name) in each[:CANDIDATES]:
        seen.add((path, name))
        place = _place(aligned, origin)
        if (path, shown(name)) != (place.path, place.name):
            place = Place(path, aligned.sources.first_line(path, name), shown(name))
        values = _values(aligned, origin)
        told = _sentence(aligned, origin, _place(aligned, origin), values)
        changed = aligned.sources.is_changed(path, name)
        if origin.kind is Kind.HIDDEN:
            changed = changed or aligned.sources.set_at(path, origin.what) is not None
        yield Candidate(origin.kind, place, values[0], changed, told)
    for pair in aligned.above(found[0].at):
        call = aligned.calls(pair)[1]
        if len(seen) >= CANDIDATES or aligned.is_unchanged_test(pair):
            return
        if (call.path, call.name) not in seen:
            seen.add((call.path, call.name))
            yield Candidate(
                Kind.RESULT,
                Place(call.path, call.left, shown(call.name)),
                "",
                aligned.sources.is_changed(call.path, call.name),
                f"{call.path}:{call.left} {called(shown(call.name))} passes the difference on",
            )


# -- the calls around


def _around(aligned: Aligned, origin: Origin) -> Iterator[AlignedCall]:
    """The caller, the calls beside the origin, and those it makes."""
    top = aligned.parent(origin.at)
    below = aligned.alignment.below
    if top != TOP:
        yield _row(aligned, 0, top, is_origin=False)
    siblings = below[top]
    middle = siblings.index(origin.at)
    for match in siblings[max(0, middle - BESIDE) : middle + BESIDE + 1]:
        yield _row(aligned, 1, match, match == origin.at)
        if match == origin.at:
            yield from (_row(aligned, 2, one, is_origin=False) for one in _near(aligned, origin))


def _near(aligned: Aligned, origin: Origin) -> Sequence[Match]:
    """Of the calls that the origin makes, those around the one that is concerned."""
    inside = aligned.alignment.below[origin.at]
    here = inside.index(origin.callee) if origin.callee in inside else len(inside)
    return inside[max(0, here - BESIDE) : here + BESIDE + 1]


def _row(aligned: Aligned, depth: int, match: Match, is_origin: bool) -> AlignedCall:
    base = None if match[0] is None else aligned.alignment.base.calls[match[0]]
    head = None if match[1] is None else aligned.alignment.head.calls[match[1]]
    told = head if head is not None else base
    assert told is not None
    return AlignedCall(
        depth=depth,
        place=Place(told.path, told.first_line, shown(told.name)),
        base="" if base is None else _whole(base),
        head="" if head is None else _whole(head),
        is_origin=is_origin,
    )


def _whole(call: Call) -> str:
    given = ", ".join(
        f"{name}={words(value, ARGUMENT_WORDS)}" for name, value in call.arguments.items()
    )
    return f"{shown(call.name)}({given}) {_end(call)}"

"""What the project's modules hold otherwise than at base before a test starts.

It was made by code that ran when they were imported, which is not traced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from assay.diagnosis.alignment import Masks, truly_differ
from assay.diagnosis.divergence import Aligned, Origin
from assay.diagnosis.sources import Sources
from assay.diagnosis.telling import CANDIDATES, narrowed
from assay.explain.summaries import Summary, at, differences, type_of
from assay.model.divergence import (
    Candidate,
    Divergence,
    Kind,
    NoDivergence,
    Place,
    Trace,
)

MODULE = "<module>"
"""What the code of a module is called."""

SLOT = "holds"


@dataclass(frozen=True, slots=True)
class Held:
    """A name outside of functions whose value differs, where it is set at head, and whether what it
    is given there was changed."""

    path: str
    name: str
    line: int
    values: tuple[Summary, Summary]
    in_change: bool


def masked(one: Trace, other: Trace) -> Masks:
    """What two runs of one tree find different in modules."""
    return {
        (path, name, SLOT): frozenset(differences(value, other.modules[path, name]))
        for (path, name), value in one.modules.items()
        if (path, name) in other.modules and value != other.modules[path, name]
    }


def differing_names(
    base: Trace,
    head: Trace,
    masks: Masks,
    sources: Sources,
    lines_of: Callable[[str], Mapping[str, int]],
) -> list[Held]:
    """The names whose values differ, those that were changed themselves first.

    `lines_of` gives the names that a file of head assigns outside of functions, with the lines.
    """
    found = []
    for (path, name), value in head.modules.items():
        before = base.modules.get((path, name))
        if before is None or not truly_differ(before, value, masks.get((path, name, SLOT))):
            continue
        line = lines_of(path).get(name)
        if line is not None:
            changed = sources.set_at(path, name) == (path, line)
            found.append(Held(path, name, line, (before, value), changed))
    return sorted(found, key=lambda one: not one.in_change)


def may_be_made_beforehand(aligned: Aligned, origin: Origin | None) -> bool:
    """Whether nothing that was traced explains the origin: an unchanged test was given or has read
    something else, or an unchanged function does otherwise although it was given the same."""
    if origin is None:
        return True
    if origin.kind is Kind.ARGUMENTS:
        return origin.callee == origin.at and aligned.default_of(origin) is None
    if origin.kind is Kind.HIDDEN:
        return aligned.is_unchanged_test(origin.at)
    head = aligned.calls(origin.at)[1]
    return origin.kind is not Kind.STOPPED and not aligned.sources.is_changed(head.path, head.name)


def readers(aligned: Aligned, origin: Origin | None) -> set[tuple[str, str]]:
    """Path and qualified name of the functions that may have read it: the origin's, else all."""
    calls = aligned.alignment.head.calls
    if origin is not None:
        calls = (calls[origin.at[1]],)
    return {(call.path, call.name) for call in calls if call.path}


def with_module_value(
    told: Divergence | NoDivergence,
    origin: Origin | None,
    found: Sequence[Held],
    names: Set[str],
) -> Divergence | NoDivergence:
    """The divergence told by the name that its value comes from: one that holds the same two
    values, or is among `names`, those in the code of its readers."""
    for one in found:
        short = one.name.rpartition(".")[2]
        if origin is not None and origin.kind in (Kind.ARGUMENTS, Kind.HIDDEN):
            assert origin.values is not None
            is_it = bool(set(_leaves(*origin.values)) & set(_leaves(*one.values)))
        else:
            is_it = short in names
        if is_it:
            return _divergence(one, told)
    return told


def _leaves(one: Summary, other: Summary) -> Iterator[tuple[str, str]]:
    """The pairs of values in which two differ, but for those that many things are."""
    for path in differences(one, other):
        pair = at(one, path), at(other, path)
        if not all(type_of(value) in ("bool", "NoneType", "") for value in pair):
            yield repr(pair[0]), repr(pair[1])


def _divergence(one: Held, told: Divergence | NoDivergence) -> Divergence:
    what, base, head = narrowed(one.name, *one.values)
    sentence = f"{one.path}:{one.line} {what} is {base} at base, {head} at head"
    place = Place(one.path, one.line, MODULE)
    before, after = (type_of(value) for value in one.values)
    first = Candidate(Kind.HIDDEN, place, one.name, one.in_change, sentence)
    if isinstance(told, NoDivergence):
        return Divergence(
            kind=Kind.HIDDEN,
            place=place,
            what=what,
            base=base,
            head=head,
            in_change=one.in_change,
            chain=(),
            test=None,
            test_verb="",
            candidates=(first,),
            calls=(),
            sentence=f"{sentence}, before the test starts",
            base_type=before,
            head_type=after,
            notes=told.notes,
        )
    return replace(
        told,
        kind=Kind.HIDDEN,
        place=place,
        what=what,
        base=base,
        head=head,
        in_change=one.in_change,
        candidates=(first, *told.candidates)[:CANDIDATES],
        sentence=f"{sentence}; {told.sentence}",
        base_type=before,
        head_type=after,
    )

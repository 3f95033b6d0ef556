"""Which mutants a file has: each with its place, the function it is in, and an id that lasts."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from assay.model.mutant import Mutant
from assay.model.source import MODULE_UNIT, SourceFile
from assay.mutation.mutmut_adapter import (
    MUTMUT_OPERATORS,
    Operator,
    RawMutation,
    raw_mutations,
)
from assay.mutation.places import Place, Places, Region, meaning_of


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a mutation does, told without positions and layout: `before` becomes `after`."""

    region: Region
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class _Found:
    raw: RawMutation
    place: Place | None
    unit: str
    meaning: _Meaning


def find_mutants(
    source: SourceFile, text: str, operators: Sequence[Operator] = MUTMUT_OPERATORS
) -> tuple[Mutant, ...]:
    """All mutants of a file in order of position, without those that change nothing, repeat
    another or cannot be compiled.

    `text` is the file as it is, line breaks untranslated. Raises CannotMutate.
    """
    places = Places.of(text)
    raws = sorted(raw_mutations(text, source.path, operators), key=_order)
    found = _without_repeats(_located(source, places, raws))
    seen: Counter[tuple[str, ...]] = Counter()
    mutants = []
    for one in found:
        key = (_home(one), one.meaning.before, one.raw.operator, one.meaning.after)
        mutants.append(_mutant(source.path, one, _id(source.path, key, seen[key])))
        seen[key] += 1
    return tuple(mutants)


def _order(raw: RawMutation) -> tuple[object, ...]:
    return raw.span, raw.operator, raw.replacement


def _located(source: SourceFile, places: Places, raws: Iterable[RawMutation]) -> Iterator[_Found]:
    for raw in raws:
        start, end = places.table.offsets(raw.span)
        place = places.at(start, end)
        meaning = _meaning(places, place, raw, start, end)
        if meaning is not None:
            yield _Found(raw, place, _unit(source, place, raw.span.start_line), meaning)


def _unit(source: SourceFile, place: Place | None, line: int) -> str:
    # A default value can stand on a line of the body (`def f(a=1): return a`), so the place
    # decides whether the text is in a function at all, and only then the line in which.
    inside = place is not None and place.function != MODULE_UNIT
    return source.unit_of_line(line).name if inside else MODULE_UNIT


def _meaning(
    places: Places, place: Place | None, raw: RawMutation, start: int, end: int
) -> _Meaning | None:
    """None for a mutation that Python cannot compile."""
    for region in places.regions(place, start, end) if place else ():
        before = places.meaning(region)
        if before is None:
            continue
        tree = places.tree_with(region, start, end, raw.replacement)
        if tree is None or not _may_stand(tree, place, raw):
            return None
        after = meaning_of(tree)
        return _Meaning(region, before, after) if after is not None else None
    before, after = _words(raw.original), _words(raw.replacement)
    return _Meaning(Region(start, end), before, after)


def _may_stand(tree: ast.Module, place: Place | None, raw: RawMutation) -> bool:
    """Whether the compiler takes it: the parser alone takes `return` outside a function."""
    if place is None or place.may_return or not raw.replacement.startswith("return"):
        return True
    return not any(isinstance(node, ast.Return) for node in ast.walk(tree))


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _without_repeats(found: Iterable[_Found]) -> Iterator[_Found]:
    seen: set[_Meaning] = set()
    for one in found:
        meaning = one.meaning
        if meaning.before != meaning.after and meaning not in seen:
            seen.add(meaning)
            yield one


def _home(found: _Found) -> str:
    """The unit, or the function that would be one if it were not written on a single line: ids
    are to survive its being written out."""
    if found.unit == MODULE_UNIT and found.place is not None:
        return found.place.function
    return found.unit


def _id(path: str, key: tuple[str, ...], ordinal: int) -> str:
    return sha256("\0".join((path, *key, str(ordinal))).encode()).hexdigest()[:12]


def _mutant(path: str, found: _Found, identity: str) -> Mutant:
    raw, place = found.raw, found.place
    own_lines = range(raw.span.start_line, raw.span.end_line + 1)
    return Mutant(
        id=identity,
        path=path,
        unit=found.unit,
        scope=place.function if place else MODULE_UNIT,
        operator=raw.operator,
        span=raw.span,
        original=raw.original,
        replacement=raw.replacement,
        statement_line=place.first_line if place else raw.span.start_line,
        lines=place.lines if place else frozenset(own_lines),
    )

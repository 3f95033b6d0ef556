"""Which mutants a file has: each with its place, the function it is in, and an id that lasts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from assay.model.mutant import Left, Mutant
from assay.model.source import MODULE_UNIT, SourceFile
from assay.mutation.equal import Code, Codes, future_flags
from assay.mutation.ignored import pattern_lines
from assay.mutation.mutmut_adapter import pragmas
from assay.mutation.places import Place, Places, Region, meaning_of
from assay.mutation.positions import BYTE_ORDER_MARK
from assay.mutation.settings import DEFAULTS, Settings
from assay.mutation.traverse import RawMutation, raw_mutations

EQUAL = "equal code"
DUPLICATE = "duplicate"
UNREADABLE = "does not compile"


_IDLE = re.compile(r"(?:\s|#[^\r\n]*)*")
"""White space and comments."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file's mutants in order of position, and those that are left alone."""

    mutants: tuple[Mutant, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a mutation does, told without positions and layout: `before` becomes `after`."""

    region: Region
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class _Located:
    """`place` holds all of the text; `entered` its beginning: of several statements that are
    replaced the first, which is the one that runs if the mutant can do anything."""

    raw: RawMutation
    place: Place | None
    entered: Place | None
    unit: str
    meaning: _Meaning
    reason: str


def find_mutants(
    source: SourceFile, text: str, settings: Settings = DEFAULTS
) -> tuple[Mutant, ...]:
    """The mutants of a file that are worth a run, in order of position. Raises CannotMutate."""
    return find(source, text, settings).mutants


def find(source: SourceFile, text: str, settings: Settings = DEFAULTS) -> Found:
    """All mutants of a file. Left are those that a rule or the user excludes, that do the same as
    the original or as another, and that cannot be compiled.

    `text` is the file as it is, line breaks untranslated. Raises CannotMutate.
    """
    body = text.removeprefix(BYTE_ORDER_MARK)
    ignored = replace(pragmas(body, source.path), patterns=pattern_lines(body, settings.patterns))
    unwanted = settings.leaves_file(source.path)
    raws = raw_mutations(text, source.path, settings.operators, settings.rules, ignored)
    places = Places.of(text)
    located = _located(source, places, sorted(raws, key=_order), unwanted)
    seen: Counter[tuple[str, ...]] = Counter()
    mutants: list[Mutant] = []
    left: list[Left] = []
    for one in _compared(places, located):
        key = (_home(one), one.meaning.before, one.raw.operator, one.meaning.after)
        mutant = _mutant(source.path, one, _id(source.path, key, seen[key]))
        seen[key] += 1
        if one.reason:
            left.append(Left(mutant, one.reason))
        else:
            mutants.append(mutant)
    return Found(tuple(mutants), tuple(left))


def _order(raw: RawMutation) -> tuple[object, ...]:
    return raw.span, raw.operator, raw.replacement


def _located(
    source: SourceFile, places: Places, raws: Iterable[RawMutation], unwanted: str
) -> Iterator[_Located]:
    for raw in raws:
        start, end = places.table.offsets(raw.span)
        place = places.at(start, end)
        code = _IDLE.match(places.table.text, start, end)
        entered = places.at(*(code.end(), code.end()) if code else (start, start))
        meaning, reason = _meaning(places, place, raw, start, end)
        unit = _unit(source, entered, raw.span.start_line)
        yield _Located(raw, place, entered, unit, meaning, unwanted or raw.left or reason)


def _unit(source: SourceFile, place: Place | None, line: int) -> str:
    # A default value can stand on a line of the body (`def f(a=1): return a`), so the place
    # decides whether the text is in a function at all, and only then the line in which.
    inside = place is not None and place.function != MODULE_UNIT
    return source.unit_of_line(line).name if inside else MODULE_UNIT


def _meaning(
    places: Places, place: Place | None, raw: RawMutation, start: int, end: int
) -> tuple[_Meaning, str]:
    """What a mutation does, and why it need not be run."""
    for region in places.regions(place, start, end) if place else ():
        before = places.meaning(region)
        if before is None:
            continue
        tree = places.tree_with(region, start, end, raw.replacement)
        after = meaning_of(tree) if tree is not None else None
        if after is None:
            return _Meaning(region, before, _words(raw.replacement)), UNREADABLE
        return _Meaning(region, before, after), EQUAL if before == after else ""
    before, after = _words(raw.original), _words(raw.replacement)
    return _Meaning(Region(start, end), before, after), EQUAL if before == after else ""


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _compared(places: Places, located: Iterable[_Located]) -> Iterator[_Located]:
    """With the reason at those that do what the original or an earlier one does."""
    codes = Codes(places, future_flags(places.tree))
    meanings: set[_Meaning] = set()
    made: set[tuple[Region, Code]] = set()
    for one in located:
        if one.reason:
            yield one
            continue
        if one.meaning in meanings:
            yield replace(one, reason=DUPLICATE)
            continue
        meanings.add(one.meaning)
        reason = _code_reason(codes, one, made)
        yield replace(one, reason=reason) if reason else one


_TOO_LONG = 30_000
"""Functions of more characters are not compiled anew for each of their thousand mutants."""


def _compiled_region(one: _Located) -> Region | None:
    """What to compile to see whether a mutant is another program; None where it takes too long."""
    if one.place is None or one.entered is None:
        return None
    region = one.meaning.region
    if region.prefix == "(":
        # Of a large table, an expression; alone on a line the compiler would drop it.
        return replace(region, prefix="_ = (")
    region = one.entered.outer or one.place.region
    return region if region.end - region.start <= _TOO_LONG else None


def _code_reason(codes: Codes, one: _Located, made: set[tuple[Region, Code]]) -> str:
    """Why, by its code, a mutant need not be run; `made` grows by the code of one that must."""
    region = _compiled_region(one)
    if region is None:
        return ""
    original = codes.original(region)
    if original is None:
        # A `break` or `return` that is not whole without what is around it.
        return ""
    start, end = codes.places.table.offsets(one.raw.span)
    code = codes.of(region, start, end, one.raw.replacement)
    if code is None:
        return UNREADABLE
    if code == original:
        return EQUAL
    if (region, code) in made:
        return DUPLICATE
    made.add((region, code))
    return ""


def _home(found: _Located) -> str:
    """The unit, or the function that would be one if it were not written on a single line: ids
    are to survive its being written out."""
    if found.unit == MODULE_UNIT and found.entered is not None:
        return found.entered.function
    return found.unit


def _id(path: str, key: tuple[str, ...], ordinal: int) -> str:
    return sha256(
        "\0".join((path, *key, str(ordinal))).encode("utf-8", "surrogateescape")
    ).hexdigest()[:12]


def _mutant(path: str, found: _Located, identity: str) -> Mutant:
    raw, entered = found.raw, found.entered
    own_lines = range(raw.span.start_line, raw.span.end_line + 1)
    return Mutant(
        id=identity,
        path=path,
        unit=found.unit,
        scope=entered.function if entered else MODULE_UNIT,
        operator=raw.operator,
        span=raw.span,
        original=raw.original,
        replacement=raw.replacement,
        statement_line=entered.first_line if entered else raw.span.start_line,
        lines=entered.lines if entered else frozenset(own_lines),
        kind=raw.kind.value,
    )

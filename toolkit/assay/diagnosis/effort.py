"""How many places a fix of a group edits, if the sources are mended and if the tests are."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from assay.diagnosis.sides import Sides
from assay.model.diagnosis import Edits, FailingTest, Fault, Match, Site

Definition = tuple[str, str]


def edits_of(tests: Sequence[FailingTest], sides: Sides) -> Edits:
    """The distinct sites of the first causes, by side, each line of a file once.

    What lies in the definition that a cause is about is one place, however many tests come to it:
    one edit there mends all.
    """
    matches = [match for test in tests for match in test.matches[:1]]
    definitions = {one for match in matches for one in _definition(match, sides)}
    sites = {site for match in matches for site in match.sites}
    in_tests = {site for site in sites if sides.is_test(site.path)}
    within = {site for site in sites - in_tests if _lies_in(site, definitions, sides)}
    of_sources = [one for one in definitions if not sides.is_test(one[0])]
    # The definition itself can be mended, wherever the sites are.
    elsewhere = len(sites - in_tests - within)
    return Edits(sources=elsewhere or len(of_sources), tests=len(in_tests))


def effort_of(edits: Edits, fault: Fault | None) -> int:
    """Places to edit, at least 1: on the side at fault, or the fewer where that is undecided."""
    if fault is Fault.CODE:
        return max(1, edits.sources)
    if fault is Fault.TEST:
        return max(1, edits.tests)
    if fault is Fault.ENVIRONMENT:
        return 1
    return min([count for count in (edits.sources, edits.tests) if count], default=1)


def places_in(patch: str) -> int:
    """How many runs of changed lines a unified diff has."""
    marks = [line[:3] in ("---", "+++") or line[:1] not in "+-" for line in patch.splitlines()]
    return sum(1 for plain, _ in itertools.groupby(marks) if not plain)


def _definition(match: Match, sides: Sides) -> Iterable[Definition]:
    path, name = match.facts.get("path"), match.facts.get("name")
    if isinstance(path, str) and isinstance(name, str) and sides.head.definition(path, name):
        yield path, name


def _lies_in(site: Site, definitions: Iterable[Definition], sides: Sides) -> bool:
    place = sides.head.enclosing(site.path, site.line)
    return place is not None and (place.path, place.name) in definitions

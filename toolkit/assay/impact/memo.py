"""Which tests may have used what an earlier one left behind: caches, lazy values (pure).

A test that finds a value ready does not run the code that made it, and would not be selected when
that code changes. Three signs, none of them proof:

- a cache of functools gave the test a value that was there before it began (`hits`);
- the test ran a condition that asks for some state (`if _table is None`), and not the line in the
  same function that fills it, while something before it did run that line. For state kept in an
  object, only if the test made no object of that class itself;
- the test ran a line that names a function, and not the function, which others ran before: one that
  a decorator makes compute only once (`cached_property`), or one behind `or`, `and`, `if ... else`.

Whoever shows a sign is a suspect: to be run again alone, where everything has to be made anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from assay.impact.kept import FunctionPlace, KeptIn
from assay.model.impact import TEST_PREFIX

Masks = Mapping[str, int]
"""Lines that ran, by path."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A sign: what was kept, and the nodes that may have made it."""

    what: str
    makers: frozenset[str]

    @property
    def path(self) -> str:
        """The file whose code keeps it."""
        return self.what.partition("::")[0]


def suspects(
    ran: Mapping[str, Masks],
    hits: Mapping[str, Collection[str]],
    files: Mapping[str, KeptIn],
    order: Mapping[str, int],
) -> dict[str, list[Suspicion]]:
    """The signs of each test, by node key.

    `ran` are the lines of every node, `hits` the caches (`PATH::QUALNAME`) that gave a node a value
    from before it, `files` what files keep, by path, `order` the places of the tests in the run.
    """
    runners = _Runners(ran)
    found: dict[str, list[Suspicion]] = {}

    def book(test: str, what: str, makers: Iterable[str]) -> None:
        if test.startswith(TEST_PREFIX):
            place = order.get(test, 0)
            before = frozenset(m for m in makers if m != test and order.get(m, -1) < place)
            if before:
                found.setdefault(test, []).append(Suspicion(what, before))

    for test, caches in hits.items():
        for cache in caches:
            book(test, cache, _makers_of_cache(cache, files, runners))
    for kept in (kept for file in files.values() for kept in file.places):
        makers = runners.of(kept.path, kept.fill)
        if makers:
            made = runners.of(kept.path, kept.made)
            for node in runners.of(kept.path, kept.asks) - makers - made:
                book(node, kept.what, makers)
    for test, what, makers in _functions_found_ready(files, runners):
        book(test, what, makers)
    return found


class _Runners:
    """Which nodes ran a line, by file."""

    def __init__(self, ran: Mapping[str, Masks]) -> None:
        self._by_path: dict[str, list[tuple[int, str]]] = {}
        for key, masks in ran.items():
            for path, mask in masks.items():
                self._by_path.setdefault(path, []).append((mask, key))

    def of(self, path: str, lines: int) -> set[str]:
        return {key for mask, key in self._by_path.get(path, ()) if mask & lines}


def _makers_of_cache(cache: str, files: Mapping[str, KeptIn], runners: _Runners) -> set[str]:
    path, _, qualname = cache.partition("::")
    found: set[str] = set()
    for function in files[path].functions if path in files else ():
        if function.qualname == qualname:
            found |= runners.of(path, function.body)
    return found


def _functions_found_ready(
    files: Mapping[str, KeptIn], runners: _Runners
) -> Iterator[tuple[str, str, set[str]]]:
    keeping: dict[str, list[FunctionPlace]] = {}
    plain: dict[str, list[FunctionPlace]] = {}
    for file in files.values():
        for function in file.functions:
            (keeping if function.keeps else plain).setdefault(function.name, []).append(function)
    for function in keeping.pop("__missing__", []) + plain.pop("__missing__", []):
        # A dictionary asks it for what is not there yet: what names it is the dictionary's name.
        makers = runners.of(function.path, function.body)
        class_name = function.qualname.split(".")[-2:][0]
        objects = {n for file in files.values() for n in file.objects.get(class_name, ())}
        for path, file in files.items() if makers else ():
            for name in objects & file.mentions.keys():
                for node in runners.of(path, file.mentions[name]) - makers:
                    yield node, f"{function.path}::{function.qualname}", makers
    for path, file in files.items():
        for candidates, mentions in ((keeping, file.mentions), (plain, file.conditional)):
            for name in candidates.keys() & mentions.keys():
                namers = runners.of(path, mentions[name])
                for function in candidates[name] if namers else ():
                    makers = runners.of(function.path, function.body)
                    # Run by many: then it is not run once and for all.
                    if makers and (function.keeps or len(makers) == 1):
                        for node in namers - makers:
                            yield node, f"{function.path}::{function.qualname}", makers

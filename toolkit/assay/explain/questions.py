"""What to ask an object whose private state differs: expressions of its public face."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from assay.explain.compare import Difference, Kind, is_masked
from assay.explain.recording import Look, Recording
from assay.explain.summaries import Summary, at, differences, expression

MOST = 24
"""So many are asked at once."""

_CALLS = {
    "__len__": "len({})",
    "__iter__": "list({})",
    "__str__": "str({})",
    "__bool__": "bool({})",
}


def questions(found: Iterable[Difference], clean: Recording, test: str) -> list[tuple[int, str]]:
    """Lines of the test and expressions to be evaluated after them."""
    asked: dict[tuple[int, str], None] = {}
    for one in found:
        if one.kind is Kind.LOCAL and one.function == test:
            for text in _of(one, clean):
                asked[one.line, text] = None
    return list(asked)[:MOST]


def _of(one: Difference, clean: Recording) -> Iterator[str]:
    for size in range(len(one.path) + 1):
        path = one.path[:size]
        if any(kind == "attr" and str(name).startswith("_") for kind, name in path):
            return
        value = at(one.root, path)
        text = expression(one.name, path)
        if value[0] != "o" or text is None:
            continue
        known = clean.types.get(value[1], {})
        yield from (f"{text}.{name}" for name in known.get("properties", ()))
        for name in known.get("special", ()):
            if name in _CALLS:
                yield _CALLS[name].format(text)


def answered(
    found: Iterable[Difference], clean: Recording, again: Recording, mutant: Recording
) -> Iterator[Difference]:
    """The answers that differ, as differences of their own."""
    lines = {one.line: one for one in found if one.kind is Kind.LOCAL}
    three = [_first(one.looks) for one in (clean, again, mutant)]
    for key, value in three[0].items():
        same, other = three[1].get(key), three[2].get(key)
        steady = len({repr(look.value) for look in clean.looks if _key(look) == key}) == 1
        if value is None or same is None or other is None or key[0] not in lines:
            continue
        masked = tuple(differences(value, same))
        for path in differences(value, other):
            if not is_masked(path, masked):
                yield replace(
                    lines[key[0]],
                    name=key[1],
                    path=path,
                    root=value,
                    before=at(value, path),
                    after=at(other, path),
                    masked=masked,
                    constant=steady,
                    until=frozenset(),
                )


def _key(look: Look) -> tuple[int, str]:
    return look.line, look.expression


def _first(looks: Iterable[Look]) -> dict[tuple[int, str], Summary | None]:
    found: dict[tuple[int, str], Summary | None] = {}
    for look in looks:
        found.setdefault(_key(look), look.value)
    return found

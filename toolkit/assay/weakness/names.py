"""What the name of a test says that it is about: a file, a class, or (as a hint) a function.

Names are split into words, and words weigh by how few names have them (idf): what half of the
modules are called says nothing. Where two names fit as well, none is meant.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log
from typing import TypeVar

Key = TypeVar("Key")

GENERIC = frozenset(
    """
    all api app base basic case cases class common core data e2e end function functional functions
    general helper helpers init integration lib main method methods misc mod models module more
    object objects package py regression simple smoke suite support system test testcase tests tools
    type types unit util utilities utils value values
    """.split()
)
"""Words that say nothing about what a test is of."""

SHORTEST = 4
"""Shorter function names are words as often as names."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a test claims to be about: `what` is "file", "class" or "function", `name` in words,
    `path` the file, `units` the units it stands for (none: all of the file)."""

    what: str
    name: str
    path: str
    units: frozenset[str] = frozenset()

    def holds(self, path: str, unit: str) -> bool:
        """Whether a unit belongs to what is claimed."""
        return path == self.path and (not self.units or unit in self.units)


class Names:
    """The names of a project's own code: files with their units."""

    def __init__(self, units: Mapping[str, Iterable[str]]) -> None:
        self._units = {path: tuple(names) for path, names in units.items()}
        self._files = {path: words_of(stem_of(path)) for path in self._units}
        self._classes: dict[tuple[str, str], frozenset[str]] = {}
        self._functions: dict[str, list[tuple[str, str]]] = {}
        for path, names in self._units.items():
            for name in names:
                owner, _, last = name.partition("#")[0].rpartition(".")
                if owner:
                    self._classes[path, owner] = words_of(owner.rpartition(".")[2])
                self._functions.setdefault(last, []).append((path, name))
        self._rare_file = _weights(self._files.values())
        self._rare_class = _weights(self._classes.values())

    def claim(self, path: str, unit: str) -> Claim | None:
        """By the class of the test, else by its file."""
        owner = unit.rpartition(".")[0].rpartition(".")[2]
        if owner:
            found = _best(words_of(owner), self._classes, self._rare_class)
            if found is not None:
                where, name = found
                units = frozenset(u for u in self._units[where] if u.startswith(f"{name}."))
                return Claim("class", f"the class `{name}`", where, units)
        where_ = _best(words_of(stem_of(path)), self._files, self._rare_file)
        return None if where_ is None else Claim("file", f"`{where_}`", where_)

    def hint(self, unit: str) -> Claim | None:
        """By the name of the test function itself: the longest name of one function that it
        begins with."""
        name = re.sub(r"^test_*", "", unit.rpartition(".")[2])
        parts = name.split("_")
        for count in range(len(parts), 0, -1):
            candidate = "_".join(parts[:count])
            places = self._functions.get(candidate, [])
            if len(candidate) >= SHORTEST and len(places) == 1 and candidate not in GENERIC:
                path, function = places[0]
                return Claim("function", f"`{function}`", path, frozenset({function}))
        return None


def stem_of(path: str) -> str:
    """The name of a module; of a package's own file, that of the package."""
    *above, last = path.split("/")
    stem = last.removesuffix(".py")
    return above[-1] if stem == "__init__" and above else stem


def words_of(name: str) -> frozenset[str]:
    """`{"signed", "token"}` for `test_signed_token`, `TestSignedToken` and `_signed_token`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    found = [word for word in re.split(r"[\W_]+", spaced) if word]
    return frozenset(word for word in found if word not in GENERIC)


def _weights(names: Iterable[frozenset[str]]) -> dict[str, float]:
    known = list(names)
    counts = Counter(word for words in known for word in words)
    return {word: log((1 + len(known)) / count) for word, count in counts.items()}


def _best(
    words: frozenset[str], names: Mapping[Key, frozenset[str]], rare: Mapping[str, float]
) -> Key | None:
    """The name that has most of the words, by weight, and no others; None if two are alike."""
    scores = {
        key: sum(rare[word] for word in own)
        for key, own in names.items()
        if own and own <= words and any(len(word) > 1 for word in own)
    }
    top = max(scores.values(), default=0.0)
    best = [key for key, score in scores.items() if score == top]
    return best[0] if top > 0 and len(best) == 1 else None

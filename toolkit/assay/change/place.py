"""Where a list of statements stands: the classes around it, and what that means (pure)."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from assay.change.classes import is_plain_class, plain_bases
from assay.model.difference import NONE


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list of statements stands: the classes around it, and what those derive from."""

    prefix: str = ""
    classes: frozenset[str] = NONE
    bases: frozenset[str] = NONE
    plain: bool = True
    tests: bool = False

    def inside(self, old: ast.ClassDef, new: ast.ClassDef, is_test: bool) -> Place:
        both = (old, new)
        return Place(
            prefix=f"{self.prefix}{new.name}.",
            classes=frozenset({new.name}),
            bases=self.bases | plain_bases(old) | plain_bases(new),
            plain=self.plain and all(is_plain_class(c) for c in both),
            tests=is_test,
        )


def tests_of(names: frozenset[str], place: Place) -> frozenset[str]:
    """A test of its own, or something that all tests of its class may use."""
    return names | (NONE if are_tests(names) else place.classes)


def unconcerned(names: frozenset[str], place: Place) -> frozenset[str]:
    """The class around a test that has come or gone: its other tests do not notice."""
    return place.classes if place.tests and are_tests(names) else NONE


def are_tests(names: frozenset[str]) -> bool:
    return bool(names) and all(name.startswith("test") for name in names)

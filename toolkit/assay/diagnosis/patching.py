"""Where tests put stand-ins in place: the targets of `mock.patch` and `monkeypatch`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from assay.diagnosis.calls import called_name
from assay.diagnosis.cause import Case
from assay.diagnosis.fixtures import code_of
from assay.diagnosis.sides import Place, Side, Sides, first_line


@dataclass(frozen=True, slots=True)
class Patch:
    """One call that puts a stand-in in place at `target`, dotted. `text` is the target where it is
    written as one string, else "". `node` is the call."""

    path: str
    node: ast.Call
    target: str
    text: str

    @property
    def name(self) -> str:
        return self.target.rpartition(".")[2]

    @property
    def owner(self) -> str:
        return self.target.rpartition(".")[0]

    @property
    def place(self) -> str:
        return f"{self.path}:{self.node.lineno}"

    def given(self, name: str) -> ast.expr | None:
        """What the call says for a keyword."""
        return next((one.value for one in self.node.keywords if one.arg == name), None)


def patches_in(side: Side, path: str) -> Iterator[Patch]:
    """All in a file."""
    tree = side.tree(path)
    for node in [] if tree is None else ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _patches(side, path, node)


def patches_of(sides: Sides) -> Iterator[Patch]:
    """All in the tests at head."""
    for path, text in sides.head.texts.items():
        if sides.is_test(path) and ("patch" in text or "setattr" in text):
            yield from patches_in(sides.head, path)


def patches_for(case: Case) -> Iterator[Patch]:
    """Those at head that stand in the code of the case's test: decorators, its body, fixtures."""
    ranges = [(place.path, first_line(place.node), _until(place)) for place in code_of(case)]
    for path in dict.fromkeys(path for path, _, _ in ranges):
        for patch in patches_in(case.sides.head, path):
            if any(p == path and a <= patch.node.lineno <= b for p, a, b in ranges):
                yield patch


def _until(place: Place) -> int:
    """Of a class only the decorators: its other methods are other tests."""
    if isinstance(place.node, ast.ClassDef):
        return place.node.lineno
    return place.node.end_lineno or place.line


def _patches(side: Side, path: str, node: ast.Call) -> Iterator[Patch]:
    name = called_name(node)
    on_patch = isinstance(node.func, ast.Attribute) and _last(node.func.value) == "patch"
    first = node.args[0] if node.args else None
    if name == "multiple" and on_patch and first is not None:
        owner = _string(first) or side.meant(path, first)
        for keyword in node.keywords:
            if keyword.arg and owner:
                yield Patch(path, node, f"{owner}.{keyword.arg}", "")
        return
    changes = isinstance(node.func, ast.Attribute) and name in ("setattr", "delattr")
    if first is None or not (name == "patch" or (name == "object" and on_patch) or changes):
        return
    whole = _string(first)
    if whole and "." in whole:
        yield Patch(path, node, whole, whole)
        return
    second = _string(node.args[1]) if len(node.args) > 1 else ""
    owner = side.meant(path, first)
    if second and owner:
        yield Patch(path, node, f"{owner}.{second}", "")


def _string(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""

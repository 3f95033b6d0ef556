"""What a name that head does not have any more was at base, and what it has become."""

from __future__ import annotations

import ast
import difflib
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from assay.diagnosis.sides import Place, Sides
from assay.diagnosis.signs import of_callers, of_documents, of_other_tests, of_promises
from assay.model.diagnosis import Fault, Proof, Sign


@dataclass(frozen=True, slots=True)
class Lost:
    """A name that is asked for at head and is not there.

    `module` is the dotted name of the module, `name` that of the thing in it, qualified. `before`
    is its definition at base (None: there was none), `after` what it has become; `dotted` is that
    as an import would name it. `near` are names that are there and look like it.
    """

    module: str
    name: str
    path: str
    before: Place | None
    after: Place | None
    dotted: str
    near: tuple[str, ...]

    @property
    def short(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def fix(self) -> str:
        if self.after is not None:
            return f"use `{self.dotted}`, or keep `{self.name}` as another name for it"
        if self.near:
            return f"did it mean `{self.near[0]}`?"
        return f"do without `{self.name}`, or bring it back in {self.path}"

    @property
    def facts(self) -> dict[str, object]:
        """`module`, `name` (qualified), `new_module` and `new_name` ("" if none is known)."""
        after = self.after
        module = self.dotted.removesuffix(f".{after.name}") if after is not None else ""
        return {
            "module": self.module,
            "name": self.name,
            "new_module": module,
            "new_name": after.name if after is not None else "",
        }


def lost_name(sides: Sides, path: str, name: str) -> Lost | None:
    """A name of a module; None if head binds it there."""
    there = sides.head.bound(path)
    if name in there:
        return None
    module = sides.head.dotted(path)
    # A module that has become a package is another file now.
    old = sides.base.module(module) or path
    before = sides.base.definition(old, name)
    bound = sides.base.bound(old).get(name)
    if before is None and isinstance(bound, ast.Import | ast.ImportFrom):
        # Another module's, which this one only passed on.
        before = sides.base.defined_as(f"{module}.{name}") or Place(old, name, bound)
    return _lost(sides, module, name, path, before, there)


def lost_attribute(sides: Sides, owner: str, name: str) -> Lost | None:
    """An attribute of a class of the project, which `owner` names with its module; None if head's
    class says that it has it, or there is no such class."""
    cls = sides.head.defined_as(owner)
    if cls is None or not isinstance(cls.node, ast.ClassDef):
        return None
    there = sides.head.attributes(cls)
    if name in there:
        return None
    old = sides.base.defined_as(owner)
    before = None if old is None else sides.base.attributes(old).get(name)
    if before is None and {"__getattr__", "__getattribute__"} & there.keys():
        return None
    qualified = before.name if before is not None else f"{cls.name}.{name}"
    lost = _lost(sides, sides.head.dotted(cls.path), qualified, cls.path, before, there)
    if lost.after is not None or before is None or old is None:
        return lost
    new = [there[one] for one in there.keys() - sides.base.attributes(old).keys()]
    same = [one for one in new if _value(one) and _value(one) == _value(before)]
    if len(same) != 1:
        return lost
    return replace(lost, after=same[0], dotted=f"{lost.module}.{same[0].name}")


def _value(place: Place) -> str:
    """What is assigned, as text; "" for functions and classes, which `successors` compares."""
    value = getattr(place.node, "value", None)
    return ast.unparse(value) if isinstance(value, ast.expr) else ""


def _lost(
    sides: Sides, module: str, name: str, path: str, before: Place | None, there: Iterable[str]
) -> Lost:
    after, dotted = None, ""
    if before is not None:
        still = sides.head.definition(before.path, before.name)
        after = still or next(iter(_likely(sides, before)), None)
        dotted = f"{sides.head.dotted(after.path)}.{after.name}" if after is not None else ""
    near = difflib.get_close_matches(name.rpartition(".")[2], list(there), 3, 0.75)
    return Lost(module, name, path, before, after, dotted, tuple(near))


def _likely(sides: Sides, before: Place) -> Iterator[Place]:
    """A method goes on in a class, a name of a module in a module."""
    inside = "." in before.name
    return (one for one in sides.successors(before) if ("." in one.name) == inside)


def proofs_of(lost: Lost) -> Iterator[Proof]:
    if lost.before is not None:
        yield Proof("was", _head_line(lost.before), lost.before.shown, "base")
    if lost.after is not None:
        yield Proof("is now", _head_line(lost.after), lost.after.shown, "head")
    elif lost.near:
        yield Proof("nearest names", ", ".join(lost.near), lost.path, "head")


def _head_line(place: Place) -> str:
    return ast.unparse(place.node).lstrip("\n").split("\n", 1)[0][:200]


def signs_of(sides: Sides, lost: Lost, user: str, in_test: bool) -> Iterator[Sign]:
    """`user` is the place that asks for the name, `in_test` whether that is one of the tests'."""
    if not in_test:
        yield from of_callers([user], lost.short)
        return
    yield from of_callers(left_behind(sides, lost), lost.short)
    if lost.before is None:
        return
    if lost.after is not None:
        words = f"the change has made `{lost.name}` into `{lost.dotted}`"
        # A change that was undone makes a new name into the old one: it looks the same.
        yield Sign(Fault.TEST, words, lost.after.shown, alone=False)
        if lost.after.short != lost.short:
            yield from of_other_tests(sides, lost.after.short)
            yield from of_documents(sides, lost.after.short)
    yield from of_promises(sides, lost.short)
    yield from of_documents(sides, lost.short)


def left_behind(sides: Sides, lost: Lost) -> list[str]:
    """Places in the sources at head that still ask for the name: imports of it, `__all__`, and
    attributes where nothing else in the project is called so."""
    found: list[str] = []
    for path in sides.head.texts:
        if sides.is_product(path):
            found += [f"{path}:{line}" for line in _asks(sides, path, lost)]
    unique = all(place.short != lost.short for place in sides.head.definitions)
    if "." in lost.name and unique and lost.before is not None:
        found += [
            f"{path}:{node.lineno}"
            for path, node in sides.head.users(lost.short)
            if sides.is_product(path)
            and isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Load)
        ]
    return list(dict.fromkeys(found))


def _asks(sides: Sides, path: str, lost: Lost) -> Iterator[int]:
    text = sides.head.texts[path]
    if "." in lost.name or lost.name not in text:
        return
    tree = sides.head.tree(path)
    for node in [] if tree is None else ast.walk(tree):
        if is_import_of(sides, path, node, lost):
            assert isinstance(node, ast.stmt)
            yield node.lineno
        elif (
            isinstance(node, ast.Attribute)
            and node.attr == lost.name
            and sides.head.meant(path, node) == f"{lost.module}.{lost.name}"
        ):
            yield node.lineno
    if path == lost.path:
        yield from _listed(tree, lost.name)
        yield from _read_as_global(text, lost.name)


def is_import_of(sides: Sides, path: str, node: ast.AST, lost: Lost) -> bool:
    """Whether a statement of a file at head is a `from … import` of the lost name."""
    return (
        isinstance(node, ast.ImportFrom)
        and any(alias.name == lost.name for alias in node.names)
        and sides.head.source_of(path, node) == lost.module
    )


def _listed(tree: ast.Module | None, name: str) -> Iterator[int]:
    """Where `__all__` still has it."""
    for node in [] if tree is None else tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(one, ast.Name) and one.id == "__all__" for one in targets):
            yield from (
                one.lineno
                for one in ast.walk(node)
                if isinstance(one, ast.Constant) and one.value == name
            )


def _read_as_global(text: str, name: str) -> Iterator[int]:
    """The functions of a module that read the name from the module itself."""
    try:
        pending = [symtable.symtable(text, "module", "exec")]
    except (SyntaxError, ValueError):
        return
    while pending:
        table = pending.pop()
        pending += table.get_children()
        if name in table.get_identifiers():
            symbol = table.lookup(name)
            at_top = table.get_type() == "module"
            if symbol.is_referenced() and (symbol.is_global() or at_top):
                yield max(1, table.get_lineno())

"""The sources of a project at base and at head, and what is defined, changed and moved in them."""

from __future__ import annotations

import ast
import difflib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@dataclass(frozen=True)
class Place:
    """Where something is defined: `name` is qualified within the file, as in `Cart.total`."""

    path: str
    name: str
    node: ast.stmt

    @property
    def line(self) -> int:
        return self.node.lineno

    @property
    def short(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def shown(self) -> str:
        return f"{self.path}:{self.line}"


class Side:
    """The project's Python files at one side, by path relative to the repository.

    `texts` are their contents, lines ended by `\\n`; a file that does not parse defines nothing.
    `places` are the directories that imports start from, relative to the repository.
    """

    def __init__(self, texts: Mapping[str, str], places: tuple[str, ...] = ()) -> None:
        self.texts = texts
        self.places = tuple(dict.fromkeys((*places, ".", "src", "lib")))
        self._trees: dict[str, ast.Module | None] = {}

    def tree(self, path: str) -> ast.Module | None:
        if path not in self._trees:
            text = self.texts.get(path)
            self._trees[path] = None if text is None else parsed(text)
        return self._trees[path]

    def line(self, path: str, number: int) -> str:
        """A line's text without its indentation; "" if there is none."""
        lines = self.texts.get(path, "").split("\n")
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""

    def module(self, dotted: str) -> str | None:
        """The file of a module of the project."""
        stem = dotted.replace(".", "/")
        for place in self.places:
            start = "" if place == "." else f"{place}/"
            for name in (f"{start}{stem}.py", f"{start}{stem}/__init__.py"):
                if name in self.texts:
                    return name
        return None

    def is_package(self, dotted: str) -> bool:
        """Whether the project has the module, or files below it (a namespace package)."""
        if self.module(dotted) is not None:
            return True
        stem = dotted.replace(".", "/")
        starts = tuple(f"{stem}/" if p == "." else f"{p}/{stem}/" for p in self.places)
        return any(path.startswith(starts) for path in self.texts)

    def dotted(self, path: str) -> str:
        """The module that a file is imported as."""
        places = sorted(self.places, key=len, reverse=True)
        for place in places:
            start = "" if place == "." else f"{place}/"
            if path.startswith(start):
                stem = path.removeprefix(start).removesuffix(".py").removesuffix("/__init__")
                return stem.replace("/", ".")
        return path

    @cached_property
    def definitions(self) -> tuple[Place, ...]:
        """Functions, classes, methods and names assigned at the top of modules and classes."""
        return tuple(place for path in self.texts for place in self.defined_in(path))

    def defined_in(self, path: str) -> list[Place]:
        tree = self.tree(path)
        return [] if tree is None else list(_defined(path, tree.body, ""))

    def called(self, name: str) -> list[Place]:
        """All definitions whose qualified name ends so: `total` finds `Cart.total`."""
        return [p for p in self.definitions if f".{p.name}".endswith(f".{name}")]

    def definition(self, path: str, name: str) -> Place | None:
        """What a file defines under a qualified name; the last one, which wins."""
        found = [place for place in self.defined_in(path) if place.name == name]
        return found[-1] if found else None

    def bound(self, path: str) -> dict[str, ast.stmt]:
        """The names at the top of a module: those defined, assigned and imported."""
        tree = self.tree(path)
        found: dict[str, ast.stmt] = {}
        for node in [] if tree is None else _straight(tree.body):
            for name in _bound_by(node):
                found[name] = node
        return found

    def enclosing(self, path: str, line: int) -> Place | None:
        """The innermost function or class around a line."""
        around = [
            place
            for place in self.defined_in(path)
            if isinstance(place.node, Definition)
            and first_line(place.node) <= line <= (place.node.end_lineno or place.line)
        ]
        return max(around, key=lambda place: place.line, default=None)

    def imports(self, path: str) -> dict[str, str]:
        """What the names that a file imports stand for, wherever it does: dotted, as in
        `{"np": "numpy", "join": "os.path.join"}`."""
        tree = self.tree(path)
        found: dict[str, str] = {}
        for node in [] if tree is None else ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    found[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom):
                module = self.source_of(path, node)
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{module}.{alias.name}"
        return found

    def source_of(self, path: str, node: ast.ImportFrom) -> str:
        """The module that a `from … import` names, made absolute."""
        if not node.level:
            return node.module or ""
        package = self.package_of(path).split(".")
        parts = package[: len(package) - node.level + 1]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def package_of(self, path: str) -> str:
        """The package that relative imports of a file start from."""
        dotted = self.dotted(path)
        return dotted if path.endswith("/__init__.py") else dotted.rpartition(".")[0]

    def meant(self, path: str, node: ast.expr) -> str:
        """What an expression of names and attributes stands for in a file, dotted; "" if it is
        none."""
        if isinstance(node, ast.Name):
            imported = self.imports(path).get(node.id)
            return imported or f"{self.dotted(path)}.{node.id}"
        if isinstance(node, ast.Attribute):
            owner = self.meant(path, node.value)
            return owner and f"{owner}.{node.attr}"
        return ""

    def located(self, dotted: str) -> tuple[str, str] | None:
        """The file of the project's module that a dotted name begins with, and the rest."""
        parts = dotted.split(".")
        for length in range(len(parts), 0, -1):
            path = self.module(".".join(parts[:length]))
            if path is not None:
                return path, ".".join(parts[length:])
        return None

    def defined_as(self, dotted: str, depth: int = 5) -> Place | None:
        """The definition behind a dotted name, through the imports of the modules it names."""
        found = self.located(dotted)
        if found is None or not found[1]:
            return None
        path, name = found
        place = self.definition(path, name)
        if place is not None or depth == 0:
            return place
        first, _, rest = name.partition(".")
        imported = self.imports(path).get(first) if first in self.bound(path) else None
        if imported is None:
            return None
        return self.defined_as(f"{imported}.{rest}" if rest else imported, depth - 1)

    def attributes(self, place: Place, depth: int = 5) -> dict[str, Place]:
        """What instances of a class have, as far as its text and those of its bases in the project
        say: names of its body, and those set on `self`."""
        if not isinstance(place.node, ast.ClassDef) or depth == 0:
            return {}
        found: dict[str, Place] = {}
        for base in reversed(place.node.bases):
            above = self.defined_as(self.meant(place.path, base))
            if above is not None and above != place:
                found |= self.attributes(above, depth - 1)
        for node in ast.walk(place.node):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                for name in _set_on_self(node):
                    found[name] = Place(place.path, f"{place.name}.{name}", node)
        for one in _defined(place.path, place.node.body, f"{place.name}."):
            if one.name.count(".") == place.name.count(".") + 1:
                found[one.short] = one
        return found

    def users(self, name: str) -> Iterator[tuple[str, ast.expr]]:
        """Where an identifier is read as a name or an attribute, as (path, node)."""
        for path, text in self.texts.items():
            if name not in text:
                continue
            tree = self.tree(path)
            for node in [] if tree is None else ast.walk(tree):
                is_name = isinstance(node, ast.Name) and node.id == name
                is_attribute = isinstance(node, ast.Attribute) and node.attr == name
                if (is_name or is_attribute) and isinstance(node, ast.expr):
                    yield path, node


def parsed(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def first_line(node: ast.stmt) -> int:
    """Where a definition begins, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _straight(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module or class, with those within `if`, `try` and `with`."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
            for field_name in ("body", "orelse", "finalbody"):
                yield from _straight(getattr(node, field_name, []))
            for handler in getattr(node, "handlers", []):
                yield from _straight(handler.body)


def _defined(path: str, body: list[ast.stmt], prefix: str) -> Iterator[Place]:
    for node in _straight(body):
        if isinstance(node, Definition):
            yield Place(path, prefix + node.name, node)
            if isinstance(node, ast.ClassDef):
                yield from _defined(path, node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for name in _bound_by(node):
                yield Place(path, prefix + name, node)


def _bound_by(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, Definition):
        yield node.name
    elif isinstance(node, ast.Import):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            for one in ast.walk(target):
                if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                    yield one.id


def _set_on_self(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> Iterator[str]:
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        for one in ast.walk(target):
            if isinstance(one, ast.Attribute) and _is_self(one.value):
                yield one.attr


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


# -- the two


@dataclass(frozen=True)
class Sides:
    """Base and head. `changed` are the files that differ, Python or not, by path, with the text
    before and after (None: no such file; binary files are told as ""). `is_test` says whether a
    path belongs to the tests. `distributions` are the installed versions by lower-case name,
    `libraries` modules at the top, by name, that were seen to be imported from elsewhere;
    `requires` the requirements that the project declares at head, as they are written; `documents`
    the texts at head that are written for people, by path.
    """

    base: Side
    head: Side
    changed: Mapping[str, tuple[str | None, str | None]]
    is_test: Callable[[str], bool]
    distributions: Mapping[str, str] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    documents: Mapping[str, str] = field(default_factory=dict)
    libraries: frozenset[str] = frozenset()

    def changed_lines(self, path: str) -> frozenset[int]:
        """Lines at head that differ, or stand next to lines that were removed."""
        return self._lines[path][1] if path in self._lines else frozenset()

    def removed_lines(self, path: str) -> frozenset[int]:
        """Lines at base that are no more, or others."""
        return self._lines[path][0] if path in self._lines else frozenset()

    def touches(self, place: Place) -> bool:
        """Whether the change has altered lines of what is defined there at head."""
        end = place.node.end_lineno or place.line
        return any(first_line(place.node) <= n <= end for n in self.changed_lines(place.path))

    @cached_property
    def _lines(self) -> dict[str, tuple[frozenset[int], frozenset[int]]]:
        return {
            path: _differing(before or "", after or "")
            for path, (before, after) in self.changed.items()
        }

    def is_product(self, path: str) -> bool:
        """Whether a file belongs to what is built: none of the tests', no example, no script."""
        return not self.is_test(path) and not _BESIDE & set(path.split("/")[:-1])

    @property
    def changed_sources(self) -> tuple[str, ...]:
        """Changed Python files that are none of the tests'."""
        return tuple(p for p in self.changed if p.endswith(".py") and not self.is_test(p))

    @property
    def changed_tests(self) -> tuple[str, ...]:
        return tuple(path for path in self.changed if self.is_test(path))

    @cached_property
    def gone(self) -> tuple[Place, ...]:
        """What base defines and head does not, under the same name in the same file."""
        there = {(place.path, place.name) for place in self.head.definitions}
        changed = [place for p in self.changed for place in self.base.defined_in(p)]
        return tuple(place for place in changed if (place.path, place.name) not in there)

    @cached_property
    def added(self) -> tuple[Place, ...]:
        """What head defines and base does not."""
        there = {(place.path, place.name) for place in self.base.definitions}
        changed = [place for p in self.changed for place in self.head.defined_in(p)]
        return tuple(place for place in changed if (place.path, place.name) not in there)

    def successors(self, gone: Place) -> list[Place]:
        """What a definition has become: the same name in another file, or another name with the
        same or much the same body; the likeliest first."""
        scored = [(likeness(gone, new), new) for new in self.added]
        scored = [(score, new) for score, new in scored if score >= ALIKE]
        return [new for _, new in sorted(scored, key=lambda one: -one[0])]

    def moved_module(self, path: str) -> str | None:
        """The new file that one that is gone has become: the same text or name, or much the same
        text."""
        return _likest(path, self._gone_files, self._new_files)

    def came_from(self, path: str) -> str | None:
        """The file that is gone which a new file was at base."""
        return _likest(path, self._new_files, self._gone_files)

    def moved_package(self, dotted: str) -> str | None:
        """The package, dotted, that most of the files of one that is gone have gone to."""
        old, new = self._gone_files, self._new_files
        found: Counter[str] = Counter()
        for path in old:
            inside = f"{self.base.dotted(path)}.".removeprefix(f"{dotted}.")
            if f"{dotted}.{inside}" != f"{self.base.dotted(path)}.":
                continue
            for one in new:
                module = f"{self.head.dotted(one)}."
                if module.endswith(f".{inside}") and old[path] == new[one]:
                    found[module.removesuffix(inside).removesuffix(".")] += 1 + bool(old[path])
        # Empty files are alike wherever they are: of equals the first by name is taken.
        return max(sorted(found), key=lambda one: found[one], default=None)

    @cached_property
    def _gone_files(self) -> dict[str, str]:
        """Python files of base alone, with their texts."""
        pairs = self.changed.items()
        return {p: old for p, (old, now) in pairs if now is None and old is not None and _is_py(p)}

    @cached_property
    def _new_files(self) -> dict[str, str]:
        pairs = self.changed.items()
        return {p: now for p, (old, now) in pairs if old is None and now is not None and _is_py(p)}

    def line_at_head(self, path: str, number: int) -> str:
        """A line of a changed file, Python or not, without its indentation; "" if there is none."""
        lines = (self.changed.get(path, (None, None))[1] or "").split("\n")
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""

    def added_words(self, path: str) -> str:
        """The text that the change has added to a file."""
        after = (self.changed.get(path, (None, None))[1] or "").split("\n")
        return "\n".join(
            after[n - 1] for n in sorted(self.changed_lines(path)) if 0 < n <= len(after)
        )


ALIKE = 0.6

TELLING_BODY = 20
"""A body of fewer characters, such as `return 1`, is that of many functions: only beside
where it was does it tell that one has become the other."""

_BESIDE = frozenset(
    {"docs", "doc", "examples", "example", "benchmarks", "benchmark", "performance", "scripts"}
)
"""Directories of code that goes with a project and is no part of it."""


def likeness(old: Place, new: Place) -> float:
    """From 0 to 1: how much one definition looks like another, by body and by name."""
    if type(old.node) is not type(new.node):
        return 0.0
    body = _similar(_body(old.node), _body(new.node))
    name = _similar(old.short, new.short)
    if old.short == new.short:
        return max(0.7, body)
    at_hand = (old.path, old.name.rpartition(".")[0]) == (new.path, new.name.rpartition(".")[0])
    if body == 1.0 and not at_hand and len(_body(old.node)) < TELLING_BODY:
        return 0.4 + 0.6 * name
    if body == 1.0:
        return 0.95 + name / 100
    return 0.7 * body + 0.3 * name


def _body(node: ast.stmt) -> str:
    if isinstance(node, Definition):
        return "\n".join(ast.unparse(part) for part in node.body)
    value = getattr(node, "value", None)
    return ast.unparse(value) if isinstance(value, ast.expr) else ""


def _is_py(path: str) -> bool:
    return path.endswith(".py")


def _likest(path: str, of: Mapping[str, str], among: Mapping[str, str]) -> str | None:
    """Of files, the one whose text is most like that of a file; a name in common speaks for it."""
    text = of.get(path)
    if text is None:
        return None
    stem = path.rpartition("/")[2]
    same = {one: there for one, there in among.items() if there == text}
    scored = [
        (_similar(text, there) + 0.2 * (one.rpartition("/")[2] == stem), one)
        for one, there in sorted((same or among).items())
    ]
    score, best = max(scored, key=lambda one: one[0], default=(0.0, ""))
    return best if score >= ALIKE else None


def _similar(one: str, other: str) -> float:
    if one == other:
        return 1.0
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


def _differing(before: str, after: str) -> tuple[frozenset[int], frozenset[int]]:
    old, new = before.split("\n"), after.split("\n")
    removed: set[int] = set()
    added: set[int] = set()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            removed.update(range(a + 1, b + 1))
            added.update(range(c + 1, d + 1) if d > c else (c, c + 1))
    return frozenset(removed), frozenset(added)

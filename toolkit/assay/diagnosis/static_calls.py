"""Calls from a function of one module to a function of another, as far as import statements alone
tell where they go."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from assay.change.inert import dotted
from assay.change.walk import walk
from assay.model.seams import End, ModuleText

Function = ast.FunctionDef | ast.AsyncFunctionDef

FARTHEST = 8
"""So many re-exports are followed from a name to its definition."""

_PLATFORM = re.compile(r"\b(sys\.platform|os\.name|version_info|platform\.|TYPE_CHECKING)\b")
_NO_COVER = "pragma: no cover"


@dataclass(frozen=True, slots=True)
class StaticSeam:
    """Calls as written: from which function to which, and the lines that the calls span."""

    caller: End
    callee: End
    lines: tuple[int, ...]
    spans: int


@dataclass(frozen=True, slots=True)
class _Target:
    """What a name stands for: a module (no `name`), or something defined in one."""

    path: str
    name: str = ""


@dataclass(slots=True)
class Module:
    """A module with its outermost functions, its classes, and what its imports bind."""

    text: ModuleText
    functions: dict[str, Function]
    classes: dict[str, ast.ClassDef]
    imports: list[ast.Import | ast.ImportFrom]
    rows: list[str]
    bound: dict[str, _Target] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        return self.text.path

    def end_at(self, line: int) -> End | None:
        """The outermost function that has a line, decorators included; None for the module body."""
        for name, node in self.functions.items():
            if first_line(node) <= line <= (node.end_lineno or node.lineno):
                return End(self.path, name)
        return None


def first_line(node: Function) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


class Names:
    """What dotted names stand for in each module of a project."""

    def __init__(self, texts: Iterable[ModuleText], roots: Collection[str]) -> None:
        self.modules = {text.path: _module(text) for text in texts}
        self._paths = _by_name(self.modules, roots)
        self._names: dict[str, list[str]] = defaultdict(list)
        for name, path in self._paths.items():
            self._names[path].append(name)
        for module in self.modules.values():
            module.stars = []
            module.bound = self._bound(module, module.imports, module.stars)

    def _bound(
        self,
        module: Module,
        statements: Iterable[ast.Import | ast.ImportFrom],
        stars: list[str],
    ) -> dict[str, _Target]:
        """What import statements bind, names of other projects left out."""
        found: dict[str, _Target] = {}
        for statement in statements:
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    name = alias.name if alias.asname else alias.name.partition(".")[0]
                    if name in self._paths:
                        found[alias.asname or name] = _Target(self._paths[name])
                continue
            source = self._source(module, statement)
            for alias in statement.names if source else ():
                if alias.name == "*":
                    stars.append(source)
                else:
                    found[alias.asname or alias.name] = self._member(source, alias.name)
        return {name: target for name, target in found.items() if target.path}

    def _source(self, module: Module, statement: ast.ImportFrom) -> str:
        """The path of what `from ... import` names; empty for other projects' modules."""
        if not statement.level:
            return self._paths.get(statement.module or "", "")
        for name in self._names[module.path]:
            parts = name.split(".")
            above = statement.level - module.path.endswith("__init__.py")
            base = parts[: len(parts) - above] if above else parts
            path = self._paths.get(".".join(filter(None, [*base, statement.module])))
            if path:
                return path
        return ""

    def _member(self, path: str, name: str) -> _Target:
        for dotted_name in self._names[path]:
            if f"{dotted_name}.{name}" in self._paths:
                return _Target(self._paths[f"{dotted_name}.{name}"])
        return _Target(path, name)

    def defined(self, target: _Target) -> _Target | None:
        """Where a name is defined, past re-exports; None if that cannot be told."""
        for _ in range(FARTHEST):
            module = self.modules.get(target.path)
            if module is None:
                return None
            first, _, rest = target.name.partition(".")
            if not first or first in module.functions or first in module.classes:
                return target
            following = module.bound.get(first) or self._starred(module, first)
            if following is None:
                return None
            if following.name:
                target = _Target(following.path, ".".join(filter(None, [following.name, rest])))
            elif rest:
                name, _, more = rest.partition(".")
                member = self._member(following.path, name)
                target = _Target(member.path, ".".join(filter(None, [member.name, more])))
            else:
                return following
        return None

    def _starred(self, module: Module, name: str) -> _Target | None:
        for path in module.stars:
            other = self.modules[path]
            if name in other.functions or name in other.classes or name in other.bound:
                return _Target(path, name)
        return None

    def callee(self, target: _Target) -> End | None:
        """The function that calling the target runs first, if it has anything to run."""
        found = self.defined(target)
        if found is None or not found.name:
            return None
        module = self.modules[found.path]
        name = found.name
        if name in module.classes:
            name = f"{name}.__init__"
        node = module.functions.get(name)
        if node is None or is_trivial(node) or _is_left_out(module, node.lineno):
            return None
        return End(found.path, name)

    def bound_in(self, module: Module, function: Function) -> dict[str, _Target]:
        """What names stand for within a function: imports in it too, other local names not."""
        nodes = walk(function)
        imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
        local = {node.arg for node in nodes if isinstance(node, ast.arg)} | {
            node.id for node in nodes if isinstance(node, ast.Name) and _is_stored(node)
        }
        found = {name: t for name, t in module.bound.items() if name not in local}
        if module.stars:
            for name in {node.id for node in nodes if isinstance(node, ast.Name)} - local:
                starred = self._starred(module, name)
                if starred is not None and not _is_own(module, name):
                    found.setdefault(name, starred)
        return found | self._bound(module, imports, [])

    def target(self, bound: Mapping[str, _Target], node: ast.expr) -> _Target | None:
        """What `a.b.c` stands for."""
        first, _, rest = dotted(node).partition(".")
        at = bound.get(first)
        if at is None:
            return None
        if not rest:
            return at
        if at.name:
            return _Target(at.path, f"{at.name}.{rest}")
        name, _, more = rest.partition(".")
        while True:
            member = self._member(at.path, name)
            if member.name or not more:
                return _Target(member.path, ".".join(filter(None, [member.name, more])))
            at = member
            name, _, more = more.partition(".")


def _is_own(module: Module, name: str) -> bool:
    return name in module.functions or name in module.classes or name in module.bound


def _is_stored(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _module(text: ModuleText) -> Module:
    functions: dict[str, Function] = {}
    classes: dict[str, ast.ClassDef] = {}
    imports: list[ast.Import | ast.ImportFrom] = []
    pending: list[tuple[ast.AST, str]] = [(text.tree, "")]
    while pending:
        node, prefix = pending.pop(0)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                functions[prefix + child.name] = child
            elif isinstance(child, ast.ClassDef):
                classes[prefix + child.name] = child
                pending.append((child, f"{prefix}{child.name}."))
            elif isinstance(child, ast.Import | ast.ImportFrom):
                imports.append(child)
            elif isinstance(child, ast.stmt | ast.ExceptHandler):
                pending.append((child, prefix))
    return Module(text, functions, classes, imports, text.text.split("\n"))


def _by_name(modules: Iterable[str], roots: Collection[str]) -> dict[str, str]:
    """Paths by every dotted name that a root gives them."""
    found: dict[str, str] = {}
    for path in modules:
        for root in roots:
            if root and not path.startswith(f"{root}/"):
                continue
            inside = path[len(root) + 1 :] if root else path
            parts = inside.removesuffix(".py").split("/")
            if parts[-1] == "__init__":
                parts.pop()
            if parts:
                found[".".join(parts)] = path
    return found


def is_trivial(node: Function) -> bool:
    """Nothing to run: a docstring, `...`, `pass`, or a refusal."""
    return all(
        isinstance(one, ast.Pass | ast.Raise)
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in node.body
    )


def static_seams(names: Names) -> list[StaticSeam]:
    """All calls to functions of other modules that imports alone resolve.

    Left out is what runs at import, what raises, what depends on the platform, and what the project
    itself leaves out of coverage.
    """
    lines: dict[tuple[End, End], list[int]] = defaultdict(list)
    spans: dict[tuple[End, End], int] = defaultdict(int)
    for module in names.modules.values():
        for name, function in module.functions.items():
            if _is_left_out(module, function.lineno):
                continue
            caller = End(module.path, name)
            bound = names.bound_in(module, function)
            for call in _calls(function) if bound else ():
                target = names.target(bound, call.func)
                callee = None if target is None else names.callee(target)
                if callee is None or callee.path == module.path:
                    continue
                if not _is_left_out(module, call.lineno):
                    lines[caller, callee].append(call.lineno)
                    spans[caller, callee] |= span(call)
    return [
        StaticSeam(*ends, tuple(sorted(set(where))), spans[ends])
        for ends, where in sorted(lines.items())
    ]


def span(node: ast.expr) -> int:
    """The lines of a node, as a mask."""
    last = node.end_lineno or node.lineno
    return (1 << (last + 1)) - (1 << node.lineno)


def _calls(function: Function) -> Iterator[ast.Call]:
    pending: list[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Raise):
            continue
        if isinstance(node, ast.If) and _PLATFORM.search(ast.unparse(node.test)):
            continue
        if isinstance(node, ast.Call):
            yield node
        pending.extend(ast.iter_child_nodes(node))


def _is_left_out(module: Module, line: int) -> bool:
    return _NO_COVER in module.rows[line - 1]

"""What one file keeps for later: caches, lazy state, functions that compute only once (pure)."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from assay.change.regions import body_lines, lines_of
from assay.change.walk import children, inner_lists, own_nodes, walk

Function = ast.FunctionDef | ast.AsyncFunctionDef

_REFERENCES = (ast.Name, ast.Attribute)
_PARTS = (ast.Attribute, ast.Subscript)
_CHOICES = (ast.BoolOp, ast.IfExp)
_TESTS = (ast.If, ast.While, ast.IfExp)
_QUESTIONS = (ast.BoolOp, ast.Compare)
_STORES = (*_PARTS, ast.Call)

_KEEPERS = ("cache", "memo", "lazy", "once", "singleton", "reify")
_FILLERS = frozenset({"setdefault", "append", "add", "update", "insert", "extend", "register"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A place that keeps a value for later: who ran `fill` made it, who ran `asks` and not `fill`
    may have found it ready. `made` are the lines that run when an object with such a value is made
    (0: it is not kept in an object)."""

    path: str
    what: str
    asks: int
    fill: int
    made: int


@dataclass(frozen=True, slots=True)
class FunctionPlace:
    """A function by its last name; `keeps`: a decorator may make it compute only once."""

    path: str
    name: str
    qualname: str
    body: int
    keeps: bool


@dataclass(frozen=True, slots=True)
class KeptIn:
    """What one file holds of these, and which of its lines mention which names: anywhere, and where
    it depends on a condition within the line whether what is named is called."""

    places: tuple[Kept, ...]
    functions: tuple[FunctionPlace, ...]
    mentions: Mapping[str, int] = field(hash=False)
    conditional: Mapping[str, int] = field(hash=False)
    objects: Mapping[str, frozenset[str]] = field(hash=False, default_factory=dict)


# One file


def kept_in(path: str, tree: ast.Module, nodes: Collection[ast.AST]) -> KeptIn:
    """Take a file apart; `nodes` are all of its tree."""
    reader = _Reader(path, frozenset(_shared_state(tree, nodes)))
    reader.read(tree, "", 0)
    reader.places.extend(reader.shared_places())
    return KeptIn(
        tuple(reader.places),
        tuple(reader.functions),
        reader.mentions,
        reader.conditional,
        _objects(nodes),
    )


def _objects(nodes: Iterable[ast.AST]) -> dict[str, frozenset[str]]:
    """Names that are bound to what calling something made, by the last part of its name."""
    found: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            names = {_last_name(target) for target in node.targets} - {""}
            found.setdefault(_last_name(node.value.func), set()).update(names)
    return {made: frozenset(names) for made, names in found.items()}


def _last_name(node: ast.AST) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))


class _Reader:
    """Walks one file, a function at a time."""

    def __init__(self, path: str, shared: frozenset[str]) -> None:
        self.path = path
        self.shared = shared
        self.places: list[Kept] = []
        self.functions: list[FunctionPlace] = []
        self.asked: dict[str, int] = {}
        self.filled: dict[str, int] = {}
        self.mentions: dict[str, int] = {}
        self.conditional: dict[str, int] = {}

    def read(self, scope: ast.AST, prefix: str, made: int) -> None:
        """Everything in a scope; `made` are the lines that run when the class around makes an
        object."""
        pending = children(scope)
        while pending:
            node = pending.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self._function(node, prefix, made)
                self.read(node, f"{prefix}{node.name}.<locals>.", 0)
            elif isinstance(node, ast.ClassDef):
                self.read(node, f"{prefix}{node.name}.", _making(node))
            elif not isinstance(node, ast.expr):
                pending += children(node)

    def shared_places(self) -> Iterator[Kept]:
        """State that one function asks for and another one fills."""
        known = {(place.asks, place.fill) for place in self.places}
        for name in self.asked.keys() & self.filled.keys():
            asks = self.asked[name] & ~self.filled[name]
            if (asks, self.filled[name]) in known:
                continue
            yield Kept(self.path, f"{self.path}::{name}", asks, self.filled[name], 0)

    def _function(self, function: Function, prefix: str, made: int) -> None:
        qualname = prefix + function.name
        keeps = any(_may_keep(decorator) for decorator in function.decorator_list)
        self.functions.append(
            FunctionPlace(self.path, function.name, qualname, body_lines(function), keeps)
        )
        state = _State(function, self.shared)
        for statement in _statements(function):
            compound = any(inner_lists(statement))
            lines = 1 << statement.lineno if compound else lines_of(statement)
            nodes = own_nodes(statement)
            for node in nodes:
                if isinstance(node, _REFERENCES) and isinstance(node.ctx, ast.Load):
                    _add(self.mentions, _last_name(node), lines)
                elif isinstance(node, _CHOICES):
                    for name in _called_in(node):
                        _add(self.conditional, name, lines)
            state.read(statement, nodes, lines, compound)
        state.add_shared(self.asked, self.filled)
        for name, asks, fill, in_object in state.kept():
            what = f"{self.path}::{qualname} ({name})"
            self.places.append(Kept(self.path, what, asks, fill, made if in_object else 0))


def _missing(test: ast.expr) -> Iterator[str]:
    """State that a condition asks to be there yet: `not x`, `x is None`, `key not in x`, `x`."""
    if isinstance(test, ast.BoolOp):
        for value in test.values:
            yield from _missing(value)
    elif isinstance(test, ast.UnaryOp):
        yield from _missing(test.operand)
    elif isinstance(test, ast.Compare):
        for part in (test.left, *test.comparators):
            yield _state_name(part)
    else:
        yield _state_name(test)


def _state_name(node: ast.expr) -> str:
    """`x` of a variable, of `self.x`, `cls.x` or `Class.x`; empty for anything deeper."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        name = node.value.id
        return node.attr if name in ("self", "cls") or name[:1].isupper() else ""
    return ""


def _kept_defaults(arguments: ast.arguments) -> Iterator[str]:
    """Parameters whose default is an empty container."""
    plain = [*arguments.posonlyargs, *arguments.args]
    given: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
    given += [*arguments.defaults, *arguments.kw_defaults]
    for argument, default in zip([*plain, *arguments.kwonlyargs], given, strict=True):
        if default is not None and not isinstance(default, ast.Constant) and _is_empty(default):
            yield argument.arg


def _calls_in(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement, but for what it only raises."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        if not isinstance(node, ast.Raise):
            yield node
            pending += children(node)


def _root(node: ast.expr) -> str:
    """The variable that an expression such as `a.b[c].d` begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _shared_state(tree: ast.Module, nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Names that a module, or a class in it, binds to nothing yet: what is to be filled later."""
    bodies = [tree.body, *(n.body for n in nodes if isinstance(n, ast.ClassDef))]
    for statement in (s for body in bodies for s in body):
        if isinstance(statement, ast.Assign | ast.AnnAssign) and _is_empty(statement.value):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def _is_empty(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Constant):
        return value.value in (None, False, "", 0)
    if isinstance(value, ast.Dict):
        return not value.keys
    if isinstance(value, ast.List | ast.Set | ast.Tuple):
        return not value.elts
    if isinstance(value, ast.Call):
        return _last_name(value.func) in _CONTAINERS
    return False


_CONTAINERS = frozenset(
    """
    dict list set defaultdict OrderedDict deque Counter WeakKeyDictionary WeakValueDictionary local
    ContextVar object
    """.split()
)


def _making(node: ast.ClassDef) -> int:
    """The lines of what a class runs to make an object."""
    found = 0
    for statement in node.body:
        names = ("__init__", "__new__", "__post_init__", "__attrs_post_init__")
        if isinstance(statement, ast.FunctionDef) and statement.name in names:
            found |= body_lines(statement)
    return found


def _may_keep(decorator: ast.expr) -> bool:
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = _last_name(node).lower()
    return any(word in name for word in _KEEPERS)


class _State:
    """What one function asks for in conditions, and what it fills."""

    def __init__(self, function: Function, shared: frozenset[str]) -> None:
        self._shared = shared
        self._asks: dict[str, int] = {}
        self._strict: dict[str, int] = {}
        self._fill: dict[str, int] = {}
        self._outer: set[str] = set()
        self._local = {n.arg for n in walk(function.args) if isinstance(n, ast.arg)}
        # `def rate(country, _known={})`: the one dictionary outlives every call.
        self._outer |= set(_kept_defaults(function.args))
        self._in_object: set[str] = set()

    def read(
        self, statement: ast.stmt, nodes: Iterable[ast.AST], lines: int, compound: bool
    ) -> None:
        """Book one statement; `nodes` are its own, without those of the statements in it."""
        if isinstance(statement, ast.Global | ast.Nonlocal):
            self._outer.update(statement.names)
        self._guards(statement)
        if isinstance(statement, ast.Try):
            # `try: return _cache[key]`, and the handler fills it.
            for inner in statement.body:
                self._ask(inner, lines_of(inner))
                for node in walk(inner):
                    if isinstance(node, ast.Subscript):
                        _add(self._strict, _state_name(node.value), lines_of(inner))
        for node in nodes:
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Store):
                    self._local.add(node.id)
                    self._fills(node.id, lines)
            elif isinstance(node, _TESTS):
                self._ask(node.test, lines)
                for name in _missing(node.test):
                    _add(self._strict, name, lines)
            elif isinstance(node, _QUESTIONS):
                self._ask(node, lines)
            elif not compound and isinstance(node, _STORES):
                self._stores(node, lines)

    def _guards(self, statement: ast.stmt) -> None:
        """What stands behind a question for shared state may fill it, in a function it calls."""
        guarded: list[ast.stmt] = []
        asked: set[str] = set()
        if isinstance(statement, ast.If):
            guarded, asked = statement.body, set(_missing(statement.test))
        elif isinstance(statement, ast.Try):
            guarded = [s for handler in statement.handlers for s in handler.body]
            asked = {
                _state_name(node.value)
                for inner in statement.body
                for node in walk(inner)
                if isinstance(node, ast.Subscript | ast.Attribute)
            }
        for name in asked & self._shared - self._local:
            for inner in guarded:
                if any(isinstance(part, ast.Call) for part in _calls_in(inner)):
                    self._fills(name, lines_of(inner))

    def _ask(self, part: ast.AST, lines: int) -> None:
        for node in walk(part):
            name = _last_name(node)
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                name = node.value  # hasattr(self, "_table")
            if name:
                _add(self._asks, name, lines)

    def _stores(self, node: ast.AST, lines: int) -> None:
        target: ast.expr | None = None
        if isinstance(node, _PARTS) and isinstance(node.ctx, ast.Store):
            target = node if isinstance(node, ast.Attribute) else node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in _FILLERS:
                target = node.func.value
            elif node.func.attr == "__setattr__":
                self._fill_texts(node, lines)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setattr":
            self._fill_texts(node, lines)
        if target is None:
            return
        root = _root(target)
        name = _last_name(target)
        # What was handed in or made here is mostly a test's own; the environment is put back.
        own = root in ("self", "cls")
        outer = root and (root not in self._local or root in self._outer)
        if name and name != "environ" and (own or outer):
            self._fills(name, lines)
            if root == "self":
                self._in_object.add(name)

    def _fill_texts(self, call: ast.Call, lines: int) -> None:
        for argument in call.args:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                self._fills(argument.value, lines)

    def _fills(self, name: str, lines: int) -> None:
        _add(self._fill, name, lines)

    def add_shared(self, asked: dict[str, int], filled: dict[str, int]) -> None:
        """What concerns shared state, put with what other functions of the file do about it."""
        for mine, theirs in ((self._strict, asked), (self._fill, filled)):
            for name in mine.keys() & self._shared - (self._local - self._outer):
                _add(theirs, name, mine[name])

    def kept(self) -> Iterator[tuple[str, int, int, bool]]:
        """(name, lines that ask, lines that fill, kept in an object) of what outlives a call."""
        for name in self._fill.keys() & self._asks.keys() - (self._local - self._outer):
            fill = self._fill[name]
            asks = self._asks[name] & ~fill
            if asks:
                yield name, asks, fill, name in self._in_object


def _statements(function: Function) -> Iterator[ast.stmt]:
    """All statements of a function but those of functions in it."""
    pending = list(function.body)
    while pending:
        statement = pending.pop()
        yield statement
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for inner in inner_lists(statement):
                pending += inner


def _called_in(choice: ast.AST) -> Iterator[str]:
    """Names of functions that it depends on a condition whether they are called: of its own (`f()`,
    `self.f()`), for whose `x.get()` is, nobody knows."""
    pending = children(choice)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name):
                yield function.id
            elif isinstance(function, ast.Attribute) and getattr(function.value, "id", "") in _OWN:
                yield function.attr
        pending += [child for child in children(node) if not isinstance(child, ast.stmt)]


def _add(masks: dict[str, int], name: str, lines: int) -> None:
    masks[name] = masks.get(name, 0) | lines


_OWN = frozenset({"self", "cls"})

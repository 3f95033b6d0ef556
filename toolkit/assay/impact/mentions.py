"""Which recorded lines mention a name: who can notice that it means something else now (pure).

A name is followed by its spelling alone, whatever object it belongs to: `x.total` and `total` are
both mentions of `total`, and so is the text "total" (as in `getattr(x, "total")`). That finds too
many lines rather than too few. What a line mentions counts for whoever ran the line; what stands at
the top level of a module or class ran when that was imported. There, an import, a default value, a
base class or a plain assignment does not use what it names: it gives it another name, and that is
followed instead.

What a module binds is reached through the module: a bare `total` elsewhere is that one only where
it was imported from there (or from one that hands it on), and a look-up by a computed name
(`getattr(x, name)`, `vars(x)`) concerns it only on a line that names the module, in a file that
imports modules by computed names, or in the module itself. A line that hands the module on counts
as well. What an object has is not looked for by computed names: whoever holds one of a class has
named the class, or what made it did.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from assay.change.classes import is_plain_class, is_plain_header, plain_bases
from assay.change.inert import inert_header, is_inert, is_plain_decorator
from assay.change.regions import lines_of, span
from assay.change.version import parsed
from assay.change.walk import children, inner_lists, walk

ANY = "*"
"""Stands for all names: a look-up by a computed one."""

ANY_MODULE = "*module"
"""Stands for all modules: an import by a computed name."""

IMPORTERS = frozenset({"import_module", "__import__"})

_WORD = re.compile(r"[^\W\d]\w*")
_LONGEST_TEXT = 20_000

_BY_TEXT = frozenset({"getattr", "hasattr", "setattr", "delattr", "attrgetter", "methodcaller"})
_HANDED_ON = dict.fromkeys(_BY_TEXT, ANY) | dict.fromkeys(IMPORTERS, ANY_MODULE)
_ANYTHING = frozenset(
    """
    vars dir globals eval exec __dict__ getmembers getmembers_static __subclasses__ __mro__
    getattr_static create_autospec __getattribute__ walk_packages mro __bases__
    pickle dill cloudpickle shelve
    """.split()
)


@dataclass(frozen=True, slots=True)
class Mention:
    """What one statement mentions.

    `tokens` are all names in it, `bare` those that are only variables in it, `values` those that
    stand for a thing of their own: not to call it, nor to reach into it (but for its dunder
    attributes); `lines` its own lines. `gives` are the names that it binds to what it mentions, if
    that is all it does with it: names of the class `owner`, or of the module. `scope` is the first
    line of the outermost function around it (0: none).
    """

    lines: int
    tokens: frozenset[str]
    bare: frozenset[str]
    values: frozenset[str]
    gives: frozenset[str] | None = None
    owner: str = ""
    scope: int = 0


@dataclass(frozen=True, slots=True)
class ClassDefinition:
    """A class as written: `plain` if nothing looks at what it contains, its `bases` apart."""

    name: str
    plain: bool
    bases: frozenset[str]


@dataclass(frozen=True, slots=True)
class Taken:
    """One name that an import statement binds.

    `module` is the last part of the module's name, `name` what is taken from it ("*": everything,
    "": the module itself), `bound` what it is called here; `above`: that is the package which it is
    reached through. `line` is where it is taken by name (0: not by name).
    """

    module: str
    name: str
    bound: str
    above: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class FileMentions:
    """All statements, classes and imports of one text, and every name in it."""

    statements: tuple[Mention, ...]
    classes: tuple[ClassDefinition, ...]
    imports: tuple[Taken, ...] = ()
    tokens: frozenset[str] = frozenset()


_ANY = frozenset({ANY})
UNREADABLE = FileMentions((Mention(-1, _ANY, frozenset(), _ANY),), (), (), _ANY)
"""Of a text that does not parse: it may mention anything."""


def read_mentions(text: str, path: str = "") -> FileMentions:
    """Take a file apart; its path tells what `from . import name` takes from."""
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return UNREADABLE
    reader = _Reader()
    reader.read(tree.body, top=True, tried=False)
    taken = tuple(_taken(tree, PurePosixPath(path)))
    tokens = frozenset().union(*(mention.tokens for mention in reader.statements))
    return FileMentions(tuple(reader.statements), tuple(reader.classes), taken, tokens)


def _taken(tree: ast.Module, path: PurePosixPath) -> Iterator[Taken]:
    for node in walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                last = alias.name.rpartition(".")[2]
                above = alias.asname is None and "." in alias.name
                yield Taken(last, "", alias.asname or alias.name.partition(".")[0], above)
                if above:
                    # `import a.b` binds `a`, and `b` is reached through it.
                    yield Taken(last, "", last)
        elif isinstance(node, ast.ImportFrom):
            last = (node.module or "").rpartition(".")[2]
            if node.level and not node.module:
                around = list(path.parents)[: node.level]
                last = around[-1].name if around else ""
            for alias in node.names:
                bound = alias.asname or alias.name
                yield Taken(last, alias.name, bound, line=node.lineno)
                # What is taken may be a module.
                yield Taken(alias.name, "", bound)


class _Reader:
    def __init__(self) -> None:
        self.statements: list[Mention] = []
        self.classes: list[ClassDefinition] = []

    def read(
        self,
        body: Iterable[ast.stmt],
        top: bool,
        tried: bool,
        owner: str = "",
        plain: bool = True,
        scope: int = 0,
    ) -> None:
        """Book each statement of a list; `top`: it runs when the module is imported. `owner` is
        the class around it, `plain` whether nothing looks at what that contains."""
        for statement in body:
            parts = _own_parts(statement)
            tokens, bare, values = _tokens(parts)
            if tokens and not _is_text(statement):
                lines = _own_lines(statement, parts)
                gives = _gives(statement, tried) if top and plain else None
                mention = Mention(lines, tokens, bare, values, gives, owner, scope)
                self.statements.append(mention)
            function = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
            inner_owner, inner_plain = owner, plain
            if isinstance(statement, ast.ClassDef):
                definition = ClassDefinition(
                    statement.name, is_plain_class(statement), plain_bases(statement)
                )
                self.classes.append(definition)
                inner_owner, inner_plain = statement.name, plain and definition.plain
            inner_tried = tried or isinstance(statement, ast.Try | ast.TryStar)
            inner_scope = scope or (statement.lineno if function else 0)
            for inner in inner_lists(statement):
                self.read(
                    inner, top and not function, inner_tried, inner_owner, inner_plain, inner_scope
                )


def _is_text(statement: ast.stmt) -> bool:
    """A docstring, or another text that stands alone: it mentions nothing."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _own_parts(statement: ast.stmt) -> list[ast.AST]:
    """The expressions of a statement, without those of the statements in it.

    The annotations of a function only count where a decorator may look at them.
    """
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and all(
        is_plain_decorator(decorator, ()) for decorator in statement.decorator_list
    ):
        arguments = statement.args
        defaults = [*arguments.defaults, *filter(None, arguments.kw_defaults)]
        return [*statement.decorator_list, *defaults]
    parts: list[ast.AST] = []
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        for child in children(node):
            if isinstance(child, ast.ExceptHandler | ast.match_case):
                pending.append(child)
            elif not isinstance(child, ast.stmt):
                parts.append(child)
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal):
        parts.append(statement)
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        # What it stores to it reads first.
        parts.append(ast.copy_location(ast.Name(statement.target.id, ast.Load()), statement.target))
    return parts


def _own_lines(statement: ast.stmt, parts: Iterable[ast.AST]) -> int:
    """The lines of a statement's own expressions; a definition's header runs where it is made."""
    if not any(inner_lists(statement)):
        return lines_of(statement)
    found = span(statement.lineno, statement.lineno)
    for part in parts:
        if hasattr(part, "lineno"):
            found |= lines_of(part)
        else:
            for node in walk(part):
                if hasattr(node, "lineno"):
                    found |= lines_of(node)
    return found


def _tokens(
    parts: Iterable[ast.AST],
) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    tokens: set[str] = set()
    called: set[int] = set()
    values: set[str] = set()
    others: set[str] = set()
    for part in parts:
        for node in walk(part):
            if isinstance(node, ast.Call):
                called.add(id(node.func))
                tokens.update(_computed(node))
            elif isinstance(node, ast.Attribute) and not node.attr.startswith("__"):
                called.add(id(node.value))
            elif isinstance(node, ast.alias):
                called.add(id(node))
    for part in parts:
        for node in walk(part):
            found = set(_names_in(node))
            tokens |= found
            if not isinstance(node, ast.Name):
                others |= found
            # Not the words of a text: those may say "dir" and mean something else.
            if isinstance(node, ast.Name | ast.Attribute) and found & _ANYTHING:
                tokens.add(ANY)
            if id(node) not in called and not isinstance(node, ast.Constant):
                values |= found
                if isinstance(node, ast.Name | ast.Attribute):
                    # `map(getattr, ...)`: the names are elsewhere.
                    tokens.update(_HANDED_ON[name] for name in found & _HANDED_ON.keys())
    if ANY in tokens:
        values.add(ANY)
    return frozenset(tokens), frozenset(tokens - others), frozenset(values)


def _computed(call: ast.Call) -> frozenset[str]:
    """`getattr(x, name)`, `import_module(name)` and the like, where the name is not written out."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in _BY_TEXT:
        texts = call.args if name in ("attrgetter", "methodcaller") else call.args[1:2]
        kind = ANY
    elif name in IMPORTERS:
        texts, kind = call.args[:1], ANY_MODULE
    else:
        return frozenset()
    written = bool(texts) and all(isinstance(text, ast.Constant) for text in texts)
    return frozenset() if written else frozenset({kind})


def _names_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Store):
            yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.keyword):
        if node.arg:
            yield node.arg
    elif isinstance(node, ast.alias):
        yield from ("__all__",) if node.name == "*" else node.name.split(".")
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and len(node.value) <= _LONGEST_TEXT:
            yield from _WORD.findall(node.value)
    elif isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names
    elif isinstance(node, ast.MatchClass):
        yield from node.kwd_attrs


def _gives(statement: ast.stmt, tried: bool) -> frozenset[str] | None:
    """Names that a top-level statement binds to what it mentions, and does nothing else with it."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        # What fails there goes unnoticed: then the import is a question.
        if tried or any(alias.name == "*" for alias in statement.names):
            return None
        return frozenset(alias.asname or alias.name for alias in statement.names if alias.asname)
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        plain = inert_header(statement, annotations_run=False, shadowed=(), marks=False)
        return frozenset({statement.name}) if plain else None
    if isinstance(statement, ast.ClassDef):
        plain = is_plain_header(statement) and all(is_inert(base) for base in statement.bases)
        return frozenset({statement.name}) if plain else None
    if isinstance(statement, ast.Assign):
        names = [t.id for t in statement.targets if isinstance(t, ast.Name)]
        if len(names) == len(statement.targets) and is_inert(statement.value):
            return frozenset() if names == ["__all__"] else frozenset(names)
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        # The annotation of a field may be looked at by a decorator or base of its class.
        plain = is_inert(statement.value) and isinstance(statement.annotation, ast.Name)
        return frozenset({statement.target.id}) if plain else None
    return None


def lines_with(text: str, words: Collection[str]) -> int:
    """The mask of the statements that mention one of the words, in any position."""
    if not any(word in text for word in words):
        return 0
    found = 0
    for mention in read_mentions(text).statements:
        if not mention.tokens.isdisjoint(words):
            found |= mention.lines
    return found

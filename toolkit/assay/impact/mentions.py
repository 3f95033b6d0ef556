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
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from assay.change.delta import Difference, is_plain_class, is_plain_header, parsed, plain_bases
from assay.change.inert import inert_header, is_inert
from assay.change.regions import lines_of, span
from assay.model.impact import Source

ANY = "*"
"""Stands for all names: a look-up by a computed one."""

MANY = 300
"""Beyond so many names, following them further says nothing that the import does not say."""

_WORD = re.compile(r"[^\W\d]\w*")
_LONGEST_TEXT = 20_000

_BY_TEXT = frozenset({"getattr", "hasattr", "setattr", "delattr", "attrgetter", "methodcaller"})
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
    that is all it does with it; `exports` those that an import at the top level hands on ("*":
    all). `member`: it stands in a class, whose attributes those are.
    """

    lines: int
    tokens: frozenset[str]
    bare: frozenset[str]
    values: frozenset[str]
    gives: frozenset[str] | None = None
    exports: frozenset[str] = frozenset()
    member: bool = False


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
    reached through.
    """

    module: str
    name: str
    bound: str
    above: bool = False


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
    for node in ast.walk(tree):
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
                last = path.parents[min(node.level, len(path.parents)) - 1].name
            for alias in node.names:
                bound = alias.asname or alias.name
                yield Taken(last, alias.name, bound)
                # What is taken may be a module.
                yield Taken(alias.name, "", bound)


class _Reader:
    def __init__(self) -> None:
        self.statements: list[Mention] = []
        self.classes: list[ClassDefinition] = []

    def read(self, body: Iterable[ast.stmt], top: bool, tried: bool, member: bool = False) -> None:
        """Book each statement of a list; `top`: it runs when the module is imported."""
        for statement in body:
            parts = _own_parts(statement)
            tokens, bare, values = _tokens(parts)
            if tokens:
                lines = _own_lines(statement, parts)
                gives = _gives(statement, tried) if top else None
                exports = _exports(statement) if top else frozenset()
                self.statements.append(Mention(lines, tokens, bare, values, gives, exports, member))
            function = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
            if isinstance(statement, ast.ClassDef):
                definition = ClassDefinition(
                    statement.name, is_plain_class(statement), plain_bases(statement)
                )
                self.classes.append(definition)
            inner_tried = tried or isinstance(statement, ast.Try | ast.TryStar)
            for inner in _inner_lists(statement):
                in_class = member or isinstance(statement, ast.ClassDef)
                self.read(inner, top and not function, inner_tried, in_class)


def _inner_lists(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield getattr(statement, name, [])
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield part.body


def _own_parts(statement: ast.stmt) -> list[ast.AST]:
    """The expressions of a statement, without those of the statements in it."""
    parts: list[ast.AST] = []
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        for child in ast.iter_child_nodes(node):
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
    if not any(True for _ in _inner_lists(statement) if _):
        return lines_of(statement)
    found = span(statement.lineno, statement.lineno)
    for part in parts:
        if hasattr(part, "lineno"):
            found |= lines_of(part)
        else:
            for node in ast.walk(part):
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
        for node in ast.walk(part):
            if isinstance(node, ast.Call):
                called.add(id(node.func))
                if _is_computed(node):
                    tokens.add(ANY)
            elif isinstance(node, ast.Attribute) and not node.attr.startswith("__"):
                called.add(id(node.value))
            elif isinstance(node, ast.alias):
                called.add(id(node))
    for part in parts:
        for node in ast.walk(part):
            found = set(_names_in(node))
            tokens |= found
            if not isinstance(node, ast.Name):
                others |= found
            # Not the words of a text: those may say "dir" and mean something else.
            if isinstance(node, ast.Name | ast.Attribute) and found & _ANYTHING:
                tokens.add(ANY)
            if id(node) not in called:
                values |= found
                if isinstance(node, ast.Name | ast.Attribute) and found & _BY_TEXT:
                    # `map(getattr, ...)`: the names are elsewhere.
                    tokens.add(ANY)
    if ANY in tokens:
        values.add(ANY)
    return frozenset(tokens), frozenset(tokens - others), frozenset(values)


def _is_computed(call: ast.Call) -> bool:
    """`getattr(x, name)` and the like, where the name is not written out."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name not in _BY_TEXT:
        return False
    texts = call.args if name in ("attrgetter", "methodcaller") else call.args[1:2]
    return not texts or not all(isinstance(text, ast.Constant) for text in texts)


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


def _exports(statement: ast.stmt) -> frozenset[str]:
    if not isinstance(statement, ast.ImportFrom):
        return frozenset()
    return frozenset(alias.name for alias in statement.names)


# Asking


@dataclass(frozen=True, slots=True)
class Readers:
    """Who mentions what a difference is about.

    `lines` are masks by file; `classes` the classes it is about, derived ones included; `followed`
    is false when the names lead too far, or a class takes notice of what is in it: then whoever
    depends on the import is affected.
    """

    lines: Mapping[Source, int] = field(hash=False)
    classes: frozenset[str]
    followed: bool


class Mentions:
    """The recorded files, asked for names; each is taken apart at most once, and only if its text
    has the name."""

    def __init__(self, texts: Mapping[Source, str]) -> None:
        self._texts = texts
        self._read: dict[Source, FileMentions] = {}

    def of(self, source: Source) -> FileMentions:
        found = self._read.get(source)
        if found is None:
            found = self._read[source] = read_mentions(self._texts[source], source[0])
        return found

    def readers(self, difference: Difference, path: str) -> Readers:
        """Every line that mentions what differs in the file at `path`."""
        classes = self._derived(difference.classes)
        if classes is None or not all(self._is_plain(base) for base in difference.bases):
            return Readers({}, difference.classes, followed=False)
        names = self._follow(difference.names | classes)
        values = self._follow(difference.values) if difference.values else frozenset()
        if names is None or values is None:
            return Readers({}, classes, followed=False)
        if difference.classes or "." in difference.unit:
            # What a name was given to may be a variable, and so may another name of a class.
            given = names - difference.names
            lines = self._lines_of_class(difference.names - classes, given | classes, values)
            if "." not in difference.unit:
                # The class itself is one more thing that its module binds.
                for source, mask in self._lines_of_module(difference, path, names, values).items():
                    lines[source] = lines.get(source, 0) | mask
        else:
            lines = self._lines_of_module(difference, path, names, values)
        return Readers(lines, classes, followed=True)

    def _lines_of_class(
        self, names: frozenset[str], classes: frozenset[str], values: frozenset[str]
    ) -> dict[Source, int]:
        """Mentions of what a class has, but for variables of that name, and of the classes."""
        found: dict[Source, int] = {}
        for source in self._with_text(names | classes | values):
            mask = 0
            for mention in self.of(source).statements:
                named = (mention.tokens - mention.bare) & names or mention.tokens & classes
                if mention.gives is None and (named or mention.values & values):
                    mask |= mention.lines
            if mask:
                found[source] = mask
        return found

    def _lines_of_module(
        self, difference: Difference, path: str, names: frozenset[str], values: frozenset[str]
    ) -> dict[Source, int]:
        """Mentions of what a module binds, where the module can be reached."""
        modules, givers, members = self._modules(path, names | values)
        found: dict[Source, int] = {}
        words = modules | members | _DYNAMIC | _NEAR | {path.rpartition("/")[2]}
        for source in self._with_text(words, path):
            file = self.of(source)
            own = source[0] == path
            reach = _Reach(file, own, own or source[0] in givers, modules, names, values, members)
            wide = self._is_wide(source, difference)
            mask = 0
            for mention in file.statements:
                if reach.concerns(mention, wide):
                    mask |= mention.lines
            if mask:
                found[source] = mask
        return found

    def _is_wide(self, source: Source, difference: Difference) -> bool:
        """Whether a look-up by a computed name in the file may concern the difference."""
        if difference.names == {"__all__"}:
            return False
        text = self._texts[source]
        # What only matters to who reads docstrings matters where a line does.
        return bool(difference.names) or any(word in text for word in difference.through)

    def _modules(
        self, path: str, names: frozenset[str]
    ) -> tuple[frozenset[str], set[str], frozenset[str]]:
        """How what a module binds can be reached.

        (1) the last parts of the names of the module and of those that hand its names on, and the
        other names that these modules are given; (2) the files that give one of the names to
        another of them; (3) which of these are attributes of classes.
        """
        known = {_module_name(path)}
        givers: set[str] = set()
        members: set[str] = set()
        size = 0
        while size != len(known):
            size = len(known)
            for source in self._with_text(known | _DYNAMIC | _NEAR, path):
                file = self.of(source)
                taken = [t for t in file.imports if t.module in known]
                if any(t.name == "*" or t.name in names for t in taken):
                    known.add(_module_name(source[0]))
                handles = {t.bound for t in taken if t.name == ""}
                known |= {t.bound for t in taken if t.name == "" and not t.above}
                if source[0] != path and not taken and not _mentions_any(file, known):
                    continue
                for mention in file.statements:
                    if not mention.gives:
                        continue
                    if mention.values & handles:
                        # `tools = module`, whether a variable or an attribute of a class.
                        known |= mention.gives
                    if mention.gives & names and mention.tokens & names:
                        known.add(_module_name(source[0]))
                        givers.add(source[0])
                        members |= mention.gives & names if mention.member else frozenset()
        return frozenset(known), givers, frozenset(members)

    def _with_text(self, words: Collection[str], path: str = "") -> list[Source]:
        """The files whose text has one of the words, and that at `path`."""
        return [
            source
            for source, text in self._texts.items()
            if source[0] == path or any(word in text for word in words)
        ]

    def _follow(self, names: frozenset[str]) -> frozenset[str] | None:
        """The names, and those that are given to what they stand for."""
        known = set(names)
        fresh = set(names)
        while fresh:
            given: set[str] = set()
            for source in self._with_text(fresh):
                for mention in self.of(source).statements:
                    if mention.gives and mention.tokens & fresh:
                        given |= mention.gives
            fresh = given - known
            known |= fresh
            if len(known) > MANY:
                return None
        return frozenset(known)

    def _derived(self, classes: frozenset[str]) -> frozenset[str] | None:
        """The classes and all derived from them; None if one of these takes notice of contents."""
        known = set(classes)
        fresh: frozenset[str] = classes
        seen: set[ClassDefinition] = set()
        while fresh:
            # A class may be derived from under another name.
            aliases = self._follow(fresh)
            if aliases is None:
                return None
            found: set[str] = set()
            for source in self._with_text(aliases):
                for definition in self.of(source).classes:
                    if definition.bases & aliases and definition not in seen:
                        seen.add(definition)
                        others = definition.bases - known - aliases
                        if not definition.plain or not all(map(self._is_plain, others)):
                            return None
                        found.add(definition.name)
            fresh = frozenset(found - known)
            known |= found
            if len(known) > MANY:
                return None
        return frozenset(known)

    def _is_plain(self, base: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a base class takes no notice of what a class derived from it contains."""
        if base in seen:
            # No class is derived from itself: some of these are other classes of the same name.
            return False
        definitions = [
            definition
            for source in self._with_text({base})
            for definition in self.of(source).classes
            if definition.name == base
        ]
        return bool(definitions) and all(
            d.plain and all(self._is_plain(b, seen | {base}) for b in d.bases) for d in definitions
        )


_NEAR = frozenset({"from . ", "from .. ", "from ... "})
"""How a package is imported from without its name."""

_DYNAMIC = frozenset({"import_module", "__import__", "sys.modules", "iter_modules"})
_DYNAMIC_TOKENS = frozenset({"import_module", "__import__", "modules", "iter_modules"})


def _mentions_any(file: FileMentions, modules: Collection[str]) -> bool:
    """Whether a file has the name of one of the modules, or names that nobody knows."""
    return not file.tokens.isdisjoint(modules) or not file.tokens.isdisjoint(_DYNAMIC_TOKENS)


class _Reach:
    """Whether a statement of one file can get at what a module binds."""

    def __init__(
        self,
        file: FileMentions,
        own: bool,
        gives: bool,
        modules: frozenset[str],
        names: frozenset[str],
        values: frozenset[str],
        members: frozenset[str],
    ) -> None:
        self._own, self._gives = own, gives
        self._members = members
        self._names, self._values = names, values
        self._dynamic = not _DYNAMIC_TOKENS.isdisjoint(file.tokens)
        taken = [t for t in file.imports if t.module in modules]
        self._near = gives or self._dynamic or bool(taken) or not modules.isdisjoint(file.tokens)
        self._handles = frozenset(t.bound for t in taken if t.name == "")
        self._stars = any(t.name == "*" for t in taken)
        self._bare = frozenset(t.bound for t in taken if t.name in names | values)

    def concerns(self, mention: Mention, wide: bool) -> bool:
        computed = ANY in mention.tokens and wide
        if mention.gives is not None and not computed:
            return False
        if (mention.tokens - mention.bare) & self._members:
            return True
        if not self._near:
            return False
        bare = mention.bare if self._gives or self._stars else mention.bare & self._bare
        tokens = (mention.tokens - mention.bare) | bare
        if tokens & self._names or (mention.values & self._values and mention.values & tokens):
            return True
        if self._own or self._dynamic:
            return computed
        if wide and self._handles & mention.values:
            return True
        return computed and bool(self._handles & mention.tokens)


def _module_name(path: str) -> str:
    """The last part of a module's dotted name."""
    file = PurePosixPath(path)
    return file.parent.name if file.stem == "__init__" else file.stem

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
from assay.change.inert import inert_header, is_inert, is_plain_decorator
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
            for inner in _inner_lists(statement):
                self.read(
                    inner, top and not function, inner_tried, inner_owner, inner_plain, inner_scope
                )


def _is_text(statement: ast.stmt) -> bool:
    """A docstring, or another text that stands alone: it mentions nothing."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _inner_lists(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield getattr(statement, name, [])
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield part.body


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
            if id(node) not in called and not isinstance(node, ast.Constant):
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
        search = _Search(difference)
        if difference.classes or "." in difference.unit:
            search.of_classes(difference.names - classes, classes, difference.values)
        if "." not in difference.unit:
            # A class that comes or goes is one more thing that its module binds.
            search.of_module(path, difference.names, difference.values)
        while search.pending:
            if len(search.known) > MANY:
                return Readers({}, classes, followed=False)
            what = search.pending.pop()
            if isinstance(what, _OfModule):
                self._search_module(search, what)
            else:
                self._search_classes(search, what)
        return Readers(search.lines, classes, followed=True)

    def _search_classes(self, search: _Search, what: _OfClasses) -> None:
        """Mentions of what classes have, but for variables of that name, and of the classes."""
        for source in self._with_text(what.names | what.classes | what.values):
            mask = 0
            for mention in self.of(source).statements:
                named = (mention.tokens - mention.bare) & what.names
                if not (named or mention.tokens & what.classes or mention.values & what.values):
                    continue
                if mention.gives is None:
                    mask |= mention.lines
                else:
                    self._given(search, source, mention)
            search.add(source, mask)

    def _search_module(self, search: _Search, what: _OfModule) -> None:
        """Mentions of what a module binds, where the module can be reached."""
        module = what.alias or _module_name(what.path)
        for source in self._with_text({module} | _DYNAMIC | _NEAR, what.path):
            file = self.of(source)
            reach = _Reach(file, source[0] == what.path, module, what)
            for taken in reach.taken_from_it:
                # Whoever takes the name has it under a name of his own, for others to take.
                names = what.names if taken.name == "*" else what.names & {taken.name}
                values = what.values if taken.name == "*" else what.values & {taken.name}
                bound = frozenset({taken.bound}) if taken.name != "*" else names
                search.of_module(source[0], bound if names else names, bound if values else values)
            for alias in reach.aliases:
                # Who takes the module from there takes it under the name it has there.
                search.of_module(what.path, what.names, what.values, alias)
            wide = search.is_wide(self._texts[source])
            mask = 0
            for mention in file.statements:
                if reach.computes(mention, wide):
                    mask |= mention.lines
                elif reach.names(mention, wide):
                    if mention.gives is None:
                        mask |= mention.lines
                    else:
                        self._given(search, source, mention)
            search.add(source, mask)

    def _given(self, search: _Search, source: Source, mention: Mention) -> None:
        """A top-level statement gives what it mentions other names: these differ too."""
        assert mention.gives is not None
        if not mention.owner:
            search.of_module(source[0], mention.gives, frozenset())
            return
        derived = self._derived(frozenset({mention.owner}))
        if derived is None:
            # Somebody takes notice of what the class contains: the import itself differs.
            search.add(source, mention.lines)
        else:
            search.of_classes(mention.gives, derived, frozenset())

    def _with_text(self, words: Collection[str], path: str = "") -> list[Source]:
        """The files whose text has one of the words, and that at `path`."""
        return [
            source
            for source, text in self._texts.items()
            if source[0] == path or any(word in text for word in words)
        ]

    def _follow(self, names: frozenset[str]) -> frozenset[str] | None:
        """The classes' names, and those that are given to them."""
        known = set(names)
        fresh = set(names)
        while fresh:
            given: set[str] = set()
            for source in self._with_text(fresh):
                file = self.of(source)
                given |= {t.bound for t in file.imports if t.name in fresh}
                for mention in file.statements:
                    if mention.gives and mention.tokens & fresh and not mention.owner:
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


@dataclass(frozen=True, slots=True)
class _OfModule:
    """Names bound by the module at `path`, and those that matter as values only; `alias`: where
    the module has that name."""

    path: str
    names: frozenset[str]
    values: frozenset[str]
    alias: str = ""


@dataclass(frozen=True, slots=True)
class _OfClasses:
    """Names that objects of some classes have, the classes, and names that matter as values."""

    names: frozenset[str]
    classes: frozenset[str]
    values: frozenset[str]


class _Search:
    """What is still to be looked for, and the lines found."""

    def __init__(self, difference: Difference) -> None:
        self._difference = difference
        self.pending: list[_OfModule | _OfClasses] = []
        self.known: set[_OfModule | _OfClasses] = set()
        self.lines: dict[Source, int] = {}

    def of_module(
        self, path: str, names: frozenset[str], values: frozenset[str], alias: str = ""
    ) -> None:
        self._look_for(_OfModule(path, names, values, alias), bool(names or values))

    def of_classes(
        self, names: frozenset[str], classes: frozenset[str], values: frozenset[str]
    ) -> None:
        self._look_for(_OfClasses(names, classes, values), bool(names or classes or values))

    def _look_for(self, what: _OfModule | _OfClasses, anything: bool) -> None:
        if anything and what not in self.known:
            self.known.add(what)
            self.pending.append(what)

    def add(self, source: Source, mask: int) -> None:
        if mask:
            self.lines[source] = self.lines.get(source, 0) | mask

    def is_wide(self, text: str) -> bool:
        """Whether a look-up by a computed name in a file may concern the difference."""
        if self._difference.names == {"__all__"}:
            return False
        # What only matters to who reads docstrings matters where a line does.
        return bool(self._difference.names) or any(w in text for w in self._difference.through)


class _Reach:
    """Whether a statement of one file can get at what a module binds."""

    def __init__(self, file: FileMentions, own: bool, module: str, what: _OfModule) -> None:
        self._own = own
        self._what = what
        wanted = what.names | what.values
        from_it = [t for t in file.imports if t.module == module]
        self.taken_from_it = [t for t in from_it if not own and (t.name == "*" or t.name in wanted)]
        self._near = own or bool(from_it) or module in file.tokens
        # The package around a module leads to the module by its name only.
        self._handles = frozenset(t.bound for t in from_it if t.name == "" and not t.above)
        self.aliases = frozenset(t.bound for t in from_it if t.name == "" and not t.above) - {
            module
        }
        self._dynamic = frozenset(
            mention.scope
            for mention in file.statements
            if not _DYNAMIC_TOKENS.isdisjoint(mention.tokens)
        )

    def names(self, mention: Mention, wide: bool) -> bool:
        """Whether it names what differs, or hands the module on."""
        if not self._near:
            return False
        # Where it was imported from here, the importer's own name is looked for.
        tokens = mention.tokens if self._own else mention.tokens - mention.bare
        if tokens & self._what.names or mention.values & self._what.values & tokens:
            return True
        return wide and bool(self._handles & mention.values)

    def computes(self, mention: Mention, wide: bool) -> bool:
        """Whether it looks names up in the module by computed ones."""
        if not wide or ANY not in mention.tokens:
            return False
        reaches = self._own or bool(self._handles & mention.tokens)
        return reaches or mention.scope in self._dynamic


def _module_name(path: str) -> str:
    """The last part of a module's dotted name."""
    file = PurePosixPath(path)
    return file.parent.name if file.stem == "__init__" else file.stem

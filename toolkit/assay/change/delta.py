"""What differs between two versions of one file, and who can notice: lines, names, imports (pure).

The old version is the one that was recorded, so that `lines` can be held against what ran. Each
difference says who is affected:

- `lines`: whoever ran any of these lines of the old version;
- `names`: whoever ran a line, anywhere, that mentions one of these names: a function whose
  signature changed, a constant, a method that is new ...;
- `values`: as `names`, but only where one is mentioned other than by calling it: whoever hands a
  function on may look at its docstring or annotations;
- `classes`: whoever ran a line that mentions one of these classes or a class derived from it: what
  an instance has and what it answers to changed;
- `at_import`: whoever depends on the module having been imported at all.

A difference outside function bodies is told by names only where it is made of definitions that do
nothing but bind a name (`inert`), so that importing the module has no other effect than before.
Everything else is `at_import`.
"""

from __future__ import annotations

import ast
import copy
import symtable
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from assay.change.digest import digest
from assay.change.inert import PLAIN_BASES, dotted, header_parts, inert_header, is_inert
from assay.change.regions import (
    body_lines,
    changed_lines,
    docstring_of,
    leaves_no_trace,
    without_docstring,
)
from assay.model.source import MODULE_UNIT

Function = ast.FunctionDef | ast.AsyncFunctionDef

ALL_LINES = -1
"""A mask with every bit set."""

_NONE: frozenset[str] = frozenset()

# Names that pytest and unittest look for by themselves.
_HOOK_NAMES = frozenset(
    """
    pytestmark collect_ignore collect_ignore_glob load_tests setup teardown
    setup_module teardown_module setup_class teardown_class setup_method teardown_method
    setup_function teardown_function setUp tearDown setUpClass tearDownClass setUpModule
    tearDownModule asyncSetUp asyncTearDown
    """.split()
)

# Modules of the standard library that do something when imported.
_EFFECTFUL = frozenset({"antigravity", "this", "readline", "site", "sitecustomize", "rlcompleter"})
_STANDARD = frozenset(sys.stdlib_module_names) - _EFFECTFUL


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs, in words, and who is affected by it (see the module).

    `lines` is a mask of old lines, bit N for line N. `bases` are base classes that must be plain
    for `names` and `classes` to be enough; `imports` are modules newly imported, which must have
    been imported before. `tests`: functions and classes of a test file whose own tests are affected
    whatever they ran.
    """

    unit: str
    words: str
    lines: int = 0
    names: frozenset[str] = _NONE
    values: frozenset[str] = _NONE
    classes: frozenset[str] = _NONE
    at_import: bool = False
    bases: frozenset[str] = _NONE
    imports: frozenset[str] = _NONE
    tests: frozenset[str] = _NONE


@dataclass(frozen=True, slots=True)
class FileDelta:
    """The differences of one file; `needs_import`: that they are all rests on the module still
    being importable."""

    differences: tuple[Difference, ...]
    needs_import: bool


def whole_file(words: str) -> FileDelta:
    """A file about which nothing finer can be said."""
    found = Difference(MODULE_UNIT, words, lines=ALL_LINES, at_import=True)
    return FileDelta((found,), needs_import=False)


def file_delta(old: str, new: str | None, is_test: bool, is_plugin: bool) -> FileDelta:
    """What differs between two texts of a file; None: the file is gone.

    `is_test`: the file holds tests, whose functions pytest finds by itself. `is_plugin`: it is a
    conftest or plug-in, whose names pytest reads by itself.
    """
    if new is None:
        return whole_file("is deleted")
    try:
        before, after = _File.read(old), _File.read(new)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return whole_file("changed")
    return _Comparison(before, after, is_test, is_plugin).run()


def plain_lines(text: str) -> str:
    """The text without a byte order mark, and with one kind of line break, as Python reads it."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def parsed(text: str) -> ast.Module:
    """The text's tree; what `ast.parse` raises if there is none."""
    with warnings.catch_warnings():
        # A doubtful escape in the user's file is no news here, and must not become an error.
        warnings.simplefilter("ignore")
        return ast.parse(plain_lines(text))


class _File:
    """One version: its tree, its scopes, and what its names mean."""

    def __init__(self, tree: ast.Module, table: symtable.SymbolTable) -> None:
        self.tree = tree
        self.annotations_run = not any(
            isinstance(s, ast.ImportFrom)
            and s.module == "__future__"
            and any(alias.name == "annotations" for alias in s.names)
            for s in tree.body
        )
        self.shadowed = frozenset(_shadowed(tree))
        self.imports = frozenset(_imported(tree.body))
        self.sure_imports = frozenset(_imported(tree.body, sure=True))
        self._scopes: dict[tuple[int, str], list[symtable.SymbolTable]] = {}
        pending = [table]
        while pending:
            scope = pending.pop()
            pending.extend(scope.get_children())
            self._scopes.setdefault((scope.get_lineno(), scope.get_name()), []).append(scope)

    @classmethod
    def read(cls, text: str) -> _File:
        text = plain_lines(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return cls(ast.parse(text), symtable.symtable(text, "file", "exec"))

    def scope(self, function: Function) -> symtable.SymbolTable | None:
        """The function's scope; None if another one begins at the same line under its name."""
        lines = {function.lineno, *(d.lineno for d in function.decorator_list)}
        found = [s for line in lines for s in self._scopes.get((line, function.name), ())]
        return found[0] if len(found) == 1 else None


def _shadowed(tree: ast.Module) -> Iterator[str]:
    """Names that the file binds to something that is not the standard library's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            for alias in node.names:
                source = module or alias.name
                outside = getattr(node, "level", 0) or source.partition(".")[0] not in _KNOWN
                if outside:
                    yield alias.asname or alias.name.partition(".")[0]


_KNOWN = _STANDARD | {"pytest", "typing_extensions"}


def _imported(body: Iterable[ast.stmt], sure: bool = False) -> Iterator[str]:
    """Dotted names of all that the import statements outside functions ask for; `sure`: only of
    those that run whatever the conditions around them say."""
    for statement in body:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield alias.name
        elif isinstance(statement, ast.ImportFrom):
            stem = "." * statement.level + (statement.module or "")
            yield stem
            for alias in statement.names:
                yield f"{stem}:{alias.name}"
        elif isinstance(statement, ast.If) and (sure or _is_typing_only(statement)):
            continue
        elif isinstance(statement, ast.If | ast.Try | ast.With | ast.ClassDef):
            for field in ("body", "orelse", "finalbody"):
                yield from _imported(getattr(statement, field, ()), sure)
            for handler in () if sure else getattr(statement, "handlers", ()):
                yield from _imported(handler.body)


def imported_modules(text: str) -> frozenset[str]:
    """The modules, or names in modules, that importing a file of this text asks for."""
    try:
        body = parsed(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    return frozenset(_modules(_imported(body, sure=True)))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a list of statements stands: the classes around it, and what those derive from."""

    prefix: str = ""
    classes: frozenset[str] = _NONE
    bases: frozenset[str] = _NONE
    plain: bool = True
    tests: bool = False

    def inside(self, old: ast.ClassDef, new: ast.ClassDef, is_test: bool) -> _Place:
        both = (old, new)
        return _Place(
            prefix=f"{self.prefix}{new.name}.",
            classes=frozenset({new.name}),
            bases=self.bases | plain_bases(old) | plain_bases(new),
            plain=self.plain and all(is_plain_class(c) for c in both),
            tests=is_test,
        )


def plain_bases(node: ast.ClassDef) -> frozenset[str]:
    """The last part of each base's name, but for those that are known to be plain."""
    names = set()
    for base in node.bases:
        value = base.value if isinstance(base, ast.Subscript) else base
        names.add(dotted(value).rpartition(".")[2] or "?")
    return frozenset(names) - PLAIN_BASES


def is_plain_class(node: ast.ClassDef) -> bool:
    """Whether nothing looks at what the class contains when it is made, its bases apart."""
    if node.keywords or node.decorator_list:
        return False
    special = {"__init_subclass__", "__class_getitem__", "__slots__", "__set_name__"}
    return not any(name in special for statement in node.body for name in _bound(statement))


def _bound(statement: ast.stmt) -> frozenset[str]:
    """The names that a definition binds in its scope."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return frozenset({statement.name})
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return frozenset(a.asname or a.name.partition(".")[0] for a in statement.names)
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return frozenset(n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name))
    return _NONE


def _is_typing_only(statement: ast.stmt) -> bool:
    """`if TYPE_CHECKING:` without else: never run."""
    return (
        isinstance(statement, ast.If)
        and dotted(statement.test).rpartition(".")[2] == "TYPE_CHECKING"
        and not statement.orelse
    )


class _Comparison:
    """Compares two versions, outermost statements first."""

    def __init__(self, before: _File, after: _File, is_test: bool, is_plugin: bool) -> None:
        self.before, self.after = before, after
        self.is_test, self.is_plugin = is_test, is_plugin
        self.found: list[Difference] = []

    def run(self) -> FileDelta:
        old, new = self.before.tree.body, self.after.tree.body
        if docstring_of(old) != docstring_of(new):
            self.found.append(Difference(MODULE_UNIT, "has another docstring", names=_DOC))
        place = _Place(tests=self.is_test)
        self._statements(without_docstring(old), without_docstring(new), place)
        gone = self.before.imports - self.after.imports
        if any(name.lstrip(".").partition(".")[0] not in _STANDARD for name in _modules(gone)):
            self.found.append(Difference(MODULE_UNIT, "imports less", at_import=True))
        return FileDelta(tuple(self.found), needs_import=any(_rests(d) for d in self.found))

    # -- a list of statements of a module or class body

    def _statements(self, old: Sequence[ast.stmt], new: Sequence[ast.stmt], place: _Place) -> None:
        old = [s for s in old if not _is_typing_only(s)]
        new = [s for s in new if not _is_typing_only(s)]
        before, after = [_token(s) for s in old], [_token(s) for s in new]
        removed: list[ast.stmt] = []
        added: list[ast.stmt] = []
        matcher = SequenceMatcher(None, before, after, autojunk=False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag == "equal":
                for one, other in zip(old[i1:i2], new[j1:j2], strict=True):
                    self._pair(one, other, place)
            else:
                removed += old[i1:i2]
                added += new[j1:j2]
        self._rest(removed, added, place, _often_bound(old), _often_bound(new))

    def _rest(
        self,
        removed: list[ast.stmt],
        added: list[ast.stmt],
        place: _Place,
        *often: frozenset[str],
    ) -> None:
        """What the alignment left over: moved, removed and added statements."""
        by_token = {_token(s): s for s in added}
        for statement in removed:
            other = by_token.get(_token(statement))
            unique = not any(_bound(statement) & names for names in often)
            # Binding a name that is bound nowhere else does the same a little earlier or later.
            if other is not None and other in added and unique and self._inert(statement, place):
                added.remove(other)
                self._pair(statement, other, place)
            else:
                self._unpaired(statement, self.before, "is deleted", place)
        for statement in added:
            self._unpaired(statement, self.after, "is new", place)

    def _unpaired(self, statement: ast.stmt, file: _File, words: str, place: _Place) -> None:
        if isinstance(statement, ast.Pass) or (
            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        ):
            return
        unit = place.prefix + "/".join(sorted(_bound(statement))) if _bound(statement) else ""
        deleted = file is self.before
        lines = _every_body(statement) if deleted else 0
        if not self._inert(statement, place, file):
            self._at_import(statement, words, lines, unit)
            return
        names = _bound(statement)
        difference = Difference(unit, words, lines, names, classes=place.classes, bases=place.bases)
        if isinstance(statement, ast.ClassDef):
            difference = replace(
                difference,
                classes=names | place.classes,
                bases=place.bases | plain_bases(statement),
            )
        if place.tests:
            difference = replace(difference, tests=_tests_of(names, place))
        if isinstance(statement, ast.Import | ast.ImportFrom) and not deleted:
            fresh = self.after.imports - self.before.sure_imports
            difference = replace(difference, imports=_foreign(_modules(fresh)))
        self.found.append(difference)

    def _at_import(self, statement: ast.stmt, words: str, lines: int, unit: str) -> None:
        where = unit or MODULE_UNIT
        if not unit:
            words = f"line {statement.lineno} {words}"
        found = Difference(where, words, lines, at_import=True)
        self.found.append(found)

    # -- the same statement before and after

    def _pair(self, old: ast.stmt, new: ast.stmt, place: _Place) -> None:
        if digest(old) == digest(new):
            return
        if isinstance(old, ast.FunctionDef | ast.AsyncFunctionDef):
            assert isinstance(new, ast.FunctionDef | ast.AsyncFunctionDef)
            self._function(old, new, place)
        elif isinstance(old, ast.ClassDef):
            assert isinstance(new, ast.ClassDef)
            self._class(old, new, place)
        elif isinstance(old, ast.If | ast.Try):
            assert isinstance(new, ast.If | ast.Try)
            if isinstance(old, ast.Try):
                # What fails in there goes unnoticed: binding a name is not all that can happen.
                place = replace(place, plain=False)
            for field in ("body", "orelse", "finalbody"):
                self._statements(getattr(old, field, []), getattr(new, field, []), place)
        elif self._inert(old, place, self.before) and self._inert(new, place, self.after):
            names = _bound(old) | _bound(new)
            unit = place.prefix + "/".join(sorted(names))
            self.found.append(
                Difference(unit, "changed", 0, names, classes=place.classes, bases=place.bases)
            )
        else:
            self._at_import(old, "changed", 0, "")

    def _function(self, old: Function, new: Function, place: _Place) -> None:
        unit = place.prefix + new.name
        same_header = digest(*header_parts(old)) == digest(*header_parts(new))
        if docstring_of(old.body) != docstring_of(new.body):
            self._docstring(new, unit, place)
        if not same_header or type(old) is not type(new):
            self._signature(old, new, unit, place)
            return
        before, after = without_docstring(old.body), without_docstring(new.body)
        if digest(*before) == digest(*after):
            return
        scopes = self.before.scope(old), self.after.scope(new)
        lines = body_lines(old)
        if scopes[0] is not None and scopes[1] is not None:
            lines = changed_lines(old, new, scopes[0], scopes[1])
        difference = Difference(unit, _words_of(lines, body_lines(old)), lines)
        if leaves_no_trace(old):
            difference = replace(
                difference, names=frozenset({new.name}), classes=place.classes, bases=place.bases
            )
            if not place.plain:
                difference = replace(difference, at_import=True)
        self.found.append(difference)

    def _signature(self, old: Function, new: Function, unit: str, place: _Place) -> None:
        lines = body_lines(old)
        inert = self._inert(old, place, self.before) and self._inert(new, place, self.after)
        if not inert:
            difference = Difference(unit, "has another signature or decorator", lines)
            self.found.append(replace(difference, at_import=True))
            return
        changed = [digest(*f.decorator_list) for f in (old, new)]
        if _without_annotations(old) == _without_annotations(new):
            self.found.append(
                Difference(
                    unit,
                    "has other annotations",
                    names=_HINTS,
                    values=place.classes | {new.name},
                )
            )
            self._function(old, _with_header(new, old), place)
            return
        dunder = new.name.startswith("__") and new.name.endswith("__")
        # Calling it with other arguments enters its body, in the old version at least. Reaching it
        # in another way (a property, a coroutine), or by an operator, is up to the class.
        same_way = changed[0] == changed[1] and type(old) is type(new) and not dunder
        classes = _NONE if same_way else place.classes
        names = frozenset({new.name}) if not dunder else _NONE
        words = "has another signature" if changed[0] == changed[1] else "has other decorators"
        tests = _tests_of(names, place) if place.tests else _NONE
        bases = place.bases if not same_way else _NONE
        self.found.append(
            Difference(unit, words, lines, names, classes=classes, bases=bases, tests=tests)
        )

    def _docstring(self, new: Function, unit: str, place: _Place) -> None:
        """Whoever reads docstrings, and whatever a decorator makes of it."""
        decorated = not self._inert(new, place, self.after)
        self.found.append(
            Difference(
                unit,
                "has another docstring",
                names=_DOC,
                values=place.classes | {new.name},
                at_import=decorated or not place.plain,
            )
        )

    def _class(self, old: ast.ClassDef, new: ast.ClassDef, place: _Place) -> None:
        unit = place.prefix + new.name
        inner = place.inside(old, new, self.is_test)
        if docstring_of(old.body) != docstring_of(new.body):
            self.found.append(
                Difference(
                    unit,
                    "has another docstring",
                    names=_DOC,
                    values=frozenset({new.name}),
                    at_import=not inner.plain,
                )
            )
        if _class_header(old) != _class_header(new):
            lines = _every_body(old)
            difference = Difference(
                unit, "has other bases", lines, frozenset({new.name}), classes=inner.classes
            )
            plain = inner.plain and all(is_inert(b, self.after.shadowed) for b in new.bases)
            self.found.append(
                replace(difference, bases=inner.bases)
                if plain
                else replace(difference, at_import=True)
            )
        self._statements(without_docstring(old.body), without_docstring(new.body), inner)

    # -- what does nothing but bind names

    def _inert(self, statement: ast.stmt, place: _Place, file: _File | None = None) -> bool:
        """Whether the statement only binds names that nobody looks for by himself."""
        file = file or self.before
        names = _bound(statement)
        if not place.plain or any(self._is_hook(name) for name in names):
            return False
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            if self.is_plugin:
                return False
            return inert_header(statement, file.annotations_run, file.shadowed, self.is_test)
        if isinstance(statement, ast.ClassDef):
            inner = _Place(prefix=f"{statement.name}.")
            return (
                not self.is_plugin
                and is_plain_class(statement)
                and all(is_inert(base, file.shadowed) for base in statement.bases)
                and all(self._inert_or_nothing(s, inner, file) for s in statement.body)
            )
        if isinstance(statement, ast.Import):
            return True
        if isinstance(statement, ast.ImportFrom):
            return statement.module != "__future__" and all(a.name != "*" for a in statement.names)
        if isinstance(statement, ast.Assign):
            plain = all(isinstance(t, ast.Name | ast.Tuple) for t in statement.targets)
            return plain and bool(names) and is_inert(statement.value, file.shadowed)
        if isinstance(statement, ast.AnnAssign):
            runs = file.annotations_run
            return isinstance(statement.target, ast.Name) and all(
                is_inert(part, file.shadowed)
                for part in (statement.value, statement.annotation if runs else None)
            )
        return False

    def _inert_or_nothing(self, statement: ast.stmt, place: _Place, file: _File) -> bool:
        nothing = isinstance(statement, ast.Pass) or (
            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        )
        return nothing or self._inert(statement, place, file)

    def _is_hook(self, name: str) -> bool:
        """Names that pytest, unittest or Python look for by themselves."""
        if name.startswith("__") and name.endswith("__"):
            # A method of that name acts through its class; a module's is read by Python.
            return name in ("__getattr__", "__dir__", "__path__", "__init_subclass__")
        return name in _HOOK_NAMES or name.startswith("pytest_")


_DOC = frozenset({"__doc__", "getdoc", "getcomments", "help", "pydoc", "doctest"})


def _rests(difference: Difference) -> bool:
    """Whether the difference is told by names, on the ground that the import has no effect."""
    told = difference.names - _DOC or difference.classes
    return bool(told) and not difference.at_import


def _token(statement: ast.stmt) -> str:
    """What a statement is aligned by: definitions by name, everything else by what it says."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        # A property's parts share a name.
        roles = [d.attr for d in statement.decorator_list if isinstance(d, ast.Attribute)]
        role = next((r for r in roles if r in ("setter", "getter", "deleter")), "")
        return f"def {statement.name} {role}"
    if isinstance(statement, ast.ClassDef):
        return f"class {statement.name}"
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        names = _bound(statement)
        if len(names) == 1:
            return f"{type(statement).__name__} {min(names)}"
    if isinstance(statement, ast.If):
        return f"if {digest(statement.test)}"
    if isinstance(statement, ast.Try):
        return f"try {digest(*statement.handlers)}"
    return digest(statement)


def _often_bound(body: Iterable[ast.stmt]) -> frozenset[str]:
    counts = Counter(name for statement in body for name in _bound(statement))
    return frozenset(name for name, count in counts.items() if count > 1)


_HINTS = frozenset({"get_type_hints", "__annotations__", "signature", "getfullargspec"})


def _without_annotations(function: Function) -> str:
    """A digest of the signature and decorators alone."""
    bare = copy.deepcopy(function.args)
    for node in ast.walk(bare):
        if isinstance(node, ast.arg):
            node.annotation = None
    kind = type(function).__name__
    return kind + digest(bare, *function.decorator_list, *getattr(function, "type_params", ()))


def _with_header(function: Function, other: Function) -> Function:
    """The function with the annotations of another one."""
    changed = copy.copy(function)
    changed.args, changed.returns = other.args, other.returns
    # So that its docstring is not compared a second time.
    if docstring_of(other.body) is None:
        changed.body = without_docstring(function.body)
    elif docstring_of(function.body) is not None:
        changed.body = [other.body[0], *function.body[1:]]
    else:
        changed.body = [other.body[0], *function.body]
    return changed


def _tests_of(names: frozenset[str], place: _Place) -> frozenset[str]:
    """A test of its own, or something that all tests of its class may use."""
    helpers = any(not name.startswith("test") for name in names)
    return names | (place.classes if helpers else _NONE)


def _class_header(node: ast.ClassDef) -> str:
    parts: list[ast.AST] = [*node.bases, *node.keywords, *node.decorator_list]
    return f"{len(node.bases)} {len(node.keywords)}" + digest(*parts)


def _every_body(statement: ast.AST) -> int:
    """The lines of all function bodies in a statement."""
    found = 0
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found |= body_lines(node)
    return found


def _words_of(lines: int, body: int) -> str:
    return "changed" if lines & body == body else "changed in part"


def _modules(names: Iterable[str]) -> Iterator[str]:
    """The modules among asked-for names; `stem:name` may be a module or a name in one."""
    for name in names:
        stem, colon, rest = name.partition(":")
        yield f"{stem}{'' if stem.endswith('.') or not colon else '.'}{rest}"


def _foreign(modules: Iterable[str]) -> frozenset[str]:
    return frozenset(
        m for m in modules if m.startswith(".") or m.partition(".")[0] not in _STANDARD
    )

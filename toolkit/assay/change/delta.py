"""What differs between two versions of one file, and who can notice: lines, names, imports (pure).

The old version is the one that was recorded, so that `lines` can be held against what ran. Each
difference says who is affected:

- `lines`: whoever ran any of these lines of the old version;
- `names`: whoever ran a line, anywhere, that mentions one of these names: a function whose
  signature changed, a constant, a method that is new ...;
- `values`: as `names`, but only where one is mentioned as a thing of its own, not to call it or to
  reach into it: whoever hands a function on may look at its docstring or annotations. `through` are
  the words by which code does so;
- `classes`: whoever ran a line that mentions one of these classes or a class derived from it: what
  an instance has and what it answers to changed;
- `at_import`: whoever depends on the module having been imported at all.

A difference outside function bodies is told by names only where it is made of definitions that do
nothing but bind a name (`inert`), so that importing the module has no other effect than before.
Everything else is `at_import`.
"""

from __future__ import annotations

import ast
import builtins
import copy
import symtable
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import PurePosixPath

from assay.change.digest import digest
from assay.change.inert import (
    PLAIN_BASES,
    PLAIN_CLASS_DECORATORS,
    dotted,
    header_parts,
    inert_header,
    is_inert,
    is_mark,
    is_plain_decorator,
)
from assay.change.regions import (
    body_lines,
    changed_lines,
    docstring_of,
    leaves_no_trace,
    lines_of,
    list_lines,
    suspends,
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
    through: frozenset[str] = _NONE
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


def file_delta(path: str, old: str, new: str | None, is_test: bool, is_plugin: bool) -> FileDelta:
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
    return _Comparison(path, before, after, is_test, is_plugin).run()


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
        nodes = list(ast.walk(tree))
        self.used = frozenset(
            n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        )
        self.asked = frozenset(n.arg for n in nodes if isinstance(n, ast.arg))
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
        if _is_typing_only(statement) or (
            isinstance(statement, ast.If) and _is_main(statement.test)
        ):
            continue
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


_PLAIN_ROOTS = frozenset({"", "typing", "t", "builtins", "unittest", "abc", "enum"})


def plain_bases(node: ast.ClassDef) -> frozenset[str]:
    """The last part of each base's name, but for those that are known to be plain."""
    names = set()
    for base in node.bases:
        value = base.value if isinstance(base, ast.Subscript) else base
        name = dotted(value)
        root, _, last = name.rpartition(".")
        if not name:
            # `make_base(Other)`: who knows what, and perhaps derived from each of these.
            parts = list(ast.walk(value))
            names |= {"?", *(n.id for n in parts if isinstance(n, ast.Name))}
            names |= {n.attr for n in parts if isinstance(n, ast.Attribute)}
        elif last == node.name:
            # `class Field(forms.Field)`: another class, which its last name cannot tell.
            names |= {"?", last}
        elif last not in PLAIN_BASES or root not in _PLAIN_ROOTS:
            names.add(last)
    return frozenset(names)


def _classes_in(statement: ast.ClassDef) -> Iterator[ast.ClassDef]:
    """A class and those in its body."""
    yield statement
    for inner in statement.body:
        if isinstance(inner, ast.ClassDef):
            yield from _classes_in(inner)


def is_plain_header(node: ast.ClassDef) -> bool:
    """Whether the class is only made: not handed to anybody who may keep it or look further."""
    keywords = all(
        keyword.arg == "metaclass" and dotted(keyword.value).rpartition(".")[2] == "ABCMeta"
        for keyword in node.keywords
    )
    decorators = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
    return keywords and all(dotted(d) in PLAIN_CLASS_DECORATORS for d in decorators)


def is_plain_class(node: ast.ClassDef) -> bool:
    """Whether nothing looks at what the class contains when it is made, its bases apart."""
    if not is_plain_header(node):
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


def _is_main(test: ast.expr) -> bool:
    """`__name__ == "__main__"`."""
    return (
        isinstance(test, ast.Compare)
        and dotted(test.left) == "__name__"
        and isinstance(test.ops[0], ast.Eq)
        and len(test.ops) == 1
    )


def _only_names(target: ast.expr) -> bool:
    """Whether an assignment to it binds names, and stores to nothing else."""
    parts = (ast.Name, ast.Tuple, ast.List, ast.Starred, ast.expr_context)
    return all(isinstance(node, parts) for node in ast.walk(target))


def _is_typing_only(statement: ast.stmt) -> bool:
    """`if TYPE_CHECKING:` without else: never run."""
    return (
        isinstance(statement, ast.If)
        and dotted(statement.test).rpartition(".")[2] == "TYPE_CHECKING"
        and not statement.orelse
    )


def _name_by_name(statement: ast.stmt) -> list[ast.stmt]:
    """An import taken apart: `from m import a, b` is two, and a new `c` is no news of these."""
    if not isinstance(statement, ast.Import | ast.ImportFrom) or len(statement.names) == 1:
        return [statement]
    parts: list[ast.stmt] = []
    for alias in statement.names:
        part = copy.copy(statement)
        part.names = [alias]
        parts.append(part)
    return parts


class _Comparison:
    """Compares two versions, outermost statements first."""

    def __init__(
        self, path: str, before: _File, after: _File, is_test: bool, is_plugin: bool
    ) -> None:
        self.path = path
        self.before, self.after = before, after
        self.is_test, self.is_plugin = is_test, is_plugin
        self.found: list[Difference] = []

    def run(self) -> FileDelta:
        old, new = self.before.tree.body, self.after.tree.body
        if docstring_of(old) != docstring_of(new):
            self._module_docstring()
        place = _Place(tests=self.is_test)
        self._statements(without_docstring(old), without_docstring(new), place)
        if _foreign(_modules(self._no_longer_imported())):
            self.found.append(Difference(MODULE_UNIT, "imports less", at_import=True))
        return FileDelta(tuple(self.found), needs_import=any(_rests(d) for d in self.found))

    def _module_docstring(self) -> None:
        """Whoever reads it here, as `__doc__`, or through the module."""
        lines = 0
        for node in ast.walk(self.before.tree):
            if isinstance(node, ast.Name) and node.id == "__doc__":
                lines |= lines_of(node)
        path = PurePosixPath(self.path)
        name = path.parent.name if path.stem == "__init__" else path.stem
        self.found.append(
            Difference(
                MODULE_UNIT,
                "has another docstring",
                lines=lines,
                values=frozenset({name}),
                through=_DOC,
            )
        )

    def _no_longer_imported(self) -> Iterator[str]:
        """What only the old version asks for, but for names that are surely no modules."""
        called = {
            node.func.id
            for node in ast.walk(self.before.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        for asked in self.before.imports - self.after.imports:
            stem, _, name = asked.rpartition(":")
            still = stem in self.after.imports
            # Modules are not called, and seldom written with capitals.
            if not (still and (name in called or name != name.lower())):
                yield asked

    # -- a list of statements of a module or class body

    def _statements(self, old: Sequence[ast.stmt], new: Sequence[ast.stmt], place: _Place) -> None:
        old = [part for s in old if not _is_typing_only(s) for part in _name_by_name(s)]
        new = [part for s in new if not _is_typing_only(s) for part in _name_by_name(s)]
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
        self._rest(removed, added, place, old, new)

    def _rest(
        self,
        removed: list[ast.stmt],
        added: list[ast.stmt],
        place: _Place,
        old: Sequence[ast.stmt],
        new: Sequence[ast.stmt],
    ) -> None:
        """What the alignment left over: moved, removed and added statements."""
        often = _often_bound(old) | _often_bound(new)
        by_token = {_token(s): s for s in added}
        for statement in removed:
            other = by_token.get(_token(statement))
            # Binding a name that is bound nowhere else does the same a little earlier or later.
            if (
                other is not None
                and other in added
                and not _bound(statement) & often
                and self._inert(statement, place)
                and self._inert(other, place, self.after)
                and self._moves_freely(statement, other, place, old, new)
            ):
                added.remove(other)
                self._pair(statement, other, place)
            elif other is not None and other in added and _foreign(_imported([statement])):
                # What is imported may look at what has been done before.
                added.remove(other)
                self._at_import(statement, "is moved", 0, "")
            else:
                self._unpaired(statement, self.before, "is deleted", place)
        for statement in added:
            self._unpaired(statement, self.after, "is new", place)

    def _moves_freely(
        self,
        one: ast.stmt,
        other: ast.stmt,
        place: _Place,
        old: Sequence[ast.stmt],
        new: Sequence[ast.stmt],
    ) -> bool:
        """Whether none of the statements between its old place and its new one notices."""
        at = {id(s): i for i, s in enumerate(old)}[id(one)]
        to = {id(s): i for i, s in enumerate(new)}[id(other)]
        before, after = {_token(s) for s in old[:at]}, {_token(s) for s in new[:to]}
        names = _bound(one)
        needs = _evaluated(one, self.before) | _evaluated(other, self.after)
        wary = bool(_foreign(_imported([one]))) or any(map(_is_star, (*old, *new)))
        both = [(s, self.before) for s in old] + [(s, self.after) for s in new]
        for statement, file in both:
            token = _token(statement)
            if (token in before) == (token in after) or statement in (one, other):
                continue
            if self._inert_or_nothing(statement, place, file) or _is_plain_import(statement):
                if names & _evaluated(statement, file) or needs & _bound(statement):
                    return False
            # Who does more may call what uses it, bind it too, or change what it is made of.
            elif token in after or needs or names & _stored(statement) or wary:
                return False
        return True

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
                bases=place.bases.union(*map(plain_bases, _classes_in(statement))),
            )
        if place.tests:
            difference = replace(
                difference,
                classes=difference.classes - _unconcerned(names, place),
                tests=_tests_of(names, place),
            )
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
        elif isinstance(old, ast.If) and _is_main(old.test):
            assert isinstance(new, ast.If)
            # Imported, it does nothing; run, it leaves its lines as a function does.
            lines = list_lines(old.body, new.body, lines_of(old))
            lines |= list_lines(old.orelse, new.orelse, lines_of(old))
            words = f"line {old.lineno} changed"
            self.found.append(Difference(MODULE_UNIT, words, lines))
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
        # A generator that is made and never asked runs no line.
        if leaves_no_trace(old) or suspends(old) != suspends(new) or _is_compiled(old):
            names = frozenset({new.name})
            difference = replace(
                difference,
                names=names,
                classes=place.classes,
                bases=place.bases,
                tests=_tests_of(names, place) if place.tests else _NONE,
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
                    values=place.classes | {new.name},
                    through=_HINTS,
                )
            )
            self._function(old, _with_header(new, old), place)
            return
        dunder = new.name.startswith("__") and new.name.endswith("__")
        # Calling it with other arguments enters its body, in the old version at least. Reaching it
        # in another way (a property, a coroutine), or by an operator, is up to the class.
        same_way = changed[0] == changed[1] and type(old) is type(new) and not dunder
        classes = _NONE if same_way else place.classes - _unconcerned(frozenset({new.name}), place)
        names = frozenset({new.name}) if not dunder or not place.classes else _NONE
        words = "has another signature" if changed[0] == changed[1] else "has other decorators"
        tests = _tests_of(names, place) if place.tests else _NONE
        bases = place.bases if not same_way else _NONE
        self.found.append(
            Difference(unit, words, lines, names, classes=classes, bases=bases, tests=tests)
        )

    def _docstring(self, new: Function, unit: str, place: _Place) -> None:
        """Whoever reads docstrings, and whatever a decorator makes of it."""
        decorated = not all(
            is_plain_decorator(d, self.after.shadowed) or (self.is_test and is_mark(d, ()))
            for d in new.decorator_list
        )
        self.found.append(
            Difference(
                unit,
                "has another docstring",
                values=place.classes | {new.name},
                through=_DOC,
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
                    values=frozenset({new.name}),
                    through=_DOC,
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
        if not place.classes and self._may_be_fixture(statement, names, file):
            return False
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            if self.is_plugin:
                return False
            return inert_header(statement, file.annotations_run, file.shadowed, self.is_test)
        if isinstance(statement, ast.ClassDef):
            inner = _Place(f"{statement.name}.", frozenset({statement.name}))
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
            plain = all(_only_names(target) for target in statement.targets)
            return plain and bool(names) and is_inert(statement.value, file.shadowed)
        if isinstance(statement, ast.AnnAssign):
            runs = file.annotations_run
            return isinstance(statement.target, ast.Name) and all(
                is_inert(part, file.shadowed)
                for part in (statement.value, statement.annotation if runs else None)
            )
        return False

    def _may_be_fixture(self, statement: ast.stmt, names: frozenset[str], file: _File) -> bool:
        """Whether a module-level statement may give something to pytest, which asks for it by
        itself: a fixture from elsewhere, or such a one under another name."""
        if not self.is_plugin and not self.is_test:
            return False
        if isinstance(statement, ast.Import | ast.ImportFrom):
            known = not _foreign(_imported([statement]))
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            value = statement.value
            # A lambda, a text, a table of these: none of them is a fixture.
            known = value is None or not any(isinstance(n, ast.Name) for n in ast.walk(value))
        else:
            return False
        return not known and (self.is_plugin or not names <= file.used - file.asked)

    def _inert_or_nothing(self, statement: ast.stmt, place: _Place, file: _File) -> bool:
        nothing = isinstance(statement, ast.Pass) or (
            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        )
        return nothing or self._inert(statement, place, file)

    def _is_hook(self, name: str) -> bool:
        """Names that pytest, unittest or Python look for by themselves."""
        if name.startswith("__") and name.endswith("__"):
            # A method of that name acts through its class; a module's is read by Python.
            return name in ("__getattr__", "__dir__", "__path__", "__init_subclass__", "__test__")
        return name in _HOOK_NAMES or name.startswith("pytest_")


def _is_compiled(function: Function) -> bool:
    """Whether it is made into something else than Python, whose lines nobody tells."""
    decorators = [d.func if isinstance(d, ast.Call) else d for d in function.decorator_list]
    return any(dotted(d).rpartition(".")[2] in _COMPILERS for d in decorators)


_COMPILERS = frozenset({"jit", "njit", "vectorize", "guvectorize", "cfunc", "stencil"})

# Not `help`: who hands over what it describes mentions that, and the word is everywhere.
_DOC = frozenset({"__doc__", "getdoc", "getcomments", "pydoc", "doctest"})


def _rests(difference: Difference) -> bool:
    """Whether the difference is told by names, on the ground that the import has no effect."""
    told = difference.names or difference.classes or difference.through == _HINTS
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


def _evaluated(statement: ast.stmt, file: _File) -> frozenset[str]:
    """The names that an inert statement looks up when it runs."""
    parts: list[ast.AST] = [statement]
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        arguments = statement.args
        parts = [*statement.decorator_list, *arguments.defaults]
        parts += [default for default in arguments.kw_defaults if default is not None]
        if file.annotations_run:
            parts += [
                n.annotation for n in ast.walk(arguments) if isinstance(n, ast.arg) and n.annotation
            ]
            parts += [statement.returns] if statement.returns is not None else []
    elif isinstance(statement, ast.ClassDef):
        inner = [_evaluated(s, file) for s in statement.body]
        return _evaluated(ast.Expr(ast.Tuple(statement.bases)), file).union(*inner)
    return (
        frozenset(
            node.id
            for part in parts
            for node in ast.walk(part)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        )
        - _BUILT_IN
    )


def _is_star(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and any(a.name == "*" for a in statement.names)


def _is_plain_import(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom) and not _is_star(statement)


def _stored(statement: ast.AST) -> frozenset[str]:
    """All names that are bound anywhere in a statement."""
    return frozenset(
        name
        for node in ast.walk(statement)
        for name in (
            [node.id]
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
            else _bound(node)
            if isinstance(node, ast.stmt)
            else ()
        )
    )


_BUILT_IN = frozenset(dir(builtins))


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
    return names | (_NONE if _are_tests(names) else place.classes)


def _unconcerned(names: frozenset[str], place: _Place) -> frozenset[str]:
    """The class around a test that has come or gone: its other tests do not notice."""
    return place.classes if place.tests and _are_tests(names) else _NONE


def _are_tests(names: frozenset[str]) -> bool:
    return bool(names) and all(name.startswith("test") for name in names)


def _class_header(node: ast.ClassDef) -> str:
    parts: list[ast.AST] = [*node.bases, *node.keywords, *node.decorator_list]
    parts.extend(getattr(node, "type_params", ()))
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

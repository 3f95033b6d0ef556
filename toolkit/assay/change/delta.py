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
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import PurePosixPath

from assay.change.classes import class_header, classes_in, is_plain_class, plain_bases
from assay.change.digest import digest
from assay.change.inert import (
    adds_only_literals,
    evaluated_parts,
    header_parts,
    inert_header,
    is_inert,
    is_literal,
    is_mark,
    is_plain_decorator,
)
from assay.change.place import Place, tests_of, unconcerned
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
from assay.change.statements import (
    bound,
    evaluated,
    every_body,
    is_compiled,
    is_plain_import,
    is_star,
    name_by_name,
    often_bound,
    only_names,
    stored,
    token,
    with_header,
    without_annotations,
)
from assay.change.version import Version, foreign, imported, is_main, is_typing_only, modules_of
from assay.change.words import DOC_WORDS, HINT_WORDS, words_of
from assay.model.difference import ALL_LINES, NONE, Difference, FileDelta
from assay.model.source import MODULE_UNIT

Function = ast.FunctionDef | ast.AsyncFunctionDef

# Names that pytest and unittest look for by themselves.
_HOOK_NAMES = frozenset(
    """
    pytestmark collect_ignore collect_ignore_glob load_tests setup teardown
    setup_module teardown_module setup_class teardown_class setup_method teardown_method
    setup_function teardown_function setUp tearDown setUpClass tearDownClass setUpModule
    tearDownModule asyncSetUp asyncTearDown
    """.split()
)


def whole_file(words: str) -> FileDelta:
    """A file about which nothing finer can be said."""
    found = Difference(MODULE_UNIT, words, lines=ALL_LINES, at_import=True)
    return FileDelta((found,))


def file_delta(path: str, old: str, new: str | None, is_test: bool, is_plugin: bool) -> FileDelta:
    """What differs between two texts of a file; None: the file is gone.

    `is_test`: the file holds tests, whose functions pytest finds by itself. `is_plugin`: it is a
    conftest or plug-in, whose names pytest reads by itself.
    """
    if new is None:
        return whole_file("is deleted")
    try:
        before, after = Version.read(old), Version.read(new)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return whole_file("changed")
    return _Comparison(path, before, after, is_test, is_plugin).run()


class _Comparison:
    """Compares two versions, outermost statements first."""

    def __init__(
        self, path: str, before: Version, after: Version, is_test: bool, is_plugin: bool
    ) -> None:
        self.path = path
        self.before, self.after = before, after
        self.is_test, self.is_plugin = is_test, is_plugin
        self.found: list[Difference] = []

    def run(self) -> FileDelta:
        old, new = self.before.tree.body, self.after.tree.body
        if docstring_of(old) != docstring_of(new):
            self._module_docstring()
        place = Place(tests=self.is_test)
        self._statements(without_docstring(old), without_docstring(new), place)
        if foreign(modules_of(self._no_longer_imported())):
            self.found.append(Difference(MODULE_UNIT, "imports less", at_import=True))
        return FileDelta(tuple(self.found))

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
                through=DOC_WORDS,
                sure=True,
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

    def _statements(self, old: Sequence[ast.stmt], new: Sequence[ast.stmt], place: Place) -> None:
        old = [part for s in old if not is_typing_only(s) for part in name_by_name(s)]
        new = [part for s in new if not is_typing_only(s) for part in name_by_name(s)]
        before, after = [token(s) for s in old], [token(s) for s in new]
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
        place: Place,
        old: Sequence[ast.stmt],
        new: Sequence[ast.stmt],
    ) -> None:
        """What the alignment left over: moved, removed and added statements."""
        often = often_bound(old) | often_bound(new)
        by_token = {token(s): s for s in added}
        for statement in removed:
            other = by_token.get(token(statement))
            # Binding a name that is bound nowhere else does the same a little earlier or later.
            if (
                other is not None
                and other in added
                and not bound(statement) & often
                and self._inert(statement, place)
                and self._inert(other, place, self.after)
                and self._moves_freely(statement, other, place, old, new)
            ):
                added.remove(other)
                self._pair(statement, other, place)
            elif other is not None and other in added and foreign(imported([statement])):
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
        place: Place,
        old: Sequence[ast.stmt],
        new: Sequence[ast.stmt],
    ) -> bool:
        """Whether none of the statements between its old place and its new one notices."""
        at = {id(s): i for i, s in enumerate(old)}[id(one)]
        to = {id(s): i for i, s in enumerate(new)}[id(other)]
        before, after = {token(s) for s in old[:at]}, {token(s) for s in new[:to]}
        names = bound(one)
        needs = evaluated(one, self.before) | evaluated(other, self.after)
        wary = bool(foreign(imported([one]))) or any(map(is_star, (*old, *new)))
        both = [(s, self.before) for s in old] + [(s, self.after) for s in new]
        for statement, file in both:
            mark = token(statement)
            if (mark in before) == (mark in after) or statement in (one, other):
                continue
            if self._inert_or_nothing(statement, place, file) or is_plain_import(statement):
                if names & evaluated(statement, file) or needs & bound(statement):
                    return False
            # Who does more may call what uses it, bind it too, or change what it is made of.
            elif mark in after or needs or names & stored(statement) or wary:
                return False
        return True

    def _unpaired(self, statement: ast.stmt, file: Version, words: str, place: Place) -> None:
        if isinstance(statement, ast.Pass) or (
            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        ):
            return
        unit = place.prefix + "/".join(sorted(bound(statement))) if bound(statement) else ""
        deleted = file is self.before
        lines = every_body(statement) if deleted else 0
        if not self._inert(statement, place, file):
            self._at_import(statement, words, lines, unit)
            return
        names = bound(statement)
        difference = Difference(unit, words, lines, names, classes=place.classes, bases=place.bases)
        if isinstance(statement, ast.ClassDef):
            difference = replace(
                difference,
                classes=names | place.classes,
                bases=place.bases.union(*map(plain_bases, classes_in(statement))),
            )
        if place.tests:
            difference = replace(
                difference,
                classes=difference.classes - unconcerned(names, place),
                tests=tests_of(names, place),
            )
        if isinstance(statement, ast.Import | ast.ImportFrom) and not deleted:
            fresh = self.after.imports - self.before.sure_imports
            difference = replace(difference, imports=foreign(modules_of(fresh)))
        self.found.append(difference)

    def _at_import(self, statement: ast.stmt, words: str, lines: int, unit: str) -> None:
        where = unit or MODULE_UNIT
        if not unit:
            words = f"line {statement.lineno} {words}"
        found = Difference(where, words, lines, at_import=True)
        self.found.append(found)

    # -- the same statement before and after

    def _pair(self, old: ast.stmt, new: ast.stmt, place: Place) -> None:
        if digest(old) == digest(new):
            return
        if isinstance(old, ast.FunctionDef | ast.AsyncFunctionDef):
            assert isinstance(new, ast.FunctionDef | ast.AsyncFunctionDef)
            self._function(old, new, place)
        elif isinstance(old, ast.ClassDef):
            assert isinstance(new, ast.ClassDef)
            self._class(old, new, place)
        elif isinstance(old, ast.If) and is_main(old.test):
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
            names = bound(old) | bound(new)
            unit = place.prefix + "/".join(sorted(names))
            self.found.append(
                replace(
                    Difference(unit, "changed", 0, names, classes=place.classes, bases=place.bases),
                    sure=isinstance(new, ast.Assign) and is_literal(new.value),
                )
            )
        else:
            self._at_import(old, "changed", 0, "")

    def _function(self, old: Function, new: Function, place: Place) -> None:
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
        difference = Difference(unit, words_of(lines, body_lines(old)), lines)
        # A generator that is made and never asked runs no line.
        if leaves_no_trace(old) or suspends(old) != suspends(new) or is_compiled(old):
            names = frozenset({new.name})
            difference = replace(
                difference,
                names=names,
                classes=place.classes,
                bases=place.bases,
                tests=tests_of(names, place) if place.tests else NONE,
            )
            if not place.plain or not self._plainly_decorated(new):
                # Somebody may have looked at what kind of function it is.
                difference = replace(difference, at_import=True)
        self.found.append(difference)

    def _signature(self, old: Function, new: Function, unit: str, place: Place) -> None:
        lines = body_lines(old)
        inert = self._inert(old, place, self.before) and self._inert(new, place, self.after)
        if not inert:
            difference = Difference(unit, "has another signature or decorator", lines)
            self.found.append(replace(difference, at_import=True))
            return
        changed = [digest(*f.decorator_list) for f in (old, new)]
        if without_annotations(old) == without_annotations(new):
            self.found.append(
                Difference(
                    unit,
                    "has other annotations",
                    values=place.classes | {new.name},
                    through=HINT_WORDS,
                )
            )
            self._function(old, with_header(new, old), place)
            return
        dunder = new.name.startswith("__") and new.name.endswith("__")
        # Calling it with other arguments enters its body, in the old version at least. Reaching it
        # in another way (a property, a coroutine), or by an operator, is up to the class.
        same_way = changed[0] == changed[1] and type(old) is type(new) and not dunder
        classes = NONE if same_way else place.classes - unconcerned(frozenset({new.name}), place)
        names = frozenset({new.name}) if not dunder or not place.classes else NONE
        words = "has another signature" if changed[0] == changed[1] else "has other decorators"
        tests = tests_of(names, place) if place.tests else NONE
        bases = place.bases if not same_way else NONE
        parts = evaluated_parts(old, self.before.annotations_run)
        sure = adds_only_literals(parts, evaluated_parts(new, self.after.annotations_run))
        difference = Difference(unit, words, lines, names, classes=classes, bases=bases, sure=sure)
        self.found.append(replace(difference, tests=tests))

    def _plainly_decorated(self, function: Function) -> bool:
        return all(
            is_plain_decorator(d, self.after.shadowed) or (self.is_test and is_mark(d, ()))
            for d in function.decorator_list
        )

    def _docstring(self, new: Function, unit: str, place: Place) -> None:
        """Whoever reads docstrings, and whatever a decorator makes of it."""
        decorated = not self._plainly_decorated(new)
        # A decorator of the project's own reads it on a line that is recorded.
        own = decorated and all(self._is_own(decorator) for decorator in new.decorator_list)
        self.found.append(
            Difference(
                unit,
                "has another docstring",
                names=frozenset({"__doc__"}) if own else NONE,
                values=place.classes | {new.name},
                through=DOC_WORDS,
                at_import=(decorated and not own) or not place.plain,
                sure=True,
            )
        )

    def _is_own(self, decorator: ast.expr) -> bool:
        """Whether a decorator is plain, or comes from the project itself, and is not called."""
        if is_plain_decorator(decorator, self.after.shadowed):
            return True
        return isinstance(decorator, ast.Name) and decorator.id in self.after.own

    def _class(self, old: ast.ClassDef, new: ast.ClassDef, place: Place) -> None:
        unit = place.prefix + new.name
        inner = place.inside(old, new, self.is_test)
        if docstring_of(old.body) != docstring_of(new.body):
            self.found.append(
                Difference(
                    unit,
                    "has another docstring",
                    values=frozenset({new.name}),
                    through=DOC_WORDS,
                    at_import=not inner.plain,
                )
            )
        if class_header(old) != class_header(new):
            lines = every_body(old)
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

    def _inert(self, statement: ast.stmt, place: Place, file: Version | None = None) -> bool:
        """Whether the statement only binds names that nobody looks for by himself."""
        file = file or self.before
        names = bound(statement)
        if not place.plain or any(self._is_hook(name, place) for name in names):
            return False
        if not place.classes and self._may_be_fixture(statement, names, file):
            return False
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            if self.is_plugin:
                return False
            return inert_header(statement, file.annotations_run, file.shadowed, self.is_test)
        if isinstance(statement, ast.ClassDef):
            inner = Place(f"{statement.name}.", frozenset({statement.name}))
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
            plain = all(only_names(target) for target in statement.targets)
            return plain and bool(names) and is_inert(statement.value, file.shadowed)
        if isinstance(statement, ast.AnnAssign):
            runs = file.annotations_run
            return isinstance(statement.target, ast.Name) and all(
                is_inert(part, file.shadowed)
                for part in (statement.value, statement.annotation if runs else None)
            )
        return False

    def _may_be_fixture(self, statement: ast.stmt, names: frozenset[str], file: Version) -> bool:
        """Whether a module-level statement may give something to pytest, which asks for it by
        itself: a fixture from elsewhere, or such a one under another name."""
        if not self.is_plugin and not self.is_test:
            return False
        if isinstance(statement, ast.Import | ast.ImportFrom):
            known = not foreign(imported([statement]))
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            value = statement.value
            # A lambda, a text, a table of these: none of them is a fixture.
            known = value is None or not any(isinstance(n, ast.Name) for n in ast.walk(value))
        else:
            return False
        return not known and (self.is_plugin or not names <= file.used - file.asked)

    def _inert_or_nothing(self, statement: ast.stmt, place: Place, file: Version) -> bool:
        nothing = isinstance(statement, ast.Pass) or (
            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        )
        return nothing or self._inert(statement, place, file)

    def _is_hook(self, name: str, place: Place) -> bool:
        """Names that pytest, unittest or Python look for by themselves."""
        if name.startswith("__") and name.endswith("__"):
            # A method of that name acts through its class; a module's is read by Python.
            if place.classes or place.prefix:
                return name in ("__init_subclass__", "__test__")
            return name in ("__getattr__", "__dir__", "__path__", "__init_subclass__", "__test__")
        return name in _HOOK_NAMES or name.startswith("pytest_")

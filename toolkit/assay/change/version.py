"""One version of a file: its tree and scopes, what its names mean, what it imports (pure)."""

from __future__ import annotations

import ast
import symtable
import sys
import warnings
from collections.abc import Iterable, Iterator

from assay.change.inert import dotted
from assay.change.regions import Function

# Modules of the standard library that do something when imported.
_EFFECTFUL = frozenset({"antigravity", "this", "readline", "site", "sitecustomize", "rlcompleter"})
STANDARD = frozenset(sys.stdlib_module_names) - _EFFECTFUL


def plain_lines(text: str) -> str:
    """The text without a byte order mark, and with one kind of line break, as Python reads it."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def parsed(text: str) -> ast.Module:
    """The text's tree; what `ast.parse` raises if there is none."""
    with warnings.catch_warnings():
        # A doubtful escape in the user's file is no news here, and must not become an error.
        warnings.simplefilter("ignore")
        return ast.parse(plain_lines(text))


class Version:
    """One version: its tree, its scopes, and what its names mean."""

    def __init__(self, tree: ast.Module, table: symtable.SymbolTable) -> None:
        self.tree = tree
        self.annotations_run = not any(
            isinstance(s, ast.ImportFrom)
            and s.module == "__future__"
            and any(alias.name == "annotations" for alias in s.names)
            for s in tree.body
        )
        self.shadowed = frozenset(shadowed_names(tree))
        self.imports = frozenset(imported(tree.body))
        nodes = list(ast.walk(tree))
        self.used = frozenset(
            n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        )
        # Defined here, or taken by a relative import: the project's own.
        self.own = frozenset(_own(tree))
        self.asked = frozenset(n.arg for n in nodes if isinstance(n, ast.arg))
        self.sure_imports = frozenset(imported(tree.body, sure=True))
        self._scopes: dict[tuple[int, str], list[symtable.SymbolTable]] = {}
        pending = [table]
        while pending:
            scope = pending.pop()
            pending.extend(scope.get_children())
            self._scopes.setdefault((scope.get_lineno(), scope.get_name()), []).append(scope)

    @classmethod
    def read(cls, text: str) -> Version:
        text = plain_lines(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
            # What parses need not compile: `break` outside a loop.
            compile(tree, "file", "exec", dont_inherit=True)
            return cls(tree, symtable.symtable(text, "file", "exec"))

    def scope(self, function: Function) -> symtable.SymbolTable | None:
        """The function's scope; None if another one begins at the same line under its name."""
        lines = {function.lineno, *(d.lineno for d in function.decorator_list)}
        found = [s for line in lines for s in self._scopes.get((line, function.name), ())]
        return found[0] if len(found) == 1 else None


def _own(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            yield statement.name
        elif isinstance(statement, ast.ImportFrom) and statement.level:
            yield from (alias.asname or alias.name for alias in statement.names)


def shadowed_names(tree: ast.Module) -> Iterator[str]:
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
                outside = getattr(node, "level", 0) or source.partition(".")[0] not in KNOWN
                if outside:
                    yield alias.asname or alias.name.partition(".")[0]


KNOWN = STANDARD | {"pytest", "typing_extensions"}


def imported(body: Iterable[ast.stmt], sure: bool = False) -> Iterator[str]:
    """Dotted names of all that the import statements outside functions ask for; `sure`: only of
    those that run whatever the conditions around them say."""
    for statement in body:
        if is_typing_only(statement) or (isinstance(statement, ast.If) and is_main(statement.test)):
            continue
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield alias.name
        elif isinstance(statement, ast.ImportFrom):
            stem = "." * statement.level + (statement.module or "")
            yield stem
            for alias in statement.names:
                yield f"{stem}:{alias.name}"
        elif isinstance(statement, ast.If) and sure:
            continue
        elif isinstance(statement, ast.If | ast.Try | ast.With | ast.ClassDef):
            for field in ("body", "orelse", "finalbody"):
                yield from imported(getattr(statement, field, ()), sure)
            for handler in () if sure else getattr(statement, "handlers", ()):
                yield from imported(handler.body)


def imported_modules(text: str) -> frozenset[str]:
    """The modules, or names in modules, that importing a file of this text asks for."""
    try:
        body = parsed(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    return frozenset(modules_of(imported(body, sure=True)))


def is_main(test: ast.expr) -> bool:
    """`__name__ == "__main__"`."""
    return (
        isinstance(test, ast.Compare)
        and dotted(test.left) == "__name__"
        and isinstance(test.ops[0], ast.Eq)
        and len(test.ops) == 1
    )


def is_typing_only(statement: ast.stmt) -> bool:
    """`if TYPE_CHECKING:` without else: never run."""
    return (
        isinstance(statement, ast.If)
        and dotted(statement.test).rpartition(".")[2] == "TYPE_CHECKING"
        and not statement.orelse
    )


def modules_of(names: Iterable[str]) -> Iterator[str]:
    """The modules among asked-for names; `stem:name` may be a module or a name in one."""
    for name in names:
        stem, colon, rest = name.partition(":")
        yield f"{stem}{'' if stem.endswith('.') or not colon else '.'}{rest}"


def foreign(modules: Iterable[str]) -> frozenset[str]:
    return frozenset(m for m in modules if m.startswith(".") or m.partition(".")[0] not in STANDARD)

"""What a statement binds, evaluates and is aligned by (pure)."""

from __future__ import annotations

import ast
import builtins
import copy
from collections import Counter
from collections.abc import Iterable

from assay.change.digest import digest
from assay.change.inert import (
    dotted,
)
from assay.change.regions import (
    Function,
    body_lines,
    docstring_of,
    without_docstring,
)
from assay.change.version import Version
from assay.model.difference import NONE


def bound(statement: ast.stmt) -> frozenset[str]:
    """The names that a definition binds in its scope."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return frozenset({statement.name})
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return frozenset(a.asname or a.name.partition(".")[0] for a in statement.names)
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return frozenset(n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name))
    return NONE


def only_names(target: ast.expr) -> bool:
    """Whether an assignment to it binds names, and stores to nothing else."""
    parts = (ast.Name, ast.Tuple, ast.List, ast.Starred, ast.expr_context)
    return all(isinstance(node, parts) for node in ast.walk(target))


def name_by_name(statement: ast.stmt) -> list[ast.stmt]:
    """An import taken apart: `from m import a, b` is two, and a new `c` is no news of these."""
    if not isinstance(statement, ast.Import | ast.ImportFrom) or len(statement.names) == 1:
        return [statement]
    parts: list[ast.stmt] = []
    for alias in statement.names:
        part = copy.copy(statement)
        part.names = [alias]
        parts.append(part)
    return parts


def is_compiled(function: Function) -> bool:
    """Whether it is made into something else than Python, whose lines nobody tells."""
    decorators = [d.func if isinstance(d, ast.Call) else d for d in function.decorator_list]
    return any(dotted(d).rpartition(".")[2] in _COMPILERS for d in decorators)


_COMPILERS = frozenset({"jit", "njit", "vectorize", "guvectorize", "cfunc", "stencil"})


def token(statement: ast.stmt) -> str:
    """What a statement is aligned by: definitions by name, everything else by what it says."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        # A property's parts share a name.
        roles = [d.attr for d in statement.decorator_list if isinstance(d, ast.Attribute)]
        role = next((r for r in roles if r in ("setter", "getter", "deleter")), "")
        return f"def {statement.name} {role}"
    if isinstance(statement, ast.ClassDef):
        return f"class {statement.name}"
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        names = bound(statement)
        if len(names) == 1:
            return f"{type(statement).__name__} {min(names)}"
    if isinstance(statement, ast.If):
        return f"if {digest(statement.test)}"
    if isinstance(statement, ast.Try):
        return f"try {digest(*statement.handlers)}"
    return digest(statement)


def evaluated(statement: ast.stmt, file: Version) -> frozenset[str]:
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
        inner = [evaluated(s, file) for s in statement.body]
        return evaluated(ast.Expr(ast.Tuple(statement.bases)), file).union(*inner)
    return (
        frozenset(
            node.id
            for part in parts
            for node in ast.walk(part)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        )
        - _BUILT_IN
    )


def is_star(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and any(a.name == "*" for a in statement.names)


def is_plain_import(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom) and not is_star(statement)


def stored(statement: ast.AST) -> frozenset[str]:
    """All names that are bound anywhere in a statement."""
    return frozenset(
        name
        for node in ast.walk(statement)
        for name in (
            [node.id]
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
            else bound(node)
            if isinstance(node, ast.stmt)
            else ()
        )
    )


_BUILT_IN = frozenset(dir(builtins))


def often_bound(body: Iterable[ast.stmt]) -> frozenset[str]:
    counts = Counter(name for statement in body for name in bound(statement))
    return frozenset(name for name, count in counts.items() if count > 1)


def without_annotations(function: Function) -> str:
    """A digest of the signature and decorators alone."""
    bare = copy.deepcopy(function.args)
    for node in ast.walk(bare):
        if isinstance(node, ast.arg):
            node.annotation = None
    kind = type(function).__name__
    return kind + digest(bare, *function.decorator_list, *getattr(function, "type_params", ()))


def with_header(function: Function, other: Function) -> Function:
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


def every_body(statement: ast.AST) -> int:
    """The lines of all function bodies in a statement."""
    found = 0
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found |= body_lines(node)
    return found

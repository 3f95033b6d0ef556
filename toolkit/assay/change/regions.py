"""Which recorded lines prove that a run reached what changed inside one function (pure).

The argument. Take a test's run of the old function and follow the new function along with it. As
long as no edited place is reached, both do the same: every statement before it is unchanged, works
on the same names, and leads to the same next statement. So if the old run reached no edited place,
the new run does not either, and the function's part in the test is the same from end to end.

It holds under these conditions, each of which `changed_lines` checks; where one fails, the whole
body counts as changed:

1. The signature, decorators and defaults are equal (the caller compares those).
2. Every name that the old function mentions, in itself or in a function nested in it, is of the
   same kind there as before (local, global, free ...): a new assignment in a branch that never ran
   can turn a global read elsewhere into UnboundLocalError.
3. It is a generator, a coroutine, or neither, as before; so are the functions nested in it.
4. It does not look at its own names as data (`locals`, `eval` ...), unless they are the same names.

"Reached" is read off the recorded lines, and every doubt counts as reached: a place between two
statements by the lines of both of its neighbours, a statement that leaves no line event of its own
by those around it.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from assay.change.digest import digest

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

LISTS = ("body", "orelse", "finalbody")
SELF_READERS = frozenset({"locals", "vars", "dir", "eval", "exec", "globals"})


def span(first: int, last: int) -> int:
    """The mask of the lines from `first` to `last`; bit N is line N."""
    return (1 << (last + 1)) - (1 << first)


def lines_of(node: ast.AST) -> int:
    """The mask of all lines that a node occupies, decorators included."""
    first: int = getattr(node, "lineno", 0)
    for decorator in getattr(node, "decorator_list", ()):
        first = min(first, decorator.lineno)
    return span(first, getattr(node, "end_lineno", None) or first)


def body_lines(function: Function) -> int:
    """The mask of a function's body."""
    first = lines_of(function.body[0])
    return span((first & -first).bit_length() - 1, function.end_lineno or function.lineno)


def changed_lines(
    old: Function, new: Function, old_scope: symtable.SymbolTable, new_scope: symtable.SymbolTable
) -> int:
    """The old lines of which a run must have executed one to be affected by the new body."""
    before, after = without_docstring(old.body), without_docstring(new.body)
    if not _comparable(old, new, old_scope, new_scope):
        return body_lines(old)
    # Calling a function runs no line of its header: only its body tells that it was called.
    return list_lines(before, after, body_lines(old))


def leaves_no_trace(function: Function) -> bool:
    """Whether a call need not give any line event in the body (`def f(): "text"` on 3.13)."""
    return all(is_silent(statement) for statement in function.body)


def without_docstring(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    return list(body[1:] if docstring_of(body) is not None else body)


def docstring_of(body: Sequence[ast.stmt]) -> str | None:
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        value = first.value.value
        return value if isinstance(value, str) else None
    return None


# Conditions


def _comparable(
    old: Function, new: Function, old_scope: symtable.SymbolTable, new_scope: symtable.SymbolTable
) -> bool:
    if suspends(old) != suspends(new):
        return False
    before, after = _scopes(old_scope), _scopes(new_scope)
    for path, scopes in before.items():
        others = after.get(path, scopes)
        # Which of several under one name is which, only their number and order tell.
        if len(scopes) != len(others):
            return False
        for scope, other in zip(scopes, others, strict=True):
            if any(other.get(name, kinds) != kinds for name, kinds in scope.items()):
                return False
    mentioned, mentioned_now = _names(before), _names(after)
    return not SELF_READERS & mentioned or mentioned == mentioned_now


_Kinds = dict[str, tuple[bool, ...]]


def _scopes(table: symtable.SymbolTable) -> dict[tuple[str, ...], list[_Kinds]]:
    """For a function and all that are nested in it, by their names, the kinds of the names in it.

    Lambdas and comprehensions bind no names but their own, and find all others where the function
    around them does: those of one function are taken together, without what they bind.
    """
    found: dict[tuple[str, ...], list[_Kinds]] = {}
    pending: list[tuple[symtable.SymbolTable, tuple[str, ...], frozenset[str]]] = [
        (table, (table.get_name(),), frozenset())
    ]
    while pending:
        scope, path, bound = pending.pop()
        nameless = _is_nameless(scope)
        if nameless:
            own = {s.get_name() for s in scope.get_symbols() if s.is_local() or s.is_parameter()}
            bound |= own
            here = found.setdefault((*path, "lambda"), [{}])[0]
            for symbol in scope.get_symbols():
                if symbol.get_name() not in bound:
                    here[symbol.get_name()] = (symbol.is_global(), symbol.is_free())
        else:
            found.setdefault(path, []).append(
                {
                    symbol.get_name(): (
                        symbol.is_local(),
                        symbol.is_parameter(),
                        symbol.is_global(),
                        symbol.is_free(),
                        symbol.is_nonlocal(),
                        symbol.is_declared_global(),
                    )
                    for symbol in scope.get_symbols()
                }
            )
        for child in reversed(scope.get_children()):
            if _is_nameless(child):
                pending.append((child, path, bound if nameless else frozenset()))
            else:
                pending.append((child, (*path, child.get_name()), frozenset()))
    return found


def _is_nameless(scope: symtable.SymbolTable) -> bool:
    # Python 3.14 puts them in angle brackets.
    return scope.get_name().strip("<>") in _NAMELESS


_NAMELESS = frozenset({"lambda", "genexpr", "listcomp", "setcomp", "dictcomp"})


def _names(scopes: dict[tuple[str, ...], list[_Kinds]]) -> set[str]:
    return {name for several in scopes.values() for scope in several for name in scope}


def suspends(function: ast.AST) -> tuple[bool, bool]:
    """Whether a function is a coroutine, and whether it yields; not what is nested in it."""
    yields = any(isinstance(n, ast.Yield | ast.YieldFrom) for n in _own_nodes(function))
    return isinstance(function, ast.AsyncFunctionDef), yields


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    pending = list(getattr(function, "body", ()))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (*Definition, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))


# Statement by statement


def list_lines(old: Sequence[ast.stmt], new: Sequence[ast.stmt], around: int) -> int:
    """Evidence for the edits between two statement lists; `around` are the lines of what leads
    into the list."""
    if not old:
        return around if new else 0
    before, after = [digest(s) for s in old], [digest(s) for s in new]
    found = 0
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        if tag == "replace" and i2 - i1 == j2 - j1:
            pairs = list(zip(old[i1:i2], new[j1:j2], strict=True))
            if all(_same_shape(a, b) for a, b in pairs):
                for at, (a, b) in enumerate(pairs, i1):
                    found |= _in_statement(a, b, _neighbours(old, at, at + 1, around))
                continue
        for statement in old[i1:i2]:
            found |= lines_of(statement)
        if i1 == i2 or is_silent(old[i1]):
            found |= _neighbours(old, i1, i2, around)
    return found


def _neighbours(old: Sequence[ast.stmt], first: int, last: int, around: int) -> int:
    """The lines before and after a place in a list, each as far as a statement that surely leaves
    a trace; `around` if there is none on either side."""
    found, sure = 0, False
    for statement in reversed(old[:first]):
        found |= lines_of(statement)
        if not is_silent(statement):
            sure = True
            break
    if any(_may_leave(statement) for statement in old[first:last]):
        return found if sure else found | around
    for statement in old[last:]:
        found |= lines_of(statement)
        if not is_silent(statement):
            sure = True
            break
        if _may_leave(statement):
            # What follows in the list need not run.
            break
    return found if sure else found | around


def _may_leave(statement: ast.stmt) -> bool:
    """Whether a silent statement can lead elsewhere than to the next one."""
    return isinstance(statement, ast.Break | ast.Continue) or hasattr(statement, "body")


def is_silent(statement: ast.stmt) -> bool:
    """Whether running the statement need not give a line event within its own lines."""
    if isinstance(statement, ast.Expr):
        return _is_constant(statement.value)
    if isinstance(statement, ast.AnnAssign):
        return statement.value is None
    if isinstance(statement, ast.If | ast.While | ast.Assert):
        return _is_constant(statement.test)
    if isinstance(statement, ast.Try | ast.TryStar):
        return is_silent(statement.body[0])
    return isinstance(statement, ast.Pass | ast.Break | ast.Continue | ast.Global | ast.Nonlocal)


def _is_constant(value: ast.expr) -> bool:
    """Whether the compiler may know the value: `True`, `not 0`, `1 + 1`, `__debug__`."""
    return all(node.id == "__debug__" for node in ast.walk(value) if isinstance(node, ast.Name))


def _same_shape(old: ast.stmt, new: ast.stmt) -> bool:
    """Whether the two are one compound statement before and after, worth looking into."""
    if type(old) is not type(new):
        return False
    if not hasattr(old, "body"):
        return isinstance(old, ast.Match)
    return not isinstance(old, Definition) or old.name == getattr(new, "name", None)


def _in_statement(old: ast.stmt, new: ast.stmt, neighbours: int) -> int:
    """Evidence for the edits within one compound statement."""
    whole = lines_of(old) | (neighbours if is_silent(old) else 0)
    if isinstance(old, Definition):
        # A nested definition that was made in one test may be called in another: its own lines.
        # What describes it is read off it by whoever made it.
        same = _header(old) == _header(new) and suspends(old) == suspends(new)
        if not same or docstring_of(old.body) != docstring_of(getattr(new, "body", ())):
            return whole
        return _in_lists(old, new, whole)
    if isinstance(old, ast.Match):
        assert isinstance(new, ast.Match)
        return _in_cases(old, new, whole)
    found = 0
    if _header(old) != _header(new):
        found |= _header_lines(old) or whole
        if is_silent(old):
            return whole
    if isinstance(old, ast.Try | ast.TryStar):
        assert isinstance(new, ast.Try | ast.TryStar)
        if [_header(h) for h in old.handlers] != [_header(h) for h in new.handlers]:
            return whole
        for before, after in zip(old.handlers, new.handlers, strict=True):
            found |= list_lines(before.body, after.body, span(before.lineno, before.lineno))
    return found | _in_lists(old, new, whole)


def _in_cases(old: ast.Match, new: ast.Match, whole: int) -> int:
    same = digest(old.subject) == digest(new.subject) and [_header(case) for case in old.cases] == [
        _header(case) for case in new.cases
    ]
    if not same:
        return whole
    found = 0
    for before, after in zip(old.cases, new.cases, strict=True):
        # `case _` by itself is nothing to run.
        guard = lines_of(before.guard) if before.guard is not None else 0
        found |= list_lines(before.body, after.body, lines_of(before.pattern) | guard)
    return found


def _in_lists(old: ast.stmt, new: ast.stmt, whole: int) -> int:
    """Evidence in each of the statement's lists; where one was empty, the whole statement."""
    found = 0
    header = 0 if is_silent(old) else _header_lines(old)
    for field in LISTS:
        before, after = getattr(old, field, []), getattr(new, field, [])
        leads_in = whole if field != "body" else header or whole
        found |= list_lines(before, after, leads_in)
    return found


def _header(node: ast.AST) -> str:
    """A digest of a compound statement without the statements in it."""
    parts: list[ast.AST] = []
    names: list[str] = [type(node).__name__]
    for field, value in ast.iter_fields(node):
        if field in (*LISTS, "handlers", "cases"):
            continue
        values = value if isinstance(value, list) else [value]
        names.append(field)
        for item in values:
            if isinstance(item, ast.AST):
                parts.append(item)
            else:
                names.append(repr(item) if field != "type_comment" else "")
    return "|".join(names) + digest(*parts)


def _header_lines(node: ast.stmt) -> int:
    """The lines that run to decide what the statement does; 0 where it has none of its own."""
    parts: list[ast.AST]
    if isinstance(node, ast.If | ast.While):
        parts = [node.test]
    elif isinstance(node, ast.For | ast.AsyncFor):
        parts = [node.target, node.iter]
    elif isinstance(node, ast.With | ast.AsyncWith):
        parts = [item.context_expr for item in node.items]
    elif isinstance(node, Definition):
        return lines_of(node)
    else:
        return 0
    found = span(node.lineno, node.lineno)
    for part in parts:
        found |= lines_of(part)
    return found

"""A test of its own for one case of a parametrised test: a literal that holds for that one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from assay.explain.candidates import WIDTH, Candidate
from assay.explain.checks import Known, checks
from assay.explain.compare import Difference, Kind
from assay.explain.recording import TestFrame
from assay.explain.summaries import Summary, is_whole, literal
from assay.explain.testcode import Function, Patched, TestCode, is_check, is_simple

MOST = 2
"""So many are tried: each run starts from the import of the test file."""

LONG = 60
"""Characters of the longest argument that is written down."""


def case_candidates(
    code: TestCode, found: Iterable[Difference], node_id: str, frame: TestFrame, known: Known
) -> tuple[Candidate, ...]:
    """Best first. `frame` is that of the test's function, as it ran in this case."""
    name, _, case = node_id.rpartition("::")[2].partition("[")
    function = code.function(name, frame.first)
    if function is None or not case:
        return ()
    given = _given(function, frame, known)
    if not given:
        return ()
    new = free_name(name, case.removesuffix("]"), code)
    made: dict[str, Candidate] = {}
    for order, one in enumerate(found):
        if one.function == name and one.kind in (Kind.LOCAL, Kind.RESULT):
            for lines, check, rank in _bodies(code, function, one, known):
                patched = _patched(code, function, given, new, [*lines, check])
                last = function.end_lineno or function.lineno
                made.setdefault(
                    patched.text,
                    Candidate(
                        patched, frame.first, last, code.classes_of(function), (rank, order), new
                    ),
                )
    return tuple(sorted(made.values(), key=lambda one: one.rank)[:MOST])


def _given(function: Function, frame: TestFrame, known: Known) -> dict[str, str]:
    """The case's arguments as literals; empty if one has none."""
    names = parameters(function)
    first: Mapping[str, Summary | None] = frame.visits[0].changed if frame.visits else {}
    given: dict[str, str] = {}
    for name in names:
        value = first.get(name)
        text = literal(value) if value is not None and is_whole(value) else None
        if text is None or len(text) > LONG or not known.may_write(text):
            return {}
        given[name] = known.quoted(text)
    return given


def parameters(function: Function) -> tuple[str, ...]:
    """The arguments that `pytest.mark.parametrize` gives the function itself."""
    found: list[str] = []
    for node in function.decorator_list:
        if _is_parametrize(node) and isinstance(node, ast.Call) and node.args:
            try:
                names = ast.literal_eval(node.args[0])
            except ValueError:
                continue
            found += re.findall(r"\w+", names) if isinstance(names, str) else map(str, names)
    return tuple(found)


def _is_parametrize(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.parametrize")


def free_name(name: str, case: str, code: TestCode) -> str:
    """A name for the new test that the file does not use yet."""
    words = re.sub(r"\W+", "_", case, flags=re.ASCII).strip("_").lower()[:30].strip("_")
    base = f"{name}_{words}" if words else f"{name}_case"
    taken = {node.name for node in ast.walk(code.tree) if isinstance(node, Function)}
    number, new = 1, base
    while new in taken:
        number += 1
        new = f"{base}_{number}"
    return new


def _bodies(
    code: TestCode, function: Function, one: Difference, known: Known
) -> Iterator[tuple[list[str], str, int]]:
    """What leads to the value, without checks; the new check; its rank."""
    body = function.body
    place = next((n for n, s in enumerate(body) if _has_line(s, one.line)), None)
    if place is None or not is_simple(body[place]) or not one.constant:
        return
    before = [s for s in body[:place] if not is_check(s) and not _is_text(s)]
    root = one.name
    if one.kind is Kind.LOCAL:
        before.append(body[place])
    else:
        node = code.expression(body[place], one.place)
        if node is None:
            return
        root = code.source(node)
    lines = [line for statement in before for line in code.source(statement).splitlines()]
    indent = code.indent(body[place]) or ""
    for check in checks(root, one.root, one.path, one.after, one.masked, known):
        text = check.written(code.is_unittest(function))
        if "\n" not in text and len(indent + text) <= WIDTH:
            yield [line.removeprefix(indent) for line in lines], text, check.rank + 20


def _has_line(statement: ast.stmt, line: int) -> bool:
    return statement.lineno <= line <= (statement.end_lineno or statement.lineno)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _patched(
    code: TestCode, function: Function, given: Mapping[str, str], new: str, lines: Sequence[str]
) -> Patched:
    """The file with the new test behind the one that it is a case of."""
    indent = code.indent(function) or ""
    deeper = code.indent(function.body[0]) or indent + "    "
    others = [arg.arg for arg in function.args.args if arg.arg not in given]
    kind = "async def" if isinstance(function, ast.AsyncFunctionDef) else "def"
    marks = [
        f"{indent}@{code.source(node)}"
        for node in function.decorator_list
        if not _is_parametrize(node)
    ]
    written = [
        *([""] if indent else ["", ""]),
        *marks,
        f"{indent}{kind} {new}({', '.join(others)}):",
        *(f"{deeper}{name} = {value}" for name, value in given.items()),
        *(f"{deeper}{line}" if line else "" for line in lines),
    ]
    at = code.starts[function.end_lineno or function.lineno]
    text = "".join(f"{line}{code.line_end}" for line in written)
    return code.patched([(at, at, text)], lines[-1])

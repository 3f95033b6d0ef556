"""Where mutants lie, which are worth having, and how long an id lasts."""

from __future__ import annotations

import ast
import importlib
import random
from functools import cache
from pathlib import Path

import libcst as cst
import pytest

from assay.change.semantics import read_source
from assay.model.mutant import Mutant
from assay.mutation.apply import mutated_text
from assay.mutation.find import find, find_mutants
from assay.mutation.mutmut_adapter import MUTMUT_OPERATORS
from assay.mutation.operators.base import Operator, Swap
from assay.mutation.operators.table import ALL, EXTREME
from assay.mutation.settings import Settings
from assay.mutation.traverse import raw_mutations
from assay.mutation.tree import CannotMutate, Site

M = "<module>"
BY_MUTMUT = Settings(operators=MUTMUT_OPERATORS)


@cache
def found(text: str, path: str = "pkg/a.py") -> tuple[Mutant, ...]:
    return find_mutants(read_source(path, text.encode()), text, BY_MUTMUT)


def the(text: str, replacement: str) -> Mutant:
    (mutant,) = [mutant for mutant in found(text) if mutant.replacement == replacement]
    return mutant


def module_text(name: str) -> str:
    path = importlib.import_module(name).__file__
    assert path is not None
    return Path(path).read_bytes().decode()


# --- place --------------------------------------------------------------------------------------

PLACES = """\
A = 10
class K:
    b = 11
    @deco(
        12,
    )
    def m(self, c=13):
        d = 14
        class L:
            e = 15
            def n(self, g=16): return 17
        h = lambda: [18 for _ in self]
        def inner(
            i=19,
        ):
            return 20
        return inner

    class N:
        async def o(self):
            await p(21)

def q(r=22): return 23

if A:
    def s():
        return 24
else:
    t = 25
"""


@pytest.mark.parametrize(
    ("number", "unit", "scope", "line"),
    [
        (10, M, M, 1),
        (11, M, M, 3),
        (13, M, M, 7),
        (14, "K.m", "K.m", 8),
        (15, "K.m", "K.m", 10),
        (16, "K.m", "K.m", 11),
        (17, "K.m", "K.m.<locals>.L.n", 11),
        (18, "K.m", "K.m", 12),
        (19, "K.m", "K.m", 13),
        (20, "K.m", "K.m.<locals>.inner", 16),
        (21, "K.N.o", "K.N.o", 21),
        (22, M, M, 23),
        (23, M, "q", 23),
        (24, "s", "s", 27),
        (25, M, M, 29),
    ],
)
def test_a_mutant_knows_its_unit_its_function_and_its_statement(
    number: int, unit: str, scope: str, line: int
) -> None:
    # K.m has no unit of its own for what stands on one line with a signature (q); the body of a
    # nested function belongs to the outermost one.
    mutants = [
        mutant
        for mutant in found(PLACES)
        if mutant.operator == "number" and mutant.original == str(number)
    ]
    assert [(m.unit, m.scope, m.statement_line) for m in mutants] == [(unit, scope, line)]


def test_a_decorator_belongs_to_what_is_around_the_function() -> None:
    made = [m for m in found(PLACES) if m.span.start_line in (4, 5, 6)]
    places = {(m.unit, m.scope, m.statement_line, m.lines, m.kind) for m in made}
    assert places == {(M, M, 4, frozenset({4, 5, 6}), "decorator")}
    assert [m.replacement for m in made] == ["deco(\n        None,\n    )", "13"]


LINES = """\
x = f(
    10,
    11)
if (a == 12 and
        b):  # why

    # more
    c = 13
elif d == 14: e = 15
try:
    pass
except (g(16),
        H):
    pass
with open(17) as i, \\
        j:

    @deco
    def k(): pass
match l:
    case [18,
          _] if m(
            19):
        pass
    case (20 | 21): pass
class N(f(22)): p = 23
def q(
    r=24,
) -> int:
    '''Doc.'''
"""


@pytest.mark.parametrize(
    ("number", "lines"),
    [
        (10, {1, 2, 3}),
        (12, {4, 5}),
        (13, {8}),
        (14, {9}),
        (15, {9}),
        (16, {12, 13}),
        (17, {15, 16}),
        (18, {21, 22, 23}),
        (19, {21, 22, 23}),
        (20, {25}),
        (22, {26}),
        (23, {26}),
        (24, {27, 28, 29}),
    ],
)
def test_lines_are_those_of_a_statement_or_of_a_header(number: int, lines: set[int]) -> None:
    mutants = [
        mutant
        for mutant in found(LINES)
        if mutant.operator == "number" and mutant.original == str(number)
    ]
    assert [(m.lines, m.statement_line) for m in mutants] == [(frozenset(lines), min(lines))]


def test_a_removed_case_belongs_to_the_line_of_its_match() -> None:
    text = "def f(a):\n    match a:\n        case b.c:\n            d()\n        case _: e()\n"
    removals = [mutant for mutant in found(text) if mutant.operator == "match"]
    assert [(m.statement_line, m.lines, m.scope) for m in removals] == [
        (2, frozenset({2}), "f")
    ] * 2


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_places_do_not_depend_on_how_lines_end(ending: str) -> None:
    def places(text: str) -> list[tuple[object, ...]]:
        return [
            (m.id, m.unit, m.scope, m.span.start_line, m.statement_line, m.lines)
            for m in found(text)
            if m.operator != "match"
        ]

    assert places(PLACES.replace("\n", ending)) == places(PLACES)
    assert places(LINES.replace("\n", ending)) == places(LINES)


def test_places_are_right_after_text_that_is_not_ascii() -> None:
    text = "\ufeffdef f(): 'é'; return '𝄞\u2028\x0c', g(é='ß'), 1\n\ndef h():\n    return 2\n"
    assert (the(text, "2").scope, the(text, "2").unit) == ("f", M)
    assert (the(text, "3").scope, the(text, "3").unit) == ("h", "h")
    assert mutated_text(text, the(text, "2")).startswith(
        "\ufeffdef f(): 'é'; return '𝄞\u2028\x0c', g(é='ß'), 2\n"
    )


def test_mutants_come_in_order_of_position_then_operator() -> None:
    mutants = found(PLACES + LINES)
    assert list(mutants) == sorted(mutants, key=lambda m: (m.span, m.operator, m.replacement))


# --- which --------------------------------------------------------------------------------------


def test_mutants_that_do_the_same_are_made_once() -> None:
    text = "f(a, a)\n"
    assert len(raw_mutations(text, "a.py", MUTMUT_OPERATORS)) == 4
    assert [m.replacement for m in found(text)] == ["f(None, a)", "f(a)", "f(a, None)"]


def test_mutants_that_do_the_same_in_two_statements_are_both_made() -> None:
    assert len(found("f(a)\nf(a)\n")) == 2


def test_mutants_that_change_nothing_are_not_made() -> None:
    def brackets(site: Site) -> list[cst.CSTNode | Swap]:
        return [site.node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])]

    operator = Operator("brackets", (cst.Name,), brackets, "", "", {})
    text = "a = b\n"
    assert len(raw_mutations(text, "a.py", [operator])) == 2
    source = read_source("a.py", text.encode())
    made = find(source, text, Settings(operators=(operator,)))
    assert (made.mutants, [left.reason for left in made.left]) == ((), ["equal code"] * 2)


def test_return_is_not_put_where_python_forbids_it() -> None:
    loop = "while a:\n    break\n"
    assert found(loop) == ()
    body = loop.replace("\n", "\n    ").rstrip()
    assert found(f"class K:\n    {body}\n") == ()
    assert found(f"def f():\n  class K:\n    {body}\n") == ()
    last = f"def f():\n    {body}\n"
    assert [m.replacement for m in found(f"{last}    g()\n")] == ["return"]
    # At the end of a function it does what `break` does.
    assert found(last) == ()


def test_text_that_python_cannot_read_is_not_made() -> None:
    text = "match a:\n    case -1:\n        pass\n"
    assert [raw.replacement for raw in raw_mutations(text, "a.py", MUTMUT_OPERATORS)] == ["+1", "2"]
    assert [m.replacement for m in found(text)] == ["2"]


def test_nothing_is_made_of_annotations() -> None:
    text = "def f(a: g(1) = b, *c: 'x') -> d[True]:\n    e: h('y', 2)\n"
    assert found(text) == ()


@pytest.mark.parametrize("name", ["textwrap", "contextlib", "json.decoder"])
def test_mutants_of_real_code_compile_and_have_ids_of_their_own(name: str) -> None:
    text = module_text(name)
    mutants = found(text)
    assert len({mutant.id for mutant in mutants}) == len(mutants)
    for mutant in random.Random(7).sample(mutants, 60):
        compile(mutated_text(text, mutant), "a.py", "exec")


def test_a_file_libcst_cannot_read_is_refused() -> None:
    with pytest.raises(CannotMutate):
        found("def f(:\n")


def test_syntax_newer_than_this_python_still_has_mutants() -> None:
    # `ast` of the Pythons we run on does not know it; libcst does.
    text = "lazy import a\ndef f(b):\n    return (b\n            + 1)\n"
    (plus,) = [m for m in found(text) if m.operator == "swap_op"]
    assert "- 1" in mutated_text(text, plus)
    assert plus.span.start_line == 3
    assert {m.operator for m in found(text)} == {"swap_op", "number"}


def test_a_chain_too_long_for_recursion_is_refused_and_no_crash() -> None:
    text = "if a: pass\n" + "elif a: pass\n" * 2000
    with pytest.raises(CannotMutate, match="nested too deeply"):
        found(text)


# --- ids ----------------------------------------------------------------------------------------

IDS = """\
LIMIT = 10

def first(a, b="x"):
    if a > 1 and b == 'y':
        return f(a, b, c=[1, 2])
    for i in range(3):
        a += i if i else -1
    return not a

class K:
    def second(self):
        try:
            return {"a": 1, **self.b}
        except g(2):
            x = lambda: "z"
        match x:
            case 1: return True
            case _: return False
"""


def ids(text: str) -> list[str]:
    return [mutant.id for mutant in found(text)]


def test_ids_are_twelve_hexadecimal_digits() -> None:
    assert all(len(one) == 12 and int(one, 16) >= 0 for one in ids(IDS))


def test_ids_are_the_same_on_every_run_and_python() -> None:
    assert ids("def f(a):\n    return a + 1\n") == ["68a4bb7ccf82", "9de070c6c012"]


def test_ids_survive_code_above() -> None:
    added = "import os\n\n\ndef other(a):\n    return a * 7\n\n\n"
    assert set(ids(IDS)) <= set(ids(added + IDS))


@pytest.mark.parametrize("text", [IDS, PLACES])
def test_ids_survive_reformatting(text: str) -> None:
    assert set(ids(ast.unparse(ast.parse(text)))) == set(ids(text))


@pytest.mark.parametrize("name", ["heapq", "contextlib"])
def test_ids_of_all_operators_survive_reformatting_of_real_code(name: str) -> None:
    text = module_text(name)
    every = Settings(operators=(*ALL, *EXTREME))
    before, after = [
        {
            mutant.id
            for mutant in find_mutants(read_source("a.py", version.encode()), version, every)
            if mutant.operator not in ("string", "long_text")
        }
        for version in (text, ast.unparse(ast.parse(text)))
    ]
    assert before == after


@pytest.mark.parametrize("name", ["textwrap", "heapq", "contextlib", "json.decoder"])
def test_ids_survive_reformatting_of_real_code(name: str) -> None:
    # Strings are left out: ast.unparse joins adjacent ones and rewrites docstrings.
    text = module_text(name)
    before, after = [
        {mutant.id for mutant in found(version) if mutant.operator != "string"}
        for version in (text, ast.unparse(ast.parse(text)))
    ]
    assert before == after


def test_ids_survive_brackets_that_mean_nothing() -> None:
    assert ids("x = a or b and c\n") == ids("x = (a or (b and c))\n")
    assert ids("x = a or b and c\n") != ids("x = (a or b) and c\n")


def test_ids_survive_a_change_of_another_function() -> None:
    changed = IDS.replace("range(3)", "range(4)")
    before, after = found(IDS), found(changed)
    same = [{m.id for m in mutants if m.unit != "first"} for mutants in (before, after)]
    assert same[0] == same[1]
    assert {m.id for m in before} != {m.id for m in after}


def test_ids_do_not_survive_a_change_of_the_statement() -> None:
    assert set(ids("a = b + 1\n")).isdisjoint(ids("a = c + 1\n"))


def test_ids_differ_between_files_and_between_equal_statements() -> None:
    text = "f(a)\n"
    assert found(text)[0].id != found(text, "pkg/b.py")[0].id
    assert len(set(ids(text * 3))) == 3
    assert ids(text * 2) == ids(text * 3)[:2]


def test_ids_in_a_clause_survive_a_change_of_its_body_however_long() -> None:
    def clause(head: str, count: int) -> str:
        body = "".join(f"        f(a, {i})\n" for i in range(count))
        return f"try:\n    a\n{head}:\n{body}"

    for head in ("except g(1)", "except* g(1)"):
        short, long = found(clause(head, 2)), found(clause(head, 100))
        first = [{m.id for m in mutants if m.statement_line == 3} for mutants in (short, long)]
        assert first[0] == first[1] != set()


def test_ids_in_a_large_table_survive_a_new_entry_and_reformatting() -> None:
    def table(count: int) -> str:
        return "T = {\n" + "".join(f"    'k{i}': ({i}, 'v{i}'),\n" for i in range(count)) + "}\n"

    small, large = set(ids(table(90))), set(ids(table(91)))
    # `T = None` changes all of it, and so is another mutant with another table.
    assert len(small - large) == 1
    assert set(ids(ast.unparse(ast.parse(table(90))))) == small

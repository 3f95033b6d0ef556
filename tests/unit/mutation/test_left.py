"""Which mutants are not run, and why: equal code, the user's pragmas, patterns and globs."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

from assay.change.semantics import read_source
from assay.mutation.apply import mutated_text
from assay.mutation.equal import code_of
from assay.mutation.find import Found, find
from assay.mutation.settings import Settings, settings_of


def found(code: str, settings: Settings | None = None, path: str = "pkg/a.py") -> Found:
    text = dedent(code)
    return find(read_source(path, text.encode()), text, settings or Settings())


def left(code: str, reason: str, settings: Settings | None = None) -> list[str]:
    """What the mutants left for a reason would have made of the code."""
    text = dedent(code)
    return [
        mutated_text(text, one.mutant) for one in found(code, settings).left if one.reason == reason
    ]


def lines_mutated(code: str, settings: Settings | None = None) -> set[int]:
    return {mutant.span.start_line for mutant in found(code, settings).mutants}


# --- code ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "equal"),
    [
        ("def f():\n    g()\n    return\n", "def f():\n    g()\n    pass\n"),
        ("def f():\n    for x in y: continue\n", "def f():\n    for x in y: pass\n"),
        ("def f():\n    if x:\n        return None\n", "def f():\n    if x:\n        pass\n"),
    ],
)
def test_a_mutant_that_compiles_to_the_same_code_is_not_run(code: str, equal: str) -> None:
    assert equal in left(code, "equal code")


def test_the_same_change_where_it_matters_is_run() -> None:
    code = "def f():\n    if x: return\n    g()\n"
    assert left(code, "equal code") == []
    changed = code.replace("return", "pass")
    assert changed in [mutated_text(code, mutant) for mutant in found(code).mutants]


def test_of_two_mutants_of_the_same_code_one_is_run() -> None:
    code = "def f():\n    raise E\n    g()\n"
    assert len(found(code).mutants) + len(found(code).left) >= 2
    code = "def f(a):\n    try: g()\n    except E: raise X\n    h()\n"
    made = [mutated_text(code, m) for m in found(code).mutants]
    assert len(set(made)) == len(made)
    text = "def f():\n    g(a, a)\n"
    assert left(text, "duplicate") == ["def f():\n    g(a, )\n"]


def test_code_is_compared_without_lines_but_with_types_signs_and_names() -> None:
    base = code_of("def f(a):\n    return a + 1\n", 0)
    assert base is not None
    assert code_of("\n\ndef f(a):\n\n    return (a +\n        1)\n", 0) == base
    for other in ("a + 1.0", "a + True", "b + 1", "a - 1", "lambda: a + 1"):
        assert code_of(f"def f(a):\n    return {other}\n", 0) != base
    assert code_of("x = 0.0", 0) != code_of("x = -0.0", 0)
    assert code_of("x = (0, 1)", 0) != code_of("x = (0, True)", 0)
    assert code_of("def f(: pass", 0) is None


def test_what_does_not_compile_is_not_run_in_methods_with_private_names_and_closures() -> None:
    code = """\
    class K:
        def f(self):
            x = self.__y
            def g():
                nonlocal x
                x = super().f()
                return __class__, x
            return g
        while True:
            break
    """
    assert left(code, "does not compile") == [
        dedent(code).replace("        break", "        return")
    ]
    for mutant in found(code).mutants:
        compile(mutated_text(dedent(code), mutant), "a.py", "exec")


def test_annotations_that_are_never_evaluated_do_not_matter_with_the_future_import() -> None:
    code = "from __future__ import annotations\ndef f():\n    x: int = 1\n    return x\n"
    assert found(code).mutants


@pytest.mark.parametrize("head", ["T = {", "def f(a):\n  return {"])
def test_entries_of_a_large_table_are_compared_one_by_one(head: str) -> None:
    code = head + "".join(f"    'k{i}': ({i}, a + {i}),\n" for i in range(90)) + "}\n"
    made = found(code, settings_of("number,string"))
    assert len(made.mutants) == 90 * 4
    assert made.left == ()


# --- pragmas ------------------------------------------------------------------------------------

PRAGMAS = """\
a = f(1)
b = f(2)  # pragma: no mutate
# pragma: no mutate start
c = f(3)
d = f(4)
# pragma: no mutate end
if e:  # pragma: no mutate block
    g = f(5)
h = i(
    6,  # pragma: no mutate
    7,
)
@deco(8)
def j(k=9):  # pragma: no mutate block
    return 10
def l():
    # pragma: no mutate block
    m = 11
    return m
return_ = 12
"""


def test_the_forms_of_the_pragma_are_honoured_by_mutants_of_both_tables() -> None:
    assert lines_mutated(PRAGMAS) == {1, 9, 11, 20}
    assert lines_mutated(PRAGMAS, Settings(operators=settings_of("mutmut").operators)) == {
        1, 9, 11, 20,
    }  # fmt: skip
    reasons = {one.reason for one in found(PRAGMAS).left}
    assert reasons == {"pragma: no mutate"}


def test_nothing_is_made_that_takes_away_a_line_with_a_pragma() -> None:
    made = [m.replacement for m in found(PRAGMAS).mutants if m.span.start_line == 9]
    assert all("6,  # pragma: no mutate" in text for text in made)
    assert len(made) == 2


def test_code_without_pragmas_has_none_left_for_them() -> None:
    assert left(re.sub("  # pragma.*|# pragma.*", "", PRAGMAS), "pragma: no mutate") == []


# --- mutmut's table -----------------------------------------------------------------------------


def test_expressions_on_lines_that_match_a_pattern_are_left() -> None:
    code = "a = audit(1)\nb = f(\n    audit(2),\n    3)\nc = f(4)\n"
    settings = settings_of("mutmut", patterns=[r"audit\("])
    assert lines_mutated(code, settings) == {2, 4, 5}
    made = [mutated_text(code, mutant) for mutant in found(code, settings).mutants]
    assert all("audit(1)" in text and "audit(2)" in text for text in made)
    assert left(code, "do_not_mutate_patterns", settings)


@pytest.mark.parametrize(
    ("only", "never", "path", "reason"),
    [
        ((), (), "pkg/a.py", ""),
        (("pkg/*",), (), "pkg/a.py", ""),
        (("lib/*",), (), "pkg/a.py", "only_mutate"),
        ((), ("pkg/a.py",), "pkg/a.py", "do_not_mutate"),
        ((), ("*/b.py",), "pkg/a.py", ""),
        (("*",), ("*.py",), "pkg/a.py", "do_not_mutate"),
        (("src/*",), (), "inner/src/a.py", ""),
        (("inner/src/*",), (), "inner/src/a.py", "only_mutate"),
    ],
)
def test_files_are_left_by_globs_from_the_project_down(
    only: tuple[str, ...], never: tuple[str, ...], path: str, reason: str
) -> None:
    settings = settings_of(only=only, never=never, top="inner" if "inner" in path else "")
    made = found("a = f()\n", settings, path)
    assert bool(made.mutants) == (not reason)
    assert {one.reason for one in made.left} == ({reason} if reason else set())


# --- kinds --------------------------------------------------------------------------------------

KINDS = """\
f(1)
class K:
    a = 2
    @property
    def b(self):
        return 3
    @classmethod
    def c(cls):
        return 4
    @staticmethod
    def d():
        return 5
    @lru_cache(6)
    def e(self, g=7):
        def h():
            return 8
        return 9
    def i(self):
        yield 10
    async def j(self):
        return 11
    async def k(self):
        yield 12
def l():
    m = lambda: 13
    n = [14 for _ in o]
    match p:
        case 15:
            q(16)
        case _ if 17: pass
    return 18
class R(enum.IntEnum):
    S = 19
@dataclass(frozen=True)
class T:
    u: int = 20
def v():
    def w():
        class X:
            def y(self): return 21
            z = 22
        return 23
"""


@pytest.mark.parametrize(
    ("number", "kind"),
    list(enumerate(
        [
            "module level", "class body", "property", "classmethod", "staticmethod", "decorator",
            "default argument", "nested function", "decorated function", "generator",
            "async function", "async generator", "lambda", "comprehension", "match", "function",
            "match", "function", "enum member", "dataclass field", "nested function", "class body",
            "nested function",
        ],
        start=1,
    )),
)  # fmt: skip
def test_a_mutant_knows_the_kind_of_code_it_stands_in(number: int, kind: str) -> None:
    made = found(KINDS, settings_of("number")).mutants
    assert [m.kind for m in made if m.original == str(number)] == [kind]


# --- lines --------------------------------------------------------------------------------------


def test_a_body_that_is_replaced_counts_by_its_first_statement() -> None:
    code = (
        "def f():\n    try:\n        g()\n    except E:\n        # why\n        h()\n        i()\n"
    )
    (emptied,) = found(code, settings_of("handler_emptied")).mutants
    assert (emptied.statement_line, emptied.lines, emptied.unit) == (6, frozenset({6}), "f")
    (extreme,) = found(code, settings_of(extreme=True)).mutants
    assert (extreme.statement_line, extreme.scope, extreme.unit) == (2, "f", "f")


def test_an_extreme_mutant_belongs_to_its_function_and_keeps_the_docstring() -> None:
    code = 'class K:\n    def f(self):\n        """Doc."""\n        g()\n        return 1\n'
    made = found(code, settings_of("extreme_none")).mutants
    assert [(m.unit, m.scope, m.statement_line, m.kind) for m in made] == [
        ("K.f", "K.f", 4, "method")
    ]
    assert mutated_text(code, made[0]) == code.replace("g()\n        return 1", "return None")

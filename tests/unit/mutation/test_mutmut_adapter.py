"""What mutmut's operators make of a text: what mutmut itself makes, exact splices, pragmas."""

from __future__ import annotations

import ast
import importlib
import random
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

from assay.mutation import mutmut_adapter
from assay.mutation.kinds import Kind
from assay.mutation.mutmut_adapter import MUTMUT_OPERATORS, mutmut_version, pragmas, self_check
from assay.mutation.operators.base import Operator, Swap
from assay.mutation.positions import LineTable
from assay.mutation.rules import RULES
from assay.mutation.traverse import RawMutation, raw_mutations, replacements
from assay.mutation.tree import CannotMutate, Site, Tree


def raws(text: str, path: str = "a.py") -> tuple[RawMutation, ...]:
    """What mutmut's operators make, but what a rule or a pragma leaves."""
    ignored = pragmas(text.removeprefix("\ufeff"), path)
    made = raw_mutations(text, path, MUTMUT_OPERATORS, RULES, ignored)
    return tuple(raw for raw in made if not raw.left)


class _DeepReplace(cst.CSTTransformer):
    """The oracle: put one node in the place of another in the tree."""

    def __init__(self, old: cst.CSTNode, new: cst.CSTNode) -> None:
        super().__init__()
        self.old, self.new, self.done = old, new, False

    def on_visit(self, node: cst.CSTNode) -> bool:
        return not (self.done or node is self.old)

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode:
        if original_node is self.old:
            self.done = True
            return self.new
        return updated_node


def spliced(text: str, raw: RawMutation) -> str:
    start, end = LineTable.of(text).offsets(raw.span)
    assert text[start:end] == raw.original
    return text[:start] + raw.replacement + text[end:]


def differing_splices(text: str, sample: int | None = None) -> list[RawMutation]:
    """Raw mutations whose splice is not what replacing the node gives."""
    tree = Tree.of(text, "a.py")
    made = list(replacements(tree, MUTMUT_OPERATORS))
    pairs = list(zip(raw_mutations(text, "a.py", MUTMUT_OPERATORS), made, strict=True))
    if sample is not None:
        pairs = random.Random(7).sample(pairs, sample)
    differing = []
    for raw, one in pairs:
        assert one.new is not None
        replaced = tree.module.visit(_DeepReplace(one.old.node, one.new))
        assert isinstance(replaced, cst.Module)
        if spliced(text, raw) != replaced.code:
            differing.append(raw)
    return differing


def made_of(text: str) -> set[tuple[str, str, str]]:
    return {(raw.operator, raw.original, raw.replacement) for raw in raws(text)}


def results_of(text: str) -> list[str]:
    return [spliced(text, raw) for raw in raws(text)]


def module_text(name: str) -> str:
    path = importlib.import_module(name).__file__
    assert path is not None
    return Path(path).read_bytes().decode()


# --- splicing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        ("textwrap", 25),
        ("json.decoder", 25),
        ("heapq", 25),
        ("contextlib", 15),
    ],
)
def test_a_splice_is_what_replacing_the_node_gives(name: str, sample: int) -> None:
    assert differing_splices(module_text(name), sample) == []


TRICKY = '''\
# -*- coding: utf-8 -*-
def f(a, b, *rest, c = 1 , d="é"):
    """Doc."""
    if (a
            and b   # why
            or not (c)):
        x = (not a); y = ( - b ); break_ = 1;
    while (a)is(b) :
        if a  in  b: continue; z = 1
        break;
    return(not a), f(  a , # first
        ("u\u2028v" ), b = (c  if a else d),
        **rest), [~ a for a in (b) if a<b<=c]
\x0c
class K:
    A: int = 1 ; B = None ;
    def g(self):
        match self . a :
            # before the first
            case  1 :  # first

                return (1
                    + 2)
            # before the second
            case "é" if (a):
                return 2

            # in the first's wake
        # after
        self.a  **=  f(lambda : 1, -  1)  # end
'''


def _at_end_of_file(ending: str) -> str:
    return f"def f(a):\n  match a:\n    case 1:\n      return 1\n    case 2: return 2{ending}"


@pytest.mark.parametrize(
    "text",
    [
        TRICKY,
        TRICKY.replace("\n", "\r\n"),
        TRICKY.rstrip("\n"),
        TRICKY.replace("    ", "\t"),
        _at_end_of_file(""),
        _at_end_of_file("\n"),
        _at_end_of_file("\n\n  # the end"),
        _at_end_of_file("").replace("\n", "\r\n"),
    ],
)
def test_odd_layout_is_spliced_exactly(text: str) -> None:
    assert differing_splices(text) == []
    for result in results_of(text):
        assert ast.dump(ast.parse(result)) != ast.dump(ast.parse(text))


@pytest.mark.parametrize("name", ["textwrap", "heapq", "json.decoder"])
def test_mutations_of_real_code_parse_and_change_what_it_means(name: str) -> None:
    text = module_text(name)
    original = ast.dump(ast.parse(text))
    results = random.Random(7).sample(results_of(text), 40)
    assert [result for result in results if ast.dump(ast.parse(result)) == original] == []


def test_lines_that_end_in_cr_alone_keep_their_places() -> None:
    assert results_of("a = 1\rb = 2\r") == [
        "a = None\rb = 2\r",
        "a = 2\rb = 2\r",
        "a = 1\rb = None\r",
        "a = 1\rb = 3\r",
    ]


def test_a_byte_order_mark_stays_and_no_column_counts_it() -> None:
    text = "\ufeffa = 1\nb = f(1)\n"
    assert all(result.startswith("\ufeff") for result in results_of(text))
    first = raws(text)[0]
    assert (first.span.start_line, first.span.start_column, first.original) == (1, 0, "a = 1")


def test_columns_are_code_points() -> None:
    (number,) = [raw for raw in raws('x = "é𝄞", 1\n') if raw.original == "1"]
    assert (number.span.start_column, number.span.end_column) == (10, 11)


def test_neither_form_feeds_nor_unicode_separators_end_a_line() -> None:
    text = 'x = "a\u2028b\x0cc\x85d"\n\x0c\ny = 1\n'
    (number,) = [raw for raw in raws(text) if raw.original == "1"]
    assert number.span.start_line == 3


def test_a_condition_broken_over_lines_keeps_its_lines() -> None:
    text = "if (a\n        and b  # why\n        and c):\n    pass\n"
    assert {
        "if (a\n        or b  # why\n        and c):\n    pass\n",
        "if (a\n        and b  # why\n        or c):\n    pass\n",
    } == set(results_of(text))


def test_dropping_not_keeps_the_brackets_around_it() -> None:
    assert "def f(a):\n    return(a)\n" in results_of("def f(a):\n    return(not a)\n")
    assert "x = (a < b) == c\n" in results_of("x = (not a < b) == c\n")
    assert "x = a\n" in results_of("x = not a\n")


def test_a_replaced_break_keeps_its_semicolon_and_gets_none() -> None:
    text = "while a:\n    if b: break; c\n    break;\n    break\n"
    assert results_of(text) == [
        "while a:\n    if b: return; c\n    break;\n    break\n",
        "while a:\n    if b: break; c\n    return;\n    break\n",
        "while a:\n    if b: break; c\n    break;\n    return\n",
    ]


def test_a_removed_case_leaves_decorators_in_the_others() -> None:
    text = (
        "match a:\n    case 1:\n        @deco(1,\n              2)\n        def f(): return b\n"
        "    case _:\n        pass\n"
    )
    removed = [raw for raw in raws(text) if raw.operator == "match"]
    assert [spliced(text, raw).rstrip("\n") for raw in removed] == [
        "match a:\n    case _:\n        pass",
        text.removesuffix("\n    case _:\n        pass\n"),
    ]


# --- what mutmut itself makes ------------------------------------------------------------------


def squeezed(node: cst.CSTNode) -> str:
    """A node's text without what `in_layout_of` may change of it."""
    text = cst.Module([]).code_for_node(node)
    return "".join(c for c in text if not c.isspace() and c not in "();")


Summary = tuple[str, int, int, str]


def made_by_mutmut(text: str) -> Counter[Summary]:
    """What mutmut's own visitor makes, pragmas aside."""
    names: dict[tuple[int, int], tuple[str, cst.CSTNode]] = {}

    def named(function: object) -> object:
        def operator(node: cst.CSTNode) -> object:
            for new in function(node):  # type: ignore[operator]
                name = function.__name__.removeprefix("operator_")  # type: ignore[attr-defined]
                names[id(node), id(new)] = (name, new)
                yield new

        return operator

    wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    visitor = MutationVisitor(
        [(kind, named(function)) for kind, function in mutation_operators],  # type: ignore[misc]
        IgnoredCode(set(), set(), set()),
    )
    wrapper.visit(visitor)
    table, places = LineTable.of(text), wrapper.resolve(PositionProvider)
    found: Counter[Summary] = Counter()
    for made in visitor.mutations:
        place = places[made.original_node]
        first = table.offset(place.start.line, place.start.column)
        last = table.offset(place.end.line, place.end.column)
        name = names[id(made.original_node), id(made.mutated_node)][0]
        found[name, first, last, squeezed(made.mutated_node)] += 1
    return found


def is_skipped_by_mutmut(site: Site) -> bool:
    """Whether the node stands where mutmut's visitor does not go."""
    for node in (site.node, *(outer.node for outer in site.parents())):
        match node:
            case cst.Decorator():
                return True
            case cst.Call(func=cst.Name("len" | "isinstance")):
                return True
            case cst.Param(default=cst.BaseExpression()):
                return True
            case cst.FunctionDef(name=cst.Name("__new__" | "__setattr__" | "__getattribute__")):
                return True
            case cst.FunctionDef() if node.decorators:
                return True
            case cst.FunctionDef(name=cst.Name("__init__" | "_generate_next_value_")):
                return True
    return False


@pytest.mark.parametrize("name", ["textwrap", "json.decoder", "contextlib", "reprlib", "cmd"])
def test_mutmut_makes_the_same_wherever_it_looks(name: str) -> None:
    text = module_text(name)
    ours: Counter[Summary] = Counter()
    more: list[Site] = []
    theirs = made_by_mutmut(text)
    for made in replacements(Tree.of(text, "a.py"), MUTMUT_OPERATORS):
        assert made.new is not None
        key = (made.operator.name, made.old.first, made.old.last, squeezed(made.new))
        ours[key] += 1
        if ours[key] > theirs[key]:
            more.append(made.old)
    assert theirs - ours == Counter()
    assert [site.node for site in more if not is_skipped_by_mutmut(site)] == []
    assert more


def test_each_operator_is_shown_only_nodes_it_makes_something_of() -> None:
    # `swap_op` and `keywords` are shown fewer nodes than mutmut shows them: none is missed.
    shown = {one.name: one.kinds for one in MUTMUT_OPERATORS}
    functions = {f.__name__.removeprefix("operator_"): f for _, f in mutation_operators}
    for site in Tree.of(module_text("textwrap"), "a.py").sites:
        for name in ("swap_op", "keywords"):
            if not isinstance(site.node, shown[name]):
                assert list(functions[name](site.node)) == []


# --- what the operators make --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("f(1.5)", {("number", "1.5", "2.5"), ("arg_removal", "f(1.5)", "f(None)")}),
        (
            "g('Ab')",
            {
                ("string", "'Ab'", "'XXAbXX'"),
                ("string", "'Ab'", "'ab'"),
                ("string", "'Ab'", "'AB'"),
                ("arg_removal", "g('Ab')", "g(None)"),
            },
        ),
        ("a = b", {("assignment", "a = b", "a = None")}),
        ("a = None", {("assignment", "a = None", 'a = ""')}),
        ("a: int = b", {("assignment", "a: int = b", "a: int = None")}),
        (
            "a += b",
            {("augmented_assignment", "a += b", "a = b"), ("swap_op", "a += b", "a -= b")},
        ),
        ("not a", {("remove_unary_ops", "not a", "a")}),
        ("a is b", {("keywords", "is", "is not")}),
        ("a not in b", {("keywords", "not in", "in")}),
        ("True", {("name", "True", "False")}),
        ("lambda: a", {("lambda", "lambda: a", "lambda: None")}),
        (
            "a if b else c",
            {
                ("if_exp", "a if b else c", "a if (b) and False else c"),
                ("if_exp", "a if b else c", "a if (b) or True else c"),
            },
        ),
        (
            "f(a, b)",
            {
                ("arg_removal", "f(a, b)", "f(None, b)"),
                ("arg_removal", "f(a, b)", "f(a, None)"),
                ("arg_removal", "f(a, b)", "f(b)"),
                ("arg_removal", "f(a, b)", "f(a, )"),
            },
        ),
        ("s.lower()", {("symmetric_string_methods_swap", "s.lower()", "s.upper()")}),
        ("a < b", {("swap_op", "< b", "<= b")}),
        ("(a<b)", {("swap_op", "<b", "<=b")}),
        ("-a", {("swap_op", "-a", "+a")}),
        ("x: int", set()),
        ("def f(a: 'int' = b) -> 'str': ...", set()),
        ("len(a.b)", set()),
        ("len(a + b)", {("swap_op", "a + b", "a - b")}),
        ("isinstance(a, b)", {("arg_removal", "isinstance(a, b)", "isinstance(None, b)")}),
        ("a @ b", set()),
        ("return_", set()),
    ],
)
def test_what_is_made(text: str, made: set[tuple[str, str, str]]) -> None:
    assert made_of(text + "\n") == made


def of_names(site: Site) -> list[cst.CSTNode | Swap]:
    return [site.node.with_changes(value="b")]


def test_an_operator_of_our_own_is_shown_the_nodes_of_its_kind() -> None:
    operator = Operator("rename", (cst.Name,), of_names, "", "", {})
    made = raw_mutations("def f(a: int):\n    return  a\n", "a.py", [operator])
    assert [(raw.operator, raw.original, raw.replacement) for raw in made] == [
        ("rename", "f", "b"), ("rename", "a", "b"), ("rename", "a", "b"),
    ]  # fmt: skip


def test_an_odd_node_costs_the_file_only_its_own_mutants() -> None:
    assert ("number", "1", "2") in made_of("x = a if(b)else c\ny = 1\n")
    assert ("number", "1", "2") in made_of(f"x = 0x{'f' * 5000}\ny = 1\n")


# --- decorators ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "decorators",
    [
        ["@property"],
        ["@f.setter"],
        ["@cached_property"],
        ["@functools.lru_cache(maxsize=None)"],
        ["@contextmanager"],
        ["@staticmethod"],
        ["@staticmethod", "@classmethod"],
        ["@route(", '    "/",', "", "    methods=[", "'GET'],  # verbs", ")"],
        ["@(", "  name", ")"],
        ['@tell("""', "  @not one", 'x""")'],
        ["@one", "# between", "@two  # pragma: no mutate block"],
        ["@pytest.fixture"],
        ["@overloaded"],
    ],
)
@pytest.mark.parametrize("start", ["", "async "])
def test_a_decorated_function_is_mutated_in_its_body(decorators: list[str], start: str) -> None:
    def text(value: str) -> str:
        head = "".join(f"    {line}\n" if line else "\n" for line in decorators)
        return f"class K:\n{head}    {start}def f(self):\n        return {value}\n"

    made = [raw for raw in raws(text("a + b")) if raw.kind is not Kind.DECORATOR]
    assert [spliced(text("a + b"), raw) for raw in made] == [text("a - b")]


def test_a_decorated_function_inside_another_is_mutated() -> None:
    text = "def f(g):\n    @wraps(g)\n    def h():\n        return a + b\n    return h\n"
    assert results_of(text)[1:] == [text.replace("+", "-")]


@pytest.mark.parametrize("decorator", ["overload", "typing.overload"])
def test_an_overload_stub_is_left_alone(decorator: str) -> None:
    stub = f"@{decorator}\ndef f(a=1):\n    return 1\n"
    assert results_of(stub) == []
    assert len(results_of(stub + "def f(a):\n    return a + b\n")) == 1


def test_arguments_of_decorators_are_mutated_and_named_as_such() -> None:
    text = "@dataclass(frozen=True)\nclass K:\n    def f(self):\n        return a + b\n"
    assert [(raw.replacement, raw.kind) for raw in raws(text)] == [
        ("dataclass(frozen=None)", Kind.DECORATOR),
        ("False", Kind.DECORATOR),
        ("a - b", Kind.METHOD),
    ]


# --- pragmas and refusals -----------------------------------------------------------------------


def test_pragmas_are_honoured() -> None:
    text = (
        "a = b\n"
        "c = d  # pragma: no mutate\n"
        "def f():  # pragma: no mutate block\n    e = g\n"
        "# pragma: no mutate start\nh = i\nj = k\n# pragma: no mutate end\n"
        "m = n\n"
    )
    assert {original for _, original, _ in made_of(text)} == {"a = b", "m = n"}


def test_a_pragma_above_a_decorated_function_is_honoured() -> None:
    text = "@deco\ndef f():  # pragma: no mutate block\n    return a + b\n"
    assert results_of(text) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = b\n# pragma: no mutate end\n", "without a # pragma: no mutate start"),
        ("# pragma: no mutate start\na = b\n", "Missing no mutate end"),
        ("def f(:\n", "line 1: "),
        ("x = " + "+".join(["a"] * 1200) + "\n", "nested too deeply"),
    ],
)
def test_what_cannot_be_mutated_says_why_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(CannotMutate) as caught:
        raws(text, "pkg/a.py")
    assert str(caught.value).startswith("pkg/a.py: ")
    assert reason in caught.value.reason
    assert "\n" not in str(caught.value)


def test_an_empty_file_has_no_mutations() -> None:
    assert raws("") == raws("\n\n# only words\n") == ()


def test_doubtful_escapes_are_no_affair_of_ours() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert raws("@d\ndef f():\n    return '\\d'\n")


# --- mutmut itself ------------------------------------------------------------------------------


def test_the_installed_mutmut_is_the_one_we_know() -> None:
    assert mutmut_version().startswith("3.8.")
    assert self_check() is None


def test_the_reference_snippet_uses_every_operator() -> None:
    names = {operator.name for operator in MUTMUT_OPERATORS}
    used = {name for name, _, _ in mutmut_adapter._MADE_OF_REFERENCE}
    assert names - used == {"name"}


def test_a_mutmut_that_makes_other_mutants_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = tuple(sorted(mutmut_adapter._MADE_OF_REFERENCE))
    monkeypatch.setattr(mutmut_adapter, "_MADE_OF_REFERENCE", known[1:])
    assert self_check() == (
        f"mutmut {mutmut_version()} made {len(known)} mutants of the reference snippet "
        f"where {len(known) - 1} are expected: install mutmut>=3.8.1,<3.9"
    )
    other = (*known[:-1], ("zero", "1", "0"))
    monkeypatch.setattr(mutmut_adapter, "_MADE_OF_REFERENCE", other)
    message = self_check()
    assert message is not None
    assert f"made {known[-1]!r} where ('zero', '1', '0')" in message


def test_a_mutmut_with_other_signatures_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Visitor:
        def __init__(self, operators: object, config: object) -> None: ...

    expected = ("operators", "ignored_code", "covered_lines")
    monkeypatch.setattr(mutmut_adapter, "_SIGNATURES", ((expected, Visitor),))
    message = self_check()
    assert message is not None
    assert "takes other arguments for Visitor" in message


def test_a_mutmut_that_breaks_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutmut_adapter, "raw_mutations", None)
    message = self_check()
    assert message is not None
    assert "cannot mutate the reference snippet" in message
    assert "\n" not in message


def test_importing_the_package_alone_does_not_import_mutmut() -> None:
    code = "import sys, assay.mutation; print('mutmut' in sys.modules, 'libcst' in sys.modules)"
    root = Path(mutmut_adapter.__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, env={"PYTHONPATH": str(root)},
    )  # fmt: skip
    assert result.stdout.strip() == "False False"

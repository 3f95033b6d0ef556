"""Facts about which recorded lines mention a name, and how names are followed."""

from __future__ import annotations

from textwrap import dedent

import pytest

from assay.impact.mentions import ANY, ANY_MODULE, UNREADABLE, lines_with, read_mentions
from assay.impact.readers import MANY, Mentions
from assay.model.difference import Difference


def sources(**files: str) -> dict[tuple[str, str], str]:
    return {(f"{name}.py", "sha"): dedent(text) for name, text in files.items()}


def numbers(mask: int) -> set[int]:
    return {n for n in range(mask.bit_length()) if mask >> n & 1}


def readers(difference: Difference, **files: str) -> tuple[dict[str, set[int]], set[str], bool]:
    found = Mentions(sources(**files)).readers(difference, "m.py")
    lines = {path.removesuffix(".py"): numbers(mask) for (path, _), mask in found.lines.items()}
    return lines, set(found.classes), found.followed


def of_name(name: str, text: str) -> set[int]:
    lines, _, followed = readers(Difference("u", "w", names=frozenset({name})), m=text)
    assert followed
    return lines.get("m", set())


def of_value(name: str, text: str) -> set[int]:
    lines, _, followed = readers(Difference("u", "w", values=frozenset({name})), m=text)
    assert followed
    return lines.get("m", set())


def of_class(
    name: str, bases: str = "", **files: str
) -> tuple[dict[str, set[int]], set[str], bool]:
    one = Difference("u", "w", classes=frozenset({name}), bases=frozenset(bases.split()))
    return readers(one, **files)


def in_function(*body: str) -> str:
    return "\n".join(["def f(a):", *(f"    {line}" for line in body)]) + "\n"


# What a statement mentions


@pytest.mark.parametrize(
    "statement",
    [
        *("total", "total()", "x.total", "x.total()", "x.total = 1", "del x.total", "f(total=1)"),
        *("go('the total')", "getattr(x, 'total')", "f'{x.total}'", "'{0.total}'.format(x)"),
        *("patch('pkg.mod.total')", "import total", "from m import total", "import a.total.b"),
        *("x = [total for y in z]", "x = lambda: total", "return total"),
        *("raise total", "assert total", "with total: pass", "for x in total: pass", "total += 1"),
        *("x[total]", "x: total = 1", "yield total", "del total", "g(*total, **x)"),
    ],
)
def test_a_name_is_mentioned_in_any_position(statement: str) -> None:
    assert of_name("total", in_function("x", statement)) == {3}


@pytest.mark.parametrize(
    "statement",
    [
        *("subtotal", "total_", "'subtotals'", "total = 1", "for total in a: pass", "b'total'"),
        *("x.subtotal", "lambda total: 1", "# total", "pass"),
    ],
)
def test_another_word_or_a_local_of_the_name_is_no_mention(statement: str) -> None:
    assert of_name("total", in_function("x", statement)) == set()


def test_a_compound_statement_mentions_what_its_header_does() -> None:
    text = """\
    def f(a):
        if total:
            one
        elif two:
            total
        while (
            total
        ):
            three
        try:
            four
        except total:
            five
        match a:
            case total.x:
                six
            case C(total=1):
                seven
    """
    assert of_name("total", text) == {2, 5, 6, 7, 10, 12, 14, 15, 17}


def test_all_lines_of_a_plain_statement_mention_it() -> None:
    assert of_name("total", in_function("x(", "  1,", "  total)", "y")) == {2, 3, 4}


def test_a_very_long_text_is_no_mention() -> None:
    assert of_name("total", in_function("x", "go('" + "y " * 10_001 + " total')")) == set()
    assert of_name("total", in_function("x", "go('" + "y " * 100 + " total')")) == {3}


# Looked up by computed names


@pytest.mark.parametrize(
    "statement",
    [
        *("getattr(x, name)", "getattr(x, 'a' + b)", "getattr(x, f'{b}')", "setattr(x, name, 1)"),
        *("attrgetter(*names)", "operator.methodcaller(name)", "map(getattr, xs, names)"),
        *("partial(getattr, x)", "vars(x)", "dir(x)", "x.__dict__", "globals()", "eval(y)"),
        *("inspect.getmembers(x)", "C.__subclasses__()", "type(x).mro()", "pickle.loads(x)"),
        *("monkeypatch.setattr(x, name, 1)", "hasattr(x, name)", "create_autospec(x)"),
    ],
)
def test_a_look_up_by_a_computed_name_mentions_every_name(statement: str) -> None:
    assert of_name("total", in_function("x", statement)) == {3}


@pytest.mark.parametrize(
    "statement",
    [
        *(
            "getattr(x, 'other')",
            "hasattr(x, 'other')",
            "attrgetter('a', 'b')",
            "'the dir of vars'",
        ),
        *("json.loads(x)", "x.get(name)", "x[name]"),
    ],
)
def test_a_look_up_by_a_written_name_mentions_that_alone(statement: str) -> None:
    assert of_name("total", in_function("x", statement)) == set()


def test_a_difference_without_names_has_no_readers() -> None:
    lines, _, followed = readers(Difference("u", "w"), m=in_function("getattr(x, y)"))
    assert (lines, followed) == ({}, True)


# Values


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("total(1)", set()),
        ("x.total(1)", set()),
        ("f(total)", {3}),
        ("x = total", {3}),
        ("total.__doc__", {3}),
        ("total(total)", {3}),
        ("x.total", {3}),
        ("go('total')", set()),
    ],
)
def test_a_value_is_mentioned_where_it_is_not_called(statement: str, found: set[int]) -> None:
    assert of_value("total", in_function("x", statement)) == found
    assert of_name("total", in_function("x", statement)) == {3}


# At the top level


@pytest.mark.parametrize(
    ("top", "given"),
    [
        ("other = total", "other"),
        ("other = [total, {1: total}]", "other"),
        ("other: int = total", "other"),
        ("other = lambda: total", "other"),
        ("one = other = total", "other"),
        ("from m import total as other", "other"),
        ("import total as other", "other"),
        ("def other(a=total): pass", "other"),
        ("@lru_cache(total)\ndef other(): pass", "other"),
        ("class other(total): pass", "other"),
        ("@dataclass\nclass other(total): pass", "other"),
        ("class C:\n    other = total", "x.other"),
        ("class C:\n    def other(self, a=total): pass", "x.other"),
        ("if W:\n    other = total", "other"),
        ("try:\n    other = total\nexcept E: pass", "other"),
        ("one = total\ntwo = one\nother = two", "other"),
    ],
)
def test_a_name_that_is_given_to_another_is_followed(top: str, given: str) -> None:
    text = f"{top}\ndef f():\n    {given}\ndef g():\n    unlike\n"
    assert of_name("total", text) == {len(top.splitlines()) + 2}


@pytest.mark.parametrize(
    "top",
    [
        *("go(total)", "other = go(total)", "x.y = total", "@total\ndef g(): pass", "total"),
        *(
            "@go(total)\nclass C: pass",
            "class C(metaclass=total): pass",
            "class C(go(total)): pass",
        ),
        *("for x in total: pass", "if total: pass", "N = 1\nN += total", "with total: pass"),
        *("@pytest.mark.parametrize('x', total)\ndef g(): pass", "def g(a=go(total)): pass"),
        *("try:\n    import total\nexcept E: pass", "assert total"),
    ],
)
def test_what_uses_a_name_at_the_top_level_is_a_reader(top: str) -> None:
    assert of_name("total", top + "\n")


@pytest.mark.parametrize(
    "top",
    [
        *("import total", "from m import total", "__all__ = ['total']", "def total(): pass"),
        *("total = 1", "class total: pass", "def g(a: total) -> total: pass", "x: total = 1"),
    ],
)
def test_what_only_binds_a_name_at_the_top_level_is_none(top: str) -> None:
    assert of_name("total", top + "\n") == set()


def test_a_star_import_mentions_all() -> None:
    assert of_name("__all__", "from m import *\n") == {1}


def test_in_a_function_nothing_is_followed() -> None:
    assert of_name("total", in_function("other = total", "other")) == {2}


def test_names_are_followed_through_files() -> None:
    one = Difference("u", "w", names=frozenset({"total"}))
    lines, _, followed = readers(
        one,
        a="from m import total as amount\n",
        b="from a import amount\nLIMIT = amount\n",
        c="import b\ndef f():\n    b.LIMIT\ndef g():\n    b.other\n",
    )
    assert (lines, followed) == ({"c": {3}}, True)


def test_too_many_names_are_not_followed() -> None:
    def chain(count: int) -> str:
        return "x0 = total\n" + "".join(f"x{n + 1} = x{n}\n" for n in range(count))

    one = Difference("u", "w", names=frozenset({"total"}))
    assert readers(one, m=chain(MANY - 10))[2]
    assert readers(one, m=chain(MANY + 10)) == ({}, set(), False)


def test_a_name_of_a_package_is_taken_from_it_without_its_name() -> None:
    one = Difference("u", "w", names=frozenset({"total"}))
    texts = {
        ("pkg/__init__.py", ""): "total = 1\n",
        ("pkg/near.py", ""): "from . import total\ndef f():\n    total\n",
        ("pkg/sub/far.py", ""): "from .. import total\ndef f():\n    total\n",
        ("other/near.py", ""): "from . import total\ndef f():\n    total\n",
        ("other/own.py", ""): "total = 1\ndef f():\n    total\n",
    }
    found = Mentions(texts).readers(one, "pkg/__init__.py").lines
    assert {path: numbers(mask) for (path, _), mask in found.items()} == {
        "pkg/near.py": {3},
        "pkg/sub/far.py": {3},
    }


def test_a_variable_elsewhere_is_another_one_unless_it_was_imported() -> None:
    one = Difference("u", "w", names=frozenset({"total"}))
    lines, _, _ = readers(
        one,
        a="import m\ndef f():\n    total\n    m.total\n",
        b="from m import total\ndef f():\n    total\n",
        c="from m import *\ndef f():\n    total\n",
        d="import other\ndef f():\n    total\n    other.total\n",
        e="from b import total\ndef f():\n    total\n",
    )
    assert lines == {
        "a": {4},
        "b": {3},
        "c": {3},
        "e": {3},
    }


@pytest.mark.parametrize(
    ("between", "test"),
    [
        ("import m\nL = m.total\n", "from between import L\ndef f():\n    L\n"),
        ("import m\nL = m.total\n", "import between\ndef f():\n    between.L\n"),
        ("import m\nclass K:\n    L = m.total\n", "def f(k):\n    0\n    k.L\n"),
        ("from m import total as L\n", "from between import L\ndef f():\n    L\n"),
        ("import m as config\n", "from between import config\ndef f():\n    config.total\n"),
        ("import m\nconfig = m\n", "from between import config\ndef f():\n    config.total\n"),
        ("import m\nclass K:\n    mod = m\n", "def f(k):\n    0\n    k.mod.total\n"),
        ("import m\nclass K:\n    mod = m\n", "import x\ndef f(k):\n    k.mod.total\n"),
    ],
)
def test_a_name_of_a_module_is_followed_from_hand_to_hand(between: str, test: str) -> None:
    one = Difference("total", "w", names=frozenset({"total"}))
    lines, _, _ = readers(one, m="total = 1\n", between=between, test=test)
    assert lines == {"test": {3}}


def test_what_is_given_far_from_the_module_is_something_else() -> None:
    one = Difference("total", "w", names=frozenset({"total"}))
    lines, _, _ = readers(
        one,
        m="total = 1\n",
        far="KEYS = ['total']\nclass K:\n    L = 'total'\n",
        test="from far import KEYS\ndef f(k):\n    KEYS\n    k.L\n",
    )
    assert lines == {}


def test_a_package_that_a_module_is_reached_through_is_not_the_module() -> None:
    one = Difference("total", "w", names=frozenset({"total"}))
    lines, _, _ = readers(
        one,
        m="total = 1\n",
        near="import pkg.m\ndef f():\n    pkg.m.total\n",
        far="import pkg.n\ndef f():\n    pkg.n.total\n",
    )
    assert lines == {"near": {3}}


def test_what_a_module_gives_is_a_variable_of_its_own() -> None:
    one = Difference("total", "w", names=frozenset({"total"}))
    text = "import m\nL = m.total\ndef f():\n    L\n"
    lines, _, _ = readers(one, m="total = 1\n", n=text, other="L = 1\ndef f():\n    L\n")
    assert lines == {"n": {4}}


# Classes


def test_a_class_is_read_by_its_other_names_too() -> None:
    lines, _, followed = of_class(
        "C",
        m="class C: pass\n",
        n="from m import C as Base\nTable = [Base]\ndef f():\n    Base()\ndef g():\n    Table\n",
    )
    assert (lines, followed) == ({"n": {4, 6}}, True)


def test_a_class_that_comes_or_goes_is_looked_up_in_its_module_by_computed_names() -> None:
    names = frozenset({"C"})
    texts = {"m": "class C: pass\n", "n": "import m\ndef f(x):\n    getattr(m, x + 'Kind')\n"}
    lines, _, _ = readers(Difference("C", "is deleted", names=names, classes=names), **texts)
    assert lines == {"n": {3}}
    lines, _, _ = readers(Difference("C.x", "w", names=frozenset({"x"}), classes=names), **texts)
    assert lines == {}


def test_a_variable_is_not_what_a_class_has() -> None:
    one = Difference("C.total", "w", names=frozenset({"total"}), classes=frozenset({"C"}))
    lines, _, _ = readers(one, m="def f(x):\n    total\n    x.total\n    getattr(x, y)\n    C\n")
    assert lines == {"m": {3, 5}}


def test_a_class_is_read_by_its_name_and_those_of_derived_ones() -> None:
    found = of_class(
        "C",
        m="class C: pass\nclass D(C): pass\nclass E(m.D[int]): pass\nclass F: pass\n",
        n="def f():\n    C()\ndef g():\n    E()\ndef h():\n    F()\n",
    )
    assert found == ({"n": {2, 4}}, {"C", "D", "E"}, True)


def test_a_class_is_derived_from_under_another_name_too() -> None:
    found = of_class(
        "C",
        m="from n import C as Base\nclass D(Base): pass\n",
        n="class C: pass\n",
    )
    assert found == ({}, {"C", "D"}, True)


@pytest.mark.parametrize(
    "derived",
    [
        *("@register\nclass D(C): pass", "class D(C, metaclass=M): pass", "class D(make(C)): pass"),
        *("class D(C):\n    __slots__ = ()", "class D(C):\n    def __init_subclass__(cls): pass"),
        *("class D(C, Unknown): pass", "class C(other.C): pass"),
    ],
)
def test_a_derived_class_that_is_looked_at_is_not_followed(derived: str) -> None:
    assert not of_class("C", m=f"class C: pass\n{derived}\n")[2]


@pytest.mark.parametrize(
    "derived",
    [
        *("class D(C): pass", "@dataclass\nclass D(C): pass", "class D(C, ABC): pass"),
        *("class D(C, ValueError): pass", "class D(C, metaclass=ABCMeta): pass"),
    ],
)
def test_a_derived_class_that_is_not_is_followed(derived: str) -> None:
    assert of_class("C", m=f"class C: pass\n{derived}\n")[1:] == ({"C", "D"}, True)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("class B: pass", True),
        ("class A: pass\nclass B(A): pass", True),
        ("class A(metaclass=M): pass\nclass B(A): pass", False),
        ("class B(Unknown): pass", False),
        ("class B(B2): pass\nclass B2(B): pass", False),
        ("class B(other.B): pass", False),
        ("x = 1", False),
        ("class B: pass\n@register\nclass B: pass", False),
    ],
)
def test_bases_have_to_be_plain(text: str, plain: bool) -> None:
    assert of_class("C", "B", m=text + "\n")[2] == plain


# Files


def test_a_text_that_does_not_parse_may_mention_anything() -> None:
    assert read_mentions("def f(:\n") is UNREADABLE
    one = Difference("u", "w", names=frozenset({"total"}))
    [mask] = Mentions(sources(m="def f(:\n    getattr total\n")).readers(one, "m.py").lines.values()
    assert mask == -1


def test_two_contents_of_a_file_are_read_apart() -> None:
    texts = {("m.py", "1"): "def f():\n    total\n", ("m.py", "2"): "def f():\n    other\n"}
    found = Mentions(texts).readers(Difference("u", "w", names=frozenset({"total"})), "m.py")
    assert list(found.lines) == [("m.py", "1")]


def test_lines_with_words_are_those_of_statements_that_mention_one() -> None:
    text = in_function("x", "frame.f_lineno", "y('the f_lineno')", "z")
    assert numbers(lines_with(text, {"f_lineno", "never"})) == {3, 4}
    assert lines_with(text, {"never"}) == 0
    assert numbers(lines_with("import inspect\nX = inspect.getsource\n", {"getsource"})) == {2}


def test_what_a_statement_gives_is_kept() -> None:
    [one] = read_mentions("x = y\n").statements
    assert one.tokens == {"y"}
    assert one.gives == frozenset({"x"})
    [one] = read_mentions("x = getattr(y, z)\n").statements
    assert ANY in one.tokens
    assert one.gives is None


def test_a_text_without_a_path_may_import_from_its_package() -> None:
    assert lines_with("from . import a\ndef f(x):\n    return x.f_lineno\n", {"f_lineno"}) == 8


@pytest.mark.parametrize(
    ("text", "computed"),
    [
        ("import_module(name)\n", True),
        ("importlib.import_module(f'shop.{name}')\n", True),
        ("__import__(name)\n", True),
        ("import_module(name='shop')\n", True),
        ("list(map(import_module, names))\n", True),
        ("import_module('shop.tax')\n", False),
        ("from importlib import import_module\n", False),
        ("import shop\n", False),
    ],
)
def test_an_import_by_a_computed_name_stands_for_all_modules(text: str, computed: bool) -> None:
    assert (ANY_MODULE in read_mentions(text).tokens) == computed


@pytest.mark.parametrize(
    ("text", "computed"),
    [
        ("getattr(x, 'due')\n", False),
        ("getattr(x, 'due', name)\n", False),
        ("getattr(x, name)\n", True),
        ("attrgetter('a', 'b')\n", False),
        ("attrgetter('a', name)\n", True),
        ("attrgetter(name, 'b')\n", True),
        ("methodcaller(name)\n", True),
        ("import_module('.tax', package)\n", False),
    ],
)
def test_a_look_up_is_computed_where_its_names_are_not_written_out(
    text: str, computed: bool
) -> None:
    assert bool(read_mentions(text).tokens & {ANY, ANY_MODULE}) == computed


BOTH_WAYS = {
    ("shop/tax.py", "1"): "RATE = 1\n",
    ("shop/cart.py", "2"): "from shop.tax import RATE\ndef f():\n    return RATE\n",
    ("shop/menu.py", "3"): "def g(module):\n    return module.RATE\ndef h(x):\n    return x\n",
}


@pytest.mark.parametrize(
    ("loader", "found"),
    [
        ("import importlib\nimportlib.import_module(name)\n", {2}),
        ("import importlib\nimportlib.import_module('shop.other')\n", set()),
        ("import shop\n", set()),
    ],
)
def test_where_any_module_may_be_imported_a_modules_names_are_looked_for_everywhere(
    loader: str, found: set[int]
) -> None:
    mentions = Mentions({**BOTH_WAYS, ("shop/load.py", "4"): loader})
    rate = Difference("RATE", "changed", names=frozenset({"RATE"}))
    for _ in range(2):
        lines = mentions.readers(rate, "shop/tax.py").lines
        assert numbers(lines.get(("shop/menu.py", "3"), 0)) == found
        assert numbers(lines["shop/cart.py", "2"]) >= {3}


def test_a_module_is_imported_if_another_file_names_it_in_an_import() -> None:
    mentions = Mentions({**BOTH_WAYS, ("shop/own.py", "5"): "from shop.own import x\n"})
    assert mentions.is_imported("shop/tax.py")
    assert not mentions.is_imported("shop/menu.py")
    assert not mentions.is_imported("shop/own.py")

"""Facts about which expressions and definitions do nothing but make a value."""

from __future__ import annotations

import ast

import pytest

from assay.change.inert import dotted, inert_header, is_inert, is_mark, is_plain_decorator


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def function(text: str) -> ast.FunctionDef | ast.AsyncFunctionDef:
    found = ast.parse(text).body[0]
    assert isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef)
    return found


def decorator(text: str) -> ast.expr:
    return function(f"@{text}\ndef f(): pass").decorator_list[0]


@pytest.mark.parametrize(
    "text",
    [
        *("1", "'text'", "None", "name", "a.b.c", "(1, a)", "[1, *a]", "{1, a}", "{1: a, **b}"),
        *("-a", "a + 1", "a or b", "a < b", "a[1:2]", "a[b]", "x if y else z", "f'{a} {b:>{c}}'"),
        *(
            "lambda x: launch(x)",
            "lambda x=1: launch(x)",
            "[x for x in a if x]",
            "{x: 1 for x in a}",
        ),
        *("dict(a=1)", "frozenset({1})", "int('3')", "re.compile('x', re.I)", "range(3)"),
        *(
            "typing.cast('X', a)",
            "TypeVar('T')",
            "typing.TypeVar('T', bound=int)",
            "Path('a') / 'b'",
        ),
        *("pathlib.Path(__file__)", "logging.getLogger(__name__)", "pytest.param(1, id='x')"),
        *("collections.defaultdict(list)", "tuple(str(x) for x in (1, 2))", "field(default=1)"),
    ],
)
def test_a_value_is_inert(text: str) -> None:
    assert is_inert(expression(text))


@pytest.mark.parametrize(
    "text",
    [
        *("launch()", "a.launch()", "[launch()]", "1 + launch()", "f'{launch()}'", "a[launch()]"),
        *(
            "lambda x=launch(): x",
            "[launch(x) for x in a]",
            "{x for x in launch()}",
            "dict(a=launch())",
        ),
        *("(x := 1)", "compile('x', '', 'exec')", "cast('X', 1)", "other.compile('x')"),
        *("cache.set('a', 1)", "client.list()", "config.int('x')", "dict()()", "list(x)[0]()"),
        *("print(1)", "open('x')", "x if launch() else y", "re.sub('a', 'b', c)"),
    ],
)
def test_a_call_that_may_do_something_is_not(text: str) -> None:
    assert not is_inert(expression(text))


def test_a_name_with_another_meaning_in_the_file_is_not_inert() -> None:
    assert is_inert(expression("Counter('x')"))
    assert not is_inert(expression("Counter('x')"), {"Counter"})
    assert is_inert(expression("metrics.Counter('x')"))
    assert not is_inert(expression("metrics.Counter('x')"), {"metrics"})


def test_nothing_is_inert() -> None:
    assert is_inert(None)


@pytest.mark.parametrize(
    ("text", "name"),
    [("a", "a"), ("a.b.c", "a.b.c"), ("a().b", ""), ("a[0].b", ""), ("1", ""), ("'x'.y", "")],
)
def test_a_dotted_name_is_a_chain_of_names(text: str, name: str) -> None:
    assert dotted(expression(text)) == name


@pytest.mark.parametrize(
    "text",
    [
        *("property", "staticmethod", "classmethod", "total.setter", "total.deleter"),
        *("lru_cache", "functools.lru_cache(maxsize=None)", "functools.wraps(other)"),
        *("contextlib.contextmanager", "abc.abstractmethod", "typing.overload", "cached_property"),
    ],
)
def test_a_decorator_that_only_wraps_is_plain(text: str) -> None:
    assert is_plain_decorator(decorator(text), ())


@pytest.mark.parametrize(
    "text",
    [
        *("app.route('/')", "register", "pytest.fixture", "click.command()", "pytest.mark.slow"),
        *("lru_cache(maxsize=size())", "total.register", "factory()('x')", "table['x']"),
    ],
)
def test_a_decorator_that_may_keep_the_function_is_not(text: str) -> None:
    assert not is_plain_decorator(decorator(text), ())


def test_a_decorator_of_the_projects_own_is_not_plain_for_its_name() -> None:
    assert is_plain_decorator(decorator("cache"), ())
    assert not is_plain_decorator(decorator("cache"), {"cache"})
    assert not is_plain_decorator(decorator("tools.cache"), {"tools"})
    # The property itself is of the file.
    assert is_plain_decorator(decorator("total.setter"), {"total"})


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("pytest.mark.slow", True),
        ("pytest.mark.parametrize('x', [1, 2])", True),
        ("pytest.mark.parametrize('x', cases())", False),
        ("pytest.fixture", False),
        ("mark.slow", False),
        ("mypytest.mark.slow", False),
    ],
)
def test_a_mark_is_pytests_own_with_plain_arguments(text: str, mark: bool) -> None:
    assert is_mark(decorator(text), ()) == mark


@pytest.mark.parametrize(
    ("text", "inert"),
    [
        ("def f(a, b=1, *c, d=x.y, **e): launch()", True),
        ("async def f(a: int = 3) -> str: launch()", True),
        ("def f(a=launch()): pass", False),
        ("def f(*, a=launch()): pass", False),
        ("def f(a: launch()): pass", False),
        ("def f(a, /, b: launch()): pass", False),
        ("def f(*a: launch()): pass", False),
        ("def f(**a: launch()): pass", False),
        ("def f(*, a: launch()): pass", False),
        ("def f() -> launch(): pass", False),
        ("@property\ndef f(self): pass", True),
        ("@register\ndef f(): pass", False),
        ("@property\n@register\ndef f(): pass", False),
        ("@pytest.mark.slow\ndef f(): pass", False),
    ],
)
def test_a_header_is_inert_if_all_that_runs_in_it_is(text: str, inert: bool) -> None:
    assert inert_header(function(text), True, (), marks=False) == inert


def test_annotations_count_only_where_they_run_and_marks_only_in_tests() -> None:
    assert inert_header(function("def f(a: launch()): pass"), False, (), marks=False)
    assert inert_header(function("@pytest.mark.slow\ndef f(): pass"), True, (), marks=True)

"""Facts about the signs that a test used what an earlier one had left behind."""

from __future__ import annotations

from textwrap import dedent

import pytest

from assay.impact.kept import KeptIn
from assay.impact.memo import suspects
from assay.impact.reading import read_file


def kept_in(text: str) -> KeptIn:
    return read_file("m.py", text, ()).kept


def numbers(mask: int) -> set[int]:
    return {n for n in range(mask.bit_length()) if mask >> n & 1}


def mask(*lines: int) -> int:
    return sum(1 << line for line in lines)


def signs(
    text: str, ran: dict[str, list[int]], hits: dict[str, set[str]] | None = None
) -> dict[str, list[tuple[str, set[str]]]]:
    nodes = {key: {"m.py": mask(*lines)} for key, lines in ran.items()}
    tests = [key for key in ran if key.startswith("test:")]
    order = {key: place for place, key in enumerate(tests)}
    found = suspects(nodes, hits or {}, {"m.py": kept_in(dedent(text))}, order)
    return {key: [(s.what, set(s.makers)) for s in several] for key, several in found.items()}


CACHED = """\
@lru_cache
def table():
    return load()
"""

# Caches of functools


def test_a_test_that_a_cache_answered_may_have_its_value_from_those_who_ran_it() -> None:
    ran = {"test:a": [3], "test:b": [9]}
    assert signs(CACHED, ran, {"test:b": {"m.py::table"}}) == {
        "test:b": [("m.py::table", {"test:a"})]
    }


def test_a_test_that_made_the_value_itself_is_no_suspect() -> None:
    assert signs(CACHED, {"test:a": [3]}, {"test:a": {"m.py::table"}}) == {}


def test_a_cache_that_nobody_knows_tells_nothing() -> None:
    ran = {"test:a": [3], "test:b": [9]}
    assert signs(CACHED, ran, {"test:b": {"m.py::other", "n.py::table", "odd"}}) == {}


def test_only_tests_are_suspects_but_anybody_may_have_made_it() -> None:
    ran = {"module:m.py": [3], "test:b": [9], "fixture::x": [9]}
    hits = {"test:b": {"m.py::table"}, "fixture::x": {"m.py::table"}}
    assert signs(CACHED, ran, hits) == {"test:b": [("m.py::table", {"module:m.py"})]}


def test_a_cached_method_is_known_by_its_class() -> None:
    text = "class C:\n    @cache\n    def table(self):\n        return 1\n"
    ran = {"test:a": [4], "test:b": [9]}
    assert signs(text, ran, {"test:b": {"m.py::C.table"}}) == {
        "test:b": [("m.py::C.table", {"test:a"})]
    }


# State that is asked for and filled

LAZY = [
    pytest.param(
        """\
        def get():
            global _table
            if _table is None:
                _table = load()
            return _table
        """,
        id="global",
    ),
    pytest.param(
        """\
        class C:
            def get(self):
                if self._table is None:
                    self._table = load()
                return self._table
        """,
        id="attribute",
    ),
    pytest.param(
        """\
        def get(key):
            if key not in _table:
                _table[key] = load(key)
            return _table[key]
        """,
        id="item",
    ),
    pytest.param(
        """\
        def get(key):
            if key not in _table:
                _table.append(key)
            return 1
        """,
        id="append",
    ),
    pytest.param(
        """\
        class C:
            def get(self):
                if not hasattr(self, "_table"):
                    setattr(self, "_table", load())
                return 1
        """,
        id="setattr",
    ),
    pytest.param(
        """\
        class C:
            def get(self):
                if not hasattr(self, "_table"):
                    object.__setattr__(self, "_table", load())
                return 1
        """,
        id="object.__setattr__",
    ),
    pytest.param(
        """\
        def get():
            try:
                return _table["x"]
            except KeyError:
                _table["x"] = load()
            return 1
        """,
        id="tried",
    ),
    pytest.param(
        """\
        def get(self):
            with lock:
                if self.registry._table is None:
                    self.registry._table = load()
                return 1
        """,
        id="deep",
    ),
]


@pytest.mark.parametrize("text", LAZY)
def test_who_asks_for_state_that_another_filled_is_a_suspect(text: str) -> None:
    lines = dedent(text).splitlines()
    [fill] = [n for n, line in enumerate(lines, 1) if "load" in line or "append" in line]
    asks = next(n for n, line in enumerate(lines, 1) if "_table" in line and "global" not in line)
    found = signs(text, {"test:a": [asks, fill, 99], "test:b": [asks, 99]})
    assert set(found) == {"test:b"}
    [(what, makers)] = found["test:b"]
    assert "_table" in what
    assert makers == {"test:a"}
    # Who fills it too has made it anew, and where nobody has filled it there is nothing to find.
    assert signs(text, {"test:a": [asks, fill], "test:b": [asks, fill]}) == {}
    assert signs(text, {"test:a": [asks], "test:b": [asks]}) == {}
    # Who does not ask finds nothing.
    assert signs(text, {"test:a": [asks, fill], "test:b": [99]}) == {}


def test_an_import_that_filled_it_is_a_maker() -> None:
    text = "def get():\n    global _t\n    if _t is None:\n        _t = load()\n    return _t\n"
    assert signs(text, {"module:m.py": [3, 4, 5], "test:b": [3, 5]}) == {
        "test:b": [("m.py::get (_t)", {"module:m.py"})]
    }


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("def get(a):\n    if a:\n        t = 1\n    return t\n", id="local"),
        pytest.param("def get(t):\n    if t:\n        t[1] = 2\n    return t\n", id="argument"),
        pytest.param("def get():\n    t = []\n    t.append(1)\n    return t\n", id="own list"),
        pytest.param(
            "def get(self):\n    if self.a:\n        self.b = 1\n    return 1\n", id="two"
        ),
        pytest.param("def get(self):\n    self.t = self.t or 1\n    return 2\n", id="one line"),
        pytest.param("def get():\n    if _t:\n        _t.sort()\n    return 1\n", id="no filler"),
    ],
)
def test_what_does_not_outlive_the_call_or_is_not_asked_for_is_no_sign(text: str) -> None:
    assert kept_in(text).places == ()


def test_asking_and_filling_are_told_by_lines() -> None:
    text = "def get():\n    global _t\n    if _t is None:\n        _t = load()\n    return _t\n"
    [place] = kept_in(text).places
    assert (numbers(place.asks), numbers(place.fill)) == ({3}, {4})
    assert place.what == "m.py::get (_t)"


# Functions that were named and did not run

PROPERTY = """\
class C:
    @cached_property
    def table(self):
        return load()
def use(c):
    return c.table
"""


def test_who_names_a_kept_value_and_did_not_make_it_is_a_suspect() -> None:
    """Those who ran it later are not among the makers."""
    assert signs(PROPERTY, {"test:a": [4, 6], "test:b": [6], "test:c": [4, 6]}) == {
        "test:b": [("m.py::C.table", {"test:a"})]
    }
    assert signs(PROPERTY, {"test:b": [6], "test:c": [4, 6]}) == {}


def test_who_does_not_name_it_is_none() -> None:
    assert signs(PROPERTY, {"test:a": [4, 6], "test:b": [5]}) == {}


@pytest.mark.parametrize(
    "use", ["known or table()", "known and table()", "x if known else table()"]
)
def test_a_plain_function_counts_behind_a_condition_and_if_one_node_alone_ran_it(use: str) -> None:
    text = f"def table():\n    return load()\ndef use(known):\n    return {use}\n"
    assert signs(text, {"test:a": [2, 4], "test:b": [4]}) == {
        "test:b": [("m.py::table", {"test:a"})]
    }
    assert signs(text, {"test:a": [2, 4], "test:b": [2, 4], "test:c": [4]}) == {}
    assert signs(text, {"test:b": [4]}) == {}
    unconditional = text.replace(use, "table()")
    assert signs(unconditional, {"test:a": [2, 4], "test:b": [4]}) == {}


def test_who_made_the_object_itself_did_not_find_its_state_ready() -> None:
    text = """\
    class C:
        def __init__(self):
            self.rest = 1
        def get(self):
            if self._table is None:
                self._table = load()
            return self._table
    """
    assert set(signs(text, {"test:a": [3, 5, 6], "test:b": [5]})) == {"test:b"}
    assert signs(text, {"test:a": [3, 5, 6], "test:b": [3, 5]}) == {}


@pytest.mark.parametrize(
    ("decorator", "keeps"),
    [
        *[
            (d, True)
            for d in ("cache", "functools.lru_cache(None)", "memoize", "reify", "lazy_one")
        ],
        *[(d, True) for d in ("x.call_once", "Singleton")],
        *[(d, False) for d in ("property", "app.route('/')", "staticmethod", "pytest.fixture")],
    ],
)
def test_a_decorator_says_by_its_name_that_it_keeps(decorator: str, keeps: bool) -> None:
    [function] = kept_in(f"@{decorator}\ndef f():\n    return 1\n").functions
    assert function.keeps == keeps


def test_functions_are_named_by_where_they_stand() -> None:
    text = "def f():\n    def g(): pass\nclass C:\n    class D:\n        async def m(self): pass\n"
    names = {function.qualname for function in kept_in(text).functions}
    assert names == {"f", "f.<locals>.g", "C.D.m"}


def test_a_compound_statement_names_on_its_first_line() -> None:
    text = "def f():\n    if a.b:\n        c\n        d(\n            e)\n"
    found = kept_in(text).mentions
    assert {name: numbers(lines) for name, lines in found.items()} == {
        "a": {2},
        "b": {2},
        "c": {3},
        "d": {4, 5},
        "e": {4, 5},
    }


def test_a_file_that_does_not_parse_shows_no_sign() -> None:
    assert kept_in("def f(:\n") == kept_in("")

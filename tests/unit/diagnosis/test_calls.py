"""Which calls a signature takes, by the text alone."""

from __future__ import annotations

import ast

import pytest

from assay.diagnosis.calls import binds, positional_of
from assay.diagnosis.sides import Place, Side
from assay.diagnosis.signatures import renamed


def function(text: str, name: str = "f") -> Place:
    place = Side({"m.py": text}).definition("m.py", name)
    assert place is not None
    return place


def call(text: str) -> ast.Call:
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Call)
    return node


@pytest.mark.parametrize(
    ("definition", "called", "fits"),
    [
        ("def f(a, b=1): ...", "f(1)", True),
        ("def f(a, b=1): ...", "f()", False),
        ("def f(a, b=1): ...", "f(1, 2, 3)", False),
        ("def f(a, b=1): ...", "f(1, c=2)", False),
        ("def f(a, b=1): ...", "f(1, a=2)", False),
        ("def f(a, **more): ...", "f(1, c=2)", True),
        ("def f(a, *rest): ...", "f(1, 2, 3)", True),
        ("def f(a, *, b): ...", "f(1)", False),
        ("def f(a, *, b): ...", "f(1, b=2)", True),
        ("def f(a, /): ...", "f(a=1)", False),
        ("def f(a): ...", "f(*those)", None),
        ("def f(a): ...", "f(**those)", None),
        ("@changed\ndef f(a): ...", "f()", None),
    ],
)
def test_a_call_is_taken_refused_or_not_known(
    definition: str, called: str, fits: bool | None
) -> None:
    assert binds(call(called), function(definition)) is fits


def test_a_method_is_called_without_self_and_a_static_one_with_all() -> None:
    text = "class C:\n    def m(self, a): ...\n    @staticmethod\n    def s(self, a): ...\n"
    assert positional_of(function(text, "C.m")) == ["a"]
    assert positional_of(function(text, "C.s")) == ["self", "a"]


@pytest.mark.parametrize(
    ("before", "after", "pairs"),
    [
        ("def f(a, rate): ...", "def f(a, *, percent): ...", {"rate": "percent"}),
        ("def f(a, b, c): ...", "def f(x, b, y): ...", {"a": "x", "c": "y"}),
        ("def f(a, b): ...", "def f(a): ...", {}),
        ("def f(a, b): ...", "def f(b, a): ...", {}),
    ],
)
def test_an_old_parameter_is_told_its_new_name(
    before: str, after: str, pairs: dict[str, str]
) -> None:
    assert renamed(function(before), function(after)) == pairs

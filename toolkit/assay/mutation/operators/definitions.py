"""Operators on how functions and classes are defined."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from assay.mutation.operators.base import NONE, Made, Operator, Swap, is_name, last_name, name, put
from assay.mutation.tree import Site

SILLY = frozenset(
    {
        "overload", "override", "final", "no_type_check", "runtime_checkable", "type_check_only",
        "dataclass_transform", "wraps", "update_wrapper", "deprecated", "deprecate",
        "cache", "lru_cache", "total_ordering", "unique", "abstractmethod", "abstractproperty",
        "setter", "getter", "deleter", "staticmethod",
    }
)  # fmt: skip
"""Decorators whose going nobody would act on: they serve readers and type checkers, only save
time, are guards of the class itself, or make a crash of every use (`x.setter` overwrites x)."""


def _decorator_removed(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.Decorator)
    if last_name(node.decorator) not in SILLY:
        yield Swap(node, None)


def _default_changed(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.Param)
    value = node.default
    simple = (cst.BaseNumber, cst.BaseString, cst.List, cst.Dict, cst.Set, cst.Tuple, cst.Lambda)
    if value is None or isinstance(value, simple) or is_name(value, NONE, "True", "False"):
        return
    yield put(value, name(NONE))


OPERATORS = (
    Operator(
        "decorator_removed",
        (cst.Decorator,),
        _decorator_removed,
        "A decorator is dropped. Left are those that only tools or readers see, that only save "
        "time, or without which every use crashes: "
        + ", ".join(f"`{one}`" for one in sorted(SILLY))
        + ".",
        "Registrations, checks of permissions, conversions that no test needs: cosmic-ray's "
        "RemoveDecorator.",
        {
            "@app.route('/')\ndef f(): pass": ("def f(): pass",),
            "@a\n@b(1)\nclass K: pass": ("@b(1)\nclass K: pass", "@a\nclass K: pass"),
            "class K:\n    @property\n    def f(self): pass": ("class K:\n    def f(self): pass",),
        },
        ("@overload\ndef f(): ...", "@functools.lru_cache(maxsize=None)\ndef f(): pass"),
    ),
    Operator(
        "default_changed",
        (cst.Param,),
        _default_changed,
        "The default of a parameter that is a name or is computed becomes `None`. Numbers, texts "
        "and collections are left to the operators that change these anywhere.",
        "Defaults that every test overrides.",
        {
            "def f(a, b=LIMIT): pass": ("def f(a, b=None): pass",),
            "f = lambda a=g(): a": ("f = lambda a=None: a",),
        },
        ("def f(a=None): pass", "def f(a=1): pass", "def f(a=[]): pass", "f(a=b)"),
    ),
)

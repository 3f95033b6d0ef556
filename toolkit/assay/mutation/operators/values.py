"""Operators on numbers and texts that mutmut has nothing, or not enough, for."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from assay.mutation.operators.base import Made, Operator, Swap, is_text
from assay.mutation.tree import Site


def _number_zeroed(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.Integer | cst.Float)
    if node.evaluated_value not in (0, -1):
        yield node.with_changes(value="0" if isinstance(node, cst.Integer) else "0.0")


def _format_text(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.FormattedString)
    text = next((p for p in node.parts if isinstance(p, cst.FormattedStringText)), None)
    if text is not None:
        yield Swap(text, text.with_changes(value=f"XX{text.value}"))


def _long_text(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.SimpleString)
    quotes = node.quote
    if len(quotes) == 3 and len(node.raw_value) > 0 and not is_text_of_statement(site):
        head = f"{node.prefix}{quotes}"
        yield node.with_changes(value=f"{head}XX{node.value[len(head) : -3]}XX{quotes}")


def is_text_of_statement(site: Site) -> bool:
    return site.above is not None and is_text(site.above)


OPERATORS = (
    Operator(
        "number_zeroed",
        (cst.Integer, cst.Float),
        _number_zeroed,
        "A number becomes 0.",
        "What one more does not show: offsets and sizes that are rounded, compared or only passed "
        "on.",
        {"x = f(7)": ("x = f(0)",), "x = f(-1)": ("x = f(-0)",), "x = f(1.5)": ("x = f(0.0)",)},
        ("x = f(0)", "x = f(0.0)", "x = f(2j)"),
    ),
    Operator(
        "format_text",
        (cst.FormattedString,),
        _format_text,
        "The first words of an f-string get `XX` before them.",
        "Messages, keys and paths that are put together, and that no test reads.",
        {
            'x = f"a{b}c"': ('x = f"XXa{b}c"',),
            'x = f"{b:>3}c"': ('x = f"{b:>3}XXc"',),
        },
        ('x = f"{b}"', 'x = "a"'),
    ),
    Operator(
        "long_text",
        (cst.SimpleString,),
        _long_text,
        "A text in triple quotes that is no docstring gets `XX` at both ends.",
        "Templates and queries.",
        {'x = """a"""': ('x = """XXaXX"""',), "f(r'''\n a''')": ("f(r'''XX\n aXX''')",)},
        ('def f():\n    """Does it."""', "x = 'a'", 'x = """"""'),
    ),
)

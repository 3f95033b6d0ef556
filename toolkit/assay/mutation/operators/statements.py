"""Operators that drop a statement."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from assay.mutation.operators.base import Made, Operator, Swap, last_name
from assay.mutation.tree import Site


def _call_removed(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.Expr)
    value = node.value.expression if isinstance(node.value, cst.Await) else node.value
    if isinstance(value, cst.Call):
        yield Swap(node, cst.Pass())


def _del_removed(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.Del)
    # Without the `del` of a plain name, only the name lives longer.
    if not isinstance(node.target, cst.Name):
        yield Swap(node, cst.Pass())


def _jump_removed(site: Site) -> Iterator[Made]:
    loop = next((s.node for s in site.parents() if isinstance(s.node, cst.For | cst.While)), None)
    # A `while` that is not left any more would seldom end.
    if isinstance(site.node, cst.Continue) or isinstance(loop, cst.For):
        yield Swap(site.node, cst.Pass())


def _with_removed(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.With)
    if any(item.asname is not None for item in node.items):
        return
    if any(last_name(item.item) in _KEPT_MANAGERS for item in node.items):
        return
    yield Swap(node, cst.If(cst.Name("True"), node.body, leading_lines=node.leading_lines))


_KEPT_MANAGERS = frozenset({"nullcontext"})

OPERATORS = (
    Operator(
        "call_removed",
        (cst.Expr,),
        _call_removed,
        "A statement that is but a call, awaited or not, is dropped.",
        "Calls for their effect, `super().__init__()` among them, whose effect no test sees: PIT's "
        "void method calls, and Google's statement removal.",
        {
            "self.db.commit()": ("pass",),
            "f(x); g()": ("pass; g()", "f(x); pass"),
            "async def f():\n    await x.close()": ("async def f():\n    pass",),
            "class K:\n    def __init__(self):\n        super().__init__()\n        self.x = 1": (
                "class K:\n    def __init__(self):\n        pass\n        self.x = 1",
            ),
        },
        ("x = f()", "x.y", "'A text.'", "def f():\n    yield x"),
    ),
    Operator(
        "del_removed",
        (cst.Del,),
        _del_removed,
        "A `del` of an element or an attribute is dropped; names are left.",
        "Things that are to be gone, and of which no test asks whether they are.",
        {"del x[y]": ("pass",), "del x.y": ("pass",)},
        ("del x",),
    ),
    Operator(
        "jump_removed",
        (cst.Continue, cst.Break),
        _jump_removed,
        "`continue` is dropped, and so is the `break` of a `for`.",
        "Items that are to be skipped; searches that are to stop at the first.",
        {
            "for x in y:\n    if x: continue\n    f()": ("for x in y:\n    if x: pass\n    f()",),
            "for x in y:\n    if x: break": ("for x in y:\n    if x: pass",),
        },
        ("while x:\n    if y: break",),
    ),
    Operator(
        "with_removed",
        (cst.With,),
        _with_removed,
        "A `with` that binds no name is entered without its context manager.",
        "Transactions, redirections and suppressed errors that no test needs. The rule `lock` "
        "leaves locks.",
        {
            "with x.y():\n    f()": ("if True:\n    f()",),
            "async def f():\n    async with x, y:\n        g()": (
                "async def f():\n    if True:\n        g()",
            ),
        },
        ("with open(x) as y:\n    f()", "with nullcontext():\n    f()"),
    ),
)

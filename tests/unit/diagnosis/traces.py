"""Traces written by hand, for facts about where two of them part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.diagnosis.alignment import Masks, align
from assay.diagnosis.divergence import Aligned
from assay.diagnosis.sources import Sources
from assay.model.divergence import Call, How, Trace

TEST_FILE = "tests/test_shop.py"
SOURCE = "shop.py"


def value(of: Any) -> Any:
    """The summary of a plain value."""
    return ["v", type(of).__name__, repr(of)]


def error(name: str, text: str) -> Any:
    return ["x", name, ["l", "tuple", 1, [value(text)]], [], text]


def made(name: str, **attributes: Any) -> Any:
    """The summary of an object of the project."""
    return ["o", name, [[key, value(attributes[key])] for key in sorted(attributes)], None]


def call(
    name: str,
    *below: Any,
    line: int = 1,
    path: str = SOURCE,
    given: Mapping[str, Any] | None = None,
    read: Mapping[str, Any] | None = None,
    back: Any = None,
    fails: Any = None,
    after: Mapping[str, Any] | None = None,
    left: int = 9,
    ends: bool = True,
) -> tuple[Call, tuple[Any, ...]]:
    """A call with those below it: what it is `given`, what it `read`, what it gives `back`."""
    mine = Call(
        path=path,
        name=name,
        first_line=1,
        parent=-1,
        line=line,
        arguments={k: v if isinstance(v, list) else value(v) for k, v in (given or {}).items()},
        hidden={k: value(v) for k, v in (read or {}).items()},
        how=(How.RETURNED if fails is None else How.RAISED) if ends else How.OPEN,
        value=fails if fails is not None else back if isinstance(back, list) else value(back),
        after=after or {},
        left=left,
    )
    return mine, below


def a_test(*below: Any, fails: Any = None, left: int = 18) -> Any:
    return call("test_total", *below, path=TEST_FILE, fails=fails, left=left)


def trace(*calls: Any, cut: str = "") -> Trace:
    found: list[Call] = []

    def add(one: Any, parent: int) -> None:
        mine, below = one
        index = len(found)
        found.append(
            Call(
                **{
                    field: getattr(mine, field)
                    for field in Call.__dataclass_fields__
                    if field != "parent"
                },
                parent=parent,
            )
        )
        for other in below:
            add(other, index)

    for one in calls:
        add(one, -1)
    return Trace(tuple(found), (), cut, 2 * len(found), 0, 0, 0.1)


def aligned(
    base: Trace,
    head: Trace,
    changed: Mapping[str, tuple[str, str]] | None = None,
    masks: Masks | None = None,
) -> Aligned:
    sources = Sources(changed or {})
    alignment = align(base, head, sources)
    return Aligned(alignment, sources, masks or {}, frozenset({TEST_FILE}), "test_total")

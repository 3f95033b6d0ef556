"""The change has given a default argument or a constant another value.

`facts`: `path` and `name` of the constant or the function, `parameter` (the parameter with the
default, "" for a constant), `before` and `after` as source text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assay.diagnosis.assertion import NOTHING, evaluated
from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.intent import of_intent, of_told_value
from assay.diagnosis.proofs import certainty_of, of_failure, shown
from assay.diagnosis.reach import Altered, code_of, reached
from assay.diagnosis.sides import Function, Place
from assay.diagnosis.values import by_sources
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site


@dataclass(frozen=True, slots=True)
class _Setting:
    one: Altered
    parameter: str
    before: str
    after: str

    @property
    def shown(self) -> str:
        name = self.one.name
        return f"the default of `{self.parameter}` of `{name}`" if self.parameter else f"`{name}`"


def _match(case: Case) -> Match | None:
    if not by_sources(case):
        return None
    found = reached(case)
    settings = [setting for one in found for setting in _settings(one)]
    told = [setting for setting in settings if _is_told(case, setting)]
    alone = settings if len(settings) == 1 and all(map(_only_settings, found)) else []
    chosen = next(iter(told or alone), None)
    if chosen is None:
        return None
    before, after = chosen.one.before, chosen.one.after
    assert before is not None and after is not None
    return Match(
        cause=CAUSE.name,
        key=f"{chosen.one.key}{f'({chosen.parameter})' if chosen.parameter else ''}",
        certainty=Certainty.COMPLETE if told else certainty_of(case),
        sentence=f"{chosen.shown} was changed from {shown(chosen.before)} to {shown(chosen.after)}",
        proofs=(
            Proof("value", chosen.before, before.shown, "base"),
            Proof("value", chosen.after, after.shown, "head"),
            *of_failure(case),
        ),
        signs=tuple(_signs(case, chosen)),
        sites=(Site(after.path, after.line),),
        fix=f"put {shown(chosen.before)} back, or make the tests follow {shown(chosen.after)}",
        facts={
            "path": after.path,
            "name": after.name,
            "parameter": chosen.parameter,
            "before": chosen.before,
            "after": chosen.after,
        },
    )


def _settings(one: Altered) -> Iterator[_Setting]:
    """Values that differ, of a constant or of defaults."""
    if one.before is None or one.after is None:
        return
    before, after = _values(one.before), _values(one.after)
    for name, value in after.items():
        if name in before and before[name] != value:
            yield _Setting(one, name, before[name], value)


def _values(place: Place) -> dict[str, str]:
    node = place.node
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return {"": ast.unparse(node.value)} if node.value is not None else {}
    if not isinstance(node, Function):
        return {}
    args = node.args
    positional = [*args.posonlyargs, *args.args]
    pairs = list(zip(reversed(positional), reversed(args.defaults), strict=False))
    pairs += [(a, d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d]
    return {arg.arg: ast.unparse(default) for arg, default in pairs}


def _only_settings(one: Altered) -> bool:
    """Whether nothing but a value differs."""
    if one.before is None or one.after is None:
        return False
    if not isinstance(one.after.node, Function):
        return bool(_values(one.after))
    return _body(one.before) == _body(one.after)


def _body(place: Place) -> list[str]:
    return code_of(place.node).split("\n")[3:] if isinstance(place.node, Function) else []


def _is_told(case: Case, setting: _Setting) -> bool:
    """Whether the failure shows the new value, and the old one beside it; or the executions part
    where the value is read."""
    there = case.difference
    if there is not None and setting.after in there.head and setting.before in there.base:
        return True
    return all(_within(text, case.error.message) for text in (setting.before, setting.after))


def _within(text: str, message: str) -> bool:
    value = evaluated(text)
    if value is NOTHING or value is None or isinstance(value, bool) or value == "":
        return False
    bare = value if isinstance(value, str) else text
    return re.search(rf"(?<![\w.]){re.escape(bare)}(?![\w.]\w)", message) is not None


def _signs(case: Case, chosen: _Setting) -> Iterator[Sign]:
    yield from of_intent(case.sides, chosen.one)
    yield from of_told_value(case.sides, chosen.after, chosen.before)


CAUSE = Cause(
    name="default-changed",
    title="Default or constant changed",
    rule=(
        "The change gives a default argument, or a constant of a module or class, another value; "
        "the test reaches it; and the failure shows both values, or nothing else that the test "
        "reaches was altered."
    ),
    shows="the value at base and head, and the failure.",
    verdict=(
        "Test, if documents, the docstring or other tests follow the new value in the same change; "
        "else undecided."
    ),
    fix="put the value back, or make the tests follow it.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A constant and a default were changed; only one is told of.",
            {
                "README.md": "A shop.\n",
                "shop.py": """\
RATE = 20


def tax(amount):
    return amount * RATE / 100


def page(size=10):
    return list(range(size))


def name(text):
    return text
""",
                "test_shop.py": """\
from shop import name, page, tax


def test_tax():
    assert tax(50) == 10


def test_page():
    assert len(page()) == 10


def test_name():
    assert name("a") == "a"
""",
            },
            {
                "README.md": "A shop. `RATE` is 22 from January.\n",
                "shop.py": """\
RATE = 22


def tax(amount):
    return amount * RATE / 100


def page(size=12):
    return list(range(size))


def name(text):
    return text * 2
""",
            },
            {
                "test_shop.py::test_tax": Fault.TEST,
                "test_shop.py::test_page": Fault.UNDECIDED,
            },
            ("test_shop.py::test_name",),
        ),
    ),
    ambiguity="a value that passes through other code may be shown nowhere.",
)

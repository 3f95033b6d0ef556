"""Modules that import each other, and one that is asked for a name before it has it.

Facts: `cycle` are the imports, as "path:line", from the module that was begun first to the one that
asks for it again; `module` is the one that is not ready.
"""

from __future__ import annotations

import re

from assay.diagnosis.cause import Case, Cause, Example
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Site
from assay.model.evidence import OF_THE_PROJECT, Frame

_NAMED = re.compile(
    r"partially initialized module '(?P<module>[\w.]+)'"
    r"|cannot access submodule '(?P<sub>\w+)' of module '(?P<package>[\w.]+)'"
)


def _match(case: Case) -> Match | None:
    error = case.error
    told = _NAMED.search(error.message)
    if not error.is_a("ImportError", "AttributeError") or told is None:
        return None
    module = told["module"] or f"{told['package']}.{told['sub']}"
    path = case.sides.head.module(module)
    frames = [f for f in error.frames if f.kind in OF_THE_PROJECT]
    first = next((n for n, frame in enumerate(frames) if frame.path == path), None)
    if path is None or first is None or len({f.path for f in frames[first:]}) < 2:
        return None
    cycle = frames[first:]
    new = [one for one in cycle if one.line in case.sides.changed_lines(one.path)]
    return Match(
        cause=CAUSE.name,
        key="::".join(sorted({one.path for one in cycle})),
        certainty=Certainty.COMPLETE,
        sentence=f"{cycle[-1].place} asks for a name of `{module}`, which is still being imported",
        proofs=(
            *(Proof("import", one.source, one.place, "head") for one in cycle),
            Proof("error", error.first_line),
        ),
        signs=(),
        sites=(_site(new or cycle),),
        fix="import within the function that needs it, or move what both need into a third module",
        facts={"cycle": [one.place for one in cycle], "module": module},
        decided=Fault.TEST if case.sides.is_test(path) else Fault.CODE,
    )


def _site(frames: list[Frame]) -> Site:
    return Site(frames[-1].path, frames[-1].line)


CAUSE = Cause(
    name="circular-import",
    title="Circular import",
    rule=(
        "Python says that a module of the project is only partially initialized, and the traceback "
        "leads from that module through another back to it."
    ),
    shows="the imports of the cycle, and which of them the change has added.",
    verdict="Code; test if the module belongs to the tests.",
    fix="import later, or move what both modules need into a third.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "Two modules came to import each other.",
            {
                "pricing.py": "RATE = 2\n\n\ndef price(n):\n    return n * RATE\n",
                "cart.py": "from pricing import price\n\n\ndef total(n):\n    return price(n)\n",
                "test_cart.py": "from cart import total\n\n\n"
                "def test_total():\n    assert total(1) == 2\n",
                "test_bare.py": "def test_gone():\n    from math import nothing\n",
            },
            {
                "pricing.py": "from cart import total\n\nRATE = 2\n\n\n"
                "def price(n):\n    return n * RATE\n"
            },
            {"test_cart.py": Fault.CODE},
            ("test_bare.py::test_gone",),
        ),
    ),
)

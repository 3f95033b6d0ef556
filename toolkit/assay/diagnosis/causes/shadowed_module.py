"""A new file of the project takes the name of a library's or the standard library's module.

Facts: `path` is the file, `module` the name that it takes.
"""

from __future__ import annotations

import itertools
import re
import sys

from assay.diagnosis.cause import Case, Cause, Example
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Site
from assay.model.evidence import OF_THE_PROJECT, WHOLE_SUITE, Raised

_NO_PACKAGE = re.compile(r"No module named '[\w.]+'; '(?P<name>[\w.]+)' is not a package")


def _match(case: Case) -> Match | None:
    error = case.error
    found = _lacking(case) or _raising(case) or _before_all(case)
    if found is None:
        return None
    module, path, certainty = found
    frame = error.last_own_frame
    return Match(
        cause=CAUSE.name,
        key=path,
        certainty=certainty,
        sentence=f"the new file {path} is imported in place of the library `{module}`",
        proofs=(
            Proof("new file", path, f"{path}:1", "head"),
            *([Proof("import", frame.source, frame.place, "head")] if frame is not None else []),
            Proof("error", error.first_line),
        ),
        signs=(),
        sites=(Site(path, 1),),
        fix=f"give {path} another name, or put it into a package",
        facts={"path": path, "module": module},
        decided=Fault.TEST if case.sides.is_test(path) else Fault.CODE,
    )


Found = tuple[str, str, Certainty]
"""The module, the file that takes its name, and how much of that was seen."""


def _lacking(case: Case) -> Found | None:
    """A module lacks what is asked of it."""
    module = _module(case.error)
    path = None if module is None else _new_file(case, module)
    return None if module is None or path is None else (module, path, Certainty.COMPLETE)


def _raising(case: Case) -> Found | None:
    """The new file raises while a library imports it."""
    frames = [one for one in case.error.frames if not one.path.startswith("<frozen")]
    for asking, asked in itertools.pairwise(frames):
        if asking.kind not in OF_THE_PROJECT and asked.function == "<module>":
            module = case.sides.head.dotted(asked.path)
            if _new_file(case, module) == asked.path:
                return module, asked.path, Certainty.COMPLETE
    return None


def _before_all(case: Case) -> Found | None:
    """Pytest itself does not start, by nothing that the project's code did."""
    raised = case.test == WHOLE_SUITE and case.error.type
    if not raised or case.error.last_own_frame is not None:
        return None
    for path, (before, after) in case.sides.changed.items():
        module = case.sides.head.dotted(path)
        if before is None and after is not None and _new_file(case, module) == path:
            return module, path, Certainty.PARTIAL
    return None


def _module(error: Raised) -> str | None:
    """The top module that lacks what was asked of it."""
    if error.is_a("ImportError"):
        told = _NO_PACKAGE.search(error.message)
        name = told["name"] if told is not None else error.attributes.get("name")
        return name.partition(".")[0] if isinstance(name, str) else None
    thing = error.attributes.get("obj")
    if error.is_a("AttributeError") and isinstance(thing, dict) and thing["kind"] == "module":
        return str(thing["name"]).partition(".")[0]
    return None


def _new_file(case: Case, module: str) -> str | None:
    """The file at head, new there, that is imported as a module that others have made."""
    sides = case.sides
    known = module in sys.stdlib_module_names or module in sides.libraries
    if not known and not _is_installed(case, module):
        return None
    names = (f"{module}.py", f"{module}/__init__.py")
    found = [
        path
        for path, (before, after) in sides.changed.items()
        if before is None and after is not None and path.endswith(names)
        if path in names or path.endswith(tuple(f"/{name}" for name in names))
    ]
    if not found or sides.base.is_package(module):
        return None
    # Within a package it takes nobody's name, unless its own directory is searched first.
    places = {f"{place}/" if place != "." else "" for place in sides.head.places}
    return next(
        (
            path
            for path in found
            if _directory(path, names) in places
            or (sides.is_test(path) and not _is_in_package(case, _directory(path, names)))
        ),
        None,
    )


def _is_in_package(case: Case, directory: str) -> bool:
    return f"{directory}__init__.py" in case.sides.head.texts


def _directory(path: str, names: tuple[str, str]) -> str:
    return next(path.removesuffix(name) for name in names if path.endswith(name))


def _is_installed(case: Case, module: str) -> bool:
    return module.lower().replace("_", "-") in {
        name.lower().replace("_", "-") for name in case.sides.distributions
    }


CAUSE = Cause(
    name="shadowed-module",
    title="Module shadowed",
    rule=(
        "The change has added a file from which a module of the standard library's or an installed "
        "distribution's name is now imported; and that module lacks a name or submodule that is "
        "asked of it, or the file raises while a library imports it. *Partial*, where pytest "
        "itself does not start any more, and no code of the project is to be seen in what it says."
    ),
    shows="the new file, and the import that finds it.",
    verdict="The new file's: code, or test if it lies among the tests.",
    fix="rename the new file, or put it into a package.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A new file takes the name of a module of the standard library.",
            {
                "paint.py": "def hue(rgb):\n    import colorsys\n"
                "    return colorsys.rgb_to_hls(*rgb)[0]\n",
                "test_paint.py": """\
import paint


def test_hue():
    assert paint.hue((0, 0, 0)) == 0


def test_misspelt():
    import math
    assert math.no_such_name
""",
                "test_names.py": "from colorsys import hls_to_rgb\n\n\n"
                "def test_black():\n    assert hls_to_rgb(0, 0, 0) == (0, 0, 0)\n",
            },
            {"colorsys.py": "SYSTEMS = ['rgb', 'hls']\n"},
            {"test_paint.py::test_hue": Fault.CODE, "test_names.py": Fault.CODE},
            ("test_paint.py::test_misspelt",),
        ),
        Example(
            "A new file takes the name of a module that pytest itself imports.",
            {
                "shop.py": "def price():\n    return 1\n",
                "test_shop.py": "import shop\n\n\ndef test_price():\n    assert shop.price()\n",
            },
            {"json.py": "def load(path):\n    return path\n", "random.py": "SEED = 1\n"},
            {"pytest": Fault.CODE},
        ),
    ),
    ambiguity="a new file that has all that is asked of it, and behaves otherwise, is not found.",
)

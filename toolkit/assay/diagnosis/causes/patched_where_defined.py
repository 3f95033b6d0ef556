"""A stand-in is put where something is defined, and the code looks it up elsewhere.

Facts: `target` is what the test patches, dotted, `new_target` where it is looked up, `new_name` the
last part of that; `patches` are the calls, as "path:line"; `strings` are the targets as they are
written, where they are one string.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.patching import Patch, patches_for
from assay.diagnosis.sides import Definition, Place
from assay.model.diagnosis import Category, Certainty, Fault, Match, Proof, Sign, Site


def _match(case: Case) -> Match | None:
    if case.evidence.phase not in ("call", "setup") or case.category is Category.KNOWN_FAILURE:
        return None
    for patch in patches_for(case):
        place = _defined_there(case, patch)
        user = None if place is None else next(_users(case, patch, place), None)
        if place is not None and user is not None:
            return _told(case, patch, place, user)
    return None


def _defined_there(case: Case, patch: Patch) -> Place | None:
    """The function or class that the patch replaces in the module that defines it, unless that
    module looks it up there itself."""
    place = case.sides.head.defined_as(patch.target)
    path = case.sides.head.module(patch.owner)
    if place is None or path != place.path or not isinstance(place.node, Definition):
        return None
    return place


def _users(case: Case, patch: Patch, place: Place) -> Iterator[tuple[str, ast.stmt]]:
    """Modules of the sources that have a name of their own for it, and by this change: the import
    is new, or the patch is."""
    sides = case.sides
    new_patch = patch.node.lineno in sides.changed_lines(patch.path)
    for path, text in sides.head.texts.items():
        if place.short not in text or sides.is_test(path) or path == place.path:
            continue
        node = sides.head.bound(path).get(place.short)
        if not isinstance(node, ast.ImportFrom) or not _reads(sides.head.tree(path), place.short):
            continue
        if sides.head.source_of(path, node) != patch.owner:
            continue
        old = sides.base.bound(path).get(place.short)
        if new_patch or not isinstance(old, ast.ImportFrom):
            yield path, node


def _reads(tree: ast.Module | None, name: str) -> bool:
    return tree is not None and any(
        isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree)
    )


def _told(case: Case, patch: Patch, place: Place, user: tuple[str, ast.stmt]) -> Match:
    path, node = user
    new = f"{case.sides.head.dotted(path)}.{patch.name}"
    seen = _real_one_ran(case, place) or _not_called(case, patch.name)
    words = f"`{path}` looks `{patch.name}` up in its own names, not in {place.path}"
    return Match(
        cause=CAUSE.name,
        key=f"{patch.target}:{path}",
        certainty=Certainty.COMPLETE if seen else Certainty.HEURISTIC,
        sentence=f"{patch.place} patches `{patch.target}` where it is defined, and {words}",
        proofs=(
            Proof(
                "patch", case.sides.head.line(patch.path, patch.node.lineno), patch.place, "head"
            ),
            Proof(
                "import",
                case.sides.head.line(path, node.lineno),
                f"{path}:{node.lineno}",
                "head",
            ),
            Proof("error", case.error.first_line),
        ),
        signs=(Sign(Fault.TEST, f"{words}: the stand-in is not used", f"{path}:{node.lineno}"),),
        sites=(Site(patch.path, patch.node.lineno),),
        fix=f"patch `{new}`",
        facts={
            "target": patch.target,
            "new_target": new,
            "new_name": patch.name,
            "patches": [patch.place],
            "strings": [patch.text] if patch.text else [],
        },
        decided=Fault.TEST if seen else None,
    )


def _real_one_ran(case: Case, place: Place) -> bool:
    return any(f.path == place.path and f.function == place.name for f in case.error.frames)


def _not_called(case: Case, name: str) -> bool:
    """Whether the mock itself says that nobody has called it."""
    text = case.error.message
    says = "Called 0 times" in text or "not called" in text
    return case.error.is_a("AssertionError") and says and name in text


CAUSE = Cause(
    name="patched-where-defined",
    title="Patched where defined and not where used",
    rule=(
        "The test, or a fixture that it asks for, patches a function or class in the module that "
        "defines it, and a module of the sources has a name of its own for it by `from … import`; "
        "the import or the patch is new in the change. Complete if the real one stands in the "
        "traceback or the mock says that it was not called, else heuristic."
    ),
    shows="the patch, and the import that made another name.",
    verdict="Test, if complete: the code calls what it did, by another name; else a sign for test.",
    fix="patch it where it is looked up.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A module came to import a function by name, and two tests replace it at its source.",
            {
                "rates.py": "def fetch(name):\n    raise ConnectionError(name)\n\n\n"
                "def other():\n    return fetch('x')\n",
                "shop.py": "import rates\n\n\ndef price(n):\n    try:\n"
                "        return n * rates.fetch('EUR')\n"
                "    except OSError:\n        return 0\n\n\n"
                "def total(n):\n    return n * rates.fetch('EUR')\n",
                "test_shop.py": """\
from unittest.mock import patch

import shop
from rates import other


def test_total():
    with patch("rates.fetch", return_value=2):
        assert shop.total(1) == 2


def test_asks():
    with patch("rates.fetch", return_value=2) as fetch:
        shop.price(1)
    fetch.assert_called_once()


def test_value():
    with patch("rates.fetch", return_value=2):
        assert shop.price(1) == 2


def test_known():
    with patch("rates.fetch", return_value=2):
        assert other() == 3
""",
            },
            {
                "shop.py": "from rates import fetch\n\n\ndef price(n):\n    try:\n"
                "        return n * fetch('EUR')\n"
                "    except OSError:\n        return 0\n\n\n"
                "def total(n):\n    return n * fetch('EUR')\n",
            },
            {
                "test_shop.py::test_total": Fault.TEST,
                "test_shop.py::test_asks": Fault.TEST,
                "test_shop.py::test_value": Fault.TEST,
            },
            ("test_shop.py::test_known",),
        ),
    ),
    ambiguity=(
        "where neither the traceback nor the mock says that the real one ran, the failure may have "
        "another reason."
    ),
)

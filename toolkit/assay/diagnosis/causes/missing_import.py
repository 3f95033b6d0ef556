"""An import of a module or a name of the project that is not there.

Facts: those of a lost name (`module`, `name`, `new_module`, `new_name`), or for a module `module`
and `new_module`, with "" for `name` and `new_name`; `importers` are the places at head that import
it, as "path:line".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.renames import Lost, is_import_of, lost_name, proofs_of, signs_of
from assay.diagnosis.sides import Sides
from assay.diagnosis.signs import of_callers
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site
from assay.model.evidence import Frame

_NO_NAME = re.compile(
    r"cannot import name '(?P<name>\w+)' from (?:partially initialized module )?"
    r"'(?P<module>[\w.]+)'"
)


def _match(case: Case) -> Match | None:
    error = case.error
    frame = error.last_own_frame
    asks_for_stand_in = error.came_through("unittest/mock.py") or error.came_through(
        "_pytest/monkeypatch.py"
    )
    if not error.is_a("ImportError") or frame is None or asks_for_stand_in:
        return None
    told = _NO_NAME.search(error.message)
    if told is not None:
        dotted = f"{told['module']}.{told['name']}"
        if case.sides.base.is_package(dotted) or _meant_before(case, frame, dotted):
            return _of_module(case, frame, dotted)
        return _of_name(case, frame, told["module"], told["name"])
    name = error.attributes.get("name")
    if error.is_a("ModuleNotFoundError") and isinstance(name, str):
        return _of_module(case, frame, name)
    return None


# -- a name of a module


def _of_name(case: Case, frame: Frame, module: str, name: str) -> Match | None:
    path = case.sides.head.module(module)
    lost = None if path is None else lost_name(case.sides, path, name)
    if lost is None:
        return None
    there_before = lost.before is not None
    into = f": it is `{lost.dotted}` now" if lost.after is not None else ""
    words = "no more" if there_before else "not"
    return Match(
        cause=CAUSE.name,
        key=f"{module}:{name}",
        certainty=Certainty.COMPLETE if there_before else Certainty.PARTIAL,
        sentence=f"{frame.place} imports `{name}` from `{module}`, where it is {words}{into}",
        proofs=(*proofs_of(lost), Proof("import", frame.source, frame.place, "head")),
        signs=tuple(signs_of(case.sides, lost, frame.place, case.in_test)),
        sites=_sites(case, frame, [f"{p}:{n}" for p, n in _importers(case.sides, lost)]),
        fix=lost.fix,
        facts={
            **lost.facts,
            "importers": [f"{path}:{line}" for path, line in _importers(case.sides, lost)],
        },
        decided=Fault.CODE if _by_source(case, frame, there_before) else None,
    )


def _importers(sides: Sides, lost: Lost) -> Iterator[tuple[str, int]]:
    for path, text in sides.head.texts.items():
        tree = sides.head.tree(path) if lost.name in text else None
        for node in [] if tree is None else ast.walk(tree):
            if is_import_of(sides, path, node, lost):
                assert isinstance(node, ast.stmt)
                yield path, node.lineno


def _by_source(case: Case, frame: Frame, there_before: bool) -> bool:
    """Sources that import what the change took away, or what their changed line makes up."""
    new = frame.line in case.sides.changed_lines(frame.path)
    return not case.in_test and (there_before or new)


def _sites(case: Case, frame: Frame, places: list[str]) -> tuple[Site, ...]:
    """Those importers that are of the same side as the one that failed."""
    found = [Site(frame.path, frame.line)]
    for place in places:
        path, _, line = place.rpartition(":")
        if case.sides.is_test(path) == case.in_test:
            found.append(Site(path, int(line)))
    return tuple(dict.fromkeys(found))


# -- a module


def _of_module(case: Case, frame: Frame, dotted: str) -> Match | None:
    sides = case.sides
    ours = sides.head.is_package(dotted.partition(".")[0])
    old = sides.base.module(dotted)
    if sides.head.is_package(dotted) or not (ours or sides.base.is_package(dotted)):
        return None
    new = _new_place(sides, dotted, old) or _meant_before(case, frame, dotted)
    moved = sides.head.module(new)
    places = list(_module_importers(sides, dotted))
    gone = f"{old} is gone" if old else "the project has no such module"
    gone = f"it is `{new}` now" if new else gone
    return Match(
        cause=CAUSE.name,
        key=dotted,
        certainty=Certainty.COMPLETE if old is not None else Certainty.PARTIAL,
        sentence=f"{frame.place} imports `{dotted}`: {gone}",
        proofs=(
            *([Proof("was", old, old, "base")] if old else []),
            *([Proof("is now", moved, moved, "head")] if moved else []),
            Proof("import", frame.source, frame.place, "head"),
        ),
        signs=tuple(_module_signs(case, frame, dotted, new, places)),
        sites=_sites(case, frame, places),
        fix=f"import `{new}`" if new else f"do without `{dotted}`, or bring it back",
        facts={
            "module": dotted,
            "name": "",
            "new_module": new,
            "new_name": "",
            "importers": places,
        },
        decided=Fault.CODE if _by_source(case, frame, old is not None) else None,
    )


def _new_place(sides: Sides, dotted: str, old: str | None) -> str:
    """Where a module of base is at head, dotted; "" if that is not to be seen."""
    if old is None or old.endswith("/__init__.py"):
        package = sides.moved_package(dotted)
        if package is not None:
            return package
    moved = None if old is None else sides.moved_module(old)
    return "" if moved is None else sides.head.dotted(moved)


def _meant_before(case: Case, frame: Frame, dotted: str) -> str:
    """What a relative import named while its file lay elsewhere, if that is there still."""
    sides = case.sides
    origin = sides.came_from(frame.path)
    tree = sides.head.tree(frame.path)
    if origin is None or tree is None:
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level and node.lineno == frame.line:
            now = sides.head.source_of(frame.path, node)
            then = sides.base.source_of(origin, node)
            if f"{dotted}.".startswith(f"{now}."):
                meant = then + dotted.removeprefix(now)
                return meant if meant != dotted and sides.head.is_package(meant) else ""
    return ""


def _module_importers(sides: Sides, dotted: str) -> Iterator[str]:
    last = dotted.rpartition(".")[2]
    for path, text in sides.head.texts.items():
        tree = sides.head.tree(path) if last in text else None
        for node in [] if tree is None else ast.walk(tree):
            if _imports_module(sides, path, node, dotted):
                assert isinstance(node, ast.stmt)
                yield f"{path}:{node.lineno}"


def _imports_module(sides: Sides, path: str, node: ast.AST, dotted: str) -> bool:
    below = f"{dotted}."
    if isinstance(node, ast.Import):
        return any(f"{alias.name}.".startswith(below) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        module = sides.head.source_of(path, node)
        names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        return any(f"{name}.".startswith(below) for name in names)
    return False


def _module_signs(
    case: Case, frame: Frame, dotted: str, new: str, places: list[str]
) -> Iterator[Sign]:
    stale = [p for p in places if case.sides.is_product(p.rpartition(":")[0])]
    if not case.in_test:
        stale = [frame.place]
    yield from of_callers(stale, dotted)
    if case.in_test and new:
        yield Sign(Fault.TEST, f"the change has moved `{dotted}` to `{new}`", new)


CAUSE = Cause(
    name="missing-import",
    title="Import missing or moved",
    rule=(
        "An ImportError for a module of the project, or for a name of one, that is not there at "
        "head; not one that a stand-in is put in place of."
    ),
    shows="what it was at base, where it is now by the diff, and who imports it.",
    verdict=(
        "Code, if the sources import it. Of an import by tests: code, if sources or `__all__` "
        "still ask for it; test, if the module was moved and the sources follow, or documents or "
        "other tests follow a name; else undecided: a name that was put back looks like a new one."
    ),
    fix="import it from its new place or by its new name, or keep the old one as an alias.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A module was moved, a function moved to another module, one renamed, one taken away.",
            {
                "shop/__init__.py": "",
                "shop/helpers.py": "def pad(text, n):\n    return text.rjust(n)\n",
                "shop/pricing.py": """\
def tax(amount):
    return amount * 19 // 100


def fetch_rate(currency):
    return {"EUR": 1, "USD": 2}[currency]


def fees():
    return 5


def convert(amount, currency):
    return amount * fetch_rate(currency)
""",
                "test_helpers.py": "from shop.helpers import pad\n\n\n"
                "def test_pad():\n    assert pad('a', 2) == ' a'\n",
                "test_tax.py": "from shop.pricing import tax\n\n\n"
                "def test_tax():\n    assert tax(100) == 19\n",
                "test_rate.py": "from shop.pricing import fetch_rate\n\n\n"
                "def test_rate():\n    assert fetch_rate('EUR') == 1\n",
                "test_fees.py": "from shop.pricing import fees\n\n\n"
                "def test_fees():\n    assert fees() == 5\n",
                "test_other.py": "def test_other():\n    from math import nothing\n",
            },
            {
                "shop/helpers.py": None,
                "shop/text.py": "def pad(text, n):\n    return text.rjust(n)\n",
                "shop/taxes.py": "def tax(amount):\n    return amount * 19 // 100\n",
                "shop/pricing.py": """\
def get_rate(currency):
    return {"EUR": 1, "USD": 2}[currency]


def convert(amount, currency):
    return amount * get_rate(currency)
""",
            },
            {
                "test_helpers.py": Fault.TEST,
                "test_tax.py": Fault.UNDECIDED,
                "test_rate.py": Fault.UNDECIDED,
                "test_fees.py": Fault.UNDECIDED,
            },
            ("test_other.py::test_other",),
        ),
        Example(
            "Modules renamed and imported in several forms; a package renamed, one come to be.",
            {
                "till/__init__.py": "",
                "till/old.py": "def pay():\n    return 1\n",
                "till/notes.py": "SIZE = 5\n\n\ndef note():\n    return 'note'\n",
                "barter/__init__.py": "",
                "barter/goods.py": "def goods():\n    return ['egg']\n",
                "coin.py": "def flip():\n    return 'head'\n",
                "test_from.py": "from till import old\n\n\n"
                "def test_from():\n    assert old.pay()\n",
                "test_plain.py": "import coin\n\n\ndef test_plain():\n    assert coin.flip()\n",
                "test_barter.py": "import barter.goods\n\n\n"
                "def test_barter():\n    assert barter.goods.goods()\n",
                "test_notes.py": "from till.notes import note\n\n\n"
                "def test_note():\n    assert note()\n",
                "test_unlike.py": "def test_unlike():\n    from math import till\n",
            },
            {
                "till/old.py": None,
                "till/new.py": "def pay():\n    return 1\n",
                "till/notes.py": None,
                "till/notes/__init__.py": "",
                "till/notes/paper.py": "SIZE = 5\n\n\ndef note():\n    return 'note'\n",
                "barter/__init__.py": None,
                "barter/goods.py": None,
                "trade/__init__.py": "",
                "trade/goods.py": "def goods():\n    return ['egg']\n",
                "coin.py": None,
                "money.py": "def flip():\n    return 'head'\n",
            },
            {
                "test_from.py": Fault.TEST,
                "test_plain.py": Fault.TEST,
                "test_barter.py": Fault.TEST,
                "test_notes.py": Fault.UNDECIDED,
            },
            ("test_unlike.py::test_unlike",),
        ),
        Example(
            "A function was renamed, and a source file still imports it.",
            {
                "pricing.py": "def tax(amount):\n    return amount * 19 // 100\n",
                "shop.py": "from pricing import tax\n\n\ndef price(n):\n    return n + tax(n)\n",
                "test_shop.py": "from shop import price\n\n\n"
                "def test_price():\n    assert price(100) == 119\n",
            },
            {"pricing.py": "def vat(amount):\n    return amount * 19 // 100\n"},
            {"test_shop.py": Fault.CODE},
        ),
    ),
    ambiguity=("a name that was only taken away may be meant or not: that alone decides nothing."),
)

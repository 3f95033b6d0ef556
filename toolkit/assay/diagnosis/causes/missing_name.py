"""A name, or an attribute of a module or class of the project, that is used and not there.

Facts: those of a lost name: `module`, `name`, `new_module`, `new_name`; `kind` is name, module or
class; `uses` are the places in the tests that ask for it, as "path:line".
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.renames import Lost, lost_attribute, lost_name, proofs_of, signs_of
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Site
from assay.model.evidence import FrameKind


def _match(case: Case) -> Match | None:
    error = case.error
    frame = error.last_own_frame
    if frame is None or frame is not error.last_frame:
        return None
    found = _lost(case)
    if found is None:
        return None
    kind, lost = found
    uses = list(_uses(case, lost))
    there_before = lost.before is not None
    now = f"; it is `{lost.dotted}` now" if lost.after is not None else ""
    had = "has no more" if there_before else "does not have"
    return Match(
        cause=CAUSE.name,
        key=f"{lost.module}:{lost.name}",
        certainty=Certainty.COMPLETE if there_before else Certainty.PARTIAL,
        sentence=f"{frame.place} uses `{lost.name}`, which {lost.path} {had}{now}",
        proofs=(
            *proofs_of(lost),
            Proof("use", frame.source, frame.place, "head"),
            Proof("error", error.first_line),
        ),
        signs=tuple(signs_of(case.sides, lost, frame.place, case.in_test)),
        sites=tuple(dict.fromkeys([Site(frame.path, frame.line), *uses])),
        fix=lost.fix,
        facts={**lost.facts, "kind": kind, "uses": [f"{one.path}:{one.line}" for one in uses]},
        decided=_decided(case, kind, lost),
    )


def _lost(case: Case) -> tuple[str, Lost] | None:
    error, frame = case.error, case.own_frame
    name = error.attributes.get("name")
    if not isinstance(name, str) or frame is None:
        return None
    if error.is_a("NameError") and not error.is_a("UnboundLocalError"):
        lost = lost_name(case.sides, frame.path, name)
        return None if lost is None else ("name", lost)
    thing = error.attributes.get("obj")
    if not error.is_a("AttributeError") or not isinstance(thing, dict):
        return None
    owner = str(thing["name"])
    if thing["kind"] == "module" and "circular import" not in error.message:
        path = case.sides.head.module(owner)
        lost = None if path is None else lost_name(case.sides, path, name)
        return None if lost is None else ("module", lost)
    if thing["kind"] in ("class", "instance"):
        lost = lost_attribute(case.sides, owner, name)
        return None if lost is None else ("class", lost)
    return None


def _decided(case: Case, kind: str, lost: Lost) -> Fault | None:
    """A name that its own module lacks, and sources that use what the change took away, or what
    their changed line makes up."""
    frame = case.own_frame
    if frame is None:
        return None
    if kind == "name":
        return Fault.CODE if frame.kind is FrameKind.SOURCE else _of_own_name(case, lost)
    new = frame.line in case.sides.changed_lines(frame.path)
    return Fault.CODE if not case.in_test and (lost.before is not None or new) else None


def _of_own_name(case: Case, lost: Lost) -> Fault | None:
    """A test file that imports everything of a source may lack what that source took away."""
    stars = [name for name in case.sides.head.imports(lost.path) if name == "*"]
    return None if stars else Fault.TEST


def _uses(case: Case, lost: Lost) -> Iterator[Site]:
    """In the tests, where nothing else of the project is called so."""
    if not case.in_test or any(one.short == lost.short for one in case.sides.head.definitions):
        return
    for path, node in case.sides.head.users(lost.short):
        if case.sides.is_test(path):
            yield Site(path, node.end_lineno or node.lineno)


CAUSE = Cause(
    name="missing-name",
    title="Name or attribute removed or renamed",
    rule=(
        "A NameError, or an AttributeError of a module, a class of the project or an instance of "
        "one, for a name that the text of the module or class at head (and of its bases) does not "
        "define."
    ),
    shows="what it was at base, what it has become by the diff, and else the nearest names.",
    verdict=(
        "Code, if the sources use it or `__all__` still lists it; test, if a test file lacks a "
        "name of its own, or if documents or other tests follow the new name; else undecided: a "
        "name that was put back looks like a new one."
    ),
    fix="use the new name, or keep the old one as an alias.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A method, a function and an attribute were renamed, a constant was taken away; "
            "documents tell of the function.",
            {
                "docs/changes-shop.md": "",
                "shop.py": """\
LIMIT = 10


def fetch_rate(currency):
    return {"EUR": 1, "USD": 2}[currency]


class Cart:
    def __init__(self, prices):
        self.prices = prices
        self.cache = None

    def total(self):
        return sum(self.prices) * fetch_rate("EUR")

    def names(self):
        return self.cache.keys()
""",
                "checkout.py": "def pay(cart):\n    return cart.total()\n",
                "test_shop.py": """\
import shop
from checkout import pay


def test_total():
    assert shop.Cart([1, 2]).total() == 3


def test_pay():
    assert pay(shop.Cart([1, 2])) == 3


def test_prices():
    assert shop.Cart([1]).prices == [1]


def test_rate():
    assert shop.fetch_rate("USD") == 2


def test_limit():
    assert shop.LIMIT == 10


def test_helper():
    assert helper() == 1


def helper():
    return 1


def test_none():
    shop.Cart([]).names()


def test_text():
    "a".no_such_method()
""",
            },
            {
                "docs/changes-shop.md": "Use `get_rate`.\n",
                "shop.py": """\
def get_rate(currency):
    return {"EUR": 1, "USD": 2}[currency]


class Cart:
    def __init__(self, prices):
        self.amounts = prices
        self.cache = None

    def sum(self):
        return sum(self.amounts) * get_rate("EUR")

    def names(self):
        return self.cache.keys()
""",
            },
            {
                "test_shop.py::test_total": Fault.CODE,
                "test_shop.py::test_pay": Fault.CODE,
                "test_shop.py::test_prices": Fault.UNDECIDED,
                "test_shop.py::test_rate": Fault.TEST,
                "test_shop.py::test_limit": Fault.UNDECIDED,
            },
            ("test_shop.py::test_none", "test_shop.py::test_text"),
        ),
    ),
    ambiguity=(
        "attributes that are set from outside, by `setattr` or by `__getattr__` are not in the "
        "text."
    ),
)

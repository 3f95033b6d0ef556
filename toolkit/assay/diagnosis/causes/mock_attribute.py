"""A mock with a spec is asked for an attribute that what it stands for does not have.

Facts: `attribute` is what was asked for, `spec` the class that the mock stands for ("" if it is a
list of names or unknown); those of a lost name (`module`, `name`, `new_module`, `new_name`) where
the class is the project's.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.renames import Lost, lost_attribute, lost_name, proofs_of, signs_of
from assay.diagnosis.sides import Place
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site


def _match(case: Case) -> Match | None:
    error, frame = case.error, case.own_frame
    thing, name = error.attributes.get("obj"), error.attributes.get("name")
    last = error.last_frame
    if not error.is_a("AttributeError") or not isinstance(thing, dict) or frame is None:
        return None
    if thing["kind"] != "mock" or not isinstance(name, str) or last is None:
        return None
    if not last.path.endswith("unittest/mock.py") or "__getattr__" not in last.function:
        return None
    spec = str(thing["name"])
    cls = case.sides.head.defined_as(spec)
    on_instances = None if cls is None else case.sides.head.attributes(cls).get(name)
    lost = _lost(case, spec, name)
    there_before = lost is not None and lost.before is not None
    of = f"a mock of `{spec}`" if cls is not None else "a mock"
    now = f"; it is `{lost.dotted}` now" if lost is not None and lost.after is not None else ""
    complete = there_before or on_instances is not None
    return Match(
        cause=CAUSE.name,
        key=f"{spec}.{name}",
        certainty=Certainty.COMPLETE if complete else Certainty.PARTIAL,
        sentence=f"{frame.place} asks {of} for `{name}`, which its spec does not have{now}",
        proofs=(
            *(proofs_of(lost) if lost is not None else ()),
            *([_set_at(on_instances)] if on_instances is not None else []),
            Proof("use", frame.source, frame.place, "head"),
            Proof("error", error.first_line),
        ),
        signs=tuple(_signs(case, lost, on_instances, name)),
        sites=(Site(frame.path, frame.line),),
        fix=_fix(lost, on_instances, name),
        facts={
            **(lost.facts if lost is not None else {}),
            "attribute": name,
            "spec": spec if cls is not None else "",
        },
    )


def _lost(case: Case, spec: str, name: str) -> Lost | None:
    """What the class at base had; of a mock of a module, the one changed module that had it."""
    if case.sides.head.defined_as(spec) is not None:
        return lost_attribute(case.sides, spec, name)
    if spec != "module":
        return None
    found = [
        lost
        for path in case.sides.changed_sources
        if path in case.sides.head.texts
        if (lost := lost_name(case.sides, path, name)) is not None and lost.before is not None
    ]
    return found[0] if len(found) == 1 else None


def _set_at(place: Place) -> Proof:
    return Proof("set on instances", place.name, place.shown, "head")


def _signs(case: Case, lost: Lost | None, on_instances: Place | None, name: str) -> Iterator[Sign]:
    frame = case.own_frame
    if frame is None:
        return
    if on_instances is not None:
        words = f"real instances have `{name}`; a spec made from the class does not know it"
        yield Sign(Fault.TEST, words, on_instances.shown)
    elif lost is not None and (lost.before is not None or not case.in_test):
        yield from signs_of(case.sides, lost, frame.place, case.in_test)


def _fix(lost: Lost | None, on_instances: Place | None, name: str) -> str:
    if on_instances is not None:
        return f"set `{name}` on the mock, or make the spec from an instance"
    return lost.fix if lost is not None else f"give the mock `{name}`, or do not ask for it"


CAUSE = Cause(
    name="mock-attribute",
    title="Mock without the attribute",
    rule="An AttributeError raised by a mock, for a name that its spec does not have.",
    shows="what the class had at base and has at head, and who asks.",
    verdict=(
        "Code, if the sources ask for what the real class does not have; test, if real instances "
        "have it, or if a test asks and documents or other tests follow the change; else undecided."
    ),
    fix="ask for the attribute by its new name, or set it on the mock.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A method was renamed: in a test, in a source that was forgotten, and an attribute of "
            "instances came into use; documents tell of the first.",
            {
                "docs/changes-shop.md": "",
                "carts.py": "class Cart:\n    def __init__(self):\n        self.owner = 'me'\n\n"
                "    def total(self):\n        return 2\n\n"
                "    def fees(self):\n        return [5, 6]\n",
                "shop.py": "def pay(cart):\n    return cart.fees()\n\n\n"
                "def title(cart):\n    return 'me'\n",
                "test_shop.py": """\
from unittest.mock import Mock, create_autospec

from carts import Cart
from shop import pay, title


def test_total():
    cart = create_autospec(Cart)
    cart.total.return_value = 3
    assert cart.total() == 3


def test_pay():
    assert pay(Mock(spec=Cart))


def test_title():
    assert title(Mock(spec=Cart))


def test_plain():
    Cart().nothing
""",
            },
            {
                "docs/changes-shop.md": "`Cart.sum()` adds up.\n",
                "carts.py": "class Cart:\n    def __init__(self):\n        self.owner = 'me'\n\n"
                "    def sum(self):\n        return 2\n\n"
                "    def all_fees(self):\n        return [5, 6]\n",
                "shop.py": "def pay(cart):\n    return cart.fees()\n\n\n"
                "def title(cart):\n    return cart.owner.title()\n",
            },
            {
                "test_shop.py::test_total": Fault.TEST,
                "test_shop.py::test_pay": Fault.CODE,
                "test_shop.py::test_title": Fault.TEST,
            },
            ("test_shop.py::test_plain",),
        ),
    ),
    ambiguity="of a mock whose spec is a list or a function, the real thing is not known.",
)

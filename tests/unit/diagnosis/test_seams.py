"""Facts about seams: which calls are seen in the text, what state they are in, what has drifted."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

import pytest

from assay.diagnosis.seam_cards import cards_of
from assay.diagnosis.seams import Ignored, all_seams, drifted, other_types
from assay.diagnosis.static_calls import Names, static_seams
from assay.model.seams import (
    Call,
    End,
    Line,
    ModuleText,
    Returned,
    SeamState,
    StandIn,
    TypeSeen,
    Watch,
)

RATES = """\
def rate(n):
    return n


class Bank:
    def __init__(self):
        self.open = True

    @staticmethod
    def name():
        return 'b'


class Plain:
    limit = 1


def stub():
    raise NotImplementedError
"""

CART = """\
from shop.rates import rate


def total(n):
    if n:
        return rate(n)
    return 0
"""

NOTHING = Watch({}, {}, (), {}, {}, {})
RATE = End("shop/rates.py", "rate")
TOTAL = End("shop/cart.py", "total")


def names_of(files: Mapping[str, str], roots: Iterable[str] = ("",)) -> Names:
    texts = [ModuleText(path, text, ast.parse(text)) for path, text in files.items()]
    return Names(texts, tuple(roots))


def shop(cart: str, **more: str) -> Names:
    files = {"shop/__init__.py": "", "shop/rates.py": RATES, "shop/cart.py": cart}
    return names_of(files | {f"shop/{name}.py": text for name, text in more.items()})


def called(names: Names) -> set[str]:
    return {f"{seam.caller.name}>{seam.callee.name}" for seam in static_seams(names)}


@pytest.mark.parametrize(
    "text",
    [
        "from shop.rates import rate\ndef f():\n    rate(1)\n",
        "from shop.rates import rate as r\ndef f():\n    return [r(n) for n in (1, 2)]\n",
        "from .rates import rate\ndef f():\n    rate(1)\n",
        "from . import rates\ndef f():\n    rates.rate(1)\n",
        "import shop.rates\ndef f():\n    shop.rates.rate(1)\n",
        "import shop.rates as s\ndef f():\n    s.rate(1)\n",
        "from shop import rates\ndef f():\n    rates.rate(1)\n",
        "def f():\n    from shop.rates import rate\n    rate(1)\n",
        "from shop.rates import *\ndef f():\n    rate(1)\n",
        "from shop.rates import rate\ndef f():\n    def g():\n        rate(1)\n    return g\n",
    ],
)
def test_a_call_is_seen_however_the_function_is_imported(text: str) -> None:
    assert called(shop(text)) == {"f>rate"}


@pytest.mark.parametrize(
    "body",
    [
        "raise rates.Bank()",
        "rates.stub()",
        "rates.Plain()",
        "rates.unknown()",
        "rate = len; rate(1)",
        "rates.rate(1)  # pragma: no cover",
        "if sys.platform == 'win32': rates.rate(1)",
        "map(rates.rate, [])",
    ],
)
def test_what_runs_nothing_or_cannot_be_told_is_no_seam(body: str) -> None:
    text = (
        f"import sys\nfrom shop import rates\nfrom shop.rates import rate\ndef f():\n    {body}\n"
    )
    assert called(shop(text)) == set()


def test_a_class_is_called_by_what_makes_its_objects_and_a_method_by_its_name() -> None:
    text = "from shop.rates import Bank\nclass C:\n    def f(self):\n        Bank(); Bank.name()\n"
    assert called(shop(text)) == {"C.f>Bank.__init__", "C.f>Bank.name"}


def test_calls_at_import_and_within_a_module_are_no_seams() -> None:
    text = "from shop.rates import rate\nX = rate(1)\ndef g(): return X\ndef f(): return g()\n"
    assert called(shop(text)) == set()


def test_a_name_is_followed_through_re_exports() -> None:
    names = names_of(
        {
            "src/shop/__init__.py": "from .api import rate\n",
            "src/shop/api.py": "from shop.rates import *\n",
            "src/shop/rates.py": RATES,
            "src/app.py": "import shop\ndef f():\n    shop.rate(1)\n",
        },
        ["src"],
    )
    (seam,) = static_seams(names)
    assert seam.callee == End("src/shop/rates.py", "rate")


# States

NAMES = shop(CART)
AT_TOTAL, AT_RATE = ("shop/cart.py", 4), ("shop/rates.py", 1)


def standin(**more: object) -> StandIn:
    fields: dict[str, object] = {
        "test": "test_cart.py::test_total[1]",
        "target": "shop.cart.rate",
        "original": AT_RATE,
        "kind": "function",
        "name": "rate",
        "made": ("test_cart.py", 9),
        "called_from": (("shop/cart.py", 6),),
    }
    return StandIn(**{**fields, **more})  # type: ignore[arg-type]


def watch(
    calls: Mapping[Call, tuple[str, ...]] | None = None,
    standins: tuple[StandIn, ...] = (),
    returned: Mapping[Line, Returned] | None = None,
    ran: Mapping[str, int] | None = None,
    at_import: Mapping[str, int] | None = None,
    doubtful: Mapping[str, int] | None = None,
    unseen: tuple[str, ...] = (),
) -> Watch:
    return Watch(
        calls or {}, returned or {}, standins, ran or {}, at_import or {}, doubtful or {}, unseen
    )


LINE_6 = {"shop/cart.py": 1 << 6}
LINE_7 = {"shop/cart.py": 1 << 7}


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (watch(), SeamState.UNTESTED),
        (watch(ran=LINE_7), SeamState.UNTESTED),
        (watch(ran=LINE_6), SeamState.UNCLEAR),
        (watch(doubtful=LINE_6), SeamState.UNCLEAR),
        (watch(unseen=("cart.total(1)",)), SeamState.UNCLEAR),
        (watch(unseen=("cart.totally(1)",)), SeamState.UNTESTED),
        (watch(at_import=LINE_6), SeamState.REAL),
        (watch({Call(AT_TOTAL, AT_RATE): ("t",)}), SeamState.REAL),
        (watch({Call(AT_TOTAL, AT_RATE): ("t",)}, (standin(),)), SeamState.REAL),
        (watch(standins=(standin(),), ran=LINE_6), SeamState.MOCKED),
        (watch(standins=(standin(is_spy=True),), ran=LINE_6), SeamState.UNCLEAR),
        (watch(standins=(standin(called_from=()),)), SeamState.UNTESTED),
    ],
)
def test_the_state_of_a_seam_follows_from_what_was_seen(seen: Watch, state: SeamState) -> None:
    (seam,) = all_seams(NAMES, seen)
    assert (seam.caller, seam.callee, seam.state) == (TOTAL, RATE, state)


def test_a_call_that_no_import_tells_is_a_seam_once_it_is_seen() -> None:
    names = shop("def total(bank):\n    return bank.name()\n")
    call = Call(("shop/cart.py", 1), ("shop/rates.py", 9))
    (seam,) = all_seams(names, watch({call: ("t",)}))
    assert (seam.callee.name, seam.lines, seam.state) == ("Bank.name", (), SeamState.REAL)


# Drift

STR, INT, BOOL = (
    TypeSeen("str", ("str",)),
    TypeSeen("int", ("int",)),
    TypeSeen("bool", ("bool", "int")),
)
NONE, LIST = TypeSeen("None", ("None",)), TypeSeen("list[int]", ("list",))
FLOAT, ORDERED = TypeSeen("float", ("float",)), TypeSeen("collections.OrderedDict", ("dict",))
DICT, PATH, MOCK = (
    TypeSeen("dict", ("dict",)),
    TypeSeen("pathlib.Path"),
    TypeSeen("Mock", ("mock",)),
)


def words_of(
    gave: tuple[TypeSeen, ...], real: set[TypeSeen], text: str = "def f(): ...", full: bool = True
) -> str:
    (node,) = ast.parse(text).body
    assert isinstance(node, ast.FunctionDef)
    return other_types(node, standin(gave=gave), Returned(frozenset(real), 2, full))


@pytest.mark.parametrize(
    ("gave", "real"), [(STR, {INT}), (NONE, {STR}), (LIST, {STR, NONE}), (STR, {PATH})]
)
def test_a_type_that_the_real_one_never_gave_has_drifted(
    gave: TypeSeen, real: set[TypeSeen]
) -> None:
    shown = " or ".join(sorted(one.shown for one in real))
    expected = f"returns {gave.shown}; the real one returned {shown} in 2 tests"
    assert words_of((gave,), real) == expected


@pytest.mark.parametrize(
    ("gave", "real"),
    [
        (BOOL, {INT}),
        (INT, {BOOL}),
        (INT, {FLOAT}),
        (NONE, {STR, NONE}),
        (DICT, {ORDERED}),
        (STR, {MOCK}),
        (STR, set()),
    ],
)
def test_kin_none_that_was_seen_and_handed_on_mocks_have_not(
    gave: TypeSeen, real: set[TypeSeen]
) -> None:
    assert words_of((gave,), real) == ""


@pytest.mark.parametrize(
    "text",
    [
        "def f() -> str: ...",
        "def f() -> 'int | str': ...",
        "def f() -> Any: ...",
        "@contextmanager\ndef f(): ...",
    ],
)
def test_what_an_annotation_allows_or_a_decorator_changes_has_not(text: str) -> None:
    assert words_of((STR,), {INT}, text) == ""


def test_types_of_which_not_all_are_known_say_nothing() -> None:
    assert words_of((STR,), {INT}, full=False) == ""
    assert words_of((STR, INT), {INT}) == ""


def test_a_result_that_nobody_looks_at_cannot_drift() -> None:
    ignored = Ignored({"a.py": ast.parse("def f():\n    g(1)\n    return g(2)\n")})
    assert ignored.everywhere([("a.py", 2)])
    assert not ignored.everywhere([("a.py", 2), ("a.py", 3)])
    assert not ignored.everywhere([("b.py", 1)])


def test_stand_ins_that_differ_alike_are_told_of_together() -> None:
    one, two = standin(gave=(STR,)), standin(gave=(STR,), test="t", made=("test_cart.py", 20))
    fits = standin(gave=(INT,), made=("test_cart.py", 30))
    seen = watch(standins=(one, two, fits), returned={AT_RATE: Returned(frozenset({INT}), 1, True)})
    trees = {"shop/cart.py": ast.parse(CART)}
    (drift,) = drifted(NAMES, seen, trees)
    assert drift.standins == (one, two)
    assert (drift.certain, drift.tests) == (False, ("test_cart.py::test_total", "t"))


# Cards


def test_cards_stand_in_order_of_weight_and_a_drifted_stand_in_has_one_only() -> None:
    names = shop(
        "from shop import rates\n"
        "def a():\n    return rates.rate(1)\n"
        "def b():\n    return rates.Bank()\n"
        "def c():\n    return rates.Bank.name()\n"
    )
    called_at = {"called_from": (("shop/cart.py", 3),)}
    bank = {"original": ("shop/rates.py", 0), "kind": "class", "name": "Bank"}
    seen = watch(
        standins=(
            standin(refused=("called with ()",), **called_at),
            standin(**bank, called_from=(("shop/cart.py", 5),)),
        ),
    )
    seams = all_seams(names, seen)
    drifts = drifted(names, seen, {})
    cards = cards_of(names, seen, seams, drifts)
    assert [(card.kind, card.callee.name, card.at) for card in cards] == [
        ("drifted", "rate", ("test_cart.py", 9)),
        ("mocked", "Bank.__init__", ("shop/cart.py", 5)),
        ("untested", "Bank.name", ("shop/cart.py", 7)),
    ]
    assert [seam.state for seam in seams].count(SeamState.MOCKED) == 2

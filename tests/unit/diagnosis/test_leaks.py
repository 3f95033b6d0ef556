"""Facts about left-over state in words."""

from __future__ import annotations

import pytest

from assay.diagnosis.leaks import Lines, leak_of, without_aliases
from assay.diagnosis.pollution import Difference, Slot

NOTHING = ["-"]
SETTINGS = ("global", "shop.state", "SETTINGS")


def text(value: str) -> list[object]:
    return ["v", "str", repr(value)]


def mapping(**items: str) -> list[object]:
    return ["d", "dict", len(items), [[text(key), text(item)] for key, item in items.items()]]


def function(name: str, another: str = "") -> list[object]:
    return ["n", "function", name, another]


def difference(slot: Slot, before: object, after: object, rebound: bool = False) -> Difference:
    return Difference(slot, before, after, ("t",), rebound, True)  # type: ignore[arg-type]


def told(slot: Slot, before: object, after: object, rebound: bool = False) -> tuple[str, str, str]:
    leak = leak_of(difference(slot, before, after, rebound), "t", {})
    return leak.name, leak.before, leak.after


def test_a_changed_item_is_told_by_its_key() -> None:
    found = told(SETTINGS, mapping(currency="USD", a="1"), mapping(currency="EUR", a="1"))
    assert found == ("shop.state.SETTINGS['currency']", "'USD'", "'EUR'")


def test_an_item_that_came_or_went_is_told_by_its_key_too() -> None:
    assert told(SETTINGS, mapping(a="1"), mapping(a="1", b="2"))[:2] == (
        "shop.state.SETTINGS['b']",
        "nothing",
    )
    assert told(SETTINGS, mapping(a="1", b="2"), mapping(a="1"))[2] == "nothing"


def test_a_function_of_the_same_name_is_told_as_another_one() -> None:
    slot = ("global", "shop.rates", "fetch")
    assert told(slot, function("fetch"), function("fetch", "another"), True) == (
        "shop.rates.fetch",
        "function fetch",
        "another function fetch",
    )


@pytest.mark.parametrize(
    ("slot", "name"),
    [
        (("environ", "REGION"), "os.environ['REGION']"),
        (("module", "shop.tax"), "sys.modules['shop.tax']"),
        (("logger", "", "level"), "logging.root.level"),
        (("logger", "shop", "handlers"), "logging.getLogger('shop').handlers"),
        (("process", "cwd"), "os.getcwd()"),
        (("process", "umask"), "umask"),
        (("attribute", "shop.cart", "Cart", "limit"), "shop.cart.Cart.limit"),
        (("cache", "shop.rates", "fetch"), "shop.rates.fetch.cache_info().currsize"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_state_is_named_as_python_would(slot: Slot, name: str) -> None:
    assert told(slot, text("a"), text("b")) == (name, "'a'", "'b'")


@pytest.mark.parametrize(
    ("one", "fix"),
    [
        (
            difference(SETTINGS, mapping(c="USD"), mapping(c="EUR")),
            "`monkeypatch.setitem(shop.state.SETTINGS, 'c', 'EUR')`",
        ),
        (
            difference(SETTINGS, mapping(c="USD"), mapping()),
            "restore it in place",
        ),
        (
            difference(SETTINGS, mapping(c="USD"), mapping(c="EUR"), rebound=True),
            "`monkeypatch.setattr(shop.state, 'SETTINGS', …)`",
        ),
        (difference(("environ", "R"), NOTHING, text("us")), "`monkeypatch.setenv('R', 'us')`"),
        (difference(("environ", "R"), text("us"), NOTHING), "`monkeypatch.delenv('R')`"),
        (difference(("process", "cwd"), text("/a"), text("/b")), "`monkeypatch.chdir(…)`"),
        (
            difference(("module", "a.b"), NOTHING, text("x")),
            "`monkeypatch.setitem(sys.modules, 'a.b', …)`",
        ),
        (
            difference(("logger", "shop", "level"), NOTHING, text("x")),
            "`caplog.set_level(…, logger='shop')`",
        ),
        (
            difference(("foreign", "time", "time"), function("time"), function("f"), True),
            "`monkeypatch.setattr(time, 'time', …)`",
        ),
        (difference(("process", "umask"), text("a"), text("b")), "keep what `os.umask` gives"),
        (difference(("cache", "m", "f"), text("0"), text("1")), "call `m.f.cache_clear()`"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_the_fix_is_the_one_that_fits_the_state(one: Difference, fix: str) -> None:
    assert leak_of(one, "t", {}).fix.startswith(fix)


def test_a_function_in_the_place_of_another_is_a_patched_attribute() -> None:
    slot = ("global", "shop.rates", "fetch")
    mock = ["?", "unittest.mock.MagicMock"]
    assert leak_of(difference(slot, function("fetch"), mock), "t", {}).kind == "patched attribute"
    assert leak_of(difference(slot, text("a"), text("b")), "t", {}).kind == "module global"


def test_the_writers_line_is_told_where_it_was_seen() -> None:
    one = difference(SETTINGS, mapping(c="USD"), mapping(c="EUR"))
    lines: Lines = {("t", SETTINGS): (("shop/state.py", 4), ("tests/test_a.py", 6))}
    leak = leak_of(one, "t", lines)
    assert (leak.line, leak.test_line) == (("shop/state.py", 4), ("tests/test_a.py", 6))
    assert leak_of(one, "other", lines).line is None


def test_of_names_for_one_object_the_one_is_told_where_it_is_made() -> None:
    imported = difference(("global", "tests.test_a", "SETTINGS"), mapping(c="1"), mapping(c="2"))
    home = difference(SETTINGS, mapping(c="1"), mapping(c="2"))
    other = difference(("global", "shop.state", "OTHER"), mapping(c="1"), mapping(c="2"))
    assert without_aliases([imported, home, other], {SETTINGS}) == [home, other]

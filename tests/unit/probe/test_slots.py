"""Facts about the state that tests share: which changes are seen, and that nothing is called."""

from __future__ import annotations

import functools
import importlib.util
import json
import logging
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from assay.probe.slots import Slot, Slots
from assay.probe.state import NOTHING, changes

_dumps = json.dumps

TEXT = """\
import functools
import json

SETTINGS = {"currency": "USD"}
READY = []
RATE = 2


class Cart:
    limit = 3
    rows: list = []

    def total(self):
        return 0


def fetch():
    return 1


def collect(one, seen=[]):
    seen.append(one)


@functools.lru_cache
def slow(one):
    return one
"""


class Hostile:
    """Everything that a curious tool might call fails the test."""

    def _fail(self, *_: object) -> Any:
        raise AssertionError("the user's code was called")

    __eq__ = __repr__ = __str__ = __len__ = __iter__ = __bool__ = __getattr__ = _fail
    __hash__ = _fail
    __class__ = property(_fail)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Any]:
    """A module of a project, imported."""
    path = tmp_path / "shop_of_slots.py"
    path.write_text(TEXT, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("shop_of_slots", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["shop_of_slots"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["shop_of_slots"]


@pytest.fixture
def slots(shop: Any, tmp_path: Path) -> Slots:
    def relative(path: str) -> str | None:
        return Path(path).name if path.startswith(str(tmp_path)) else None

    def no_fixtures() -> Iterator[tuple[Slot, Any]]:
        return iter(())

    assert shop
    return Slots(relative, no_fixtures)


def seen(slots: Slots, act: Callable[[], object]) -> dict[Slot, tuple[Any, Any]]:
    """What an act changes, by slot."""
    before = slots.take()
    act()
    found = list(changes(before, slots.take()))
    assert json.loads(_dumps(found)) == found
    return {tuple(slot): (old, new) for slot, old, new, _ in found}


def test_nothing_done_is_nothing_seen(slots: Slots) -> None:
    assert seen(slots, lambda: None) == {}


def test_a_global_changed_in_place(slots: Slots, shop: Any) -> None:
    found = seen(slots, lambda: shop.SETTINGS.update(currency="EUR"))
    old, new = found["global", "shop_of_slots", "SETTINGS"]
    assert len(found) == 1
    assert old[3][0][1] == ["v", "str", "'USD'"]
    assert new[3][0][1] == ["v", "str", "'EUR'"]


def test_a_global_bound_anew_and_one_deleted(slots: Slots, shop: Any) -> None:
    def act() -> None:
        shop.RATE = 3
        del shop.READY

    found = seen(slots, act)
    assert found["global", "shop_of_slots", "RATE"] == (["v", "int", "2"], ["v", "int", "3"])
    assert found["global", "shop_of_slots", "READY"][1] == NOTHING


def test_another_object_of_equal_content_is_no_change(slots: Slots, shop: Any) -> None:
    assert seen(slots, lambda: setattr(shop, "SETTINGS", {"currency": "USD"})) == {}


def test_attributes_of_a_class(slots: Slots, shop: Any) -> None:
    def act() -> None:
        shop.Cart.limit = 4
        shop.Cart.rows.append(1)
        shop.Cart.total = lambda self: 5  # noqa: ARG005

    names = {slot[3] for slot in seen(slots, act) if slot[0] == "attribute"}
    assert names == {"limit", "rows", "total"}


def test_a_function_replaced_by_a_mock_or_by_one_of_its_own_name(slots: Slots, shop: Any) -> None:
    slot = ("global", "shop_of_slots", "fetch")
    original = shop.fetch
    _, new = seen(slots, lambda: setattr(shop, "fetch", mock.MagicMock()))[slot]
    assert new == ["?", "unittest.mock.MagicMock"]
    wrapped = functools.wraps(original)(lambda: 2)
    _, new = seen(slots, lambda: setattr(shop, "fetch", wrapped))[slot]
    assert new == ["n", "function", "fetch", "another"]
    _, new = seen(slots, lambda: setattr(shop, "fetch", original))[slot]
    assert new == ["n", "function", "fetch", ""]


def test_attributes_of_a_thread_s_own(slots: Slots, shop: Any) -> None:
    shop.CURRENT = threading.local()
    found = seen(slots, lambda: setattr(shop.CURRENT, "locale", "de"))
    old, new = found["global", "shop_of_slots", "CURRENT"]
    assert (old[2], new[2]) == ([], [["locale", ["v", "str", "'de'"]]])


def test_default_values_and_caches_of_functions(slots: Slots, shop: Any) -> None:
    found = seen(slots, lambda: (shop.collect(1), shop.slow(1)))
    assert set(found) == {
        ("default", "shop_of_slots", "collect"),
        ("cache", "shop_of_slots", "slow"),
    }


def test_a_function_of_a_module_that_the_project_uses(
    slots: Slots, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = seen(slots, lambda: monkeypatch.setattr(json, "dumps", lambda *_: "{}"))
    monkeypatch.undo()
    assert ("foreign", "json", "dumps") in found


def test_a_method_of_such_a_module_s_class(
    slots: Slots, monkeypatch: pytest.MonkeyPatch, shop: Any
) -> None:
    shop.json = json
    found = seen(slots, lambda: monkeypatch.setattr(logging.Logger, "info", lambda *_: None))
    assert ("method", "logging", "Logger", "info") in found


def test_the_environment(slots: Slots, monkeypatch: pytest.MonkeyPatch) -> None:
    found = seen(slots, lambda: monkeypatch.setenv("SLOTS_REGION", "us"))
    assert found == {("environ", "SLOTS_REGION"): (NOTHING, ["v", "str", "'us'"])}


def test_the_current_directory(
    slots: Slots, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = seen(slots, lambda: monkeypatch.chdir(tmp_path))
    assert found["process", "cwd"][1] == ["v", "str", repr(str(tmp_path))]


def test_modules_that_come_go_and_are_replaced(
    slots: Slots, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act() -> None:
        monkeypatch.setitem(sys.modules, "slots_new", types.ModuleType("slots_new"))
        monkeypatch.setitem(sys.modules, "json", types.ModuleType("json"))
        monkeypatch.delitem(sys.modules, "json.decoder")

    found = {k: v for k, v in seen(slots, act).items() if k[0] == "module"}
    monkeypatch.undo()
    assert found["module", "slots_new"][0] == NOTHING
    assert found["module", "json"][1] == ["n", "module", "json", "another"]
    assert found["module", "json.decoder"][1] == NOTHING


def test_loggers(slots: Slots) -> None:
    logger = logging.getLogger("slots.shop")
    handler = logging.NullHandler()

    def act() -> None:
        logger.setLevel(logging.ERROR)
        logger.addHandler(handler)
        logger.propagate = False

    found = seen(slots, act)
    undone = seen(slots, lambda: logger.setLevel(0))
    logger.removeHandler(handler)
    logger.propagate = True
    assert set(found) == {
        ("logger", "slots.shop", what) for what in ("level", "handlers", "propagate")
    }
    assert undone["logger", "slots.shop", "level"][1] == NOTHING


def test_settings_of_the_process(slots: Slots, monkeypatch: pytest.MonkeyPatch) -> None:
    mask = os.umask(0o022)
    handler = signal.getsignal(signal.SIGUSR2)

    def act() -> None:
        os.umask(0o077)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        monkeypatch.syspath_prepend("/slots")

    found = seen(slots, act)
    os.umask(mask)
    signal.signal(signal.SIGUSR2, handler)
    assert {("process", what) for what in ("umask", "signal SIGUSR2", "sys.path")} <= set(found)


def test_no_code_of_an_object_runs(slots: Slots, shop: Any) -> None:
    hostile = Hostile()

    def act() -> None:
        shop.thing = hostile
        shop.SETTINGS["thing"] = hostile
        shop.Cart.thing = hostile

    assert len(seen(slots, act)) == 3
    assert seen(slots, lambda: None) == {}


def test_one_slot_alone_is_read_as_among_all(slots: Slots, shop: Any) -> None:
    shop.SETTINGS["currency"] = "EUR"
    seen_slots = [row for block in slots.take().values() for row in block.items()]
    for slot, (_, summary) in seen_slots:
        if slot[0] != "fixture" and slot != ("process", "random"):
            assert slots.read(slot) == summary, slot


def test_a_slot_that_is_not_there_is_none(slots: Slots) -> None:
    assert slots.read(("global", "shop_of_slots", "nobody")) is None
    assert slots.read(("environ", "SLOTS_NOBODY")) is None

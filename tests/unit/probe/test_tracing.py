"""Facts about the trace of a test: which calls, how they end, what is read, where it stops."""

from __future__ import annotations

import importlib.util
import sys
import threading
from dataclasses import make_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from assay.probe.tracing import OWN_BETWEEN, Tracer

Event = dict[str, Any]

TEXT = """
import enum, re, threading
from dataclasses import dataclass, field

RATE = 7
NAMES = re.compile("a+")

class Cart:
    limit = 3

    def __init__(self, owner):
        self.owner = owner
        self.items = []

    def add(self, item):
        if len(self.items) < self.limit:
            self.items.append(item)
        return len(self.items)

def price(amount, *more, rate=RATE, **options):
    return amount * rate

def fails(text):
    raise ValueError(text)

def catches():
    try:
        fails("no")
    except ValueError:
        return None

def numbers(upto):
    for number in range(upto):
        yield number

def guards():
    try:
        fails("first")
    except ValueError:
        pass
    try:
        yield
    finally:
        price(1)

def throws(into):
    generator = guards()
    next(generator)
    try:
        generator.throw(into("later"))
    except into:
        return None

def squares(upto):
    return [price(n, rate=n) for n in numbers(upto)]

def reads():
    return NAMES, RATE

def closing(inner):
    def reader():
        return inner
    return reader()

def starts():
    thread = threading.Thread(target=reads)
    thread.start()
    thread.join()

def address():
    return id(RATE), f"at {id(RATE):#x} in {__file__}"

class Hostile:
    def _fail(self, *_):
        raise AssertionError("the user's code was called")

    __eq__ = __repr__ = __hash__ = __bool__ = __len__ = __getattr__ = _fail

def takes(one):
    return one

@dataclass
class Order:
    count: int
    rate: int = 5
    parts: list = field(default_factory=lambda: squares(0))

    def __post_init__(self):
        price(self.count)

def orders():
    return Order(1) == Order(2, rate=6)

def busy(times):
    for number in range(times):
        price(number, [number])

def sets_own_trace():
    import sys
    sys.settrace(None)
    return price(1)
"""


@pytest.fixture
def shop(tmp_path: Path) -> ModuleType:
    path = tmp_path / "shop.py"
    path.write_text(TEXT, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("shop", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["shop"] = module
    spec.loader.exec_module(module)
    return module


def traced(
    shop: ModuleType,
    function: Any,
    *args: Any,
    events: int = 1000,
    seconds: float = 60.0,
    lines: list[Any] | None = None,
    modules: bool = False,
) -> Event:
    before = sys.gettrace()
    told = {"repo": str(Path(str(shop.__file__)).parent), "excluded": []}
    tracer = Tracer(
        {**told, "events": events, "seconds": seconds, "lines": lines, "modules": modules}
    )
    try:
        tracer.begin(None)
        function(*args)
        (event,) = tracer.end(None, {"test": "t"})
    finally:
        sys.settrace(before)
        sys.modules.pop("shop", None)
    return event


def calls(event: Event) -> list[tuple[str, dict[str, str], str, str]]:
    """Name, arguments, how it ended and with what, of the project's own calls."""
    values = event["values"]
    return [
        (
            event["codes"][call[0]][1].rpartition(".")[2],
            {name: shown(values[number]) for name, number in call[3].items()},
            call[5],
            "" if call[6] is None else shown(values[call[6]]),
        )
        for call in event["calls"]
        if call[5] != "other"
    ]


def shown(value: Any) -> str:
    return str(value[2]) if value[0] == "v" else str(value[0])


def read(event: Event, index: int = 0) -> dict[str, str]:
    return {name: shown(event["values"][n]) for name, n in event["calls"][index][4].items()}


def test_a_call_is_told_with_its_arguments_and_its_result(shop: ModuleType) -> None:
    event = traced(shop, shop.price, 2)
    given = {"amount": "2", "rate": "7", "more": "l", "options": "d"}
    assert calls(event) == [("price", given, "returned", "14")]
    assert event["codes"][0][0] == "shop.py"
    assert (event["cut"], event["events"]) == ("", 2)


def test_an_exception_is_told_by_who_raises_and_not_by_who_catches_it(shop: ModuleType) -> None:
    assert calls(traced(shop, shop.catches)) == [
        ("catches", {}, "returned", "None"),
        ("fails", {"text": "'no'"}, "raised", "x"),
    ]


def test_each_stretch_of_a_generator_is_a_call(shop: ModuleType) -> None:
    found = calls(traced(shop, list, shop.numbers(2)))
    assert found == [
        ("numbers", {"upto": "2"}, "yielded", "0"),
        ("numbers", {}, "yielded", "1"),
        ("numbers", {}, "returned", "None"),
    ]


def test_an_exception_thrown_into_a_generator_is_not_taken_for_a_result(shop: ModuleType) -> None:
    found = [(name, how) for name, _, how, _ in calls(traced(shop, shop.throws, KeyError))]
    assert found[:3] == [("throws", "returned"), ("guards", "yielded"), ("fails", "raised")]
    assert ("price", "returned") in found
    # Up to Python 3.11, throwing an exception into a generator is not told of as a call.
    assert [how for name, how in found[3:] if name == "guards"] in ([], ["raised"])


def test_what_a_comprehension_calls_is_called_by_its_function(shop: ModuleType) -> None:
    event = traced(shop, shop.squares, 2)
    names = [event["codes"][call[0]][1] for call in event["calls"]]
    assert names == ["squares", "numbers", "price", "numbers", "price", "numbers"]
    assert {call[1] for call in event["calls"][1:]} == {0}


def test_an_argument_that_was_changed_is_told_as_it_is_afterwards(shop: ModuleType) -> None:
    cart = shop.Cart("me")
    event = traced(shop, cart.add, 1)
    (call,) = event["calls"]
    before, after = (dict(event["values"][n["self"]][2]) for n in (call[3], call[7]))
    assert (before["items"][2], after["items"][2]) == (0, 1)
    assert list(call[7]) == ["self"]


def test_data_is_told_that_is_reached_by_names(shop: ModuleType) -> None:
    assert read(traced(shop, shop.reads)) == {"NAMES": "re.compile('a+')", "RATE": "7"}


def test_data_of_the_class_of_its_object_is_told_too(shop: ModuleType) -> None:
    assert read(traced(shop, shop.Cart("me").add, 1)) == {"Cart.limit": "3"}


def test_data_of_closures_is_told_too(shop: ModuleType) -> None:
    assert read(traced(shop, shop.closing, 5), 1) == {"inner": "5"}


def test_addresses_and_the_place_of_the_tree_are_left_out(shop: ModuleType) -> None:
    event = traced(shop, shop.address)
    value = event["values"][event["calls"][0][6]]
    assert value[3] == [["?", "int"], ["v", "str", "'at 0x… in <root>/shop.py'"]]


def test_none_of_the_users_code_runs_for_it(shop: ModuleType) -> None:
    assert calls(traced(shop, shop.takes, shop.Hostile()))[0][2] == "returned"


def test_code_of_others_is_told_by_name_where_the_project_calls_it(shop: ModuleType) -> None:
    event = traced(shop, shop.starts)
    others = [event["codes"][call[0]] for call in event["calls"] if call[5] == "other"]
    assert ["", "threading.Thread.start", 0] in others or ["", "threading.start", 0] in others
    assert event["threads"] == 1
    assert [name for name, *_ in calls(event)] == ["starts"]
    assert threading.active_count() >= 1


def test_after_so_many_events_tracing_stops_and_says_so(shop: ModuleType) -> None:
    event = traced(shop, shop.squares, 50, events=10)
    assert event["cut"] == "after 10 calls and returns, in shop.py:34 numbers, call 6"
    assert len(event["calls"]) <= 10
    assert event["calls"][0][5] == "open"


def test_after_so_many_seconds_tracing_stops_and_says_so(shop: ModuleType) -> None:
    event = traced(shop, shop.squares, 50, seconds=-1.0)
    assert event["cut"].startswith("after -1 s, in shop.py:")
    assert len(event["calls"]) <= OWN_BETWEEN


def test_a_test_that_traces_by_itself_is_said_to(shop: ModuleType) -> None:
    event = traced(shop, shop.sets_own_trace)
    assert event["cut"] == "the test sets a trace function of its own"


def test_the_lines_of_one_call_are_told_when_asked_for(shop: ModuleType) -> None:
    first = next(n for n, line in enumerate(TEXT.splitlines(), 1) if "def price" in line)
    event = traced(shop, shop.squares, 2, lines=["shop.py", "price", first, 1])
    assert event["lines"] == [first + 1]
    assert traced(shop, shop.squares, 2)["lines"] == []


def test_a_method_that_was_generated_stands_where_its_class_does(shop: ModuleType) -> None:
    line = next(n for n, text in enumerate(TEXT.splitlines(), 1) if "class Order" in text)
    event = traced(shop, shop.orders)
    made = [call for call in event["calls"] if event["codes"][call[0]][1] == "Order.__init__"]
    assert ["shop.py", "Order.__init__", line] in event["codes"]
    assert ["shop.py", "Order.__eq__", line] in event["codes"]
    given = [{k: shown(event["values"][n]) for k, n in call[3].items()} for call in made]
    assert [(one["count"], one["rate"]) for one in given] == [("1", "5"), ("2", "6")]
    assert [call[8] for call in made] == [line, line]
    below = {call[0]: call[2] for call in event["calls"] if call[1] == 1}
    codes = event["codes"]
    names = {codes[code][1].rpartition(".")[2]: at for code, at in below.items()}
    assert names == {"<lambda>": line, "__post_init__": line}


def test_generated_code_that_is_not_the_projects_is_told_by_name_only(shop: ModuleType) -> None:
    other = make_dataclass("Other", ["one"])
    event = traced(shop, other, 1)
    assert event["calls"] == []


def test_of_very_many_calls_of_a_function_the_later_are_told_in_short(
    shop: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.probe.tracing.WHOLE", 2)
    event = traced(shop, shop.busy, 4)
    given = [sorted(call[3]) for call in event["calls"][1:]]
    assert given == [["amount", "more", "options", "rate"]] * 2 + [["amount", "rate"]] * 2
    assert [event["codes"][number][1] for number in event["shortened"]] == ["price"]
    assert [shown(event["values"][call[6]]) for call in event["calls"][1:]] == [
        "0",
        "7",
        "14",
        "21",
    ]


def test_what_modules_hold_is_not_told_when_not_asked_for(shop: ModuleType) -> None:
    assert traced(shop, shop.price, 1)["modules"] == []


def test_what_modules_hold_is_told_when_asked_for(shop: ModuleType) -> None:
    event = traced(shop, shop.price, 1, modules=True)
    held = {name: shown(event["values"][n]) for path, name, n in event["modules"] if path}
    assert {path for path, *_ in event["modules"]} == {"shop.py"}
    assert held == {"RATE": "7", "NAMES": "re.compile('a+')", "Cart.limit": "3", "Order.rate": "5"}

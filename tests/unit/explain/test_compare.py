"""Facts about how far a difference came: small tests, watched as the probe watches them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assay.explain.compare import Comparison, Kind, compare
from assay.explain.recording import Recording, recording_of
from assay.model.explanation import Reach
from assay.probe.observe import CALLS, Observer

SHOP = """\
def target(number, seen=None):
    if seen is not None:
        seen.append(number)
    return number + 1


def caller(number):
    found = target(number)
    return found > 0


def passes_on(number):
    return target(number)


def raising(number):
    raise ValueError(target(number))
"""


class Watched:
    """Runs functions of a test file with a function of a module changed."""

    def __init__(self, room: Path) -> None:
        self._room = room
        (room / "shop.py").write_text(SHOP, encoding="utf-8")

    def record(self, body: str, old: str = "", new: str = "", times: int = 0) -> Recording:
        text = "def test_x(chance):\n" + "".join(f"    {line}\n" for line in body.splitlines())
        test = self._room / "test_shop.py"
        test.write_text(text, encoding="utf-8")
        names: dict[str, Any] = {"threading": threading}
        # Compiled where they stand, so that the frames name their files.
        exec(compile(SHOP.replace(old, new), str(self._room / "shop.py"), "exec"), names)
        exec(compile(text, str(test), "exec"), names)
        spec = {
            "path": str(self._room / "shop.py"),
            "name": "target",
            "first": 1,
            "last": 4,
            "tests": [str(test)],
            "repo": str(self._room),
            "excluded": [],
        }
        before = sys.gettrace()
        observer = Observer(spec)
        try:
            observer.begin()
            names["test_x"](times)
        finally:
            seen = observer.end("test_shop.py::test_x")
            sys.settrace(before)
        return recording_of({**seen, "entered": True})

    def compared(self, body: str, old: str, new: str) -> Comparison:
        clean, again = self.record(body, times=0), self.record(body, times=1)
        return compare(clean, again, self.record(body, old, new), observable=True)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path.resolve())


PLUS_TWO = ("number + 1", "number + 2")


def test_a_value_that_a_variable_gets_is_unchecked(watched: Watched) -> None:
    found = watched.compared("found = target(3)\nassert found", *PLUS_TWO)
    assert found.reach is Reach.UNCHECKED
    (local,) = [one for one in found.found if one.kind is Kind.LOCAL]
    assert (local.name, local.line) == ("found", 2)
    assert (local.before, local.after) == (["v", "int", "4"], ["v", "int", "5"])


def test_a_value_that_is_only_passed_through_an_expression_is_unchecked(watched: Watched) -> None:
    found = watched.compared("assert passes_on(3) > 0", *PLUS_TWO)
    assert [(one.kind, one.name, one.line) for one in found.found] == [
        (Kind.RESULT, "passes_on", 2)
    ]


def test_the_state_of_what_the_test_holds_is_seen(watched: Watched) -> None:
    found = watched.compared("seen = []\ntarget(3, seen)", "append(number)", "append(0)")
    locals_ = [one for one in found.found if one.kind is Kind.LOCAL]
    assert [(one.name, one.path, one.line) for one in locals_] == [("seen", (("item", 0),), 3)]


def test_an_exception_that_comes_through_the_test_is_seen(watched: Watched) -> None:
    body = "try:\n    raising(3)\nexcept ValueError:\n    pass"
    found = watched.compared(body, *PLUS_TWO)
    assert Kind.CAUGHT in {one.kind for one in found.found}


def test_a_difference_that_the_caller_drops_is_swallowed_at_its_line(watched: Watched) -> None:
    found = watched.compared("assert caller(3)", *PLUS_TWO)
    assert found.reach is Reach.SWALLOWED
    assert found.swallowed is not None
    assert (found.swallowed.path, found.swallowed.line) == ("shop.py", 8)


def test_inputs_that_do_not_tell_give_the_same_result(watched: Watched) -> None:
    found = watched.compared("found = target(3)", "number + 1", "number + (1 if number else 2)")
    assert found.reach is Reach.SAME
    assert found.call is not None
    assert found.call.given["number"] == ["v", "int", "3"]


def test_a_function_that_is_not_called_is_not_reached_unless_it_ran_unseen(
    watched: Watched,
) -> None:
    runs: Mapping[str, Callable[[], Recording]] = {
        "seen": lambda: watched.record("pass"),
        "thread": lambda: watched.record(
            "one = threading.Thread(target=target, args=(3,))\none.start()\none.join()\ndel one"
        ),
    }
    ran = runs["seen"]()
    assert compare(ran, ran, ran, observable=True).reach is Reach.UNKNOWN
    quiet = recording_of(
        {
            "test": "t",
            "calls": [],
            "count": 0,
            "digests": [],
            "returns": [],
            "frames": [],
            "results": [],
            "looks": [],
            "types": {},
            "entered": False,
            "cut": False,
            "lost": False,
        }
    )
    assert compare(quiet, quiet, quiet, observable=True).reach is Reach.NOT_REACHED
    cut = replace(quiet, entered=True, cut=True)
    found = compare(quiet, quiet, cut, observable=True)
    assert found.reach is Reach.UNKNOWN
    assert found.why.startswith("watching had ended before its code ran")
    threads = runs["thread"]()
    assert threads.count == 0
    assert compare(threads, threads, threads, observable=True).reach is Reach.UNKNOWN


def test_what_differs_without_the_mutant_is_masked(watched: Watched) -> None:
    body = "found = [chance, target(3)]\nassert found"
    found = watched.compared(body, *PLUS_TWO)
    paths = [one.path for one in found.found if one.kind is Kind.LOCAL]
    assert paths == [(("item", 1),)]


def test_another_way_through_the_test_is_a_difference(watched: Watched) -> None:
    found = watched.compared("if target(3) > 4:\n    x = 1\nelse:\n    y = 1", *PLUS_TWO)
    assert {one.kind for one in found.found} >= {Kind.RESULT}


def test_calls_beyond_those_that_are_kept_count_too(watched: Watched) -> None:
    body = f"for n in range({CALLS + 20}):\n    caller(n)"
    rare = ("number + 1", f"number + (2 if number > {CALLS + 5} else 1)")
    assert watched.compared(body, *rare).reach is Reach.SWALLOWED
    assert watched.compared(body, "number + 1", "1 + number").reach is Reach.SAME


def test_a_test_that_takes_the_tracing_away_is_not_explained(watched: Watched) -> None:
    body = "import sys\nsys.settrace(None)\ntarget(3)"
    found = watched.compared(body, *PLUS_TWO)
    assert found.reach is Reach.UNKNOWN
    assert "tracing" in found.why

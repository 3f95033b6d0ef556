"""Facts about the probe's clocks: no test that freezes time stops them."""

from __future__ import annotations

import datetime
import importlib
import pkgutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from assay import probe
from assay.probe.clock import Clock
from assay.probe.observe import Observer
from assay.probe.summary import Summarizer

REAL = [
    time.time, time.monotonic, time.perf_counter, time.sleep, time.localtime, time.gmtime,
    time.time_ns, time.monotonic_ns, time.process_time, datetime.datetime, datetime.date,
]  # fmt: skip


def modules_of_the_probe() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(probe.__path__):
        if found.name != "bootstrap":
            yield importlib.import_module(f"assay.probe.{found.name}")


def scanned() -> list[str]:
    """The names that freezegun would replace in the modules of the probe."""
    return [
        f"{module.__name__}.{name}"
        for module in modules_of_the_probe()
        for name, value in vars(module).items()
        if any(value is real for real in REAL)
    ]


def test_no_module_of_the_probe_has_a_name_for_a_clock() -> None:
    assert scanned() == []


def frozen() -> float:
    return 2e9


@pytest.fixture
def frozen_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What freezegun does: in all modules of the probe, and in `time` itself."""
    for module in (*modules_of_the_probe(), time):
        for name, value in list(vars(module).items()):
            if value is time.monotonic or value is time.time or value is time.process_time:
                monkeypatch.setattr(module, name, frozen)
    monkeypatch.setattr(datetime, "datetime", None)


def called() -> int:
    return 1


def test_watching_goes_on_while_time_stands_still(request: pytest.FixtureRequest) -> None:
    spec = {
        "path": __file__, "name": "called", "first": 1, "last": 10_000, "tests": [],
        "repo": "/", "excluded": [],
    }  # fmt: skip
    before = sys.gettrace()
    observer = Observer(spec)
    try:
        observer.begin()
        request.getfixturevalue("frozen_time")
        called()
    finally:
        seen = observer.end("t")
        sys.settrace(before)
    assert (seen["cut"], seen["count"]) == (False, 1)


@pytest.mark.usefixtures("frozen_time")
def test_summaries_go_by_the_real_time() -> None:
    assert Summarizer().of(frozen())[0] != Summarizer().of(Clock.time())[0]
    assert Summarizer().of(Clock.moment.now()) == ["t", "datetime"]


def test_the_file_of_a_decorator_is_no_file_of_tests(tmp_path: Path) -> None:
    """freezegun's `freeze_time` reads all modules: to watch that takes longer than any limit."""
    test, tools = tmp_path / "test_x.py", tmp_path / "outside" / "tools.py"
    names: dict[str, Any] = {}
    text = (
        "import functools\ndef wrap(f):\n    @functools.wraps(f)\n    def inner():\n        f()\n"
    )
    exec(compile(text + "    return inner\n", str(tools), "exec"), names)
    exec(compile("@wrap\ndef test_x():\n    one = 1\n", str(test), "exec"), names)
    spec = {
        "path": "", "name": "", "first": 0, "last": 0, "tests": [],
        "repo": str(tmp_path), "excluded": [str(tools.parent)],
    }  # fmt: skip
    before = sys.gettrace()
    observer = Observer(spec)
    try:
        observer.begin(SimpleNamespace(function=names["test_x"]))
        names["test_x"]()
    finally:
        seen = observer.end("t")
        sys.settrace(before)
    assert [(frame["path"], frame["name"]) for frame in seen["frames"]] == [("test_x.py", "test_x")]

"""`assay isolate` on a suite with polluters of several kinds, `assay flaky` on one of each axis."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import RunAssay, clean_environment, write
from rich.console import Console

from assay.isolating import isolate
from assay.model.flakiness import Axis
from assay.model.isolation import Dependence, Isolation
from assay.model.run import TestOutcome
from assay.progress import Progress
from assay.project import open_project
from assay.recording import Suite, collected_suite
from assay.report.isolation_text import isolation_text
from assay.rerunning import rerun

STATE = """\
SETTINGS = {"currency": "USD", "digits": 2}
READY = []


class Cart:
    limit = 3


def use(name):
    SETTINGS["currency"] = name


def rate():
    return 2
"""

POLLUTERS = """\
import ctypes
import logging
import os
import sys
import types
from unittest import mock

from shop import state


def test_nothing():
    pass


def test_euro():
    state.use("EUR")


def test_region():
    os.environ["SHOP_REGION"] = "us"


def test_region_undone():
    os.environ.pop("SHOP_REGION", None)


def test_region_again():
    os.environ["SHOP_REGION"] = "us"


def test_elsewhere(tmp_path):
    os.chdir(tmp_path)


def test_quiet():
    logging.getLogger("shop").setLevel(logging.CRITICAL)


def test_patch():
    mock.patch("shop.state.rate", return_value=7).start()


def test_module():
    sys.modules["shop.tax"] = types.ModuleType("shop.tax")


def test_class():
    state.Cart.limit = 1


def test_first_half():
    state.READY.append("a")


def test_second_half():
    state.READY.append("b")


def test_basket(basket):
    basket.append("tea")


def test_unseen():
    ctypes.CDLL(None).setenv(b"SHOP_UNSEEN", b"1", 1)
"""

SHARED = """\
import pytest


@pytest.fixture(scope="session")
def basket():
    return []
"""

VICTIMS = """\
import ctypes
import logging
import os
from pathlib import Path

from shop import state


def test_currency():
    assert state.SETTINGS["currency"] == "USD"


def test_home():
    assert os.environ.get("SHOP_REGION", "eu") == "eu"


def test_file():
    assert Path("shop/state.py").exists()


def test_log(caplog):
    logging.getLogger("shop").warning("late")
    assert "late" in caplog.text


def test_rate():
    assert state.rate() == 2


def test_tax():
    from shop.tax import percent

    assert percent == 20


def test_limit():
    assert state.Cart.limit == 3


def test_not_ready():
    assert not {"a", "b"} <= set(state.READY)


def test_ready():
    assert {"a", "b"} <= set(state.READY)


def test_empty(basket):
    assert basket == []


def test_hidden():
    read = ctypes.CDLL(None).getenv
    read.restype = ctypes.c_char_p
    assert read(b"SHOP_UNSEEN") is None


def test_sound():
    assert state.SETTINGS["digits"] == 2


def test_wrong():
    assert state.SETTINGS["digits"] == 3


def test_counts():
    path = Path(os.environ["COUNTER"])
    path.write_text(path.read_text() + "x")
    assert len(path.read_text()) % 2
"""

LAST = """\
from shop import state


def test_latent():
    assert state.SETTINGS["digits"] == 2


def test_after_all():
    state.SETTINGS["digits"] = 0
"""

FIRST, SECOND = "tests/test_a_first.py::", "tests/test_b_then.py::"


@contextmanager
def suite_of(root: Path, **environ: str) -> Iterator[Suite]:
    project = open_project(root, sys.executable, (), clean_environment(environ))
    with (
        Progress(Console(stderr=True), quiet=True) as progress,
        collected_suite(project, progress) as suite,
    ):
        yield suite


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """One collected session for all: each isolation runs in forks of it."""
    root = tmp_path_factory.mktemp("shop")
    write(root / "conftest.py", SHARED)
    write(root / "shop" / "__init__.py", "")
    write(root / "shop" / "state.py", STATE)
    write(root / "shop" / "tax.py", "percent = 20\n")
    write(root / "tests" / "test_a_first.py", POLLUTERS)
    write(root / "tests" / "test_b_then.py", VICTIMS)
    write(root / "tests" / "test_c_last.py", LAST)
    write(root / "counter", "")
    with suite_of(root, COUNTER=str(root / "counter")) as suite:
        yield suite


def isolated(suite: Suite, test: str) -> Isolation:
    return isolate(suite, test, Progress(Console(stderr=True), quiet=True))


@pytest.mark.parametrize(
    ("victim", "polluter", "name", "before", "after", "line"),
    [
        ("currency", "euro", "shop.state.SETTINGS['currency']", "'USD'", "'EUR'", 10),
        ("home", "region_again", "os.environ['SHOP_REGION']", "nothing", "'us'", 28),
        ("file", "elsewhere", "os.getcwd()", None, None, 32),
        ("log", "quiet", "logging.getLogger('shop').level", "0", "50", 36),
        ("rate", "patch", "shop.state.rate", "function rate", "a MagicMock", 40),
        ("tax", "module", "sys.modules['shop.tax']", "nothing", "module shop.tax", 44),
        ("limit", "class", "shop.state.Cart.limit", "3", "1", 48),
        ("empty", "basket", "basket", "[]", "['tea']", 60),
    ],
)
def test_a_polluter_is_found_by_the_state_it_leaves(
    shop: Suite,
    victim: str,
    polluter: str,
    name: str,
    before: str | None,
    after: str | None,
    line: int,
) -> None:
    found = isolated(shop, f"{SECOND}test_{victim}")
    assert found.dependence is Dependence.VICTIM
    assert found.causes == (f"{FIRST}test_{polluter}",)
    assert found.by_state
    assert found.confirmed
    leak = next(one for one in found.leaks if one.name == name)
    assert before is None or (leak.before, leak.after) == (before, after)
    assert leak.line is not None
    assert leak.line[1] == line
    assert leak.read


def test_the_search_takes_few_starts(shop: Suite) -> None:
    found = isolated(shop, f"{SECOND}test_currency")
    assert (found.starts.alone, found.starts.together) == (3, 1)
    assert found.starts.search + found.starts.fresh <= 3


def test_a_test_that_puts_the_state_back_is_a_cleaner(shop: Suite) -> None:
    found = isolated(shop, f"{SECOND}test_home")
    assert found.cleaners == (f"{FIRST}test_region_undone",)


def test_two_polluters_that_are_both_needed(shop: Suite) -> None:
    found = isolated(shop, f"{SECOND}test_not_ready")
    assert found.dependence is Dependence.VICTIM
    assert found.causes == (f"{FIRST}test_first_half", f"{FIRST}test_second_half")
    assert found.leaks[0].name == "shop.state.READY"


def test_a_brittle_test_and_its_state_setters(shop: Suite) -> None:
    found = isolated(shop, f"{SECOND}test_ready")
    assert found.dependence is Dependence.BRITTLE
    assert found.causes == (f"{FIRST}test_first_half", f"{FIRST}test_second_half")
    assert found.cleaners is None


def test_a_polluter_whose_state_is_not_seen_is_found_by_delta_debugging(shop: Suite) -> None:
    found = isolated(shop, f"{SECOND}test_hidden")
    assert found.causes == (f"{FIRST}test_unseen",)
    assert not found.by_state
    assert found.confirmed
    assert "The state is not seen" in isolation_text(found)


def test_a_victim_of_a_later_test(shop: Suite) -> None:
    found = isolated(shop, "tests/test_c_last.py::test_latent")
    assert found.later
    assert found.dependence is Dependence.VICTIM
    assert found.causes == ("tests/test_c_last.py::test_after_all",)


def test_no_victim_fails_alone_too(shop: Suite) -> None:
    found = isolated(shop, f"{SECOND}test_wrong")
    assert found.dependence is Dependence.FAILS
    assert found.causes == ()
    assert "is no victim: it fails alone" in isolation_text(found)


def test_a_test_with_both_outcomes_alone_is_flaky(shop: Suite) -> None:
    found = isolated(shop, f"{SECOND}test_counts")
    assert found.dependence is Dependence.FLAKY
    assert set(found.alone) == {TestOutcome.PASSED, TestOutcome.FAILED}
    assert "assay flaky" in isolation_text(found)


def test_without_time_no_subset_is_tried(shop: Suite) -> None:
    progress = Progress(Console(stderr=True), quiet=True)
    found = isolate(shop, f"{SECOND}test_currency", progress, seconds=-1.0)
    assert found.dependence is Dependence.VICTIM
    assert found.starts.search == 0
    assert "the time was over" in found.notices[0]


# Flaky

AXES = """\
import os
import random
from pathlib import Path

from state import READY


def test_sound():
    assert random.random() >= 0


def test_fills():
    READY.append(1)


def test_order():
    assert READY == []


def test_random():
    assert random.random() < 0.5


def test_hash():
    assert list({"a", "b"})[0] == "a"


def test_chance():
    path = Path(os.environ["COUNTER"])
    path.write_text(path.read_text() + "x")
    assert len(path.read_text()) % 2


def test_broken():
    assert 0
"""


@pytest.fixture(scope="module")
def axes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("axes")
    write(root / "state.py", "READY = []\n")
    write(root / "test_axes.py", AXES)
    write(root / "counter", "")
    return root


def test_each_axis_is_named_and_nothing_else(axes: Path) -> None:
    with suite_of(axes, COUNTER=str(axes / "counter")) as suite:
        progress = Progress(Console(stderr=True), quiet=True)
        found = rerun(suite, [], 3, 0, progress)
    assert {one.test.partition("::test_")[2]: one.axes for one in found.varying} == {
        "order": (Axis.ORDER,),
        "random": (Axis.RANDOM,),
        "hash": (Axis.HASH,),
        "chance": (Axis.SAME,),
    }
    assert found.failing == ("test_axes.py::test_broken",)


def test_named_tests_run_alone_and_a_seed_repeats_them(axes: Path, run_assay: RunAssay) -> None:
    arguments = ("test_axes.py::test_random", "--runs", "2", "--seed", "1", "--format", "json")
    first = run_assay("flaky", *arguments, project=axes)
    assert first.code == 1
    assert first.record["varying"][0]["axes"] == ["random seed"]
    assert run_assay("flaky", *arguments, project=axes).record == first.record


def test_a_sound_test_is_not_flaky(axes: Path, run_assay: RunAssay) -> None:
    done = run_assay("flaky", "test_axes.py::test_sound", "--runs", "1", project=axes)
    assert done.code == 0
    assert done.lines[0] == "Nothing flaky seen in 1 test, 1 run of each kind."


def test_isolate_prints_what_it_found(axes: Path, run_assay: RunAssay) -> None:
    done = run_assay("isolate", "test_axes.py::test_order", "--format", "json", project=axes)
    assert done.code == 1
    assert done.record["causes"] == ["test_axes.py::test_fills"]
    assert done.record["leaks"][0]["name"] == "state.READY"
    assert done.record["starts"]["alone"] == 3


@pytest.mark.parametrize("verb", ["isolate", "flaky"])
def test_a_test_that_is_not_there_is_told_with_near_ones(
    axes: Path, run_assay: RunAssay, verb: str
) -> None:
    done = run_assay(verb, "test_axes.py::test_ordre", project=axes)
    assert done.code == 2
    assert done.problem.startswith("assay: pytest collects no test 'test_axes.py::test_ordre'")
    assert "test_axes.py::test_order" in done.problem


def test_a_suite_that_cannot_be_collected_is_a_3(tmp_path: Path, run_assay: RunAssay) -> None:
    write(tmp_path / "test_it.py", "import nowhere_at_all\n")
    assert run_assay("isolate", "test_it.py::test_it", project=tmp_path).code == 3
    assert run_assay("flaky", project=tmp_path).code == 3


def test_a_record_is_json(axes: Path, run_assay: RunAssay) -> None:
    done = run_assay("isolate", "test_axes.py::test_sound", "--format", "json", project=axes)
    assert done.code == 0
    assert json.loads(done.out)["dependence"] == "independent"

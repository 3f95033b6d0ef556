"""Facts about the stamp of the environment: each part of it changes it, and nothing else does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from assay.execution.environment import stamp


class World:
    """An interpreter with a directory of installed distributions."""

    def __init__(self, root: Path) -> None:
        self.python = root / "python"
        self.python.write_text("binary")
        self.site = root / "site"
        record = self.site / "pytest-9.0.dist-info" / "RECORD"
        record.parent.mkdir(parents=True)
        record.write_text("files")
        (self.site / "editable.pth").write_text("/somewhere")
        (self.site / "pytest").mkdir()
        self.root = root
        self.search_path: Iterable[str] = [str(self.site)]
        self.arguments: Sequence[str] = ("-q",)
        self.environ: Mapping[str, str] = {"PYTHONPATH": "lib"}
        self.settings: Iterable[str] = ("pytest.ini=[pytest]",)
        self.interpreter = str(self.python)

    def stamp(self) -> str:
        return stamp(
            self.interpreter, self.search_path, self.arguments, self.environ, self.settings
        )

    def touch(self, path: str, text: str = "") -> None:
        full = self.site / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def installed_again(world: World) -> None:
    record = world.site / "pytest-9.0.dist-info" / "RECORD"
    os.utime(record, ns=(1, 1))


def grown(world: World) -> None:
    world.python.write_text("longer binary")


def other_version(world: World) -> None:
    (world.site / "pytest-9.0.dist-info").rename(world.site / "pytest-9.1.dist-info")


def removed(world: World) -> None:
    (world.site / "pytest-9.0.dist-info" / "RECORD").unlink()
    (world.site / "pytest-9.0.dist-info").rmdir()


def set_to(name: str, value: object) -> Callable[[World], None]:
    return lambda world: setattr(world, name, value)


CHANGES: dict[str, Callable[[World], None]] = {
    "another interpreter": set_to("interpreter", "/usr/bin/other"),
    "the interpreter replaced": lambda world: os.utime(world.python, ns=(1, 1)),
    "the interpreter grown": grown,
    "the interpreter gone": lambda world: world.python.unlink(),
    "another argument": set_to("arguments", ("-q", "-x")),
    "an argument less": set_to("arguments", ()),
    "other settings": set_to("settings", ("pytest.ini=[pytest]\nstrict = true",)),
    "a settings file more": set_to("settings", ("pytest.ini=[pytest]", "tox.ini=")),
    "another directory": lambda w: setattr(w, "search_path", [*w.search_path, str(w.root)]),
    "a directory less": set_to("search_path", ()),
    "another distribution": lambda world: world.touch("attrs-1.dist-info/RECORD"),
    "an egg": lambda world: world.touch("attrs.egg-info"),
    "another path file": lambda world: world.touch("more.pth"),
    "a path file that says something else": lambda world: world.touch("editable.pth", "/else"),
    "another version": other_version,
    "the same version installed again": installed_again,
    "a distribution removed": removed,
}

VARIABLES = [
    "PYTEST_ADDOPTS",
    "PYTEST_PLUGINS",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD",
    "PYTHONPATH",
    "PYTHONHASHSEED",
    "PYTHONOPTIMIZE",
    "PYTHONWARNINGS",
]


def test_in_a_world_as_it_was_the_stamp_is_the_same(world: World) -> None:
    assert world.stamp() == world.stamp()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_the_environment_changes_the_stamp(
    world: World, change: Callable[[World], None]
) -> None:
    before = world.stamp()
    change(world)
    assert world.stamp() != before


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("value", ["", "another"])
def test_a_variable_that_python_or_pytest_heeds_changes_the_stamp(
    world: World, name: str, value: str
) -> None:
    before = world.stamp()
    world.environ = {**world.environ, name: value}
    assert world.stamp() != before


def test_a_variable_that_is_taken_away_changes_the_stamp(world: World) -> None:
    before = world.stamp()
    world.environ = {}
    assert world.stamp() != before


def test_the_order_of_arguments_counts(world: World) -> None:
    world.arguments = ("-p", "a", "-p", "b")
    before = world.stamp()
    world.arguments = ("-p", "b", "-p", "a")
    assert world.stamp() != before


UNHEEDED: dict[str, Callable[[World], None]] = {
    "another variable": set_to("environ", {"PYTHONPATH": "lib", "EDITOR": "vi"}),
    "a package without a distribution": lambda world: world.touch("loose/__init__.py"),
    "a cache of bytecode": lambda world: world.touch("__pycache__/x.pyc"),
    "the same arguments as another list": set_to("arguments", ["-q"]),
}


@pytest.mark.parametrize("change", UNHEEDED.values(), ids=UNHEEDED)
def test_anything_else_does_not(world: World, change: Callable[[World], None]) -> None:
    world.search_path = [*world.search_path, str(world.root / "missing")]
    before = world.stamp()
    change(world)
    assert world.stamp() == before


def test_a_link_to_the_interpreter_is_followed(world: World) -> None:
    link = world.root / "link"
    link.symlink_to(world.python)
    world.interpreter = str(link)
    before = world.stamp()
    os.utime(world.python, ns=(1, 1))
    assert world.stamp() != before


def test_the_stamp_says_nothing_of_what_it_is_made_of(world: World) -> None:
    world.environ = {"PYTEST_ADDOPTS": "--token=secret"}
    assert len(world.stamp()) == 64
    assert int(world.stamp(), 16) >= 0


def test_a_path_that_is_not_utf8_is_no_problem(world: World) -> None:
    world.search_path = ["/\udcff"]
    assert world.stamp()

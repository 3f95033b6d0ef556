"""Trap files are read strictly: a slip in one is an error, not a trap that proves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from trap_checks import KNOWN_MISSES, KNOWN_WIDE, KNOWN_WIDE_CHANGES
from traps import TrapError, load_trap, parse_trap, trap_names

SMALL = """\
What it is.

== base
-- pytest.ini --
[pytest]
-- test_it.py --
def test_it():
    pass

== change
-- test_it.py --
def test_it():
    assert False

== fails
test_it.py::test_it
"""


def small_with(text: str) -> str:
    return SMALL + "\n" + text


def laid_out(text: str, root: Path) -> dict[str, str]:
    """The files after the base and the change."""
    trap = parse_trap("small", text)
    trap.base.apply(root)
    trap.change.apply(root)
    return {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for path in root.rglob("*")
        if path.is_file()
    }


def test_a_trap_has_its_sections() -> None:
    trap = parse_trap(
        "small",
        small_with(
            "== kept\ntest_it.py::test_a\ntest_it.py::test_b[x y]\n"
            "== options\n-p no:doctest\n-k 'a or b'\n"
            "== rootdir\nservice\n"
            "== twin\nenv MODE=a=b\nargs -x --tb=no\n-- empty.txt --\n"
        ),
    )
    assert trap.about == "What it is."
    assert trap.fails == {"test_it.py::test_it"}
    assert trap.kept == {"test_it.py::test_a", "test_it.py::test_b[x y]"}
    assert trap.options == ("-p", "no:doctest", "-k", "a or b")
    assert trap.rootdir == "service"
    assert trap.twin is not None
    assert trap.twin.env == {"MODE": "a=b"}
    assert trap.twin.args == ("-x", "--tb=no")
    assert not trap.broken
    assert not trap.change.env


def test_files_are_written_whole_without_blank_lines_at_the_end(tmp_path: Path) -> None:
    assert laid_out(SMALL, tmp_path) == {
        "pytest.ini": "[pytest]\n",
        "test_it.py": "def test_it():\n    assert False\n",
    }


CHANGED = {
    "-- edit a/one.py --\nX = 1\n=>\nX = 2\nY = 3": {"a/one.py": "X = 2\nY = 3\nZ = 1\n"},
    "-- edit a/one.py --\nZ = 1\n=>": {"a/one.py": "X = 1\n"},
    "-- delete a/one.py --": {},
    "-- rename a/one.py -> b/c/two.py --": {"b/c/two.py": "X = 1\nZ = 1\n"},
    "-- a/one.py --": {"a/one.py": ""},
}


@pytest.mark.parametrize("change", CHANGED)
def test_the_change_does(change: str, tmp_path: Path) -> None:
    text = f"It.\n== base\n-- a/one.py --\nX = 1\nZ = 1\n\n== change\n{change}\n== fails\nt\n"
    assert laid_out(text, tmp_path) == CHANGED[change]
    assert (tmp_path / "a").exists() == ("a/one.py" in CHANGED[change])


WRONG = {
    "unknown section 'chance'": small_with("== chance\n"),
    "two sections 'fails'": small_with("== fails\nother\n"),
    "nothing says what the trap is": SMALL.removeprefix("What it is.\n"),
    "no files in change": SMALL.replace("-- test_it.py --\ndef test_it():\n    assert False\n", ""),
    "no files in base": SMALL.replace("== base", "== twin"),
    "no test fails": SMALL.partition("== fails")[0],
    "nothing in section 'kept'": small_with("== kept\n"),
    "a line twice in section 'kept'": small_with("== kept\na\na\n"),
    "more than one rootdir": small_with("== rootdir\na\nb\n"),
    "only env and args may stand": small_with("== twin\nemv A=B\n"),
    "not a marker": small_with("== twin\n-- rename a --\n"),
    "text beneath": small_with("== twin\n-- delete a --\ntext\n"),
    "not `old`, `=>`, `new`": small_with("== twin\n-- edit a --\nold\nnew\n"),
}


@pytest.mark.parametrize("words", WRONG)
def test_it_is_an_error_that(words: str) -> None:
    with pytest.raises(TrapError, match=f"^trap small: .*{words}"):
        parse_trap("small", WRONG[words])


@pytest.mark.parametrize("old", ["X = 3", "X = 1\nX = 1\nX = 1", "X = 1", " = 1"])
def test_an_edit_must_find_whole_lines_exactly_once(old: str, tmp_path: Path) -> None:
    text = (
        "It.\n== base\n-- one.py --\nX = 1\nX = 1\n== change\n"
        f"-- edit one.py --\n{old}\n=>\nY = 1\n== fails\nt\n"
    )
    with pytest.raises(TrapError, match=r"one\.py has [02] times"):
        laid_out(text, tmp_path)


def test_every_trap_can_be_read_and_every_known_one_is_there() -> None:
    names = trap_names(everything=True)
    assert {name for name in names if load_trap(name).about}
    assert set(names) >= KNOWN_MISSES
    assert {name for name in names if load_trap(name).twin} >= KNOWN_WIDE
    assert {name for name in names if load_trap(name).kept} >= KNOWN_WIDE_CHANGES

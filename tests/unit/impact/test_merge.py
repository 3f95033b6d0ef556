"""Facts about shared nodes that several runs saw parts of: what is kept, moved and replaced."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from assay.impact.merge import carried, merged
from assay.model.impact import LineSet, Node, Source

BEFORE = """\
import os                     # 1
LIMIT = 3                     # 2
def rate():                   # 3
    x = 1                     # 4
    return x                  # 5
def tiny(): return 1          # 6
def due():                    # 7
    return 2                  # 8
"""
SHIFTED = "# a comment\n" + BEFORE


def mask(*lines: int) -> int:
    return sum(1 << line for line in lines)


def moved(after: str, lines: Iterable[int], before: str = BEFORE) -> int:
    """The mask of lines of one content at another one."""
    old = Node("fixture:::f", {"tax.py": LineSet("old", mask(*lines))})
    new = Node("fixture:::f", {"tax.py": LineSet("new", 0)})
    texts = {("tax.py", "old"): before, ("tax.py", "new"): after}
    found = carried(old, new, texts).lines["tax.py"]
    assert found.sha == "new"
    return found.mask


def test_all_lines_of_a_function_count_of_which_any_ran() -> None:
    assert moved(SHIFTED, [4]) == mask(5, 6)


def test_a_function_that_did_not_run_stays_out() -> None:
    assert moved(SHIFTED, [8]) == mask(9)


def test_a_function_is_known_again_by_its_name_where_its_body_differs() -> None:
    assert moved(BEFORE.replace("return 2", "return 2\n    # more"), [8]) & mask(8)


def test_a_function_that_is_gone_takes_its_lines_along() -> None:
    assert moved(BEFORE.replace("due", "other"), [8]) == 0


def test_a_function_on_one_line_is_found_by_its_text() -> None:
    assert moved(SHIFTED, [6]) == mask(7)


def test_lines_of_the_module_are_found_by_their_text() -> None:
    assert moved(SHIFTED, [1, 2]) == mask(2, 3)


def test_a_line_of_the_module_that_is_not_found_again_counts_as_all_of_them() -> None:
    found = moved(BEFORE.replace("def tiny(): return 1 ", "def tiny(): return 2 "), [6])
    assert found == mask(1, 2, 3, 6, 7)


def test_nothing_that_ran_moves_to_nothing() -> None:
    assert moved(SHIFTED, []) == 0


@pytest.mark.parametrize("broken", ["before", "after"])
def test_in_a_text_that_does_not_parse_every_line_counts(broken: str) -> None:
    bad = "def f(:\n    pass\n"
    texts = {"before": BEFORE, "after": BEFORE, broken: bad}
    count = texts["after"].count("\n")
    found = moved(texts["after"], [2], texts["before"])
    assert found & mask(*range(1, count + 1)) == mask(*range(1, count + 1))


def test_line_breaks_are_those_of_python() -> None:
    before = "A = '\x0c'\r\ndef tiny(): return 1\r\n"
    assert moved("\r\n" + before, [2], before) == mask(3)


def test_lines_of_the_same_content_stay_as_they_are() -> None:
    node = Node("fixture:::f", {"tax.py": LineSet("old", mask(4))})
    assert carried(node, node, {("tax.py", "old"): BEFORE}) == node


def test_lines_of_a_file_that_the_new_run_did_not_see_stay_as_they_are() -> None:
    node = Node("fixture:::f", {"tax.py": LineSet("old", mask(4))})
    texts: dict[Source, str] = {("tax.py", "old"): BEFORE}
    assert carried(node, Node("fixture:::f"), texts).lines == node.lines


# Merging


def test_merging_joins_lines_of_the_same_content() -> None:
    old = Node("module:m", lines={"a.py": LineSet("s", 1), "b.py": LineSet("s", 4)})
    new = Node("module:m", lines={"a.py": LineSet("s", 2)})
    assert merged(old, new).lines == {"a.py": LineSet("s", 3), "b.py": LineSet("s", 4)}


def test_merging_drops_lines_of_older_content() -> None:
    old = Node("module:m", lines={"a.py": LineSet("old", 1)})
    new = Node("module:m", lines={"a.py": LineSet("new", 2)})
    assert merged(old, new).lines == {"a.py": LineSet("new", 2)}


@pytest.mark.parametrize("name", ["files", "dirs", "exists", "env"])
def test_merging_takes_the_newer_value_and_keeps_what_was_not_asked_again(name: str) -> None:
    old = Node("module:m", **{name: {"a": "1", "b": "1"}})  # type: ignore[arg-type]
    new = Node("module:m", **{name: {"a": "2"}})  # type: ignore[arg-type]
    assert getattr(merged(old, new), name) == {"a": "2", "b": "1"}


@pytest.mark.parametrize("name", ["names", "uses", "opaque", "flags"])
def test_merging_joins_what_was_seen(name: str) -> None:
    old = Node("module:m", **{name: frozenset({"a"})})  # type: ignore[arg-type]
    new = Node("module:m", **{name: frozenset({"b"})})  # type: ignore[arg-type]
    assert getattr(merged(old, new), name) == {"a", "b"}

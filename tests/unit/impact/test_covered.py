"""Facts about which changed statements tests ran."""

from __future__ import annotations

from assay.change.semantics import compare, read_source
from assay.exclusions import Exclusions
from assay.impact.covered import changed_lines, statements
from assay.model.change import Change, FileChange, FileStatus, SemanticChange
from assay.model.impact import EMPTY_MAP, ImpactMap, LineSet, Node

SOURCE = '''\
"""What it is."""
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

RATE = (
    1 +
    2
)


@staticmethod
def rate(n):
    """What it does."""
    if (n >
            3):
        return max(
            n,
            4,
        )
    else:
        global RATE
        n: int
    try:
        pass
    except ValueError:
        return 0
    while True: break
    return n


def off():  # pragma: no cover
    return 1


class Tax:
    x: int
    y: int = 2
    if x:  # pragma: no cover
        z = 3
'''


excluded = Exclusions("# pragma: no cover").lines


def test_statements_are_those_that_can_run_each_with_the_lines_of_its_own() -> None:
    """A docstring, what is for type checkers only, and what `no cover` excludes cannot."""
    assert [(span.start, span.stop - 1) for span in statements(SOURCE, excluded)] == [
        (2, 2),
        (7, 10),
        (13, 14),
        (16, 17),
        (18, 21),
        (25, 25),
        (26, 26),
        (28, 28),
        (29, 29),
        (30, 30),
        (37, 37),
        (38, 38),
        (39, 39),
    ]


def test_a_text_that_does_not_compile_has_no_statements() -> None:
    assert statements("return 1\n", excluded) == []


BEFORE = "def f(n):\n    return n\n"
AFTER = "def f(n):\n    if n:\n        return max(\n            n, 2)\n    return 3\n"


def change_of(after: str, before: str = BEFORE) -> SemanticChange:
    lines = frozenset(
        number
        for number, line in enumerate(after.split("\n"), start=1)
        if line and line not in before.split("\n")
    )
    file = FileChange(
        "f.py", FileStatus.MODIFIED, before.encode(), after.encode(), lines, frozenset()
    )
    return compare(Change("b", "b", (file,)))


def recorded(lines: set[int], text: str = AFTER) -> ImpactMap:
    sha = read_source("f.py", text.encode()).sha
    node = Node("test:t.py::a", {"f.py": LineSet(sha, sum(1 << line for line in lines))})
    return ImpactMap({node.key: node}, {}, ())


def test_a_statement_is_run_if_a_test_ran_any_of_its_lines() -> None:
    (found,) = changed_lines(change_of(AFTER), (), recorded({2, 4}), excluded)
    assert (found.path, found.lines, found.missed) == ("f.py", (2, 3, 5), (5,))


def test_lines_recorded_at_another_content_say_nothing() -> None:
    (found,) = changed_lines(change_of(AFTER), (), recorded({2, 4, 5}, BEFORE), excluded)
    assert found.missed == found.lines


def test_only_changed_statements_count() -> None:
    (found,) = changed_lines(
        change_of("def f(n):\n    return n\n\n\nX = 1\n"), (), EMPTY_MAP, excluded
    )
    assert (found.lines, found.missed) == ((5,), (5,))


def test_comments_and_test_files_are_no_change() -> None:
    assert list(changed_lines(change_of("# more\n" + BEFORE), (), EMPTY_MAP, excluded)) == []
    assert list(changed_lines(change_of(AFTER), {"f.py"}, EMPTY_MAP, excluded)) == []

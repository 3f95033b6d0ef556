"""What a mutant of a function may lead into, as far as its own file tells."""

from __future__ import annotations

from assay.change.semantics import read_source
from assay.impact.reach import reach_digests
from assay.model.source import MODULE_UNIT

TEXT = """\
LIMIT = 3


def first(n):
    if n > LIMIT:
        return second(n)
    return n


def second(n):
    return Box(n).third()


class Box:
    def __init__(self, n):
        self.n = n

    def third(self):
        return self.n


def apart(n):
    return n + 1
"""


def digests(text: str) -> dict[str, str]:
    return reach_digests(read_source("box.py", text.encode()), text)


def changed(old: str, new: str) -> set[str]:
    assert TEXT.count(old) == 1
    before, after = digests(TEXT), digests(TEXT.replace(old, new))
    return {name for name in before if before[name] != after[name]}


def test_a_function_reaches_what_it_names_and_what_that_names() -> None:
    both = {"first", "second", MODULE_UNIT}
    assert changed("return self.n", "return -self.n") == {*both, "Box.third"}
    assert changed("self.n = n", "self.n = -n") == {*both, "Box.__init__"}
    assert changed("return Box(n).third()", "return -Box(n).third()") == both


def test_a_function_does_not_reach_what_names_it_or_stands_apart() -> None:
    assert changed("    return second(n)\n", "    return -second(n)\n") == {"first", MODULE_UNIT}
    assert changed("return n + 1", "return n + 2") == {"apart", MODULE_UNIT}


def test_the_module_body_is_no_part_of_a_function() -> None:
    # A test that runs the function depends on it anyway.
    assert changed("LIMIT = 3", "LIMIT = 4") == {MODULE_UNIT}


def test_comments_and_layout_change_nothing() -> None:
    assert changed("return n + 1", "return (n + 1)  # more") == set()


def test_functions_that_name_each_other_come_to_an_end() -> None:
    found = digests("def odd(n):\n    return even(n)\n\n\ndef even(n):\n    return odd(n)\n")
    assert found["odd"] == found["even"]

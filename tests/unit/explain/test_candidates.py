"""Facts about assertions that are proposed: what is written, and where it is put."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from assay.explain.candidates import candidates
from assay.explain.checks import Known, fragment
from assay.explain.compare import Difference, Kind
from assay.explain.summaries import MISSING, at, differences
from assay.explain.testcode import TestCode
from assay.probe.summary import Summarizer


def of(value: Any) -> Any:
    return Summarizer().of(value)


class Box:
    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


def local(
    line: int, before: Any, after: Any, name: str = "found", constant: bool = True
) -> Difference:
    one, other = of(before), of(after)
    path = next(differences(one, other))
    return Difference(
        kind=Kind.LOCAL,
        frame=0,
        path_of_file="test_x.py",
        function="test_x",
        line=line,
        place=(0, 0, 0, 0),
        name=name,
        path=path,
        root=one,
        before=at(one, path),
        after=at(other, path),
        constant=constant,
        until=frozenset(range(line, 100)),
    )


def result(place: tuple[int, int, int, int], before: Any, after: Any) -> Difference:
    one = local(place[0], before, after, name="f")
    return Difference(**{**_fields(one), "kind": Kind.RESULT, "place": place})


def caught(line: int, before: BaseException, after: BaseException) -> Difference:
    return Difference(**{**_fields(local(line, before, after)), "kind": Kind.CAUGHT})


def _fields(one: Difference) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Difference.__dataclass_fields__}


def proposed(text: str, *found: Difference) -> list[str]:
    code = TestCode(dedent(text))
    known = Known(code.names, ("/home/ada",), code.quote, code.attributes)
    return [one.patched.text for one in candidates(code, found, "test_x", known)]


PLAIN = """\
    def test_x():
        found = f(1)
        assert found

        other()
    """


def test_an_assertion_comes_after_those_that_follow_the_line() -> None:
    first, second = proposed(PLAIN, local(2, 5, 6))
    assert first.splitlines()[2:5] == ["    assert found", "    assert found == 5", ""]
    assert second.splitlines()[1:4] == [
        "    found = f(1)",
        "    assert found == 5",
        "    assert found",
    ]


@pytest.mark.parametrize(
    ("before", "after", "assertion"),
    [
        (True, False, "assert found is True"),
        (None, 1, "assert found is None"),
        ("a", "b", "assert found == 'a'"),
        ([1, 2], [1, 3], "assert found == [1, 2]"),
        (Box(a=1, b=object()), Box(a=2, b=object()), "assert found.a == 1"),
        (list(range(60)), list(range(50)), "assert len(found) == 60"),
        (Box(a=1), None, "assert found is not None"),
        ("x " * 60 + "end", "x " * 60 + "bad", "in found"),
    ],
)
def test_the_assertion_fits_the_value(before: Any, after: Any, assertion: str) -> None:
    assert assertion in proposed(PLAIN, local(2, before, after))[0]


def test_the_quotes_are_those_of_the_file() -> None:
    text = 'def test_x():\n    found = f("a")\n'
    assert 'assert found == ["b", "c\'d"]' in proposed(text, local(2, ["b", "c'd"], []))[0]


def test_what_belongs_to_this_machine_is_not_written_down() -> None:
    assert proposed(PLAIN, local(2, "/home/ada/x", "")) == []


def test_private_attributes_are_left_alone_unless_the_file_uses_them() -> None:
    found = local(2, Box(_a=1), Box(_a=2))
    assert proposed(PLAIN, found) == []
    assert "assert found._a == 1" in proposed(PLAIN + "    assert other._a\n", found)[0]


def test_a_value_that_a_loop_changes_is_not_proposed() -> None:
    text = "def test_x():\n    for n in range(3):\n        found = f(n)\n"
    assert proposed(text, local(3, 1, 2, constant=False)) == []
    assert proposed(text, local(3, 1, 2)) != []


def test_a_bare_call_becomes_an_assertion() -> None:
    text = "def test_x():\n    f(1)\n"
    assert proposed(text, result((2, 2, 4, 8), 5, 6))[0] == "def test_x():\n    assert f(1) == 5\n"


def test_a_call_within_an_assertion_gets_a_name() -> None:
    text = "def test_x():\n    assert f(1).a\n"
    (made,) = proposed(text, result((2, 2, 11, 15), 5, 6))
    assert made == (
        "def test_x():\n    result = f(1)\n    assert result.a\n    assert result == 5\n"
    )


@pytest.mark.parametrize(
    "line",
    ["assert [f(1) for _ in x]", "g(lambda: f(1))", "assert x or f(1)", "y = x if z else f(1)"],
)
def test_what_does_not_always_run_once_is_not_moved(line: str) -> None:
    text = f"def test_x():\n    {line}\n"
    column = 4 + line.index("f(1)")
    assert proposed(text, result((2, 2, column, column + 4), 5, 6)) == []


def test_a_caught_exception_gets_a_name_and_a_check_after_the_block() -> None:
    text = "import pytest\ndef test_x():\n    with pytest.raises(ValueError):\n        f(1)\n"
    (first, *_) = proposed(text, caught(4, ValueError("a"), ValueError("b")))
    assert first.splitlines()[2:] == [
        "    with pytest.raises(ValueError) as excinfo:",
        "        f(1)",
        "    assert str(excinfo.value) == 'a'",
    ]


def test_unittest_has_assertions_of_its_own() -> None:
    text = (
        "class A(unittest.TestCase):\n    def test_x(self):\n        with self.assertRaises(E):\n"
        "            f(1)\n        found = g()\n"
    )
    made = proposed(text, caught(4, ValueError("a"), ValueError("b")), local(5, None, 1))
    assert any("assertRaises(E) as caught:" in one for one in made)
    assert any("        self.assertEqual(str(caught.exception), 'a')\n" in one for one in made)
    assert any("        self.assertIsNone(found)\n" in one for one in made)


def test_line_ends_and_a_missing_last_one_are_kept() -> None:
    code = TestCode("def test_x():\r\n    found = f(1)")
    (made,) = candidates(code, [local(2, 1, 2)], "test_x", Known(code.names))
    assert made.patched.text == "def test_x():\r\n    found = f(1)\r\n    assert found == 1"
    assert made.patched.line == 3


def test_helpers_get_no_assertion() -> None:
    code = TestCode("def helper():\n    found = f(1)\n")
    helper = Difference(**{**_fields(local(2, 1, 2)), "function": "helper"})
    assert candidates(code, [helper], "test_x", Known(code.names)) == ()


def test_a_fragment_holds_the_first_difference() -> None:
    one = "the quick brown fox jumps over the lazy dog and more words follow here"
    other = one.replace("lazy", "busy")
    assert "lazy" in fragment(one, other)
    assert fragment(one, other) not in other


def test_values_at_nowhere_are_not_checked() -> None:
    one = local(2, Box(a=1), Box(a=1, b=2))
    assert one.before is MISSING
    assert proposed(PLAIN, one) == []

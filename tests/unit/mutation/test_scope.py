"""A mutant is in scope when the words it changes stand on a changed line."""

from __future__ import annotations

import pytest

from assay.change.semantics import read_source
from assay.mutation.find import find_mutants
from assay.mutation.mutmut_adapter import MUTMUT_OPERATORS
from assay.mutation.positions import LineTable
from assay.mutation.scope import changed_span, in_lines
from assay.mutation.settings import Settings

BY_MUTMUT = Settings(operators=MUTMUT_OPERATORS)

CALL = """\
def f(a):
    return call(
        a.first,
        a.second, a.third,
        *a.rest,  # why
        last=a.last
    )
"""


def in_scope(text: str, *lines: int) -> list[str]:
    """What the mutants in scope put there, in one line each."""
    mutants = find_mutants(read_source("a.py", text.encode()), text, BY_MUTMUT)
    chosen = in_lines(mutants, text, frozenset(lines))
    return [" ".join(mutant.replacement.split()) for mutant in chosen]


def test_an_argument_counts_on_its_own_line_only() -> None:
    def removed(*names: str) -> str:
        arguments = ["a.first,", "a.second,", "a.third,", "*a.rest, # why", "last=a.last"]
        kept = [one for one in arguments if not any(name in one for name in names)]
        return f"call( {' '.join(kept)} )"

    second = removed("second")
    assert second in in_scope(CALL, 4)
    assert removed("third") in in_scope(CALL, 4)
    assert second not in in_scope(CALL, 3)
    assert second not in in_scope(CALL, 5)
    assert removed("first") in in_scope(CALL, 3)
    assert removed("first") not in in_scope(CALL, 4)
    assert removed("rest") in in_scope(CALL, 5)
    assert removed("rest") not in in_scope(CALL, 6)
    assert removed("last") in in_scope(CALL, 6)
    assert removed("last") not in in_scope(CALL, 5)


def test_an_argument_replaced_by_none_counts_on_its_own_line_only() -> None:
    replaced = "call( None, a.second, a.third, *a.rest, # why last=a.last )"
    assert replaced in in_scope(CALL, 3)
    assert replaced not in in_scope(CALL, 4)


def test_no_mutant_counts_by_the_line_on_which_its_node_begins() -> None:
    assert in_scope(CALL, 1, 2, 7) == []


def test_every_mutant_is_in_scope_of_all_lines_and_none_of_no_line() -> None:
    mutants = find_mutants(read_source("a.py", CALL.encode()), CALL, BY_MUTMUT)
    assert in_lines(mutants, CALL, frozenset(range(1, 8))) == mutants
    assert in_lines(mutants, CALL, frozenset()) == ()


def test_an_argument_with_its_comma_before_it_counts_on_its_own_line() -> None:
    text = "f(a\n  , b\n  , c)\n"
    assert "f(a , c)" in in_scope(text, 2)
    assert "f(a , c)" not in in_scope(text, 1)
    assert "f(a , c)" not in in_scope(text, 3)


def test_an_operator_on_a_continuation_line_counts_there() -> None:
    text = "if (a\n        and b\n        and c):\n    pass\n"
    assert in_scope(text, 2) == ["a or b"]
    assert in_scope(text, 3) == ["a and b or c"]
    assert in_scope(text, 1) == in_scope(text, 4) == []


def test_a_value_counts_on_all_its_lines_and_not_on_that_of_its_target() -> None:
    text = "a = \\\n  b[\n    c\n  ]\nd\n"
    assert in_scope(text, 1) == in_scope(text, 5) == []
    assert in_scope(text, 2) == in_scope(text, 3) == in_scope(text, 4) == ["a = \\ None"]


def test_a_condition_forced_counts_on_the_line_of_the_condition() -> None:
    text = "x = y[\n  a\n  if b\n  else c]\nz\n"
    forced = ["a if (b) and False else c", "a if (b) or True else c"]
    assert in_scope(text, 3) == ["x = None", *forced]
    assert in_scope(text, 2) == in_scope(text, 4) == ["x = None"]


def test_an_insertion_counts_on_the_line_of_the_word_before_it() -> None:
    text = "x = g(\n  a\n  if (b)\n  else c)\n"
    mutants = find_mutants(read_source("a.py", text.encode()), text, BY_MUTMUT)
    (forced,) = [mutant for mutant in mutants if "and False" in mutant.replacement]
    changed = changed_span(LineTable.of(text), forced)
    assert (changed.start_line, changed.start_column) == (3, 8)
    assert (changed.end_line, changed.end_column) == (3, 8)


def test_a_removed_case_counts_on_its_own_lines() -> None:
    text = (
        "match a:\n"
        "    case 1:\n        return_(1)\n"
        "    case 2:\n        return_(2)\n"
        "    case 3:\n        return_(2)\n"
    )
    whole = " ".join(text.split())
    without = [
        whole.replace(f"case {n}: return_({m}) ", "").removesuffix(f" case {n}: return_({m})")
        for n, m in ((1, 1), (2, 2), (3, 2))
    ]
    for line, number in ((2, 0), (3, 0), (4, 1), (6, 2), (7, 2)):
        assert without[number] in in_scope(text, line)
    for line, number in ((4, 0), (5, 0), (3, 1), (6, 1), (4, 2), (3, 2)):
        assert without[number] not in in_scope(text, line)


def test_a_string_is_one_word_whatever_it_holds() -> None:
    text = "f(\n  'a # b \\' (c', \"x, y\",\n  d)\n"
    assert 'f( "x, y", d)' in in_scope(text, 2)
    assert 'f( "x, y", d)' not in in_scope(text, 3)


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_lines_are_counted_as_python_counts_them(ending: str) -> None:
    text = CALL.replace("# why", "# why \u2028\x0c").replace("\n", ending)
    for line in range(1, 8):
        assert len(in_scope(text, line)) == len(in_scope(CALL, line))


def test_mutants_of_another_text_are_refused() -> None:
    mutants = find_mutants(read_source("a.py", CALL.encode()), CALL, BY_MUTMUT)
    with pytest.raises(ValueError, match="the text there is not"):
        in_lines(mutants, CALL.replace("call", "cell"), frozenset(range(9)))

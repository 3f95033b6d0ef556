"""Facts about laying two runs side by side: calls, lines, and what varies by itself."""

from __future__ import annotations

from traces import SOURCE, a_test, call, made, trace

from assay.diagnosis.alignment import Alignment, align, varying
from assay.diagnosis.branch import Parting, parting
from assay.diagnosis.sources import Sources
from assay.model.divergence import Trace

NO_CHANGE = Sources({})


def matched(base: Trace, head: Trace, sources: Sources = NO_CHANGE) -> list[tuple[str, str]]:
    """The calls below the first, by name and line; "" for a call without counterpart."""
    found = align(base, head, sources)

    def name(run: Trace, index: int | None) -> str:
        return "" if index is None else f"{run.calls[index].name}:{run.calls[index].line}"

    return [(name(base, one), name(head, other)) for one, other in found.below[(0, 0)]]


def test_calls_of_the_same_function_are_matched_by_the_line_they_are_made_from() -> None:
    base = trace(call("f", call("g", line=2), call("g", line=4)))
    head = trace(call("f", call("g", line=4)))
    assert matched(base, head) == [("g:2", ""), ("g:4", "g:4")]


def test_lines_are_compared_where_they_stand_at_head() -> None:
    text = "def f():\n    g()\n    g()\n"
    base = trace(call("f", call("g", line=2), call("g", line=3)))
    head = trace(call("f", call("g", line=5)))
    sources = Sources({SOURCE: (text, "import a\nimport b\ndef f():\n    h()\n    g()\n")})
    assert matched(base, head, sources) == [("g:2", "g:5"), ("g:3", "")]


def test_calls_from_changed_lines_are_matched_by_their_callee() -> None:
    base = trace(call("f", call("g", line=2), call("h", line=3)))
    head = trace(call("f", call("g", line=8), call("h", line=9)))
    assert matched(base, head) == [("g:2", "g:8"), ("h:3", "h:9")]


def test_a_call_in_between_leaves_the_others_matched() -> None:
    base = trace(call("f", call("a"), call("b"), call("c")))
    head = trace(call("f", call("a"), call("x"), call("c")))
    assert matched(base, head) == [("a:1", "a:1"), ("b:1", ""), ("", "x:1"), ("c:1", "c:1")]


def test_only_the_front_of_two_very_long_lists_is_matched() -> None:
    many = [call("a", line=n) for n in range(3000)]
    base = trace(call("f", call("g"), call("b"), *many))
    head = trace(call("f", call("g"), *many))
    assert matched(base, head)[0] == ("g:1", "g:1")
    assert matched(base, head)[1] == ("b:1", "")


def aligned(base: Trace, head: Trace) -> Alignment:
    return align(base, head, NO_CHANGE)


def test_what_two_runs_of_one_tree_differ_in_is_masked_as_deep_as_can_be() -> None:
    def run(stamp: int) -> Trace:
        return trace(a_test(call("order", back=made("shop.Order", stamp=stamp, price=1))))

    assert varying(aligned(run(1), run(2))) == {
        (SOURCE, "order", "value"): frozenset({(("attr", "stamp"),)})
    }
    assert varying(aligned(run(1), run(1))) == {}


def test_calls_arguments_and_read_data_may_vary_too() -> None:
    base = trace(call("f", call("g", given={"at": 1}, read={"NOW": 1}), call("h")))
    again = trace(call("f", call("g", given={"at": 2}, read={"NOW": 2})))
    assert varying(aligned(base, again)).keys() == {
        (SOURCE, "g", "arg at"),
        (SOURCE, "g", "read NOW"),
        (SOURCE, "f", "calls"),
    }


# -- lines

BASE = "def f(x):\n    if x:\n        a()\n    else:\n        b()\n    return x\n"
HEAD = "import m\n\n" + BASE.replace("if x", "if not x")


def test_the_line_after_which_two_runs_part_is_found_on_unchanged_lines() -> None:
    same = Sources({})
    assert parting(SOURCE, [2, 3, 6], [2, 5, 6], same) == Parting(2, 3, 5)
    assert parting(SOURCE, [2, 3, 6], [2, 3, 6], same) is None


def test_a_run_that_ends_earlier_has_left() -> None:
    assert parting(SOURCE, [2, 3, 6], [2, 3], Sources({})) == Parting(3, 6, 0)


def test_changed_lines_are_passed_over() -> None:
    sources = Sources({SOURCE: (BASE, HEAD)})
    assert parting(SOURCE, [1, 2, 3, 6], [3, 4, 5, 8], sources) is None
    assert parting(SOURCE, [1, 2, 3, 6], [3, 4, 7, 8], sources) == Parting(4, 3, 7)


def test_without_a_line_before_it_nothing_is_said() -> None:
    assert parting(SOURCE, [2], [3], Sources({})) is None


# -- texts


def test_a_docstring_is_no_change_of_a_function() -> None:
    texts = ('def f():\n    "old"\n    return 1\n', 'def f():\n    "new"\n    return 1\n')
    assert not Sources({SOURCE: texts}).is_changed(SOURCE, "f")


def test_functions_are_told_by_their_qualified_names() -> None:
    text = "class A:\n    def f(self, {}): pass\ndef f():\n    def g(y): pass\n"
    sources = Sources({SOURCE: (text.format("x"), text.format("z"))})
    assert sources.signatures(SOURCE, "A.f") == ("self, x", "self, z")
    assert sources.signatures(SOURCE, "f.<locals>.g") == ("y", "y")
    assert sources.signatures(SOURCE, "f.<locals>.h") == (None, None)
    assert sources.signatures("other.py", "f") is None
    assert sources.is_changed(SOURCE, "A.f")
    assert not sources.is_changed(SOURCE, "f")
    assert not sources.is_changed("other.py", "f")


def test_a_file_that_does_not_parse_is_changed_as_a_whole() -> None:
    assert Sources({SOURCE: ("def f(:", "def f(): pass")}).is_changed(SOURCE, "f")


def test_a_name_that_is_given_another_value_is_found_where_it_is_set() -> None:
    texts = ("A = 1\nclass C:\n    B = 1\n", "A = 1\nclass C:\n    B = 2\n")
    sources = Sources({"state.py": texts})
    assert sources.set_at(SOURCE, "C.B") == ("state.py", 3)
    assert sources.set_at(SOURCE, "state.A") is None
    assert Sources({"state.py": ("A = 1", "A = 2")}).set_at(SOURCE, "state.A") == ("state.py", 1)

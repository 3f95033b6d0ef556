"""Facts about the lines that prove a run reached an edit, and the property that they rest on."""

from __future__ import annotations

from textwrap import dedent

import pytest
from property_run import case

from assay.change.delta import file_delta
from assay.model.difference import Difference

WHOLE = "the whole body"

OLD = """\
    def f(a):
        before(a)
        if a > 1:
            one(a)
            two(a)
        elif a:
            three(a)
        else:
            four(a)
        for b in a:
            five(b)
        else:
            six(a)
        while a:
            seven(a)
        with eight(a) as c:
            nine(c)
        try:
            ten(a)
        except ValueError:
            eleven(a)
        else:
            twelve(a)
        finally:
            thirteen(a)
        match a:
            case 1:
                fourteen(a)
            case _:
                fifteen(a)
        def inner():
            sixteen(a)
        class C:
            seventeen = a
            def m(self):
                eighteen(a)
        k = lambda: nineteen(a)
        m = [twenty(x) for x in a]
        long(
            a,
            b,
        )
        return a
"""

TRIED = """\
def f(a):
    zero()
    try:  # !
        one()  # !
    except E:  # !
        two()  # !
    three()
"""


def differences(old: str, new: str) -> tuple[Difference, ...]:
    return file_delta("m.py", dedent(old), dedent(new), is_test=False, is_plugin=False).differences


def evidence(old: str, new: str) -> set[int]:
    found = 0
    for one in differences(old, new):
        assert not one.at_import
        found |= one.lines
    return {line for line in range(found.bit_length()) if found >> line & 1}


def marked(text: str) -> set[int]:
    """The lines that say `# !`."""
    return {n for n, line in enumerate(text.splitlines(), 1) if line.endswith("# !")}


def line_of(text: str, words: str) -> int:
    [found] = [n for n, line in enumerate(text.splitlines(), 1) if words in line]
    return found


def edit(words: str, other: str) -> str:
    assert OLD.count(words) == 1
    return OLD.replace(words, other)


# An edit is reached by who ran its own line, and by nobody else


@pytest.mark.parametrize(
    "words",
    [
        *("before(a)", "one(a)", "two(a)", "three(a)", "four(a)", "five(b)", "six(a)", "seven(a)"),
        *("nine(c)", "ten(a)", "eleven(a)", "twelve(a)", "thirteen(a)", "fourteen(a)"),
        *("fifteen(a)", "sixteen(a)", "seventeen = a", "eighteen(a)", "nineteen(a)"),
        *("twenty(x)", "return a", "if a > 1", "elif a", "while a", "for b in a", "eight(a)"),
    ],
)
def test_another_expression_concerns_its_own_line_alone(words: str) -> None:
    last = words.rsplit(maxsplit=1)[-1]
    new = edit(words, words.removesuffix(last) + f"not_{last}")
    assert evidence(OLD, new) == {line_of(OLD, words)}


@pytest.mark.parametrize(
    "words",
    [
        *("before(a)", "two(a)", "nine(c)", "ten(a)", "thirteen(a)", "seven(a)", "sixteen(a)"),
        *("fourteen(a)", "eleven(a)", "three(a)"),
    ],
)
def test_another_kind_of_statement_concerns_its_own_line_alone(words: str) -> None:
    assert evidence(OLD, edit(words, f"assert {words}")) == {line_of(OLD, words)}


def test_a_deleted_statement_concerns_its_line_alone() -> None:
    old = """\
    def f(a):
        if a:
            one()
            two()  # !
            three()
    """
    assert evidence(old, old.replace("            two()  # !\n", "")) == marked(old)


def test_an_inserted_statement_concerns_the_lines_on_both_sides() -> None:
    old = """\
    def f(a):
        zero()
        if a:
            one()
            two()  # !
            three()  # !
            four()
    """
    new = old.replace("            three()", "            more()\n            three()")
    assert evidence(old, new) == marked(old)


def test_a_statement_added_at_the_end_concerns_the_last_line() -> None:
    old = """\
    def f(a):
        zero()
        if a:
            one()
            two()  # !
    """
    assert evidence(old, old + "        more()\n") == marked(old)


def test_an_edit_in_a_branch_is_evidence_for_the_run_that_entered_it_alone() -> None:
    new = edit("two(a)", "2 / 0")
    entered = {line_of(OLD, "one(a)"), line_of(OLD, "two(a)"), line_of(OLD, "if a > 1")}
    other = {line_of(OLD, "before(a)"), line_of(OLD, "if a > 1"), line_of(OLD, "four(a)")}
    assert evidence(OLD, new) & entered
    assert not evidence(OLD, new) & other


@pytest.mark.parametrize(
    ("old", "more"),
    [
        ("def f(a):\n    zero()\n    if a:  # !\n        one()  # !\n    two()\n", "else"),
        ("def f(a):\n    zero()\n    for b in a:  # !\n        one()  # !\n    two()\n", "else"),
        ("def f(a):\n    zero()\n    while a:  # !\n        one()  # !\n    two()\n", "else"),
        (TRIED, "else"),
        (TRIED, "finally"),
    ],
)
def test_a_branch_that_is_new_concerns_whoever_ran_the_statement(old: str, more: str) -> None:
    lines = old.splitlines()
    new = "\n".join([*lines[:-1], f"    {more}:", "        other()", lines[-1]])
    assert evidence(old, new) == marked(old)


def test_another_except_type_concerns_whoever_tried() -> None:
    old = """\
    def f(a):
        zero()
        try:  # !
            one()  # !
        except KeyError:  # !
            two()  # !
        three()
    """
    assert evidence(old, old.replace("KeyError", "IndexError")) == marked(old)


def test_another_pattern_or_guard_concerns_whoever_matched() -> None:
    old = """\
    def f(a):
        zero()
        match a:  # !
            case 1 if a:  # !
                one()  # !
    """
    assert evidence(old, old.replace("case 1", "case 2")) == marked(old)
    assert evidence(old, old.replace("if a", "if not a")) == marked(old)


def test_a_list_of_silent_statements_is_seen_by_what_leads_into_it() -> None:
    old = """\
    def f(a):
        zero()
        if a:  # !
            pass  # !
        two()
    """
    assert evidence(old, old.replace("pass", "one()")) == marked(old)


def test_a_silent_header_is_seen_by_what_stands_around_it() -> None:
    old = """\
    def f(a):
        zero()
        one()  # !
        if True:  # !
            pass  # !
        two()
        three()
    """
    assert evidence(old, old.replace("pass", "more()")) == marked(old)
    negative = old.replace("True", "a").replace("()  # !", "()")
    assert evidence(negative, negative.replace("pass", "more()")) == marked(negative)


@pytest.mark.parametrize("test", ["not 0", "1 + 1", "__debug__", "()", "-1"])
def test_a_test_that_the_compiler_knows_is_silent(test: str) -> None:
    old = f"def f(a):\n    one()\n    if {test}:\n        pass\n    two()\n"
    assert evidence(old, old.replace("pass", "more()")) == {2, 3, 4}


def test_what_follows_a_silent_jump_is_no_evidence() -> None:
    old = """\
    def f(a):
        while a:  # !
            continue  # !
            dead()
    """
    new = old.replace("continue", "more()\n            continue")
    assert evidence(old, new) >= marked(old)
    assert evidence(old, old.replace("            continue  # !\n", "")) >= marked(old)


def test_silent_statements_are_passed_over_to_the_next_one_that_leaves_a_trace() -> None:
    old = """\
    def f(a):
        zero()
        one()  # !
        pass  # !
        x: int  # !
        two()  # !
        three()
    """
    assert evidence(old, old.replace("x: int", "more()\n        x: int")) == marked(old)


def test_a_moved_statement_concerns_where_it_was_and_where_it_is() -> None:
    old = """\
    def f(a):
        zero()
        if a:
            one()  # !
            two()
        else:
            three()  # !
    """
    new = """\
    def f(a):
        zero()
        if a:
            two()
        else:
            three()
            one()
    """
    assert evidence(old, new) == marked(old)


def test_all_lines_of_a_statement_are_its_evidence() -> None:
    old = """\
    def f(a):
        zero()
        one(  # !
            a,  # !
            2,  # !
        )  # !
    """
    # The mark hides the closing line's own end.
    assert evidence(old, old.replace("2,", "3,")) == {3, 4, 5, 6}


def test_statements_on_one_line_share_it() -> None:
    old = "def f(a):\n    zero()\n    if a: one()\n    two()\n"
    assert evidence(old, old.replace("one", "more")) == {3}
    old = "def f(a):\n    zero(); one()\n    two()\n"
    assert evidence(old, old.replace("one", "more")) == {2}


def test_a_function_on_one_line_runs_it_when_it_is_made() -> None:
    assert evidence("def f(a): return 1\n", "def f(a): return 2\n") == {1}


def test_a_decorated_function_has_no_evidence_in_its_header() -> None:
    old = "@cache\n@other(\n  1)\ndef f(a,\n      b=1):\n    return 1\n"
    [found] = differences(old, old.replace("return 1", "return 2"))
    assert found.lines == 1 << 6


def test_docstrings_and_comments_are_no_statements_of_the_body() -> None:
    old = 'def f(a):\n    "text"\n    # more\n    return 1\n'
    [found] = differences(old, old.replace("text", "other"))
    assert (found.words, found.lines) == ("has another docstring", 0)
    assert differences(old, old.replace("# more", "# less\n")) == ()


# What fails a condition concerns the whole body


@pytest.mark.parametrize(
    ("words", "other"),
    [
        pytest.param("four(a)", "six = 1", id="a new local shadows a global"),
        pytest.param("four(a)", "del six", id="and so does deleting it"),
        pytest.param("four(a)", "import six", id="or importing it"),
        pytest.param("four(a)", "x = (six := 1)", id="or a walrus"),
        pytest.param("four(a)", "x = [six := y for y in a]", id="even in a comprehension"),
        pytest.param("four(a)", "for six in a: pass", id="or a loop"),
        pytest.param("four(a)", "global k", id="a local becomes global"),
        pytest.param("four(a)", "def six(): pass", id="or a function"),
        pytest.param("sixteen(a)", "nonlocal k; k = 1", id="a name is shared with an inner one"),
        pytest.param("sixteen(a)", "sixteen(a); a = 1", id="a free name becomes local"),
    ],
)
def test_a_name_of_another_kind_concerns_the_whole_body(words: str, other: str) -> None:
    text = OLD.replace("return a", "return a, k")
    new = edit(words, other).replace("return a", "return a, k")
    body = len(text.splitlines()) - 1
    found = evidence(text, new)
    if "nonlocal" in other:
        assert line_of(OLD, words) in found
    else:
        assert len(found) == body


@pytest.mark.parametrize("other", ["fresh = 1", "fresh(a)", "global fresh; fresh = 1", "x = 1"])
def test_a_name_that_is_nowhere_else_concerns_its_line(other: str) -> None:
    assert evidence(OLD, edit("four(a)", other)) == {line_of(OLD, "four(a)")}


def test_names_are_compared_in_each_function_by_itself() -> None:
    """One inner function has the name as a local, another as a global: a third changes sides."""
    old = """\
    def f(a):
        def g(b):
            if b:
                pass
            return n
        def g2():
            return n
        def g3():
            n = 1
            return n
        return g(a)
    """
    assert len(evidence(old, old.replace("pass", "n = 5"))) == 10
    assert len(evidence(old, old.replace("pass", "m = 5"))) < 10


def test_functions_that_share_a_name_are_compared_in_order() -> None:
    old = """\
    def f(a):
        if a:
            def g(b):
                if b:
                    pass
                return n
        else:
            def g(b):
                n = 1
                return n
        return g(a)
    """
    assert len(evidence(old, old.replace("pass", "n = 5"))) == 10


def test_a_variable_of_a_lambda_or_comprehension_is_its_own() -> None:
    new = edit("four(a)", "print([six for six in a], lambda seven: seven)")
    assert evidence(OLD, new) == {line_of(OLD, "four(a)")}


@pytest.mark.parametrize("reader", ["locals()", "vars()", "dir()", "eval('b')", "exec('b')"])
def test_a_function_that_reads_its_own_names_notices_a_new_one(reader: str) -> None:
    old = f"def f(a):\n    if a:\n        one()\n    return {reader}\n"
    assert evidence(old, old.replace("one()", "b = one()")) == {2, 3, 4}
    assert evidence(old, old.replace("one()", "two()")) == {2, 3, 4}
    assert evidence(old, old.replace("one()", "one(a)")) == {3}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def f(a):\n    one()\n    return [1]\n", "def f(a):\n    one()\n    yield 1\n"),
        ("def f(a):\n    one()\n    yield 1\n", "def f(a):\n    one()\n    return [1]\n"),
        ("def f(a):\n    if a:\n        one()\n", "def f(a):\n    if a:\n        yield\n"),
        ("async def f(a):\n    one()\n", "async def f(a):\n    one()\n    yield 1\n"),
    ],
)
def test_another_way_of_running_concerns_whoever_only_calls_it(old: str, new: str) -> None:
    """A generator that nobody asks for a value runs no line."""
    [found] = differences(old, new)
    assert found.names == {"f"}
    assert found.lines


def test_one_more_yield_changes_no_way_of_running() -> None:
    old = "def f(a):\n    yield 1\n    if a:\n        one()\n"
    [found] = differences(old, old.replace("one()", "yield 2"))
    assert (found.lines, found.names) == (1 << 4, frozenset())


def test_a_yield_in_an_inner_function_concerns_whoever_made_or_ran_it() -> None:
    new = edit("sixteen(a)", "yield a")
    start = line_of(OLD, "def inner")
    assert evidence(OLD, new) == {start, start + 1}


def test_a_docstring_of_an_inner_function_or_class_concerns_whoever_made_it() -> None:
    old = """\
    def f(a):
        zero()
        def g():  # !
            "text"  # !
            return 1  # !
        return g
    """
    assert evidence(old, old.replace("text", "other")) == marked(old)
    assert evidence(old, old.replace("return 1", "return 2")) == {5}
    old = old.replace("def g()", "class g").replace("return 1", "x = 1")
    assert evidence(old, old.replace("text", "other")) == marked(old)


def test_an_inner_signature_or_decorator_concerns_whoever_made_it() -> None:
    old = """\
    def f(a):
        zero()
        @wraps(a)  # !
        def g(b=1):  # !
            return 1  # !
        return g
    """
    assert evidence(old, old.replace("b=1", "b=2")) == marked(old)
    assert evidence(old, old.replace("wraps(a)", "wraps(g)")) >= marked(old)


def test_two_statements_for_one_concern_the_old_one() -> None:
    new = edit("four(a)", "four(a, 1)\n            five(a)")
    assert evidence(OLD, new) == {line_of(OLD, "four(a)")}


@pytest.mark.parametrize("body", ["pass", "'text'", "...", "'text'\n    pass", "x: int"])
def test_a_function_that_leaves_no_trace_is_told_by_name(body: str) -> None:
    [found] = [
        d for d in differences(f"def f(a):\n    {body}\n", "def f(a):\n    return 1\n") if d.lines
    ]
    assert found.names == {"f"}


def test_a_function_that_leaves_a_trace_is_told_by_lines() -> None:
    [found] = differences("def f(a):\n    pass\n    one()\n", "def f(a):\n    one()\n    two()\n")
    assert found.names == frozenset()


def test_a_compiled_function_is_told_by_name() -> None:
    old = "@numba.njit(cache=True)\ndef f(a):\n    return a\n"
    [found] = differences(old, old.replace("return a", "return a + 1"))
    assert found.names == {"f"}


# The property


@pytest.mark.parametrize("seed", range(0, 120, 40))
def test_who_ran_no_changed_line_sees_no_change(seed: int) -> None:
    """Functions and edits by chance, run before and after, on several inputs each."""
    kinds = []
    for number in range(seed, seed + 40):
        kind, told = case(number)
        assert kind != "bad", told
        kinds.append(kind)
    assert kinds.count("untouched") >= 10

"""Facts about mutated code: the text is spliced exactly, and running it proves that it ran."""

from __future__ import annotations

import ast
import codecs
import hashlib
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from assay.probe.mutation import (
    UNLIMITED,
    Unfit,
    compile_tree,
    functions,
    line_starts,
    mark,
    meter,
    read_text,
    splice,
)


@pytest.fixture(autouse=True)
def nothing_entered() -> Iterator[None]:
    meter.watch(UNLIMITED, None)
    yield
    meter.watch(UNLIMITED, None)


def mutant(span: tuple[int, int, int, int], original: str, replacement: str) -> dict[str, Any]:
    return {
        "path": "/p/m.py",
        "span": list(span),
        "original": original,
        "replacement": replacement,
    }


# Splicing


def test_only_the_span_is_replaced() -> None:
    found = splice("a = 1\nb = 1\nc = 1\n", mutant((2, 4, 2, 5), "1", "2"))
    assert found == "a = 1\nb = 2\nc = 1\n"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_line_ends_stay_as_they_are(end: str) -> None:
    text = end.join(["a = 1", "b = 1", "c = 1", ""])
    assert splice(text, mutant((3, 4, 3, 5), "1", "2")) == text[: -len(end) - 1] + "2" + end


def test_columns_count_characters_and_not_bytes() -> None:
    found = splice("é = 'ß' + '😀' + x\n", mutant((1, 16, 1, 17), "x", "y"))
    assert found == "é = 'ß' + '😀' + y\n"


def test_a_span_may_go_over_several_lines() -> None:
    found = splice("f(\n  1,\n  2)\n", mutant((1, 1, 3, 4), "(\n  1,\n  2)", "()"))
    assert found == "f()\n"


def test_characters_that_only_look_like_line_breaks_end_no_line() -> None:
    text = "a = '\x0c\u2028\x85'\nb = 1\n"
    assert splice(text, mutant((2, 4, 2, 5), "1", "2")) == text.replace("1", "2")


def test_a_text_that_is_not_what_was_planned_is_unfit() -> None:
    with pytest.raises(Unfit, match=r"the text at /p/m\.py:1 is not what was planned"):
        splice("a = 3\n", mutant((1, 4, 1, 5), "1", "2"))


def test_line_starts_end_with_the_end_of_the_text() -> None:
    assert line_starts("a\r\nb\rc\nd") == [0, 3, 5, 7, 8]
    assert line_starts("") == [0, 0]


# Reading


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("x = 'é'\r\n".encode(), "x = 'é'\r\n"),
        ("# coding: latin-1\nx = 'é'\n".encode("latin-1"), "# coding: latin-1\nx = 'é'\n"),
        (codecs.BOM_UTF8 + b"x = 1\n", "x = 1\n"),
    ],
    ids=["CRLF", "cookie", "byte order mark"],
)
def test_a_file_is_read_as_python_does_with_its_line_ends(
    tmp_path: Path, content: bytes, text: str
) -> None:
    path = tmp_path / "m.py"
    path.write_bytes(content)
    assert read_text(str(path), sha(path)) == text


def test_a_file_that_changed_since_the_plan_is_unfit(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text("x = 1\n")
    with pytest.raises(Unfit, match="changed while mutants were running"):
        read_text(str(path), "0" * 64)


# Marking


def run(text: str, line: int, then: str = "") -> dict[str, Any]:
    """Execute the marked text, then a call that is no part of it."""
    tree = ast.parse(dedent(text))
    mark(tree, line)
    space: dict[str, Any] = {}
    exec(compile_tree(tree, "m.py", 0), space)
    if then:
        exec(then, space)
    return space


PLAIN = """\
def f():          # 1
    x = 1         # 2
    return x      # 3
def g():          # 4
    return 2      # 5
"""


def test_running_the_marked_function_is_noticed() -> None:
    run(PLAIN, 3, "f()")
    assert meter.entered


@pytest.mark.parametrize("then", ["", "g()"], ids=["import alone", "another function"])
def test_running_something_else_is_not_noticed(then: str) -> None:
    run(PLAIN, 3, then)
    assert not meter.entered


def test_a_line_outside_any_function_marks_the_module() -> None:
    run("x = 1\n", 1)
    assert meter.entered


def test_a_signature_marks_what_is_around_the_function() -> None:
    run("def f(a=1):\n    return a\n", 1)
    assert meter.entered


NESTED = """\
def f(go):             # 1
    x = 1              # 2
    def inner():       # 3
        return x       # 4
    return inner if not go else inner()   # 5
"""


def test_the_innermost_function_is_marked() -> None:
    run(NESTED, 4, "f(False)")
    assert not meter.entered
    run(NESTED, 4, "f(True)")
    assert meter.entered


def test_a_line_of_the_outer_function_marks_the_outer_one() -> None:
    run(NESTED, 2, "f(False)")
    assert meter.entered


def test_a_decorator_at_the_head_of_a_function_marks_that_function() -> None:
    text = """\
    def f():                     # 1
        @(lambda g: g)           # 2
        def inner():             # 3
            return 1             # 4
        return inner             # 5
    """
    run(text, 2, "f")
    assert not meter.entered
    run(text, 2, "f()")
    assert meter.entered


def test_a_docstring_stays_first() -> None:
    space = run('"""Module."""\ndef f():\n    """Function."""\n    return 1\n', 4, "f()")
    assert space["f"].__doc__ == "Function."
    assert meter.entered


def test_the_docstring_of_a_marked_module_stays_first() -> None:
    assert run('"""Module."""\nx = 1\n', 2)["__doc__"] == "Module."
    assert meter.entered


def test_future_imports_stay_first() -> None:
    text = '"""Module."""\nfrom __future__ import annotations\ndef f(a: nowhere): ...\nx = 1\n'
    space = run(text, 4)
    assert space["f"].__annotations__ == {"a": "nowhere"}
    assert meter.entered


def test_a_function_that_is_only_a_docstring_can_be_marked() -> None:
    assert run('def f():\n    """Only words."""\n', 2, "f()")["f"].__doc__ == "Only words."
    assert meter.entered


def test_a_generator_is_noticed_when_it_begins() -> None:
    space = run("def f():\n    yield 1\n", 2, "g = f()")
    assert not meter.entered
    assert next(space["g"]) == 1
    assert meter.entered


def test_marking_does_not_change_what_the_code_does_nor_its_lines() -> None:
    space = run(PLAIN, 3, "a, b = f(), g()")
    assert (space["a"], space["b"]) == (1, 2)
    assert space["f"].__code__.co_firstlineno == 1
    assert {line for _, _, line in space["f"].__code__.co_lines() if line} == {1, 2, 3}


def test_functions_come_in_order_of_their_text() -> None:
    tree = ast.parse(
        dedent(
            """\
            def a():
                def b(): ...
                async def c(): ...
            class D:
                def e(self): ...
            """
        )
    )
    assert [node.name for node in functions(tree)] == ["a", "b", "c", "e"]


# Counting rounds


def rounds(text: str, call: str) -> int:
    """How often the code ticks when `f`, marked as a mutant of its second line, is called."""
    tree = ast.parse(text)
    mark(tree, 2, 4)
    names: dict[str, object] = {}
    exec(compile_tree(tree, "m.py", 0), names)
    meter.watch(UNLIMITED, None)
    exec(call, names)
    return meter.count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def f():\n    return 1\n", 1),
        ("def f():\n    for x in range(3): x\n", 4),
        ("def f():\n    n = 3\n    while n: n -= 1\n", 4),
        ("def f():\n    for x in range(2):\n        for y in range(3): x\n", 9),
        ("def f():\n    if True:\n        for x in range(2): x\n", 3),
        ("def f():\n    try:\n        for x in range(2): x\n    finally: pass\n", 3),
        ("def f():\n    for x in (): x\n    else:\n        for y in range(2): y\n", 3),
    ],
)
def test_each_entry_and_each_round_of_a_loop_counts(text: str, count: int) -> None:
    assert rounds(text, "f()") == count


def test_loops_of_functions_within_do_not_count() -> None:
    text = "def f():\n    x = 1\n    def g():\n        for x in range(5): x\n    g()\n"
    assert rounds(text, "f()") == 1


def test_past_the_limit_the_meter_gives_up_with_the_count() -> None:
    given: list[int] = []
    meter.watch(2, given.append)
    for _ in range(4):
        meter.tick()
    assert given == [3, 4]
    meter.watch(UNLIMITED, None)


def test_the_limit_is_that_of_one_test() -> None:
    given: list[int] = []
    meter.watch(2, given.append)
    for _ in range(3):
        meter.tick()
        meter.tick()
        meter.next_test()
    assert given == []
    assert (meter.count, meter.most, meter.entered) == (0, 2, True)


def test_a_canary_raises_once_it_has_proved_that_it_was_entered() -> None:
    tree = ast.parse("def f():\n    return 1\n")
    mark(tree, 2, 4, canary=True)
    names: dict[str, Any] = {}
    exec(compile_tree(tree, "m.py", 0), names)
    meter.watch(UNLIMITED, None)
    with pytest.raises(AssertionError):
        names["f"]()
    assert meter.entered

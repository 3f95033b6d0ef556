"""Facts about units: what they are, which edits alter them, which lines a change gives them."""

from __future__ import annotations

import ast
import json
import warnings
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

import pytest

import assay
from assay.change.semantics import compare, read_source
from assay.model.change import Change, FileChange, FileStatus, SemanticChange, UnitStatus
from assay.model.source import MODULE_UNIT, SourceFile


def source(text: str) -> SourceFile:
    return read_source("m.py", dedent(text).encode())


def names(text: str) -> list[str]:
    return [unit.name for unit in source(text).units]


def digests(text: str) -> dict[str, str]:
    return {unit.name: unit.digest for unit in source(text).units}


def differing(before: str, after: str) -> set[str]:
    old, new = digests(before), digests(after)
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def change_of(*files: FileChange) -> Change:
    return Change("base", "base against head", files)


def modified(
    before: str, after: str, lines: set[int], deleted_at: set[int] | None = None
) -> SemanticChange:
    file = FileChange(
        "m.py",
        FileStatus.MODIFIED,
        dedent(before).encode(),
        dedent(after).encode(),
        frozenset(lines),
        frozenset(deleted_at or set()),
    )
    return compare(change_of(file))


def told(change: SemanticChange) -> dict[str, tuple[str, set[int], set[int]]]:
    return {
        unit.unit: (unit.status.value, set(unit.lines), set(unit.deleted_at))
        for unit in change.units
    }


TWO = """\
X = 1
def f(a):
    b = a
    return b
def g(a):
    c = a
    return c
"""


# Units


def test_the_module_comes_first_and_functions_follow_in_order_of_lines() -> None:
    units = source(TWO).units
    spans = [(u.name, u.first_line, u.body_line, u.last_line) for u in units]
    assert spans == [(MODULE_UNIT, 1, 1, 7), ("f", 2, 3, 4), ("g", 5, 6, 7)]


def test_methods_are_named_by_their_classes_and_found_in_any_block() -> None:
    text = """\
    class A:
        class B:
            async def m(self):
                pass
        if True:
            def n(self):
                pass
    try:
        def f():
            pass
    except* ValueError:
        def g():
            pass
    finally:
        with open("x"):
            for _ in ():
                def h():
                    pass
    match 1:
        case 1:
            def k():
                pass
    """
    assert names(text) == [MODULE_UNIT, "A.B.m", "A.n", "f", "g", "h", "k"]


def test_nested_functions_and_classes_belong_to_the_outermost_function() -> None:
    text = """\
    def f():
        def inner():
            return 1
        class C:
            def m(self):
                return 2
        return inner
    """
    assert names(text) == [MODULE_UNIT, "f"]
    assert differing(text, text.replace("return 2", "return 3")) == {"f"}


def test_a_name_that_comes_again_is_numbered() -> None:
    text = """\
    class A:
        @property
        def p(self):
            return 1
        @p.setter
        def p(self, value):
            pass
    class A:
        def p(self):
            return 3
    """
    assert names(text) == [MODULE_UNIT, "A.p", "A.p#2", "A.p#3"]


def test_decorators_belong_to_the_definition_and_to_the_module_by_line() -> None:
    found = source("""\
    @(
        decorate
    )
    @other(
        1
    )
    def f(
        a=1,
    ):
        # a comment
        @inner
        def g():
            pass
        return g
    """)
    unit = found.units[1]
    assert (unit.first_line, unit.body_line, unit.last_line) == (1, 11, 14)
    assert found.unit_of_line(9).is_module
    assert found.unit_of_line(11) is unit


@pytest.mark.parametrize(
    "text",
    [
        "def f(): return 1\n",
        "def f(): return (\n    1\n)\n",
        "def f(\n  a,\n): x = a; return x\n",
        "class A:\n    async def f(self): ...\n",
    ],
)
def test_a_body_on_the_signatures_line_is_folded_into_the_module(text: str) -> None:
    assert names(text) == [MODULE_UNIT]
    assert differing(text, text.replace("f(", "g(")) == {MODULE_UNIT}
    assert differing(text, text.replace("1", "2").replace("x = a", "x = 0")) <= {MODULE_UNIT}


def test_the_body_of_a_folded_function_counts_for_the_module() -> None:
    assert differing("def f(): return 1\n", "def f(): return 2\n") == {MODULE_UNIT}


def test_a_body_after_a_continued_line_is_a_unit() -> None:
    assert names("def f(): \\\n    return 1\n") == [MODULE_UNIT, "f"]


def test_lambdas_and_comprehensions_outside_functions_are_the_modules() -> None:
    before = "f = lambda: [\n    x\n    for x in ()\n]\n"
    assert names(before) == [MODULE_UNIT]
    assert differing(before, before.replace("()", "(1,)")) == {MODULE_UNIT}


@pytest.mark.parametrize(("content", "count"), [(b"", 0), (b"x = 1", 1), (b"x = 1\r\n\r\n", 2)])
def test_the_module_ends_with_its_last_line(content: bytes, count: int) -> None:
    assert read_source("m.py", content).module.last_line == count


# Digests


@pytest.mark.parametrize(
    "after",
    [
        "# a comment\n\n" + TWO,
        TWO.replace("b = a", "b = (a)  # why"),
        TWO.replace("    ", "\t"),
        TWO.replace("\n", "\r\n"),
        TWO.replace("\n", "\r"),
        "\ufeff" + TWO,
        "# -*- coding: utf-8 -*-\n" + TWO,
        TWO.replace("def f(a):", "def f(\n    a,\n):  # type: (int) -> int"),
    ],
)
def test_comments_and_layout_do_not_count(after: str) -> None:
    assert differing(TWO, after) == set()


@pytest.mark.parametrize(
    ("old", "new", "units"),
    [
        ("b = a", "b = -a", {"f"}),
        ("return c", "return", {"g"}),
        ("return c", "'text'\n    return c", {"g"}),
        ("X = 1", "X = True", {MODULE_UNIT}),
        ("X = 1", "X = 1.0", {MODULE_UNIT}),
        ("X = 1", "X = None", {MODULE_UNIT}),
        ("X = 1", "X: int = 1", {MODULE_UNIT}),
        ("X = 1", "X = '1'", {MODULE_UNIT}),
        ("X = 1", "X = Y", {MODULE_UNIT}),
        ("X = 1", "'a docstring'\nX = 1", {MODULE_UNIT}),
        ("def f(a)", "def f(a=1)", {MODULE_UNIT}),
        ("def f(a)", "def f(a: int)", {MODULE_UNIT}),
        ("def f(a)", "async def f(a)", {MODULE_UNIT}),
        ("def f(a)", "@cache\ndef f(a)", {MODULE_UNIT}),
        ("def f(a)", "def h(a)", {MODULE_UNIT, "f", "h"}),
    ],
)
def test_an_edit_counts_for_the_unit_it_is_in(old: str, new: str, units: set[str]) -> None:
    assert differing(TWO, TWO.replace(old, new)) == units


def test_the_order_of_definitions_counts_for_the_module_alone() -> None:
    lines = TWO.splitlines(keepends=True)
    assert differing(TWO, "".join(lines[:1] + lines[4:] + lines[1:4])) == {MODULE_UNIT}


def test_equal_bodies_have_equal_digests_and_other_bodies_others() -> None:
    text = "def f():\n    return 1\ndef g():\n    return 1\ndef h():\n    return 2\n"
    found = digests(text)
    assert found["f"] == found["g"] != found["h"]


def test_bytes_are_read_in_the_encoding_they_declare() -> None:
    latin = "# coding: latin-1\nX = 'é'\n".encode("latin-1")
    unicode = "X = 'é'\n".encode()
    assert read_source("m.py", latin).problem == ""
    assert read_source("m.py", latin).module.digest == read_source("m.py", unicode).module.digest


def test_a_very_deep_expression_is_divided_all_the_same() -> None:
    text = "def f():\n    return " + " + ".join(["x"] * 900) + "\n"
    assert names(text) == [MODULE_UNIT, "f"]


def test_an_integer_of_any_size_is_read() -> None:
    assert names(f"X = 0x{'f' * 9999}\ndef f():\n    pass\n") == [MODULE_UNIT, "f"]


def test_a_warning_of_the_compiler_is_no_problem_and_not_shown() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_source("m.py", b"X = '\\d'\n").problem == ""


# Files that do not parse


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"x = 1\ny = 2\ndef (:\n", "does not parse: line 3: invalid syntax"),
        (b"x = '\0'\n", "does not parse: "),
        (b"# coding: no-such\nx = 1\n", "does not parse: unknown encoding: no-such"),
        (b"# coding: rot13\nx = 1\n", "does not parse: "),
        (b"x = '\xff'\n", "does not parse: "),
        (b"x = " + b"-" * 100_000 + b"1\n", "does not parse: "),
        (b"x = " + b"(" * 1000 + b")" * 1000 + b"\n", "does not parse: "),
    ],
)
def test_a_file_that_does_not_parse_is_one_unit_and_says_why(content: bytes, problem: str) -> None:
    found = read_source("m.py", content)
    assert [unit.name for unit in found.units] == [MODULE_UNIT]
    assert found.module.digest == found.sha
    assert found.module.last_line == content.count(b"\n")
    assert found.problem.startswith(problem)
    assert "\n" not in found.problem


def test_every_edit_counts_in_a_file_that_does_not_parse() -> None:
    change = modified("def (:\n", "def (:  # why\n", {1})
    assert told(change) == {MODULE_UNIT: ("modified", {1}, set())}


# Comparing


def test_a_changed_body_is_reported_with_its_lines_and_nothing_else_is() -> None:
    change = modified(TWO, TWO.replace("b = a", "b = -a"), {3})
    assert told(change) == {"f": ("modified", {3}, set())}
    assert change.cosmetic == ()


def test_a_change_without_effect_is_cosmetic() -> None:
    change = modified(TWO, TWO.replace("b = a", "b = a  # why"), {3})
    assert change.units == ()
    assert change.cosmetic == ("m.py",)


def test_a_unit_whose_lines_changed_without_effect_is_not_reported() -> None:
    after = TWO.replace("b = a", "b = a  # why").replace("c = a", "c = -a")
    assert told(modified(TWO, after, {3, 6})) == {"g": ("modified", {6}, set())}


def test_a_changed_signature_belongs_to_the_module() -> None:
    change = modified(TWO, TWO.replace("def f(a)", "def f(a=1)"), {2})
    assert told(change) == {MODULE_UNIT: ("modified", {2}, set())}


def test_a_deletion_within_a_body_belongs_to_it() -> None:
    change = modified(TWO, TWO.replace("    c = a\n", ""), set(), {5})
    assert told(change) == {"g": ("modified", set(), {5})}


def test_a_deletion_at_the_end_of_a_body_belongs_to_the_unit_that_changed() -> None:
    change = modified(TWO, TWO.replace("    return b\n", ""), set(), {3})
    assert told(change) == {"f": ("modified", set(), {3})}
    after = TWO.replace("def g(a):\n    c = a\n    return c\n", "")
    assert told(modified(TWO, after, set(), {4})) == {
        MODULE_UNIT: ("modified", set(), {4}),
        "g": ("deleted", set(), set()),
    }


def test_a_deletion_between_two_units_that_both_changed_belongs_to_both() -> None:
    before = "def f():\n    x = 1\n    y = 2\nZ = 3\ndef g():\n    pass\n"
    after = "def f():\n    x = 1\ndef g():\n    pass\n"
    assert told(modified(before, after, set(), {2})) == {
        MODULE_UNIT: ("modified", set(), {2}),
        "f": ("modified", set(), {2}),
    }


def test_an_added_function_is_added_with_all_its_lines() -> None:
    after = TWO + "def h():\n    x = 1\n    return x\n"
    assert told(modified(TWO, after, {8, 9, 10})) == {
        MODULE_UNIT: ("modified", {8}, set()),
        "h": ("added", {9, 10}, set()),
    }


def test_functions_that_exchange_their_names_are_changed_as_a_whole() -> None:
    after = TWO.replace("def f", "def h").replace("def g", "def f").replace("def h", "def g")
    found = told(modified(TWO, after, {2, 5}))
    assert found == {
        MODULE_UNIT: ("modified", {2, 5}, set()),
        "g": ("modified", {3, 4}, set()),
        "f": ("modified", {6, 7}, set()),
    }


def test_lines_that_explain_only_a_part_of_what_changed_are_not_believed() -> None:
    before = "def f():\n    a()\n    b()\n    c()\n    d()\ndef g():\n    a()\n    c()\n    d()\n"
    after = "def g():\n    a()\n    b()\n    c()\n    d()\ndef f():\n    a()\n    c()\n    x()\n"
    assert told(modified(before, after, {1, 6, 9}))["f"] == ("modified", {7, 8, 9}, set())


def test_a_body_line_replaced_by_a_line_of_the_signature_is_not_overlooked() -> None:
    before = "def f():\n    x = 1\n    y = 2\n    z = 3\n"
    after = "def f(a):\n    y = 2\n    z = 4\n"
    found = told(modified(before, after, {1, 3}))
    assert found["f"] == ("modified", {2, 3}, set())


def test_several_edits_of_one_body_keep_their_own_lines() -> None:
    before = "def f():\n    a()\n    b()\n    c()\n    d()\n    e()\n"
    after = "def f():\n    a()\n    x()\n    c()\n    e()\n    y()\n"
    found = told(modified(before, after, {3, 6}, {4}))
    assert found == {"f": ("modified", {3, 6}, {4})}


def test_lines_are_not_believed_where_git_counts_them_otherwise() -> None:
    before = TWO.replace("\n", "\r")
    change = modified(before, before.replace("b = a", "b = -a"), {1})
    assert told(change) == {"f": ("modified", {3, 4}, set())}


def test_every_unit_of_an_added_file_is_added_with_all_its_lines() -> None:
    file = FileChange(
        "m.py", FileStatus.ADDED, None, TWO.encode(), frozenset(range(1, 8)), frozenset()
    )
    change = compare(change_of(file))
    assert told(change) == {
        MODULE_UNIT: ("added", {1, 2, 5}, set()),
        "f": ("added", {3, 4}, set()),
        "g": ("added", {6, 7}, set()),
    }
    assert change.bases == {}


def test_an_empty_added_file_is_an_added_module() -> None:
    file = FileChange("m.py", FileStatus.ADDED, None, b"", frozenset(), frozenset())
    assert told(compare(change_of(file))) == {MODULE_UNIT: ("added", set(), set())}


def test_every_unit_of_a_deleted_file_is_deleted() -> None:
    file = FileChange("m.py", FileStatus.DELETED, TWO.encode(), None, frozenset(), frozenset())
    change = compare(change_of(file))
    assert {unit.status for unit in change.units} == {UnitStatus.DELETED}
    assert [unit.unit for unit in change.units] == [MODULE_UNIT, "f", "g"]
    assert change.sources == {}


def test_files_are_taken_in_order_of_paths_and_only_python_is_divided() -> None:
    def file(path: str) -> FileChange:
        return FileChange(
            path, FileStatus.MODIFIED, b"x = 1", b"x = 2", frozenset({1}), frozenset()
        )

    change = compare(change_of(file("z.py"), file("b.txt"), file("a.pyi"), file("a.py")))
    assert [unit.path for unit in change.units] == ["a.py", "z.py"]
    assert change.other == ("a.pyi", "b.txt")
    assert list(change.sources) == ["a.py", "z.py"]


# Over real sources


def _sources() -> list[Path]:
    places = [Path(json.__file__).parent, Path(assay.__file__).parent / "probe"]
    places += [Path(warnings.__file__).parent / name for name in ("asyncio", "unittest", "email")]
    return sorted(path for place in places for path in place.rglob("*.py"))


@pytest.mark.parametrize("path", _sources(), ids=lambda path: "/".join(path.parts[-2:]))
def test_units_of_real_sources_do_not_overlap_and_survive_reformatting(path: Path) -> None:
    content = path.read_bytes()
    found = read_source(path.name, content)
    assert found.problem == ""
    assert len({unit.name for unit in found.units}) == len(found.units)
    for unit in found.units[1:]:
        assert unit.first_line < unit.body_line <= unit.last_line <= found.module.last_line
    for one, following in pairwise(found.units[1:]):
        assert one.last_line < following.first_line
    assert {found.unit_of_line(line).name for line in range(found.module.last_line + 2)} <= {
        unit.name for unit in found.units
    }
    again = read_source(path.name, ast.unparse(ast.parse(content)).encode())
    after = {unit.name: unit.digest for unit in again.units}
    assert all(after[unit.name] == unit.digest for unit in found.units[1:])

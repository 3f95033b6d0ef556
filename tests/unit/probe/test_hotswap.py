"""Facts about swapping: live functions do what the mutant says, wherever they are kept."""

from __future__ import annotations

import ast
import asyncio
import gc
import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

from assay.change.semantics import read_source
from assay.probe.hotswap import Swapped, install, undo
from assay.probe.mutation import UNLIMITED, meter

Make = Callable[..., "Live"]


@pytest.fixture(autouse=True)
def nothing_entered() -> Iterator[None]:
    meter.watch(UNLIMITED, None)
    yield
    meter.watch(UNLIMITED, None)


class Live:
    """A module imported from a file of its own, and mutants of it."""

    def __init__(self, path: Path, content: bytes, module: ModuleType) -> None:
        self.path, self.content, self.module = path, content, module

    def mutant(self, original: str, replacement: str) -> dict[str, Any]:
        """The mutant of the only place that `original` stands in."""
        text = self.content.decode()
        assert text.count(original) == 1, original
        before = text[: text.index(original)]
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1)
        lines = original.split("\n")
        end = column + len(original) if len(lines) == 1 else len(lines[-1])
        unit = read_source("m.py", self.content).unit_of_line(line)
        return {
            "path": str(self.path),
            "sha": hashlib.sha256(self.content).hexdigest(),
            "span": [line, column, line + len(lines) - 1, end],
            "original": original,
            "replacement": replacement,
            "outer": {
                "first_line": unit.first_line,
                "last_line": unit.last_line,
                "classes": unit.name.partition("#")[0].split(".")[:-1],
            },
        }

    def swap(self, original: str, replacement: str) -> str:
        return install(self.mutant(original, replacement))


@pytest.fixture
def live(tmp_path: Path) -> Make:
    def make(text: str, newline: str = "\n") -> Live:
        content = dedent(text).replace("\n", newline).encode()
        path = tmp_path / "live_module.py"
        path.write_bytes(content)
        spec = importlib.util.spec_from_file_location("live_module", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return Live(path, content, module)

    return make


# Reached


def test_a_plain_function_is_swapped_also_where_it_was_imported_by_name(live: Make) -> None:
    found = live("def f(x):\n    return x + 1\n")
    kept = found.module.f
    assert found.swap("x + 1", "x - 1") == ""
    assert (found.module.f(5), kept(5)) == (4, 4)


def test_running_a_swapped_function_is_noticed_and_swapping_alone_is_not(live: Make) -> None:
    found = live("def f(x):\n    return x + 1\n")
    found.swap("x + 1", "x - 1")
    assert not meter.entered
    found.module.f(1)
    assert meter.entered


def test_other_functions_of_the_file_stay_as_they_are(live: Make) -> None:
    found = live("def f():\n    return 1\ndef g():\n    return 2\n")
    before = found.module.g.__code__
    assert found.swap("return 1", "return 9") == ""
    assert found.module.g.__code__ is before
    found.module.g()
    assert not meter.entered


def test_a_method_is_swapped_for_instances_and_bound_methods_that_exist(live: Make) -> None:
    found = live("class A:\n    def f(self):\n        return 1\n")
    instance = found.module.A()
    bound = instance.f
    assert found.swap("return 1", "return 2") == ""
    assert (instance.f(), bound()) == (2, 2)


def test_a_property_is_swapped(live: Make) -> None:
    found = live(
        """\
        class A:
            @property
            def f(self):
                return 1
        """
    )
    instance = found.module.A()
    assert found.swap("return 1", "return 2") == ""
    assert instance.f == 2


def test_class_and_static_methods_are_swapped(live: Make) -> None:
    found = live(
        """\
        class A:
            n = 5
            @classmethod
            def f(cls):
                return cls.n + 1
            @staticmethod
            def g():
                return 3
        """
    )
    assert found.swap("cls.n + 1", "cls.n - 1") == ""
    assert found.swap("return 3", "return 4") == ""
    assert (found.module.A.f(), found.module.A.g()) == (4, 4)


def test_a_function_behind_a_decorator_is_swapped(live: Make) -> None:
    found = live(
        """\
        import functools
        def twice(f):
            @functools.wraps(f)
            def wrapper(*args):
                return f(*args) * 2
            return wrapper
        @twice
        def f(x):
            return x + 1
        """
    )
    assert found.swap("return x + 1", "return x + 2") == ""
    assert found.module.f(1) == 6


def test_the_closure_that_a_decorator_made_is_swapped(live: Make) -> None:
    found = live(
        """\
        def twice(f):
            def wrapper(*args):
                return f(*args) * 2
            return wrapper
        @twice
        def f(x):
            return x + 1
        """
    )
    assert found.swap("f(*args) * 2", "f(*args) * 3") == ""
    assert found.module.f(1) == 6
    assert meter.entered


def test_a_mutant_may_lose_a_captured_variable(live: Make) -> None:
    found = live(
        """\
        def make(a, b):
            def inner():
                return a + b
            return inner
        inner = make(1, 2)
        """
    )
    assert found.swap("a + b", "b") == ""
    assert found.module.inner() == 2


def test_a_cached_function_is_swapped(live: Make) -> None:
    found = live(
        """\
        import functools
        @functools.lru_cache
        def f(x):
            return x + 1
        """
    )
    assert found.swap("x + 1", "x - 1") == ""
    assert found.module.f(1) == 0


def test_super_works_in_a_swapped_method(live: Make) -> None:
    found = live(
        """\
        class A:
            def f(self):
                return 1
        class B(A):
            def f(self):
                return super().f() + 10
        """
    )
    instance = found.module.B()
    assert found.swap("+ 10", "+ 20") == ""
    assert instance.f() == 21


def test_private_names_are_those_of_the_class(live: Make) -> None:
    found = live(
        """\
        class Account:
            def __init__(self):
                self.__sum = 1
            def total(self):
                return self.__sum + 1
        """
    )
    instance = found.module.Account()
    assert found.swap("__sum + 1", "__sum + 2") == ""
    assert instance.total() == 3


def test_a_method_of_a_nested_class_is_swapped(live: Make) -> None:
    found = live(
        """\
        class A:
            class B:
                def f(self):
                    return 1
        """
    )
    assert found.swap("return 1", "return 2") == ""
    assert found.module.A.B().f() == 2


def test_a_generator_function_is_swapped(live: Make) -> None:
    found = live("def f(n):\n    for i in range(n):\n        yield i + 1\n")
    assert found.swap("i + 1", "i - 1") == ""
    assert list(found.module.f(3)) == [-1, 0, 1]


def test_an_async_function_is_swapped(live: Make) -> None:
    found = live(
        """\
        import asyncio
        async def f(x):
            await asyncio.sleep(0)
            return x + 1
        """
    )
    assert found.swap("x + 1", "x - 1") == ""
    assert asyncio.run(found.module.f(1)) == 0


def test_a_nested_function_is_swapped_through_its_outer_one(live: Make) -> None:
    found = live(
        """\
        def f(x):
            def inner(y):
                return x + y
            return inner(1)
        """
    )
    assert found.swap("x + y", "x - y") == ""
    assert found.module.f(5) == 4


def test_a_lambda_inside_a_function_is_swapped_with_it(live: Make) -> None:
    found = live("def f(xs):\n    return sorted(xs, key=lambda x: -x)\n")
    assert found.swap("-x", "+x") == ""
    assert found.module.f([2, 1, 3]) == [1, 2, 3]


def test_a_comprehension_is_swapped(live: Make) -> None:
    found = live("def f(xs):\n    k = 2\n    return [x * k for x in xs]\n")
    assert found.swap("x * k", "x + k") == ""
    assert found.module.f([1, 2]) == [3, 4]


def test_a_function_indented_by_tabs_is_swapped(live: Make) -> None:
    found = live("class A:\n\tclass B:\n\t\tdef f(self):\n\t\t\treturn 1\n")
    assert found.swap("return 1", "return 2") == ""
    assert found.module.A.B().f() == 2


def test_a_function_under_an_if_is_swapped(live: Make) -> None:
    found = live("if True:\n    def f():\n        return 1\n")
    assert found.swap("return 1", "return 2") == ""
    assert found.module.f() == 2


def test_a_function_of_a_file_with_other_line_ends_is_swapped(live: Make) -> None:
    found = live("x = 0\ndef f():\n    y = 1\n    return y + 1\n", newline="\r\n")
    assert found.swap("y + 1", "y - 1") == ""
    assert found.module.f() == 0


def test_text_over_several_lines_keeps_its_indentation(live: Make) -> None:
    found = live(
        '''\
        class A:
            def f(self):
                return """
        left
          right""" + "1"
        '''
    )
    assert found.swap('"1"', '"2"') == ""
    assert found.module.A().f() == "\nleft\n  right2"


def test_a_replacement_may_have_more_or_fewer_lines(live: Make) -> None:
    found = live("def f(a):\n    if a:\n        return 1\n    return 2\ndef g():\n    return 3\n")
    assert found.swap("if a:\n        return 1", "pass") == ""
    assert found.module.f(True) == 2
    other = live("def f(a):\n    return a\ndef g():\n    return 3\n")
    assert other.swap("return a", "b = a\n    return b + 1") == ""
    assert (other.module.f(1), other.module.g()) == (2, 3)


def test_the_lines_of_the_swapped_code_are_those_of_the_file(live: Make) -> None:
    found = live("x = 1\n\nclass A:\n    def f(self):\n        return 1 + self.no\n")
    assert found.swap("1 + self.no", "2 + self.no") == ""
    code = found.module.A.f.__code__
    assert code.co_firstlineno == 4
    assert code.co_filename == str(found.path)
    assert {line for _, _, line in code.co_lines() if line} == {4, 5}


def test_annotations_stay_texts_under_the_future_import(live: Make) -> None:
    found = live(
        """\
        from __future__ import annotations
        def f():
            def inner(x: nowhere):
                return 1
            return inner
        """
    )
    assert found.swap("return 1", "return 2") == ""
    inner = found.module.f()
    assert (inner(0), inner.__annotations__) == (2, {"x": "nowhere"})


def test_functions_are_found_though_the_collector_was_frozen(live: Make) -> None:
    found = live("def f():\n    return 1\n")
    gc.collect()
    gc.freeze()
    try:
        assert found.swap("return 1", "return 2") == ""
    finally:
        gc.unfreeze()
    assert found.module.f() == 2


# Unfit


def test_a_file_that_changed_since_the_plan_is_unfit(live: Make) -> None:
    found = live("def f():\n    return 1\n")
    mutant = found.mutant("return 1", "return 2")
    found.path.write_text("def f():\n    return 1  # edited\n")
    assert "changed while mutants were running" in install(mutant)
    assert found.module.f() == 1


def test_a_file_of_which_nothing_is_alive_is_unfit(live: Make, tmp_path: Path) -> None:
    found = live("def f():\n    return 1\n")
    mutant = found.mutant("return 1", "return 2")
    other = tmp_path / "never_imported.py"
    other.write_bytes(found.content)
    assert install({**mutant, "path": str(other)}) == "no function of the file is alive"


def test_a_function_that_vanished_is_unfit(live: Make) -> None:
    found = live("def f():\n    return 1\ndef g():\n    return 2\n")
    del found.module.f
    gc.collect()
    assert found.swap("return 1", "return 9") == "no live function has its code"


def test_a_mutant_that_captures_other_variables_is_unfit(live: Make) -> None:
    found = live(
        """\
        def make(a, b):
            def inner():
                return a
            return inner, b
        inner, _ = make(1, 2)
        """
    )
    assert found.swap("return a", "return b") == "it captures other variables than the original"
    assert found.module.inner() == 1


def test_a_mutant_that_does_not_compile_is_unfit(live: Make) -> None:
    found = live("def f():\n    return 1\n")
    assert "does not compile" in found.swap("return 1", "return (")
    assert found.module.f() == 1


def test_a_mutant_that_removes_a_function_is_unfit(live: Make) -> None:
    found = live("def f():\n    def g():\n        return 1\n    return g\n")
    original = "def g():\n        return 1\n    return g"
    assert found.swap(original, "return 2") == "it adds or removes a function"


def test_lines_without_a_function_are_unfit(live: Make) -> None:
    found = live("x = 1\ndef f():\n    return 2\n")
    mutant = found.mutant("1", "3")
    mutant["outer"] = {"first_line": 1, "last_line": 1, "classes": []}
    assert install(mutant) == "its function was not found at the recorded lines"


def test_an_unfit_mutant_changes_nothing(live: Make) -> None:
    found = live("def f():\n    return 1\n")
    before = found.module.f.__code__
    found.swap("return 1", "return (")
    assert found.module.f.__code__ is before
    assert ast.parse(found.content)


# Taking a mutant back


def test_undoing_gives_each_function_the_code_it_had(live: Make) -> None:
    found = live("def f(x):\n    return x + 1\n")
    before = found.module.f.__code__
    swapped: Swapped = []
    assert install(found.mutant("x + 1", "x - 1"), swapped) == ""
    assert found.module.f(5) == 4
    undo(swapped)
    assert found.module.f.__code__ is before
    assert swapped == []


def test_mutants_can_be_put_in_place_one_after_another(live: Make) -> None:
    found = live("def f(x):\n    return x + 1 if x else 7\n")
    seen = []
    for original, replacement in [("x + 1", "x - 1"), ("7", "8"), ("x + 1", "x + 1")]:
        swapped: Swapped = []
        assert install(found.mutant(original, replacement), swapped) == ""
        seen.append((found.module.f(5), found.module.f(0)))
        undo(swapped)
    assert seen == [(4, 7), (6, 8), (6, 7)]


def test_a_mutant_that_does_not_fit_leaves_nothing_swapped(live: Make) -> None:
    found = live("def f(x):\n    def g(): return x\n    return g\n")
    before = found.module.f.__code__
    swapped: Swapped = []
    assert install(found.mutant("def g(): return x", "g = lambda: x"), swapped) != ""
    assert found.module.f.__code__ is before


def test_what_mutants_of_a_function_share_is_known_to_later_ones(live: Make) -> None:
    found = live("def f(x):\n    return x + 1\n")
    assert found.swap("x + 1", "x - 1") == ""
    found.path.unlink()
    assert found.swap("x + 1", "x * 2") == ""
    assert found.module.f(5) == 10

"""Which assertions of a test can be reached and can fail."""

from __future__ import annotations

from textwrap import indent

import pytest

from assay.diagnosis.checks import code_of, function_of
from assay.diagnosis.sides import Side


def counted(body: str) -> int:
    text = f"def test_m(x):\n{indent(body, '    ')}\n"
    return code_of(Side({"t.py": text}), "t.py".__eq__, ()).assertions["t.py::test_m"]


COUNT = {
    "plain": "assert x",
    "after a return that depends": "if x:\n    return\nassert x",
    "in a loop": "for one in x:\n    assert one",
    "in either branch": "if x:\n    assert 1 < x\nelse:\n    pass",
    "a handler for something else": "try:\n    assert x\nexcept ValueError:\n    pass",
    "a handler that raises again": "try:\n    assert x\nexcept AssertionError:\n    raise",
    "a handler that fails": "try:\n    x()\nexcept Exception:\n    pytest.fail()",
    "in a handler": "try:\n    x()\nexcept ValueError:\n    assert x",
    "in the end": "try:\n    x()\nfinally:\n    assert x",
    "of a group": "try:\n    assert x\nexcept* ValueError:\n    pass",
    "other failures are suppressed": "with suppress(KeyError):\n    assert x",
    "in a context": "with x:\n    assert x",
    "raises": "with pytest.raises(ValueError):\n    x()",
    "what is done after raising": "with catching(x):\n    raise x\nassert x",
    "in a case": "match x:\n    case 1:\n        assert x",
    "in a function of its own": "def inner():\n    assert x\ninner()",
    "one side may fail": "assert x and True",
    "never true": "assert False, 'not to be reached'",
    "of a mock": "x.assert_called_once()",
}
DO_NOT_COUNT = {
    "after a return": "return\nassert x",
    "after a skip": "pytest.skip('later')\nassert x",
    "after a raise": "raise x\nassert x",
    "after both branches end": "if x:\n    return\nelse:\n    return\nassert x",
    "after a branch that is always taken": "if True:\n    return\nassert x",
    "in a branch that is never taken": "if not True:\n    assert x",
    "in the other branch of one that always is": "if 1:\n    pass\nelse:\n    assert x",
    "in a loop over nothing": "for one in []:\n    assert one",
    "in a loop that never runs": "while False:\n    assert x",
    "swallowed": "try:\n    assert x\nexcept AssertionError:\n    pass",
    "swallowed among others": "try:\n    assert x\nexcept (KeyError, AssertionError):\n    pass",
    "swallowed by all": "try:\n    assert x\nexcept:\n    print(x)",
    "suppressed": "with contextlib.suppress(Exception):\n    assert x",
    "of a constant": "assert True",
    "of a tuple": "assert (x, 'message')",
    "or true": "assert x or True",
    "in a context that returned": "with x:\n    return\nassert x",
}


@pytest.mark.parametrize("name", COUNT)
def test_an_assertion_counts(name: str) -> None:
    assert counted(COUNT[name]) == 1


@pytest.mark.parametrize("name", DO_NOT_COUNT)
def test_an_assertion_does_not_count(name: str) -> None:
    assert counted(DO_NOT_COUNT[name]) == 0


TEXT = """\
class TestX:
    @pytest.mark.parametrize("x", [1, 2])
    def test_m(self, x):
        self.assertEqual(x, 1)
        assert x, x * 2


def helper():
    assert 1 < 2


def pytest_runtest_call(item):
    pass


def pytest_configure():
    pass
"""


def test_what_is_kept_of_the_tests() -> None:
    side = Side({"t.py": TEXT, "src.py": "def f():\n    assert f\n"})
    code = code_of(side, "t.py".__eq__, ["t.py::TestX::test_m[1]"])
    assert code.assertions == {
        "t.py::TestX.test_m": 2,
        "t.py::helper": 1,
        "t.py::pytest_runtest_call": 0,
        "t.py::pytest_configure": 0,
    }
    assert code.texts == {
        "t.py::TestX.test_m": (
            "@pytest.mark.parametrize('x', [1, 2])",
            "self.assertEqual(x, 1)",
            "assert x, x * 2",
        )
    }
    assert list(code.hooks) == ["t.py::pytest_runtest_call"]
    assert list(code.files) == ["t.py"]


def test_the_digests_are_of_what_they_name() -> None:
    def of(text: str, source: str) -> tuple[dict[str, str], str]:
        code = code_of(Side({"t.py": text, "src.py": source}), "t.py".__eq__, ())
        return {**code.hooks, **code.files}, code.sources

    (tests, sources), (edited, same) = of(TEXT, "a = 1\n"), of(TEXT.replace("pass", "0"), "a = 1\n")
    assert sources == same
    assert all(tests[name] != edited[name] for name in tests)
    assert of(TEXT, "a = 2\n") == (tests, of(TEXT, "a = 2\n")[1])
    assert of(TEXT, "a = 2\n")[1] != sources


def test_the_function_of_a_node_id() -> None:
    assert function_of("t.py::TestX::test_m[a::b]") == "t.py::TestX.test_m"
    assert function_of("t.py::test") == "t.py::test"
    assert function_of("tests/conftest.py") == "tests/conftest.py"

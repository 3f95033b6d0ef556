"""Facts about what differs between two versions of a file, and who is told."""

from __future__ import annotations

from dataclasses import fields
from textwrap import dedent

import pytest

from assay.change.delta import file_delta
from assay.model.difference import ALL_LINES, Difference, FileDelta

EMPTY = Difference("", "")


def delta(old: str, new: str | None, is_test: bool = False, is_plugin: bool = False) -> FileDelta:
    return file_delta("m.py", dedent(old), None if new is None else dedent(new), is_test, is_plugin)


def lines(mask: int) -> list[int]:
    return [n for n in range(mask.bit_length()) if mask >> n & 1]


def told(one: Difference) -> str:
    """A difference in a line: unit, words, and what is not empty."""
    parts = [f"{one.unit}: {one.words}"]
    for field in fields(Difference)[2:]:
        value = getattr(one, field.name)
        if field.name == "lines" and value:
            parts.append(f"lines={'all' if value == ALL_LINES else lines(value)}")
        elif field.name == "at_import" and value:
            parts.append("at_import")
        elif isinstance(value, frozenset) and value:
            parts.append(f"{field.name}={','.join(sorted(value))}")
    return " ".join(parts)


def changes(old: str, new: str | None, is_test: bool = False, is_plugin: bool = False) -> list[str]:
    return [told(one) for one in delta(old, new, is_test, is_plugin).differences]


DOC = "through=__doc__,doctest,getcomments,getdoc,pydoc"
HINTS = "through=__annotations__,get_type_hints,getfullargspec,signature"

F = "def f(a):\n    return a\n"
C = "class C(B):\n    x = 1\n    def m(self):\n        return 1\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(F, F, [], id="nothing"),
        pytest.param(F, "# more\n" + F.replace(" a\n", " (a)\n"), [], id="form"),
        pytest.param(F, F.replace("\n", "\r\n"), [], id="line ends"),
        pytest.param(F, "\ufeff" + F, [], id="byte order mark"),
        # Constants
        pytest.param("X = 1\n", "X = 2\n", ["X: changed names=X"], id="constant"),
        pytest.param("X = 1\n", "X = go()\n", ["<module>: line 1 changed at_import"], id="call"),
        pytest.param("X = go()\n", "X = 1\n", ["<module>: line 1 changed at_import"], id="no call"),
        pytest.param("", "X = 1\n", ["X: is new names=X"], id="new constant"),
        pytest.param("X = 1\n", "", ["X: is deleted names=X"], id="deleted constant"),
        pytest.param(
            "X = 1\n",
            "Y = 1\n",
            ["X: is deleted names=X", "Y: is new names=Y"],
            id="renamed constant",
        ),
        pytest.param(
            "X = 1\nY = 2\n",
            "X = 1\nif X:\n    print(1)\nY = 2\n",
            ["<module>: line 2 is new at_import"],
            id="statement",
        ),
        pytest.param(
            "a, b = 1, 2\n",
            "a, b = 1, 3\n",
            ["a/b: is deleted names=a,b", "a/b: is new names=a,b"],
            id="two at once",
        ),
        pytest.param(
            "a, x.b = 1, 2\n",
            "a, x.b = 1, 3\n",
            ["a/x: is deleted at_import", "a/x: is new at_import"],
            id="stored to an object",
        ),
        pytest.param("X: int = 1\n", "X: int = 2\n", ["X: changed names=X"], id="annotated"),
        pytest.param("X: int\n", "X: str\n", ["X: changed names=X"], id="annotation"),
        pytest.param(
            "X = 1\nX += 1\n",
            "X = 1\nX += 2\n",
            ["X: is deleted at_import", "X: is new at_import"],
            id="added to",
        ),
        pytest.param("X = 1\n'text'\n", "X = 1\n'other'\npass\n", [], id="does nothing"),
        pytest.param(
            "__all__ = ['a']\n", "__all__ = ['b']\n", ["__all__: changed names=__all__"], id="all"
        ),
        pytest.param(
            "__test__ = {}\n", "__test__ = 0\n", ["<module>: line 1 changed at_import"], id="test"
        ),
        # Imports
        pytest.param("", "import m\n", ["m: is new names=m imports=m"], id="new import"),
        pytest.param("", "import json\n", ["json: is new names=json"], id="new standard import"),
        pytest.param(
            "",
            "from .m import a\n",
            ["a: is new names=a imports=.m,.m.a"],
            id="new relative import",
        ),
        pytest.param(
            "from m import a\n",
            "from m import a, b\n",
            ["b: is new names=b imports=m.b"],
            id="one name more",
        ),
        pytest.param(
            "from m import a, B\n", "from m import a\n", ["B: is deleted names=B"], id="less"
        ),
        pytest.param(
            "from m import a, b\nb()\n",
            "from m import a\nb()\n",
            ["b: is deleted names=b"],
            id="a function less",
        ),
        pytest.param(
            "from m import a, b\n",
            "from m import a\n",
            ["b: is deleted names=b", "<module>: imports less at_import"],
            id="perhaps a module less",
        ),
        pytest.param(
            "import m\n",
            "",
            ["m: is deleted names=m", "<module>: imports less at_import"],
            id="a module less",
        ),
        pytest.param("import json\n", "", ["json: is deleted names=json"], id="standard less"),
        pytest.param("import a\nimport b\n", "import b\nimport a\n", [], id="sorted imports"),
        pytest.param("from m import a, b\n", "from m import b, a\n", [], id="sorted names"),
        pytest.param("import a\nimport b\n", "import b, a\n", [], id="imports on one line"),
        pytest.param(
            "import os\nos.environ['X'] = '1'\nimport b\n",
            "import os\nimport b\nos.environ['X'] = '1'\n",
            ["<module>: line 3 is moved at_import"],
            id="import moved past what may prepare it",
        ),
        pytest.param("", "from m import *\n", ["*: is new at_import"], id="star import"),
        pytest.param(
            "",
            "from __future__ import annotations\n",
            ["annotations: is new at_import"],
            id="future import",
        ),
        pytest.param(
            "try:\n    import a\nexcept ImportError:\n    a = None\n",
            "try:\n    import a\n    import b\nexcept ImportError:\n    a = None\n",
            ["b: is new at_import"],
            id="tried import",
        ),
        pytest.param(
            "try:\n    import a\nexcept ImportError:\n    a = None\n",
            "try:\n    import a\nexcept ImportError:\n    a = 1\n",
            ["<module>: line 1 is deleted at_import", "<module>: line 1 is new at_import"],
            id="another way out",
        ),
        pytest.param(
            "if TYPE_CHECKING:\n    import a\n",
            "if TYPE_CHECKING:\n    import b\n    X = go()\n",
            [],
            id="for types only",
        ),
        pytest.param(
            "if TYPE_CHECKING:\n    import a\n",
            "import a\n",
            ["a: is new names=a imports=a"],
            id="not for types only any more",
        ),
        pytest.param(
            "import a\n",
            "if typing.TYPE_CHECKING:\n    import a\n",
            ["a: is deleted names=a", "<module>: imports less at_import"],
            id="for types only now",
        ),
        # Branches at module level
        pytest.param(
            "if W:\n    X = 1\nelse:\n    X = 2\n",
            "if W:\n    X = 1\nelse:\n    X = 3\n",
            ["X: changed names=X"],
            id="in a branch",
        ),
        pytest.param(
            "if W:\n    X = 1\n",
            "if V:\n    X = 1\n",
            ["<module>: line 1 is deleted at_import", "<module>: line 1 is new at_import"],
            id="another condition",
        ),
        pytest.param(
            "if __name__ == '__main__':\n    a()\n    main()\n",
            "if __name__ == '__main__':\n    a()\n    main(1)\n",
            ["<module>: line 1 changed lines=[3]"],
            id="run as a program",
        ),
        pytest.param(
            "if __name__ != '__main__':\n    a()\n    main()\n",
            "if __name__ != '__main__':\n    a()\n    main(1)\n",
            ["<module>: line 3 is deleted at_import", "<module>: line 3 is new at_import"],
            id="run as no program",
        ),
        pytest.param(
            "with a:\n    X = 1\n",
            "with a:\n    X = 2\n",
            ["<module>: line 1 is deleted at_import", "<module>: line 1 is new at_import"],
            id="in a with block",
        ),
        # Functions
        pytest.param("", F, ["f: is new names=f"], id="new function"),
        pytest.param(F, "", ["f: is deleted lines=[2] names=f"], id="deleted function"),
        pytest.param(F, F.replace("return a", "return 1"), ["f: changed lines=[2]"], id="body"),
        pytest.param(
            F + "    b()\n", F + "    c()\n", ["f: changed in part lines=[3]"], id="part of a body"
        ),
        pytest.param(
            F, F.replace("(a)", "(a, b)"), ["f: has another signature lines=[2] names=f"], id="sign"
        ),
        pytest.param(
            F,
            F.replace("(a)", "(a=1)"),
            ["f: has another signature lines=[2] names=f"],
            id="default",
        ),
        pytest.param(
            F,
            F.replace("(a)", "(a=go())"),
            ["f: has another signature or decorator lines=[2] at_import"],
            id="default that runs",
        ),
        pytest.param(
            F,
            F.replace("(a)", "(a: int) -> int"),
            [f"f: has other annotations values=f {HINTS}"],
            id="annotation of a function",
        ),
        pytest.param(
            F,
            "def f(a: int):\n    return 1\n",
            [f"f: has other annotations values=f {HINTS}", "f: changed lines=[2]"],
            id="annotation and body",
        ),
        pytest.param(
            F, "async " + F, ["f: has another signature lines=[2] names=f"], id="coroutine"
        ),
        pytest.param(
            F,
            "@lru_cache\n" + F,
            ["f: has other decorators lines=[2] names=f"],
            id="plain decorator",
        ),
        pytest.param(
            F,
            "@register\n" + F,
            ["f: has another signature or decorator lines=[2] at_import"],
            id="decorator",
        ),
        pytest.param(
            "from own import cache\n" + F,
            "from own import cache\n@cache\n" + F,
            ["f: has another signature or decorator lines=[3] at_import"],
            id="decorator of a plain name",
        ),
        pytest.param(
            F,
            'def f(a):\n    "text"\n    return a\n',
            [f"f: has another docstring values=f {DOC}"],
            id="docstring",
        ),
        pytest.param(
            "@command\n" + F,
            '@command\ndef f(a):\n    "text"\n    return a\n',
            [f"f: has another docstring values=f {DOC} at_import"],
            id="docstring for a decorator",
        ),
        pytest.param(
            "def f(a: int):\n    'x'\n    return a\n",
            "def f(a: str):\n    'y'\n    return a\n",
            [
                f"f: has another docstring values=f {DOC}",
                f"f: has other annotations values=f {HINTS}",
            ],
            id="docstring and annotation",
        ),
        pytest.param(
            "'x'\n" + F, "'y'\n" + F, [f"<module>: has another docstring values=m {DOC}"], id="mod"
        ),
        pytest.param(
            "@command\n" + F,
            "@command\n" + F + "    b()\n",
            ["f: changed lines=[3]"],
            id="body under a decorator",
        ),
        pytest.param(
            "@overload\ndef f(a: int): ...\n" + F,
            "@overload\ndef f(a: int): ...\n@overload\ndef f(a: str): ...\n" + F,
            ["f: has other decorators lines=[4] names=f", "f: is new names=f"],
            id="one overload more",
        ),
        # Moves
        pytest.param(F + "X = 1\n", "X = 1\n" + F, [], id="moved function"),
        pytest.param("X = 1\nY = 2\n", "Y = 2\nX = 1\n", [], id="moved constant"),
        pytest.param(
            "X = 1\nY = X\n",
            "Y = X\nX = 1\n",
            ["Y: is deleted names=Y", "Y: is new names=Y"],
            id="moved past what needs it",
        ),
        pytest.param(
            F + "go(1)\ngo(2)\n",
            "go(1)\ngo(2)\n" + F,
            ["f: is deleted lines=[2] names=f", "f: is new names=f"],
            id="moved past what may call it",
        ),
        pytest.param(
            "go(1)\nY = 2\n" + F, F + "go(1)\nY = 2\n", [], id="moved before what does not know it"
        ),
        pytest.param(
            "A = []\nA.append(1)\nB = 2\nX = tuple(A)\n",
            "A = []\nX = tuple(A)\nA.append(1)\nB = 2\n",
            ["X: is deleted names=X", "X: is new names=X"],
            id="moved past what changes it",
        ),
        pytest.param(
            F + "X = 1\nif W:\n    def f(): pass\n",
            "X = 1\nif W:\n    def f(): pass\n" + F,
            ["f: is deleted lines=[2] names=f", "f: is new names=f"],
            id="moved past its other definition",
        ),
        pytest.param(
            F + C,
            C + F.replace("return a", "return 1"),
            ["f: changed lines=[2]"],
            id="moved and changed",
        ),
    ],
)
def test_a_module_is_told_by(old: str, new: str, expected: list[str]) -> None:
    assert changes(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("", C, ["C: is new names=C classes=C bases=B"], id="new class"),
        pytest.param(
            C, "", ["C: is deleted lines=[4] names=C classes=C bases=B"], id="deleted class"
        ),
        pytest.param(
            C,
            C.replace("(B)", "(B, D)"),
            ["C: has other bases lines=[4] names=C classes=C bases=B,D"],
            id="one base more",
        ),
        pytest.param(
            C,
            C.replace("(B)", "(B, metaclass=M)"),
            ["C: has other bases lines=[4] names=C classes=C at_import"],
            id="metaclass",
        ),
        pytest.param(
            C,
            "@register\n" + C,
            ["C: has other bases lines=[4] names=C classes=C at_import"],
            id="class decorator",
        ),
        pytest.param(
            C,
            C.replace("(B)", "(make(B))"),
            ["C: has other bases lines=[4] names=C classes=C at_import"],
            id="base that is made",
        ),
        pytest.param(
            C,
            C.replace("x = 1", "x = 2"),
            ["C.x: changed names=x classes=C bases=B"],
            id="attribute",
        ),
        pytest.param(
            C,
            C.replace("x = 1", "x = go()"),
            ["<module>: line 2 changed at_import"],
            id="attribute that runs",
        ),
        pytest.param(
            C,
            C + "    def n(self):\n        pass\n",
            ["C.n: is new names=n classes=C bases=B"],
            id="new method",
        ),
        pytest.param(
            C,
            "class C(B):\n    x = 1\n",
            ["C.m: is deleted lines=[4] names=m classes=C bases=B"],
            id="deleted method",
        ),
        pytest.param(
            C,
            C + "    def __eq__(self, other):\n        return True\n",
            ["C.__eq__: is new names=__eq__ classes=C bases=B"],
            id="new dunder",
        ),
        pytest.param(C, C.replace("return 1", "return 2"), ["C.m: changed lines=[4]"], id="body"),
        pytest.param(
            C,
            C.replace("(self)", "(self, a)"),
            ["C.m: has another signature lines=[4] names=m"],
            id="signature of a method",
        ),
        pytest.param(
            C.replace("def m", "def __call__"),
            C.replace("def m(self)", "def __call__(self, a)"),
            ["C.__call__: has another signature lines=[4] classes=C bases=B"],
            id="signature of a dunder",
        ),
        pytest.param(
            C,
            C.replace("    def m", "    @property\n    def m"),
            ["C.m: has other decorators lines=[4] names=m classes=C bases=B"],
            id="now a property",
        ),
        pytest.param(
            "class C:\n    @property\n    def p(self): ...\n",
            "class C:\n    @property\n    def p(self): ...\n    @p.setter\n    def p(self, v): 1\n",
            ["C.p: is new names=p classes=C"],
            id="setter",
        ),
        pytest.param(
            C,
            C.replace("def m(self)", "def m(self) -> int"),
            [f"C.m: has other annotations values=C,m {HINTS}"],
            id="annotation of a method",
        ),
        pytest.param(
            C,
            C.replace("    x", "    'text'\n    x"),
            [f"C: has another docstring values=C {DOC}"],
            id="docstring of a class",
        ),
        pytest.param(
            C,
            C.replace("x = 1", "__slots__ = ()"),
            ["C.x: is deleted at_import", "C.__slots__: is new at_import"],
            id="slots",
        ),
        pytest.param(
            "class C:\n    class D(B):\n        x = 1\n",
            "class C:\n    class D(B):\n        x = 2\n",
            ["C.D.x: changed names=x classes=D bases=B"],
            id="inner class",
        ),
        pytest.param(
            "",
            "class C:\n    class D(B):\n        x = 1\n",
            ["C: is new names=C classes=C bases=B"],
            id="new class with an inner one",
        ),
        pytest.param(
            "",
            "class Field(forms.Field):\n    pass\n",
            ["Field: is new names=Field classes=Field bases=?,Field"],
            id="class of its base's name",
        ),
        pytest.param(
            "",
            "class C(B[int], a.D, make(E)): pass\n",
            ["C: is new at_import"],
            id="bases of all kinds",
        ),
        pytest.param(
            "",
            "class C(ValueError, typing.Generic[T], enum.Enum, ABC): pass\n",
            ["C: is new names=C classes=C"],
            id="plain bases",
        ),
        pytest.param(
            "",
            "class C(other.ValueError): pass\n",
            ["C: is new names=C classes=C bases=ValueError"],
            id="base of a plain one's name",
        ),
        pytest.param(
            "@dataclass(frozen=True)\nclass C:\n    x: int\n",
            "@dataclass(frozen=True)\nclass C:\n    x: int\n    y: int = field(default=1)\n",
            ["C.y: is new names=y classes=C"],
            id="field",
        ),
        pytest.param(
            "@register\nclass C:\n    x: int\n",
            "@register\nclass C:\n    x: int\n    y: int = 1\n",
            ["C.y: is new at_import"],
            id="attribute for a decorator",
        ),
        pytest.param(
            "class C(metaclass=ABCMeta):\n    x: int\n",
            "class C(metaclass=ABCMeta):\n    x: str\n",
            ["C.x: changed names=x classes=C"],
            id="abstract class",
        ),
        pytest.param(
            "class C(Enum):\n    A = auto()\n",
            "class C(Enum):\n    A = auto()\n    D = auto()\n",
            ["C.D: is new names=D classes=C"],
            id="member",
        ),
        pytest.param(
            "class C:\n    def __init_subclass__(cls):\n        go()\n    x = 1\n",
            "class C:\n    def __init_subclass__(cls):\n        go()\n    x = 2\n",
            ["<module>: line 4 changed at_import"],
            id="attribute of a class that looks at derived ones",
        ),
        pytest.param(C + F, F + C, [], id="moved class"),
    ],
)
def test_a_class_is_told_by(old: str, new: str, expected: list[str]) -> None:
    assert changes(old, new) == expected


TEST = "def test_a(db):\n    assert db\n"
SUITE = "class TestS(TestCase):\n    def test_a(self):\n        go()\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            TEST,
            TEST + "def test_b():\n    go()\n",
            ["test_b: is new names=test_b tests=test_b"],
            id="new test",
        ),
        pytest.param(
            TEST, TEST.replace("t db", "t not db"), ["test_a: changed lines=[2]"], id="body"
        ),
        pytest.param(
            "def test_a(): pass\n",
            "def test_a(): go()\n",
            ["test_a: changed lines=[1] names=test_a tests=test_a"],
            id="test without a trace",
        ),
        pytest.param(
            TEST,
            TEST.replace("(db)", "(db, more)"),
            ["test_a: has another signature lines=[2] names=test_a tests=test_a"],
            id="one fixture more",
        ),
        pytest.param(
            TEST,
            "@pytest.mark.slow\n" + TEST,
            ["test_a: has other decorators lines=[2] names=test_a tests=test_a"],
            id="mark",
        ),
        pytest.param(
            TEST,
            "@pytest.mark.parametrize('x', cases())\n" + TEST,
            ["test_a: has another signature or decorator lines=[2] at_import"],
            id="mark that runs",
        ),
        pytest.param(
            SUITE,
            SUITE + "    def test_b(self):\n        go()\n",
            ["TestS.test_b: is new names=test_b tests=test_b"],
            id="new test of a class",
        ),
        pytest.param(
            SUITE,
            SUITE + "    def check(self):\n        go()\n",
            ["TestS.check: is new names=check classes=TestS tests=TestS,check"],
            id="new helper of a class",
        ),
        pytest.param(
            SUITE,
            SUITE + "    def setUp(self):\n        go()\n",
            ["TestS.setUp: is new at_import"],
            id="set-up",
        ),
        pytest.param(
            TEST,
            TEST + "def helper():\n    go()\n",
            ["helper: is new names=helper tests=helper"],
            id="helper",
        ),
        pytest.param(
            TEST,
            TEST + "@pytest.fixture\ndef more():\n    go()\n",
            ["more: is new at_import"],
            id="fixture",
        ),
        pytest.param(
            "@pytest.fixture\ndef db():\n    go()\n",
            "@pytest.fixture\ndef db():\n    come()\n",
            ["db: changed lines=[3]"],
            id="body of a fixture",
        ),
        pytest.param(
            "@pytest.fixture\ndef db():\n    go()\n",
            "@pytest.fixture(autouse=True)\ndef db():\n    go()\n",
            ["db: has another signature or decorator lines=[3] at_import"],
            id="scope of a fixture",
        ),
        pytest.param(
            TEST, "pytestmark = []\n" + TEST, ["pytestmark: is new at_import"], id="marks of all"
        ),
        pytest.param(
            TEST, "from m import db\n" + TEST, ["db: is new at_import"], id="imported fixture"
        ),
        pytest.param(
            TEST, "from m import auto\n" + TEST, ["auto: is new at_import"], id="unused import"
        ),
        pytest.param(
            TEST,
            "from m import a\n" + TEST + "    a()\n",
            ["test_a: changed lines=[2]", "a: is new names=a imports=m,m.a tests=a"],
            id="used import",
        ),
        pytest.param(
            TEST, "db = other\n" + TEST, ["db: is new at_import"], id="fixture by another name"
        ),
        pytest.param("X = 1\n" + TEST, "X = 2\n" + TEST, ["X: changed names=X"], id="constant"),
    ],
)
def test_a_test_file_is_told_by(old: str, new: str, expected: list[str]) -> None:
    assert changes(old, new, is_test=True) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", F, ["f: is new at_import"]),
        ("", "class C: pass\n", ["C: is new at_import"]),
        (
            "def pytest_configure(config):\n    go()\n",
            "def pytest_configure(config):\n    come()\n",
            ["pytest_configure: changed lines=[2]"],
        ),
        (F, F.replace("(a)", "(b)"), ["f: has another signature or decorator lines=[2] at_import"]),
        ("", "from m import db\n", ["db: is new at_import"]),
        ("", "import json\n", ["json: is new names=json"]),
        (
            "pytest_plugins = ['a']\n",
            "pytest_plugins = []\n",
            ["<module>: line 1 changed at_import"],
        ),
        ("X = 1\n", "X = 2\n", ["X: changed names=X"]),
        ("X = a\n", "X = b\n", ["<module>: line 1 changed at_import"]),
    ],
)
def test_a_plugin_is_told_by(old: str, new: str, expected: list[str]) -> None:
    assert changes(old, new, is_plugin=True) == expected


def test_a_deleted_or_unreadable_file_is_told_by_all_its_lines() -> None:
    assert changes(F, None) == ["<module>: is deleted lines=all at_import"]
    assert changes(F, "def f(:\n") == ["<module>: changed lines=all at_import"]
    assert changes("def f(:\n", F) == ["<module>: changed lines=all at_import"]
    assert changes(F, "x = '\0'\n") == ["<module>: changed lines=all at_import"]


FUTURE = "from __future__ import annotations\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("X = 1\n", "X = 2\n"),
        ("X = 1\n", "X = -2.5\n"),
        ("X = 1\n", "X = {'a': [1, (None, b'')], 'b': {1, 2}}\n"),
        (F, F.replace("(a)", "(a, b='text', *, c=None)")),
        ("Y = 1\ndef f(a=Y): pass\n", "Y = 1\ndef f(b=Y): pass\n"),
        ("@property\ndef f(a): pass\n", "@property\ndef f(b): pass\n"),
        ("def f(a: B): pass\n", "def f(b: B): pass\n"),
        (FUTURE + "def f(a): pass\n", FUTURE + "def f(b: New): pass\n"),
        ("'x'\n", "'y'\n"),
        ("def f():\n    'x'\n", "def f():\n    'y'\n"),
    ],
)
def test_what_evaluates_only_literals_cannot_make_the_import_fail(old: str, new: str) -> None:
    assert [one.sure for one in delta(old, new).differences] == [True]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("X = 1\n", "X = Y\n"),
        ("X = 1\n", "X = {[]: 1}\n"),
        ("X = 1\n", "X = {(1, []), 2}\n"),
        ("X = 1\n", "X = {**Y}\n"),
        ("X = 1\n", "X = -'a'\n"),
        ("X = 1\n", "X = -Y\n"),
        (FUTURE + "def f(a): pass\n", "def f(b: New): pass\n"),
        ("X = 1\n", "X = [*Y]\n"),
        ("X = 1\n", "Y = 1\n"),
        (F, F.replace("(a)", "(a=B)")),
        (F, F.replace("(a)", "(a: B)")),
        (F, "@property\n" + F),
        (F, ""),
    ],
)
def test_what_evaluates_something_new_or_takes_a_name_away_may(old: str, new: str) -> None:
    assert not all(one.sure for one in delta(old, new).differences)


def test_what_parses_and_does_not_compile_is_told_by_all_its_lines() -> None:
    assert changes(F, F.replace("return a", "break")) == ["<module>: changed lines=all at_import"]
    assert changes(F, F.replace("return a", "await a")) == ["<module>: changed lines=all at_import"]


def test_two_functions_on_one_line_of_one_name_are_told_by_their_whole_body() -> None:
    old = "def f(a):\n    def g(): h = lambda: 1; return h\n    one()\n    return g\n"
    [one] = delta(old, old.replace("one", "two")).differences
    assert lines(one.lines) == [3]


def test_a_deep_expression_is_no_obstacle() -> None:
    long = "X = " + " + ".join(["a"] * 600) + "\n"
    assert changes(long, long + "Y = 1\n") == ["Y: is new names=Y"]

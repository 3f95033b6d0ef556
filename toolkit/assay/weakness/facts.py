"""What the detectors of level 0 are given: the test functions, what each of their cases did, and
which lines ran."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from assay.model.source import MODULE_UNIT, SourceFile

Line = tuple[str, int]
"""A path relative to the repository, and a line counted from 1."""

NOWHERE: Line = ("", 0)


@dataclass(frozen=True, slots=True)
class Original:
    """The project's own function, method or class (`kind`) that a stand-in replaced."""

    kind: str
    path: str
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Patch:
    """One stand-in that a test put in the place of something.

    `how` is "patch" or "monkeypatch"; `holder` what it was put on (kind and dotted name) and
    `attribute` under which name; `original` None if that is none of the project's code. `created`:
    there was nothing to replace. `made` is the project's line that did it. `is_mock`, `is_spy` (it
    passes calls on). `used`: it was called or looked into; None if that cannot be told.
    `called_from` are the lines that called it ("" for code outside the project). `inspected`: a
    mock assertion was made of it. `bound` are names of other modules for the original. `misfits`
    are calls the original would have refused, `bad_return` what is wrong with what it returned, and
    `methods` the names called on a stand-in for a class. `gave` are the built-in types it returned,
    each with those it comes from, where the original returns in the same way; `refused` says of
    calls of a function that stands in why the original would not take them.
    """

    how: str
    holder_kind: str
    holder: str
    attribute: str
    original: Original | None
    created: bool
    made: Line
    is_mock: bool
    is_spy: bool
    used: bool | None
    called_from: tuple[Line, ...]
    inspected: bool
    bound: tuple[str, ...]
    misfits: tuple[str, ...]
    bad_return: str
    methods: tuple[str, ...]
    gave: tuple[tuple[str, tuple[str, ...]], ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        return f"{self.holder}.{self.attribute}"


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception that a `raises` or `warns` context was given, and the line of the context."""

    at: Line
    name: str
    module: str


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen of one test that passed: `code` where its function is (path, first line), its
    `name`, `same` equal for tests that run the same code with the same set-up, `assertions` how
    many methods, contexts and mock assertions ran. `problem`: why not all could be seen."""

    node_id: str
    path: str
    code: Line
    name: str
    same: str
    markers: frozenset[str]
    fixtures: frozenset[str]
    patches: tuple[Patch, ...]
    raised: tuple[Raised, ...]
    assertions: int
    problem: str = ""


Masks = Mapping[str, int]
"""Lines by path: bit N is line N."""

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class TextFile:
    """A Python file as it is: text, tree, and units."""

    path: str
    text: str
    tree: ast.Module = field(hash=False)
    source: SourceFile

    def digest(self, unit: str) -> str:
        return (self.source.unit(unit) or self.source.module).digest


@dataclass(frozen=True, slots=True)
class TestFunction:
    """A test function with all cases that pytest made of it; every one of them passed.

    `unit` is its qualified name, `node` its syntax in `file`; `opaque` are reasons why what its
    cases ran is not known in full.
    """

    __test__ = False

    file: TextFile
    unit: str
    node: FunctionNode = field(hash=False)
    cases: tuple[Watched, ...]
    opaque: frozenset[str]

    @property
    def path(self) -> str:
        return self.file.path

    @property
    def tests(self) -> tuple[str, ...]:
        """Node ids, without parameters."""
        return tuple(dict.fromkeys(case.node_id.partition("[")[0] for case in self.cases))


@dataclass(frozen=True, slots=True)
class Gone:
    """A definition or module that an earlier commit had and the tree has not: its name, what it
    was ("function", "class" or "module"), its file, and the commit that took it away ("" if that
    is not committed yet)."""

    name: str
    kind: str
    path: str
    commit: str


@dataclass(frozen=True, slots=True)
class SuiteFacts:
    """All that was seen of a suite.

    `tests` are those that detectors may speak of. `files` are the files of tests, `sources` the
    project's other Python files. `ran` are the lines that any node of the map ran, `ran_by` those
    that a test ran itself, by node id. `unseen` are tests that may have run what is not known:
    skipped, failed, not recorded in full. `left_out` counts the tests that nothing is said of, by
    the reason. `stale` are files some of whose lines were recorded at another content.
    """

    tests: tuple[TestFunction, ...]
    files: Mapping[str, TextFile] = field(hash=False)
    sources: Mapping[str, TextFile] = field(hash=False)
    ran: Masks = field(hash=False)
    ran_by: Mapping[str, Masks] = field(hash=False)
    unseen: frozenset[str] = frozenset()
    unseen_files: frozenset[str] = frozenset()
    stale: frozenset[str] = frozenset()
    gone: tuple[Gone, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict, hash=False)

    def ran_line(self, path: str, first: int, last: int | None = None) -> bool:
        """Whether any of the lines ran in any test, fixture or import."""
        return bool(self.ran.get(path, 0) & lines_mask(first, last or first))

    def ran_in(self, node_id: str, path: str, first: int, last: int) -> bool:
        mask = self.ran_by.get(node_id, {}).get(path, 0)
        return bool(mask & lines_mask(first, last))

    def text_of(self, path: str) -> TextFile | None:
        return self.files.get(path) or self.sources.get(path)


def lines_mask(first: int, last: int) -> int:
    return ((1 << (last - first + 1)) - 1) << first


def qualified(name: str) -> str:
    """A `__qualname__` as the unit it belongs to: of nested functions the outermost."""
    return name.partition(".<locals>")[0] or MODULE_UNIT

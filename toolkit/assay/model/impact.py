"""What an impact map is: nodes for tests, fixtures, modules and the session, and what each used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assay.model.run import TestOutcome

SESSION_KEY = "session:"
TEST_PREFIX = "test:"
FIXTURE_PREFIX = "fixture:"
MODULE_PREFIX = "module:"

ABSENT = ""
"""The digest of a file or directory that does not exist."""


def test_key(node_id: str) -> str:
    return TEST_PREFIX + node_id


def module_key(path: str) -> str:
    return MODULE_PREFIX + path


Source = tuple[str, str]
"""A file at one content: its path, and the SHA-256 of its bytes."""

MEMO_PREFIX = "memo:"
COLLECT_PREFIX = "collect:"

UNSEEN_NAMES = "unseen names"
"""The flag of a test whose own text has no recorded lines (a doctest): what it names is unknown."""

POSITIONS = "positions"
"""The flag of a node that looks at line numbers or source texts of the code it runs."""


@dataclass(frozen=True, slots=True)
class LineSet:
    """Lines of a file that ran, valid for one content; bit N of `mask` is line N."""

    sha: str
    mask: int


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of one file that some nodes ran: what many of them share is stored once."""

    id: int
    source: Source
    mask: int


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing other than lines that some nodes depend on; kinds are those of `Node`."""

    id: int
    kind: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Node:
    """What one test, fixture, module import, memo or session depended on when it last ran.

    Paths are relative to the repository. `files` and `dirs` map what was read or listed to a
    digest (`ABSENT` when it was asked for and not there), `exists` what was only asked for to what
    there was, `env` environment variables to a digest of their value. `names` are import names
    asked for, `uses` keys of other nodes (each file of `lines` implies its module), `opaque`
    reasons why its dependencies cannot all be known, `flags` what else it looks at.
    """

    key: str
    lines: Mapping[str, LineSet] = field(default_factory=dict, hash=False)
    files: Mapping[str, str] = field(default_factory=dict, hash=False)
    dirs: Mapping[str, str] = field(default_factory=dict, hash=False)
    exists: Mapping[str, str] = field(default_factory=dict, hash=False)
    env: Mapping[str, str] = field(default_factory=dict, hash=False)
    names: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    opaque: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TestRecord:
    """How a test ended when its node was last recorded, and where it stands: its file relative to
    the repository, and its place in the order of collection."""

    __test__ = False

    outcome: TestOutcome
    seconds: float
    path: str = ""
    place: int = 0


@dataclass(frozen=True, slots=True)
class ImpactMap:
    """What is recorded, or a part of it.

    `fingerprint` stands for the environment it was recorded in, as sorted `name=value` lines;
    `files` are the Python files there were.
    """

    nodes: Mapping[str, Node]
    tests: Mapping[str, TestRecord]
    fingerprint: tuple[str, ...]
    files: frozenset[str] = frozenset()


EMPTY_MAP = ImpactMap({}, {}, ())

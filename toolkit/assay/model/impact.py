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


@dataclass(frozen=True, slots=True, order=True)
class UnitRef:
    """A unit at one content: what a node ran."""

    path: str
    unit: str
    digest: str


@dataclass(frozen=True, slots=True)
class LineSet:
    """Lines of a file that ran, valid for one content; bit N of `mask` is line N."""

    sha: str
    mask: int


@dataclass(frozen=True, slots=True)
class Node:
    """What one test, fixture, module import or session depended on when it last ran.

    Paths are relative to the repository. `files` and `dirs` map what was read or listed to a
    digest (`ABSENT` when it was asked for and not there), `names` are import names asked for,
    `uses` keys of other nodes, `opaque` reasons why its dependencies cannot all be known.
    """

    key: str
    units: frozenset[UnitRef] = frozenset()
    lines: Mapping[str, LineSet] = field(default_factory=dict, hash=False)
    files: Mapping[str, str] = field(default_factory=dict, hash=False)
    dirs: Mapping[str, str] = field(default_factory=dict, hash=False)
    names: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    opaque: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TestRecord:
    """How a test ended when its node was last recorded."""

    __test__ = False

    outcome: TestOutcome
    seconds: float


@dataclass(frozen=True, slots=True)
class ImpactMap:
    """All that is recorded; `fingerprint` stands for the environment it was recorded in, as
    sorted `name=value` lines; `files` are the Python files there were."""

    nodes: Mapping[str, Node]
    tests: Mapping[str, TestRecord]
    fingerprint: tuple[str, ...]
    files: frozenset[str] = frozenset()


EMPTY_MAP = ImpactMap({}, {}, ())

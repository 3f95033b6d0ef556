"""Which tests a change can affect, and why each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ReasonKind(IntEnum):
    """Why a test is selected; the order is that of running: the likeliest to fail come first."""

    FAILED_LAST_TIME = 0
    TEST_CHANGED = 1
    NEW_TEST = 2
    CODE_CHANGED = 3
    NAME_CHANGED = 4
    FILE_CHANGED = 5
    MODULE_CHANGED = 6
    FIXTURE_CHANGED = 7
    NAME_APPEARED = 8
    ENVIRONMENT_READ = 9
    MEMO = 10
    OPAQUE = 11
    ENVIRONMENT = 12
    NO_MAP = 13


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason in words, and the chain of nodes that leads from what changed to the test."""

    kind: ReasonKind
    text: str
    chain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectedTest:
    """A test to run; `reasons` are most direct first, `seconds` its last recorded duration.

    `breadth` is how many lines it ran (few: it is about what changed), `kills` how many mutants it
    was the first to notice in the last runs.
    """

    node_id: str
    reasons: tuple[Reason, ...]
    seconds: float
    breadth: int = 0
    kills: int = 0


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected tests in order of running, and the others with nothing changed beneath them."""

    selected: tuple[SelectedTest, ...]
    dropped: tuple[str, ...]

    @property
    def node_ids(self) -> tuple[str, ...]:
        return tuple(test.node_id for test in self.selected)

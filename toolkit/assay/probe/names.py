"""The ids of tests as they are told: a copy of the project tells those of the project itself."""

from __future__ import annotations

from typing import Any

_renamed: list[tuple[str, str]] = []


def stand_for(path: str, own: str) -> None:
    """From now on, ids that hold the path of this copy are told with that of the project: else no
    test of one copy would be that of another."""
    _renamed[:] = [(path, own)]


def id_of(item: Any) -> str:
    """What a test is asked for by, and told of as."""
    name: str = item.nodeid
    for path, own in _renamed:
        name = name.replace(path, own)
    return name

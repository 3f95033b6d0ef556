"""Questions to the impact map as a graph (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assay.model.impact import ImpactMap


def users_of(impact: ImpactMap) -> dict[str, list[str]]:
    """The nodes that use each node directly, by key."""
    users: dict[str, list[str]] = {}
    for node in impact.nodes.values():
        for used in node.uses:
            users.setdefault(used, []).append(node.key)
    return users


def with_users(keys: Iterable[str], users: Mapping[str, Iterable[str]]) -> set[str]:
    """The nodes, and all that use one of them, directly or through others."""
    found = set(keys)
    queue = list(found)
    while queue:
        fresh = set(users.get(queue.pop(), ())) - found
        found |= fresh
        queue += fresh
    return found

"""Questions to the impact map as a graph (pure)."""

from __future__ import annotations

from assay.model.impact import ImpactMap


def users_of(impact: ImpactMap) -> dict[str, list[str]]:
    """The nodes that use each node directly, by key."""
    users: dict[str, list[str]] = {}
    for node in impact.nodes.values():
        for used in node.uses:
            users.setdefault(used, []).append(node.key)
    return users

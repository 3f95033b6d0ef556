"""Which causes have a mechanical fix, and what it edits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from assay.diagnosis import rewrites
from assay.diagnosis.causes import signature_changed
from assay.diagnosis.sides import Sides
from assay.model.diagnosis import Match, Proposal

Propose = Callable[[Sequence[Match], Sides], Proposal | None]
"""From all matches of a group, which have one cause and one key, to the edits that mend them."""


def proposal_of(matches: Sequence[Match], sides: Sides) -> Proposal | None:
    """A fix for a group's matches; None if the cause has none, or it edits nothing here."""
    propose = _PROPOSE.get(matches[0].cause) if matches else None
    found = propose(matches, sides) if propose is not None else None
    return found if found is not None and found.edits else None


def _lines(matches: Sequence[Match]) -> dict[str, set[int]]:
    """The lines to edit, by file."""
    found: dict[str, set[int]] = {}
    for match in matches:
        for site in match.sites:
            found.setdefault(site.path, set()).add(site.line)
    return found


def _edit(
    matches: Sequence[Match], sides: Sides, change: Callable[[str, set[int]], str | None]
) -> dict[str, str]:
    """The files of the matches' sites as `change` makes them from their text and the lines."""
    edits = {}
    for path, lines in _lines(matches).items():
        text = sides.head.texts.get(path)
        changed = None if text is None else change(text, lines)
        if changed is not None:
            edits[path] = changed
    return edits


def _signature(matches: Sequence[Match], sides: Sides) -> Proposal | None:
    """A parameter that was renamed, one that was taken away, or an order that changed."""
    facts = matches[0].facts
    before: list[str] = facts["before"]
    after: list[str] = facts["after"]
    name = str(facts["name"]).rpartition(".")[2]
    if name == "__init__":
        name = str(facts["name"]).split(".")[-2]
    gone = [one for one in before if one not in after]
    new = [one for one in after if one not in before]
    if len(gone) == len(new) == 1:
        old_name, new_name = gone[0], new[0]

        def renamed(text: str, lines: set[int]) -> str | None:
            named = [new_name if one == old_name else "" for one in _without_self(before)]
            return rewrites.rename_argument(text, name, old_name, new_name, lines) or (
                rewrites.name_arguments(text, name, named, lines)
            )

        words = f"pass `{new_name}` where `{old_name}` was"
        return Proposal(words, _edit(matches, sides, renamed))
    if gone and not new:

        def dropped(text: str, lines: set[int]) -> str | None:
            return rewrites.drop_argument(text, name, gone[0], lines)

        return Proposal(f"no longer pass `{gone[0]}`", _edit(matches, sides, dropped))
    if not gone and not new:

        def named(text: str, lines: set[int]) -> str | None:
            return rewrites.name_arguments(text, name, _without_self(before), lines)

        return Proposal("pass the arguments by name", _edit(matches, sides, named))
    return None


def _without_self(names: Sequence[str]) -> list[str]:
    return [name for name in names if name not in ("self", "cls")]


_PROPOSE: Mapping[str, Propose] = {
    signature_changed.CAUSE.name: _signature,
}

"""Which causes have a mechanical fix, and what it edits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from assay.diagnosis import rewrites
from assay.diagnosis.causes import (
    missing_fixture,
    missing_import,
    missing_name,
    mock_attribute,
    mock_signature,
    patched_where_defined,
    signature_changed,
    stale_patch_target,
)
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
    return _edited(sides, _lines(matches), change)


def _places(matches: Sequence[Match], key: str) -> dict[str, set[int]]:
    """The lines that a fact of the matches names, as "path:line", by file."""
    found: dict[str, set[int]] = {}
    for match in matches:
        for place in match.facts.get(key, ()):
            path, _, line = str(place).rpartition(":")
            found.setdefault(path, set()).add(int(line))
    return found


# -- calls


def _signature(matches: Sequence[Match], sides: Sides) -> Proposal | None:
    """A parameter that was renamed, one that was taken away, or an order that changed."""
    facts = matches[0].facts
    before, after = _plain(facts.get("before", ())), _plain(facts.get("after", ()))
    name = str(facts.get("name", "")).removesuffix(".__init__").rpartition(".")[2]
    renamed: Mapping[str, str] = facts.get("renamed", {})
    gone = [one for one in before if one not in after]
    if not before:
        return None
    if len(gone) == 1 and gone[0] in renamed:
        old, new = gone[0], renamed[gone[0]]

        def rename(text: str, lines: set[int]) -> str | None:
            at = before.index(old)
            named = [*[""] * at, new, *before[at + 1 :]]
            return rewrites.rename_argument(text, name, old, new, lines) or (
                rewrites.name_arguments(text, name, named, lines)
            )

        return Proposal(f"pass `{new}` where `{old}` was", _edit(matches, sides, rename))
    if len(gone) == 1 and set(after) < set(before):

        def drop(text: str, lines: set[int]) -> str | None:
            return rewrites.drop_argument(text, name, gone[0], lines)

        return Proposal(f"no longer pass `{gone[0]}`", _edit(matches, sides, drop))
    if not gone:

        def by_name(text: str, lines: set[int]) -> str | None:
            return rewrites.name_arguments(text, name, before, lines)

        return Proposal("pass the arguments by name", _edit(matches, sides, by_name))
    return None


def _plain(names: Sequence[str]) -> list[str]:
    return [name for name in names if name not in ("self", "cls")]


# -- names


def _import(matches: Sequence[Match], sides: Sides) -> Proposal | None:
    """What was moved or renamed is imported from where it is."""
    old = _named(matches[0], "module", "name")
    new = _named(matches[0], "new_module", "new_name")
    if not new[0] or bool(old[1]) != bool(new[1]) or "." in old[1] + new[1]:
        return None
    return _moved(sides, _places(matches, "importers") or _lines(matches), old, new)


def _moved(
    sides: Sides, paths: Iterable[str], old: tuple[str, str], new: tuple[str, str]
) -> Proposal:
    """Imports in some files made those of another place."""
    edits = {}
    for path in paths:
        text, package = sides.head.texts.get(path), sides.head.package_of(path)
        changed = None if text is None else rewrites.move_import(text, old, new, package)
        if changed is not None:
            edits[path] = changed
    return Proposal(f"import {_dotted(new)} in place of {_dotted(old)}", edits)


def _named(match: Match, module: str, name: str) -> tuple[str, str]:
    return str(match.facts.get(module, "")), str(match.facts.get(name, ""))


def _dotted(name: tuple[str, str]) -> str:
    return f"`{'.'.join(part for part in name if part)}`"


def _attribute(matches: Sequence[Match], sides: Sides) -> Proposal | None:
    """An attribute by its new name, where it is still in the same place."""
    old, new = _named(matches[0], "module", "name"), _named(matches[0], "new_module", "new_name")
    if new[0].startswith(f"{old[0]}.") and old[1] == new[1]:
        # The module has become a package, and this is where its code is now.
        return _module_moved(matches, sides, old[0], new[0])
    before, after = old[1].rpartition("."), new[1].rpartition(".")
    if not new[1] or old[0] != new[0] or before[0] != after[0] or before[2] == after[2]:
        return None

    def rename(text: str, lines: set[int]) -> str | None:
        return rewrites.rename_attribute(text, before[2], after[2], lines)

    where = _places(matches, "uses") or _lines(matches)
    edits = _edited(sides, where, rename)
    return Proposal(f"use `{after[2]}` in place of `{before[2]}`", edits)


def _module_moved(matches: Sequence[Match], sides: Sides, old: str, new: str) -> Proposal | None:
    path = sides.base.module(old)
    if path is None or sides.moved_module(path) != sides.head.module(new):
        return None
    return _moved(sides, _places(matches, "uses") or _lines(matches), (old, ""), (new, ""))


def _edited(
    sides: Sides, where: Mapping[str, set[int]], change: Callable[[str, set[int]], str | None]
) -> dict[str, str]:
    edits = {}
    for path, lines in where.items():
        text = sides.head.texts.get(path)
        changed = None if text is None else change(text, lines)
        if changed is not None:
            edits[path] = changed
    return edits


def _target(matches: Sequence[Match], sides: Sides) -> Proposal | None:
    """A stand-in put where the thing is looked up now."""
    facts = matches[0].facts
    old, new = str(facts.get("target", "")), str(facts.get("new_target", ""))
    if not new:
        return None
    same_owner = old.rpartition(".")[0] == new.rpartition(".")[0]

    def retarget(text: str, lines: set[int]) -> str | None:
        changed = rewrites.replace_string(text, old, new, lines)
        if changed is None and same_owner:
            # `patch.object(module, "name")` and `monkeypatch.setattr(module, "name", …)`.
            names = old.rpartition(".")[2], new.rpartition(".")[2]
            changed = rewrites.replace_string(text, *names, lines)
        return changed

    where = _places(matches, "patches") or _lines(matches)
    return Proposal(f"patch `{new}`", _edited(sides, where, retarget))


def _fixture(matches: Sequence[Match], sides: Sides) -> Proposal | None:
    """A fixture by its new name."""
    old, new = _named(matches[0], "fixture", "new_name")
    if not new:
        return None

    def rename(text: str, lines: set[int]) -> str | None:
        return rewrites.rename_parameter(text, old, new, lines)

    where = _places(matches, "askers") or _lines(matches)
    return Proposal(f"ask for `{new}` in place of `{old}`", _edited(sides, where, rename))


_PROPOSE: Mapping[str, Propose] = {
    signature_changed.CAUSE.name: _signature,
    mock_signature.CAUSE.name: _signature,
    missing_import.CAUSE.name: _import,
    missing_name.CAUSE.name: _attribute,
    mock_attribute.CAUSE.name: _attribute,
    stale_patch_target.CAUSE.name: _target,
    patched_where_defined.CAUSE.name: _target,
    missing_fixture.CAUSE.name: _fixture,
}

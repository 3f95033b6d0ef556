"""The answers of `assay why` as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.model.source import unit_name
from assay.report.text import SHOWN, plural
from assay.selection.explain import LineUsers, TestNeeds
from assay.selection.select import node_words


def test_text(needs: TestNeeds, everything: bool) -> str:
    """What a test depends on."""
    lines = [f"{needs.node_id} ({needs.outcome} when last recorded) depends on:", ""]
    lines.append(f"code it ran ({len(needs.direct)}):")
    lines += _some((f"{path}::{unit_name(unit)}" for path, unit in needs.direct), everything)
    for key, units in needs.through.items():
        lines.append(f"{node_words(key)} ({len(units)}):")
        shown = (f"{u.partition('::')[0]}::{unit_name(u.partition('::')[2])}" for u in units)
        lines += _some(shown, everything)
    if needs.files:
        lines.append("files and directories it read:")
        lines += _some(needs.files, everything)
    lines += [f"anything: it {why}" for why in needs.opaque]
    return "\n".join(lines) + "\n"


test_text.__test__ = False  # type: ignore[attr-defined]


def line_text(users: LineUsers, everything: bool) -> str:
    """Which tests depend on a line."""
    lines = [f"{users.path}:{users.line} is in {unit_name(users.unit)}"]
    if users.stale:
        lines.append("The file changed since the map was recorded: run `assay map`.")
    groups = [
        ("ran the line", users.ran_line),
        ("ran other lines of it", users.ran_unit),
    ]
    for what, tests in groups:
        if tests:
            lines.append(f"{plural(len(tests), 'test')} that {what}:")
            lines += _some(tests, everything)
    if users.through:
        verb = "depends" if len(users.through) == 1 else "depend"
        count = plural(len(users.through), "test")
        lines.append(f"{count} that {verb} on it through something else:")
        lines += _some(_chains(users), everything)
    if not (users.ran_line or users.ran_unit or users.through):
        lines.append("No test depends on it.")
    return "\n".join(lines) + "\n"


def _chains(users: LineUsers) -> Iterator[str]:
    for test, chain in users.through.items():
        yield f"{test} ← " + " ← ".join(node_words(key) for key in chain)


def _some(rows: Iterable[str], everything: bool) -> list[str]:
    found = list(rows)
    limit = len(found) if everything else SHOWN
    shown = [f"  {row}" for row in found[:limit]]
    if len(found) > limit:
        shown.append(f"  … and {len(found) - limit} more: --all shows them.")
    return shown

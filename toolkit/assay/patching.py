"""Tries mechanical fixes in a copy of head: all tests of the group must pass, and no other fail."""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from assay.comparing import Comparison
from assay.diagnosis.effort import places_in
from assay.diagnosis.groups import in_order
from assay.diagnosis.patches import proposal_of
from assay.diagnosis.sides import Sides
from assay.model.diagnosis import Diagnosis, Group, Patch, Proposal
from assay.model.evidence import is_kept_by
from assay.model.run import GOOD
from assay.sessions import runner_of, session_of, tree_settings

TRIED = 10
"""So many groups get a patch tried, in their order."""

SECONDS = 120.0
"""No further patch is tried after so long."""


def with_patches(found: Comparison, sides: Sides, diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis with a patch for each group that has a mechanical fix."""
    by_test = {one.test: one for one in diagnosis.failing}
    until = time.monotonic() + SECONDS
    groups: list[Group] = []
    tried = 0
    for group in diagnosis.groups:
        matches = [m for test in group.tests for m in by_test[test].matches[:1]]
        proposal = proposal_of(matches, sides)
        if proposal is None or not all(_is_plain(found, path) for path in proposal.edits):
            groups.append(group)
            continue
        if tried >= TRIED or time.monotonic() > until:
            groups.append(group)
            continue
        tried += 1
        patch = _tried(found, group, proposal, tried)
        effort = places_in(patch.text) if patch.verified else group.effort
        groups.append(replace(group, patch=patch, effort=effort))
    return replace(diagnosis, groups=in_order(groups))


def _tried(found: Comparison, group: Group, proposal: Proposal, number: int) -> Patch:
    text = patch_text(found, proposal.edits)
    objection = _run(found, group, proposal, number)
    passes = f"all {len(group.tests)} of its tests pass"
    if any("::" not in test for test in group.tests):
        passes = "its tests are collected and pass"
    elif len(group.tests) == 1:
        passes = "its test passes"
    outcome = objection or f"{passes} with it, and no other fails"
    return Patch(proposal.words, text, verified=not objection, outcome=outcome)


def _run(found: Comparison, group: Group, proposal: Proposal, number: int) -> str:
    """What speaks against the patch; "" if nothing does."""
    root = found.trees.mixed(f"patched-{number}", found.head.root, found.head.root, _never)
    for path, text in proposal.edits.items():
        old = (root / path).read_bytes().decode("utf-8")
        (root / path).write_bytes(_with_line_ends_of(old, text).encode("utf-8"))
    at = tree_settings(found.project, found.settings, found.places, root)
    with session_of(found.project, at, "head, patched", found.progress) as session:
        if session.suite is None:
            return "with it, pytest collects nothing"
        good = [t for t, r in found.head_run.results.items() if r.outcome in GOOD]
        of_group = _of_group(group, session.paths)
        wanted = [t for t in session.node_ids if t in {*good, *of_group}]
        found.progress.start("running tests with a patch", len(wanted))
        run = runner_of(session, found.seconds, found.progress).run(wanted)
        found.progress.finish()
    failing = [test for test in of_group if run.outcome(test) not in GOOD]
    if failing or not of_group:
        example = f", such as {failing[0]}" if failing else ""
        return f"with it, {_tests(len(failing))} of the group still fail{example}"
    broken = [test for test in good if run.outcome(test) not in GOOD]
    return f"with it, {broken[0]} fails" if broken else ""


def _of_group(group: Group, paths: Mapping[str, str]) -> list[str]:
    """The group's tests in the patched tree: of a file that could not be collected, all."""
    whole = [test for test in group.tests if "::" not in test]
    return [
        test
        for test, path in paths.items()
        if test in group.tests or any(is_kept_by(path, broken) for broken in whole)
    ]


def _never(_: str) -> bool:
    return False


def _tests(count: int) -> str:
    return f"{count} test{'' if count == 1 else 's'}"


def patch_text(found: Comparison, edits: Mapping[str, str]) -> str:
    """Unified diffs against the working tree, for `git apply`."""
    parts: list[str] = []
    for path, new in sorted(edits.items()):
        old = (found.head.root / path).read_bytes().decode("utf-8")
        parts += _diff(path, _lines(old), _lines(_with_line_ends_of(old, new)))
    return "".join(parts)


def _with_line_ends_of(old: str, new: str) -> str:
    """The edits were made on text with plain line ends."""
    return new.replace("\n", "\r\n") if "\r\n" in old else new


def _lines(text: str) -> list[str]:
    # Not `splitlines`: a form feed ends no line for git.
    return [f"{line}\n" for line in text.split("\n")[:-1]] + [
        line for line in text.split("\n")[-1:] if line
    ]


def _is_plain(found: Comparison, path: str) -> bool:
    try:
        (found.head.root / path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return True


def _diff(path: str, old: Sequence[str], new: Sequence[str]) -> list[str]:
    lines = []
    for line in difflib.unified_diff(old, new, f"a/{path}", f"b/{path}"):
        lines.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return lines

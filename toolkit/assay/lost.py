"""What a change to tests takes away: mutants that changed or deleted tests used to kill."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from assay.change.semantics import read_source
from assay.impact.verdicts import open_verdicts
from assay.model.finding import Anchor, Confidence, Evidence, Finding, Severity, finding_id
from assay.model.mutant import Status, Verdict
from assay.model.reuse import PastKill
from assay.model.selection import Selection
from assay.mutation.apply import unified_diff
from assay.mutation.settings import Settings
from assay.mutation.targets import Target, target_of
from assay.project import Project
from assay.report.text import plural

KIND = "guard-lost"

SHOWN = 2
"""Diffs of one finding: more of the same function say little more."""

Run = Callable[[Sequence[Target]], Sequence[Verdict]]
"""Runs the mutants of some targets against the tests there are now."""


@dataclass(frozen=True, slots=True)
class Lost:
    """What nobody kills any more, and what has to be said; `again` mutants were run for it."""

    findings: tuple[Finding, ...] = ()
    notices: tuple[str, ...] = ()
    again: int = 0


NOTHING = Lost()


def lost_guards(
    project: Project,
    changed_tests: Collection[str],
    selection: Selection,
    collected: Mapping[str, str],
    settings: Settings,
    run: Run,
) -> Lost:
    """Ask again about what the tests in changed test files, and those that depend on them, used to
    kill. `collected` are the files of the tests that there are now."""
    if not changed_tests:
        return NOTHING
    concerned = concerned_tests(changed_tests, selection, collected)
    project.prepare_state()
    with open_verdicts(project.verdicts_file) as (verdicts, _):
        past = [
            one
            for one in verdicts.past_kills()
            if one.test in concerned or (one.file in changed_tests and one.test not in collected)
        ]
    if not past:
        return Lost(notices=(no_history(changed_tests),))
    by_id = {one.mutant: one for one in past}
    targets = targets_again(project, past, settings)
    seen = run(targets) if targets else ()
    texts = {target.source.path: target for target in targets}
    lost = [one for one in seen if one.status in (Status.SURVIVED, Status.NO_COVERAGE)]
    with open_verdicts(project.verdicts_file) as (verdicts, _):
        # What is lost stays lost until a test kills it again, however often it is asked.
        for one in lost:
            verdicts.note_kill(by_id[one.mutant.id])
    findings = findings_of(lost, by_id, texts, collected)
    unknown = sum(one.status in (Status.RUNTIME_ERROR, Status.PENDING) for one in seen)
    notices = [f"guard lost: {unknown} of these mutants got no verdict"] if unknown else []
    return Lost(tuple(findings), tuple(notices), len(seen))


def no_history(changed_tests: Iterable[str]) -> str:
    return (
        f"no stored verdict names a test in or beneath {', '.join(sorted(changed_tests))} as the "
        "killer of a mutant: whether a guard was lost is not known (`assay mutate PATH` on the "
        "base keeps verdicts)"
    )


def concerned_tests(
    changed_tests: Collection[str], selection: Selection, collected: Mapping[str, str]
) -> frozenset[str]:
    """Selected tests that lie in a changed test file, or are selected because of one."""
    return frozenset(
        test.node_id
        for test in selection.selected
        if collected.get(test.node_id) in changed_tests
        or any(
            path in text
            for reason in test.reasons
            for text in (reason.text, *reason.chain)
            for path in changed_tests
        )
    )


def targets_again(project: Project, past: Iterable[PastKill], settings: Settings) -> list[Target]:
    """The mutants of past kills that the code still has."""
    wanted: dict[str, set[str]] = {}
    for one in past:
        wanted.setdefault(one.path, set()).add(one.mutant)
    found = []
    for path, ids in sorted(wanted.items()):
        try:
            content = (project.repo / path).read_bytes()
        except OSError:
            continue
        target = target_of(read_source(path, content), content, None, [], settings)
        kept = tuple(m for m in target.mutants if m.id in ids) if target is not None else ()
        if target is not None and kept:
            found.append(replace(target, mutants=kept, left=()))
    return found


def findings_of(
    lost: Sequence[Verdict],
    past: Mapping[str, PastKill],
    targets: Mapping[str, Target],
    collected: Mapping[str, str],
) -> list[Finding]:
    """One finding for all mutants of a function that one test used to kill."""
    found: dict[tuple[str, str, str], list[Verdict]] = {}
    for verdict in lost:
        mutant = verdict.mutant
        found.setdefault((mutant.path, mutant.scope, past[mutant.id].test), []).append(verdict)
    return [
        finding_of(verdicts, test, targets[path], gone=test not in collected)
        for (path, _, test), verdicts in found.items()
    ]


def finding_of(verdicts: Sequence[Verdict], test: str, target: Target, gone: bool) -> Finding:
    """Mutants that `test` used to kill, and nobody does now."""
    mutant = verdicts[0].mutant
    unit = target.source.unit(mutant.unit) or target.source.module
    covering = {name for one in verdicts for name in one.covering}
    diffs = [
        Evidence(
            f"mutant {one.mutant.id}", unified_diff(mutant.path, target.text, one.mutant), "diff"
        )
        for one in verdicts[:SHOWN]
    ]
    fix = "assert again what the test used to assert"
    if gone:
        fix = "bring the test back, or assert in another one what it asserted"
    return Finding(
        id=finding_id(KIND, mutant.path, mutant.scope, test),
        kind=KIND,
        level=1,
        anchor=Anchor(mutant.path, mutant.unit, mutant.span.start_line, unit.digest),
        tests=(test,),
        sentence=(
            f"Guard lost in `{mutant.scope}`: `{test}` used to notice "
            f"{plural(len(verdicts), 'mutant')} that nobody notices now; the test "
            f"{'is gone' if gone else 'was changed'}."
        ),
        evidence=(*diffs, Evidence("now run by", plural(len(covering), "test"))),
        fix=fix,
        confidence=Confidence.CERTAIN,
        severity=Severity.HIGH,
    )

"""What a change to tests takes away: mutants that changed or deleted tests used to kill."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assay.change.semantics import read_source
from assay.impact.verdicts import open_verdicts
from assay.model.finding import Anchor, Confidence, Evidence, Finding, Severity, finding_id
from assay.model.mutant import NOT_REACHED, Mutant, Status, Verdict
from assay.model.reuse import PastKill
from assay.model.selection import Selection
from assay.model.source import MODULE_UNIT
from assay.mutating import Mutated
from assay.mutation.apply import unified_diff
from assay.mutation.settings import Settings
from assay.mutation.targets import Target, target_of
from assay.project import Project
from assay.report.text import plural

KIND = "guard-lost"

SHOWN = 2
"""Diffs of one finding: more of the same function say little more."""

Run = Callable[[Sequence[Target]], Mutated]
"""Runs the mutants of some targets against the tests there are now."""


@dataclass(frozen=True, slots=True)
class Lost:
    """What nobody kills any more, and what has to be said.

    `again` are the verdicts of the mutants that were run to know, by the id that the finding has if
    they are lost; `problems` why nothing is known of them, `interrupted` that the run was cut
    short."""

    findings: tuple[Finding, ...] = ()
    notices: tuple[str, ...] = ()
    again: Mapping[str, tuple[Verdict, ...]] = field(default_factory=dict, hash=False)
    problems: tuple[str, ...] = ()
    interrupted: bool = False


NOTHING = Lost()


def past_guards(
    project: Project,
    changed_tests: Collection[str],
    selection: Selection,
    collected: Mapping[str, str],
) -> tuple[PastKill, ...]:
    """What the tests in changed test files, and those that depend on them, used to kill.

    `collected` are the files of the tests that there are now."""
    if not changed_tests:
        return ()
    concerned = concerned_tests(changed_tests, selection, collected)
    project.prepare_state()
    with open_verdicts(project.verdicts_file) as (verdicts, _):
        return tuple(
            one
            for one in verdicts.past_kills()
            if one.test in concerned or (one.file in changed_tests and one.test not in collected)
        )


def lost_guards(
    project: Project,
    changed_tests: Collection[str],
    past: Sequence[PastKill],
    collected: Mapping[str, str],
    settings: Settings,
    run: Run,
) -> Lost:
    """Ask again about what was killed in the past: which of it nobody kills any more."""
    if not changed_tests:
        return NOTHING
    if not past:
        return Lost(notices=(no_history(changed_tests),))
    by_id = {one.mutant: one for one in past}
    targets = targets_again(project, past, settings)
    if not targets:
        return NOTHING
    ran = run(targets)
    keep_owed(project, past, ran)
    if ran.run.interrupted:
        return Lost(interrupted=True)
    problems = (*ran.problems, *ran.run.problems)
    if problems:
        # Where it is in doubt whether a failure is seen, a survivor proves nothing.
        return Lost(notices=ran.notices, problems=problems)
    lost = [one for one in ran.verdicts if one.status in (Status.SURVIVED, Status.NO_COVERAGE)]
    texts = {target.source.path: target for target in targets}
    findings = findings_of(lost, by_id, texts, collected)
    missed = sum(one.reason == NOT_REACHED for one in ran.verdicts)
    words = f"whether a guard was lost is not known of {plural(missed, 'mutant')}: {NOT_REACHED}"
    notices = (*ran.notices, words) if missed else ran.notices
    return Lost(tuple(findings), notices, by_guard(ran.verdicts, by_id))


def keep_owed(project: Project, past: Iterable[PastKill], ran: Mutated) -> None:
    """What a run did not see killed again stays lost until a test kills it, however often it is
    asked: the run itself has put its survivors in the place of past kills."""
    in_doubt = bool(ran.problems or ran.run.problems)
    open_ones = {v.mutant.id for v in ran.verdicts if in_doubt or v.status is not Status.KILLED}
    owed = [one for one in past if one.mutant in open_ones]
    if owed:
        with open_verdicts(project.verdicts_file) as (verdicts, _):
            for one in owed:
                verdicts.note_kill(one)


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
    found = []
    for name, verdicts in by_guard(lost, past).items():
        mutant = verdicts[0].mutant
        test = past[mutant.id].test
        target = targets[mutant.path]
        found.append(finding_of(name, verdicts, test, target, gone=test not in collected))
    return found


def by_guard(
    verdicts: Iterable[Verdict], past: Mapping[str, PastKill]
) -> dict[str, tuple[Verdict, ...]]:
    """The verdicts by the id of the finding that they make if they are lost: function by function,
    those that one test used to kill together."""
    found: dict[str, tuple[Verdict, ...]] = {}
    for verdict in verdicts:
        mutant = verdict.mutant
        name = finding_id(KIND, mutant.path, mutant.scope, past[mutant.id].test)
        found[name] = (*found.get(name, ()), verdict)
    return found


def finding_of(
    name: str, verdicts: Sequence[Verdict], test: str, target: Target, gone: bool
) -> Finding:
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
        id=name,
        kind=KIND,
        level=1,
        anchor=Anchor(mutant.path, mutant.unit, mutant.span.start_line, unit.digest),
        tests=(test,),
        sentence=(
            f"Guard lost in {_where(mutant)}: `{test}` used to notice "
            f"{plural(len(verdicts), 'mutant')} that nobody notices now; the test "
            f"{'is gone' if gone else 'was changed'}."
        ),
        evidence=(*diffs, Evidence("now run by", plural(len(covering), "test"))),
        fix=fix,
        confidence=Confidence.CERTAIN,
        severity=Severity.HIGH,
    )


def _where(mutant: Mutant) -> str:
    if mutant.scope == MODULE_UNIT:
        return f"the module body of `{mutant.path}`"
    return f"`{mutant.scope}`"

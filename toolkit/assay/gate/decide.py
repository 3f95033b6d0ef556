"""What a gate decides: each thing that the policy refuses, and what to do about it (pure).

It cannot pass by accident. An answer that was interrupted, in which tests fail, or that is not
conclusive never passes, whatever the policy says of the rest, but for failing tests, and a number
of mutants without a sound verdict, if it names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from assay.errors import ExitCode
from assay.gate.baseline import EMPTY, NOT_GUARDED, Baseline, unguarded_id
from assay.gate.policy import ALL, NONE, Policy
from assay.model.answer import Answer, Guard, UnitAnswer
from assay.model.finding import Confidence, Finding
from assay.model.mutant import NOT_REACHED, Status, Verdict
from assay.model.run import TestOutcome
from assay.model.source import MODULE_UNIT, line_ranges, unit_name
from assay.verdict.answer import BAD_RESULTS, is_inconclusive


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason not to pass: the key of the policy (or "conclusive", "interrupted", which no
    policy turns off), the reason in one sentence, what it is about, and what to do next."""

    rule: str
    sentence: str
    items: tuple[str, ...]
    todo: str
    code: ExitCode = ExitCode.GATE


@dataclass(frozen=True, slots=True)
class Decision:
    """What a gate says: `refusals` in order of weight, `remarks` what it let pass and should be
    known, and the exit code."""

    policy: Policy
    refusals: tuple[Refusal, ...]
    remarks: tuple[str, ...]
    code: ExitCode

    @property
    def passed(self) -> bool:
        return self.code is ExitCode.CLEAN


ALWAYS = frozenset({ExitCode.INTERRUPTED, ExitCode.BASELINE, ExitCode.INCONCLUSIVE})


def decide(
    policy: Policy,
    answer: Answer,
    findings: Sequence[Finding] = (),
    baseline: Baseline = EMPTY,
) -> Decision:
    """Hold an answer, and findings about the changed tests, against a policy."""
    case = _Case(policy, answer, tuple(findings), baseline)
    refusals = tuple(sorted(_refusals(case), key=lambda one: _WEIGHT[one.code]))
    codes = [one.code for one in refusals if one.code in ALWAYS or not policy.advisory]
    code = min(codes, key=_WEIGHT.__getitem__, default=ExitCode.CLEAN)
    return Decision(policy, refusals, tuple(_remarks(case)), code)


_WEIGHT = {
    ExitCode.INTERRUPTED: 0,
    ExitCode.BASELINE: 1,
    ExitCode.INCONCLUSIVE: 2,
    ExitCode.GATE: 3,
}


@dataclass(frozen=True, slots=True)
class _Case:
    policy: Policy
    answer: Answer
    findings: tuple[Finding, ...]
    baseline: Baseline

    def ignores(self, path: str) -> bool:
        return any(fnmatchcase(path, glob) for glob in self.policy.ignore)

    @property
    def units(self) -> list[UnitAnswer]:
        """The changed functions that the policy is about."""
        return [unit for unit in self.answer.units if not self.ignores(unit.path)]

    def is_accepted(self, name: str) -> bool:
        return name in self.answer.accepted.holding

    def is_known(self, name: str) -> bool:
        return self.policy.ratchet and name in self.baseline.known

    def excused(self, name: str) -> bool:
        return self.is_accepted(name) or self.is_known(name)

    def of_status(self, status: Status) -> list[Verdict]:
        """The verdicts of a status that count."""
        return [
            v
            for v in self.answer.verdicts
            if v.status is status and not self.excused(v.mutant.id)
            if not self.ignores(v.mutant.path)
        ]

    def unguarded(self) -> list[UnitAnswer]:
        """The changed functions that no test guards and nobody has excused."""
        return [u for u in self.units if self._is_unguarded(u) and not self._pardoned(u)]

    def _is_unguarded(self, unit: UnitAnswer) -> bool:
        """One of which it is not known counts too, unless a part of the mutants is enough."""
        if unit.guard is not Guard.UNKNOWN:
            return unit.guard in NOT_GUARDED
        return not self.policy.partial or any(map(is_inconclusive, unit.verdicts))

    def _pardoned(self, unit: UnitAnswer) -> bool:
        """Known from before, or every fault that was made in it is accepted."""
        if self.is_known(unguarded_id(unit)):
            return True
        mutants = [v.mutant.id for v in unit.verdicts if v.status not in _NO_MUTANT]
        return bool(mutants) and all(map(self.is_accepted, mutants))


_NO_MUTANT = frozenset({Status.COMPILE_ERROR, Status.IGNORED})


def _refusals(case: _Case) -> Iterator[Refusal]:
    yield from _interrupted(case)
    yield from _tests(case)
    yield from _not_conclusive(case)
    yield from _partial(case)
    yield from _unguarded(case)
    yield from _nothing_to_mutate(case)
    yield from _survivors(case)
    yield from _lost(case)
    yield from _covered(case)
    yield from _weak(case)
    yield from _timeouts(case)


# -- what no policy turns off


def _interrupted(case: _Case) -> Iterator[Refusal]:
    if case.answer.interrupted:
        yield Refusal(
            "interrupted",
            "the run was interrupted",
            (),
            "run the same command again: it goes on where it stopped",
            ExitCode.INTERRUPTED,
        )


def _not_conclusive(case: _Case) -> Iterator[Refusal]:
    """What is not known is no good news."""
    answer, policy = case.answer, case.policy
    if answer.inconclusive:
        yield Refusal(
            "conclusive",
            "the answer is not conclusive",
            answer.inconclusive,
            "each line says what stood in the way; docs/exit-codes.md has the usual reasons (4)",
            ExitCode.INCONCLUSIVE,
        )
    silent = [r.node_id for r in answer.results.values() if r.outcome is TestOutcome.NOT_RUN]
    if silent:
        yield Refusal(
            "conclusive",
            f"{_count(len(silent), 'test')} that should have run did not",
            tuple(silent),
            "run pytest alone on these and see why they do not run",
            ExitCode.INCONCLUSIVE,
        )
    unknown = [v for v in answer.every_verdict if is_inconclusive(v)]
    if len(unknown) > policy.max_inconclusive:
        yield Refusal(
            "max-inconclusive",
            f"{_count(len(unknown), 'mutant')} without a sound verdict, "
            f"{policy.max_inconclusive} allowed",
            tuple(f"{_place(v)}: {v.reason}" for v in unknown),
            "`assay show ID` has the details of one; docs/exit-codes.md the usual reasons (4)",
            ExitCode.INCONCLUSIVE,
        )
    if answer.verdicts and all(v.status is Status.PENDING for v in answer.verdicts):
        yield Refusal(
            "conclusive",
            "no mutant was run within the time of --budget",
            (),
            "give it more time",
            ExitCode.INCONCLUSIVE,
        )


# -- what the policy decides


def _tests(case: _Case) -> Iterator[Refusal]:
    failed = _failed(case.answer)
    if failed and case.policy.tests_pass:
        words = "tests fail" if len(failed) > 1 else "test fails"
        yield Refusal(
            "tests-pass",
            f"{len(failed)} {words} without any mutant",
            tuple(failed),
            "`assay diagnose` says why, whose fault it is, and what to edit",
            ExitCode.BASELINE,
        )


def _failed(answer: Answer) -> list[str]:
    return [r.node_id for r in answer.results.values() if r.outcome in BAD_RESULTS]


def _partial(case: _Case) -> Iterator[Refusal]:
    why = _why_partial(case.answer)
    if why and not case.policy.partial:
        yield Refusal(
            "partial",
            "only a part of the mutants was run",
            why,
            "run all of them, or set partial = true in the policy if a part is enough",
        )


def _why_partial(answer: Answer) -> tuple[str, ...]:
    missed = sum(v.reason == NOT_REACHED for v in answer.every_verdict)
    plan, partial = answer.plan, answer.partial
    why = []
    if missed:
        why.append(f"{_count(missed, 'mutant')} not reached in the time of --budget")
    if partial is not None and partial.sample:
        why.append(f"--sample {partial.sample} of {sum(partial.totals.values())} mutants")
    if plan is not None and plan.of > 1:
        why.append(f"shard {plan.shard}/{plan.of}: `assay merge` joins the records of all")
    return tuple(why)


def _unguarded(case: _Case) -> Iterator[Refusal]:
    limit = case.policy.max_unguarded
    found = case.unguarded()
    if limit is None or len(found) <= limit:
        return
    words = "functions are" if len(found) > 1 else "function is"
    yield Refusal(
        "max-unguarded",
        f"{len(found)} changed {words} guarded by no test, {limit} allowed",
        tuple(_unit_words(unit) for unit in found),
        "add a test that runs it and fails when it is wrong"
        if all(unit.guard in (Guard.UNTOUCHED, Guard.MOCKED) for unit in found)
        else "add an assertion that fails when it is wrong: the survivors show faults that no test "
        "noticed",
    )


def _unit_words(unit: UnitAnswer) -> str:
    where = f"{unit.path}:{unit.line} {unit_name(unit.unit)}"
    if unit.guard is Guard.UNTOUCHED:
        return f"{where}: no test runs it"
    if unit.guard is Guard.MOCKED:
        return (
            f"{where}: no test runs it, {_count(len(unit.mocking), 'test')} put a mock in its place"
        )
    if unit.guard is Guard.UNKNOWN:
        return f"{where}: its mutants did not all get a verdict, and none was killed"
    tests = len(unit.touching)
    return f"{where}: {_count(tests, 'test')} run{'s' * (tests == 1)} it, none notices a fault"


def _nothing_to_mutate(case: _Case) -> Iterator[Refusal]:
    if case.policy.nothing_to_mutate == "allow":
        return
    # An import is no function: a module body with nothing to mutate holds nothing to guard.
    found = [u for u in case.units if u.guard is Guard.NO_MUTANTS and u.unit != MODULE_UNIT]
    if found:
        words = "functions have" if len(found) > 1 else "function has"
        yield Refusal(
            "nothing-to-mutate",
            f"{len(found)} changed {words} nothing to mutate, so whether tests guard it is unknown",
            tuple(f"{u.path}:{u.line} {unit_name(u.unit)}" for u in found),
            'look at these yourself, and set nothing-to-mutate = "allow" to let such changes pass',
        )


def _survivors(case: _Case) -> Iterator[Refusal]:
    limit = case.policy.max_survivors
    found = case.of_status(Status.SURVIVED)
    if limit is None or len(found) <= limit:
        return
    new = "new " if case.policy.ratchet else ""
    yield Refusal(
        "max-survivors",
        f"{_count(len(found), f'{new}survivor')}, {limit} allowed",
        tuple(_place(v) for v in found),
        "add an assertion that notices the fault, or, if none should, `assay accept ID --reason …`",
    )


def _lost(case: _Case) -> Iterator[Refusal]:
    limit = case.policy.max_lost
    found = [
        f for f in case.answer.lost if not case.excused(f.id) and not case.ignores(f.anchor.path)
    ]
    if limit is None or len(found) <= limit:
        return
    yield Refusal(
        "max-lost",
        f"{_count(len(found), 'guard')} lost with the change to tests, {limit} allowed",
        tuple(f"{f.id} {f.anchor.path}:{f.anchor.line} {f.sentence}" for f in found),
        "bring back an assertion that notices the fault, or `assay accept ID --reason …`",
    )


def _place(verdict: Verdict) -> str:
    mutant = verdict.mutant
    place = f"{mutant.path}:{mutant.span.start_line} {unit_name(mutant.scope)}"
    return f"{mutant.id} {place} [{mutant.operator}]"


def _covered(case: _Case) -> Iterator[Refusal]:
    files = [file for file in case.answer.changed_lines if not case.ignores(file.path)]
    total = sum(len(file.lines) for file in files)
    missed = sum(len(file.missed) for file in files)
    if not total or 100 * (total - missed) >= case.policy.min_covered * total:
        return
    share = 100 * (total - missed) / total
    yield Refusal(
        "min-covered",
        f"tests run {share:.0f} % of {_count(total, 'changed statement')}, "
        f"{case.policy.min_covered:g} % wanted",
        tuple(f"{f.path}:{line_ranges(f.missed, 20)}" for f in files if f.missed),
        "add a test that runs these lines, or mark with `# pragma: no cover` what none can run",
    )


def _weak(case: _Case) -> Iterator[Refusal]:
    found = [finding for finding in case.findings if _counts(case, finding)]
    if not found:
        return
    new = "new " if case.policy.ratchet else ""
    yield Refusal(
        "weak-kinds",
        _count(len(found), f"{new}weak test"),
        tuple(f"{f.id} {f.anchor.path}:{f.anchor.line} [{f.kind}] {f.sentence}" for f in found),
        "mend each as its card says, or `assay accept ID --reason …`",
    )


def _counts(case: _Case, finding: Finding) -> bool:
    kinds, least = case.policy.weak_kinds, case.policy.weak_confidence
    if kinds == NONE or (kinds != ALL and finding.kind not in kinds):
        return False
    sure = finding.confidence is Confidence.CERTAIN
    likely = finding.confidence is Confidence.LIKELY and least == Confidence.LIKELY.value
    counts = (sure or likely) and not case.ignores(finding.anchor.path)
    return counts and not case.excused(finding.id)


def _timeouts(case: _Case) -> Iterator[Refusal]:
    limit = case.policy.max_timeouts
    found = case.of_status(Status.TIMEOUT)
    if limit is None or len(found) <= limit:
        return
    yield Refusal(
        "max-timeouts",
        f"{_count(len(found), 'mutant')} ended by a time limit, {limit} allowed",
        tuple(f"{_place(v)}: {v.reason}" for v in found),
        "raise timeout-floor if the machine is slow; `assay accept ID --reason …` for a loop that "
        "cannot but hang",
    )


# -- what is let pass and should be known


def _remarks(case: _Case) -> Iterator[str]:
    answer, policy = case.answer, case.policy
    failed = _failed(answer)
    if failed and not policy.tests_pass:
        yield (
            f"{_count(len(failed), 'test')} failed without any mutant, which tests-pass = false "
            "lets pass; mutants ran against the others"
        )
    if _why_partial(answer) and policy.partial:
        yield f"partial: {'; '.join(_why_partial(answer))}, which partial = true lets pass"
    ignored = sorted({u.path for u in answer.units if case.ignores(u.path)})
    if ignored:
        yield f"ignored, as the policy says: {', '.join(ignored)}"
    if answer.is_of_change and not answer.units:
        yield "no code changed, so there was nothing to guard"
    elif answer.is_of_change and not any(v.status not in _NO_MUTANT for v in answer.verdicts):
        yield "not one mutant could be made of the change: nothing shows that tests would notice"
    yield from _within(case, Status.SURVIVED, "survivor", "max-survivors", policy.max_survivors)
    yield from _within(case, Status.TIMEOUT, "timeout", "max-timeouts", policy.max_timeouts)
    unknown = sum(map(is_inconclusive, answer.every_verdict))
    if 0 < unknown <= policy.max_inconclusive:
        yield f"{_count(unknown, 'mutant')} without a sound verdict, within max-inconclusive"
    held = len(answer.accepted.holding)
    if held:
        yield f"{_count(held, 'finding')} accepted before, and not counted"
    known = _known(case)
    if known:
        yield f"{_count(known, 'finding')} in the baseline, and not counted"
    operators = answer.versions.get("operators", "")
    if policy.ratchet and case.baseline.known and case.baseline.operators != operators:
        yield (
            "the baseline was written with other operators: mutants that did not exist then count "
            "as new; `assay gate --update-baseline` takes them in"
        )


def _within(case: _Case, status: Status, noun: str, key: str, limit: int | None) -> Iterator[str]:
    found = len(case.of_status(status))
    if found and (limit is None or found <= limit):
        yield f"{_count(found, noun)}, which {key} = {'any' if limit is None else limit} lets pass"


def _known(case: _Case) -> int:
    if not case.policy.ratchet:
        return 0
    names = [v.mutant.id for v in case.answer.verdicts if v.status is Status.SURVIVED]
    names += [unguarded_id(u) for u in case.answer.units if u.guard in NOT_GUARDED]
    names += [finding.id for finding in (*case.answer.lost, *case.findings)]
    return sum(case.is_known(name) and not case.is_accepted(name) for name in names)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"

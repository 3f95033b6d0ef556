"""What a mutant's outcome means. An unknown outcome is never a kill, and never a survival."""

from __future__ import annotations

from assay.model.mutant import Mutant, PlannedMutant, Status, Verdict
from assay.model.run import ChildEnd, Outcome, TestOutcome, TestResult, Trial, TrialEnd
from assay.model.source import MODULE_UNIT

EXIT_ZERO = "left with exit status 0"

NOTICED = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})


def classify(planned: PlannedMutant, outcome: Outcome) -> Verdict:
    """The verdict on one mutant from its child's outcome."""
    status, killer, by_assertion, reason = _meaning(planned, outcome)
    return Verdict(
        mutant=planned.mutant,
        status=status,
        covering=tuple(test.node_id for test in planned.tests),
        killer=killer,
        by_assertion=by_assertion,
        reason=reason,
        tests_run=len(outcome.results),
        seconds=outcome.seconds,
    )


def tried(planned: PlannedMutant, trial: Trial, seconds: float) -> Verdict | None:
    """The verdict of a trial among others in one process: a kill that stood its control."""
    if trial.end is not TrialEnd.KILLED or trial.result is None:
        return None
    status, killer, by_assertion, reason = _kill(trial.result)
    if status is not Status.KILLED:
        return None
    covering = tuple(test.node_id for test in planned.tests)
    return Verdict(
        planned.mutant, status, covering, killer, by_assertion, reason, trial.ran, seconds
    )


def unsettled(planned: PlannedMutant, status: Status, reason: str) -> Verdict:
    """A verdict that rests on no run."""
    covering = tuple(test.node_id for test in planned.tests)
    return Verdict(planned.mutant, status, covering, "", False, reason, 0, 0.0)


_Meaning = tuple[Status, str, bool, str]


def _meaning(planned: PlannedMutant, outcome: Outcome) -> _Meaning:
    noticed = first_noticed(outcome)
    if outcome.end is ChildEnd.BROKEN:
        if "Unfit: does not compile" in outcome.detail:
            return Status.COMPILE_ERROR, "", False, _last_line(outcome.detail)
        # `pytest.exit`, a KeyboardInterrupt, or pytest itself broken by what the test did to it.
        blame = f"{outcome.current} broke off the session: " if outcome.current else ""
        return Status.RUNTIME_ERROR, "", False, blame + _last_line(outcome.detail)
    if noticed is not None:
        if outcome.end is ChildEnd.FINISHED and not outcome.entered:
            text = f"{noticed.node_id} failed, but the mutated code was not entered"
            return Status.RUNTIME_ERROR, noticed.node_id, False, text
        return _kill(noticed)
    if outcome.end in (ChildEnd.TIMEOUT, ChildEnd.OVER):
        clock = f"ran over its limit in {outcome.current or 'between tests'}"
        text = clock if outcome.end is ChildEnd.TIMEOUT else outcome.detail
        return Status.TIMEOUT, outcome.current, False, text
    if outcome.end is ChildEnd.DIED:
        return _death(outcome)
    if outcome.end is ChildEnd.STOPPED:
        return Status.PENDING, "", False, "interrupted before it was done"
    if outcome.unfit:
        return Status.RUNTIME_ERROR, "", False, outcome.unfit
    if outcome.collect_error:
        return _import_crash(planned, outcome)
    return _survival(planned, outcome)


def first_noticed(outcome: Outcome) -> TestResult | None:
    """The first test that failed."""
    return next((result for result in outcome.results if result.outcome in NOTICED), None)


def _kill(result: TestResult) -> _Meaning:
    failure = result.failure
    if failure is None:
        return Status.KILLED, result.node_id, False, "failed"
    if failure.exception == "MemoryError":
        # As a timeout: the same tests run within the limit without the mutant, and what ended it
        # is the limit, not a check.
        where = f"ran out of memory in {result.node_id} (the setting memory-limit)"
        return Status.TIMEOUT, result.node_id, False, where
    if "from pytest-timeout" in failure.message:
        return Status.TIMEOUT, result.node_id, False, failure.message
    text = f"{failure.exception}: {failure.message}" if failure.message else failure.exception
    where = "" if failure.phase == "call" else f" in {failure.phase}"
    return Status.KILLED, result.node_id, failure.by_assertion, f"{text}{where}"


def _death(outcome: Outcome) -> _Meaning:
    if not outcome.entered and not outcome.current:
        return Status.RUNTIME_ERROR, "", False, f"its process {outcome.detail} before any test"
    # The memory killer takes innocents too: a SIGKILL says nothing about the mutant.
    if "SIGKILL" in outcome.detail:
        text = f"its process was {outcome.detail} in {outcome.current or 'no test'}"
        return Status.RUNTIME_ERROR, "", False, text
    # A shell, and so CI, takes a run that ends like this for a good one.
    if outcome.detail == EXIT_ZERO:
        text = f"{outcome.current or 'something'} ended the process with exit status 0"
        return Status.RUNTIME_ERROR, "", False, f"{text}, which looks like success"
    return Status.KILLED, outcome.current, False, f"the process {outcome.detail}"


def _import_crash(planned: PlannedMutant, outcome: Outcome) -> _Meaning:
    if not outcome.entered:
        text = f"tests could not be collected: {_last_line(outcome.collect_error)}"
        return Status.RUNTIME_ERROR, "", False, text
    text = f"collection fails: {_last_line(outcome.collect_error)}"
    return Status.KILLED, planned.tests[0].node_id, False, text


def _survival(planned: PlannedMutant, outcome: Outcome) -> _Meaning:
    """Survived only if all that was planned ran, and the mutated code was entered."""
    ran = {r.node_id for r in outcome.results if r.outcome is not TestOutcome.NOT_RUN}
    missing = [test.node_id for test in planned.tests if test.node_id not in ran]
    if missing:
        text = f"{len(missing)} planned test(s) did not run, such as {missing[0]}"
        return Status.RUNTIME_ERROR, "", False, text
    if not outcome.entered and _is_one_line_function(planned.mutant):
        return Status.NO_COVERAGE, "", False, "no test enters this one-line function"
    if not outcome.entered:
        text = "no covering test entered the mutated code, though the map says that they ran it"
        return Status.RUNTIME_ERROR, "", False, text
    return Status.SURVIVED, "", False, ""


def _is_one_line_function(mutant: Mutant) -> bool:
    """Coverage cannot tell its definition, which runs at import, from its body."""
    return mutant.unit == MODULE_UNIT and mutant.scope != MODULE_UNIT


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else "no reason given"

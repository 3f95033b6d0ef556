"""When a verdict of an earlier run still holds (pure).

Stored verdicts are found by a key, so that these are the same in any case: the mutant's id, the
text of the unit it lies in, and of those that it names in its file, directly or through each other
(comments and layout aside); the versions of assay and mutmut and the
code that makes mutants and verdicts, the environment's fingerprint (Python, distributions, pytest's
settings) and pytest's arguments. Beyond that:

1. Killed holds if the killer is still a covering test that passes without the mutant, and has the
   token it had. Other tests may have changed, come or gone.
2. Survived holds if the covering tests are the same, each with the token it had.
3. Survived with other covering tests proves of those that have the token they had that they do not
   kill: only the others are run. If that comes to no sound verdict, or no other test is left (some
   have only gone), all are run.
4. Where 1 and 2 both hold, two runs disagreed: neither is believed.
5. Timeout, RuntimeError, CompileError, Pending, NoCoverage are never reused: they cost nothing, or
   say nothing that lasts.
6. A test without a token is one of which nothing is known: a verdict that rests on it never holds.

What this takes on trust is what selection takes on trust, and one thing more: a mutant may lead a
test into functions of other files that it does not enter without it. A change in those is not seen.
(PIT's
incremental analysis, https://pitest.org/quickstart/incremental_analysis/, takes the same on trust.)
`--audit` runs a share of the reused verdicts again to see whether that matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from assay.model.mutant import SETTLED, Measured, PlannedMutant, PlannedTest, Status, Verdict
from assay.model.reuse import StoredVerdict, Token


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict that holds; or None, and the tests that have still to run."""

    verdict: Verdict | None
    tests: tuple[PlannedTest, ...]


def judge(
    planned: PlannedMutant, stored: Iterable[StoredVerdict], tokens: Mapping[str, Token]
) -> Judgement:
    """What the stored verdicts on a mutant, newest first, mean for its tests as they are now."""
    stored = list(stored)
    kill = _kill(planned, stored, tokens)
    survival = _survival(planned, stored, tokens)
    if kill is not None and survival is not None:
        return Judgement(None, planned.tests)
    if kill is not None or survival is not None:
        return Judgement(kill or survival, ())
    return Judgement(None, _unproven(planned, stored, tokens))


def _kill(
    planned: PlannedMutant, stored: Iterable[StoredVerdict], tokens: Mapping[str, Token]
) -> Verdict | None:
    by_token = {tokens[t.node_id]: t.node_id for t in planned.tests if t.node_id in tokens}
    for one in stored:
        if one.status is Status.KILLED and one.witnesses <= by_token.keys():
            (witness,) = one.witnesses
            return _again(planned, one, by_token[witness])
    return None


def _survival(
    planned: PlannedMutant, stored: Iterable[StoredVerdict], tokens: Mapping[str, Token]
) -> Verdict | None:
    now = witnesses_of([test.node_id for test in planned.tests], tokens)
    for one in stored:
        if one.status is Status.SURVIVED and now is not None and one.witnesses == now:
            return _again(planned, one, "")
    return None


def _unproven(
    planned: PlannedMutant, stored: Iterable[StoredVerdict], tokens: Mapping[str, Token]
) -> tuple[PlannedTest, ...]:
    """The tests of which no stored survival proves that they do not kill; all if none is left."""
    proven = {token for one in stored if one.status is Status.SURVIVED for token in one.witnesses}
    rest = tuple(t for t in planned.tests if tokens.get(t.node_id) not in proven)
    return rest or planned.tests


def witnesses_of(tests: Iterable[str], tokens: Mapping[str, Token]) -> frozenset[Token] | None:
    """The tokens of some tests; None if one of them has none."""
    found = [tokens.get(test) for test in tests]
    known = frozenset(token for token in found if token is not None)
    return known if len(known) == len(found) else None


def kept_of(
    verdict: Verdict, tokens: Mapping[str, Token], measured: Measured
) -> StoredVerdict | None:
    """What to store of a verdict of this run; None if it cannot hold later."""
    if verdict.status not in SETTLED:
        return None
    killed = verdict.status is Status.KILLED
    witnesses = witnesses_of([verdict.killer] if killed else verdict.covering, tokens)
    if not witnesses:
        return None
    return StoredVerdict(
        status=verdict.status,
        witnesses=witnesses,
        by_assertion=verdict.by_assertion,
        reason=verdict.reason,
        tests_run=verdict.tests_run,
        seconds=verdict.seconds,
        measured=measured,
    )


def widened(planned: PlannedMutant, verdict: Verdict) -> Verdict:
    """A verdict by some of the tests, as one by all: of the others it is known."""
    return replace(verdict, covering=tuple(test.node_id for test in planned.tests))


def _again(planned: PlannedMutant, stored: StoredVerdict, killer: str) -> Verdict:
    return Verdict(
        mutant=planned.mutant,
        status=stored.status,
        covering=tuple(test.node_id for test in planned.tests),
        killer=killer,
        by_assertion=stored.by_assertion,
        reason=stored.reason,
        tests_run=stored.tests_run,
        seconds=stored.seconds,
        reused=stored.measured,
    )

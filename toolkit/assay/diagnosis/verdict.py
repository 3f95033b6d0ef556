"""Whose fault a failure is: rules over the four runs and the signs, and where they do not decide,
undecided.

A regression and a test that an intended change has made outdated look the same in the four runs;
only what is seen beside them (who else follows the change, what documents and annotations say)
speaks for one or the other. Signs on both sides, or on none, decide nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.model.diagnosis import Category, Fault, Match, Matrix, Sign, Verdict
from assay.model.run import GOOD, TestOutcome

_NO_CHANGE = "the change is not involved: the test fails at base in the same way"
_FLAKY = "both outcomes on the same code: nothing of the change decides it"
_BY_TESTS = "the tests' change alone makes it fail: with base's tests on head's sources it passes"
_BY_SOURCES = "the sources' change alone makes it fail, and "


def verdict_of(category: Category, matrix: Matrix, matches: Sequence[Match]) -> Verdict:
    """The verdict on one failure, by the first of these that holds: a cause that settles it; a test
    that is flaky or depends on order; one that failed before; the four runs; the signs."""
    signs = tuple(dict.fromkeys(sign for match in matches for sign in match.signs))
    settled = next((match for match in matches if match.decided is not None), None)
    if settled is not None and settled.decided is not None:
        return Verdict(settled.decided, f"by its cause: {settled.cause}", signs)
    if category is Category.FLAKY:
        of_sources = any(sign.fault is Fault.CODE for sign in signs)
        if of_sources:
            return Verdict(Fault.UNDECIDED, f"{_FLAKY}, and what varies is in sources", signs)
        return Verdict(Fault.TEST, _FLAKY, signs)
    if category is Category.KNOWN_FAILURE:
        return Verdict(Fault.UNDECIDED, _NO_CHANGE, signs)
    if _good(matrix.new_sources) and _bad(matrix.head) and _bad(matrix.new_tests):
        return Verdict(Fault.TEST, _BY_TESTS, signs)
    return _by_signs(signs, matrix)


def _by_signs(signs: tuple[Sign, ...], matrix: Matrix) -> Verdict:
    code = [sign for sign in signs if sign.fault is Fault.CODE]
    test = [sign for sign in signs if sign.fault is Fault.TEST]
    environment = [sign for sign in signs if sign.fault is Fault.ENVIRONMENT]
    start = _BY_SOURCES if _bad(matrix.new_sources) and _good(matrix.base) else ""
    if environment and not code and not test:
        return Verdict(Fault.ENVIRONMENT, f"{start}{_counted(environment)} for it", signs)
    if code and not test:
        return Verdict(Fault.CODE, f"{start}{_counted(code)} for it, none against", signs)
    if test and not code:
        return Verdict(Fault.TEST, f"{start}{_counted(test)} for it, none against", signs)
    if code and test:
        words = f"{start}{_counted(code)} for the code's fault, {len(test)} for the test's"
        return Verdict(Fault.UNDECIDED, words, signs)
    return Verdict(Fault.UNDECIDED, f"{start}nothing seen speaks for either side", signs)


def _counted(signs: Sequence[Sign]) -> str:
    return f"{len(signs)} sign{'' if len(signs) == 1 else 's'}"


def _good(outcome: TestOutcome | None) -> bool:
    return outcome in GOOD


def _bad(outcome: TestOutcome | None) -> bool:
    return outcome is not None and outcome not in GOOD

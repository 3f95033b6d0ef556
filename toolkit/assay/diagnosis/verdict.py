"""Whose fault a failure is: rules over the four runs and the signs, and where they do not decide,
undecided.

A regression and a test that an intended change has made outdated look the same in the four runs;
only what is seen beside them (who else follows the change, what documents and annotations say)
speaks for one or the other. Signs on both sides, or on none, decide nothing; nor do signs of kinds
that replayed histories have shown to be wrong too often, unless others stand beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.diagnosis.cause import Case
from assay.diagnosis.fellows import Ran, of_fellows, of_frame
from assay.diagnosis.values import by_sources, origin_of
from assay.model.diagnosis import Category, Fault, Match, Matrix, Sign, Verdict
from assay.model.run import GOOD, TestOutcome

_NO_CHANGE = "the change is not involved: the test fails at base in the same way"
_FLAKY = "both outcomes on the same code: nothing of the change decides it"
_BY_TESTS = "the tests' change alone makes it fail: with base's tests on head's sources it passes"
_BY_SOURCES = "the sources' change alone makes it fail, and "


def verdict_of(
    category: Category, matrix: Matrix, matches: Sequence[Match], neutral: Sequence[Sign] = ()
) -> Verdict:
    """The verdict on one failure, by the first of these that holds: a cause that settles it; a test
    that is flaky or depends on order; one that failed before; the four runs; the signs.

    Only the first cause counts, and others about the same thing that claim as much: what is vaguer
    is shown beside, with the `neutral` signs, and undoes nothing.
    """
    counting, vaguer = _sorted_out(matches)
    signs = _signs_of(counting)
    beside = tuple(s for s in (*_signs_of(vaguer), *neutral) if s not in signs)
    fault, rule = _decided(category, matrix, counting, signs)
    return Verdict(fault, rule, signs, beside)


def neutral_signs(case: Case, ran: Ran) -> Iterator[Sign]:
    """What is asked of every failure that the sources' change has made, and was found to speak for
    neither side: how other tests of the unit ended, and whether a changed line fails."""
    if not by_sources(case):
        return
    origin = origin_of(case)
    if origin is not None and origin.after is not None:
        yield from of_fellows(case.sides.head, origin.place.path, origin.name, ran)
    frame = case.own_frame
    if frame is not None:
        yield from of_frame(frame, case.sides.changed_lines(frame.path))


def _sorted_out(matches: Sequence[Match]) -> tuple[list[Match], list[Match]]:
    """The matches that count, and the others."""
    counting = [m for m in matches if _says_as_much(m, matches[0])]
    return counting, [match for match in matches if match not in counting]


def _says_as_much(match: Match, first: Match) -> bool:
    return match.key == first.key and match.certainty is first.certainty


def _signs_of(matches: Sequence[Match]) -> tuple[Sign, ...]:
    return tuple(dict.fromkeys(sign for match in matches for sign in match.signs))


def _decided(
    category: Category, matrix: Matrix, matches: Sequence[Match], signs: tuple[Sign, ...]
) -> tuple[Fault, str]:
    settled = next((match for match in matches if match.decided is not None), None)
    if settled is not None and settled.decided is not None:
        return settled.decided, f"by its cause: {settled.cause}"
    if category is Category.FLAKY:
        if any(sign.fault is Fault.CODE for sign in signs):
            return Fault.UNDECIDED, f"{_FLAKY}, and what varies is in sources"
        return Fault.TEST, _FLAKY
    if category is Category.KNOWN_FAILURE:
        return Fault.UNDECIDED, _NO_CHANGE
    if _good(matrix.new_sources) and _bad(matrix.head) and _bad(matrix.new_tests):
        return Fault.TEST, _BY_TESTS
    fault, words = _by_signs(signs)
    start = _BY_SOURCES if _bad(matrix.new_sources) and _good(matrix.base) else ""
    return fault, f"{start}{words}"


def _by_signs(signs: tuple[Sign, ...]) -> tuple[Fault, str]:
    """A side with a sign that may decide, where the other has none such."""
    code, test, environment = (
        [sign for sign in signs if sign.fault is fault]
        for fault in (Fault.CODE, Fault.TEST, Fault.ENVIRONMENT)
    )
    if environment and not code and not test:
        return Fault.ENVIRONMENT, f"{_counted(environment)} for it"
    for fault, ours, others in ((Fault.CODE, code, test), (Fault.TEST, test, code)):
        if _suffice(ours) and not _suffice(others):
            return fault, f"{_counted(ours)} for it, {_against(others)}"
    if code and test:
        return (
            Fault.UNDECIDED,
            f"{_counted(code)} for the code's fault, {len(test)} for the test's",
        )
    if code or test:
        whose = "code's" if code else "test's"
        words = f"{_counted(code or test)} for the {whose} fault, which alone says too little"
        return Fault.UNDECIDED, words
    return Fault.UNDECIDED, "nothing seen speaks for either side"


def _suffice(signs: Sequence[Sign]) -> bool:
    return any(sign.alone for sign in signs)


def _against(signs: Sequence[Sign]) -> str:
    return "none against" if not signs else f"{len(signs)} against, which alone says too little"


def _counted(signs: Sequence[Sign]) -> str:
    return f"{len(signs)} sign{'' if len(signs) == 1 else 's'}"


def _good(outcome: TestOutcome | None) -> bool:
    return outcome in GOOD


def _bad(outcome: TestOutcome | None) -> bool:
    return outcome is not None and outcome not in GOOD

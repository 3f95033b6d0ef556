"""How outcomes may change by a fix, and how not: the rules of `assay verify`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from assay.diagnosis.sides import Function, Side
from assay.model.evidence import WHOLE_SUITE, is_kept_by
from assay.model.run import GOOD, TestOutcome
from assay.model.verification import Before, Now, Objection, Trouble, Verification

_NOT_RUN = frozenset({TestOutcome.SKIPPED, TestOutcome.XFAILED})

_WITHOUT_TESTS = frozenset({"conftest.py", "__init__.py"})

_CHECKS = frozenset({"raises", "warns", "deprecated_call", "fail"})

FLAKY = "flaky"
ORDER_DEPENDENT = "order-dependent"


def assertions_of(side: Side, is_test: Callable[[str], bool]) -> dict[str, int]:
    """How often each function of the test files asserts, by "path::name": `assert`, `self.assert…`,
    assertions of mocks, `raises`, `warns` and `fail`."""
    found = {}
    for path in side.texts:
        if is_test(path):
            for place in side.defined_in(path):
                if isinstance(place.node, Function):
                    found[f"{path}::{place.name}"] = _asserts(place.node)
    return found


def _asserts(function: ast.AST) -> int:
    return sum(_is_assertion(node) or _is_check(node) for node in ast.walk(function))


def _is_assertion(node: ast.AST) -> bool:
    """An `assert` that can fail or pass: of a constant it checks nothing."""
    return isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant)


def _is_check(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in _CHECKS or name.lower().startswith("assert")


def verified(before: Before, now: Now, asked: Sequence[str]) -> Verification:
    """Hold the working tree against the diagnosis. `asked` are the tests that were to be fixed; if
    none is named, all that failed newly then."""
    wanted = tuple(asked) or _all_wanted(before)
    unfixed = list(_unfixed(before, now, wanted))
    bad = {one.test for one in unfixed}
    newly = list(_broken(before, now, frozenset(wanted)))
    excused = _by_known_disorder(before, now, wanted, newly)
    broken = [one for one in newly if one not in excused]
    objections = [
        *unfixed,
        *broken,
        *_vanished(before, now),
        *_skipped(before, now),
        *_weakened(before, now),
        *_settings(before, now),
    ]
    return Verification(
        wanted=wanted,
        fixed=tuple(test for test in wanted if test not in bad),
        objections=tuple(objections),
        ran=max((len(outcomes) for outcomes in now.orders.values()), default=0),
        orders=tuple(now.orders),
        notices=tuple(_notices(now, excused)),
    )


def _all_wanted(before: Before) -> tuple[str, ...]:
    return tuple(test for test, category in before.failing.items() if category != "known failure")


def _unfixed(before: Before, now: Now, wanted: Sequence[str]) -> Iterator[Objection]:
    for test in wanted:
        words = _why_not_fixed(before, now, test)
        if words:
            yield Objection(Trouble.UNFIXED, test, words)


def _why_not_fixed(before: Before, now: Now, test: str) -> str:
    if "::" not in test:
        # A file that could not be collected.
        if test in now.broken:
            return f"still cannot be collected: {now.broken[test]}"
        if test == WHOLE_SUITE or test.rpartition("/")[2] in _WITHOUT_TESTS:
            return "" if now.paths else "no test was collected"
        return "" if test in now.paths.values() else "no test of this file was collected"
    if before.failing.get(test) == FLAKY:
        again = now.reruns.get(test, ())
        failed = sum(outcome not in GOOD for outcome in again)
        if not again:
            return "was flaky, and was not run again"
        return f"failed {failed} of {len(again)} times alone" if failed else ""
    words = _fails(now, test)
    if words:
        return words
    if any(outcomes.get(test) in _NOT_RUN for outcomes in now.orders.values()):
        return "is skipped or expected to fail, which is no fix"
    return ""


def _fails(now: Now, test: str) -> str:
    """How a test fails; "" if it passes in every order."""
    if _cannot_be_collected(now, now.paths.get(test, test.partition("::")[0])):
        return "its file cannot be collected"
    failing = {name: o.get(test) for name, o in now.orders.items() if o.get(test) not in GOOD}
    if not failing:
        return ""
    how = next(iter(failing.values()))
    if how is None:
        return "did not run: there is no such test"
    if len(failing) < len(now.orders):
        return f"{how.value} in {' and '.join(failing)} only"
    return how.value


def _cannot_be_collected(now: Now, path: str) -> bool:
    return any(is_kept_by(path, broken) for broken in now.broken)


def _broken(before: Before, now: Now, wanted: frozenset[str]) -> Iterator[Objection]:
    for path, words in now.broken.items():
        if path not in before.failing:
            yield Objection(Trouble.BROKEN, path, f"cannot be collected: {words}")
    every = dict.fromkeys(test for outcomes in now.orders.values() for test in outcomes)
    for test in every:
        if test in wanted or test in before.failing or test in now.before_too:
            continue
        words = _fails(now, test)
        if words:
            new = "" if test in before.outcomes else "a new test: "
            yield Objection(Trouble.BROKEN, test, f"{new}{words}")


def _by_known_disorder(
    before: Before, now: Now, wanted: Sequence[str], newly: Sequence[Objection]
) -> list[Objection]:
    """Failures in one order only, while tests that are known to depend on order are left as they
    are: what these leave behind was there before the fix."""
    known = {test for test, category in before.failing.items() if category == ORDER_DEPENDENT}
    if known <= set(wanted):
        return []
    return [
        one
        for one in newly
        if any(outcomes.get(one.test) in GOOD for outcomes in now.orders.values())
    ]


def _vanished(before: Before, now: Now) -> Iterator[Objection]:
    there = {test for outcomes in now.orders.values() for test in outcomes}
    for test, path in before.paths.items():
        gone = test not in there and test in before.outcomes
        if gone and not _cannot_be_collected(now, path):
            yield Objection(Trouble.VANISHED, test, "is no more")


def _skipped(before: Before, now: Now) -> Iterator[Objection]:
    first = next(iter(now.orders.values()), {})
    for test, outcome in first.items():
        then = before.outcomes.get(test)
        if outcome in _NOT_RUN and then is not None and then not in _NOT_RUN:
            reason = now.skips.get(test, "")
            words = f"{outcome.value}{f' ({reason})' if reason else ''}, and was {then.value}"
            if test not in before.failing:
                yield Objection(Trouble.SKIPPED, test, words)


def _weakened(before: Before, now: Now) -> Iterator[Objection]:
    for name, count in before.assertions.items():
        left = now.assertions.get(name)
        if left is not None and left < count:
            yield Objection(Trouble.WEAKENED, name, f"asserts {left} times, and did {count} times")


def _settings(before: Before, now: Now) -> Iterator[Objection]:
    if before.settings != now.settings:
        words = f"pytest's own settings were {before.settings}, and are {now.settings}"
        yield Objection(Trouble.SETTINGS, "", words)


def _notices(now: Now, excused: Sequence[Objection]) -> Iterator[str]:
    for one in excused:
        yield f"{one.test} {one.words}: the order-dependent tests are not mended yet"
    for test in sorted(now.before_too):
        yield f"{test} fails in reverse order only, as it does at base"

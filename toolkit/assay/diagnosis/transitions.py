"""How outcomes may change by a fix, and how not: the rules of `assay verify`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.diagnosis.checks import function_of
from assay.model.evidence import WHOLE_SUITE, is_kept_by
from assay.model.run import GOOD, TestOutcome
from assay.model.verification import Before, Now, Objection, Trouble, Verification

_NOT_RUN = frozenset({TestOutcome.SKIPPED, TestOutcome.XFAILED})

_WITHOUT_TESTS = frozenset({"conftest.py", "__init__.py"})

FLAKY = "flaky"
ORDER_DEPENDENT = "order-dependent"


def verified(
    before: Before, now: Now, asked: Sequence[str], tests_kept: bool = False
) -> Verification:
    """Hold the working tree against the diagnosis. `asked` are the tests that were to be fixed; if
    none is named, all that failed newly then. `tests_kept` objects to each edited test file."""
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
        *_hooks(before, now),
        *_settings(before, now),
        *(_edited(before, now) if tests_kept else ()),
    ]
    return Verification(
        wanted=wanted,
        fixed=tuple(test for test in wanted if test not in bad),
        objections=tuple(objections),
        ran=max((len(outcomes) for outcomes in now.orders.values()), default=0),
        orders=tuple(now.orders),
        notices=(*_notices(now, excused), *_of_edits(before, now, wanted)),
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
    for name, count in before.code.assertions.items():
        left = now.code.assertions.get(name)
        if left is not None and left < count:
            words = f"can fail at {left} assertions, and could at {count}"
            yield Objection(Trouble.WEAKENED, name, words)


def _hooks(before: Before, now: Now) -> Iterator[Objection]:
    """A hook can make any test pass; one in a file that could not be collected had to change."""
    for name, digest in now.code.hooks.items():
        then = before.code.hooks.get(name)
        if then != digest and name.partition("::")[0] not in before.failing:
            words = f"this hook of pytest was {'written' if then is None else 'edited'} since"
            yield Objection(Trouble.HOOKS, name, f"{words}: hooks decide what passes")


def _edited(before: Before, now: Now) -> Iterator[Objection]:
    for path in _edited_files(before, now):
        gone = path not in now.code.files
        yield Objection(Trouble.EDITED, path, "is no more" if gone else "was edited")


def _edited_files(before: Before, now: Now) -> list[str]:
    """Test files that are no longer what they were; new ones take nothing away, unless they serve
    the others."""
    there = before.code.files
    edited = [path for path, digest in there.items() if now.code.files.get(path) != digest]
    new = [p for p in now.code.files if p not in there and p.rpartition("/")[2] == "conftest.py"]
    return [*edited, *new]


def _settings(before: Before, now: Now) -> Iterator[Objection]:
    if before.settings != now.settings:
        words = f"pytest's own settings were {before.settings}, and are {now.settings}"
        yield Objection(Trouble.SETTINGS, "", words)


def _notices(now: Now, excused: Sequence[Objection]) -> Iterator[str]:
    for one in excused:
        yield f"{one.test} {one.words}: the order-dependent tests are not mended yet"
    for test in sorted(now.before_too):
        yield f"{test} fails in reverse order only, as it does at base"


NAMED = 5
"""So many edited files, and edited tests, are named."""


def _of_edits(before: Before, now: Now, wanted: Sequence[str]) -> Iterator[str]:
    """What people have to judge: the tests may have been made to ask for less, or for something
    else."""
    edited = _edited_files(before, now)
    if not edited:
        return
    only = ", and no other Python file" if before.code.sources == now.code.sources else ""
    files = ", ".join(edited[:NAMED])
    more = f" and {len(edited) - NAMED} more" if len(edited) > NAMED else ""
    yield f"edited among the tests since the diagnosis: {files}{more}{only}"
    rewritten = list(_rewritten(before, now, wanted))
    yield from rewritten[:NAMED]
    if len(rewritten) > NAMED:
        yield f"and {len(rewritten) - NAMED} more tests that check something else now"


def _rewritten(before: Before, now: Now, wanted: Sequence[str]) -> Iterator[str]:
    at_fault = {function_of(test) for test in before.at_fault}
    for name in dict.fromkeys(map(function_of, wanted)):
        then, after = before.code.texts.get(name, ()), now.code.texts.get(name, ())
        gone = [text for text in then if text not in after]
        new = [text for text in after if text not in then]
        if not gone:
            continue
        became = f"is now `{new[0]}`" if new else "is no more"
        held = "; the code was held at fault, not the test" if name in at_fault else ""
        yield f"{name} checks something else: `{gone[0]}` {became}{held}"

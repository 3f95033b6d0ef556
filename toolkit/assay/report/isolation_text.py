"""The answers of `assay isolate` and `assay flaky` as text."""

from __future__ import annotations

import shlex

from assay.model.flakiness import Axis, Flakiness, Varying
from assay.model.isolation import Dependence, Isolation, Leak
from assay.report.text import SHOWN, plural


def isolation_text(found: Isolation) -> str:
    """What is known of how a test depends on others."""
    lines = [_sentence(found)]
    if found.failure is not None:
        lines += ["", f"It fails with {found.failure.exception}: {found.failure.message}"]
    brittle = found.dependence is Dependence.BRITTLE
    if found.causes:
        lines += ["", _heading(found)]
        lines += [f"  {test}" for test in found.causes]
    if found.leaks:
        lines += [
            "",
            "State that they leave:" if len(found.causes) > 1 else "State that it leaves:",
        ]
        for leak in found.leaks:
            lines += _leak_lines(leak, found, brittle)
    elif found.causes:
        lines += ["", "The state is not seen: a file, the memory of an extension, a server …"]
    lines += _cleaner_lines(found)
    if found.confirmed:
        lines += ["", f"Confirmed in a fresh process: {command(found)}"]
    lines += [f"Note: {notice}" for notice in found.notices]
    lines += ["", _starts_line(found)]
    if found.interrupted:
        lines.append("Interrupted: this is what was known by then.")
    return "\n".join(lines) + "\n"


def _sentence(found: Isolation) -> str:
    test, count = found.test, plural(len(found.alone), "time")
    others = f"the {found.before} tests before it" if found.before != 1 else "the test before it"
    if found.later:
        others = f"the {found.before} other tests"
    if found.dependence is Dependence.VICTIM:
        return f"{test} is a victim: it passes alone, and fails after {_causes(found, others)}."
    if found.dependence is Dependence.BRITTLE:
        return f"{test} is brittle: it fails alone, and passes after {_causes(found, others)}."
    if found.dependence is Dependence.FAILS:
        return f"{test} is no victim: it fails alone ({count}), and after the other tests too."
    if found.dependence is Dependence.NONE:
        return f"{test} is no victim: it passes alone ({count}), and after the other tests."
    if found.dependence is Dependence.FLAKY:
        outcomes = ", then ".join(outcome.value for outcome in found.alone)
        what = f"alone it {outcomes}"
        if len(set(found.alone)) == 1:
            what = "after the same tests it ended otherwise the second time"
        advice = f"`assay flaky {shlex.quote(test)}` looks for what it depends on"
        return f"{test} is flaky: {what}; {advice}."
    return f"{test}: how it depends on other tests could not be told."


def _causes(found: Isolation, others: str) -> str:
    if not found.causes:
        return others
    if len(found.causes) == 1:
        return found.causes[0]
    return f"{len(found.causes)} tests that each are needed for it"


def _heading(found: Isolation) -> str:
    word = "State-setter" if found.dependence is Dependence.BRITTLE else "Polluter"
    many = "s, in this order" if len(found.causes) > 1 else ""
    later = ", which the suite's own order has after it" if found.later else ""
    return f"{word}{many}{later}:"


def _leak_lines(leak: Leak, found: Isolation, brittle: bool) -> list[str]:
    read = "" if leak.read else "; not seen to be used by the test"
    lines = [f"  {leak.name}: {leak.before} -> {leak.after}  ({leak.kind}{read})"]
    if leak.line is not None:
        where = f"{leak.line[0]}:{leak.line[1]}"
        if leak.test_line is not None and leak.test_line != leak.line:
            where += f", reached from {leak.test_line[0]}:{leak.test_line[1]}"
        lines.append(f"      changed at {where}")
    if brittle:
        lines.append(f"  Next: let {found.test} set it up itself, in a fixture")
    else:
        lines.append(f"  Next: in {leak.writer}: {leak.fix}")
    return lines


def _cleaner_lines(found: Isolation) -> list[str]:
    if found.cleaners is None:
        return []
    if not found.cleaners:
        return ["", "Cleaners: no test was seen to put it back."]
    return ["", "Cleaners, after which it passes again:", *(f"  {one}" for one in found.cleaners)]


def command(found: Isolation) -> str:
    """What a person can run to see it."""
    arguments = [*found.pytest_args, *found.causes, found.test]
    return "pytest " + " ".join(map(shlex.quote, arguments))


def _starts_line(found: Isolation) -> str:
    parts = {
        "alone": found.starts.alone,
        "after the others": found.starts.together,
        "to search": found.starts.search,
        "in a fresh process": found.starts.fresh,
        "for cleaners": found.starts.cleaners,
    }
    words = ", ".join(f"{count} {what}" for what, count in parts.items() if count)
    line = f"{plural(found.starts.total, 'start')}: {words}."
    if found.bisection and found.causes:
        how = "Found by the state that leaks" if found.by_state else "Found by delta debugging"
        plain = f"plain bisection takes {found.bisection}"
        if len(found.causes) > 1:
            plain = f"plain bisection, which finds one polluter only, takes {found.bisection}"
        line += f" {how}, in {found.starts.to_find}; {plain}"
        line += f": {found.saved} saved." if found.saved > 0 else "."
    return line


# -- flaky


def flakiness_text(found: Flakiness, everything: bool) -> str:
    """Which tests do not always end alike, and what that depends on."""
    lines = [_summary(found)]
    shown = found.varying if everything else found.varying[:SHOWN]
    for one in shown:
        lines += ["", *_varying_lines(one)]
    if len(found.varying) > len(shown):
        lines += ["", f"… and {len(found.varying) - len(shown)} more: --all shows them."]
    if found.failing:
        always = found.failing if everything else found.failing[:SHOWN]
        lines += ["", f"{plural(len(found.failing), 'test')} failed in every run:"]
        lines += [f"  {test}" for test in always]
        if len(found.failing) > len(always):
            lines.append(f"  … and {len(found.failing) - len(always)} more: --all shows them.")
    if everything:
        lines += ["", "Tried:", *(f"  {words}" for words in found.tried)]
    lines += [f"Note: {notice}" for notice in found.notices]
    again = f"The same runs again: --seed {found.seed} --runs {found.runs}"
    lines += ["", f"{plural(found.starts, 'start')}. {again}"]
    if found.interrupted:
        lines.append("Interrupted: this is what was known by then.")
    return "\n".join(lines) + "\n"


def _summary(found: Flakiness) -> str:
    count = plural(found.tests, "test")
    if not found.varying:
        return f"Nothing flaky seen in {count}, {plural(found.runs, 'run')} of each kind."
    verb = "does" if len(found.varying) == 1 else "do"
    return f"{len(found.varying)} of {count} {verb} not always end alike."


_MEANING = {
    Axis.ORDER: "the tests before it change its outcome",
    Axis.RANDOM: "what `random` starts from changes its outcome",
    Axis.HASH: "the order of sets changes its outcome",
    Axis.SAME: "nothing that was held still: time, threads, the network, the system's own random "
    "numbers, files that stay",
}


def _varying_lines(one: Varying) -> list[str]:
    lines = [f"{one.test}"]
    for axis in one.axes:
        lines.append(f"  {axis.value}: {_MEANING[axis]}")
    if one.message:
        lines.append(f"  fails with {one.message}")
    lines.append(
        f"  failed in {one.failures} of {one.runs} runs: {one.failures / one.runs:.0%}, between "
        f"{one.low:.0%} and {one.high:.0%} of all with 95 % confidence"
    )
    if one.needed > 1:
        lines.append(f"  to see it fail with 95 % probability takes {one.needed} such runs")
    lines += [f"  fails {words}" for words in one.failing]
    lines += [f"  passes {words}" for words in one.passing]
    if Axis.ORDER in one.axes:
        lines.append(f"  Next: assay isolate {shlex.quote(one.test)}")
    return lines

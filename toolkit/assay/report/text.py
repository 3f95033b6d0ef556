"""The terminal report: the guard of each changed function first, then survivors, then the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tabulate import tabulate

from assay.model.accepted import Acceptance, Expired
from assay.model.answer import Answer, Guard, Partial, UnitAnswer
from assay.model.explanation import Explanation
from assay.model.mutant import NOT_REACHED, Left, Mutant, Status, Verdict
from assay.model.run import TestOutcome, TestResult
from assay.model.selection import Selection
from assay.model.source import MODULE_UNIT, unit_name
from assay.report.explained import explanation_lines
from assay.verdict.answer import BAD_RESULTS, is_inconclusive
from assay.verdict.interval import estimate

SHOWN = 10
"""Findings shown unless all are asked for: more than ten are not read."""

_COUNTED = (Status.KILLED, Status.SURVIVED, Status.NO_COVERAGE, Status.TIMEOUT)


def answer_text(answer: Answer, everything: bool, found: str) -> str:
    """The whole report, with what was found as it is shown."""
    limit = 10**9 if everything else SHOWN
    parts = [
        "\n".join(head_lines(answer)),
        "\n".join(_failures(answer, limit)),
        _unit_table(answer.units) if answer.units else "",
        found,
        "\n".join(_accepted(answer)),
        "\n".join(_inconclusive(answer, limit)),
        "\n".join(_notices(answer, limit)),
        "\n".join(_foot(answer)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


# -- the first lines


def head_lines(answer: Answer) -> Iterator[str]:
    """What was asked, and the answer in numbers."""
    if answer.is_of_change:
        yield headline(answer.units) if answer.units else _nothing_changed(answer)
    else:
        yield from _part_lines(answer)
        yield _mutant_line(answer, answer.partial)
    places = {
        (one.anchor.path, one.anchor.unit)
        for one in answer.lost
        if one.id not in answer.accepted.holding
    }
    if places:
        where = _functions(unit for _, unit in places)
        yield f"GUARD LOST in {where}: changed tests used to notice what nobody notices now."
    yield f"Compared: {answer.compared}."
    yield _selection_line(answer)
    if answer.is_of_change and answer.verdicts:
        yield _mutant_line(answer)
    if answer.left:
        yield left_line(answer.left)


def headline(units: Iterable[UnitAnswer]) -> str:
    """How many changed functions are guarded, touched only, untouched …"""
    units = list(units)
    counts = Counter(unit.guard for unit in units)
    touching = {test for u in units if u.guard is Guard.TOUCHED for test in u.touching}
    words = [f"{counts[Guard.GUARDED]} guarded"]
    if counts[Guard.TOUCHED]:
        words.append(
            f"{counts[Guard.TOUCHED]} touched by {_tests(len(touching))} but guarded by none"
        )
    if counts[Guard.MOCKED]:
        words.append(f"{counts[Guard.MOCKED]} only mocked")
    if counts[Guard.UNTOUCHED]:
        words.append(f"{counts[Guard.UNTOUCHED]} untouched")
    if counts[Guard.NO_MUTANTS]:
        words.append(f"{counts[Guard.NO_MUTANTS]} with nothing to mutate")
    if counts[Guard.UNKNOWN]:
        words.append(f"{counts[Guard.UNKNOWN]} not conclusive")
    return f"{_functions(unit.unit for unit in units)} changed: {', '.join(words)}."


def _nothing_changed(answer: Answer) -> str:
    """What there is to say where no code is left that changed."""
    tests = len(answer.changed_tests)
    if not tests:
        return "No function was added or changed: nothing to guard."
    said = f"No function was added or changed, but {plural(tests, 'file')} of tests"
    again = {one.mutant.id: one for some in answer.asked_again.values() for one in some}
    if not again or any(one.status is not Status.KILLED for one in again.values()):
        return f"{said}."
    return f"{said}; what these used to notice is still noticed ({plural(len(again), 'mutant')})."


def _functions(units: Iterable[str]) -> str:
    """How many functions and module bodies there are among some units."""
    names = list(units)
    modules = names.count(MODULE_UNIT)
    functions = len(names) - modules
    words = []
    if functions:
        words.append(plural(functions, "function"))
    if modules:
        words.append(f"{modules} module bod{'ies' if modules != 1 else 'y'}")
    return " and ".join(words)


def _selection_line(answer: Answer) -> str:
    selected = len(answer.selection.selected)
    line = f"{selected} of {_tests(answer.collected)} can be affected"
    if not answer.is_of_change:
        line = f"{_tests(answer.collected)} collected"
    ran = len(answer.results)
    if ran:
        bad = sum(result.outcome in BAD_RESULTS for result in answer.results.values())
        silent = sum(r.outcome is TestOutcome.NOT_RUN for r in answer.results.values())
        line += f"; {ran - silent} ran, {'all well' if not bad else f'{bad} failed'}"
        if silent:
            line += f", {silent} did not run"
    return line + "."


def _part_lines(answer: Answer) -> Iterator[str]:
    """That the answer is one about some of the mutants, before anything else."""
    plan, partial = answer.plan, answer.partial
    if plan is not None and plan.of > 1:
        yield (
            f"PARTIAL: shard {plan.shard}/{plan.of}, {len(answer.verdicts)} of "
            f"{plural(plan.mutants, 'mutant')}; `assay merge` joins the records of all."
        )
    if partial is None:
        return
    missed = sum(verdict.reason == NOT_REACHED for verdict in answer.verdicts)
    ways = []
    if partial.sample:
        ways.append(f"--sample {partial.sample} --seed {partial.seed}")
    if missed:
        ways.append(f"{missed} not reached in --budget {partial.budget:g}s")
    total = sum(partial.totals.values())
    if ways:
        known = len(answer.verdicts) - missed
        yield f"PARTIAL: {known} of {plural(total, 'mutant')} ({'; '.join(ways)})."


def _score(verdicts: list[Verdict], partial: Partial | None) -> str:
    """The mutation score; of a part of the mutants, what it says about all."""
    counts = Counter(verdict.status for verdict in verdicts)
    tried = counts[Status.KILLED] + counts[Status.SURVIVED] + counts[Status.NO_COVERAGE]
    if not tried:
        return ""
    is_whole = partial is None or (
        sum(partial.totals.values()) == len(verdicts)
        and not any(verdict.reason == NOT_REACHED for verdict in verdicts)
    )
    found = None if partial is None or is_whole else estimate(verdicts, partial.totals)
    if found is None:
        return f"; mutation score {100 * counts[Status.KILLED] / tried:.0f} %"
    bounds = f"{100 * found.low:.0f} to {100 * found.high:.0f} %"
    return (
        f"; mutation score of all about {100 * found.score:.0f} % ({bounds} with 95 % confidence)"
    )


def _mutant_line(answer: Answer, partial: Partial | None = None) -> str:
    verdicts = list(answer.verdicts)
    if not verdicts:
        return "No mutants."
    counts = Counter(verdict.status for verdict in verdicts)
    held = answer.accepted.holding
    excused = Counter(v.status for v in verdicts if v.mutant.id in held)
    parts = [
        f"{counts[s]} {STATUS_WORDS[s]}" + (f" ({excused[s]} accepted)" if excused[s] else "")
        for s in Status
        if counts[s]
    ]
    reused = sum(verdict.reused is not None for verdict in verdicts)
    known = f"; {plural(reused, 'verdict')} reused" if reused else ""
    score = _score(verdicts, partial)
    return f"{plural(len(verdicts), 'mutant')}: {', '.join(parts)}{score}{known}."


def left_line(left: Mapping[str, int]) -> str:
    """How many mutants are not run, and why."""
    rules = {reason: count for reason, count in left.items() if reason not in _LEFT_WORDS}
    parts = [f"{left[reason]} {words}" for reason, words in _LEFT_WORDS.items() if left.get(reason)]
    if rules:
        ordered = sorted(rules.items(), key=lambda pair: (-pair[1], pair[0]))
        named = ", ".join(f"{reason} {count}" for reason, count in ordered)
        parts.append(f"{sum(rules.values())} by rules ({named})")
    return f"{plural(sum(left.values()), 'mutant')} not run: {', '.join(parts)}."


_LEFT_WORDS = {
    "equal code": "of equal code",
    "duplicate": "like another",
    "does not compile": "that cannot be compiled",
}

STATUS_WORDS = {
    Status.KILLED: "killed",
    Status.SURVIVED: "survived",
    Status.NO_COVERAGE: "without coverage",
    Status.TIMEOUT: "timed out",
    Status.COMPILE_ERROR: "did not compile",
    Status.RUNTIME_ERROR: "not conclusive",
    Status.IGNORED: "ignored",
    Status.PENDING: "not run",
}


# -- changed units


def _unit_table(units: Iterable[UnitAnswer]) -> str:
    rows = [
        [
            unit.guard.value,
            f"{unit.path}:{unit.line}",
            unit_name(unit.unit),
            f"{len(unit.touching)} → {len(unit.guarding)}",
            mutant_cell(unit.verdicts),
        ]
        for unit in worst_first(units)
    ]
    headers = ["", "where", "changed", "touched → guarding tests", "mutants"]
    return tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)


def worst_first(units: Iterable[UnitAnswer]) -> list[UnitAnswer]:
    return sorted(units, key=lambda u: (_GUARD_ORDER[u.guard], u.path, u.line))


_GUARD_ORDER = {
    Guard.TOUCHED: 0,
    Guard.MOCKED: 1,
    Guard.UNTOUCHED: 2,
    Guard.UNKNOWN: 3,
    Guard.NO_MUTANTS: 4,
    Guard.GUARDED: 5,
}


def mutant_cell(verdicts: Iterable[Verdict]) -> str:
    counts = Counter(verdict.status for verdict in verdicts)
    return ", ".join(f"{counts[s]} {STATUS_WORDS[s]}" for s in Status if counts[s]) or "none"


# -- what people have answered


def expired_words(expired: Expired) -> str:
    said = expired.acceptance
    return f"no longer accepted ({said.stance.value}: {said.reason}): {expired.why}"


def _accepted(answer: Answer) -> Iterator[str]:
    """What people have answered is shown, and short."""
    for finding in answer.lost:
        said = answer.accepted.holding.get(finding.id)
        if said is not None:
            yield f"{finding.sentence} [{finding.kind}] {finding.id}: {accepted_words(said)}"
    for verdict in answer.verdicts:
        mutant = verdict.mutant
        said = answer.accepted.holding.get(mutant.id)
        if said is not None:
            place = f"{mutant.path}:{mutant.span.start_line} {unit_name(mutant.scope)}"
            yield f"Accepted: {place} [{mutant.operator}] {mutant.id} ({accepted_words(said)})"


def accepted_words(said: Acceptance) -> str:
    until = f", until {said.until.isoformat()}" if said.until else ""
    return f"{said.stance.value}{until}: {said.reason}"


# -- the rest


def _failures(answer: Answer, limit: int) -> Iterator[str]:
    failed = [r for r in answer.results.values() if r.outcome in BAD_RESULTS]
    if not failed:
        return
    yield f"{plural(len(failed), 'test')} failed without any mutant; mend these first:"
    for result in failed[:limit]:
        yield f"  {result.node_id}: {failure_words(result)}"
    if len(failed) > limit:
        yield f"  … and {len(failed) - limit} more: --all shows them."
    if answer.is_of_change:
        yield "  `assay diagnose` says why they fail, whose fault it is, and what to edit."


def failure_words(result: TestResult) -> str:
    failure = result.failure
    if failure is None:
        return result.outcome.value
    text = f"{failure.exception}: {failure.message}" if failure.message else failure.exception
    return text if failure.phase == "call" else f"in {failure.phase}: {text}"


def _inconclusive(answer: Answer, limit: int) -> Iterator[str]:
    yield from (f"Not conclusive: {line}." for line in inconclusive_lines(answer, limit))


def inconclusive_lines(answer: Answer, limit: int = SHOWN) -> Iterator[str]:
    """Why the answer, or a part of its mutants, cannot be trusted."""
    yield from answer.inconclusive
    unknown = [v for v in answer.every_verdict if is_inconclusive(v)]
    reasons = Counter(verdict.reason for verdict in unknown)
    for reason, count in reasons.most_common(limit):
        example = next(v for v in unknown if v.reason == reason)
        yield f"{plural(count, 'mutant')} (such as {example.mutant.id}): {reason}"


def notice_lines(answer: Answer) -> Iterator[str]:
    """All that the reader must know, a sentence each."""
    for line in _notices(answer, 10**9):
        yield line.removeprefix("Note: ")


def _notices(answer: Answer, limit: int) -> Iterator[str]:
    for notice in answer.notices:
        yield f"Note: {notice}."
    # The cases of one test that fail alike are one thing to look at.
    cases: dict[tuple[str, str], list[str]] = {}
    for node_id, why in sorted(answer.flaky.items()):
        cases.setdefault((node_id.partition("[")[0], why), []).append(node_id)
    for (test, why), same in list(cases.items())[:limit]:
        name = same[0] if len(same) == 1 else f"{test} ({len(same)} of its cases)"
        yield f"Note: {name} {why}; it was not used as a killer."
    if len(cases) > limit:
        yield f"… and {len(cases) - limit} more such tests: --all shows them."


def _foot(answer: Answer) -> Iterator[str]:
    if answer.interrupted:
        yield "Interrupted: what was finished is kept; run the same command again to go on."
    seconds = ", ".join(f"{name} {value:.1f} s" for name, value in answer.seconds.items())
    v = answer.versions
    yield f"Python {v['python']}, mutmut {v['mutmut']}, assay {v['assay']}; {seconds}."


def selection_text(selection: Selection, everything: bool, compared: str) -> str:
    """The selected tests with the reason for each, grouped by reason."""
    total = len(selection.selected) + len(selection.dropped)
    count = len(selection.selected)
    lines = [f"{count} of {_tests(total)} can be affected.", f"Compared: {compared}."]
    groups: dict[str, list[str]] = {}
    for test in selection.selected:
        groups.setdefault(test.reasons[0].text, []).append(test.node_id)
    for reason, tests in groups.items():
        lines += ["", f"{len(tests)} because: {reason}"]
        limit = len(tests) if everything else SHOWN
        lines += [f"  {node_id}" for node_id in tests[:limit]]
        if len(tests) > limit:
            lines.append(f"  … and {len(tests) - limit} more: --all shows them.")
    return "\n".join(lines) + "\n"


def _tests(count: int) -> str:
    return plural(count, "test")


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def mutants_text(mutants: Iterable[Mutant], left: Sequence[Left], everything: bool) -> str:
    """Mutants that have not been run, a line each; those that would not be, if all are wanted."""
    rows = [_listed(mutant) for mutant in mutants]
    headers = ["id", "where", "in", "kind", "operator", "change"]
    parts = [_table(rows, headers)]
    last = f"{plural(len(rows), 'mutant')}."
    if left:
        line = left_line(Counter(one.reason for one in left))
        if everything:
            rows = [[*_listed(one.mutant), one.reason] for one in left]
            parts.append(_table(rows, [*headers, "not run"]))
        else:
            line = f"{line.removesuffix('.')}; --all lists them."
        last += f"\n{line}"
    return "\n\n".join([*parts, last]) + "\n"


def _table(rows: list[list[str]], headers: list[str]) -> str:
    return tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)


def _listed(mutant: Mutant) -> list[str]:
    return [
        mutant.id,
        f"{mutant.path}:{mutant.span.start_line}",
        unit_name(mutant.scope),
        mutant.kind,
        mutant.operator,
        f"{_short(mutant.original)} → {_short(mutant.replacement)}",
    ]


def _short(text: str, limit: int = 40) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def shown_mutant(entry: dict[str, Any], options: str = "", found: Explanation | None = None) -> str:
    """One recorded mutant, as `assay show` prints it."""
    place = f"{entry['path']}:{entry['span'][0]} {unit_name(entry['scope'])}"
    verdict = STATUS_WORDS[Status(entry["status"])]
    lines = [f"{entry['id']} {verdict}: {place} [{entry['operator']}]", ""]
    lines += entry["diff"].splitlines()
    lines.append("")
    if entry["status"] == Status.KILLED.value:
        how = "an assertion" if entry["by_assertion"] else "a crash"
        lines.append(f"Killed by {entry['killer']} ({how}): {entry['reason']}")
    elif entry["reason"]:
        lines.append(f"{entry['reason'][:1].upper()}{entry['reason'][1:]}.")
    said, over = entry.get("accepted"), entry.get("expired")
    if said:
        until = f", until {said['until']}" if said["until"] else ""
        lines.append(f"Accepted on {said['on']} ({said['as']}{until}): {said['reason']}")
    if over:
        lines.append(f"No longer accepted: {over}.")
    lines.append(f"Covering tests ({entry['tests_run']} of {len(entry['covering'])} run):")
    lines += [f"  {node_id}" for node_id in entry["covering"]] or ["  none"]
    if found is not None:
        lines += ["", *explanation_lines(found, whole=True)]
    extreme = " --extreme" if entry["operator"].startswith("extreme_") else ""
    command = f"assay mutate {entry['path']} --only {entry['id']}{extreme}{options}"
    lines += ["", f"Repeat it: {command}"]
    return "\n".join(lines) + "\n"

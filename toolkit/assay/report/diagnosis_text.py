"""A diagnosis for people: what failed in numbers, then a card for each group, in the order to fix
them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from assay.model.diagnosis import (
    Category,
    Diagnosis,
    FailingTest,
    Fault,
    Group,
    Patch,
    Proof,
    Verdict,
)
from assay.model.divergence import Divergence, NoDivergence
from assay.model.evidence import WHOLE_SUITE
from assay.report.text import SHOWN, plural

TESTS = 5

_FAULTS = {
    Fault.CODE: "code fault",
    Fault.TEST: "test fault",
    Fault.ENVIRONMENT: "the environment's fault",
    Fault.UNDECIDED: "undecided",
}


_SIGNS = {
    Fault.CODE: "a code fault",
    Fault.TEST: "a test fault",
    Fault.ENVIRONMENT: "a fault of the environment",
}


def diagnosis_text(found: Diagnosis, everything: bool, trace: bool = False) -> str:
    """The whole report; ten groups unless everything is asked for; with `trace` also the calls
    around the point where the runs part."""
    shown = found.groups if everything else found.groups[:SHOWN]
    parts = ["\n".join(head_of_diagnosis(found))]
    parts += [
        "\n".join(group_lines(number, group, everything, trace))
        for number, group in enumerate(shown, start=1)
    ]
    if len(shown) < len(found.groups):
        left = found.groups[len(shown) :]
        tests = sum(len(group.tests) for group in left)
        parts.append(f"… {plural(len(left), 'more group')} with {tests} tests: `--all` shows them")
    parts.append("\n".join(_others(found.others, everything)))
    parts.append("\n".join(f"Note: {words}" for words in found.notices))
    return "\n\n".join(part for part in parts if part) + "\n"


def head_of_diagnosis(found: Diagnosis) -> Iterator[str]:
    yield headline(found)
    yield f"Compared: {found.compared}."
    counted = found.counted
    yield (
        f"Ran: {found.ran}. Base: {counted.base_passed} of {counted.base} passed; "
        f"head: {counted.head_passed} of {counted.head}."
    )


def headline(found: Diagnosis) -> str:
    if not found.failing:
        return "Nothing fails."
    counts = Counter(one.category for one in found.failing)
    words = ", ".join(_counted(kind, counts[kind]) for kind in Category if counts[kind])
    count = plural(len(found.failing), "failure")
    return f"{count} in {plural(len(found.groups), 'group')}: {words}."


_NOUNS = frozenset({Category.NEW_FAILURE, Category.KNOWN_FAILURE, Category.COLLECTION_ERROR})


def _counted(kind: Category, count: int) -> str:
    return plural(count, kind.value) if kind in _NOUNS else f"{count} {kind.value}"


def group_lines(number: int, group: Group, everything: bool, trace: bool) -> Iterator[str]:
    """One card."""
    example, match = group.example, group.match
    name = match.cause if match is not None else "unknown cause"
    sure = f" ({match.certainty.value})" if match is not None else ""
    fault = _FAULTS[example.verdict.fault] if example.verdict is not None else ""
    yield f"{number}. {name}{sure} · {fault} · {example.category.value}"
    yield f"   {group.title}"
    for proof in match.proofs if match is not None else _plain_proofs(example):
        yield f"   {proof_line(proof)}"
    yield from _divergence_lines(group, trace)
    for line in group.hunk:
        yield f"    {line}"
    if example.verdict is not None:
        yield from (f"   {line}" for line in verdict_lines(example.verdict))
    yield from (f"   Also: {other.cause}: {other.sentence}" for other in example.matches[1:])
    if match is not None:
        yield f"   Fix: {match.fix}"
    if group.patch is not None:
        yield from _patch_lines(number, group.patch)
    yield f"   {_size(group)}"
    tests = group.tests if everything else group.tests[:TESTS]
    yield from (f"     {test}" for test in tests)
    if len(tests) < len(group.tests):
        yield f"     … and {len(group.tests) - len(tests)} more"


def _divergence_lines(group: Group, trace: bool) -> Iterator[str]:
    there = group.divergence
    if isinstance(there, NoDivergence):
        yield f"   Not compared with base: {there.reason}"
    if not isinstance(there, Divergence):
        return
    yield f"   Parts from base: {there.sentence}"
    if there.branch is not None:
        yield f"     after {there.branch.path}:{there.branch.line} it {there.branch_words}"
    if not trace:
        return
    for call in there.calls:
        mark = "> " if call.is_origin else "  "
        yield f"     {mark}{'  ' * call.depth}{call.place.path}:{call.place.line} {call.place.name}"
        yield f"         {'  ' * call.depth}base: {call.base or 'no such call'}"
        yield f"         {'  ' * call.depth}head: {call.head or 'no such call'}"
    yield from (f"     {words}" for words in there.notes)


def _patch_lines(number: int, patch: Patch) -> Iterator[str]:
    if not patch.verified:
        yield f"   Tried, and not good: {patch.words}: {patch.outcome}"
        return
    yield f"   Patch: {patch.words}: {patch.outcome}; `assay diagnose --patch {number}` prints it"
    yield from (f"    {line}" for line in patch.text.splitlines() if line[:3] not in ("---", "+++"))


def _size(group: Group) -> str:
    words = f"{_counted_tests(group)}, {_places(group)}"
    if group.first:
        return f"{words}; first, for it may hide other failures:"
    return f"{words}:"


def _counted_tests(group: Group) -> str:
    evidence = group.example.evidence
    if not evidence or evidence[0].phase != "collect":
        return plural(len(group.tests), "test")
    files = [one for one in group.tests if one != WHOLE_SUITE]
    what = plural(len(files), "file") if files else "nothing is collected"
    if not group.hides:
        return what
    not_run = (
        f"{plural(group.hides, 'test')} of base {'does' if group.hides == 1 else 'do'} not run"
    )
    return f"{what}, for which {not_run}" if files else f"{what} ({not_run})"


def _places(group: Group) -> str:
    edits = group.edits
    verdict = group.example.verdict
    undecided = verdict is not None and verdict.fault is Fault.UNDECIDED
    is_patched = group.patch is not None and group.patch.verified
    if undecided and edits.sources and edits.tests and not is_patched:
        places = plural(edits.sources, "place")
        return f"{places} to edit in the sources, or {edits.tests} in the tests"
    return f"{plural(group.effort, 'place')} to edit"


def _plain_proofs(example: FailingTest) -> tuple[Proof, ...]:
    """Of a failure of unknown cause: where it came to light, and the message."""
    if not example.evidence:
        return ()
    error = example.evidence[0].main
    frame = error.last_own_frame
    proofs = [] if frame is None else [Proof("raised at", frame.source, frame.place, "head")]
    return (*proofs, Proof("message", error.message[:400]))


def proof_line(proof: Proof) -> str:
    label = " ".join(part for part in (proof.side, proof.label) if part)
    place = f" {proof.place}" if proof.place else ""
    text = proof.text.replace("\n", "\n       ")
    return f"{label}{place}: {text}" if text else f"{label}{place}"


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    yield f"Verdict: {_FAULTS[verdict.fault]}: {verdict.rule}"
    for fault in (Fault.CODE, Fault.TEST, Fault.ENVIRONMENT):
        for sign in verdict.signs:
            if sign.fault is fault:
                yield f"  {'' if sign.alone else 'weak '}sign of {_SIGNS[fault]}: {sign.words}"
    for sign in verdict.beside:
        neutral = sign.fault is Fault.UNDECIDED
        whose = "for neither" if neutral else f"for {_SIGNS[sign.fault]}, and does not count"
        yield f"  {whose}: {sign.words}"


def _others(others: Iterable[FailingTest], everything: bool) -> Iterator[str]:
    kinds = (Category.VANISHED, Category.NEWLY_SKIPPED, Category.NEWLY_PASSING)
    for kind in kinds:
        tests = [one for one in others if one.category is kind]
        if not tests:
            continue
        yield f"{kind.value.capitalize()}: {plural(len(tests), 'test')}"
        shown = tests if everything else tests[:TESTS]
        yield from (f"  {one.test}{f': {one.words}' if one.words else ''}" for one in shown)
        if len(shown) < len(tests):
            yield f"  … and {len(tests) - len(shown)} more"

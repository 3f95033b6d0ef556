"""What the records of the verbs about failing tests and about seams say to an agent."""

from __future__ import annotations

import shlex
from collections import Counter

from assay.agents.readings import Item, Reading, Record, counted

FEW = 8
"""Tests named in a piece of evidence."""


def of_diagnosis(record: Record) -> Reading:
    """`assay diagnose`: a group of failures an item, in the order in which to mend them, then the
    failures that are in none."""
    groups, failing = record["groups"], record["failing"]
    counts = Counter(one["category"] for one in failing)
    words = ", ".join(f"{count} {category}" for category, count in counts.most_common())
    headline = (
        f"{counted(len(failing), 'failing test')}{': ' * bool(words)}{words}; "
        f"{counted(len(groups), 'group')}, the one to mend first at the top. "
        f"Compared: {record['compared']}."
    )
    by_test = {one["test"]: one for one in failing}
    items = [
        _group(number, group, by_test.get(group["tests"][0]))
        for number, group in enumerate(groups, start=1)
    ]
    grouped = {test for group in groups for test in group["tests"]}
    items += [_lone(one) for one in failing if one["test"] not in grouped]
    others = Counter(one["category"] for one in record["others"])
    notes = [f"{count} tests are {category}." for category, count in others.items()]
    return Reading(headline, tuple(items), (*notes, *record["notices"]))


def _group(number: int, group: Record, example: Record | None) -> Item:
    matches, verdict, patch = group["matches"], group["verdict"], group["patch"]
    best = matches[0] if matches else None
    fault = "undecided" if verdict is None else verdict["fault"]
    evidence = []
    if verdict is not None:
        evidence.append(f"verdict {fault}: {verdict['rule']}")
        evidence += [f"sign of {sign['fault']}: {sign['words']}" for sign in verdict["signs"]]
    if best is not None:
        evidence += [_proof(proof) for proof in best["proofs"]]
    elif example is not None:
        evidence += _raised(example)
    parted = (group.get("divergence") or {}).get("sentence", "")
    if parted:
        evidence.insert(0, f"parts from base: {parted}")
    also = [f"also {one['cause']} ({one['certainty']}): {one['sentence']}" for one in matches[1:]]
    good = patch is not None and patch["verified"]
    tests = group["tests"]
    return Item(
        group["title"] if best is None else best["sentence"],
        id=str(number),
        kind=f"{group['cause'] or 'no known cause'}, fault: {fault}",
        place=_site(best),
        evidence=(f"{counted(len(tests), 'test')}: {_some(tests)}", *evidence, *also),
        fix="" if best is None else best["fix"],
        patch=patch["text"] if good else "",
        next=f"assay diagnose --patch {number}" if good else "",
    )


def _proof(proof: Record) -> str:
    words = (proof["side"], proof["label"], proof["place"])
    return f"{' '.join(word for word in words if word)}: {proof['text']}"


def _site(match: Record | None) -> str:
    sites = [] if match is None else match["sites"]
    return f"{sites[0]['path']}:{sites[0]['line']}" if sites else ""


def _lone(one: Record) -> Item:
    words = one["words"] or one["category"]
    return Item(words, one["test"], one["category"], evidence=tuple(_raised(one)))


def _raised(one: Record) -> list[str]:
    """What a failing test raised, and in which line."""
    return [
        f"{raised['type']} in {phase['phase']}{_last(raised['frames'])}: {raised['message']}"
        for phase in one["evidence"]
        for raised in phase["chain"][-1:]
    ]


def _last(frames: list[Record]) -> str:
    return f" at {frames[-1]['path']}:{frames[-1]['line']}" if frames else ""


def of_verification(record: Record) -> Reading:
    """`assay verify`: an objection an item."""
    word = "Verified" if record["holds"] else "Not verified"
    headline = (
        f"{word}: {len(record['fixed'])} of {counted(len(record['wanted']), 'failure')} mended, "
        f"{counted(len(record['objections']), 'objection')}. "
        f"{counted(record['ran'], 'test')} ran in {' and '.join(record['orders']) or 'no order'}."
    )
    items = [Item(one["words"], one["test"], one["trouble"]) for one in record["objections"]]
    return Reading(headline, tuple(items), tuple(record["notices"]))


def of_isolation(record: Record) -> Reading:
    """`assay isolate`: the tests that make the difference, then the state that they leave."""
    causes, test = record["causes"], record["test"]
    alone = ", ".join(record["alone"]) or "not run"
    headline = (
        f"{test}: {record['dependence']}. Alone: {alone}; "
        f"together: {record['together'] or 'not run'}. Caused by {counted(len(causes), 'test')}."
    )
    items = [
        Item(f"{test} ends otherwise after it.", cause, "cause", next=record["command"])
        for cause in causes
    ]
    items += [_leak(leak) for leak in record["leaks"]]
    failure = record["failure"]
    notes = [f"It fails by {failure['exception']}: {failure['message']}"] if failure else []
    if record["cleaners"]:
        notes.append(f"Tests that undo it: {_some(record['cleaners'])}.")
    return Reading(headline, tuple(items), (*notes, *_ending(record)))


def _leak(leak: Record) -> Item:
    line = leak["line"] or leak["test_line"]
    return Item(
        f"{leak['name']} is left changed by {leak['writer']}.",
        kind=leak["kind"],
        place=f"{line['path']}:{line['line']}" if line else "",
        evidence=(f"before: {leak['before']}; after: {leak['after']}",),
        fix=leak["fix"],
    )


def of_flakiness(record: Record) -> Reading:
    """`assay flaky`: a test with both outcomes an item."""
    varying = record["varying"]
    headline = (
        f"{len(varying)} of {counted(record['tests'], 'test')} do not always end alike "
        f"(seed {record['seed']}); {len(record['failing'])} always fail."
    )
    items = [
        Item(
            f"It failed in {one['failures']} of {counted(one['runs'], 'run')}: {one['message']}",
            one["test"],
            ", ".join(one["axes"]),
            evidence=(
                f"rate from {one['low']:.0%} to {one['high']:.0%}",
                *(f"fails: {text}" for text in one["failing"][:1]),
                *(f"passes: {text}" for text in one["passing"][:1]),
            ),
            next=f"assay isolate {shlex.quote(one['test'])}",
        )
        for one in varying
    ]
    return Reading(headline, tuple(items), _ending(record))


def of_integration(record: Record) -> Reading:
    """`assay integration`: a card an item."""
    counts = ", ".join(f"{count} {state}" for state, count in record["counts"].items())
    headline = (
        f"{counted(len(record['seams']), 'seam')} between {counted(record['modules'], 'module')}: "
        f"{counts}; {counted(len(record['drifts']), 'mock')} drifted from the real thing."
    )
    items = [
        Item(
            card["sentence"],
            f"{card['callee']['path']}::{card['callee']['unit']}",
            card["kind"],
            f"{card['path']}:{card['line']}",
            tuple(f"{piece['label']}: {piece['text']}" for piece in card["evidence"]),
            card["fix"],
        )
        for card in record["cards"]
    ]
    left = [f"Left out: {count} ({why})." for why, count in record["left_out"].items()]
    return Reading(headline, tuple(items), (*left, *_ending(record)))


def _ending(record: Record) -> tuple[str, ...]:
    interrupted = ("Interrupted: not all was tried.",) if record["interrupted"] else ()
    return (*interrupted, *record["notices"])


def _some(tests: list[str]) -> str:
    rest = len(tests) - FEW
    return ", ".join(tests[:FEW]) + (f" and {rest} more" if rest > 0 else "")

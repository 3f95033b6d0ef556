"""What the JSON record of each verb says in a headline and a list of things to act on."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to know or to act on; what does not apply is empty.

    `id` names it for other verbs (a test's is its node id), `place` is PATH:LINE or PATH,
    `evidence` what the sentence rests on, a piece each, `fix` the smallest answer in words or code,
    `patch` the same as a unified diff, `next` the command that tells more.
    """

    sentence: str
    id: str = ""
    kind: str = ""
    place: str = ""
    evidence: tuple[str, ...] = ()
    fix: str = ""
    patch: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A record read: `items` the weightiest first and as many as there are; `notes` what else the
    reader must know."""

    headline: str
    items: tuple[Item, ...] = ()
    notes: tuple[str, ...] = ()


Read = Callable[[Any], Reading]

_GOOD = frozenset({"passed", "skipped", "xfailed", "xpassed"})
_EXCERPT_LINES = 12


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


# -- impact, gate, mutate, merge


def of_answer(record: Record) -> Reading:
    """An answer to a change, or about mutants; docs/json.md#answer."""
    return Reading(" ".join(_answer_lines(record)), tuple(_answer_items(record)), _notes(record))


def of_gate(record: Record) -> Reading:
    """An answer, and before it what the policy refuses."""
    answer, gate = of_answer(record), record["gate"]
    refusals = tuple(
        Item(one["sentence"], kind=one["rule"], evidence=tuple(one["items"]), fix=one["next"])
        for one in gate["refusals"]
    )
    passed = "passed" if gate["passed"] else "refused"
    policy = gate["policy"]["name"]
    headline = f"Gate {passed} by the policy {policy}. {answer.headline}"
    return Reading(headline, (*refusals, *answer.items), (*gate["remarks"], *answer.notes))


def of_mutate(record: Record) -> Reading:
    """Verdicts, or with `list` the mutants that there are."""
    if "verb" in record:
        return of_answer(record)
    mutants = record["mutants"]
    items = [Item(_change_of(m), m["id"], m["operator"], _place(m)) for m in mutants]
    left = record.get("left", ())
    notes = (f"{len(left)} are not run.",) if left else ()
    return Reading(f"{counted(len(mutants), 'mutant')}.", tuple(items), notes)


def _answer_lines(record: Record) -> Iterator[str]:
    units, verdicts = record["units"], record["mutants"]
    if record["verb"] != "mutate":
        guards = Counter(unit["guard"] for unit in units)
        words = ", ".join(f"{count} {guard}" for guard, count in guards.most_common())
        yield f"{counted(len(units), 'unit')} changed{': ' * bool(words)}{words}."
    if record["lost"]:
        yield f"Guard lost: {counted(len(record['lost']), 'mutant')} that tests used to notice."
    yield f"Compared: {record['compared']}."
    results = Counter(test["outcome"] for test in record["tests"])
    if results:
        words = ", ".join(f"{count} {outcome}" for outcome, count in results.most_common())
        selected = len(record["selection"]["selected"])
        yield f"{selected} of {counted(record['collected'], 'test')} selected: {words}."
    if verdicts:
        states = Counter(one["status"] for one in verdicts)
        words = ", ".join(f"{count} {status}" for status, count in states.most_common())
        yield f"{counted(len(verdicts), 'mutant')}: {words}."
    if record["partial"] is not None:
        partial = record["partial"]
        reached = partial["chosen"] - partial["not_reached"]
        yield f"Partial: {reached} of {counted(partial['mutants'], 'mutant')}."
    if record["interrupted"]:
        yield "Interrupted: the same call goes on from here."


def _answer_items(record: Record) -> Iterator[Item]:
    yield from (_failed(test) for test in record["tests"] if test["outcome"] not in _GOOD)
    yield from (of_finding(one) for one in record["lost"] if not one.get("accepted"))
    still = [one for one in record["mutants"] if not one.get("accepted")]
    survivors = [one for one in still if one["status"] == "Survived"]
    yield from map(_survivor, sorted(survivors, key=lambda one: not _proposal(one)))
    yield from map(_unguarded, (u for u in record["units"] if u["guard"] in _UNGUARDED))
    yield from _uncovered(still)
    yield from (of_finding(one) for one in record["findings"] if not one.get("accepted"))


def _failed(test: Record) -> Item:
    failure, name, kind = test["failure"], test["test"], f"test {test['outcome']}"
    if failure is None:
        return Item(f"It ended as: {test['outcome']}.", name, kind, next="assay diagnose")
    sentence = f"{failure['exception']} in {failure['phase']}: {failure['message']}"
    excerpt = "\n".join(failure["excerpt"].splitlines()[-_EXCERPT_LINES:])
    return Item(sentence, name, kind, evidence=(excerpt,), next="assay diagnose")


def _why(subject: str) -> str:
    return f"assay why {shlex.quote(subject)}"


_UNGUARDED = {
    "touched only": "{tests} run it, and none notices a mutant of the changed lines.",
    "only mocked": "No test runs it; {tests} put a stand-in in its place.",
    "untouched": "No test runs it.",
    "not conclusive": "Its mutants did not all get a verdict, and none was killed.",
}


def _unguarded(unit: Record) -> Item:
    tests = unit["mocking"] or unit["touching"]
    sentence = _UNGUARDED[unit["guard"]].format(tests=counted(len(tests), "test"))
    name = f"{unit['path']}::{unit['unit']}"
    place = f"{unit['path']}:{unit['line']}"
    fix = "" if unit["touching"] else f"Write a test that runs {unit['unit']} itself."
    return Item(sentence, name, unit["guard"], place, tuple(tests), fix, next=_why(place))


def _uncovered(mutants: Iterable[Record]) -> Iterator[Item]:
    """One item for each unit with mutants that no test runs."""
    lines: dict[tuple[str, str], set[int]] = {}
    for one in mutants:
        if one["status"] == "NoCoverage":
            lines.setdefault((one["path"], one["unit"]), set()).add(one["line"])
    for (path, unit), numbers in lines.items():
        where = ", ".join(str(number) for number in sorted(numbers))
        sentence = f"No test runs line {where} of {unit}."
        place = f"{path}:{min(numbers)}"
        yield Item(sentence, f"{path}::{unit}", "not covered", place, next=_why(place))


def _survivor(mutant: Record) -> Item:
    found = mutant["explanation"] or {}
    sentence = f"No test notices it when {mutant['unit']} has {_change_of(mutant)}."
    why = found.get("sentence", "")
    evidence = [f"{why}." if why else ""]
    if found.get("before") or found.get("after"):
        evidence.append(f"{found['what']}: {found['before']}; mutated: {found['after']}")
    if found.get("given"):
        evidence.append("given " + ", ".join(f"{name}={text}" for name, text in found["given"]))
    return Item(
        sentence,
        mutant["id"],
        "survivor",
        _place(mutant),
        tuple(evidence),
        _fix_of(mutant),
        next=f"assay show {mutant['id']}",
    )


def _proposal(mutant: Record) -> Record | None:
    found: Record = mutant["explanation"] or {}
    proposal: Record | None = found.get("proposal")
    return proposal


def _fix_of(mutant: Record) -> str:
    proposal = _proposal(mutant)
    if proposal is None:
        advice: str = (mutant["explanation"] or {}).get("advice", "")
        return advice
    where = f"{proposal['path']}:{proposal['line']}"
    runs = counted(proposal["clean_runs"], "clean run")
    return f"Add at {where}: {proposal['code']} (passed {runs}, fails with the mutant)"


def _change_of(mutant: Record) -> str:
    old, new = mutant["original"].strip(), mutant["replacement"].strip()
    return f"`{new}` in place of `{old}`" if new else f"`{old}` taken away"


def _place(row: Record) -> str:
    return f"{row['path']}:{row['line']}"


# -- the other verbs


def of_mutant(record: Record) -> Reading:
    """`assay show`: one mutant; docs/json.md#mutant."""
    item = _survivor(record) if record["status"] == "Survived" else _noticed(record)
    tests = "covered by " + ", ".join(record["covering"]) if record["covering"] else ""
    proposal = _proposal(record)
    whole = Item(
        item.sentence,
        item.id,
        record["status"],
        item.place,
        (record["diff"], *item.evidence, tests),
        item.fix,
        "" if proposal is None else proposal["patch"],
        f"assay mutate {shlex.quote(record['path'])} --only {record['id']}",
    )
    return Reading(f"{record['id']} {record['status']}: {item.place} {record['unit']}.", (whole,))


def _noticed(mutant: Record) -> Item:
    by = f" by {mutant['killer']}" if mutant["killer"] else ""
    how = " (an assertion)" if mutant["by_assertion"] else ""
    reason = f": {mutant['reason']}" if mutant["reason"] else ""
    return Item(f"{mutant['status']}{by}{how}{reason}.", mutant["id"], place=_place(mutant))


def of_selection(record: Record) -> Reading:
    """`assay select`: docs/json.md#selection."""
    selected, dropped = record["selected"], record["dropped"]
    total = len(selected) + len(dropped)
    headline = (
        f"{len(selected)} of {counted(total, 'test')} can be affected. "
        f"Compared: {record['compared']}."
    )
    return Reading(headline, tuple(map(_selected, selected)))


def _selected(test: Record) -> Item:
    reason = test["reasons"][0]
    chain = tuple(" <- ".join(one["chain"]) for one in test["reasons"] if one["chain"])
    return Item(reason["text"], test["test"], reason["kind"], evidence=chain)


def of_why(record: Record) -> Reading:
    """`assay why` of a test or of a line: docs/json.md#why."""
    return _why_line(record) if "line" in record else _why_test(record)


def _why_test(record: Record) -> Reading:
    chosen = "selected" if record["selected"] else "not selected"
    reasons = "; ".join(record["reasons"])
    headline = f"{record['test']} is {chosen} ({record['compared']})"
    ran: dict[str, list[str]] = {}
    for unit in record["units"]:
        path, _, name = unit.partition("::")
        ran.setdefault(path, []).append(name)
    items = [
        Item("ran " + ", ".join(names), kind="code", place=path) for path, names in ran.items()
    ]
    items += [
        Item("uses it, and by it " + ", ".join(units), key, "through")
        for key, units in record["through"].items()
        if units
    ]
    items += [Item("read while it ran", kind="file", place=path) for path in record["files"]]
    notes = (
        f"The last recorded outcome is: {record['outcome']}.",
        *(f"It depends on anything: it {why}." for why in record["opaque"]),
    )
    return Reading(f"{headline}{': ' * bool(reasons)}{reasons}.", tuple(items), notes)


def _why_line(record: Record) -> Reading:
    ran, unit, through = record["ran_the_line"], record["ran_the_unit"], record["through"]
    headline = (
        f"{record['path']}:{record['line']} is in {record['unit']}: {counted(len(ran), 'test')} "
        f"ran the line, {len(unit)} other lines of it, {len(through)} depend on it otherwise."
    )
    items = [Item("ran the line", test, "test") for test in ran]
    items += [Item("ran other lines of the unit", test, "test") for test in unit]
    items += [
        Item("depends on it through " + " <- ".join(chain), test, "test")
        for test, chain in through.items()
    ]
    stale = ("The file changed since the map was recorded.",) if record["stale"] else ()
    return Reading(headline, tuple(items), stale)


def of_weaknesses(record: Record) -> Reading:
    """`assay weaknesses`: docs/json.md#weaknesses."""
    found = record["findings"]
    counts = Counter(one["kind"] for one in found)
    words = ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
    about = f"{record['looked_at']} of {counted(record['collected'], 'test')}"
    headline = f"{counted(len(found), 'finding')} at level {record['level']} about {about}"
    headline += f": {words}." if words else "."
    left = tuple(f"Left out: {count} ({why})." for why, count in record["left_out"].items())
    return Reading(headline, tuple(map(of_finding, found)), (*_notes(record), *left))


def of_finding(row: Record) -> Item:
    """A finding as all records have them: docs/json.md#finding."""
    return Item(
        sentence=row["sentence"],
        id=row["id"],
        kind=row["kind"],
        place=_place(row),
        evidence=tuple(f"{one['label']}: {one['text']}" for one in row["evidence"]),
        fix=row["fix"],
        patch=row["patch"],
    )


def _notes(record: Record) -> tuple[str, ...]:
    broken = [f"Not conclusive: {text}" for text in record["inconclusive"]]
    flaky = [f"{test} was not used: {why}" for test, why in record.get("flaky", {}).items()]
    return (*broken, *flaky, *record["notices"])


# -- any record


def of_any(record: Any) -> Reading:
    """A record by its field names alone.

    The headline is the text under `headline`, `sentence` or `summary`, else how long each list is.
    Each object in a list of the record is an item, by the first of its fields with a fitting name
    (`_NAMES`), a list of texts under `notices`, `inconclusive`, `notes` or `remarks` a note.
    """
    if not isinstance(record, Mapping):
        record = {"rows": record}
    lists = {
        name: rows
        for name, rows in record.items()
        if isinstance(rows, list) and rows and all(isinstance(row, Mapping) for row in rows)
    }
    items = tuple(_any_item(name, row) for name, rows in lists.items() for row in rows)
    headline = _first(record, ("headline", "sentence", "summary")) or ", ".join(
        f"{len(rows)} {name}" for name, rows in lists.items()
    )
    notes = tuple(
        str(text)
        for name in ("inconclusive", "notices", "notes", "remarks")
        for text in record.get(name) or ()
    )
    return Reading(headline or "Nothing found.", items, notes)


_NAMES: Mapping[str, tuple[str, ...]] = {
    "sentence": ("sentence", "headline", "message", "words", "text", "reason", "why"),
    "id": ("id", "test", "node_id", "nodeid", "name"),
    "kind": ("kind", "cause", "category", "verdict", "outcome", "status"),
    "fix": ("fix", "advice", "todo"),
    "patch": ("patch",),
    "next": ("next", "command"),
}


def _any_item(name: str, row: Record) -> Item:
    texts = {field: _first(row, names) for field, names in _NAMES.items()}
    place = _first(row, ("place", "where"))
    if "path" in row:
        place = _place(row) if "line" in row else str(row["path"])
    kind = texts.pop("kind") or name
    sentence = texts.pop("sentence") or place or texts["id"]
    evidence = tuple(_piece(piece) for piece in row.get("evidence") or ())
    return Item(sentence, kind=kind, place=place, evidence=evidence, **texts)


def _first(row: Record, names: Iterable[str]) -> str:
    return next((row[name] for name in names if isinstance(row.get(name), str) and row[name]), "")


def _piece(piece: Any) -> str:
    if isinstance(piece, Mapping):
        return ": ".join(str(piece[name]) for name in ("label", "text") if piece.get(name))
    return str(piece)

"""The lists of the HTML page as one small JSON value (pure).

Keys are short and what repeats stands once: 5,000 mutants are some 3 MB. A killed mutant has the
change in a few words, every other one its diff; of covering tests the nearest are named.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assay.model.finding import Evidence, Finding
from assay.model.mutant import Mutant, Status, Verdict
from assay.model.source import unit_name
from assay.mutation.positions import LineTable
from assay.report.explained import explanation_lines
from assay.report.html_page import Page
from assay.report.text import accepted_words, expired_words
from assay.verdict.answer import is_inconclusive

NAMED_TESTS = 500
"""So many covering tests of a mutant are in the page; the number of all is."""

SOURCE_BYTES = 4_000_000
"""So much source is in the page: files with open survivors first."""

SHOWN_LINES = 12
"""Of each side of a killed mutant's change."""

LETTERS = {
    Status.KILLED: "K",
    Status.SURVIVED: "S",
    Status.NO_COVERAGE: "N",
    Status.TIMEOUT: "T",
    Status.COMPILE_ERROR: "C",
    Status.RUNTIME_ERROR: "R",
    Status.IGNORED: "I",
    Status.PENDING: "P",
}


class Table:
    """Values that repeat, each once, by its place."""

    def __init__(self) -> None:
        self.places: dict[Any, int] = {}

    def place(self, value: Any) -> int:
        return self.places.setdefault(value, len(self.places))

    def values(self) -> list[Any]:
        return list(self.places)


def page_data(page: Page) -> dict[str, Any]:
    """`tests`, `sets` (places of tests) and `files` are referred to by their places in the list."""
    tests, sets, paths = Table(), Table(), Table()
    mutated = {v.mutant.path for v in page.verdicts}
    for path in sorted(mutated | {one.path for one in page.changed}):
        paths.place(path)
    rows = [_mutant(page, verdict, tests, sets, paths) for verdict in page.verdicts]
    return {
        "mutants": rows,
        "files": _files(page, paths.values()),
        "findings": [_finding(page, one) for one in page.findings],
        "sets": [list(places) for places in sets.values()],
        "tests": tests.values(),
    }


def _mutant(
    page: Page, verdict: Verdict, tests: Table, sets: Table, paths: Table
) -> dict[str, Any]:
    mutant, name = verdict.mutant, verdict.mutant.id
    status = verdict.status
    covering = tuple(tests.place(test) for test in verdict.covering[:NAMED_TESTS])
    row: dict[str, Any] = {
        "i": name,
        "f": paths.place(mutant.path),
        "u": unit_name(mutant.scope),
        "o": mutant.operator,
        "s": LETTERS[status],
        "l": mutant.span.start_line,
        "n": len(verdict.covering),
    }
    if status is Status.KILLED:
        row["b"], row["a"] = _short(mutant.original), _short(mutant.replacement)
        row["y"] = int(verdict.by_assertion)
    else:
        row["d"] = hunk(page.diffs.get(name, ""))
        row["c"] = sets.place(covering)
    if verdict.killer:
        row["k"] = tests.place(verdict.killer)
    if verdict.reason:
        row["r"] = verdict.reason
    if is_inconclusive(verdict):
        row["q"] = 1
    said = page.accepted.holding.get(name)
    if said is not None:
        row["h"] = accepted_words(said)
    notes = [_evidence(one) for one in notes_of(page, verdict)]
    if notes:
        row["w"] = notes
    return row


def notes_of(page: Page, verdict: Verdict) -> Iterator[Evidence]:
    """What is known of one mutant besides its verdict, in the order shown beside its tests: why it
    survived, where a run found that out, belongs here."""
    name = verdict.mutant.id
    found = page.explanations.get(name)
    if found is not None:
        yield Evidence("why it survived", "\n".join(explanation_lines(found)))
        if found.proposal is not None:
            yield Evidence("proposed assertion", found.proposal.patch, "diff")
    if name in page.accepted.expired:
        yield Evidence("answered before", expired_words(page.accepted.expired[name]))
    if verdict.reused is not None and verdict.reused.commit:
        yield Evidence("measured", f"by an earlier run, at {verdict.reused.commit[:7]}")


def hunk(diff: str) -> str:
    """A unified diff without the lines that name the file."""
    lines = diff.splitlines()
    return "\n".join(line for line in lines if not line.startswith(("--- ", "+++ ")))


def _short(text: str) -> str:
    lines = text.split("\n")
    if len(lines) > SHOWN_LINES:
        lines = [*lines[: SHOWN_LINES - 1], f"… {len(lines) - SHOWN_LINES + 1} more lines"]
    return "\n".join(line if len(line) <= 300 else line[:299] + "…" for line in lines)


def _evidence(piece: Evidence) -> list[str]:
    return [piece.label, piece.text, piece.language]


def _finding(page: Page, finding: Finding) -> dict[str, Any]:
    said = page.accepted.holding.get(finding.id)
    return {
        "i": finding.id,
        "kind": finding.kind,
        "at": f"{finding.anchor.path}:{finding.anchor.line}",
        "u": unit_name(finding.anchor.unit),
        "say": finding.sentence,
        "w": [_evidence(one) for one in finding.evidence],
        "fix": finding.fix,
        "patch": finding.patch,
        "sure": finding.confidence.value,
        "cost": finding.severity.value,
        "tests": list(finding.tests[:NAMED_TESTS]),
        "n": len(finding.tests),
        "h": accepted_words(said) if said is not None else "",
    }


# -- files


def _files(page: Page, paths: list[str]) -> list[dict[str, Any]]:
    """Each mutated or changed file with its functions, and its text if that still fits."""
    by_path: dict[str, list[Verdict]] = {path: [] for path in paths}
    for verdict in page.verdicts:
        by_path[verdict.mutant.path].append(verdict)
    texts = _texts(page, by_path)
    changed = {one.path: one for one in page.changed}
    rows = []
    for path, verdicts in by_path.items():
        row: dict[str, Any] = {"p": path, "u": _functions(page, path, verdicts)}
        text = texts.get(path)
        if text is None:
            row["why"] = "The source is not in this page: it is too much of it, or has changed."
        else:
            row["t"] = text
        if path in changed:
            row["x"] = list(changed[path].lines)
            row["m"] = list(changed[path].missed)
        rows.append(row)
    return rows


def _functions(page: Page, path: str, verdicts: list[Verdict]) -> list[dict[str, Any]]:
    """In the order of the text: name, first line, guard, and how many mutants met which fate."""
    told = {(one.path, one.unit): one.guard.value for one in page.units}
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.mutant.unit, []).append(verdict)
    rows = []
    for unit, some in groups.items():
        rows.append(
            {
                "n": unit_name(unit),
                "l": min(v.mutant.span.start_line for v in some),
                "g": told.get((path, unit)) or guard_words(some),
                "k": sum(v.status is Status.KILLED for v in some),
                "s": sum(v.status is Status.SURVIVED for v in some),
                "c": len(some),
            }
        )
    return sorted(rows, key=lambda row: row["l"])


def guard_words(verdicts: list[Verdict]) -> str:
    """Of a function that no change is about: what its mutants say of its tests."""
    statuses = {verdict.status for verdict in verdicts}
    if Status.KILLED in statuses:
        return "guarded"
    if statuses & {Status.SURVIVED, Status.TIMEOUT}:
        return "touched only"
    if any(map(is_inconclusive, verdicts)):
        return "not conclusive"
    return "untouched" if Status.NO_COVERAGE in statuses else "no mutants"


def _texts(page: Page, by_path: dict[str, list[Verdict]]) -> dict[str, str]:
    """Those that fit, files with the most open survivors first."""

    def weight(path: str) -> tuple[int, str]:
        open_ones = [
            v
            for v in by_path[path]
            if v.status is Status.SURVIVED and v.mutant.id not in page.accepted.holding
        ]
        return -len(open_ones), path

    found: dict[str, str] = {}
    room = SOURCE_BYTES
    for path in sorted(by_path, key=weight):
        text = page.texts.get(path)
        if text is None or not _fits(text, [v.mutant for v in by_path[path]]):
            continue
        room -= len(text)
        if room < 0:
            break
        found[path] = text
    return found


def _fits(text: str, mutants: list[Mutant]) -> bool:
    """Whether the text is what the mutants were made of."""
    table = LineTable.of(text)
    for mutant in mutants:
        try:
            start, end = table.offsets(mutant.span)
        except ValueError:
            return False
        if text[start:end] != mutant.original:
            return False
    return True

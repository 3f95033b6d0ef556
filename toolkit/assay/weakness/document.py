"""The page on weaknesses, from the detectors: what it says is what is tested."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.source import MODULE_UNIT
from assay.weakness.detector import Detector, Example
from assay.weakness.table import DETECTORS, of_level

_HEAD = """\
# Weaknesses

What [`assay weaknesses`](verbs.md#weaknesses) finds. This page is made from the detectors; `make
weaknesspage` writes it anew. The examples are tests: exactly what is said to be found is found.

A level is what finding costs, and includes those below it.
"""

_LEVELS = {
    0: "The tests are run once, watched. No mutants.",
    1: "Mutants of the changed lines.",
    2: "Whole function bodies and statements taken away.",
    3: "Each test over the mutants that it reaches, until it kills one.",
    4: "Every test against every mutant of a package.",
}


def weaknesses_page() -> str:
    """docs/weaknesses.md."""
    parts = [_HEAD]
    for level, words in _LEVELS.items():
        detectors = of_level(level)
        if detectors:
            parts += [f"## Level {level}", "", words, "", *map(_detector, detectors)]
    parts += _alphabet()
    return "\n".join(parts)


def _alphabet() -> list[str]:
    names = ", ".join(f"[{name}](#{name})" for name in sorted(one.kind for one in DETECTORS))
    return ["## All kinds", "", f"{names}.", ""] if names else []


def _detector(one: Detector[object]) -> str:
    lines = [f"### {one.kind}", "", f"**{one.title}.** {one.definition}", ""]
    lines += [f"Why it matters: {one.why}", ""]
    lines += [f"Confidence: {one.confidence.value}, because {one.confidence_because}", ""]
    lines += ["Not reported:", "", *(f"- {guard}" for guard in one.guards), ""]
    lines += [f"Smallest fix: {one.fix}", ""]
    for example in one.examples:
        lines += _example(example)
    return "\n".join(lines)


def _example(example: Example) -> Iterator[str]:
    yield example.shows
    yield ""
    shown = [(f"{path}, at an earlier commit", text) for path, text in example.before.items()]
    for title, text in (*shown, *example.files.items()):
        yield "```python"
        yield f"# {title}"
        yield text.strip("\n")
        yield "```"
        yield ""
    if example.finds:
        yield f"Found: {_named(example.finds)}."
    if example.leaves:
        yield f"Not found: {_named(example.leaves)}."
    if not example.finds and not example.leaves:
        yield "Nothing is found."
    yield ""


def _named(subjects: tuple[str, ...]) -> str:
    return ", ".join(f"`{one.removesuffix('::' + MODULE_UNIT)}`" for one in subjects)

"""The page on root causes, from the causes: what it says is what is tested."""

from __future__ import annotations

from collections.abc import Iterator

from assay.diagnosis.cause import Cause, Example
from assay.diagnosis.table import CAUSES
from assay.model.diagnosis import Certainty

_HEAD = """\
# Root causes

What [`assay diagnose`](verbs.md#diagnose) calls the failures it finds. This page is made from the
causes; `make causepage` writes it anew. The examples are tests: exactly what is said to be found is
found, with the fault that is named.

Several causes may apply to a failure; it is called by the first in this order, which is the order
of what explains more. A failure that none applies to has no name: all its evidence is shown.
"""

_CERTAINTIES = {
    Certainty.COMPLETE: "Complete: all that the rule asks for can be seen.",
    Certainty.PARTIAL: "Partial at most: something that the rule asks for cannot be seen.",
    Certainty.HEURISTIC: "Heuristic: what is seen fits, and may have another reason.",
}


def causes_page() -> str:
    """docs/causes.md."""
    names = ", ".join(f"[{name}](#{name})" for name in sorted(one.name for one in CAUSES))
    return "\n".join([_HEAD, *map(_cause, CAUSES), "## All causes", "", f"{names}.", ""])


def _cause(one: Cause) -> str:
    lines = [f"## {one.name}", "", f"**{one.title}.** {one.rule}", ""]
    lines += [f"Shown: {one.shows}", ""]
    lines += [f"Whose fault: {one.verdict}", ""]
    lines += [f"Fix: {one.fix}", "", _CERTAINTIES[one.certainty], ""]
    if one.ambiguity:
        lines += [f"Not told apart: {one.ambiguity}", ""]
    for example in one.examples:
        lines += _example(example)
    return "\n".join(lines)


def _example(example: Example) -> Iterator[str]:
    yield f"Example: {example.shows}"
    yield ""
    for path, text in example.before.items():
        yield from _file(path if path not in example.after else f"{path}, before", text)
    for path, after in example.after.items():
        title = f"{path}, after" if path in example.before else f"{path}, new"
        if after is None:
            yield f"`{path}` is taken away."
            yield ""
        else:
            yield from _file(title, after)
    for test, fault in example.finds.items():
        yield f"- `{test}`: {fault.value}"
    for test in example.leaves:
        yield f"- `{test}` fails otherwise: not this cause"
    yield ""


def _file(title: str, text: str) -> Iterator[str]:
    yield "```python"
    yield f"# {title}"
    yield text.strip("\n")
    yield "```"
    yield ""

"""Signs that speak for the code's fault or the test's, which several causes look for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from assay.diagnosis.sides import Place, Sides
from assay.model.diagnosis import Fault, Sign

DOCUMENTS = (".md", ".rst", ".txt")

_PAST = re.compile(r"change|history|news|release|upgrad|migrat|whatsnew", re.IGNORECASE)
"""Documents that tell of what was."""


def of_documents(sides: Sides, name: str) -> Iterator[Sign]:
    """A document that the change has written the name into: the change is meant."""
    word = _told_as_code(name)
    for path in sides.changed:
        if path.lower().endswith(DOCUMENTS) and word.search(sides.added_words(path)):
            yield Sign(Fault.TEST, f"the change writes of `{name}` in {path}", path)


def _told_as_code(name: str) -> re.Pattern[str]:
    """The name as a word of its own; one that may be plain English only as code: in backticks,
    after a dot, before a bracket."""
    word = re.escape(name)
    if not name.isalpha() or not name.islower():
        return re.compile(rf"(?<!\w){word}(?!\w)")
    return re.compile(rf"(?:`|[\w)]\.|:: ?){word}(?!\w)|(?<!\w){word}(?:\(|`|=)")


def of_promises(sides: Sides, name: str, parameter: str = "") -> Iterator[Sign]:
    """A document at head, none that tells of the past, that still speaks of a name as code, or of
    a call of it with a parameter."""
    if len(name) < _TELLING:
        return
    word = re.escape(name)
    if parameter:
        pattern = re.compile(rf"\b{word}\([^()]*\b{re.escape(parameter)}\b")
    else:
        pattern = _told_as_code(name)
    for path, text in sides.documents.items():
        told = None if _PAST.search(path) else pattern.search(text)
        if told is not None:
            line = text.count("\n", 0, told.start()) + 1
            what = f"`{name}` with `{parameter}`" if parameter else f"`{name}`"
            yield Sign(Fault.CODE, f"{path}:{line} still tells of {what}", f"{path}:{line}")
            return


_TELLING = 4
"""A name so long is no common word."""


def of_callers(stale: Iterable[str], name: str) -> Iterator[Sign]:
    """`stale` are places in the sources at head that still use the old form."""
    for place in list(stale)[:5]:
        yield Sign(Fault.CODE, f"{place} still uses the old form of `{name}`", place)


def of_signature(sides: Sides, base: Place | None, head: Place | None) -> Iterator[Sign]:
    """A definition whose head line was rewritten was changed on purpose; or was put back, which
    looks the same."""
    if head is not None and head.node.lineno in sides.changed_lines(head.path):
        words = f"the definition of `{head.name}` itself was rewritten"
        yield Sign(Fault.TEST, words, head.shown, alone=False)
    elif base is not None and head is None:
        yield Sign(Fault.TEST, f"`{base.name}` was taken away", base.shown, alone=False)


def of_other_tests(sides: Sides, name: str) -> Iterator[Sign]:
    """Tests that the change has altered in lines that name the unit: others were made to follow."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    for path in sides.changed_tests:
        if word.search(sides.added_words(path)):
            yield Sign(Fault.TEST, f"{path} was changed to follow `{name}`", path)

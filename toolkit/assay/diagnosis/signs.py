"""Signs that speak for the code's fault or the test's, which several causes look for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from assay.diagnosis.sides import Place, Sides
from assay.model.diagnosis import Fault, Sign

_DOCUMENTS = (".md", ".rst", ".txt")


def of_documents(sides: Sides, name: str) -> Iterator[Sign]:
    """A document that the change has written the name into: the change is meant."""
    word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    for path in sides.changed:
        if path.lower().endswith(_DOCUMENTS) and word.search(sides.added_words(path)):
            yield Sign(Fault.TEST, f"the change writes of `{name}` in {path}", path)


def of_callers(stale: Iterable[str], name: str) -> Iterator[Sign]:
    """`stale` are places in the sources at head that still use the old form."""
    for place in list(stale)[:5]:
        yield Sign(Fault.CODE, f"{place} still uses the old form of `{name}`", place)


def of_signature(sides: Sides, base: Place | None, head: Place | None) -> Iterator[Sign]:
    """A definition whose head line was rewritten was changed on purpose."""
    if head is not None and head.node.lineno in sides.changed_lines(head.path):
        words = f"the definition of `{head.name}` itself was rewritten"
        yield Sign(Fault.TEST, words, head.shown)
    elif base is not None and head is None:
        yield Sign(Fault.TEST, f"`{base.name}` was taken away", base.shown)


def of_other_tests(sides: Sides, name: str) -> Iterator[Sign]:
    """Tests that the change has altered in lines that name the unit: others were made to follow."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    for path in sides.changed_tests:
        if word.search(sides.added_words(path)):
            yield Sign(Fault.TEST, f"{path} was changed to follow `{name}`", path)

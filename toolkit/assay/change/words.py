"""Words for a difference, and the words by which code reads docstrings and annotations (pure)."""

from __future__ import annotations

from assay.model.difference import Difference

# Not `help`: who hands over what it describes mentions that, and the word is everywhere.
DOC_WORDS = frozenset({"__doc__", "getdoc", "getcomments", "pydoc", "doctest"})


def rests_on_import(difference: Difference) -> bool:
    """Whether the difference is told by names, on the ground that the import has no effect."""
    told = difference.names - DOC_WORDS or difference.classes or difference.through == HINT_WORDS
    return bool(told) and not difference.at_import


HINT_WORDS = frozenset({"get_type_hints", "__annotations__", "signature", "getfullargspec"})


def words_of(lines: int, body: int) -> str:
    return "changed" if lines & body == body else "changed in part"

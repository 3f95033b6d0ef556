"""Words for a difference, and the words by which code reads docstrings and annotations (pure)."""

from __future__ import annotations

# Not `help`: who hands over what it describes mentions that, and the word is everywhere.
DOC_WORDS = frozenset({"__doc__", "getdoc", "getcomments", "pydoc", "doctest"})


HINT_WORDS = frozenset({"get_type_hints", "__annotations__", "signature", "getfullargspec"})


def words_of(lines: int, body: int) -> str:
    return "changed" if lines & body == body else "changed in part"

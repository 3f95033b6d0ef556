"""What recording needs to know of a source file's text, found in one reading of it (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from assay.change.version import parsed
from assay.change.walk import walk
from assay.impact.imports import AskedName, asked_names, chains
from assay.impact.kept import KeptIn, kept_in
from assay.impact.mentions import lines_with


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file keeps for later, asks for by import statements (wherever they stand) and reaches
    by attributes of imported modules; `positions`: its lines that ask for line numbers or texts."""

    kept: KeptIn
    asked: tuple[AskedName, ...]
    chains: Mapping[str, int] = field(hash=False)
    positions: int
    parses: bool = True


def read_file(path: str, text: str, words: Collection[str]) -> Reading:
    """Take a file apart, parsing it once; `words` are those that ask for positions.

    Of a text that does not parse nothing is known.
    """
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Reading(KeptIn((), (), {}, {}), (), {}, 0, parses=False)
    nodes = walk(tree)
    asked = tuple(asked_names(path, nodes))
    return Reading(
        kept=kept_in(path, tree, nodes),
        asked=asked,
        chains=chains(asked, nodes),
        positions=lines_with(text, words),
    )

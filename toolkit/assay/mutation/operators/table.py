"""All operators there are, how some of them are chosen, and the version of the table."""

from __future__ import annotations

import functools
from hashlib import sha256
from importlib import import_module
from pathlib import Path

from assay.errors import UsageError
from assay.mutation.mutmut_adapter import MUTMUT_OPERATORS, mutmut_version
from assay.mutation.operators import (
    calls,
    collections,
    conditions,
    definitions,
    exceptions,
    extreme,
    loops,
    returns,
    statements,
    values,
)
from assay.mutation.operators.base import Operator

_OURS = (
    returns,
    statements,
    conditions,
    exceptions,
    loops,
    collections,
    calls,
    values,
    definitions,
)

ASSAY: tuple[Operator, ...] = tuple(one for module in _OURS for one in module.OPERATORS)
EXTREME: tuple[Operator, ...] = extreme.OPERATORS
ALL: tuple[Operator, ...] = (*MUTMUT_OPERATORS, *ASSAY)

GROUPS = {"mutmut": MUTMUT_OPERATORS, "assay": ASSAY, "all": ALL}


def chosen(names: str, only_extreme: bool = False) -> tuple[Operator, ...]:
    """The operators of a list such as `mutmut,call_removed`, in the order of the table.

    UsageError for names that are not known.
    """
    if only_extreme:
        return EXTREME
    known = {one.name: one for one in (*ALL, *EXTREME)}
    asked = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in asked if name not in known and name not in GROUPS]
    if unknown or not asked:
        names = " or ".join(unknown)
        which = f"there is no operator {names}" if unknown else "no operator is named"
        raise UsageError(f"{which}: known are {', '.join([*GROUPS, *known])}")
    wanted = {one.name for name in asked for one in GROUPS.get(name, ())} | set(asked)
    return tuple(one for one in known.values() if one.name in wanted)


@functools.cache
def operators_version() -> str:
    """Another one whenever the operators may make other mutants of the same text: a digest of
    mutmut's version and of the source of all modules that have a part in making them."""
    digest = sha256(mutmut_version().encode())
    for name in _PARTS:
        file = import_module(name).__file__
        assert file is not None
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()[:12]


_PARTS = tuple(
    f"assay.mutation.{name}"
    for name in (
        *(f"operators.{module.__name__.rpartition('.')[2]}" for module in (*_OURS, extreme)),
        "operators.base",
        "mutmut_adapter",
        "traverse",
        "printing",
        "tree",
        "rules",
        "arid",
        "ignored",
        "equal",
        "find",
        "places",
        "syntax",
    )
)

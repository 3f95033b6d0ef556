"""Which mutants Python compiles to the same code as the original or as another mutant.

Trivial compiler equivalence: Papadakis, Jia, Harman and Le Traon (ICSE 2015).
"""

from __future__ import annotations
import __future__

import ast
import types
import warnings
from dataclasses import dataclass, field

from assay.mutation.places import Places, Region

Code = tuple[object, ...]

_FEATURES = {name: getattr(__future__, name).compiler_flag for name in __future__.all_feature_names}


def code_of(text: str, flags: int) -> Code | None:
    """What a text compiles to, without places; None if it does not compile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            code = compile(text, "<mutant>", "exec", flags=flags, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            return None
    return _essence(code)


def _essence(code: types.CodeType) -> Code:
    """All of a code object that its running can depend on; lines and columns are not."""
    return (
        code.co_code,
        tuple(map(_constant, code.co_consts)),
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        code.co_flags,
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_exceptiontable,
        code.co_name,
    )


def _constant(value: object) -> object:
    if isinstance(value, types.CodeType):
        return _essence(value)
    if isinstance(value, tuple):
        return ("tuple", *map(_constant, value))
    # 1, 1.0 and True are equal, and so are 0.0 and -0.0.
    return (type(value).__name__, repr(value) if isinstance(value, float | complex) else value)


def future_flags(tree: ast.Module | None) -> int:
    """The flags of the `from __future__` imports of a module."""
    flags = 0
    for statement in tree.body if tree is not None else ():
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            for alias in statement.names:
                flags |= _FEATURES.get(alias.name, 0)
    return flags


@dataclass(slots=True)
class Codes:
    """Compiles what is around a change, before it and after."""

    places: Places
    flags: int
    _originals: dict[Region, Code | None] = field(default_factory=dict)

    def of(self, region: Region, start: int, end: int, replacement: str) -> Code | None:
        """The code with the change; None if it does not compile."""
        return code_of(self.places.text_with(region, start, end, replacement), self.flags)

    def original(self, region: Region) -> Code | None:
        if region not in self._originals:
            self._originals[region] = self.of(region, region.start, region.start, "")
        return self._originals[region]

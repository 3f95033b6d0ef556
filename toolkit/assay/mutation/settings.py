"""What decides which mutants a file has: operators, rules, and what the user wants left alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch

from assay.mutation.operators.base import Operator
from assay.mutation.operators.table import ALL, chosen
from assay.mutation.rules import RULES, Rule, rules_without


@dataclass(frozen=True, slots=True)
class Settings:
    """`patterns` are looked for in each line; `only` and `never` are globs over paths, `only` empty
    for all files."""

    operators: tuple[Operator, ...] = ALL
    rules: tuple[Rule, ...] = RULES
    patterns: tuple[re.Pattern[str], ...] = ()
    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    described: str = field(default="all")

    def leaves_file(self, path: str) -> str:
        """Why nothing shall be made of a file, or empty."""
        if self.only and not any(fnmatch(path, glob) for glob in self.only):
            return "no pattern of only_mutate matches it"
        match = next((glob for glob in self.never if fnmatch(path, glob)), None)
        return f"do_not_mutate has {match!r}" if match is not None else ""


DEFAULTS = Settings()


def settings_of(
    operators: str = "all",
    extreme: bool = False,
    keep: Sequence[str] = (),
    patterns: Sequence[re.Pattern[str]] = (),
    only: Sequence[str] = (),
    never: Sequence[str] = (),
) -> Settings:
    """UsageError for an operator that does not exist."""
    return Settings(
        operators=chosen(operators, extreme),
        rules=rules_without(keep),
        patterns=tuple(patterns),
        only=tuple(only),
        never=tuple(never),
        described="extreme" if extreme else operators,
    )

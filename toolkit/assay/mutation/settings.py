"""What decides which mutants a file has: operators, rules, and what the user wants left alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from assay.mutation.operators.base import Operator
from assay.mutation.operators.table import ALL, chosen
from assay.mutation.rules import RULES, Rule, rules_without


@dataclass(frozen=True, slots=True)
class Settings:
    """`patterns` are looked for in each line; `only` and `never` are globs over paths relative to
    `top`, a directory of the repository; `only` is empty for all files."""

    operators: tuple[Operator, ...] = ALL
    rules: tuple[Rule, ...] = RULES
    patterns: tuple[re.Pattern[str], ...] = ()
    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    top: str = ""

    def leaves_file(self, path: str) -> str:
        """The setting by which no mutant of a file is run, or empty."""
        inside = path.removeprefix(f"{self.top}/")
        if self.only and not any(fnmatch(inside, glob) for glob in self.only):
            return "only_mutate"
        return "do_not_mutate" if any(fnmatch(inside, glob) for glob in self.never) else ""


DEFAULTS = Settings()


def settings_of(
    operators: str = "all",
    extreme: bool = False,
    keep: Sequence[str] = (),
    patterns: Sequence[str] = (),
    only: Sequence[str] = (),
    never: Sequence[str] = (),
    top: str = "",
) -> Settings:
    """UsageError for an operator that does not exist."""
    return Settings(
        operators=chosen(operators, extreme),
        rules=rules_without(keep),
        patterns=tuple(re.compile(pattern) for pattern in patterns),
        only=tuple(only),
        never=tuple(never),
        top=top,
    )

"""The names of the rules, for settings to be checked without loading what makes mutants."""

from __future__ import annotations

RULE_NAMES = (
    "docstring",
    "exception-text",
    "warning-text",
    "assert-message",
    "logging",
    "codec-name",
    "debug-name",
    "stacklevel",
    "timeout",
    "false-none",
    "type-checking",
    "overload",
    "typing",
    "all",
    "version",
    "main-guard",
    "repr",
    "abstract",
    "no-cover",
    "certain-crash",
    "lock",
)

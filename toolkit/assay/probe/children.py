"""Which child processes cannot depend on the project: well-known tools, by what they are given."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from typing import Any

# Tools that run no code of the project and read no files but those named to them (or none).
HARMLESS = frozenset(
    """
    arch awk basename cat date dirname echo expr false fc-list file gawk getconf head hostname id
    iconv kill ldconfig less locale lsb_release lscpu mawk mktemp more nproc objdump od printf ps
    pwd readlink sed sleep sort stty sw_vers tail tee touch tput tr true tty uname uniq wc which
    whoami xclip xsel pbcopy pbpaste gpg openssl
    """.split()
)

_SHELLS = frozenset({"sh", "bash", "dash", "zsh"})
_SPECIAL = frozenset(";|&<>$`()*?[]{}!~\n")


def words_of(executable: Any, arguments: Any) -> list[str] | None:
    """The command as words; None if it cannot be told what runs."""
    try:
        if isinstance(arguments, (str, bytes)):
            words = [os.fsdecode(arguments)]
        else:
            words = [os.fsdecode(word) for word in arguments]
    except TypeError:
        return None
    if executable is not None and words:
        try:
            words = [os.fsdecode(executable), *words[1:]]
        except TypeError:
            return None
    if len(words) >= 3 and os.path.basename(words[0]) in _SHELLS and words[1] == "-c":
        return _words_for_shell(words[2])
    return words or None


def _words_for_shell(text: str) -> list[str] | None:
    """A plain command for a shell; None if it needs more of the shell than cutting into words."""
    if not _SPECIAL.isdisjoint(text):
        return None
    try:
        return shlex.split(text) or None
    except ValueError:
        return None


def is_harmless(words: Iterable[str] | None, owned: bool) -> bool:
    """Whether the command is a well-known tool; `owned`: its executable lies in the project."""
    if words is None or owned:
        return False
    first = next(iter(words), "")
    return os.path.basename(first) in HARMLESS

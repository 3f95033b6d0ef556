"""Which of pytest's arguments can change how a test ends, and which only choose or show tests."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

# With a value of their own, in the next argument or after `=`.
_CHOOSE_OR_SHOW = frozenset(
    """
    -k -m -n -r --deselect --ignore --ignore-glob --maxfail --durations --durations-min --tb --color
    --capture --show-capture --cov --cov-report --cov-config --cov-context --cov-fail-under
    --junitxml --junit-xml --junitprefix --html --report-log --dist --numprocesses --maxprocesses
    --log-file --basetemp --verbosity --code-highlight --keyword --markers --pastebin
    --randomly-seed
    --cache-show --confcutdir --stepwise --splits --group --splitting-algorithm --tx --rsyncdir
    """.split()
)
_FLAGS = frozenset(
    """
    -q -v -vv -vvv -x -s -l --quiet --verbose --exitfirst --lf --last-failed --ff --failed-first
    --nf --new-first --sw --stepwise-skip --co --collect-only --no-header --no-summary --showlocals
    --no-cov --no-cov-on-fail --cov-append --cov-branch --assay --full-trace --setup-show
    --setup-plan --cache-clear --testmon --testmon-noselect --randomly-dont-reorganize --
    """.split()
)

_VARIABLES = ("PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTEST_PLUGINS", "TZ")
_AUTOLOAD = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"


def that_matter(arguments: Iterable[str]) -> list[str]:
    """The arguments without those that choose or show tests, and without paths."""
    kept: list[str] = []
    takes_next = ""
    for argument in arguments:
        if takes_next:
            if takes_next == "keep":
                kept.append(argument)
            takes_next = ""
            continue
        name, equals, value = argument.partition("=")
        if not argument.startswith("-") or argument in _FLAGS:
            continue
        if name in _CHOOSE_OR_SHOW or argument[:2] in ("-k", "-m", "-n", "-r"):
            takes_next = "" if equals or argument not in _CHOOSE_OR_SHOW else "drop"
        elif value.startswith("cache_dir=") or argument.startswith("cache_dir="):
            continue
        else:
            kept.append(argument)
            # `-p no:x`, `-o name=value`, `-W error`: short options take the next one.
            takes_next = "keep" if len(argument) == 2 else ""
    return _without_cache(kept)


def _without_cache(kept: list[str]) -> list[str]:
    """Where pytest keeps its cache changes no result, nor does having one."""
    found: list[str] = []
    for argument in kept:
        before = found[-1] if found else ""
        cache = argument.startswith("cache_dir=") and before == "-o"
        if cache or (argument == "no:cacheprovider" and before == "-p"):
            found.pop()
        else:
            found.append(argument)
    return found


def facts(arguments: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """What a run's arguments and environment add to the fingerprint."""
    try:
        more = shlex.split(environ.get("PYTEST_ADDOPTS", ""))
    except ValueError:
        more = [environ["PYTEST_ADDOPTS"]]
    found = {"pytest arguments": " ".join([*that_matter(more), *that_matter(arguments)])}
    found |= {name: environ[name] for name in _VARIABLES if environ.get(name)}
    if environ.get(_AUTOLOAD):
        found[_AUTOLOAD] = "set"
    return found

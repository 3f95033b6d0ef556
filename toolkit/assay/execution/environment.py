"""Whether the environment of the tests is still the recorded one, told without starting Python.

The full answer is the fingerprint that pytest's own process gives. This one is read off the disk in
milliseconds: equal means equal, anything else means that the process must be asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

INI_FILES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml")
OTHER_INI_FILES = ("tox.ini", "setup.cfg")

_VARIABLES = (
    "PYTEST_ADDOPTS",
    "PYTEST_PLUGINS",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD",
    "PYTHONPATH",
    "PYTHONHASHSEED",
    "PYTHONOPTIMIZE",
    "PYTHONWARNINGS",
    "TZ",
)
_INSTALLED = (".dist-info", ".egg-info", ".pth", ".egg-link")


def stamp(
    interpreter: str,
    search_path: Iterable[str],
    arguments: Sequence[str],
    environ: Mapping[str, str],
    settings: Iterable[str],
) -> str:
    """A digest of the interpreter, what is installed for it, and pytest's options.

    `search_path` is the `sys.path` of the recorded run, without the project's own directories;
    `settings` are the pytest settings of the project's files, one text each.
    """
    # `python` and `python3` beside each other are one interpreter; its directory tells which
    # environment it is of.
    where = Path(interpreter)
    parts = [str(where.parent), *_state(where.resolve()), *arguments]
    parts += [f"{name}={environ.get(name)}" for name in _VARIABLES]
    parts += settings
    for entry in search_path:
        parts += _installed(Path(entry))
    text = "\0".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.sha256(text).hexdigest()


def _state(path: Path) -> Iterator[str]:
    try:
        found = path.stat()
    except OSError:
        yield f"{path} is missing"
    else:
        yield f"{path} {found.st_size} {found.st_mtime_ns}"


def _installed(directory: Path) -> Iterator[str]:
    """The distributions in a directory of `sys.path`, their versions being part of their names."""
    yield str(directory)
    try:
        entries = sorted(directory.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.endswith(_INSTALLED):
            # Installing the same version again may bring other code: its list of files is new.
            record = entry / "RECORD"
            yield from _state(record if record.is_file() else entry)

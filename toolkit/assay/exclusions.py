"""What the project tells coverage to leave out: `exclude_lines` and `exclude_also`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from coverage import Coverage
from coverage.exceptions import CoverageException
from coverage.parser import PythonParser

OWN = (".coveragerc", ".coveragerc.toml")
"""Files that are coverage's whatever stands in them."""

SHARED = {
    "setup.cfg": r"^\[coverage:",
    "tox.ini": r"^\[coverage:",
    "pyproject.toml": r"^\s*\[\[?\s*tool\s*\.\s*coverage\b",
}
"""Files that are coverage's too if they have a section of it, in the order in which it looks."""


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Lines that match `pattern` are left out, with the whole of what they begin; `problem` says
    why the project's own settings are not used ("" if they are, or there are none)."""

    pattern: str
    problem: str = ""

    def lines(self, text: str) -> frozenset[int]:
        """First lines of the statements of a file that are left out; none of what is no Python."""
        if not text:
            return frozenset()
        parser = PythonParser(text=text, exclude=self.pattern)
        try:
            parser.parse_source()
        except CoverageException:
            return frozenset()
        return frozenset(parser.excluded)


def exclusions_of(directory: Path) -> Exclusions:
    """Of the project in the directory, as coverage would find them if it was started there."""
    path = settings_file(directory)
    try:
        return Exclusions(_pattern(str(path) if path is not None else False))
    except (CoverageException, OSError, UnicodeDecodeError, re.error) as problem:
        return Exclusions(_pattern(False), f"the coverage settings cannot be read: {problem}")


def settings_file(directory: Path) -> Path | None:
    """The one file that coverage takes its settings from; None for none."""
    for name in OWN:
        if (directory / name).is_file():
            return directory / name
    for name, section in SHARED.items():
        path = directory / name
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            if re.search(section, text, re.MULTILINE):
                return path
    return None


def _pattern(config_file: str | bool) -> str:
    """The patterns as one; plug-ins and data files are left alone."""
    found = Coverage(data_file=None, config_file=config_file).get_option("report:exclude_lines")
    patterns = [str(one) for one in found] if isinstance(found, list) else []
    joined = "|".join(f"(?:{one})" for one in patterns)
    re.compile(joined)
    return joined

"""Whether a change touches pytest's own settings, which every test depends on (pure)."""

from __future__ import annotations

import configparser
import tomllib
from typing import Any

from assay.model.change import SemanticChange
from assay.model.selection import Reason, ReasonKind

SECTIONS = ("pytest", "tool:pytest")


def ini_reason(change: SemanticChange, inifile: str) -> Reason | None:
    """A reason to select everything, if the settings in `inifile` differ from the base."""
    for file in change.change.files:
        if file.path != inifile:
            continue
        if settings(inifile, file.before) != settings(inifile, file.after):
            text = f"the pytest settings in {inifile} changed"
            return Reason(ReasonKind.ENVIRONMENT, text)
    return None


def settings(path: str, content: bytes | None) -> Any:
    """Pytest's settings in the file; the raw content where they cannot be read."""
    if content is None:
        return None
    try:
        text = content.decode("utf-8")
        if path.endswith(".toml"):
            document = tomllib.loads(text)
            tool = document.get("tool", {})
            of_tool = tool.get("pytest") if isinstance(tool, dict) else None
            return of_tool if of_tool is not None else document.get("pytest")
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(text)
        return {name: dict(parser[name]) for name in SECTIONS if name in parser}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, configparser.Error):
        return content

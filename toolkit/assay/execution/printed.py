"""Reads an exception from the traceback that a process printed before it gave up, where none could
be told as data."""

from __future__ import annotations

import builtins
import re
from collections.abc import Sequence
from typing import Any

Message = dict[str, Any]

_PREFIX = re.compile(r"^(?:INTERNALERROR> ?|E {3})", re.MULTILINE)
_BEGIN = "Traceback (most recent call last):"
_FRAME = re.compile(r'^ +File "(?P<path>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>.+))?$')
_RAISED = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$")
_NO_MODULE = re.compile(r"No module named '(?P<name>[\w.]+)'")
_NO_NAME = re.compile(r"cannot import name '\w+' from (?:.*? )??'(?P<name>[\w.]+)'")
_NO_ATTRIBUTE = re.compile(r"module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'")


def last_traceback(output: str) -> Message | None:
    """The last exception as `probe.evidence` would tell it; None if none was printed.

    Of what Python keeps beside the text, only what the text repeats is known.
    """
    lines = _PREFIX.sub("", output).splitlines()
    begins = [number for number, line in enumerate(lines) if line == _BEGIN]
    if not begins:
        return None
    rows: list[list[Any]] = []
    broken: tuple[str, int] | None = None
    for number, line in enumerate(lines[begins[-1] + 1 :], start=begins[-1] + 1):
        frame = _FRAME.match(line)
        if frame is not None and frame["name"] is None:
            broken = frame["path"], int(frame["line"])
        elif frame is not None:
            rows.append([frame["path"], "", frame["name"], int(frame["line"]), 0, None])
        elif line and not line[0].isspace():
            return _raised(line, lines[number + 1 :], rows, broken)
    return None


def _raised(
    line: str, rest: Sequence[str], rows: list[list[Any]], broken: tuple[str, int] | None
) -> Message | None:
    found = _RAISED.match(line)
    if found is None:
        return None
    name, message = found["type"], found["message"] or ""
    more = [text for text in rest[:3] if text.startswith(" ")]
    return {
        "type": name,
        "bases": _bases(name),
        "message": "\n".join([message, *more]),
        "attributes": _attributes(name, message, broken),
        "frames": rows,
        "relation": "",
    }


def _bases(name: str) -> list[str]:
    known = getattr(builtins, name, None)
    if isinstance(known, type):
        return [base.__name__ for base in known.__mro__]
    return [name.rpartition(".")[2]]


def _attributes(name: str, message: str, broken: tuple[str, int] | None) -> Message:
    if broken is not None:
        return {"filename": broken[0], "lineno": broken[1], "msg": message}
    asked = _NO_MODULE.search(message) or _NO_NAME.search(message)
    if "Import" in name or "ModuleNotFound" in name:
        return {} if asked is None else {"name": asked["name"]}
    lacking = _NO_ATTRIBUTE.search(message)
    if name == "AttributeError" and lacking is not None:
        thing = {"kind": "module", "name": lacking["module"], "path": ""}
        return {"name": lacking["name"], "obj": thing}
    return {}

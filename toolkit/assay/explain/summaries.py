"""Summaries of values, as `probe.summary` makes them: where two differ, and how one is written."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from typing import Any

Summary = Sequence[Any]
Step = tuple[str, Any]
Path = tuple[Step, ...]

MISSING: Summary = ("-",)
"""Where one of two values has nothing."""

WORDS = 70
"""So many characters of a value are shown."""


def type_of(summary: Summary) -> str:
    """The name of a value's type; "" where there is no value, or none is known."""
    if summary[0] in ("-", "r", "c"):
        return ""
    return str(summary[1])


def differences(before: Summary, after: Summary, path: Path = ()) -> Iterator[Path]:
    """Where two values differ, as deep as both have the same shape."""
    if before == after:
        return
    form = before[0]
    if form != after[0] or before[1:2] != after[1:2]:
        yield path
    elif form == "l" and before[1] in ("list", "tuple", "deque") and before[2] == after[2]:
        for number, (one, other) in enumerate(zip(before[3], after[3], strict=False)):
            yield from differences(one, other, (*path, ("item", number)))
    elif form == "d" and _keys(before) == _keys(after):
        for (key, one), (_, other) in zip(before[3], after[3], strict=False):
            yield from differences(one, other, (*path, ("key", json.dumps(key))))
    elif form == "o":
        yield from _of_attributes(before[2], after[2], path)
        if before[3] is not None and after[3] is not None:
            yield from differences(before[3], after[3], (*path, ("content", None)))
    elif form == "x":
        if before[4] != after[4]:
            yield (*path, ("text", None))
        yield from differences(before[2], after[2], (*path, ("attr", "args")))
        yield from _of_attributes(before[3], after[3], path)
    else:
        yield path


def _of_attributes(before: Any, after: Any, path: Path) -> Iterator[Path]:
    one, other = dict(before), dict(after)
    for name in sorted(one.keys() | other.keys()):
        here = (*path, ("attr", name))
        yield from differences(one.get(name, MISSING), other.get(name, MISSING), here)


def _keys(summary: Summary) -> list[str]:
    return [json.dumps(key) for key, _ in summary[3]]


def at(summary: Summary | None, path: Path) -> Summary:
    """What stands at a path; MISSING if nothing does."""
    for kind, name in path:
        if summary is None:
            return MISSING
        summary = _step(summary, kind, name)
    return MISSING if summary is None else summary


def _step(summary: Summary, kind: str, name: Any) -> Summary | None:
    form = summary[0]
    if kind == "item" and form == "l":
        return summary[3][name] if name < len(summary[3]) else None
    if kind == "key" and form == "d":
        return next((item for key, item in summary[3] if json.dumps(key) == name), None)
    if kind == "content" and form == "o":
        return _maybe(summary[3])
    if kind == "attr" and form == "o":
        return _maybe(dict(summary[2]).get(name))
    if form == "x":
        if kind == "text":
            return None if summary[4] is None else ("v", "str", repr(summary[4]))
        if kind == "attr":
            return _maybe(summary[2] if name == "args" else dict(summary[3]).get(name))
    return None


def _maybe(summary: Any) -> Summary | None:
    found: Summary | None = summary
    return found


def literal(summary: Summary) -> str | None:
    """The value as an expression; None if it has none, or not all of it is known."""
    form = summary[0]
    if form == "v":
        text: str = summary[2]
        return text if ("nan" not in text and "inf" not in text) or summary[1] == "str" else None
    if form == "l":
        return _sequence(summary)
    if form == "d":
        rows = [(literal(key), literal(item)) for key, item in summary[3]]
        if any(key is None or item is None for key, item in rows):
            return None
        return "{" + ", ".join(f"{key}: {item}" for key, item in rows) + "}"
    if form == "o" and summary[3] is not None:
        # What extends a builtin type mostly compares as its content does.
        return literal(summary[3])
    return None


def _sequence(summary: Summary) -> str | None:
    items = [literal(item) for item in summary[3]]
    if None in items:
        return None
    inside = ", ".join(map(str, items))
    kind = summary[1]
    if kind == "list":
        return f"[{inside}]"
    if kind == "tuple":
        return f"({inside},)" if len(items) == 1 else f"({inside})"
    if kind == "set":
        return f"{{{inside}}}" if items else "set()"
    if kind == "frozenset":
        return f"frozenset({{{inside}}})" if items else "frozenset()"
    return f"{kind}([{inside}])"


def is_whole(summary: Any) -> bool:
    """Whether nothing was cut off, and nothing is known by its type alone."""
    if isinstance(summary, (list, tuple)):
        if summary and summary[0] in ("c", "?", "t"):
            return False
        return all(is_whole(part) for part in summary if isinstance(part, (list, tuple)))
    return True


def text_of(summary: Summary) -> str | None:
    """The text itself, of a whole str."""
    if summary[0] == "v" and summary[1] == "str":
        found = ast.literal_eval(summary[2])
        return found if isinstance(found, str) else None
    return None


def words(summary: Summary, most: int = WORDS) -> str:
    """The value for people, shortened."""
    text = _words(summary)
    return text if len(text) <= most else text[: most - 1] + "…"


def briefly(summary: Summary) -> str:
    """The value for people; of an object that is not told in a few words, its type."""
    text = _words(summary)
    if len(text) > WORDS // 2 and summary[0] == "o" and summary[3] is None:
        return f"{_short(summary[1])}(…)"
    return words(summary)


def contrast(before: Summary, after: Summary, most: int = WORDS) -> tuple[str, str]:
    """Two values for people, shortened so that the difference is seen."""
    one, other = _words(before), _words(after)
    if one == other and before != after:
        return _further_on(before, after, _window(one, 0, most))
    if max(len(one), len(other)) <= most:
        return one, other
    pairs = zip(one, other, strict=False)
    at = next((number for number, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    start = max(0, at - most // 3)
    return _window(one, start, most), _window(other, start, most)


def _further_on(before: Summary, after: Summary, shown: str) -> tuple[str, str]:
    """Two values that differ only in what is not shown."""
    if before[0] == after[0] and before[0] in ("l", "d") and before[2] != after[2]:
        return f"{shown} ({before[2]} items)", f"{shown} ({after[2]} items)"
    if "…" in shown:
        return shown, f"{shown}, and something else further on"
    return shown, f"another {shown}"


def _window(text: str, start: int, most: int) -> str:
    inside = text[start : start + most]
    return ("…" if start else "") + inside + ("…" if start + most < len(text) else "")


def _words(summary: Summary) -> str:
    form = summary[0]
    simple = {"c": "…", "r": "…", "-": "nothing"}
    if form in simple:
        return simple[form]
    if form == "v":
        return str(summary[2])
    if form == "s":
        return f"{summary[2]}… ({summary[3]} long)"
    if form == "l":
        inside = ", ".join(_words(item) for item in summary[3])
        marks = {"list": "[]", "tuple": "()", "set": "{}"}.get(summary[1])
        return f"{marks[0]}{inside}{marks[1]}" if marks else f"{summary[1]}({inside})"
    if form == "d":
        return "{" + ", ".join(f"{_words(k)}: {_words(v)}" for k, v in summary[3]) + "}"
    if form == "e":
        return f"{_short(summary[1])}.{str(summary[2]).strip(chr(39))}"
    return _words_of_object(summary)


def _words_of_object(summary: Summary) -> str:
    form, name = summary[0], _short(summary[1])
    if form == "x":
        return (
            f"{name}({summary[4]!r})" if summary[4] is not None else f"{name}{_words(summary[2])}"
        )
    if form == "o":
        parts = [f"{key}={_words(value)}" for key, value in summary[2]]
        if summary[3] is not None:
            parts.insert(0, _words(summary[3]))
        return f"{name}({', '.join(parts)})"
    if form == "n":
        return f"{summary[1]} {summary[2]}"
    return f"a {_short(summary[1])}"


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def expression(root: str, path: Path) -> str | None:
    """The path from a root expression, as Python; None where Python has no simple way."""
    text = root
    for kind, name in path:
        if kind == "attr":
            if not str(name).isidentifier():
                return None
            text += f".{name}"
        elif kind == "item":
            text += f"[{name}]"
        elif kind == "key":
            key = literal(json.loads(name))
            if key is None:
                return None
            text += f"[{key}]"
        elif kind == "text":
            text = f"str({text})"
    return text


def is_private(path: Path) -> bool:
    """Whether the path leads through what is not for others to see."""
    return any(kind == "attr" and str(name).startswith("_") for kind, name in path)

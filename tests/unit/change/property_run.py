"""Runs a function before and after an edit, and holds what differs against the lines that ran."""

from __future__ import annotations

import ast
import inspect
import random
import sys
import warnings
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from random_functions import Maker, edited

from assay.change.delta import file_delta

INPUTS = ((0, 0), (1, 0), (0, 1), (2, 1))
FILE = "made by chance"


@contextmanager
def keep(*_: object) -> Iterator[int]:
    yield 5


@contextmanager
def drop() -> Iterator[int]:
    with suppress(Exception):
        yield 6


def names(log: list[object]) -> dict[str, Any]:
    left = [12]

    def n() -> bool:
        left[0] -= 1
        return left[0] >= 0

    known: dict[str, Any] = {"T": log, "G": 3, "n": n, "keep": keep, "drop": drop}
    return known | {"same": lambda function: function}


def plain(value: object, deep: int = 3) -> object:
    """Something that can be compared: functions are called, generators are run."""
    if deep == 0:
        return "deep"
    if inspect.isfunction(value):
        try:
            return "function", value.__doc__, plain(value(), deep - 1)
        except Exception as error:
            return "function", value.__doc__, type(error).__name__
    if inspect.iscoroutine(value):
        return "coroutine", driven(value, deep)
    if inspect.isgenerator(value):
        found: list[object] = []
        try:
            for item in value:
                found.append(plain(item, deep - 1))
                if len(found) > 30:
                    break
        except Exception as error:
            found.append(type(error).__name__)
        return "generator", found
    if isinstance(value, list | tuple):
        return [plain(item, deep - 1) for item in list(value)]
    if isinstance(value, int | str | bool | None):
        return value
    return type(value).__name__


def driven(value: Coroutine[object, object, object], deep: int) -> object:
    try:
        value.send(None)
    except StopIteration as done:
        return plain(done.value, deep - 1)
    except Exception as error:
        return type(error).__name__
    finally:
        value.close()
    return "suspended"


def outcome(text: str, arguments: tuple[int, int]) -> tuple[object, int]:
    """What a call gives and leaves behind, and the lines that it ran."""
    log: list[object] = []
    known = names(log)
    exec(compile(text, FILE, "exec"), known)
    ran = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal ran
        if frame.f_code.co_filename != FILE:
            return None
        if event == "line":
            ran |= 1 << frame.f_lineno
        return trace

    sys.settrace(trace)
    try:
        try:
            result = plain(known["f"](*arguments))
        except Exception as error:
            result = type(error).__name__
        told = result, plain(log), plain(known["G"]), plain(known.get("x", "none"))
    finally:
        sys.settrace(None)
    return told, ran


def case(seed: int) -> tuple[str, str]:
    chance = random.Random(seed)
    old = Maker(chance).function()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(old, FILE, "exec")
            new = edited(ast.parse(old), chance)
            assert new is not None
            compile(new, FILE, "exec")
        except SyntaxError:
            return "invalid", ""
        delta = file_delta("module.py", old, new, False, False)
        if any(d.names or d.classes or d.at_import for d in delta.differences):
            return "named", ""
        lines = 0
        for difference in delta.differences:
            lines |= difference.lines
        untouched = 0
        for arguments in INPUTS:
            before, ran = outcome(old, arguments)
            if ran & lines:
                continue
            untouched += 1
            after, _ = outcome(new, arguments)
            if before != after:
                numbered = "\n".join(
                    f"{n:3} {'*' if ran >> n & 1 else ' '}{'c' if lines >> n & 1 else ' '} {t}"
                    for n, t in enumerate(old.splitlines(), 1)
                )
                return "bad", f"{numbered}\n--- {arguments}\n{new}\n{before}\n{after}"
    return ("untouched" if untouched else "touched"), ""

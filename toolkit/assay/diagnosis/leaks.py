"""Left-over state in words: where it is, its values, and how the one who wrote it leaves no trace
(pure)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping

from assay.diagnosis.pollution import Difference, Slot
from assay.explain.summaries import (
    MISSING,
    Path,
    Summary,
    at,
    contrast,
    differences,
    expression,
    literal,
)
from assay.model.isolation import Leak, Place

WORDS = {
    "global": "module global",
    "attribute": "class attribute",
    "default": "default value of a parameter",
    "cache": "cache of a function",
    "foreign": "patched attribute",
    "method": "patched attribute",
    "environ": "environment variable",
    "module": "entry of sys.modules",
    "logger": "logging",
    "fixture": "value of a shared fixture",
}

Lines = Mapping[tuple[str, Slot], tuple[Place, Place | None]]
"""Where a test changed a slot: the line, and that of the test's file that led there."""


def leak_of(one: Difference, writer: str, lines: Lines) -> Leak:
    """A slot's difference as it is told."""
    path = next(places(one.before, one.after), ())
    name = expression(name_of(one.slot), path) or name_of(one.slot)
    before, after = contrast(_known(one.slot, one.before, path), _known(one.slot, one.after, path))
    line, test_line = lines.get((writer, one.slot), (None, None))
    return Leak(
        kind=_kind_of(one),
        name=name,
        before=before,
        after=after,
        writer=writer,
        read=one.read,
        fix=_fix(one, path),
        line=line,
        test_line=test_line,
    )


_DEFAULTS: Mapping[str, Summary] = {
    "level": ("v", "int", "0"),
    "handlers": ("l", "list", 0, ()),
    "filters": ("l", "list", 0, ()),
    "propagate": ("v", "bool", "True"),
    "disabled": ("v", "bool", "False"),
    "signal": ("v", "Handlers", "SIG_DFL"),
}


def _known(slot: Slot, summary: Summary, path: Path) -> Summary:
    """What stands at a path of a slot; the probe leaves out what is as Python starts."""
    if summary[0] == MISSING[0] and slot[0] in ("logger", "process"):
        return _DEFAULTS.get(slot[-1].partition(" ")[0], MISSING)
    return at(summary, path)


def without_aliases(found: Collection[Difference], homes: Collection[Slot]) -> list[Difference]:
    """One of each value that several modules have a name of: the one in `homes`, where the module
    assigns it itself, else the first."""
    kept: dict[tuple[str, str, str], Difference] = {}
    for number, one in enumerate(found):
        key = (str(number), "", "")
        if one.slot[0] == "global":
            key = (one.slot[2], json.dumps(one.before), json.dumps(one.after))
        if key not in kept or (one.slot in homes and kept[key].slot not in homes):
            kept[key] = one
    return list(kept.values())


def places(before: Summary, after: Summary, path: Path = ()) -> Iterator[Path]:
    """Where two values differ; of dictionaries, the keys that only one has are told too."""
    if before[0] == after[0] == "d" and before[2] and after[2]:
        one, other = _rows(before), _rows(after)
        for key in [*one, *(key for key in other if key not in one)]:
            old, new = one.get(key, MISSING), other.get(key, MISSING)
            if old != new:
                yield from places(old, new, (*path, ("key", key)))
        return
    for rest in differences(before, after):
        yield (*path, *rest)


def _rows(summary: Summary) -> dict[str, Summary]:
    return {json.dumps(key): item for key, item in summary[3] if key[0] != "c"}


def name_of(slot: Slot) -> str:
    """What holds the state, as an expression where Python has one."""
    kind = slot[0]
    if kind in ("global", "foreign", "attribute", "method"):
        return ".".join(slot[1:])
    if kind == "default":
        return f"{slot[1]}.{slot[2]}.__defaults__"
    if kind == "cache":
        return f"{slot[1]}.{slot[2]}.cache_info().currsize"
    if kind == "environ":
        return f"os.environ[{slot[1]!r}]" if slot[1] else "os.environ"
    if kind == "module":
        return f"sys.modules[{slot[1]!r}]"
    if kind == "logger":
        whose = f"logging.getLogger({slot[1]!r})" if slot[1] else "logging.root"
        return f"{whose}.{slot[2]}"
    if kind == "fixture":
        return slot[1]
    return _PROCESS.get(slot[1], slot[1])


_PROCESS = {
    "cwd": "os.getcwd()",
    "recursion limit": "sys.getrecursionlimit()",
    "garbage collection": "gc.isenabled()",
    "time zone": "time.tzname",
    "warnings": "warnings.filters",
    "random": "random.getstate()",
    "decimal": "decimal.getcontext()",
    "socket timeout": "socket.getdefaulttimeout()",
}


def _kind_of(one: Difference) -> str:
    if one.slot[0] in ("global", "attribute") and _is_patch(one):
        return "patched attribute"
    return WORDS.get(one.slot[0]) or one.slot[-1]


def _is_patch(one: Difference) -> bool:
    return "n" in (one.before[0], one.after[0])


# -- how to leave no trace


def _fix(one: Difference, path: Path) -> str:
    """The smallest change to the one who wrote it."""
    kind = one.slot[0]
    if kind in ("global", "attribute"):
        return _fix_of_value(one, path)
    if kind in ("foreign", "method"):
        return _setattr(one.slot)
    if kind == "environ":
        call = "setenv" if one.after != MISSING and one.after[0] != "-" else "delenv"
        value = f", {literal(one.after) or '…'}" if call == "setenv" else ""
        return f"`monkeypatch.{call}({one.slot[1]!r}{value})` undoes it after the test"
    if kind == "module":
        call = "delitem" if one.after[0] == "-" else "setitem"
        value = ", …" if call == "setitem" else ""
        return f"`monkeypatch.{call}(sys.modules, {one.slot[1]!r}{value})` undoes it after the test"
    if kind == "logger":
        return _fix_of_logger(one.slot)
    if kind == "cache":
        return f"call `{one.slot[1]}.{one.slot[2]}.cache_clear()` after the test"
    if kind == "default":
        return f"let `{one.slot[2]}` take None and make a new object for each call"
    if kind == "fixture":
        return (
            f"change a copy: the fixture `{one.slot[1]}` is shared by the {one.slot[2]}; or give "
            "it the scope of a function"
        )
    return _FIX.get(one.slot[1].partition(" ")[0], "put it back as it was, in a `finally`")


_FIX = {
    "cwd": "`monkeypatch.chdir(…)` goes back after the test",
    "sys.path": "`monkeypatch.syspath_prepend(…)` undoes it after the test",
    "sys.argv": "`monkeypatch.setattr(sys, 'argv', …)` undoes it after the test",
    "warnings": "change filters inside `with warnings.catch_warnings():`",
    "random": "draw from `random.Random(seed)` of the test's own, not from the module",
    "decimal": "work inside `with decimal.localcontext():`",
    "locale": "keep what `locale.setlocale(category)` gives, and set it again in a `finally`",
    "signal": "keep the handler that `signal.signal` gives, and set it again in a `finally`",
    "umask": "keep what `os.umask` gives, and set it again in a `finally`",
    "context": "keep the token that `set` gives, and `reset` the variable in a `finally`",
}


def _fix_of_value(one: Difference, path: Path) -> str:
    name = name_of(one.slot)
    if not path or one.rebound:
        if one.rebound:
            return _setattr(one.slot)
        kind = one.before[1] if one.before[0] in ("l", "d") else ""
        back = {"list": f"{name}[:] = saved"}.get(kind, f"{name}.clear(); {name}.update(saved)")
        if kind in ("list", "dict", "set"):
            return f"restore it in place: `saved = copy.deepcopy({name})`, and at the end `{back}`"
        return f"restore what `{name}` holds, at the end of the test"
    holder = expression(name, path[:-1]) or name
    step, key = path[-1]
    if step == "key":
        call = "delitem" if at(one.after, path)[0] == "-" else "setitem"
        text = literal(json.loads(key)) or "…"
        value = f", {literal(at(one.after, path)) or '…'}" if call == "setitem" else ""
        return f"`monkeypatch.{call}({holder}, {text}{value})` undoes it after the test"
    if step == "attr":
        value = literal(at(one.after, path)) or "…"
        return f"`monkeypatch.setattr({holder}, {key!r}, {value})` undoes it after the test"
    return f"restore it in place: `saved = copy.deepcopy({holder})`, and `{holder}[:] = saved`"


def _setattr(slot: Slot) -> str:
    return (
        f"`monkeypatch.setattr({'.'.join(slot[1:-1])}, {slot[-1]!r}, …)` undoes it after the test"
    )


def _fix_of_logger(slot: Slot) -> str:
    whose = f", logger={slot[1]!r}" if slot[1] else ""
    if slot[2] == "level":
        return f"`caplog.set_level(…{whose})` undoes it after the test"
    if slot[2] in ("handlers", "filters"):
        return f"take the {slot[2][:-1]} off again in a `finally`"
    holder = f"logging.getLogger({slot[1]!r})" if slot[1] else "logging.root"
    if slot[2] == "disable":
        return "`logging.disable(logging.NOTSET)` in a `finally`"
    return f"`monkeypatch.setattr({holder}, {slot[2]!r}, …)` undoes it after the test"

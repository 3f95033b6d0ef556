"""Which seams of a project its tests exercise for real, which only through stand-ins, which not at
all; and which stand-ins are no longer as the real thing."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from assay.diagnosis.static_calls import (
    Function,
    Names,
    StaticSeam,
    first_line,
    span,
    static_seams,
)
from assay.model.seams import (
    Drift,
    End,
    Line,
    Returned,
    Seam,
    SeamState,
    StandIn,
    Watch,
)

_CACHED = re.compile(r"cache|memo|singleton", re.IGNORECASE)
_NEUTRAL = re.compile(r"^(staticmethod|classmethod|property|.*cache.*|override|abstractmethod)$")
"""Decorators after which a call still gives what the function returns."""

_NUMBERS = frozenset({"int", "float", "complex"})

_ALSO = {
    "None": ("None", "Optional"),
    "list": ("list", "Sequence", "Iterable", "Collection", "MutableSequence"),
    "tuple": ("tuple", "Sequence", "Iterable", "Collection"),
    "dict": ("dict", "Mapping", "Iterable", "Collection"),
    "set": ("set", "Set", "Iterable", "Collection"),
    "frozenset": ("frozenset", "Set", "Iterable", "Collection"),
    "str": ("str", "Text", "AnyStr", "Sequence", "Iterable"),
    "bytes": ("bytes", "AnyStr", "Buffer", "Sequence", "Iterable"),
    "bool": ("bool", "int", "float"),
    "int": ("int", "float", "complex"),
    "float": ("float", "complex"),
}
"""What an annotation may say that allows a type, beside `Any`, `object` and the name itself."""


def all_seams(names: Names, watch: Watch) -> list[Seam]:
    """The seams that are written, were run, or were replaced, each with its state."""
    static = {(one.caller, one.callee): one for one in static_seams(names)}
    real = _real(names, watch)
    mocked = _mocked(names, watch)
    found = []
    for ends in sorted({*static, *real, *mocked}):
        found.append(
            _seam(ends, static.get(ends), real.get(ends, ()), mocked.get(ends, ()), names, watch)
        )
    return found


Ends = tuple[End, End]


def _real(names: Names, watch: Watch) -> dict[Ends, tuple[str, ...]]:
    found: dict[Ends, dict[str, None]] = defaultdict(dict)
    for call, tests in watch.calls.items():
        caller, callee = end_of(names, call.caller), end_of(names, call.callee)
        if caller is not None and callee is not None and caller.path != callee.path:
            found[caller, callee].update(dict.fromkeys(tests))
    return {ends: tuple(tests) for ends, tests in found.items()}


def _mocked(names: Names, watch: Watch) -> dict[Ends, tuple[StandIn, ...]]:
    """By the functions that called a stand-in, and what it stood for."""
    found: dict[Ends, list[StandIn]] = defaultdict(list)
    for one in watch.standins:
        callee = replaced_by(names, one)
        if callee is None or one.is_spy:
            continue
        for caller in {end_of(names, place) for place in one.called_from}:
            if caller is not None and caller.path != callee.path:
                found[caller, callee].append(one)
    return {ends: tuple(standins) for ends, standins in found.items()}


def end_of(names: Names, place: Line) -> End | None:
    """The function that a line of the project is in."""
    module = names.modules.get(place[0])
    return None if module is None else module.end_at(place[1])


def replaced_by(names: Names, one: StandIn) -> End | None:
    """The function a stand-in stands for; of a class what makes its objects, if it has that."""
    if one.kind != "class":
        return end_of(names, one.original)
    module = names.modules.get(one.original[0])
    name = f"{one.name}.__init__"
    if module is None or name not in module.functions:
        return None
    return End(one.original[0], name)


def _seam(
    ends: Ends,
    static: StaticSeam | None,
    tests: tuple[str, ...],
    standins: tuple[StandIn, ...],
    names: Names,
    watch: Watch,
) -> Seam:
    caller, callee = ends
    lines = static.lines if static is not None else ()
    if tests:
        return Seam(caller, callee, lines, SeamState.REAL, tests, standins)
    if static is not None and static.spans & watch.at_import.get(caller.path, 0):
        return Seam(
            caller, callee, lines, SeamState.REAL, (), standins, "it is run while importing"
        )
    if standins:
        return Seam(caller, callee, lines, SeamState.MOCKED, (), standins)
    assert static is not None
    state, why = _unreached(static, names, watch)
    return Seam(caller, callee, lines, state, (), (), why)


def _unreached(static: StaticSeam, names: Names, watch: Watch) -> tuple[SeamState, str]:
    """Of a call that is written and was not seen: whether it can have been made, and why not."""
    caller, callee = static.caller, static.callee
    if static.spans & watch.ran.get(caller.path, 0):
        node = names.modules[callee.path].functions[callee.name]
        if any(_CACHED.search(ast.unparse(one)) for one in node.decorator_list):
            return SeamState.UNCLEAR, "its line ran, and what it calls may have been remembered"
        return SeamState.UNCLEAR, "its line ran, but what it calls was not seen to run"
    if static.spans & watch.doubtful.get(caller.path, 0):
        return SeamState.UNCLEAR, "only tests run it that did not pass, or could not be watched"
    word = re.compile(rf"\b{re.escape(caller.name.rpartition('.')[2])}\b")
    if any(word.search(text) for text in watch.unseen):
        return SeamState.UNCLEAR, "a test may run it that did not pass, or could not be watched"
    if ran_body(names, watch, caller):
        return SeamState.UNTESTED, "no test gets to the call"
    return SeamState.UNTESTED, "no test runs the caller"


def ran_body(names: Names, watch: Watch, end: End) -> bool:
    """Whether any test, or import, ran a line of a function's body."""
    node = names.modules[end.path].functions[end.name]
    first, last = node.body[0].lineno, node.end_lineno or node.lineno
    body = (1 << (last + 1)) - (1 << first)
    ran = watch.ran.get(end.path, 0) | watch.at_import.get(end.path, 0)
    return bool(ran & body)


# Drift


def drifted(names: Names, watch: Watch, trees: Mapping[str, ast.Module]) -> list[Drift]:
    """Stand-ins that were called as the real thing refuses, or gave what it was never seen to give;
    together, if they stand for one function and differ alike. `trees` are by path, of tests too."""
    ignored = Ignored(trees)
    found: dict[tuple[End, tuple[str, ...]], list[StandIn]] = defaultdict(list)
    certain = set()
    for one in watch.standins:
        callee = replaced_by(names, one)
        if callee is None or one.is_spy:
            continue
        sentences = list(one.refused)
        if not ignored.everywhere(one.called_from):
            node = names.modules[callee.path].functions[callee.name]
            seen = watch.returned.get((callee.path, first_line(node)))
            sentences += filter(None, [one.annotated or other_types(node, one, seen)])
        if sentences:
            key = (callee, tuple(sentences))
            found[key].append(one)
            if one.refused:
                certain.add(key)
    return [
        Drift(tuple(standins), key[0], key[1], key in certain)
        for key, standins in sorted(found.items())
    ]


def other_types(node: Function, one: StandIn, seen: Returned | None) -> str:
    """What is wrong with the built-in types that a stand-in gave, held against all that the real
    function was seen to return; empty if nothing can be said."""
    if seen is None or not seen.complete or not seen.types or not _gives_its_own(node):
        return ""
    if any("mock" in real.builtins for real in seen.types):
        # It handed on what it was given: nothing is known of its own.
        return ""
    strange = [
        gave
        for gave in one.gave
        if not any(_akin(gave.builtins, real.builtins) for real in seen.types)
        and not _allowed(node, gave.shown)
    ]
    if not strange or len(strange) < len(one.gave):
        return ""
    gave = " or ".join(one.shown for one in strange)
    real = " or ".join(sorted(one.shown for one in seen.types))
    times = "1 test" if seen.times == 1 else f"{seen.times} tests"
    return f"returns {gave}; the real one returned {real} in {times}"


def _akin(gave: tuple[str, ...], real: tuple[str, ...]) -> bool:
    """Whether one type comes from the other, or both are numbers."""
    if not gave or not real:
        return False
    if gave[0] in real or real[0] in gave:
        return True
    return bool(_NUMBERS & set(gave)) and bool(_NUMBERS & set(real))


def _allowed(node: Function, shown: str) -> bool:
    """Whether the annotation may allow the type."""
    if node.returns is None:
        return False
    text = ast.unparse(node.returns)
    words = {"Any", "object", "Self", *_ALSO.get(shown, (shown,))}
    return any(re.search(rf"\b{word}\b", text, re.IGNORECASE) for word in words)


def _gives_its_own(node: Function) -> bool:
    names = [ast.unparse(one).partition("(")[0] for one in node.decorator_list]
    return all(_NEUTRAL.match(name.rpartition(".")[2]) for name in names)


class Ignored:
    """Calls whose result nobody looks at: statements that are a call, and nothing else."""

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        self._trees = trees
        self._masks: dict[str, int] = {}

    def everywhere(self, places: Iterable[Line]) -> bool:
        return all(self._mask(path) >> line & 1 for path, line in places)

    def _mask(self, path: str) -> int:
        if path not in self._masks:
            tree = self._trees.get(path)
            self._masks[path] = 0 if tree is None else _ignoring(tree)
        return self._masks[path]


def _ignoring(tree: ast.Module) -> int:
    mask = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            value = node.value.value if isinstance(node.value, ast.Await) else node.value
            if isinstance(value, ast.Call):
                mask |= span(value)
    return mask


def joined_modules(seams: Iterable[Seam]) -> Iterator[str]:
    """The modules that seams join."""
    yield from {end.path for seam in seams for end in (seam.caller, seam.callee)}

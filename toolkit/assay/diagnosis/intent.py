"""Signs that a changed value was meant, and signs that it was not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assay.diagnosis.assertion import evaluated
from assay.diagnosis.cause import Case
from assay.diagnosis.reach import Altered, statement_at, test_function
from assay.diagnosis.sides import Definition, Function, Place, Sides, first_line
from assay.diagnosis.signs import of_documents, of_other_tests
from assay.diagnosis.values import by_sources
from assay.model.diagnosis import Fault, Sign
from assay.model.evidence import FrameKind, Raised

DOCUMENTS = (".md", ".rst", ".txt")

_MARKED = re.compile(r"`([^`\n]+)`")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w{4,}")
_COMMON = frozenset(
    "return raise False value values param isinstance super class object async await yield name "
    "lambda except global assert import default option options attribute attributes argument "
    "arguments parameter parameters context config result index items field fields schema message "
    "method function module string number length object_ other first ValueError TypeError KeyError "
    "AttributeError".split()
)

_INTERNAL = re.compile(r"\bNone\b|<[\w.]+ object at|\b[Ss]entinel\b|\bNaN\b|\bnan\b")
"""What stands in a text for people only by mistake."""

_REPORTED = re.compile(
    r"#\d{2,}|\b(?:issues?|bugs?|pull|gh)[-/ _#]{1,2}\d+|\bregress", re.IGNORECASE
)

_STAND_IN = re.compile(r"\b(?:Magic|Async|Property)?Mock\b|\bpatch\b|\bmocker\b|\.setattr\(")

TELLING = 4
"""A text of fewer characters, or a number of fewer digits, is found anywhere by chance."""

ACCIDENTS = (
    "TypeError",
    "AttributeError",
    "NameError",
    "KeyError",
    "IndexError",
    "ZeroDivisionError",
    "RecursionError",
    "AssertionError",
    "StopIteration",
)
"""What Python raises by itself; a function that means to refuse raises it in a statement. No
ValueError: to have a conversion refuse what it is given is a way to refuse it."""

_SIMPLE = {"str", "int", "float", "bool", "list", "dict", "set", "tuple", "bytes", "None"}

_FAMILIES = {
    "Sequence": {"list", "tuple", "str", "bytes"},
    "Iterable": {"list", "tuple", "set", "frozenset", "dict", "str", "bytes"},
    "Collection": {"list", "tuple", "set", "frozenset", "dict", "str", "bytes"},
    "Mapping": {"dict"},
    "List": {"list"},
    "Dict": {"dict"},
    "Set": {"set"},
    "Tuple": {"tuple"},
    "float": {"float", "int", "bool"},
    "int": {"int", "bool"},
    "Text": {"str"},
}


# -- what speaks for an intended change


def of_intent(sides: Sides, one: Altered | None) -> Iterator[Sign]:
    """Documents and docstrings that the change has written about the definition, an annotation that
    it has rewritten, tests that it has made to follow."""
    if one is None:
        return
    name = one.short if not one.short.startswith("__") else one.name.split(".")[0]
    yield from of_documents(sides, name)
    yield from of_documented_words(sides, one)
    yield from of_docstring(one)
    yield from of_annotation(one)
    yield from of_other_tests(sides, name)


def of_documented_words(sides: Sides, one: Altered) -> Iterator[Sign]:
    """Documents in which the change has marked as code what stands in the altered lines."""
    words = _altered_words(sides, one)
    for path in sides.changed:
        if not path.lower().endswith(DOCUMENTS):
            continue
        marked = {
            word
            for code in _MARKED.findall(sides.added_words(path))
            for word in _IDENTIFIER.findall(code)
        }
        told = sorted(marked & words)
        if told:
            yield Sign(Fault.TEST, f"the change writes of `{told[0]}` in {path}", path)


def _altered_words(sides: Sides, one: Altered) -> set[str]:
    """Identifiers in the altered lines of a definition, of more letters than are common."""
    found: set[str] = set()
    for place, side, lines in (
        (one.before, sides.base, sides.removed_lines),
        (one.after, sides.head, sides.changed_lines),
    ):
        if place is not None:
            last = place.node.end_lineno or place.line
            numbers = [n for n in lines(place.path) if place.line <= n <= last]
            text = "\n".join(side.line(place.path, n) for n in numbers)
            found |= {w for w in _IDENTIFIER.findall(text) if w not in _COMMON}
    return found


def of_docstring(one: Altered) -> Iterator[Sign]:
    """A docstring that has got words: one that has only lost some may have been put back."""
    before, after = docstring(one.before), docstring(one.after)
    if one.before is None or one.after is None or not after:
        return
    new = set(after.split()) - set(before.split())
    if len(new) >= 2 and len(after) > len(before):
        words = f"the docstring of `{one.name}` was rewritten with it"
        yield Sign(Fault.TEST, words, one.place.shown)


def of_annotation(one: Altered) -> Iterator[Sign]:
    before, after = returns_of(one.before), returns_of(one.after)
    if before and after and before != after:
        words = f"`{one.name}` was annotated anew: `{before}` became `{after}`"
        yield Sign(Fault.TEST, words, one.place.shown)


def of_told_value(sides: Sides, new: str, old: str) -> Iterator[Sign]:
    """Documents, docstrings and tests into which the change has written the new value, and not the
    old one. Values that say little are not looked for."""
    value = bare(new)
    if not is_telling(value) or value in bare(old):
        return
    for path in sides.changed:
        added = sides.added_words(path)
        if value not in added or (bare(old) and bare(old) in added):
            continue
        if path.lower().endswith(DOCUMENTS):
            yield Sign(Fault.TEST, f"the change writes of {new} in {path}", path)
        elif sides.is_test(path):
            yield Sign(Fault.TEST, f"{path} was changed to expect {new}", path)


def bare(shown: str) -> str:
    """A value without quotes, as it stands in documents and templates."""
    value = evaluated(shown)
    if isinstance(value, str):
        return value.strip()
    return shown.strip()


def is_telling(value: str) -> bool:
    return len(value) >= TELLING and value not in ("None", "True", "False")


# -- what speaks for a mistake


def of_contradicted(one: Altered | None, head_type: str, value: str) -> Iterator[Sign]:
    """A value of another type than the definition says that it returns, and said before."""
    if one is None or one.after is None or not head_type:
        return
    said, before = returns_of(one.after), returns_of(one.before)
    if said and said == before and not fits(head_type, said):
        words = f"`{one.name}` says that it returns `{said}`, and returns {value}"
        yield Sign(Fault.CODE, words, one.after.shown)


def of_old_docstring(one: Altered | None, old: str) -> Iterator[Sign]:
    """A docstring that still tells of the old value."""
    if one is None or one.after is None or not is_telling(bare(old)):
        return
    text = docstring(one.after)
    if bare(old) in text and docstring(one.before) == text:
        words = f"the docstring of `{one.name}` still says {old}"
        yield Sign(Fault.CODE, words, one.after.shown)


def of_internal_text(actual: str, expected: str) -> Iterator[Sign]:
    """A text that shows a value of the program where a text for people was expected."""
    if not isinstance(evaluated(actual), str) and not actual.startswith(("'", '"')):
        return
    found = _INTERNAL.search(actual)
    if found is not None and not _INTERNAL.search(expected):
        yield Sign(Fault.CODE, f"the text shows {found[0]}, which is a value of the program")


def of_regression_test(case: Case) -> Iterator[Sign]:
    """A test that nobody has altered and that names the report of a bug which it keeps away.

    In the histories of click, 42 of 388 tests that came with a change of sources name one, and 4 of
    162 that a change of sources had to edit. In replayed commits it was right in 5 of 7: too seldom
    to decide by itself.
    """
    test = test_function(case)
    if test is None or not by_sources(case):
        return
    text = case.sides.head.texts.get(test.path, "").split("\n")
    body = "\n".join(text[first_line(test.node) - 1 : test.node.end_lineno])
    told = _REPORTED.search(body)
    before = case.sides.base.definition(test.path, test.name)
    if told is not None and before is not None and ast.dump(before.node) == ast.dump(test.node):
        words = f"the test keeps away a bug that was reported ({told[0]})"
        yield Sign(Fault.CODE, words, test.shown, alone=False)


def of_accident(case: Case, error: Raised, awaited: str = "") -> Iterator[Sign]:
    """An exception that no statement of the sources raises, out of sources that take the same
    parameters as before: they fail at something that they did not expect. Where the test waits for
    `awaited`, whatever Python raises in its place is an accident."""
    frame = error.last_own_frame
    kinds = ("Exception",) if awaited else ACCIDENTS
    if frame is None or frame.kind is not FrameKind.SOURCE or not error.is_a(*kinds):
        return
    if error.type.partition(".")[2] or _has_stand_ins(case):
        return
    if isinstance(statement_at(case.sides, frame.path, frame.line), ast.Raise):
        return
    if error.is_a("AssertionError") and frame.line in case.sides.changed_lines(frame.path):
        return
    entry = next((f for f in error.frames if f.kind is FrameKind.SOURCE), None)
    if entry is None or _takes_others(case.sides, entry.path, entry.line):
        return
    words = f"{frame.place} fails by itself, in sources: nothing there raises it on purpose"
    yield Sign(Fault.CODE, words, frame.place)


def _has_stand_ins(case: Case) -> bool:
    """Whether the test puts something in the place of another, which the sources may fail on."""
    test = test_function(case)
    return test is not None and _STAND_IN.search(ast.unparse(test.node)) is not None


def _takes_others(sides: Sides, path: str, line: int) -> bool:
    """Whether the definition around a line has other parameters at base, or is new."""
    after = sides.head.enclosing(path, line)
    if after is None:
        return False
    before = sides.base.definition(path, after.name)
    if before is None or not isinstance(before.node, Function):
        return before is None
    return isinstance(after.node, Function) and ast.dump(before.node.args) != ast.dump(
        after.node.args
    )


def of_other_users(sides: Sides, old: str, new: str) -> Iterator[Sign]:
    """Unchanged sources that still compare with the old text, which the sources no longer give."""
    value = evaluated(old)
    if not isinstance(value, str) or not is_telling(value) or evaluated(new) == value:
        return
    for path, text in sides.head.texts.items():
        if sides.is_test(path) or value not in text:
            continue
        tree = sides.head.tree(path)
        for node in [] if tree is None else ast.walk(tree):
            if isinstance(node, ast.Compare) and _is_compared_with(node, value):
                place = f"{path}:{node.lineno}"
                yield Sign(Fault.CODE, f"{place} still compares with {old}", place)


def _is_compared_with(node: ast.Compare, value: str) -> bool:
    return any(
        isinstance(side, ast.Constant) and side.value == value
        for side in (node.left, *node.comparators)
    )


# -- definitions


def docstring(place: Place | None) -> str:
    if place is None or not isinstance(place.node, Definition):
        return ""
    return ast.get_docstring(place.node) or ""


def returns_of(place: Place | None) -> str:
    """The annotation of what a function returns; "" if there is none."""
    if place is None or not isinstance(place.node, Function) or place.node.returns is None:
        return ""
    returns = place.node.returns
    told = evaluated(ast.unparse(returns))
    return told if isinstance(told, str) else ast.unparse(returns)


def fits(type_name: str, annotation: str) -> bool:
    """Whether a value of a type can be what an annotation says; true where it cannot be told."""
    tree = _expression(annotation)
    return tree is None or _fits(type_name, tree)


def _expression(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _fits(type_name: str, node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _fits(type_name, node.left) or _fits(type_name, node.right)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return fits(type_name, node.value)
    if isinstance(node, ast.Constant):
        return node.value is not None or type_name == "NoneType"
    if isinstance(node, ast.Subscript):
        return _fits_generic(type_name, node)
    name = ast.unparse(node).rpartition(".")[2]
    if name not in _SIMPLE and name not in _FAMILIES:
        return True
    return type_name == name or type_name in _FAMILIES.get(name, ())


def _fits_generic(type_name: str, node: ast.Subscript) -> bool:
    name = ast.unparse(node.value).rpartition(".")[2]
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Optional":
        return type_name == "NoneType" or _fits(type_name, inner[0])
    if name == "Union":
        return any(_fits(type_name, one) for one in inner)
    if name == "Literal":
        return True
    return _fits(type_name, node.value)

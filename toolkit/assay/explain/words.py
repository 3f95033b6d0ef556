"""Comparisons in words: what happened, shown by values, and the smallest fix."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import replace

from assay.explain.compare import Comparison, Difference, Kind
from assay.explain.recording import Call
from assay.explain.summaries import (
    MISSING,
    Summary,
    at,
    briefly,
    contrast,
    differences,
    expression,
    is_whole,
    words,
)
from assay.model.explanation import Explanation, Proposal, Reach
from assay.model.mutant import Mutant
from assay.mutation.apply import mutated_text

MOST_GIVEN = 6


def explanation(
    mutant: Mutant,
    found: Comparison,
    proposal: Proposal | None,
    none: str,
    made_of: Mapping[str, str],
    text: str = "",
) -> Explanation:
    """The explanation of one survivor by one of its tests; `text` is that of the mutant's file."""
    name = function_name(mutant)
    test = found.clean.test
    base = Explanation(
        reach=found.reach,
        sentence="",
        test=test,
        calls=found.clean.count,
        given=_given(found.call),
        proposal=proposal,
        none=none,
        made_of=made_of,
    )
    if found.reach is Reach.UNCHECKED:
        return _unchecked(base, found)
    if found.reach is Reach.SWALLOWED:
        return _swallowed(base, found, name)
    if found.reach is Reach.SAME:
        return _same(base, found, name, mutant, text)
    if found.reach is Reach.NOT_REACHED:
        sentence = f"Not reached: {test} does not call {name}"
        return _with(base, sentence, advice=f"write a test that calls {name}")
    return _with(base, f"Not explained: {found.why}")


def unknown(why: str, made_of: Mapping[str, str]) -> Explanation:
    return Explanation(Reach.UNKNOWN, f"Not explained: {why}", made_of=made_of)


def function_name(mutant: Mutant) -> str:
    scope = mutant.scope.replace("<locals>.", "")
    return "the module body" if mutant.scope.startswith("<") else scope


def _with(base: Explanation, sentence: str, **more: object) -> Explanation:
    return replace(base, sentence=sentence, **more)  # type: ignore[arg-type]


def _given(call: Call | None) -> tuple[tuple[str, str], ...]:
    if call is None:
        return ()
    return tuple((name, briefly(value)) for name, value in list(call.given.items())[:MOST_GIVEN])


# -- one of each kind


def _unchecked(base: Explanation, found: Comparison) -> Explanation:
    one = telling(found.found)
    what = described(one)
    before, after = contrast(one.before, one.after)
    if one.kind is Kind.PATH:
        sentence = f"Unchecked: {base.test} takes another way through its own lines, and passes"
    else:
        sentence = f"Unchecked: the difference reaches {base.test}, line {one.line}"
    advice = "" if base.proposal else f"check `{what}` in the test"
    if one.kind is Kind.PATH:
        advice = "check what the test decides by"
    return _with(
        base,
        sentence,
        what=what,
        before=before,
        after=after,
        path=one.path_of_file,
        line=one.line,
        advice=advice,
    )


def _swallowed(base: Explanation, found: Comparison, name: str) -> Explanation:
    if found.hidden is not None:
        return _hidden(base, found.hidden, name)
    what, before, after = _first_end(found, name)
    lost = found.swallowed
    where = f" at {lost.path}:{lost.line} in {lost.function}" if lost is not None else ""
    if found.other is None:
        sentence = (
            f"Swallowed: {base.test} calls {name} another number of times, nothing else differs"
        )
    elif lost is not None and lost.number == -1:
        sentence = f"Swallowed: {name} does something else in {base.test}, which does not keep it"
    else:
        sentence = (
            f"Swallowed: {name} does something else in {base.test}; the difference is lost{where}"
        )
    return _with(
        base,
        sentence,
        what=what,
        before=before,
        after=after,
        path=lost.path if lost else "",
        line=lost.line if lost else 0,
        advice=f"test {name} by itself, or an input for which what it gives matters",
    )


def _hidden(base: Explanation, one: Difference, name: str) -> Explanation:
    what = described(one)
    before, after = contrast(one.before, one.after)
    return _with(
        base,
        f"Swallowed: in {base.test} the difference stays in private state, `{what}`",
        what=what,
        before=before,
        after=after,
        path=one.path_of_file,
        line=one.line,
        advice=f"use the object further in the test, so that what {name} left in it matters",
    )


def _first_end(found: Comparison, name: str) -> tuple[str, str, str]:
    """What the first telling call gave, before and after."""
    call, other = found.call, found.other
    if call is None or other is None:
        return "", "", ""
    for one, its in zip(call.ends, other.ends, strict=False):
        if one != its:
            if one[0] == its[0] == "returned":
                return f"what {name} returns", *contrast(one[1], its[1])
            return f"how {name} ends", _end_words(one), _end_words(its)
    for key in sorted(call.left.keys() | other.left.keys()):
        one_left = call.left.get(key, call.given.get(key, MISSING))
        its_left = other.left.get(key, other.given.get(key, MISSING))
        if one_left != its_left:
            return f"`{key}` after {name}", *_apart(one_left, its_left)
    return f"what {name} gives", "", ""


def _apart(one: Summary, other: Summary) -> tuple[str, str]:
    path = next(differences(one, other), ())
    suffix = expression("", path) or ""
    before, after = contrast(at(one, path), at(other, path))
    return (f"{suffix} = {before}", f"{suffix} = {after}") if suffix else (before, after)


def _end_words(end: tuple[str, Summary]) -> str:
    how, value = end
    return words(value) if how == "returned" else f"raises {words(value)}"


def _same(
    base: Explanation, found: Comparison, name: str, mutant: Mutant, text: str
) -> Explanation:
    count = f"{base.calls} calls" if base.calls != 1 else "only call"
    whole = found.call is not None and all(is_whole(end[1]) for end in found.call.ends)
    sentence = f"Same result: the {count} of {name} in {base.test} cannot tell the mutant"
    if not whole:
        sentence += ", as far as its results can be seen"
    return _with(base, sentence, advice=other_input(mutant, text))


def telling(found: Iterable[Difference]) -> Difference:
    """The difference that says most: a plain value, near, and public."""
    return min(found, key=_plainness)


def _plainness(one: Difference) -> tuple[bool, int, int]:
    private = any(str(name).startswith("_") for kind, name in one.path if kind == "attr")
    simple = one.before[0] == "v" and one.kind is not Kind.PATH
    return private, 0 if simple else 1, len(one.path)


def described(one: Difference) -> str:
    root = one.name or "the way taken"
    if one.kind is Kind.RESULT:
        root = f"{one.name}(…)"
    elif one.kind is Kind.CAUGHT:
        root = "the exception"
        if one.path == (("text", None),):
            return "str(the exception)"
    return expression(root, one.path) or root


# -- other inputs


def other_input(mutant: Mutant, text: str = "") -> str:
    """What an input would have to be like to tell the mutant, in words. `text` is the file's."""
    before, after = _around(mutant, text)
    if isinstance(before, ast.Compare) and isinstance(after, ast.Compare) and _edge(before, after):
        left, right = ast.unparse(before.left), ast.unparse(before.comparators[0])
        return f"call it so that `{left}` and `{right}` are equal"
    if before is not None and after is not None:
        one, other = ast.unparse(before), ast.unparse(after)
        if len(one) + len(other) <= 120:
            return f"call it so that `{one}` and `{other}` come to something else"
    return "call it with an input for which the changed code makes a difference"


def _around(mutant: Mutant, text: str) -> tuple[ast.expr | None, ast.expr | None]:
    """The smallest comparison, condition or whole expression that the mutant stands in, before and
    after."""
    try:
        trees = ast.parse(text), ast.parse(mutated_text(text, mutant))
    except (SyntaxError, ValueError):
        return _parsed(mutant.original), _parsed(mutant.replacement)
    span = mutant.span
    place = (span.start_line, span.start_column), (span.end_line, span.end_column)
    for node in _inside_out(trees[0], *place):
        start = node.lineno, node.col_offset
        for other in ast.walk(trees[1]):
            alike = isinstance(other, ast.expr) and type(other) is type(node)
            if alike and (other.lineno, other.col_offset) == start:  # type: ignore[attr-defined]
                return node, other  # type: ignore[return-value]
    return _parsed(mutant.original), _parsed(mutant.replacement)


def _inside_out(tree: ast.AST, start: tuple[int, int], end: tuple[int, int]) -> list[ast.expr]:
    """Expressions that say something by themselves, around a span, the innermost first."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.Compare, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Call))
        and (node.lineno, node.col_offset) <= start
        and end <= (node.end_lineno or 0, node.end_col_offset or 0)
    ]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset), reverse=True)


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None


_WIDER = (
    {ast.Lt, ast.LtE},
    {ast.Gt, ast.GtE},
)


def _edge(before: ast.Compare, after: ast.Compare) -> bool:
    """Whether the two comparisons differ only where both sides are equal."""
    if len(before.ops) != 1 or len(after.ops) != 1:
        return False
    if ast.dump(before.left) != ast.dump(after.left):
        return False
    return any({type(before.ops[0]), type(after.ops[0])} == pair for pair in _WIDER)

"""Comparisons in words: what happened, shown by values, and the smallest fix."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import replace

from assay.explain.compare import Comparison, Difference, Kind
from assay.explain.recording import Call
from assay.explain.summaries import MISSING, Summary, at, differences, expression, is_whole, words
from assay.model.explanation import Explanation, Proposal, Reach
from assay.model.mutant import Mutant

MOST_GIVEN = 6


def explanation(
    mutant: Mutant,
    found: Comparison,
    proposal: Proposal | None,
    none: str,
    made_of: Mapping[str, str],
) -> Explanation:
    """The explanation of one survivor by one of its tests."""
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
        return _same(base, found, name, mutant)
    if found.reach is Reach.NOT_REACHED:
        sentence = f"{name} is not called while {test} runs"
        return _with(base, sentence, advice=f"write a test that calls {name}")
    return _with(base, f"not explained: {found.why}")


def unknown(why: str, made_of: Mapping[str, str]) -> Explanation:
    return Explanation(Reach.UNKNOWN, f"not explained: {why}", made_of=made_of)


def function_name(mutant: Mutant) -> str:
    scope = mutant.scope.replace("<locals>.", "")
    return "the module body" if mutant.scope.startswith("<") else scope


def _with(base: Explanation, sentence: str, **more: object) -> Explanation:
    return replace(base, sentence=sentence, **more)  # type: ignore[arg-type]


def _given(call: Call | None) -> tuple[tuple[str, str], ...]:
    if call is None:
        return ()
    return tuple((name, words(value)) for name, value in list(call.given.items())[:MOST_GIVEN])


# -- one of each kind


def _unchecked(base: Explanation, found: Comparison) -> Explanation:
    one = telling(found.found)
    what = described(one)
    if one.kind is Kind.PATH:
        sentence = f"{base.test} takes another way through its own code, and passes"
    else:
        sentence = f"{base.test} receives another value for `{what}` and does not check it"
    advice = "" if base.proposal else f"check `{what}` in the test"
    if one.kind is Kind.PATH:
        advice = "check what the test decides by"
    return _with(
        base,
        sentence,
        what=what,
        before=words(one.before),
        after=words(one.after),
        path=one.path_of_file,
        line=one.line,
        advice=advice,
    )


def _swallowed(base: Explanation, found: Comparison, name: str) -> Explanation:
    what, before, after = _first_end(found, name)
    lost = found.swallowed
    where = f" at {lost.path}:{lost.line}, in {lost.function}" if lost is not None else ""
    if found.other is None:
        sentence = f"{name} is called another number of times in {base.test}; the rest is the same"
    elif lost is not None and lost.number == -1:
        sentence = f"{name} gives {base.test} something else{where}, which drops it"
    else:
        sentence = f"{name} gives something else in {base.test}, and the difference is lost{where}"
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


def _first_end(found: Comparison, name: str) -> tuple[str, str, str]:
    """What the first telling call gave, before and after."""
    call, other = found.call, found.other
    if call is None or other is None:
        return "", "", ""
    for one, its in zip(call.ends, other.ends, strict=False):
        if one != its:
            what = f"what {name} gives" if one[0] == its[0] else f"how {name} ends"
            return what, _end_words(one), _end_words(its)
    for key in sorted(call.left.keys() | other.left.keys()):
        one_left = call.left.get(key, call.given.get(key, MISSING))
        its_left = other.left.get(key, other.given.get(key, MISSING))
        if one_left != its_left:
            return f"`{key}` after {name}", *_apart(one_left, its_left)
    return f"what {name} gives", "", ""


def _apart(one: Summary, other: Summary) -> tuple[str, str]:
    path = next(differences(one, other), ())
    suffix = expression("", path) or ""
    before, after = words(at(one, path)), words(at(other, path))
    return (f"{suffix} = {before}", f"{suffix} = {after}") if suffix else (before, after)


def _end_words(end: tuple[str, Summary]) -> str:
    how, value = end
    return words(value) if how == "returned" else f"raises {words(value)}"


def _same(base: Explanation, found: Comparison, name: str, mutant: Mutant) -> Explanation:
    count = f"{base.calls} calls" if base.calls != 1 else "only call"
    whole = found.call is not None and all(is_whole(end[1]) for end in found.call.ends)
    seen = "give" if whole else "give, as far as can be seen,"
    subject = f"the {count} of {name} in {base.test}"
    if base.calls == 1:
        seen = seen.replace("give", "gives")
    sentence = f"{subject} {seen} the same result with the mutant"
    return _with(base, sentence, advice=other_input(mutant))


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


def other_input(mutant: Mutant) -> str:
    """What an input would have to be like to tell the mutant, in words."""
    before, after = _parsed(mutant.original), _parsed(mutant.replacement)
    if isinstance(before, ast.Compare) and isinstance(after, ast.Compare) and _edge(before, after):
        left, right = ast.unparse(before.left), ast.unparse(before.comparators[0])
        return f"call it so that `{left}` and `{right}` are equal"
    if isinstance(before, ast.BoolOp):
        parts = " and ".join(f"`{ast.unparse(part)}`" for part in before.values[:2])
        return f"call it so that only one of {parts} holds"
    one, other = " ".join(mutant.original.split()), " ".join(mutant.replacement.split())
    if before is not None and after is not None and len(one) + len(other) <= 100:
        return f"call it so that `{one}` and `{other}` make a difference"
    return "call it with an input for which the changed code makes a difference"


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

"""The page on operators, kinds of code and rules, written from the table that makes the mutants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.mutation.kinds import Kind
from assay.mutation.mutmut_adapter import MUTMUT_OPERATORS
from assay.mutation.operators.base import Operator
from assay.mutation.operators.table import ASSAY, EXTREME
from assay.mutation.rules import RULES, Rule

_HEAD = """\
# Operators

What assay changes in code to see whether a test notices, with examples. This page is written from
the table that makes the mutants (`make operators`), and each example is a test: of the code before
the arrow the operator makes exactly the pieces behind it, and nothing of what stands under *nothing
of*.

`assay mutate --operators` chooses: `mutmut`, `assay`, `all` (the default), or names with commas
between them. `assay mutate --extreme` uses the [extreme operators](#extreme) and no other.

A mutant that Python compiles to the same code as the original, or as another mutant, is not run
(trivial compiler equivalence: Papadakis, Jia, Harman and Le Traon, ICSE 2015), and neither is one
that a [rule](#rules) leaves. Both are counted in the answer, and listed with their reason by
`assay mutate --list --all`. Annotations are never mutated.
"""

_KINDS = """\
## Kinds of code

Each mutant tells in what kind of code it stands (`kind` in JSON): the first of these that fits.
"""

_MUTMUT = """\
## Operators of mutmut

Made by mutmut itself; the words and examples are ours. They are applied also where mutmut does not
go: in decorated functions, decorators, arguments of `len` and `isinstance`, `__new__`,
`__setattr__`, `__getattribute__`, computed defaults, class bodies and the module level.
"""

_OURS = """\
## Operators of assay

What mutmut has nothing for. Not made: `await` dropped (a coroutine that nobody awaits crashes
nearly everywhere), conditions negated (they fall to every test that kills both forced ones), and
anything of an `assert`'s own condition but what mutmut makes of it.
"""

_EXTREME = """\
## Extreme

All that a function does, gone at once: one mutant a function and constant (Niedermayr, Juergens and
Wagner, 2016; the constants are those of Descartes). What a function may return is read off its
annotation, or off the form of its `return` statements. Functions whose body is trivial or only
raises are left.
"""

_RULES = """\
## Rules

Mutants that are not run because nobody acts on them when they survive ("arid nodes": Petrović and
Ivanković, State of Mutation Testing at Google, 2018). `keep = ["NAME", ...]` in `[tool.assay]`
turns rules off. Two more reasons come from the user: `pragma: no mutate` and
`do_not_mutate_patterns` (see [mutate](verbs.md#mutate)); three from Python: `equal code`,
`duplicate` and `does not compile`.
"""


def operators_page() -> str:
    """docs/operators.md."""
    parts = [_HEAD, _KINDS, "\n".join(f"- {kind.value}" for kind in Kind) + "\n"]
    for words, operators in ((_MUTMUT, MUTMUT_OPERATORS), (_OURS, ASSAY), (_EXTREME, EXTREME)):
        parts += [words, *map(_operator, operators)]
    return "\n".join([*parts, _RULES, *map(_rule, RULES)])


def _operator(one: Operator) -> str:
    lines = [f"### {one.name}", "", one.does, "", f"Finds: {_small(one.why)}", ""]
    lines += [*_examples(one.makes.items()), *_listed("Nothing of:", one.leaves)]
    return "\n".join(lines)


def _rule(one: Rule) -> str:
    lines = [f"### {one.name}", "", one.does, "", f"Because: {_small(one.why)}", ""]
    lines += _listed("Leaves all of:", one.leaves)
    if one.some:
        lines += ["Leaves:", "", *_examples(one.some.items())]
    return "\n".join([*lines, *_listed("Leaves nothing of:", one.keeps)])


def _small(text: str) -> str:
    """With a small first letter, unless it begins a name or a piece of code."""
    is_word = text[:1].isupper() and text[1:2].islower() and not text.startswith("Python")
    return text[:1].lower() + text[1:] if is_word else text


def _examples(examples: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[str]:
    yield "```python"
    for index, (before, after) in enumerate(examples):
        if index:
            yield ""
        yield before
        for one in after:
            head, *rest = one.split("\n")
            yield f"# -> {head}"
            yield from (f"#    {line}" for line in rest)
    yield "```"
    yield ""


def _listed(words: str, pieces: tuple[str, ...]) -> Iterator[str]:
    if pieces:
        yield words
        yield ""
        yield "```python"
        yield from pieces
        yield "```"
        yield ""

"""How to get mutants out of mutmut's generator: the only module that imports mutmut."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode, PragmaVisitor

from assay.model.source import Span
from assay.mutation.positions import BYTE_ORDER_MARK, LineTable
from assay.mutation.syntax import parse

Operator = tuple[type, Callable[[Any], Iterable[cst.CSTNode]]]
"""A kind of node and what to put in its place; anchor operators of our own at whole expressions or
statements, for the text of other nodes (arguments, elements) depends on their neighbours."""

MUTMUT_OPERATORS: tuple[Operator, ...] = tuple(mutation_operators)


class CannotMutate(Exception):  # noqa: N818 - an outcome of one file rather than an error
    """A file that no mutant can be made of, told in one line."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = " ".join(reason.split())
        super().__init__(f"{path}: {self.reason}")


@dataclass(frozen=True, slots=True)
class RawMutation:
    """One replacement of a node's text, named by the operator that made it."""

    operator: str
    span: Span
    original: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """One replacement of a node, as the generator made it."""

    operator: str
    old: cst.CSTNode
    new: cst.CSTNode


def raw_mutations(
    source: str, filename: str, operators: Sequence[Operator] = MUTMUT_OPERATORS
) -> tuple[RawMutation, ...]:
    """Everything the operators make of a text, in the order of the generator's visit.

    Raises CannotMutate when the text cannot be parsed or has a malformed pragma.
    """
    body = source.removeprefix(BYTE_ORDER_MARK)
    shown = blank_decorators(body)
    try:
        wrapper = _parsed(shown, filename)
        replacements = generated(wrapper, filename, operators)
        if not replacements:
            return ()
        printer = _Printer(wrapper, shown, body, replacements)
        if not printer.is_exact:
            raise CannotMutate(filename, "libcst does not reproduce its text")
        table, mark = LineTable.of(source), len(source) - len(body)
        return tuple(_raw(table, mark, replacement, printer) for replacement in replacements)
    except RecursionError:
        raise CannotMutate(filename, "it is nested too deeply") from None


def _raw(table: LineTable, mark: int, replacement: Replacement, printer: _Printer) -> RawMutation:
    start, end, text = printer.splice(replacement)
    start, end = start + mark, end + mark
    original = table.text[start:end]
    return RawMutation(replacement.operator, table.span(start, end), original, text)


# --- generating ---------------------------------------------------------------------------------


def _parsed(text: str, filename: str) -> MetadataWrapper:
    try:
        # A copy is needed only for trees that hold a node twice; the parser makes none.
        return MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    except cst.ParserSyntaxError as error:
        reason = f"line {error.raw_line}: {error.message}"
        raise CannotMutate(filename, reason) from None


def generated(
    wrapper: MetadataWrapper, filename: str, operators: Sequence[Operator] = MUTMUT_OPERATORS
) -> list[Replacement]:
    """The replacements in a parsed module, pragmas honoured."""
    ignored = _ignored(wrapper, filename)
    names: dict[tuple[int, int], tuple[str, cst.CSTNode]] = {}
    named = [(kind, _named(function, names)) for kind, function in operators]
    visitor = MutationVisitor(named, ignored)
    wrapper.visit(visitor)
    return [
        Replacement(
            names[id(mutation.original_node), id(mutation.mutated_node)][0],
            mutation.original_node,
            mutation.mutated_node,
        )
        for mutation in visitor.mutations
    ]


def _ignored(wrapper: MetadataWrapper, filename: str) -> IgnoredCode:
    pragmas = PragmaVisitor(filename)
    # A visit costs a quarter of all that is done to a file, and few files have a pragma.
    if "no mutate" in wrapper.module.code:
        try:
            wrapper.visit(pragmas)
        except RecursionError:
            raise
        except Exception as error:
            # The type of a malformed pragma is not one of the names we rely on.
            raise CannotMutate(filename, str(error)) from None
    return IgnoredCode(pragmas.no_mutate_lines, pragmas.ignore_node_lines, set())


def _named(
    function: Callable[[Any], Iterable[cst.CSTNode]],
    names: dict[tuple[int, int], tuple[str, cst.CSTNode]],
) -> Callable[[Any], Iterator[cst.CSTNode]]:
    """The operator, noting in `names` what it makes: the generator itself does not tell."""
    name = function.__name__.removeprefix("operator_")

    def operator(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        try:
            for made in function(node):
                new = _in_layout_of(node, made)
                # Keeping the node alive keeps its id from being given to another.
                names[id(node), id(new)] = (name, new)
                yield new
        except (SyntaxError, ValueError, OverflowError):
            # `a if(b)else c` or an int of 5000 digits makes mutmut's operators stumble (libcst's
            # refusals are SyntaxErrors); one odd node must not cost the file its other mutants.
            return

    return operator


def _in_layout_of(old: cst.CSTNode, new: cst.CSTNode) -> cst.CSTNode:
    """`new` with the white space, brackets and semicolon of `old`.

    The generator prints new operators with default spaces, which joins the lines of a condition
    broken before its `and`, and drops the brackets of `(not a)`, which turns `return(not a)` into
    a name and `(not a < b) == c` into a chain.
    """
    if isinstance(old, cst.UnaryOperation) and new is old.expression:
        if not old.lpar:
            return new
        brackets: dict[str, Any] = {
            "lpar": [*old.lpar, *getattr(new, "lpar", ())],
            "rpar": [*getattr(new, "rpar", ()), *old.rpar],
        }
        return new.with_changes(**brackets)
    if isinstance(old, cst.BaseSmallStatement) and isinstance(new, cst.BaseSmallStatement):
        return new.with_changes(semicolon=getattr(old, "semicolon", cst.MaybeSentinel.DEFAULT))
    before, after = getattr(old, "operator", None), getattr(new, "operator", None)
    if isinstance(before, cst.CSTNode) and isinstance(after, cst.CSTNode) and before is not after:
        return new.with_changes(operator=_spaced_like(before, after))
    return _spaced_like(old, new)


def _spaced_like(old: cst.CSTNode, new: cst.CSTNode) -> cst.CSTNode:
    names = ("whitespace_before", "whitespace_after")
    spaces = {name: getattr(old, name) for name in names if hasattr(old, name)}
    if type(old) is type(new) or not spaces or not all(hasattr(new, name) for name in spaces):
        return new
    return new.with_changes(**spaces)


# --- decorators ---------------------------------------------------------------------------------

_LINE = re.compile(r"([ \t\f]*)([^\r\n]+)")


def blank_decorators(text: str) -> str:
    """The text with functions' decorators turned into empty comments of the same length.

    mutmut skips every decorated function. Stubs of `@overload` keep theirs, so that nothing is
    made of them. Text that this Python cannot read is returned as it is.
    """
    tree = parse(text) if "@" in text else None
    if tree is None:
        return text
    table, pieces, done = LineTable.of(text), [], 0
    for first, last in _decorated_lines(tree, table):
        start, end = table.offset(first, 0), table.offset(last, 0)
        pieces += [text[done:start], _LINE.sub(_as_comment, text[start:end])]
        done = end
    return "".join([*pieces, text[done:]])


def _decorated_lines(tree: ast.Module, table: LineTable) -> list[tuple[int, int]]:
    """For each function the line of its first `@` and the line of its `def`."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.decorator_list and not any(map(_is_overload, node.decorator_list)):
            first = node.decorator_list[0].lineno
            # The expression of `@(\n  name)` begins below its `@`.
            while not table.line(first).lstrip(" \t\f").startswith("@"):
                first -= 1
            found.append((first, node.lineno))
    return sorted(found)


def _is_overload(decorator: ast.expr) -> bool:
    name = decorator.attr if isinstance(decorator, ast.Attribute) else decorator
    return name == "overload" or (isinstance(name, ast.Name) and name.id == "overload")


def _as_comment(line: re.Match[str]) -> str:
    indent, rest = line.groups()
    if rest.startswith("#"):
        return line[0]
    # What stands there is not kept: a pragma beside a decorator would reach further as a comment
    # on a line of its own.
    return f"{indent}#{' ' * (len(rest) - 1)}"


# --- printing -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Printed:
    """Where a node's text, white space it owns included, stands in the printed module."""

    start: int
    end: int
    indents: tuple[str, ...]


class _Recorder(CodegenState):
    """Prints a module and notes where the wanted nodes stand.

    Printing within the module, instead of a node by itself, is what makes a splice exact: a node
    prints its indentation only when its surroundings have told it.
    """

    def __init__(self, module: cst.Module, wanted: frozenset[int], with_comments: bool) -> None:
        super().__init__(module.default_indent, module.default_newline)
        self.offset = 0
        self.wanted = wanted
        self.with_comments = with_comments
        self.printed: dict[int, _Printed] = {}

    def add_indent_tokens(self) -> None:
        super().add_indent_tokens()
        self.offset += sum(map(len, self.indent_tokens))

    def add_token(self, value: str) -> None:
        super().add_token(value)
        self.offset += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        if id(node) in self.wanted or (self.with_comments and isinstance(node, cst.Comment)):
            self.printed[id(node)] = _Printed(self.offset, self.offset, tuple(self.indent_tokens))

    def after_codegen(self, node: cst.CSTNode) -> None:
        if id(node) in self.printed:
            self.printed[id(node)].end = self.offset


class _Renderer(CodegenState):
    """Prints one node at an indentation, with decorators where their comments stand."""

    def __init__(
        self, module: cst.Module, indents: Sequence[str], comments: dict[int, str]
    ) -> None:
        super().__init__(module.default_indent, module.default_newline)
        self.indent_tokens.extend(indents)
        self.comments = comments

    def after_codegen(self, node: cst.CSTNode) -> None:
        if id(node) in self.comments:
            self.tokens[-1] = self.comments[id(node)]


class _Printer:
    """Turns replacements of nodes into replacements of text."""

    def __init__(
        self, wrapper: MetadataWrapper, shown: str, body: str, replacements: Sequence[Replacement]
    ) -> None:
        self._module = wrapper.module
        self._body = body
        self._positions = wrapper.resolve(PositionProvider)
        self._table = LineTable.of(shown)
        wanted = frozenset(id(replacement.old) for replacement in replacements)
        recorder = _Recorder(self._module, wanted, with_comments=shown != body)
        self._module._codegen(recorder)
        self._printed = recorder.printed
        self._length = sum(map(len, recorder.tokens))
        # libcst prints no last line break for a file whose lines end in CR alone.
        self.is_exact = shown in ("".join(recorder.tokens) + end for end in ("", "\r"))
        self._comments = {
            node: body[at.start : at.end]
            for node, at in recorder.printed.items()
            if shown[at.start : at.end] != body[at.start : at.end] and node not in wanted
        }

    def splice(self, replacement: Replacement) -> tuple[int, int, str]:
        """The offsets of the text to replace, and what to put there."""
        at = self._printed[id(replacement.old)]
        renderer = _Renderer(self._module, at.indents, self._comments)
        replacement.new._codegen(renderer)
        if at.end > self._length:
            # The module takes back the last line break of a file that ends without one.
            renderer.tokens.pop()
        end = min(at.end, self._length)
        return self._trimmed(replacement.old, at.start, end, "".join(renderer.tokens))

    def _trimmed(self, old: cst.CSTNode, start: int, end: int, new: str) -> tuple[int, int, str]:
        """Without the brackets, comments and white space around the node that stay as they are."""
        position = self._positions[old]
        first = self._table.offset(position.start.line, position.start.column)
        last = self._table.offset(position.end.line, position.end.column)
        lead, trail = self._body[start:first], self._body[min(last, end) : end]
        if len(lead + trail) <= len(new) and new.startswith(lead) and new.endswith(trail):
            start, end, new = first, end - len(trail), new[len(lead) : len(new) - len(trail)]
        while new[:1].isspace() and self._body[start:end][:1] == new[:1]:
            start, new = start + 1, new[1:]
        while new[-1:].isspace() and self._body[start:end][-1:] == new[-1:]:
            end, new = end - 1, new[:-1]
        return start, end, new


# --- checking mutmut ----------------------------------------------------------------------------

_REFERENCE = """\
def price(items, rate=1):
    total = None
    for item in items:
        if not item.ok or item.cost is None:
            continue
        total += item.cost * rate if rate > 2 else "free"
    log(id=7)  # pragma: no mutate
    match total:
        case _ if total.split(sep, maxsplit):
            return lambda: dict(sum=total.lower())
        case _:
            return -total
"""

_MADE_OF_REFERENCE = (
    ("number", "1", "2"),
    ("assignment", "total = None", 'total = ""'),
    ("swap_op", "not item.ok or item.cost is None", "not item.ok and item.cost is None"),
    ("remove_unary_ops", "not item.ok", "item.ok"),
    ("keywords", "is", "is not"),
    ("keywords", "continue", "break"),
    (
        "augmented_assignment",
        'total += item.cost * rate if rate > 2 else "free"',
        'total = item.cost * rate if rate > 2 else "free"',
    ),
    (
        "swap_op",
        'total += item.cost * rate if rate > 2 else "free"',
        'total -= item.cost * rate if rate > 2 else "free"',
    ),
    (
        "if_exp",
        'item.cost * rate if rate > 2 else "free"',
        'item.cost * rate if (rate > 2) and False else "free"',
    ),
    (
        "if_exp",
        'item.cost * rate if rate > 2 else "free"',
        'item.cost * rate if (rate > 2) or True else "free"',
    ),
    ("swap_op", "item.cost * rate", "item.cost / rate"),
    ("swap_op", "> 2", ">= 2"),
    ("number", "2", "3"),
    ("string", '"free"', '"XXfreeXX"'),
    ("string", '"free"', '"FREE"'),
    ("match", "match total:", "            return -total"),
    ("match", "match total:", "            return lambda: dict(sum=total.lower())"),
    ("arg_removal", "total.split(sep, maxsplit)", "total.split(None, maxsplit)"),
    ("arg_removal", "total.split(sep, maxsplit)", "total.split(sep, None)"),
    ("arg_removal", "total.split(sep, maxsplit)", "total.split(maxsplit)"),
    ("arg_removal", "total.split(sep, maxsplit)", "total.split(sep, )"),
    (
        "unsymmetrical_string_methods_swap",
        "total.split(sep, maxsplit)",
        "total.rsplit(sep, maxsplit)",
    ),
    ("lambda", "lambda: dict(sum=total.lower())", "lambda: None"),
    ("dict_arguments", "dict(sum=total.lower())", "dict(sumXX=total.lower())"),
    ("arg_removal", "dict(sum=total.lower())", "dict(sum=None)"),
    ("symmetric_string_methods_swap", "total.lower()", "total.upper()"),
    ("swap_op", "-total", "+total"),
)


def mutmut_version() -> str:
    return version("mutmut")


def self_check() -> str | None:
    """None, or one line saying how the installed mutmut differs from the one we know."""
    installed = f"mutmut {mutmut_version()}"
    advice = "install mutmut>=3.8.1,<3.9"
    for known, callable_ in _SIGNATURES:
        if tuple(inspect.signature(callable_).parameters) != known:
            return f"{installed} takes other arguments for {callable_.__name__}: {advice}"
    try:
        raws = raw_mutations(_REFERENCE, "reference snippet")
    except Exception as error:
        return f"{installed} cannot mutate the reference snippet ({error!r}): {advice}"
    made = tuple(map(_summary, raws))
    if len(made) != len(_MADE_OF_REFERENCE):
        return (
            f"{installed} made {len(made)} mutants of the reference snippet "
            f"where {len(_MADE_OF_REFERENCE)} are expected: {advice}"
        )
    for got, expected in zip(made, _MADE_OF_REFERENCE, strict=True):
        if got != expected:
            return f"{installed} made {got!r} where {expected!r} is expected: {advice}"
    return None


def _summary(raw: RawMutation) -> tuple[str, str, str]:
    """The lines of a `match` that tell one removed case from another."""
    return raw.operator, raw.original.partition("\n")[0], raw.replacement.rpartition("\n")[2]


_SIGNATURES: tuple[tuple[tuple[str, ...], type], ...] = (
    (("operators", "ignored_code", "covered_lines"), MutationVisitor),
    (("filename",), PragmaVisitor),
    (("no_mutate_lines", "ignore_node_lines", "ignore_pattern_lines"), IgnoredCode),
)

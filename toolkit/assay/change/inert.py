"""Which expressions do nothing but make a value: evaluated at import, they leave no other effect.

Whether they raise is not asked here: that the module can still be imported is seen by importing it.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Sequence

from assay.change.digest import digest

Function = ast.FunctionDef | ast.AsyncFunctionDef

_PLAIN = (
    ast.Constant,
    ast.Name,
    ast.Attribute,
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Dict,
    ast.UnaryOp,
    ast.BinOp,
    ast.BoolOp,
    ast.Compare,
    ast.Subscript,
    ast.Slice,
    ast.Starred,
    ast.IfExp,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)

# Calls whose only effect is the value. By the last part of the name, for those that are rarely
# anything else; `compile` and `cast` are asked for their module too, and `cache.set` is no set.
_BUILT_IN_MAKERS = frozenset(
    "bool bytes complex dict float frozenset int list object range set slice str tuple".split()
)
_MAKERS = frozenset(
    """
    auto field TypeVar ParamSpec NewType Decimal Fraction timedelta itemgetter attrgetter getLogger
    MappingProxyType OrderedDict defaultdict Counter deque Path PurePath PurePosixPath
    """.split()
)
_MODULE_MAKERS = frozenset({"re.compile", "typing.cast", "t.cast", "pytest.param"})

# Decorators that change how a function is reached, and touch nothing else.
_DECORATORS = frozenset(
    """
    property staticmethod classmethod setter getter deleter
    lru_cache cache cached_property wraps contextmanager asynccontextmanager
    overload override final deprecated abstractmethod
    """.split()
)

PLAIN_BASES = frozenset(
    """
    object dict list set frozenset tuple str bytes int float bool
    BaseException Exception ArithmeticError AssertionError AttributeError BufferError EOFError
    FileExistsError FileNotFoundError ImportError IndexError KeyError LookupError
    ModuleNotFoundError NameError NotImplementedError OSError OverflowError PermissionError
    RecursionError ReferenceError RuntimeError StopIteration SyntaxError SystemError TimeoutError
    TypeError UnicodeDecodeError UnicodeEncodeError UnicodeError ValueError ZeroDivisionError
    Warning DeprecationWarning FutureWarning PendingDeprecationWarning RuntimeWarning
    SyntaxWarning UserWarning ImportWarning Generic IOBase RawIOBase BufferedIOBase TextIOBase
    TextIOWrapper BytesIO StringIO BufferedReader BufferedWriter TestCase IsolatedAsyncioTestCase
    ABC Protocol NamedTuple TypedDict Enum IntEnum StrEnum Flag IntFlag
    """.split()
)
"""Base classes for which a class derived from them, by what it contains, is another class at most:
nothing else takes notice of it."""

PLAIN_CLASS_DECORATORS = frozenset(
    """
    dataclass dataclasses.dataclass total_ordering functools.total_ordering final typing.final
    runtime_checkable typing.runtime_checkable unique enum.unique
    attr.s attr.define attr.frozen attrs.define attrs.frozen
    """.split()
)
"""The same of decorators."""


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a chain of names, empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def is_inert(node: ast.AST | None, shadowed: Collection[str] = ()) -> bool:
    """Whether evaluating the expression only makes a value.

    `shadowed` are names that the file gives another meaning than the standard library's.
    """
    pending = [] if node is None else [node]
    while pending:
        item = pending.pop()
        if isinstance(item, ast.Call):
            name = dotted(item.func)
            if name.partition(".")[0] in shadowed:
                return False
            last = name.rpartition(".")[2]
            if name not in _BUILT_IN_MAKERS | _MODULE_MAKERS and last not in _MAKERS:
                return False
            pending.extend([*item.args, *(keyword.value for keyword in item.keywords)])
        elif isinstance(item, ast.Lambda):
            # Its body does not run when it is made.
            pending.extend(_defaults(item.args))
        elif isinstance(item, ast.expr):
            if not isinstance(item, _PLAIN):
                return False
            pending.extend(ast.iter_child_nodes(item))
        elif isinstance(item, ast.comprehension):
            pending.extend(ast.iter_child_nodes(item))
    return True


def _defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [*arguments.defaults, *filter(None, arguments.kw_defaults)]


def inert_header(
    function: Function, annotations_run: bool, shadowed: Collection[str], marks: bool
) -> bool:
    """Whether making the function only makes it: plain decorators, defaults and annotations.

    `marks`: `pytest.mark.…` counts as plain too, for in a test file it only labels its test.
    """
    if not all(is_inert(part, shadowed) for part in _values_of(function, annotations_run)):
        return False
    return all(
        is_plain_decorator(decorator, shadowed) or (marks and is_mark(decorator, shadowed))
        for decorator in function.decorator_list
    )


def _values_of(function: Function, annotations_run: bool) -> list[ast.expr]:
    """Defaults, and the annotations if they are evaluated."""
    arguments = function.args
    parts = _defaults(arguments)
    if annotations_run:
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
        annotations = [*(argument.annotation for argument in every), function.returns]
        parts += [part for part in annotations if part is not None]
    return parts


def evaluated_parts(function: Function, annotations_run: bool) -> list[ast.expr]:
    """All that making the function evaluates."""
    return [*function.decorator_list, *_values_of(function, annotations_run)]


def adds_only_literals(old: Iterable[ast.expr], new: Iterable[ast.expr]) -> bool:
    """Whether all that is evaluated now was evaluated before, or is a literal."""
    before = {digest(part) for part in old}
    return all(is_literal(part) or digest(part) in before for part in new)


def is_literal(node: ast.expr) -> bool:
    """Whether the expression is written out: evaluating it cannot fail."""
    if isinstance(node, ast.UnaryOp):
        number = node.operand.value if isinstance(node.operand, ast.Constant) else None
        return isinstance(node.op, ast.USub | ast.UAdd) and isinstance(number, int | float)
    if isinstance(node, ast.List | ast.Tuple):
        return all(map(is_literal, node.elts))
    if isinstance(node, ast.Set):
        return all(isinstance(element, ast.Constant) for element in node.elts)
    if isinstance(node, ast.Dict):
        keys = all(isinstance(key, ast.Constant) for key in node.keys)
        return keys and all(map(is_literal, node.values))
    return isinstance(node, ast.Constant)


def is_plain_decorator(node: ast.expr, shadowed: Collection[str]) -> bool:
    """Whether the decorator is one of those that only wrap."""
    name, inert = _called(node, shadowed)
    root, _, rest = name.partition(".")
    # `total.setter`: the root is the property itself.
    if rest in ("setter", "getter", "deleter"):
        return inert
    return inert and root not in shadowed and name.rpartition(".")[2] in _DECORATORS


def is_mark(node: ast.expr, shadowed: Collection[str]) -> bool:
    """Whether a decorator is `pytest.mark.something`, with inert arguments if any."""
    name, inert = _called(node, shadowed)
    return inert and name.startswith("pytest.mark.")


def _called(node: ast.expr, shadowed: Collection[str]) -> tuple[str, bool]:
    """The dotted name of a decorator, and whether the arguments it is called with are inert."""
    if not isinstance(node, ast.Call):
        return dotted(node), True
    arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
    return dotted(node.func), all(is_inert(part, shadowed) for part in arguments)


def header_parts(function: Function) -> Sequence[ast.AST]:
    """All of a function but its body."""
    parts: list[ast.AST] = [*function.decorator_list, function.args]
    if function.returns is not None:
        parts.append(function.returns)
    parts.extend(getattr(function, "type_params", ()))
    return parts

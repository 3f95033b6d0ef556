"""What in the syntax makes code not worth a mutant: the questions that the rules ask."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import libcst as cst

from assay.mutation.operators.base import (
    is_name,
    is_text,
    is_trivial,
    last_name,
    small_statement,
)
from assay.mutation.tree import Site


@dataclass(frozen=True, slots=True)
class Change:
    """A replacement in the making: the node its operator was shown, and the one replaced."""

    operator: str
    shown: Site
    old: Site
    new: cst.CSTNode | None


def _assigned(node: cst.CSTNode) -> list[str]:
    """The plain names that a statement assigns to."""
    if isinstance(node, cst.Assign):
        return [last_name(target.target) for target in node.targets]
    if isinstance(node, cst.AnnAssign | cst.AugAssign):
        return [last_name(node.target)]
    return []


def _value_call(node: cst.CSTNode) -> str:
    """The name of the function whose result is assigned or passed on."""
    value = getattr(node, "value", None)
    return last_name(value.func) if isinstance(value, cst.Call) else ""


# --- texts that are not for programs ------------------------------------------------------------


def is_docstring(site: Site) -> bool:
    return is_text(site.node)


def _is_message(site: Site | None) -> bool:
    """Whether the node is text, or text that something is put into."""
    node = site.node if site is not None else None
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        return last_name(node.func) in ("format", "join") and _is_words(node.func.value)
    return node is not None and _is_words(node)


def _is_words(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.BinaryOperation):
        return _is_words(node.left)
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        return last_name(node.func) == "format" and _is_words(node.func.value)
    return isinstance(node, cst.BaseString)


def _message_of(site: Site, is_teller: Callable[[Site], bool]) -> bool:
    """Whether the node is an argument, and but words, of a call that tells something."""
    argument = site.parent
    call = argument.parent if argument is not None else None
    return (
        call is not None
        and isinstance(site.above, cst.Arg)
        and isinstance(call.node, cst.Call)
        and is_teller(call)
        and _is_message(site)
    )


def _changes_message(change: Change, is_teller: Callable[[Site], bool]) -> bool:
    """Whether all that an argument operator changes in a telling call is its words."""
    old, new = change.old.node, change.new
    if not (isinstance(old, cst.Call) and isinstance(new, cst.Call) and is_teller(change.old)):
        return False
    kept = {id(argument) for argument in new.args}
    lost = [argument for argument in old.args if id(argument) not in kept]
    return bool(lost) and old.func is new.func and all(_is_words(one.value) for one in lost)


def _is_raised(call: Site) -> bool:
    return isinstance(call.above, cst.Raise)


def _warns(call: Site) -> bool:
    return last_name(call.node) in ("warn", "warn_explicit", "deprecated")


TEXTS = (cst.BaseString, cst.BinaryOperation, cst.Call)


def exception_text(site: Site) -> bool:
    return _message_of(site, _is_raised)


def exception_text_change(change: Change) -> bool:
    return _changes_message(change, _is_raised)


def warning_text(site: Site) -> bool:
    return _message_of(site, _warns)


def warning_text_change(change: Change) -> bool:
    return _changes_message(change, _warns)


def assert_message(site: Site) -> bool:
    assert_ = site.above
    return isinstance(assert_, cst.Assert) and assert_.msg is site.node


_LOGGERS = re.compile(r"_*(?:[a-z0-9]+_)*(?:log|logger|logging)_*", re.IGNORECASE)
_LEVELS = frozenset(
    {"debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log"}
)


def _logs(site: Site) -> bool:
    call = site.node.value if isinstance(site.node, cst.Expr) else None
    func = call.func if isinstance(call, cst.Call) else None
    return (
        isinstance(func, cst.Attribute)
        and func.attr.value in _LEVELS
        and _LOGGERS.fullmatch(last_name(func.value)) is not None
    )


def makes_logger(site: Site) -> bool:
    return _logs(site) or _value_call(site.node) in ("getLogger", "get_logger")


_CODECS = frozenset(
    {"utf-8", "utf8", "utf-16", "utf-32", "ascii", "latin-1", "latin1", "iso-8859-1"}
)


_FLOATS = frozenset({"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "nan"})


def caseless_text(change: Change) -> bool:
    old, new = change.old.node, change.new
    if not (isinstance(old, cst.SimpleString) and isinstance(new, cst.SimpleString)):
        return False
    before, after = old.value.strip("\"'").lower(), new.value.strip("\"'").lower()
    argument = change.old.parent
    call = argument.above if argument is not None else None
    is_float = isinstance(call, cst.Call) and is_name(call.func, "float") and before in _FLOATS
    return before == after and (before in _CODECS or is_float)


def _names_variable(site: Site) -> bool:
    """Whether a text is the name that a context variable is given, which only `repr` shows."""
    argument = site.above
    call = site.parent.above if site.parent is not None else None
    return (
        isinstance(argument, cst.Arg)
        and isinstance(call, cst.Call)
        and last_name(call.func) == "ContextVar"
        and call.args[0] is argument
    )


def for_debugging(site: Site) -> bool:
    if isinstance(site.node, cst.BaseString):
        return _names_variable(site)
    return bool(set(_assigned(site.node)) & {"__tracebackhide__", "__traceback_hide__"})


def variable_name_change(change: Change) -> bool:
    old, new = change.old.node, change.new
    return (
        isinstance(old, cst.Call)
        and isinstance(new, cst.Call)
        and last_name(old.func) == "ContextVar"
        and bool(old.args)
        and (not new.args or new.args[0] is not old.args[0])
    )


# --- values that hardly any test can tell apart --------------------------------------------------


def _given_to(site: Site) -> str:
    """The name that a value is given to: a keyword, a parameter or a variable; else empty."""
    holder = site.above
    if isinstance(holder, cst.Arg):
        return holder.keyword.value if holder.keyword is not None else ""
    if isinstance(holder, cst.Param):
        return holder.name.value
    names = _assigned(holder) if holder is not None else []
    return names[0] if names else ""


def stack_level(site: Site) -> bool:
    return _given_to(site) == "stacklevel"


def stack_level_change(change: Change) -> bool:
    """Of a call, that the argument `stacklevel` is dropped or another."""
    old, new = change.old.node, change.new
    if not (isinstance(old, cst.Call) and isinstance(new, cst.Call)) or old.func is not new.func:
        return False
    kept = {id(argument) for argument in new.args}
    lost = [argument for argument in old.args if id(argument) not in kept]
    return bool(lost) and all(
        one.keyword is not None and one.keyword.value == "stacklevel" for one in lost
    )


_TIMEOUT = re.compile(r"_*(?:[a-z0-9]+_)*timeout_*", re.IGNORECASE)


def timeout(site: Site) -> bool:
    return _TIMEOUT.fullmatch(_given_to(site)) is not None


def _exchanged(change: Change) -> tuple[cst.CSTNode | None, cst.CSTNode | None]:
    """The one value that is another afterwards: what is assigned, an argument, or a default."""
    old, new = change.old.node, change.new
    if isinstance(old, cst.Call) and isinstance(new, cst.Call):
        pairs = [
            (a.value, b.value)
            for a, b in zip(old.args, new.args, strict=False)
            if a.value is not b.value
        ]
        if len(old.args) == len(new.args) and len(pairs) == 1:
            return pairs[0]
        return None, None
    if isinstance(old, cst.Assign | cst.AnnAssign) and isinstance(new, type(old)):
        return old.value, new.value
    if isinstance(change.old.above, cst.Arg | cst.Param):
        return old, new
    return None, None


def false_as_none(change: Change) -> bool:
    old, new = _exchanged(change)
    return old is not None and is_name(old, "False") and new is not None and is_name(new, "None")


# --- code that is not for the running program ---------------------------------------------------


def for_type_checkers(site: Site) -> bool:
    """The body and the test; what stands under `else` does run."""
    test = site.above
    if not isinstance(test, cst.If) or site.node not in (test.test, test.body):
        return False
    return last_name(test.test) == "TYPE_CHECKING"


def is_overload(site: Site) -> bool:
    node = site.node
    assert isinstance(node, cst.FunctionDef)
    return any(last_name(decorator.decorator) == "overload" for decorator in node.decorators)


_TYPE_MAKERS = frozenset({"TypeVar", "ParamSpec", "TypeVarTuple", "NewType", "ForwardRef"})
# Not Literal and Annotated: what stands in those is read at run time.
_GENERICS = frozenset(
    """AsyncGenerator AsyncIterable AsyncIterator Awaitable Callable ClassVar Concatenate Coroutine
    DefaultDict Deque Dict Final FrozenSet Generator Iterable Iterator List Mapping MutableMapping
    Optional Sequence Set Tuple Type Union dict frozenset list set tuple type""".split()
)


def _is_type(node: cst.CSTNode | None) -> bool:
    """Whether an expression is a type that was given its parameters, alone or in a union."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
        return _is_type(node.left) or _is_type(node.right)
    return isinstance(node, cst.Subscript) and last_name(node.value) in _GENERICS


def is_typing(site: Site) -> bool:
    node = site.node
    if isinstance(node, cst.Assign | cst.AnnAssign):
        is_alias = isinstance(node, cst.AnnAssign) and (
            last_name(node.annotation.annotation) == "TypeAlias"
        )
        return is_alias or _value_call(node) in _TYPE_MAKERS or _is_type(node.value)
    if isinstance(node, cst.TypeAlias):
        return True
    # The first argument of cast().
    call = site.parent.node if site.parent is not None else None
    return (
        isinstance(node, cst.Arg)
        and isinstance(call, cst.Call)
        and last_name(call.func) == "cast"
        and call.args[0] is node
    )


def typing_change(change: Change) -> bool:
    """Of `cast(T, x)`, that `T` is dropped or another."""
    old, new = change.old.node, change.new
    if not (isinstance(old, cst.Call) and isinstance(new, cst.Call)):
        return False
    return (
        last_name(old.func) == "cast"
        and len(old.args) == len(new.args) == 2
        and old.args[0] is not new.args[0]
    )


def assigns(*names: str) -> Callable[[Site], bool]:
    def assigns(site: Site) -> bool:
        found = _assigned(site.node)
        return bool(found) and set(found) <= set(names)

    return assigns


def is_main_guard(site: Site) -> bool:
    node = site.node
    assert isinstance(node, cst.If)
    test = node.test
    return isinstance(test, cst.Comparison) and is_name(test.left, "__name__")


def is_repr(site: Site) -> bool:
    node = site.node
    assert isinstance(node, cst.FunctionDef)
    return node.name.value in ("__repr__", "__rich_repr__")


def is_abstract(site: Site) -> bool:
    """A body that only says it is missing."""
    owner = site.above
    if not isinstance(owner, cst.FunctionDef) or owner.body is not site.node:
        return False
    if is_trivial(site.node):
        return True
    only = small_statement(site.node)
    return isinstance(only, cst.Raise) and last_name(only.exc) == "NotImplementedError"


_NO_COVER = re.compile(r"#\s*(?:pragma|PRAGMA)[:\s]?\s*(?:no|NO)\s*(?:cover|COVER)")


def says_no_cover(site: Site) -> bool:
    """Coverage's own default: a line with the comment, or all below the header that has it."""
    node = site.node
    if isinstance(node, cst.SimpleStatementLine):
        return _is_no_cover(node.trailing_whitespace)
    body = getattr(node, "body", None)
    if isinstance(body, cst.IndentedBlock):
        return _is_no_cover(body.header) or any(
            _is_no_cover(decorator.trailing_whitespace)
            for decorator in getattr(node, "decorators", ())
        )
    return isinstance(body, cst.SimpleStatementSuite) and _is_no_cover(body.trailing_whitespace)


def _is_no_cover(space: cst.TrailingWhitespace) -> bool:
    return space.comment is not None and _NO_COVER.search(space.comment.value) is not None


# --- mutants that tell nothing ------------------------------------------------------------------

_ASK_TYPES = ("len", "isinstance", "issubclass", "hasattr", "callable", "super")


def certain_crash(change: Change) -> bool:
    """A dropped argument of what demands it, and `len(None)`."""
    old, new = change.old.node, change.new
    if not (isinstance(old, cst.Call) and isinstance(new, cst.Call)):
        return False
    if not is_name(old.func, *_ASK_TYPES) or change.operator != "arg_removal":
        return False
    is_type = is_name(old.func, "isinstance", "issubclass") and len(new.args) == 2
    return len(new.args) < len(old.args) or not is_type or is_name(new.args[1].value, "None")


_LOCKS = re.compile(r"_*(?:[a-z0-9]+_)*(?:r?lock|mutex|semaphore)_*", re.IGNORECASE)


def _takes_lock(site: Site) -> bool:
    node = site.node
    if not isinstance(node, cst.With):
        return False
    return all(_LOCKS.fullmatch(last_name(item.item)) is not None for item in node.items)


def lock_change(change: Change) -> bool:
    return isinstance(change.new, cst.If) and _takes_lock(change.old)

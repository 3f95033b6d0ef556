"""Which mutants are not worth a run: named rules, each with the examples that test and document it.

The idea, and much of the list, is from "arid nodes" in Petrović and Ivanković, State of Mutation
Testing at Google (ICSE-SEIP 2018): code whose surviving mutants no engineer acts on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

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


def _nothing(_: object) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of code of which mutants are listed, but not run.

    Either `all_of` says of nodes of some `kinds` that nothing below them is worth it, or `change`
    says it of single replacements. `leaves` are pieces of code all of whose mutants the rule
    leaves, `keeps` pieces it leaves none of; `some` has, for a piece, exactly the mutants left.
    """

    name: str
    does: str
    why: str
    leaves: tuple[str, ...]
    keeps: tuple[str, ...]
    kinds: tuple[type, ...] = ()
    all_of: Callable[[Site], bool] = _nothing
    change: Callable[[Change], bool] = _nothing
    some: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def leaves_all(self, site: Site) -> bool:
        return self.all_of(site)

    def leaves_change(self, change: Change) -> bool:
        return self.change(change)


_BLOCKS = cst.Module | cst.IndentedBlock | cst.SimpleStatementSuite


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


def _is_docstring(site: Site) -> bool:
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


_TEXTS = (cst.BaseString, cst.BinaryOperation, cst.Call)


def _exception_text(site: Site) -> bool:
    return _message_of(site, _is_raised)


def _exception_text_change(change: Change) -> bool:
    return _changes_message(change, _is_raised)


def _warning_text(site: Site) -> bool:
    return _message_of(site, _warns)


def _warning_text_change(change: Change) -> bool:
    return _changes_message(change, _warns)


def _assert_message(site: Site) -> bool:
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


def _makes_logger(site: Site) -> bool:
    return _logs(site) or _value_call(site.node) in ("getLogger", "get_logger")


_CODECS = frozenset(
    {"utf-8", "utf8", "utf-16", "utf-32", "ascii", "latin-1", "latin1", "iso-8859-1"}
)


def _codec_name(change: Change) -> bool:
    old, new = change.old.node, change.new
    if not (isinstance(old, cst.SimpleString) and isinstance(new, cst.SimpleString)):
        return False
    before, after = old.value.strip("\"'"), new.value.strip("\"'")
    return before.lower() in _CODECS and before.lower() == after.lower()


# --- code that is not for the running program ---------------------------------------------------


def _for_type_checkers(site: Site) -> bool:
    """The body and the test; what stands under `else` does run."""
    test = site.above
    if not isinstance(test, cst.If) or site.node not in (test.test, test.body):
        return False
    return last_name(test.test) == "TYPE_CHECKING"


def _is_overload(site: Site) -> bool:
    node = site.node
    assert isinstance(node, cst.FunctionDef)
    return any(last_name(decorator.decorator) == "overload" for decorator in node.decorators)


_TYPE_MAKERS = frozenset({"TypeVar", "ParamSpec", "TypeVarTuple", "NewType", "ForwardRef"})


def _is_typing(site: Site) -> bool:
    node = site.node
    if isinstance(node, cst.Assign | cst.AnnAssign):
        is_alias = isinstance(node, cst.AnnAssign) and (
            last_name(node.annotation.annotation) == "TypeAlias"
        )
        return is_alias or _value_call(node) in _TYPE_MAKERS
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


def _typing_change(change: Change) -> bool:
    """Of `cast(T, x)`, that `T` is dropped or another."""
    old, new = change.old.node, change.new
    if not (isinstance(old, cst.Call) and isinstance(new, cst.Call)):
        return False
    return (
        last_name(old.func) == "cast"
        and len(old.args) == len(new.args) == 2
        and old.args[0] is not new.args[0]
    )


def _assigns(*names: str) -> Callable[[Site], bool]:
    def assigns(site: Site) -> bool:
        found = _assigned(site.node)
        return bool(found) and set(found) <= set(names)

    return assigns


def _is_main_guard(site: Site) -> bool:
    node = site.node
    assert isinstance(node, cst.If)
    test = node.test
    return isinstance(test, cst.Comparison) and is_name(test.left, "__name__")


def _is_repr(site: Site) -> bool:
    node = site.node
    assert isinstance(node, cst.FunctionDef)
    return node.name.value in ("__repr__", "__rich_repr__")


def _is_abstract(site: Site) -> bool:
    """A body that only says it is missing."""
    owner = site.above
    if not isinstance(owner, cst.FunctionDef) or owner.body is not site.node:
        return False
    if is_trivial(site.node):
        return True
    only = small_statement(site.node)
    return isinstance(only, cst.Raise) and last_name(only.exc) == "NotImplementedError"


_NO_COVER = re.compile(r"#\s*(?:pragma|PRAGMA)[:\s]?\s*(?:no|NO)\s*(?:cover|COVER)")


def _says_no_cover(site: Site) -> bool:
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


def _certain_crash(change: Change) -> bool:
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


def _lock_change(change: Change) -> bool:
    return isinstance(change.new, cst.If) and _takes_lock(change.old)


_CODE = (cst.BaseStatement, cst.Else, cst.Finally, cst.ExceptHandler, cst.ExceptStarHandler)

RULES: tuple[Rule, ...] = (
    Rule(
        "docstring",
        "Statements that are but a text.",
        "No program reads them, or few.",
        ("def f():\n    'Does it.'", "class K:\n    x: int\n    'An attribute.'"),
        ("def f():\n    return 'Does it.'",),
        kinds=(cst.Expr,),
        all_of=_is_docstring,
    ),
    Rule(
        "exception-text",
        "The words that are given to a raised exception.",
        "Tests ask for the type; wording is free to change.",
        (),
        ("error = ValueError('no such name')", "raise ValueError(name)", "raise f(name)"),
        kinds=_TEXTS,
        all_of=_exception_text,
        change=_exception_text_change,
        some={
            "raise ValueError('no such name', name)": (
                "raise ValueError(None, name)",
                "raise ValueError(name)",
                "raise ValueError('NO SUCH NAME', name)",
                "raise ValueError('XXno such nameXX', name)",
            ),
            "raise ValueError(f'no {name}')": (
                "raise ValueError(None)",
                "raise ValueError(f'XXno {name}')",
            ),
            "raise E('no {}'.format(name)) from e": (
                "raise E(None) from e",
                "raise E('NO {}'.format(name)) from e",
                "raise E('XXno {}XX'.format(name)) from e",
                "raise E('no {}'.format(None)) from e",
            ),
        },
    ),
    Rule(
        "warning-text",
        "The words of a warning.",
        "As for exceptions; the warning itself is still dropped by `call_removed`.",
        (),
        ("report('use g')",),
        kinds=_TEXTS,
        all_of=_warning_text,
        change=_warning_text_change,
        some={
            "warnings.warn('USE G', stacklevel=2)": (
                "warnings.warn(None, stacklevel=2)",
                "warnings.warn(stacklevel=2)",
                "warnings.warn('use g', stacklevel=2)",
                "warnings.warn('XXUSE GXX', stacklevel=2)",
            ),
        },
    ),
    Rule(
        "assert-message",
        "What an `assert` says when it fails.",
        "It is evaluated only when something is broken.",
        ("assert ok, f'not ok: {1}'",),
        ("assert not ok",),
        kinds=(cst.BaseExpression,),
        all_of=_assert_message,
    ),
    Rule(
        "logging",
        "Calls of a logger's methods, and its making.",
        "Logs are for people, and are rightly seldom tested.",
        ("logger.info('done', 1)", "self._log.debug('x')", "log = logging.getLogger('a')"),
        ("math.log(1)", "dialog.info('done')", "catalog.error(1)"),
        kinds=(cst.Expr, cst.Assign, cst.AnnAssign),
        all_of=_makes_logger,
    ),
    Rule(
        "codec-name",
        "Upper and lower case of an encoding's name.",
        "Python takes both: the mutant is equivalent.",
        (),
        ("x = f('Ab')",),
        change=_codec_name,
        some={"x = y.encode('utf-8')": ("x = y.encode('UTF-8')",)},
    ),
    Rule(
        "type-checking",
        "`if TYPE_CHECKING:` and its body.",
        "It is never run.",
        ("if TYPE_CHECKING:\n    x = 1", "if typing.TYPE_CHECKING:\n    x = f(1)"),
        ("if CHECKING:\n    x = 1", "if a:\n    x = TYPE_CHECKING"),
        kinds=(cst.BaseExpression, cst.BaseSuite),
        all_of=_for_type_checkers,
    ),
    Rule(
        "overload",
        "Stubs of `@overload`.",
        "They are replaced before anybody can call them.",
        ("@overload\ndef f(a=1):\n    return a + 1", "@typing.overload\ndef f(a=1): ..."),
        ("@overloaded\ndef f(a):\n    return a + 1",),
        kinds=(cst.FunctionDef,),
        all_of=_is_overload,
    ),
    Rule(
        "typing",
        "Type variables, aliases, and the type that `cast` is given.",
        "They do nothing at run time.",
        ("T = TypeVar('T', bound=str)", "Name: TypeAlias = 'str | None'"),
        ("T = Variable('T')",),
        kinds=(cst.Assign, cst.AnnAssign, cst.TypeAlias, cst.Arg),
        all_of=_is_typing,
        change=_typing_change,
        some={
            "x = cast('T', y)": (
                "x = cast(None, y)",
                "x = cast('XXTXX', y)",
                "x = cast('t', y)",
            ),
        },
    ),
    Rule(
        "all",
        "`__all__`.",
        "It serves `import *` and tools.",
        ("__all__ = ['f', 'g']", "__all__ += ['h']"),
        ("__slots__ = ['f']", "all_ = ['f']"),
        kinds=(cst.Assign, cst.AnnAssign, cst.AugAssign),
        all_of=_assigns("__all__"),
    ),
    Rule(
        "version",
        "`__version__`, `__author__` and the like.",
        "A test of them would repeat them.",
        ("__version__ = '1.0'", "__author__ = 'me'"),
        ("version = '1.0'",),
        kinds=(cst.Assign, cst.AnnAssign),
        all_of=_assigns(
            "__version__", "__version_info__", "__author__", "__email__", "__license__",
            "__copyright__", "__title__", "__description__", "__uri__", "__url__", "__summary__",
        ),
    ),
    Rule(
        "main-guard",
        "`if __name__ == \"__main__\":` and its body.",
        "Tests import the module, and so never run it.",
        ("if __name__ == '__main__':\n    main(1)",),
        ("if name == '__main__':\n    main(1)",),
        kinds=(cst.If,),
        all_of=_is_main_guard,
    ),
    Rule(
        "repr",
        "`__repr__`, of which no other code makes use.",
        "It is for people who debug.",
        ("class K:\n    def __repr__(self):\n        return 'K' + self.name",),
        ("class K:\n    def __str__(self):\n        return 'K' + self.name",),
        kinds=(cst.FunctionDef,),
        all_of=_is_repr,
    ),
    Rule(
        "abstract",
        "Bodies that are `pass`, `...`, a docstring, or raise NotImplementedError.",
        "Nothing is there to be tested.",
        ("def f():\n    raise NotImplementedError('later')", "def f():\n    'Later.'"),
        ("def f():\n    raise ValueError(1)",),
        kinds=(cst.BaseSuite,),
        all_of=_is_abstract,
    ),
    Rule(
        "no-cover",
        "Lines marked `# pragma: no cover`, and all below a header that is.",
        "Who says that tests need not run it has said that they need not test it.",
        ("if x:  # pragma: no cover\n    y = 1", "y = 1  # pragma: no cover"),
        ("if x:\n    y = 1  # pragma: cover",),
        kinds=_CODE,
        all_of=_says_no_cover,
    ),
    Rule(
        "certain-crash",
        "`len`, `isinstance` and their kin, given `None` or too little.",
        "That raises TypeError wherever it runs: what coverage tells already.",
        (),
        ("size(x)",),
        change=_certain_crash,
        some={
            "y = len(x + 1)": ("y = len(None)",),
            "y = isinstance(x, T)": (
                "y = isinstance(x, None)",
                "y = isinstance(x, )",
                "y = isinstance(T)",
            ),
        },
    ),
    Rule(
        "lock",
        "Locks that are no longer taken.",
        "Tests with one thread cannot tell.",
        (),
        ("with open_file:\n    f()",),
        change=_lock_change,
        some={"with self._lock:\n    f()": ("if True:\n    f()",)},
    ),
)  # fmt: skip


def rules_without(kept: Sequence[str]) -> tuple[Rule, ...]:
    """The rules but those of the given names."""
    return tuple(rule for rule in RULES if rule.name not in kept)

"""Which mutants are not worth a run: named rules, each with the examples that test and document it.

The idea, and much of the list, is from "arid nodes" in Petrović and Ivanković, State of Mutation
Testing at Google (ICSE-SEIP 2018): code whose surviving mutants no engineer acts on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import libcst as cst

from assay.mutation.arid import (
    TEXTS,
    Change,
    assert_message,
    assigns,
    caseless_text,
    certain_crash,
    exception_text,
    exception_text_change,
    false_as_none,
    for_debugging,
    for_type_checkers,
    is_abstract,
    is_docstring,
    is_main_guard,
    is_overload,
    is_repr,
    is_typing,
    lock_change,
    makes_logger,
    says_no_cover,
    stack_level,
    stack_level_change,
    timeout,
    typing_change,
    variable_name_change,
    warning_text,
    warning_text_change,
)
from assay.mutation.tree import Site


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


_CODE = (cst.BaseStatement, cst.Else, cst.Finally, cst.ExceptHandler, cst.ExceptStarHandler)

RULES: tuple[Rule, ...] = (
    Rule(
        "docstring",
        "Statements that are but a text.",
        "No program reads them, or few.",
        ("def f():\n    'Does it.'", "class K:\n    x: int\n    'An attribute.'"),
        ("def f():\n    return 'Does it.'",),
        kinds=(cst.Expr,),
        all_of=is_docstring,
    ),
    Rule(
        "exception-text",
        "The words that are given to a raised exception.",
        "Tests ask for the type; wording is free to change.",
        (),
        ("error = ValueError('no such name')", "raise ValueError(name)", "raise f(name)"),
        kinds=TEXTS,
        all_of=exception_text,
        change=exception_text_change,
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
        kinds=TEXTS,
        all_of=warning_text,
        change=warning_text_change,
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
        all_of=assert_message,
    ),
    Rule(
        "logging",
        "Calls of a logger's methods, and its making.",
        "Logs are for people, and are rightly seldom tested.",
        ("logger.info('done', 1)", "self._log.debug('x')", "log = logging.getLogger('a')"),
        ("math.log(1)", "dialog.info('done')", "catalog.error(1)"),
        kinds=(cst.Expr, cst.Assign, cst.AnnAssign),
        all_of=makes_logger,
    ),
    Rule(
        "codec-name",
        "Upper and lower case of an encoding's name, and of what `float` reads.",
        "Python takes both: the mutant is equivalent.",
        (),
        ("x = f('Ab')", "x = f('inf')"),
        change=caseless_text,
        some={
            "x = y.encode('utf-8')": ("x = y.encode('UTF-8')",),
            "x = float('-inf')": ("x = float('-INF')",),
        },
    ),
    Rule(
        "debug-name",
        "The name of a context variable, and `__tracebackhide__`.",
        "Only who debugs sees it.",
        ("__tracebackhide__ = True",),
        ("v = Variable('name')",),
        kinds=(*TEXTS, cst.Assign),
        all_of=for_debugging,
        change=variable_name_change,
        some={
            "v = ContextVar('name')": (
                "v = ContextVar('NAME')",
                "v = ContextVar('XXnameXX')",
                "v = ContextVar(None)",
            ),
        },
    ),
    Rule(
        "stacklevel",
        "The `stacklevel` of a warning or a log record.",
        "It decides which line is shown with it.",
        (),
        ("f(level=2)",),
        kinds=(cst.BaseExpression,),
        all_of=stack_level,
        change=stack_level_change,
        some={
            "warnings.warn(text, stacklevel=2)": (
                "warnings.warn(text, stacklevel=None)",
                "warnings.warn(text, )",
                "warnings.warn(text, stacklevel=3)",
                "warnings.warn(text, stacklevel=0)",
            ),
        },
    ),
    Rule(
        "timeout",
        "How long is waited: what is given to a name that ends in `timeout`.",
        "A test that told one limit from the next would have to wait for it.",
        (),
        ("timeouts = 3", "def f(tries=3): ..."),
        kinds=(cst.BaseNumber,),
        all_of=timeout,
        some={
            "idle_timeout = 30": ("idle_timeout = 31", "idle_timeout = 0"),
            "f(timeout=0.5)": ("f(timeout=1.5)", "f(timeout=0.0)"),
        },
    ),
    Rule(
        "false-none",
        "`False` that becomes `None` where it is assigned, given or a default.",
        "Both are false, and code asks for no more.",
        (),
        ("return False", "x = True"),
        change=false_as_none,
        some={
            "self.done = False": ("self.done = None",),
            "f(a, flag=False)": ("f(a, flag=None)",),
        },
    ),
    Rule(
        "type-checking",
        "`if TYPE_CHECKING:` and its body.",
        "It is never run.",
        ("if TYPE_CHECKING:\n    x = 1", "if typing.TYPE_CHECKING:\n    x = f(1)"),
        ("if CHECKING:\n    x = 1", "if a:\n    x = TYPE_CHECKING"),
        kinds=(cst.BaseExpression, cst.BaseSuite),
        all_of=for_type_checkers,
    ),
    Rule(
        "overload",
        "Stubs of `@overload`.",
        "They are replaced before anybody can call them.",
        ("@overload\ndef f(a=1):\n    return a + 1", "@typing.overload\ndef f(a=1): ..."),
        ("@overloaded\ndef f(a):\n    return a + 1",),
        kinds=(cst.FunctionDef,),
        all_of=is_overload,
    ),
    Rule(
        "typing",
        "Type variables, aliases, and the type that `cast` is given.",
        "They do nothing at run time.",
        (
            "T = TypeVar('T', bound=str)",
            "Name: TypeAlias = 'str | None'",
            "Hook = Base | typing.Callable[['State'], bool]",
        ),
        ("T = Variable('T')", "Mode = Literal['r', 'w']", "flags = a | table['w']"),
        kinds=(cst.Assign, cst.AnnAssign, cst.TypeAlias, cst.Arg),
        all_of=is_typing,
        change=typing_change,
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
        all_of=assigns("__all__"),
    ),
    Rule(
        "version",
        "`__version__`, `__author__` and the like.",
        "A test of them would repeat them.",
        ("__version__ = '1.0'", "__author__ = 'me'"),
        ("version = '1.0'",),
        kinds=(cst.Assign, cst.AnnAssign),
        all_of=assigns(
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
        all_of=is_main_guard,
    ),
    Rule(
        "repr",
        "`__repr__`, of which no other code makes use.",
        "It is for people who debug.",
        ("class K:\n    def __repr__(self):\n        return 'K' + self.name",),
        ("class K:\n    def __str__(self):\n        return 'K' + self.name",),
        kinds=(cst.FunctionDef,),
        all_of=is_repr,
    ),
    Rule(
        "abstract",
        "Bodies that are `pass`, `...`, a docstring, or raise NotImplementedError.",
        "Nothing is there to be tested.",
        ("def f():\n    raise NotImplementedError('later')", "def f():\n    'Later.'"),
        ("def f():\n    raise ValueError(1)",),
        kinds=(cst.BaseSuite,),
        all_of=is_abstract,
    ),
    Rule(
        "no-cover",
        "Lines marked `# pragma: no cover`, and all below a header that is.",
        "Who says that tests need not run it has said that they need not test it.",
        ("if x:  # pragma: no cover\n    y = 1", "y = 1  # pragma: no cover"),
        ("if x:\n    y = 1  # pragma: cover",),
        kinds=_CODE,
        all_of=says_no_cover,
    ),
    Rule(
        "certain-crash",
        "`len`, `isinstance` and their kin, given `None` or too little.",
        "That raises TypeError wherever it runs: what coverage tells already.",
        (),
        ("size(x)",),
        change=certain_crash,
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
        change=lock_change,
        some={"with self._lock:\n    f()": ("if True:\n    f()",)},
    ),
)  # fmt: skip


def rules_without(kept: Sequence[str]) -> tuple[Rule, ...]:
    """The rules but those of the given names."""
    return tuple(rule for rule in RULES if rule.name not in kept)

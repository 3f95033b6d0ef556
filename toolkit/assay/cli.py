"""The command line: arguments to typed options, exceptions to exit codes; the only such place."""

from __future__ import annotations

import argparse
import io
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NoReturn

from rich.console import Console

import assay
from assay import arguments
from assay.commands import amounts
from assay.commands.common import Context
from assay.errors import AssayError, ExitCode, UsageError
from assay.progress import Progress
from assay.project import open_project
from assay.report.outputs import FORMATS
from assay.report.style import styled

EPILOG = """\
Arguments after `--` go to pytest as they are: assay select -- tests/unit --deselect tests/unit/x.py

exit codes: 0 clean · 1 the gate failed · 2 usage or configuration ·
3 the suite fails without mutants · 4 not conclusive · 5 nothing to compare ·
70 a fault of assay · 130 interrupted, may be resumed
"""


class Parser(argparse.ArgumentParser):
    """Mistakes become UsageError, so that they end like every other problem."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see `{self.prog} --help`)")


Build = Callable[[argparse.Namespace, Context], int]


def parser() -> Parser:
    """All verbs and options."""
    top = Parser(
        prog="assay",
        description="Which tests does this change affect, and do they guard it?",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"assay {assay.__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    _add_map(verbs)
    _add_select(verbs)
    _add_impact(verbs)
    _add_gate(verbs)
    _add_mutate(verbs)
    _add_weaknesses(verbs)
    _add_integration(verbs)
    _add_diagnose(verbs)
    _add_verify(verbs)
    _add_history(verbs)
    _add_merge(verbs)
    _add_accept(verbs)
    _add_show(verbs)
    _add_why(verbs)
    words = "tests that do not always end alike, and what that depends on"
    arguments.add_flaky(_verb(verbs, "flaky", words))
    words = "the tests that make another one fail, and the state they leave"
    arguments.add_isolate(_verb(verbs, "isolate", words))
    _add_init(verbs)
    _add_mcp(verbs)
    return top


Verbs = argparse._SubParsersAction


def _verb(verbs: Verbs[Parser], name: str, words: str) -> Parser:
    verb: Parser = verbs.add_parser(
        name,
        help=words,
        description=words[0].upper() + words[1:] + ".",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument(
        "--project", type=Path, default=Path(), metavar="DIR", help="the project's directory"
    )
    verb.add_argument("--python", metavar="PATH", help="the interpreter that runs its tests")
    verb.add_argument("--quiet", action="store_true", help="no progress on standard error")
    return verb


def _add_change(verb: Parser) -> None:
    group = verb.add_mutually_exclusive_group()
    group.add_argument("--base", metavar="REV", help="compare with the merge base of REV and HEAD")
    group.add_argument("--diff", type=Path, metavar="FILE", help="the change is this unified diff")


def _add_format(verb: Parser, *formats: str) -> None:
    verb.add_argument(
        "--format",
        choices=(*formats, arguments.AGENT),
        default="text",
        help="how to print the answer",
    )
    verb.add_argument("--all", action="store_true", dest="everything", help="show everything")


def _add_reports(verb: Parser) -> None:
    verb.add_argument(
        "--reports", type=Path, metavar="DIR", help="leave a copy of the JSON record there"
    )
    verb.add_argument(
        "--report",
        type=amounts.output,
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help=f"write a report too; repeatable; FILE may be -; formats: {', '.join(FORMATS)}",
    )


def _add_scheduler(verb: Parser) -> None:
    verb.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run the mutants on the workers of this Dask scheduler; '' for this machine",
    )


def _add_map(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "map", "record the impact map, or bring it up to date")
    arguments.add_map(verb)
    verb.set_defaults(run=arguments.run_map)


def _add_select(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "select", "print the tests a change can affect; writes nothing")
    _add_change(verb)
    _add_format(verb, "text", "ids", "json")
    verb.set_defaults(run=_run_select)


def _run_select(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import select

    options = select.SelectOptions(ns.base, ns.diff, ns.format, ns.everything)
    return select.run(context, options)


def _add_impact(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "impact", "tests a change affects, and whether they guard it")
    _add_change(verb)
    arguments.add_isolation(verb)
    arguments.add_explain(verb)
    _add_format(verb, "text", "json")
    _add_reports(verb)
    _add_scheduler(verb)
    verb.set_defaults(run=_run_impact)


def _run_impact(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import impact
    from assay.mutating import Effort

    effort = Effort(options=arguments.how(ns), explaining=arguments.explaining(ns))
    options = impact.ImpactOptions(ns.base, ns.diff, ns.format, ns.everything, effort)
    return impact.run(context, options)


def _add_gate(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "gate", "the answer to a change, held against the project's policy")
    _add_change(verb)
    arguments.add_gate(verb)
    arguments.add_isolation(verb)
    arguments.add_explain(verb)
    _add_format(verb, "text", "json")
    _add_reports(verb)
    _add_scheduler(verb)
    verb.set_defaults(run=arguments.run_gate)


def _add_mutate(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "mutate", "mutants of chosen places against the tests that cover them")
    verb.add_argument("paths", nargs="*", metavar="PATH[:LINES]", help="file or directory")
    verb.add_argument("--changed", action="store_true", help="the changed lines")
    verb.add_argument("--base", metavar="REV", help="with --changed: compare with REV")
    verb.add_argument(
        "--only", action="append", default=[], metavar="ID", help="only this mutant; repeatable"
    )
    verb.add_argument("--list", action="store_true", dest="list_only", help="run nothing")
    which = verb.add_mutually_exclusive_group()
    which.add_argument(
        "--operators",
        default="all",
        metavar="NAME,…",
        help="mutmut, assay, all or single operators; docs/operators.md lists them",
    )
    which.add_argument(
        "--extreme", action="store_true", help="take whole function bodies away, nothing less"
    )
    arguments.add_portion(verb)
    arguments.add_isolation(verb)
    arguments.add_explain(verb)
    _add_format(verb, "text", "json")
    _add_reports(verb)
    _add_scheduler(verb)
    verb.set_defaults(run=_run_mutate)


def _run_mutate(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import mutate
    from assay.mutating import Effort

    options = mutate.MutateOptions(
        paths=tuple(ns.paths),
        changed=ns.changed,
        base=ns.base,
        only=tuple(ns.only),
        list_only=ns.list_only,
        format=ns.format,
        everything=ns.everything,
        operators=ns.operators,
        extreme=ns.extreme,
        effort=Effort(
            ns.fresh, ns.audit, ns.budget, ns.seed, arguments.how(ns), arguments.explaining(ns)
        ),
        sample=ns.sample,
        shard=ns.shard,
    )
    return mutate.run(context, options)


def _add_weaknesses(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "weaknesses", "tests that look as if they guarded something, and do not")
    arguments.add_weaknesses(verb)
    _add_format(verb, "text", "json")
    _add_reports(verb)
    verb.set_defaults(run=arguments.run_weaknesses)


def _add_integration(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "integration", "where modules meet, and whether tests go through")
    arguments.add_integration(verb)
    _add_format(verb, "text", "json")
    verb.set_defaults(run=arguments.run_integration)


def _add_diagnose(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "diagnose", "why tests fail after a change, and what to mend first")
    arguments.add_diagnose(verb)
    _add_format(verb, "text", "json")
    verb.set_defaults(run=arguments.run_diagnose)


def _add_verify(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "verify", "whether what was diagnosed is mended, and nothing else broke")
    arguments.add_verify(verb)
    _add_format(verb, "text", "json")
    verb.set_defaults(run=arguments.run_verify)


def _add_history(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "history", "the finished runs of this project; runs nothing")
    arguments.add_history(verb)
    verb.set_defaults(run=arguments.run_history)


def _add_merge(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "merge", "join the records of `assay mutate --shard` into one answer")
    verb.add_argument(
        "records", nargs="+", type=Path, metavar="FILE", help="the JSON record of a shard"
    )
    _add_format(verb, "text", "json")
    _add_reports(verb)
    verb.set_defaults(run=_run_merge)


def _run_merge(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import merge

    return merge.run(context, merge.MergeOptions(tuple(ns.records), ns.format, ns.everything))


def _add_accept(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "accept", "answer survivors or findings, in a file to be committed")
    arguments.add_accept(verb)
    verb.set_defaults(run=arguments.run_accept)


def _add_show(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "show", "one mutant: diff, tests, verdict, and why it survived")
    verb.add_argument("mutant", metavar="ID", help="a mutant's id, or the beginning of one")
    verb.add_argument(
        "--format", choices=arguments.PLAIN, default="text", help="how to print the answer"
    )
    verb.add_argument(
        "--patch",
        action="store_true",
        help="print only the patch that makes a test notice it, for `git apply`",
    )
    verb.set_defaults(run=_run_show)


def _run_show(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import show

    return show.run(context, show.ShowOptions(ns.mutant, ns.format, ns.patch))


def _add_why(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "why", "what a test depends on, or which tests depend on a line")
    verb.add_argument("subject", metavar="NODEID|FILE:LINE", help="a full node id, or a line")
    verb.add_argument("--base", metavar="REV", help="compare with the merge base of REV and HEAD")
    _add_format(verb, "text", "json")
    verb.set_defaults(run=_run_why)


def _run_why(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import why

    return why.run(context, why.WhyOptions(ns.subject, ns.base, ns.format, ns.everything))


def _add_init(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "init", "write settings, make targets and CI jobs into a project")
    arguments.add_init(verb)
    verb.set_defaults(run=arguments.run_init)


def _add_mcp(verbs: Verbs[Parser]) -> None:
    verb = _verb(verbs, "mcp", "serve the verbs as tools for agents, on standard input and output")
    verb.set_defaults(run=arguments.run_mcp, verbs=verbs.choices.keys())


def split_arguments(argv: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Our arguments, and those after the first `--`, which are pytest's."""
    arguments = list(argv)
    if "--" not in arguments:
        return arguments, ()
    at = arguments.index("--")
    return arguments[:at], tuple(arguments[at + 1 :])


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command; its exit code."""
    try:
        return _command(argv, environ)
    except AssayError as problem:
        sys.stdout.flush()
        print(f"assay: {problem.message}", file=sys.stderr)
        for line in problem.details:
            print(f"    {line}", file=sys.stderr)
        return problem.code
    except KeyboardInterrupt:
        print(f"assay: interrupted; {after_interrupt(argv)}", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader (`head`) has left: nothing more to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.CLEAN
    except Exception:
        return _internal_fault(argv)


def _command(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    ours, pytest_args = split_arguments(argv)
    options = parser().parse_args(ours)
    # What is wrong with the settings of head may be what a diagnosis is asked for.
    tolerant = options.verb == "diagnose"
    project = open_project(options.project, options.python, pytest_args, environ, tolerant)
    scheduler = getattr(options, "scheduler", None)
    if scheduler is not None:
        project = replace(project, config=replace(project.config, scheduler=scheduler))
    console = Console(stderr=True, soft_wrap=True)
    with Progress(console, options.quiet) as progress:
        reports = getattr(options, "reports", None)
        outputs = tuple(getattr(options, "report", ()))
        today = date.today()
        context = Context(project, progress, _write, _show, reports, today, time.time, outputs)
        for_agent = getattr(options, "format", "") == arguments.AGENT
        code: int = (arguments.run_for_agent if for_agent else options.run)(options, context)
    sys.stdout.flush()
    return code


def _write(text: str) -> None:
    sys.stdout.write(text)


def _show(text: str) -> None:
    """A report: in colour where somebody watches, and NO_COLOR does not forbid it."""
    if sys.stdout.isatty():
        Console(soft_wrap=True, highlight=False).print(styled(text), end="")
    else:
        _write(text)


STARTS_ANEW = frozenset({"diagnose", "flaky", "integration", "isolate", "verify"})
"""Verbs whose runs are not resumed; the others keep what was finished."""


def after_interrupt(argv: Sequence[str]) -> str:
    """What the same command would do once more."""
    if STARTS_ANEW.intersection(argv[:1]):
        return "the same command starts anew"
    return "run the same command again to go on"


def _internal_fault(argv: Sequence[str]) -> int:
    """Keep what a report needs in a file, and name it."""
    text = "\n".join(
        [
            f"assay {assay.__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"arguments: {list(argv)}",
            traceback.format_exc(),
        ]
    )
    with tempfile.NamedTemporaryFile(
        "w", prefix="assay-fault-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
    last = text.strip().splitlines()[-1]
    print(f"assay: a fault of assay itself ({last}); details in {file.name}", file=sys.stderr)
    return ExitCode.INTERNAL


def run() -> NoReturn:
    """What `assay` and `python -m assay` do once all is imported."""
    for stream in (sys.stdout, sys.stderr):
        # An encoding that lacks an arrow, or a file name that is no text, must not cost the answer.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:], os.environ))

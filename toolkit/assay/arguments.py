"""The arguments of most verbs, and the typed options that they become."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assay.commands import amounts
from assay.commands.common import Context
from assay.errors import UsageError
from assay.mutation.portion import WHOLE

if TYPE_CHECKING:
    from assay.execution.mutants import RunOptions
    from assay.survivors import Explaining


AGENT = "agent"
"""The format that every verb has which prints JSON: that, made short for an agent."""

PLAIN = ("text", "json", AGENT)


def add_map(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--fresh", action="store_true", help="forget what is recorded first")
    ways = verb.add_mutually_exclusive_group()
    ways.add_argument(
        "--second-look",
        action="store_true",
        help="run tests again, alone, that may have used what others left behind",
    )
    ways.add_argument(
        "--isolated",
        action="store_true",
        help="run every test in a process of its own, so that nothing depends on order",
    )
    group = verb.add_mutually_exclusive_group()
    group.add_argument(
        "--merge",
        nargs="+",
        type=Path,
        default=[],
        metavar="MAP",
        help="join maps, or directories of recorded runs, into this project's; runs nothing",
    )
    group.add_argument(
        "--export", type=Path, metavar="FILE", help="write the map to one file; runs nothing"
    )
    group.add_argument(
        "--import",
        type=Path,
        metavar="FILE",
        dest="install",
        help="use the map in that file instead; runs nothing",
    )


def run_map(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import map

    options = map.MapOptions(
        ns.fresh, ns.second_look, ns.isolated, tuple(ns.merge), ns.export, ns.install
    )
    return map.run(context, options)


def add_portion(verb: argparse.ArgumentParser) -> None:
    """How much of the mutants is run, and what of it is taken from earlier runs."""
    ways = verb.add_mutually_exclusive_group()
    ways.add_argument(
        "--fresh", action="store_true", help="run every mutant, whatever earlier runs found"
    )
    ways.add_argument(
        "--audit",
        action="store_true",
        help="run 1 %% of the reused verdicts again, to see whether they hold",
    )
    verb.add_argument(
        "--shard",
        type=amounts.shard,
        default=WHOLE,
        metavar="K/N",
        help="only part K of N, counted from 1; `assay merge` joins the records",
    )
    verb.add_argument(
        "--budget",
        type=amounts.seconds,
        metavar="TIME",
        help="begin no mutant after so much time of running them: 90s, 2m, 1.5h",
    )
    verb.add_argument(
        "--sample",
        type=amounts.sample,
        metavar="N",
        help="only so many mutants (40), or such a share (5%%), of all functions in turn",
    )
    verb.add_argument("--seed", type=int, default=0, metavar="N", help="what chance depends on (0)")


def add_isolation(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--isolation",
        choices=("speculate", "fork", "process"),
        default="speculate",
        help="how mutants are kept apart: many in one process where each kill has a control, and "
        "the rest in forks (speculate); each in a fork; each in a process that starts pytest",
    )
    verb.add_argument(
        "--verify",
        type=amounts.whole,
        default=0,
        metavar="N",
        help="run N of the verdicts again at the end, each in a fork; one that changes is none",
    )


def add_explain(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--no-explain",
        action="store_false",
        dest="explain",
        help="do not look into why survivors survived",
    )


def add_gate(verb: argparse.ArgumentParser) -> None:
    which = verb.add_mutually_exclusive_group()
    which.add_argument(
        "--preset",
        metavar="NAME",
        help="advisory, standard, strict or ratchet, in place of [tool.assay.gate]",
    )
    which.add_argument(
        "--policy", type=Path, metavar="FILE", help="the policy of this file, in place of it"
    )
    verb.add_argument(
        "--update-baseline",
        action="store_true",
        help="write what is found into the ratchet's baseline",
    )
    verb.add_argument(
        "--budget",
        type=amounts.seconds,
        metavar="TIME",
        help="begin no mutant after so much time of running them: 90s, 2m, 1.5h",
    )


def run_gate(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import gate
    from assay.mutating import Effort

    options = gate.GateOptions(
        base=ns.base,
        diff=ns.diff,
        preset=ns.preset,
        policy=ns.policy,
        update=ns.update_baseline,
        format=ns.format,
        everything=ns.everything,
        effort=Effort(budget=ns.budget, options=how(ns), explaining=explaining(ns)),
    )
    return gate.run(context, options)


def explaining(ns: argparse.Namespace) -> Explaining:
    """How much is looked into why survivors survived."""
    from assay.survivors import EXPLAINING, EXPLAINING_ALL, NONE

    if not ns.explain:
        return NONE
    return EXPLAINING_ALL if ns.everything else EXPLAINING


def how(ns: argparse.Namespace) -> RunOptions:
    """How mutants are kept apart, and how many verdicts are checked."""
    from assay.execution.mutants import Isolation, RunOptions

    return RunOptions(Isolation(ns.isolation), verify=ns.verify)


def add_weaknesses(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("paths", nargs="*", metavar="PATH", help="file or directory, tests or code")
    verb.add_argument(
        "--level",
        type=amounts.whole,
        default=0,
        metavar="N",
        help="how much finding may cost (0): docs/weaknesses.md lists what each level finds",
    )
    verb.add_argument("--matrix", action="store_true", help="the full kill matrix: level 4")
    verb.add_argument(
        "--budget",
        type=amounts.seconds,
        metavar="TIME",
        help="no mutant of a level begins after that long, such as 90s or 5m",
    )
    verb.add_argument(
        "--sample", type=amounts.sample, metavar="N", help="only so many mutants, or 5%% of them"
    )
    verb.add_argument(
        "--seed", type=amounts.whole, default=0, metavar="N", help="what chance depends on (0)"
    )
    verb.add_argument("--base", metavar="REV", help="level 1: compare with the merge base of REV")
    verb.add_argument(
        "--fresh", action="store_true", help="use nothing of what earlier runs found of mutants"
    )
    verb.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="KIND",
        help="only weaknesses of this kind; repeatable",
    )
    verb.add_argument(
        "--trend",
        type=amounts.whole,
        nargs="?",
        const=10,
        metavar="N",
        help="look for nothing: the last N reports so far (10), and what became better or worse",
    )


def run_weaknesses(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import weaknesses
    from assay.killing import Amount

    level = 4 if ns.matrix else ns.level
    amount = Amount(ns.budget, ns.sample, ns.seed, ns.fresh, ns.base)
    options = weaknesses.WeaknessOptions(
        tuple(ns.paths), level, tuple(ns.kind), ns.format, ns.everything, amount, ns.trend
    )
    return weaknesses.run(context, options)


def add_integration(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "paths", nargs="*", metavar="PATH", help="only seams that touch this file or directory"
    )
    verb.add_argument(
        "--reports", type=Path, metavar="DIR", help="leave a copy of the JSON record there"
    )


def run_integration(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import integration

    options = integration.IntegrationOptions(tuple(ns.paths), ns.format, ns.everything)
    return integration.run(context, options)


def add_diagnose(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--base", metavar="REV", help="compare with the merge base of REV and HEAD")
    verb.add_argument(
        "--trace", action="store_true", help="show the calls around where head parts from base"
    )
    verb.add_argument(
        "--patch",
        type=amounts.whole,
        metavar="N",
        help="run nothing: print the patch of group N of the last diagnosis, for `git apply`",
    )


def run_diagnose(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import diagnose

    options = diagnose.DiagnoseOptions(ns.base, ns.everything, ns.format, ns.patch, ns.trace)
    return diagnose.run(context, options)


def add_verify(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "tests", nargs="*", metavar="NODEID", help="what was to be mended (all that failed newly)"
    )
    verb.add_argument(
        "--no-test-edits",
        action="store_true",
        dest="tests_kept",
        help="object to every edit of a test file since the diagnosis",
    )


def run_verify(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import verify

    options = verify.VerifyOptions(tuple(ns.tests), ns.everything, ns.tests_kept, ns.format)
    return verify.run(context, options)


def _add_format(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--format", choices=PLAIN, default="text", help="how to print the answer")


def add_flaky(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("tests", nargs="*", metavar="NODEID", help="only these tests; without: all")
    verb.add_argument(
        "--runs",
        type=amounts.whole,
        metavar="N",
        help="so many runs of each kind (10 for named tests, 4 of a whole suite)",
    )
    verb.add_argument(
        "--seed", type=amounts.whole, default=0, metavar="N", help="where all seeds start (0)"
    )
    _add_format(verb)
    verb.add_argument("--all", action="store_true", dest="everything", help="show everything")
    verb.set_defaults(run=run_flaky)


def run_flaky(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import flaky

    options = flaky.FlakyOptions(tuple(ns.tests), ns.runs, ns.seed, ns.format, ns.everything)
    return flaky.run(context, options)


def add_isolate(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("test", metavar="NODEID", help="the full node id of the test that fails")
    verb.add_argument(
        "--budget",
        type=amounts.seconds,
        metavar="TIME",
        help="try no further tests after that long, such as 90s or 5m",
    )
    _add_format(verb)
    verb.set_defaults(run=run_isolate)


def run_isolate(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import isolate

    return isolate.run(context, isolate.IsolateOptions(ns.test, ns.budget, ns.format))


def add_history(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--export",
        type=Path,
        metavar="FILE",
        help="write all runs there, a JSON object a line; - for standard output",
    )
    verb.add_argument(
        "--last", type=amounts.whole, default=20, metavar="N", help="show so many runs (20)"
    )


def run_history(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import history

    return history.run(context, history.HistoryOptions(ns.export, ns.last))


def add_accept(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "ids", nargs="+", metavar="ID", help="of a mutant or a finding, or the beginning of it"
    )
    verb.add_argument("--reason", required=True, metavar="TEXT", help="why, for later readers")
    verb.add_argument(
        "--until", type=amounts.day, metavar="YYYY-MM-DD", help="the last day on which it holds"
    )
    verb.add_argument(
        "--as",
        choices=("equivalent", "accepted", "not-useful"),
        default="accepted",
        dest="stance",
        help="no test could notice it; it is true and stays; nobody would act on it",
    )


def run_accept(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import accept
    from assay.model.accepted import Stance

    options = accept.AcceptOptions(tuple(ns.ids), ns.reason, ns.until, Stance(ns.stance))
    return accept.run(context, options)


def add_init(verb: argparse.ArgumentParser) -> None:
    which = verb.add_mutually_exclusive_group()
    which.add_argument("--yes", action="store_true", help="write without asking")
    which.add_argument("--dry-run", action="store_true", help="only show what would be written")
    verb.add_argument(
        "--ci", choices=("github", "gitlab"), help="write jobs for it, though nothing shows its use"
    )


def run_init(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import init

    ask = _ask if sys.stdin is not None and sys.stdin.isatty() else None
    return init.run(context, init.InitOptions(ns.yes, ns.dry_run, ns.ci, ask))


def _ask(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def run_mcp(ns: argparse.Namespace, context: Context) -> int:
    from assay.commands import mcp

    return mcp.run(context, mcp.McpOptions(ns.verbs))


def run_for_agent(ns: argparse.Namespace, context: Context) -> int:
    """Have a verb print JSON, and print what that comes to for an agent."""
    from assay.agents.compact import agent_text

    if any(output.file is None for output in context.outputs):
        raise UsageError("--format agent and --report FORMAT=- both take standard output: drop one")
    printed: list[str] = []
    ns.format = "json"
    code: int = ns.run(ns, replace(context, out=printed.append))
    everything = getattr(ns, "everything", False)
    context.out(agent_text(ns.verb, "".join(printed), code, everything))
    return code

"""The arguments of the verbs around the gate, and the typed options that they become."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from assay.commands import amounts
from assay.commands.common import Context

if TYPE_CHECKING:
    from assay.execution.mutants import RunOptions
    from assay.survivors import Explaining


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

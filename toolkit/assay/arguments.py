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
    from assay.answering import Effort
    from assay.commands import gate

    options = gate.GateOptions(
        base=ns.base,
        diff=ns.diff,
        preset=ns.preset,
        policy=ns.policy,
        update=ns.update_baseline,
        format=ns.format,
        everything=ns.everything,
        effort=Effort(budget=ns.budget, options=how(ns)),
    )
    return gate.run(context, options)


def how(ns: argparse.Namespace) -> RunOptions:
    """How mutants are kept apart, and how many verdicts are checked."""
    from assay.execution.mutants import Isolation, RunOptions

    return RunOptions(Isolation(ns.isolation), verify=ns.verify)


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

"""`assay init`: settings, make targets, a hook and CI jobs, shown as diffs, then written."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, distribution

import assay
from assay.change.git import default_branch, remote_address
from assay.commands.common import Context
from assay.errors import AssayError, ExitCode, UsageError
from assay.execution.interpreter import check_interpreter, choose_interpreter
from assay.init.facts import PRE_COMMIT, READ, Facts, test_directories
from assay.init.plan import Edit, Left, Step, plan, unified
from assay.policies import template
from assay.report.write import write_text

RELEASED = f"assay=={assay.__version__}"


@dataclass(frozen=True, slots=True)
class InitOptions:
    """`ci` names a CI system that is not in use yet; `ask` puts the one question to a person, None
    where nobody is there."""

    yes: bool
    dry_run: bool
    ci: str | None
    ask: Callable[[str], bool] | None


def run(context: Context, options: InitOptions) -> int:
    facts = find_out(context)
    if options.ci:
        facts = replace(facts, remote=f"{facts.remote} {options.ci}")
    steps = plan(facts, template)
    edits = [step for step in steps if isinstance(step, Edit)]
    context.show(_found(facts))
    for step in steps:
        context.show(_shown(step))
    if not edits:
        context.show("Nothing to do.\n")
        return ExitCode.CLEAN
    if options.dry_run:
        context.show(f"Nothing written: {_files(edits)} would be.\n")
        return ExitCode.CLEAN
    if not options.yes:
        if options.ask is None:
            raise UsageError("nothing is written: give --yes, or run this at a terminal")
        if not options.ask(f"Write {_files(edits)}? [y/N] "):
            context.show("Nothing written.\n")
            return ExitCode.CLEAN
    for edit in edits:
        write_text(context.project.root / edit.path, edit.after)
    context.show(f"Written: {_files(edits)}.\n{_after(facts, edits)}")
    return ExitCode.CLEAN


def _files(edits: list[Edit]) -> str:
    return ", ".join(edit.path for edit in edits)


def _found(facts: Facts) -> str:
    tests = ", ".join(f"{name.rstrip('/')}/" for name in test_directories(facts))
    known = {"GitHub": facts.uses_github, "GitLab": facts.uses_gitlab}
    used = [name for name, is_used in known.items() if is_used]
    return (
        f"Found: tests in {tests or 'no directory of their own'}; Python {facts.python}; default "
        f"branch {facts.branch}; CI: {' and '.join(used) or 'none'}.\n\n"
    )


def _shown(step: Step) -> str:
    if isinstance(step, Left):
        return f"{'Done' if step.done else 'Left'}: {step.path}: {step.why}.\n\n"
    return f"{unified(step)}\n"


def _after(facts: Facts, edits: list[Edit]) -> str:
    paths = {edit.path for edit in edits}
    lines = []
    if PRE_COMMIT in paths:
        lines.append("Run `pre-commit install --hook-type pre-push` once in each clone.")
    if facts.requirement == RELEASED and any(".yml" in path for path in paths):
        lines.append(
            f"CI installs {RELEASED}, which may not be what your index calls assay: check ASSAY."
        )
    lines.append("Next: `assay gate`.")
    return "".join(f"{line}\n" for line in lines)


# -- what there is


def find_out(context: Context) -> Facts:
    """Reads the project's files, asks git and the interpreter of the tests."""
    root, project = context.project.root, context.project
    texts = {}
    for name in READ:
        if (root / name).is_file():
            try:
                texts[name] = (root / name).read_bytes().decode()
            except (OSError, UnicodeDecodeError) as problem:
                raise UsageError(f"cannot read {root / name}: {problem}") from problem
    return Facts(
        texts=texts,
        names=frozenset(entry.name for top in {root, project.repo} for entry in top.iterdir()),
        branch=(default_branch(root) if project.is_repository else None) or "main",
        remote=remote_address(root) if project.is_repository else "",
        python=_python(context, texts),
        requirement=_requirement(),
        below=project.root != project.repo,
    )


def _python(context: Context, texts: dict[str, str]) -> str:
    """The minor series that the tests run in; the project's file of it comes first."""
    named = texts.get(".python-version", "").split()
    parts = named[0].split(".") if named else []
    if len(parts) >= 2 and all(part.isdigit() for part in parts[:2]):
        return ".".join(parts[:2])
    project = context.project
    try:
        path, how = choose_interpreter(project.root, project.python, project.environ)
        found = check_interpreter(path, how, project.root, project.environ)
    except AssayError:
        # It may lack pytest: that is for the other verbs to say.
        return "3.12"
    return ".".join(map(str, found.version[:2]))


def _requirement() -> str:
    """What pip installs to have this assay: the checkout that pip installed it from (PEP 610), or
    its release."""
    try:
        text = distribution("assay").read_text("direct_url.json")
        record = json.loads(text) if text else {}
    except (PackageNotFoundError, ValueError):
        return RELEASED
    vcs = record.get("vcs_info")
    if not vcs:
        return RELEASED
    return f"assay @ {vcs['vcs']}+{record['url']}@{vcs['commit_id']}"

"""Workflow commands by which GitHub shows issues beside the lines of a pull request (pure).

https://docs.github.com/en/actions/using-workflows/workflow-commands-for-github-actions: a message
has `%`, CR and LF escaped, a property `:` and `,` as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.report.account import Account
from assay.report.issues import Issue, Level, issues

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def workflow_commands(account: Account) -> str:
    """A command a line. GitHub shows ten of each kind a step, so the gate's own come first."""
    return "".join(f"{line}\n" for line in _lines(account))


def _lines(account: Account) -> Iterator[str]:
    if account.decision is not None:
        kind = "notice" if account.decision.passed else "error"
        for refusal in account.decision.refusals:
            title = _property(f"assay gate: {refusal.rule}")
            message = "\n".join([refusal.sentence, *refusal.items[:10], f"Next: {refusal.todo}"])
            yield f"::{kind} title={title}::{_data(message)}"
    for problem in account.answer.inconclusive:
        yield f"::error title={_property('assay: not conclusive')}::{_data(problem)}"
    yield from map(_line, issues(account))


def _line(issue: Issue) -> str:
    span, accepted = issue.span, issue.accepted
    places = {"file": issue.path, "line": span.start_line, "endLine": span.end_line}
    if span.start_line == span.end_line and span.end_column:
        places |= {"col": span.start_column + 1, "endColumn": span.end_column + 1}
    title, message, command = f"assay: {issue.title}", issue.message, _COMMANDS[issue.level]
    if accepted is not None:
        title, command = f"{title} (accepted)", "notice"
        message = f"{accepted.stance.value}: {accepted.reason}\n{message}"
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in places.items())
    return f"::{command} {properties},title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

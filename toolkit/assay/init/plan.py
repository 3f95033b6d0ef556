"""What is written into a project: new files, and lines at the end of those there are (pure).

Nothing that is there is changed. What cannot be added to without that is left, with what to do.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assay.init.facts import (
    GITHUB,
    GITLAB,
    GITLAB_CI,
    PRE_COMMIT,
    PYPROJECT,
    Facts,
    pip_arguments,
    targets,
)

Template = Callable[[str], str]
"""The text of a file of configs/."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One file before (None: there is none) and after."""

    path: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Left:
    """One file that is left as it is, and why; `done` if assay is in it already."""

    path: str
    why: str
    done: bool = False


Step = Edit | Left


def plan(facts: Facts, template: Template) -> tuple[Step, ...]:
    """What to do, a step a file."""
    steps = [_pyproject(facts, template), _makefile(facts, template), _pre_commit(facts, template)]
    if facts.uses_github:
        steps.append(_new(facts, GITHUB, _filled(facts, template("github.yml"), GITHUB_LINES)))
    if facts.uses_gitlab:
        steps.append(_new(facts, GITLAB, _filled(facts, template("gitlab.yml"), GITLAB_LINES)))
        steps.append(_gitlab_ci(facts))
    if not facts.uses_github and not facts.uses_gitlab:
        steps.append(
            Left(
                "CI", "neither GitHub nor GitLab is in use here: --ci github or --ci gitlab says so"
            )
        )
    return tuple(steps)


def unified(edit: Edit) -> str:
    """The edit as a diff."""
    before = "" if edit.before is None else edit.before
    source = "/dev/null" if edit.before is None else f"a/{edit.path}"
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        edit.after.splitlines(keepends=True),
        source,
        f"b/{edit.path}",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _appended(before: str, more: str, gap: bool = True) -> str:
    """The text with more at its end, in the line breaks that it has."""
    text = before
    if text and not text.endswith("\n"):
        text += "\n"
    if gap and text and not text.endswith(("\n\n", "\n\r\n")):
        text += "\n"
    added = text[len(before) :] + more
    return before + (added.replace("\n", "\r\n") if "\r\n" in before else added)


# -- files there may be already


def _pyproject(facts: Facts, template: Template) -> Step:
    before = facts.texts.get(PYPROJECT)
    if before is None:
        # A new one would change how pip builds the project and where pytest's root is.
        return Left(PYPROJECT, "there is none: the defaults hold, and the gate's preset standard")
    try:
        tool = tomllib.loads(before).get("tool", {})
    except tomllib.TOMLDecodeError as problem:
        return Left(PYPROJECT, f"it cannot be read: {problem}")
    if isinstance(tool, dict) and "gate" in tool.get("assay", {}):
        return Left(PYPROJECT, "it has [tool.assay.gate]", done=True)
    after = _appended(before, template("pyproject.toml").partition("\n\n")[2])
    try:
        tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        return Left(PYPROJECT, "[tool.assay.gate] cannot be added at its end: add it by hand")
    return Edit(PYPROJECT, before, after)


TARGETS = frozenset({"impact", "gate", "weaknesses"})


def _makefile(facts: Facts, template: Template) -> Step:
    path = facts.makefile
    before, fragment = facts.texts.get(path), template("assay.mk")
    if before is not None and fragment.partition("\n")[0] in before:
        return Left(path, "it has the targets of assay", done=True)
    clash = TARGETS & targets(before or "")
    if clash:
        names = ", ".join(sorted(clash))
        return Left(path, f"it has targets of these names already: {names}; call assay in them")
    return Edit(path, before, _appended(before or "", fragment))


def _pre_commit(facts: Facts, template: Template) -> Step:
    before = facts.texts.get(PRE_COMMIT)
    if before is None:
        return Left(PRE_COMMIT, "pre-commit is not in use here")
    if "assay-gate" in before:
        return Left(PRE_COMMIT, "it has the hook assay-gate", done=True)
    entry = template("pre-commit.yaml").partition("repos:\n")[2]
    indent = _list_indent(before)
    if indent is None:
        return Left(
            PRE_COMMIT, "its list `repos` is not at its end: add the hook assay-gate by hand"
        )
    lines = [f"{indent}{line.removeprefix('  ')}" for line in entry.splitlines(keepends=True)]
    return Edit(PRE_COMMIT, before, _appended(before, "".join(lines), gap=False))


def _list_indent(text: str) -> str | None:
    """How far the items of `repos` are indented; None if text could not be added to that list."""
    keys = re.findall(r"^([A-Za-z_-]+):(.*)$", text, re.MULTILINE)
    if not keys or keys[-1][0] != "repos" or keys[-1][1].partition("#")[0].strip():
        return None
    items = re.findall(r"^( *)- repo:", text.rpartition("\nrepos:")[2], re.MULTILINE)
    return min(items, key=len) if items else None


def _gitlab_ci(facts: Facts) -> Step:
    before = facts.texts.get(GITLAB_CI)
    include = f"include:\n  - local: {GITLAB}\n"
    if before is None:
        return Edit(GITLAB_CI, None, include)
    if GITLAB in before:
        return Left(GITLAB_CI, f"it includes {GITLAB}", done=True)
    if re.search(r"^include\s*:", before, re.MULTILINE):
        return Left(GITLAB_CI, f"it has `include` already: add `- local: {GITLAB}` to it")
    stages = re.search(r"^stages\s*:(.*(?:\n[ \t-].*)*)", before, re.MULTILINE)
    if stages and not re.search(r"\btest\b", stages[1]):
        return Left(
            GITLAB_CI, f"it has no stage `test`: include {GITLAB} and give its jobs a stage"
        )
    return Edit(GITLAB_CI, before, _appended(before, include))


# -- files of our own


def _new(facts: Facts, path: str, text: str) -> Step:
    if facts.below:
        return Left(path, "the project is not the top of its repository: copy configs/ by hand")
    before = facts.texts.get(path)
    if before is None:
        return Edit(path, None, text)
    why = "it is there" if before == text else "it is there, and yours: not touched"
    return Left(path, why, done=True)


GITHUB_LINES = {
    "branches: [main]": "branches: [{branch}]",
    'python-version: "3.12"': 'python-version: "{python}"',
    "pip install -e . pytest": "pip install {arguments}",
    'ASSAY: "assay==0.1.0"': 'ASSAY: "{requirement}"',
}
GITLAB_LINES = {
    "image: python:3.12": "image: python:{python}",
    "pip install -e . pytest": "pip install {arguments}",
    'ASSAY: "assay==0.1.0"': 'ASSAY: "{requirement}"',
}
"""What of a template is the project's own."""


def _filled(facts: Facts, text: str, lines: Mapping[str, str]) -> str:
    for old, new in lines.items():
        text = text.replace(
            old,
            new.format(
                branch=facts.branch,
                python=facts.python,
                arguments=pip_arguments(facts),
                requirement=facts.requirement,
            ),
        )
    return text

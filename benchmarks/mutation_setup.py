"""Where the mutation benchmark keeps its things: pinned targets, an environment for each tool."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

PYTEST = "pytest==8.4.2"
"""One for all: the newest that every peer works with."""

REQUIREMENTS: dict[str, tuple[str, ...]] = {
    "plain": ("coverage==7.17.4",),
    "assay": (f"--editable={REPOSITORY}",),
    "mutmut": ("mutmut==3.8.1",),
    "irradiate": ("irradiate==0.4.3",),
    "gremlins": ("pytest-gremlins==1.12.2",),
    "cosmic-ray": ("cosmic-ray==8.7.0",),
    "fest": ("fest-mutate==0.1.3", "pytest-cov==7.1.0"),
}
"""What is installed for each tool, beside the targets; `plain` is what runs the suites alone."""


@dataclass(frozen=True, slots=True)
class Target:
    """One source file of a released project, and what its suite needs.

    `file` is the mutated file and `likely` the tests most likely to notice, both relative to the
    unpacked sdist; `package` the directory that tools are given as the source.
    """

    name: str
    distribution: str
    version: str
    file: str
    package: str
    tests: str
    likely: str
    needs: tuple[str, ...]

    @property
    def module(self) -> str:
        """The dotted name of the mutated file."""
        return self.file.removeprefix("src/").removesuffix(".py").replace("/", ".")


TARGETS = {
    target.name: target
    for target in (
        Target(
            "validate",
            "marshmallow",
            "4.4.0",
            "src/marshmallow/validate.py",
            "src/marshmallow",
            "tests",
            "tests/test_validate.py",
            ("simplejson==3.20.2",),
        ),
        Target(
            "signer",
            "itsdangerous",
            "2.2.0",
            "src/itsdangerous/signer.py",
            "src/itsdangerous",
            "tests",
            "tests/test_itsdangerous/test_signer.py",
            ("freezegun==1.5.5",),
        ),
    )
}


class SetupError(Exception):
    """Something cannot be set up; the text says what."""


@dataclass(frozen=True, slots=True)
class Place:
    """The directory of the benchmark, and the interpreter that its environments are made from."""

    work: Path
    python: str

    def venv(self, tool: str) -> Path:
        return self.work / "venvs" / tool

    def binary(self, tool: str, name: str) -> str:
        """A program of the tool's environment."""
        return str(self.venv(tool) / "bin" / name)

    def tree(self, tool: str, target: Target) -> Path:
        """The checkout that the tool's environment imports the target from, and may write to."""
        return self.work / "trees" / tool / target.name

    def pristine(self, target: Target) -> Path:
        return self.work / "pristine" / target.name


def prepare(place: Place, tools: list[str]) -> None:
    """Everything the tools need, for all targets, made where it is missing."""
    for target in TARGETS.values():
        unpack(place, target)
        for tool in tools:
            if not place.tree(tool, target).exists():
                renew(place, tool, target)
    for tool in tools:
        install(place, tool)


def unpack(place: Place, target: Target) -> None:
    """The target's sdist, by its pinned version, as a git repository with one commit."""
    goal = place.pristine(target)
    if goal.exists():
        return
    name = f"{target.distribution}-{target.version}"
    sdists = place.work / "sdists"
    archive = sdists / f"{name}.tar.gz"
    if not archive.exists():
        arguments = ["--no-deps", "--no-binary=:all:", f"--dest={sdists}"]
        wanted = f"{target.distribution}=={target.version}"
        _run([place.python, "-m", "pip", "download", "-q", *arguments, wanted])
    partial = place.work / "unpacked"
    shutil.rmtree(partial, ignore_errors=True)
    with tarfile.open(archive) as tar:
        tar.extractall(partial, filter="data")
    tree = partial / name
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", "-C", str(tree)]
    _run([*git, "init", "-q"])
    _run([*git, "add", "--all"])
    _run([*git, "commit", "-q", "-m", name])
    goal.parent.mkdir(parents=True, exist_ok=True)
    tree.rename(goal)
    shutil.rmtree(partial)


def renew(place: Place, tool: str, target: Target) -> Path:
    """The tool's tree as it was unpacked; whatever a run left there is gone."""
    tree = place.tree(tool, target)
    shutil.rmtree(tree, ignore_errors=True)
    tree.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(place.pristine(target), tree, symlinks=True)
    return tree


def install(place: Place, tool: str) -> None:
    """The tool's environment: a venv with the tool, and its trees of the targets as editable."""
    venv = place.venv(tool)
    needs = [need for target in TARGETS.values() for need in target.needs]
    trees = [f"--editable={place.tree(tool, target)}" for target in TARGETS.values()]
    wanted = [PYTEST, *REQUIREMENTS[tool], *needs, *trees]
    done = venv / "installed.txt"
    if done.exists() and done.read_text(encoding="utf-8").split("\n") == wanted:
        return
    shutil.rmtree(venv, ignore_errors=True)
    say(f"setting up {venv}")
    _run([place.python, "-m", "venv", str(venv)])
    _run([str(venv / "bin" / "python"), "-m", "pip", "install", "-q", *wanted])
    done.write_text("\n".join(wanted), encoding="utf-8")


def environment(place: Place, tool: str) -> dict[str, str]:
    """The caller's environment without Python's own variables, the tool's venv first on PATH."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYTEST", "COVERAGE", "COV_", "VIRTUAL_ENV"))
    }
    path = f"{place.venv(tool) / 'bin'}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "PATH": path, "VIRTUAL_ENV": str(place.venv(tool)), "PYTHONHASHSEED": "0"}


def versions(place: Place, tool: str) -> dict[str, str]:
    """Installed versions of the tool's environment, by normalised name."""
    code = (
        "import importlib.metadata as m, json, sys;"
        "print(json.dumps({d.metadata['Name'].lower().replace('_', '-'): d.version"
        " for d in m.distributions()}"
        " | {'python': sys.version.split()[0]}))"
    )
    printed = _run([place.binary(tool, "python"), "-c", code])
    found: dict[str, str] = json.loads(printed)
    return found


def revision() -> str:
    """The commit of assay that is measured; "+" after it: with changes that are not committed."""
    git = ["git", "-C", str(REPOSITORY)]
    changed = _run([*git, "status", "--porcelain", "--", "toolkit"]).strip()
    return _run([*git, "rev-parse", "--short", "HEAD"]).strip() + ("+" if changed else "")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise SetupError(f"{' '.join(command)} left with {done.returncode}:\n{tail}")
    return done.stdout

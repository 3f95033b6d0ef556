"""A library of another version than the project asks for, or without what the project uses.

`facts`: `distribution`, `installed` (its version), `requirement` (as it is declared, "" if not).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.proofs import of_failure
from assay.diagnosis.sides import Sides
from assay.diagnosis.values import by_sources
from assay.model.diagnosis import Category, Certainty, Fault, Match, Proof, Sign, Site
from assay.model.evidence import Frame, FrameKind, Raised

_NO_NAME = re.compile(r"cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'")
_OF_MODULE = re.compile(r"module '(?P<module>[\w.]+)' has no attribute")
_KEYWORD = re.compile(r".*\(\) got an unexpected keyword argument")


def _match(case: Case) -> Match | None:
    error = case.error
    frame = error.last_own_frame
    module = _library(case, error)
    if not module or frame is None:
        return None
    name = canonicalize_name(module.partition(".")[0])
    installed = _installed(case.sides, name)
    asked = _requirement(case.sides, name)
    if installed is None or (asked is None and not _lacks(error)):
        return None
    unfit = asked is not None and not _fits(asked, installed)
    if not unfit and not _lacks(error):
        return None
    signs = tuple(_signs(case, frame, name))
    wanted = f", and the project asks for {asked}" if asked is not None else ""
    return Match(
        cause=CAUSE.name,
        key=name,
        certainty=Certainty.COMPLETE if unfit else Certainty.PARTIAL,
        sentence=f"{frame.place} uses what {name} {installed} does not have{wanted}",
        proofs=(
            Proof("installed", f"{name} {installed}"),
            *([Proof("requirement", str(asked), "", "head")] if asked is not None else []),
            *of_failure(case),
        ),
        signs=() if unfit else signs,
        sites=(Site(frame.path, frame.line),),
        fix=f"install what the project asks for ({asked})"
        if unfit
        else f"use what {name} {installed} has, or ask for a version that has it",
        facts={
            "distribution": name,
            "installed": installed,
            "requirement": "" if asked is None else str(asked),
        },
        decided=Fault.ENVIRONMENT if unfit else None,
    )


def _lacks(error: Raised) -> bool:
    """Whether the library itself says that it has no such name or argument."""
    return error.is_a("ImportError", "AttributeError") or bool(_KEYWORD.match(error.first_line))


def _library(case: Case, error: Raised) -> str:
    """The module of an installed library that lacks something, or in which the failure lies."""
    own = case.sides.head
    told = _NO_NAME.match(error.first_line) or _OF_MODULE.match(error.first_line)
    thing = error.attributes.get("obj")
    if told is not None:
        module = told["module"]
    elif isinstance(thing, dict) and thing.get("kind") in ("module", "class", "instance"):
        module = str(thing.get("name", ""))
    elif error.last_frame is not None and error.last_frame.kind is FrameKind.LIBRARY:
        module = error.last_frame.module
    else:
        return ""
    return "" if own.is_package(module.partition(".")[0]) else module


def _installed(sides: Sides, name: str) -> str | None:
    for known, version in sides.distributions.items():
        if canonicalize_name(known) == name:
            return version
    return None


def _requirement(sides: Sides, name: str) -> Requirement | None:
    for text in sides.requires:
        with suppress(InvalidRequirement):
            asked = Requirement(text)
            if canonicalize_name(asked.name) == name:
                return asked
    return None


def _fits(asked: Requirement, installed: str) -> bool:
    with suppress(InvalidVersion):
        return asked.specifier.contains(installed, prereleases=True)
    return True


def _signs(case: Case, frame: Frame, name: str) -> Iterator[Sign]:
    added = frame.line in case.sides.changed_lines(frame.path)
    if added and frame.kind is FrameKind.SOURCE and by_sources(case):
        words = f"the change uses what {name}, as the project asks for it, need not have"
        yield Sign(Fault.CODE, words, frame.place)
    elif case.category is Category.KNOWN_FAILURE or not added:
        words = f"{frame.place} was not changed: {name} is another than it was written for"
        yield Sign(Fault.ENVIRONMENT, words, frame.place)


CAUSE = Cause(
    name="dependency-version",
    title="Dependency of another version",
    rule=(
        "An installed library lacks a name or an argument that the project uses, or fails inside; "
        "and its version is not one that the project asks for, or it says itself that it lacks it."
    ),
    shows="the installed version, the requirement, and the line that uses it.",
    verdict=(
        "Environment, if the version is not one that is asked for, or the line was not changed; "
        "code, if the change uses what the versions asked for need not have."
    ),
    fix="install what the project asks for, or ask for what it uses.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A library that is older than what is asked for; a change that uses what no version "
            "has; and an own module without the name.",
            {
                "requirements.txt": "pluggy>=999\nrich\n",
                "shop.py": """\
import iniconfig
import pluggy


def hooks():
    return pluggy.Hooks()


def config():
    return iniconfig


def go(code):
    return code
""",
                "test_shop.py": """\
import shop
from shop import config, hooks


def test_hooks():
    assert hooks()


def test_config():
    assert config()


def test_go():
    assert shop.go(3) == 3
""",
            },
            {
                "shop.py": """\
import iniconfig
import pluggy


def hooks():
    return pluggy.Hooks()


def config():
    return iniconfig.read_all()


def gone(code):
    return code
""",
            },
            {
                "test_shop.py::test_hooks": Fault.ENVIRONMENT,
                "test_shop.py::test_config": Fault.CODE,
            },
            ("test_shop.py::test_go",),
        ),
    ),
    ambiguity="a module whose distribution has another name is not known.",
)

"""What must be equal on two machines for a verdict of one to hold on the other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import assay
from assay.execution.suite import Collected

SHOWN = 5
"""Differences of one kind that are named before the rest are counted."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a machine runs the tests with, and what it found.

    `code` is a digest of assay's own files, `fingerprint` the lines of the test process
    (`name=version`), `tests` the node ids, `modules` the project's modules that collecting has
    imported, by name, with their files relative to the repository; `forks` whether the collected
    process can be forked.
    """

    assay: str
    code: str
    fingerprint: tuple[str, ...]
    tests: tuple[str, ...]
    modules: Mapping[str, str] = field(hash=False)
    forks: bool = True


def facts_of(collected: Collected, repo: Path, excluded: tuple[str, ...]) -> Facts:
    """What two machines compare."""
    prefix = f"{repo}/"
    # `conftest` may be any of several files, and is whichever was imported last.
    modules = {
        name: file.removeprefix(prefix)
        for name, file in collected.modules.items()
        if file.startswith(prefix)
        and not file.startswith(tuple(f"{directory}/" for directory in excluded))
        and name not in ("__main__", "__mp_main__", "conftest")
    }
    return Facts(
        assay=assay.__version__,
        code=code_digest(),
        fingerprint=collected.fingerprint,
        tests=tuple(item.node_id for item in collected.items),
        modules=modules,
        forks=collected.can_fork,
    )


def code_digest() -> str:
    """A digest of assay's own files: a version under development has many contents."""
    top = Path(assay.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(top.rglob("*.py")):
        digest.update(f"{path.relative_to(top).as_posix()}\0".encode("utf-8", "surrogateescape"))
        digest.update(path.read_bytes())
    return digest.hexdigest()


def differences(
    here: Facts, there: Facts, project: Collection[str], needed: Collection[str]
) -> list[str]:
    """Each difference in a few words, with both sides; empty if there is none.

    `project` are the distributions that the snapshot itself brings (another version, or none, may
    be installed there), `needed` those that a worker may have though this machine's tests have not.
    """
    found: list[str] = []
    if (here.assay, here.code) != (there.assay, there.code):
        found.append(
            f"assay {here.assay} ({here.code[:8]}) here, {there.assay} ({there.code[:8]}) there"
        )
    found += _few(_packages(here, there, project, needed))
    found += _few(_imports(here, there))
    if not found:
        found += _tests(here, there)
    if here.forks != there.forks:
        has = {True: "no thread is", False: "threads are"}
        found.append(f"after collection {has[here.forks]} alive here, {has[there.forks]} there")
    return found


def _few(found: Iterator[str]) -> list[str]:
    whole = list(found)
    if len(whole) > SHOWN + 1:
        return [*whole[:SHOWN], f"{len(whole) - SHOWN} more"]
    return whole


def _packages(
    here: Facts, there: Facts, project: Collection[str], needed: Collection[str]
) -> Iterator[str]:
    ours, theirs = _by_name(here.fingerprint), _by_name(there.fingerprint)
    for name in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(name), theirs.get(name)
        plain = plain_name(name)
        if mine == other or plain in project or (mine is None and plain in needed):
            continue
        yield f"{name} {mine or '(none)'} here, {other or '(none)'} there"


def plain_name(distribution: str) -> str:
    """A distribution's name as one writes it, however it is spelt (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _by_name(fingerprint: Collection[str]) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition("=") for line in fingerprint)}


def _imports(here: Facts, there: Facts) -> Iterator[str]:
    """The project's modules must come from the snapshot: else what is mutated would not run."""
    for name, path in sorted(here.modules.items()):
        other = there.modules.get(name)
        if other != path:
            yield f"{name} is imported from {path} here, and from {other or 'nowhere'} there"


def _tests(here: Facts, there: Facts) -> Iterator[str]:
    same = renamed(here.tests, there.tests)
    gone = [test for test in here.tests if test not in same]
    found = set(same.values())
    for missing, where in (
        (gone, "only here"),
        ([test for test in there.tests if test not in found], "only there"),
    ):
        if missing:
            count = f"{len(missing)} test{'' if len(missing) == 1 else 's'}"
            yield f"{count} collected {where}, such as {min(missing)}"


def renamed(here: Sequence[str], there: Sequence[str]) -> dict[str, str]:
    """What each test here is called there; those that are not there are left out.

    Ids may hold the time, an address or a random number, and then are other ones in each process.
    The parameters of a function come in the same order: where as many are left on both sides, the
    first here is the first there.
    """
    common = set(here) & set(there)
    found = {test: test for test in here if test in common}
    ours, theirs = _left(here, common), _left(there, common)
    for function, tests in ours.items():
        others = theirs.get(function, [])
        if len(tests) == len(others):
            found.update(zip(tests, others, strict=True))
    return found


def _left(tests: Sequence[str], common: Collection[str]) -> dict[str, list[str]]:
    """The parametrised tests that only one side has, by function."""
    left: dict[str, list[str]] = {}
    for test in tests:
        if test not in common and "[" in test:
            left.setdefault(test.partition("[")[0], []).append(test)
    return left

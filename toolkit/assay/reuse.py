"""What earlier runs know of a plan's mutants, and where the verdicts of this run are kept.

A test's token is that of its record. It is reckoned once, when a record is first met, and stays as
long as the record does: a test that selection does not select is unaffected by whatever changed,
though modules that it uses may have been recorded anew meanwhile. A test that ran again has another
record, and the token that its content gives: the old one, if the content is as it was.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import stat
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import assay
from assay.change.git import head_commit
from assay.impact.reach import reach_digests
from assay.impact.record import Tree
from assay.impact.store import reading
from assay.impact.tokens import TestToken, Tokens, token_of
from assay.impact.verdicts import Verdicts, key_of, open_verdicts
from assay.model.impact import ImpactMap, test_key
from assay.model.matrix import Pair
from assay.model.mutant import Measured, PlannedMutant, Status, Verdict
from assay.model.reuse import PastKill, Token
from assay.mutation.mutmut_adapter import mutmut_version
from assay.mutation.portion import some_of
from assay.mutation.targets import Target
from assay.project import SKIPPED_DIRECTORIES, Project
from assay.verdict.reuse import judge, kept_of, widened

AUDITED = 0.01
"""The share of the reused verdicts that `--audit` runs again; at least one."""

LARGE = 16 * 1024 * 1024
"""Bytes beyond which a file that only opaque tests may read is known by its size and time."""


@dataclass(frozen=True, slots=True)
class Recall:
    """What is known of a plan: verdicts that `held`, by mutant id; what has `to_run`, against all
    of its covering tests or those of which nothing is known; and of these the ones that have a
    verdict that holds, and are run again to see whether it does (`audited`)."""

    held: Mapping[str, Verdict]
    to_run: tuple[PlannedMutant, ...]
    audited: Mapping[str, Verdict]


class Memory:
    """The stored verdicts, for one plan in one environment.

    `times` tell when each node of the map was written.
    """

    def __init__(
        self,
        project: Project,
        verdicts: Verdicts,
        impact: ImpactMap,
        times: Mapping[str, int],
        planned: Iterable[PlannedMutant],
        targets: Iterable[Target],
    ) -> None:
        self._project = project
        self._verdicts = verdicts
        self._planned = {one.mutant.id: one for one in planned}
        self._engine = "\0".join([*engine(), *impact.fingerprint])
        digests = {
            (target.source.path, unit): digest
            for target in targets
            for unit, digest in reach_digests(target.source, target.text).items()
        }
        self._keys = {
            one.mutant.id: key_of(
                one.mutant.id, digests.get((one.mutant.path, one.mutant.unit), ""), self._engine
            )
            for one in self._planned.values()
        }
        tests = {test.node_id for one in self._planned.values() for test in one.tests}
        self._tokens = self._tokens_of(sorted(tests), impact, times)
        self._commit = head_commit(project.repo) if project.is_repository else ""
        self._files = {test: record.path for test, record in impact.tests.items()}
        self._kept: set[str] = set()
        self._kept_pairs: set[tuple[bytes, Token]] = set()

    def recall(self, fresh: bool, audit: float, seed: int) -> Recall:
        """What holds and what has to run; `fresh`: everything, `audit`: a share of what holds."""
        if fresh:
            return Recall({}, tuple(self._planned.values()), {})
        held: dict[str, Verdict] = {}
        to_run: dict[str, PlannedMutant] = {}
        for mutant_id, one in self._planned.items():
            found = judge(one, self._verdicts.of(self._keys[mutant_id]), self._tokens)
            if found.verdict is not None:
                held[mutant_id] = found.verdict
            else:
                to_run[mutant_id] = replace(one, tests=found.tests)
        self._verdicts.saw([self._keys[mutant_id] for mutant_id in held])
        audited = some_of(held, audit, seed) if audit else ()
        to_run |= {mutant_id: self._planned[mutant_id] for mutant_id in audited}
        return Recall(
            held={mutant_id: one for mutant_id, one in held.items() if mutant_id not in audited},
            to_run=tuple(to_run[mutant_id] for mutant_id in self._planned if mutant_id in to_run),
            audited={mutant_id: held[mutant_id] for mutant_id in audited},
        )

    def whole(self, verdict: Verdict) -> Verdict:
        """A verdict of this run as one by all covering tests."""
        return widened(self._planned[verdict.mutant.id], verdict)

    def unproven(self, recall: Recall, verdicts: Mapping[str, Verdict]) -> list[PlannedMutant]:
        """Mutants that ran against some of their tests and came to nothing: to be run in full."""
        return [
            self._planned[one.mutant.id]
            for one in recall.to_run
            if len(one.tests) < len(self._planned[one.mutant.id].tests)
            and verdicts[one.mutant.id].status is Status.RUNTIME_ERROR
        ]

    def keep(self, verdict: Verdict) -> None:
        """Write a verdict of this run down, if it can hold later."""
        measured = Measured(int(time.time()), self._commit)
        stored = kept_of(self.whole(verdict), self._tokens, measured)
        if stored is not None:
            self._verdicts.add(self._keys[verdict.mutant.id], stored)
            self._kept.add(verdict.mutant.id)
            self._note_killer(verdict)

    def _note_killer(self, verdict: Verdict) -> None:
        mutant, test = verdict.mutant, verdict.killer
        if verdict.status is Status.KILLED:
            file = self._files.get(test, "")
            self._verdicts.note_kill(PastKill(mutant.id, mutant.path, test, file))
        else:
            self._verdicts.forget_kill(mutant.id)

    def forget(self, mutant_ids: Iterable[str]) -> None:
        self._verdicts.forget([self._keys[mutant_id] for mutant_id in mutant_ids])

    def forget_this_run(self) -> None:
        self.forget(self._kept)
        self._verdicts.forget_pairs(self._kept_pairs)

    # -- pairs of a mutant and a test

    def known_pairs(self) -> dict[str, dict[str, Pair]]:
        """The pairs of the plan that earlier runs know, by mutant and test."""
        found: dict[str, dict[str, Pair]] = {}
        for mutant_id, one in self._planned.items():
            stored = self._verdicts.pairs_of(self._keys[mutant_id])
            row = {
                test.node_id: stored[token]
                for test in one.tests
                if (token := self._tokens.get(test.node_id)) in stored and token is not None
            }
            if row:
                found[mutant_id] = row
        return found

    def keep_pair(self, mutant_id: str, test: str, pair: Pair) -> None:
        """Write a pair of this run down, if it can hold later."""
        token = self._tokens.get(test)
        if token is not None:
            self._verdicts.add_pair(self._keys[mutant_id], token, pair)
            self._kept_pairs.add((self._keys[mutant_id], token))

    def forget_pairs(self, tests: Iterable[str]) -> None:
        """All pairs of some tests: they proved unreliable."""
        self._verdicts.forget_pairs(
            [
                (self._keys[mutant_id], token)
                for test in set(tests)
                if (token := self._tokens.get(test)) is not None
                for mutant_id in self._planned
            ]
        )

    # -- tokens

    def _tokens_of(
        self, tests: Sequence[str], impact: ImpactMap, times: Mapping[str, int]
    ) -> dict[str, Token]:
        known = self._verdicts.tokens()
        found: dict[str, TestToken] = {}
        fresh: dict[str, tuple[int, TestToken]] = {}
        reckoned: Tokens | None = None
        for test in tests:
            saved = times.get(test_key(test), 0)
            if saved and test in known and known[test][0] == saved:
                found[test] = known[test][1]
                continue
            if reckoned is None:
                tree = Tree(self._project.repo)
                with reading(self._project.map_file) as (store, _):
                    reckoned = Tokens(impact, store.texts(), tree.sha)
            found[test] = reckoned.of(test)
            fresh[test] = (saved, found[test])
        self._verdicts.keep_tokens(fresh, known.keys() - impact.tests.keys())
        everything = b""
        if any(one.opaque for one in found.values()):
            everything = tree_digest(self._project)
        return {
            test: token_of(test, one.token, everything) if one.opaque else one.token
            for test, one in found.items()
        }


@contextlib.contextmanager
def remembered(
    project: Project,
    impact: ImpactMap,
    times: Mapping[str, int],
    planned: Sequence[PlannedMutant],
    targets: Iterable[Target],
) -> Iterator[tuple[Memory, str]]:
    """The memory of a plan, and what has to be said of it ("" if nothing)."""
    project.prepare_state()
    with open_verdicts(project.verdicts_file) as (verdicts, notice):
        try:
            yield Memory(project, verdicts, impact, times, planned, targets), notice
        finally:
            verdicts.prune()


def disagreements(recall: Recall, verdicts: Mapping[str, Verdict]) -> dict[str, str]:
    """Audited mutants whose verdict is another now, each with what is to be said."""
    found = {}
    for mutant_id, before in recall.audited.items():
        now = verdicts[mutant_id]
        if now.status is Status.PENDING or now.status is before.status:
            continue
        when = day_of(before.reused) if before.reused else ""
        found[mutant_id] = (
            f"the audit ran {mutant_id} ({now.mutant.path}:{now.mutant.span.start_line}) again: "
            f"{now.status.value} now, {before.status.value} when it was measured{when}; "
            "its stored verdict is removed"
        )
    return found


def day_of(measured: Measured) -> str:
    commit = f" at {measured.commit[:7]}" if measured.commit else ""
    return f" on {time.strftime('%Y-%m-%d', time.gmtime(measured.at))}{commit}"


@functools.cache
def engine() -> tuple[str, ...]:
    """What makes mutants and verdicts: versions, and a digest of the code itself, for whoever works
    on it."""
    rooms = ("execution", "mutation", "probe", "verdict", "model", "change")
    here = Path(assay.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(path for room in rooms for path in here.joinpath(room).rglob("*.py")):
        digest.update(
            f"{path.relative_to(here)}\0".encode("utf-8", "surrogateescape") + path.read_bytes()
        )
    return assay.__version__, mutmut_version(), digest.hexdigest()


def tree_digest(project: Project) -> bytes:
    """A digest of all files of the repository but hidden ones, environments and leftovers."""
    top = str(project.repo)
    skip = {str(Path(path).resolve()) for path in project.excluded_directories()}
    digest = hashlib.sha256()
    for directory, names, files in os.walk(top):
        names[:] = sorted(
            name
            for name in names
            if not name.startswith(".")
            and name not in SKIPPED_DIRECTORIES
            and f"{directory}/{name}" not in skip
            and not Path(directory, name, "pyvenv.cfg").exists()
        )
        for name in sorted(files):
            path = Path(directory, name)
            digest.update(f"{path.relative_to(top)}\0".encode("utf-8", "surrogateescape"))
            digest.update(_content(path))
    return digest.digest()


def _content(path: Path) -> bytes:
    try:
        found = path.stat()
        if found.st_size > LARGE or not stat.S_ISREG(found.st_mode):
            return f"{found.st_size} {found.st_mtime_ns}".encode()
        return hashlib.sha256(path.read_bytes()).digest()
    except OSError:
        return b"unreadable"


def changed_meanwhile(before: Tree, now: Tree, paths: Collection[str]) -> list[str]:
    """Files that were edited while mutants ran."""
    return sorted(path for path in paths if now.sha(path) != before.sha(path))

"""Facts about runs that ask whether a guard was lost, and do not come to an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assay.answering import mutation_settings
from assay.change.semantics import read_source
from assay.execution.mutants import MutantRun
from assay.impact.verdicts import open_verdicts
from assay.lost import Lost, keep_owed, lost_guards
from assay.model.mutant import Status, Verdict
from assay.model.reuse import PastKill
from assay.mutating import Mutated
from assay.mutation.targets import Target, target_of
from assay.project import Project, open_project

CODE = "def double(n):\n    return n * 2\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "ages.py").write_text(CODE, encoding="utf-8")
    found = open_project(tmp_path, None, (), {})
    found.prepare_state()
    return found


@pytest.fixture
def past(project: Project) -> tuple[PastKill, ...]:
    source = read_source("ages.py", CODE.encode())
    target = target_of(source, CODE.encode(), None, [], mutation_settings(project))
    assert target is not None
    names = [one.id for one in target.mutants]
    return tuple(PastKill(name, "ages.py", "t.py::test_double", "t.py") for name in names)


def told(project: Project) -> list[str]:
    with open_verdicts(project.verdicts_file) as (verdicts, _):
        return sorted(one.mutant for one in verdicts.past_kills())


def asked(
    project: Project,
    past: Sequence[PastKill],
    status: Status,
    run: MutantRun,
    problems: tuple[str, ...] = (),
) -> Lost:
    def ran(targets: Sequence[Target]) -> Mutated:
        mutants = [mutant for target in targets for mutant in target.mutants]
        found = [Verdict(one, status, (), "", False, "", 0, 0.0) for one in mutants]
        return Mutated(tuple(found), run, (), problems)

    settings = mutation_settings(project)
    return lost_guards(project, ["t.py"], past, {"t.py::test_double": "t.py"}, settings, ran)


GOOD = MutantRun({}, {}, interrupted=False)


def test_survivors_are_lost_and_stay_so(project: Project, past: tuple[PastKill, ...]) -> None:
    found = asked(project, past, Status.SURVIVED, GOOD)
    (one,) = found.findings
    assert found.again.keys() == {one.id}
    assert len(found.again[one.id]) == len(past)
    assert told(project) == sorted(kill.mutant for kill in past)


def test_of_a_run_with_problems_nothing_is_said_to_be_lost_and_the_problem_is_told(
    project: Project, past: tuple[PastKill, ...]
) -> None:
    doubtful = replace(GOOD, problems=("a mutant that cannot but fail passed",))
    for found in (
        asked(project, past, Status.SURVIVED, doubtful),
        asked(project, past, Status.SURVIVED, GOOD, doubtful.problems),
    ):
        assert (found.findings, dict(found.again)) == ((), {})
        assert found.problems == doubtful.problems
    assert told(project) == sorted(kill.mutant for kill in past)


def test_kills_of_a_run_with_problems_settle_nothing(
    project: Project, past: tuple[PastKill, ...]
) -> None:
    asked(project, past, Status.KILLED, replace(GOOD, problems=("in doubt",)))
    assert told(project) == sorted(kill.mutant for kill in past)


def test_an_interrupt_leaves_all_to_be_asked_again(
    project: Project, past: tuple[PastKill, ...]
) -> None:
    found = asked(project, past, Status.PENDING, replace(GOOD, interrupted=True))
    assert found.interrupted
    assert found.findings == ()
    assert told(project) == sorted(kill.mutant for kill in past)


def test_what_is_killed_again_is_owed_no_more(project: Project, past: tuple[PastKill, ...]) -> None:
    found = asked(project, past, Status.KILLED, GOOD)
    assert (found.findings, found.problems) == ((), ())
    assert told(project) == []


def test_only_what_a_run_was_about_is_kept(project: Project, past: tuple[PastKill, ...]) -> None:
    keep_owed(project, past, Mutated((), GOOD))
    assert told(project) == []

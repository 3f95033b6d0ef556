"""Facts about accepted findings: how they are written, and when they no longer hold."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from gate_cases import TODAY, accepted, answer, finding, mutant, verdict

from assay.committed import (
    accepted_file,
    read_accepted,
    read_baseline,
    standing_of,
    write_accepted,
    write_baseline,
)
from assay.errors import UsageError
from assay.gate.accepted import standing, with_entry
from assay.gate.baseline import Baseline, found_now
from assay.model.accepted import Stance
from assay.model.mutant import Status
from assay.project import Project, open_project

DIGEST = "d" * 64


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return open_project(tmp_path, None, (), {})


# -- holding and expiring


def test_an_answer_holds_while_its_function_is_the_same() -> None:
    one = accepted("m1")
    assert standing([one], {"m1": DIGEST}, TODAY).holding == {"m1": one}


def test_an_answer_ends_when_its_function_changes_and_says_so() -> None:
    found = standing([accepted("m1")], {"m1": "f" * 64}, TODAY)
    assert found.holding == {}
    assert found.expired["m1"].why == "rate has changed since it was accepted on 2026-01-01"


@pytest.mark.parametrize(("days", "holds"), [(-1, True), (0, True), (1, False)])
def test_an_answer_holds_up_to_its_day(days: int, holds: bool) -> None:
    one = accepted("m1", until=TODAY)
    found = standing([one], {"m1": DIGEST}, TODAY + timedelta(days))
    assert bool(found.holding) is holds
    if not holds:
        assert found.expired["m1"].why == "it was accepted until 2026-06-01"


def test_an_answer_to_what_was_not_looked_at_is_neither() -> None:
    found = standing([accepted("m1")], {"other": DIGEST}, TODAY)
    assert (found.holding, found.expired) == ({}, {})


def test_answers_are_to_mutants_and_findings_of_a_run(project: Project) -> None:
    entries = (accepted("m1"), replace(accepted("w1234567", "e" * 16), kind="rotten-green"))
    write_accepted(project, entries)
    found = standing_of(project, answer(verdict(Status.SURVIVED)), (finding(),), TODAY)
    assert set(found.holding) == {"m1", "w1234567"}


def test_a_mutant_of_a_function_without_a_digest_is_not_accepted(project: Project) -> None:
    write_accepted(project, (accepted("m1"),))
    of = replace(answer(verdict(Status.SURVIVED)), digests={})
    assert standing_of(project, of, (), TODAY).holding == {}


# -- the file


def test_what_is_written_is_read_again(project: Project) -> None:
    odd = replace(
        accepted("m2", until=date(2027, 1, 1)),
        reason='"quoted" \\ and\nüber two lines',
        stance=Stance.NOT_USEFUL,
        about="",
    )
    write_accepted(project, (odd, accepted("m1")))
    assert read_accepted(project) == (accepted("m1"), odd)


def test_without_a_file_nothing_is_accepted(project: Project) -> None:
    assert read_accepted(project) == ()


def test_the_order_of_answering_does_not_show_in_the_file(project: Project) -> None:
    entries = [accepted("m1"), replace(accepted("m0"), path="zoo.py"), accepted("m2")]
    write_accepted(project, entries)
    before = accepted_file(project).read_bytes()
    write_accepted(project, reversed(entries))
    assert accepted_file(project).read_bytes() == before


def test_an_entry_reads_like_this(project: Project) -> None:
    write_accepted(project, (accepted("m1"),))
    text = accepted_file(project).read_text(encoding="utf-8")
    assert text.startswith("# What people have answered")
    assert (
        '[[accepted]]\nid = "m1"\nkind = "survivor"\npath = "tax.py"\nunit = "rate"\n'
        'digest = "dddddddddddddddd"\nabout = "1 → 2"\nas = "equivalent"\n'
        'reason = "both are the same"\non = 2026-01-01\n'
    ) in text
    assert tomllib.loads(text)["format"] == 1


def test_a_second_answer_takes_the_place_of_the_first() -> None:
    new = replace(accepted("m1"), reason="better")
    assert with_entry((accepted("m1"), accepted("m2")), new) == (accepted("m2"), new)


BAD = {
    "no TOML": ("format = ", "is no TOML"),
    "another format": ("format = 2\n", "has format 2: this assay reads 1"),
    "no format": ("", "has format None"),
    "an unknown key at the top": ("format = 1\nmore = 1\n", "unknown key 'more'"),
    "no tables": ("format = 1\naccepted = 1\n", "must be a list of [[accepted]] tables"),
    "a missing key": ('format = 1\n[[accepted]]\nid = "m1"\n', "entry 1: kind is missing; entry 1"),
    "an unknown key": (
        "format = 1\n[[accepted]]\nuntill = 2026-01-01\n",
        "unknown key 'untill' (did you mean 'until'?)",
    ),
    "a date in quotes": (
        'format = 1\n[[accepted]]\nuntil = "2026-01-01"\n',
        "until must be a date such as 2026-12-31",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_with_mistakes_is_told(name: str, project: Project) -> None:
    text, problem = BAD[name]
    accepted_file(project).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as told:
        read_accepted(project)
    assert problem in told.value.message
    assert "assay-accepted.toml" in told.value.message


def test_an_entry_that_is_there_twice_is_told(project: Project) -> None:
    write_accepted(project, (accepted("m1"),))
    path = accepted_file(project)
    text = path.read_text(encoding="utf-8")
    path.write_text(text + text[text.index("[[accepted]]") :], encoding="utf-8")
    with pytest.raises(UsageError, match="entry 2: m1 is there twice"):
        read_accepted(project)


# -- the baseline


def test_a_baseline_is_read_as_it_was_written_an_entry_a_line(project: Project) -> None:
    written = Baseline(found_now(answer(verdict(Status.SURVIVED)), (finding(),)), "o1")
    write_baseline(project, written)
    assert read_baseline(project) == written
    lines = (project.root / "assay-baseline.json").read_text(encoding="utf-8").splitlines()
    assert sum('"id"' in line for line in lines) == len(written.known) == 2


def test_a_file_name_that_is_no_utf_8_is_written_as_its_escape(project: Project) -> None:
    odd = replace(verdict(Status.SURVIVED), mutant=mutant(path="caf\udce9.py"))
    written = Baseline(found_now(answer(odd), ()), "o1")
    write_baseline(project, written)
    assert read_baseline(project) == written
    write_accepted(project, [replace(accepted("m1"), path="caf\udce9.py")])
    (entry,) = read_accepted(project)
    assert entry.path == r"caf\udce9.py"


def test_an_empty_baseline_is_a_baseline(project: Project) -> None:
    write_baseline(project, Baseline({}, "o1"))
    assert read_baseline(project) == Baseline({}, "o1")


def test_without_a_file_there_is_no_baseline(project: Project) -> None:
    assert read_baseline(project) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is no JSON"),
        ("[]", "is no baseline of assay"),
        ('{"format": 2}', "has format 2, this assay reads 1: delete it and write it anew with"),
        ('{"format": 1, "operators": "o", "known": [{"id": "x"}]}', "is damaged"),
    ],
)
def test_a_baseline_that_does_not_fit_is_an_error_that_says_what_to_do(
    text: str, problem: str, project: Project
) -> None:
    (project.root / "assay-baseline.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as told:
        read_baseline(project)
    assert problem in told.value.message

"""Verdicts of earlier runs: used again where they hold, and only there."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import CopyProject, MappedProject, Result, RunAssay, replace_in, write

from assay import answering, mutating
from assay.execution import mutants as running
from assay.progress import Progress

Entry = dict[str, Any]


def by_scope(done: Result) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for mutant in done.record["mutants"]:
        found.setdefault(mutant["scope"], []).append(mutant)
    return found


def run_again(done: Result) -> set[str]:
    """The functions of which mutants were run, those without coverage left out."""
    mutants = done.record["mutants"]
    return {m["scope"] for m in mutants if m["reused"] is None and m["status"] != "NoCoverage"}


def statuses(done: Result) -> dict[str, str]:
    return {mutant["id"]: mutant["status"] for mutant in done.record["mutants"]}


@pytest.fixture
def project(mapped_project: MappedProject) -> Path:
    return mapped_project("kept_verdicts")


@pytest.fixture
def mutate(run_assay: RunAssay, project: Path) -> Iterator[Any]:
    def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
        options = arguments or ("tax.py",)
        return run_assay("mutate", *options, "--format", "json", project=project, env=env)

    yield run


@pytest.mark.slow
def test_only_what_an_edit_touches_runs_again(
    mutate: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = mutate()
    assert first.code == 0
    assert run_again(first) == {"taxed", "rounded", "label"}
    found = by_scope(first)
    assert {m["status"] for m in found["rounded"]} == {"Survived"}
    assert {m["status"] for m in found["taxed"]} == {"Killed"}

    with monkeypatch.context() as patch:
        patch.setattr(answering, "collected_suite", None)
        second = mutate()
    assert (run_again(second), statuses(second)) == (set(), statuses(first))
    assert second.record["tests"] == []
    covered = [status for status in statuses(first).values() if status != "NoCoverage"]
    assert second.record["reused"] == len(covered)
    head = {mutant["reused"]["commit"] for mutant in by_scope(second)["taxed"]}
    assert [len(commit) for commit in head] == [40]

    replace_in(project / "tax.py", "amount + 2 - 1", "amount + 3 - 1")
    assert run_again(mutate()) == {"rounded"}
    replace_in(project / "tax.py", "amount + 3 - 1", "amount + 2 - 1")
    undone = mutate()
    assert (run_again(undone), statuses(undone)) == (set(), statuses(first))

    replace_in(project / "rates.py", "RATE = 3", "RATE = 6 / 2")
    assert run_again(mutate()) == {"taxed"}


@pytest.mark.slow
def test_what_a_change_of_the_tests_makes_void(mutate: Any, project: Path) -> None:
    first = mutate()
    replace_in(project / "test_label.py", 'assert tax.label("a") == "a!"', 'tax.label("a")')
    weaker = mutate()
    assert run_again(weaker) == {"label"}
    assert "Survived" in {m["status"] for m in by_scope(weaker)["label"]}

    replace_in(project / "conftest.py", "return 5", "return 10 // 2")
    assert run_again(mutate()) == {"taxed"}

    # Of a survivor, only the new test runs.
    text = "import tax\n\n\ndef test_new():\n    assert tax.rounded(4) == 5\n"
    write(project / "test_new.py", text)
    stronger = mutate()
    assert run_again(stronger) == {"rounded"}
    for mutant in by_scope(stronger)["rounded"]:
        assert (mutant["status"], mutant["killer"]) == ("Killed", "test_new.py::test_new")
        assert set(mutant["covering"]) == {"test_new.py::test_new", "test_tax.py::test_rounded"}
        assert mutant["tests_run"] == 1

    # A renamed test is another test.
    replace_in(project / "test_tax.py", "test_taxed", "test_taxed_well")
    renamed = mutate()
    assert run_again(renamed) == {"taxed"}
    assert {m["killer"] for m in by_scope(renamed)["taxed"]} == {"test_tax.py::test_taxed_well"}
    assert statuses(renamed).keys() == statuses(first).keys()


@pytest.mark.slow
def test_nothing_is_used_by_another_assay_or_environment_or_when_it_is_not_wanted(
    mutate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = {"taxed", "rounded", "label"}
    assert run_again(mutate()) == everything
    assert run_again(mutate("tax.py", "--fresh")) == everything
    with monkeypatch.context() as patch:
        patch.setattr("assay.reuse.engine", lambda: ("0.1.0", "3.8.1", "other operators"))
        assert run_again(mutate()) == everything
    assert run_again(mutate(env={"PYTHONWARNINGS": "error"})) == everything
    assert run_again(mutate()) == set()


@pytest.mark.slow
def test_a_test_that_is_opaque_is_trusted_only_while_nothing_changes(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("starts_processes")
    text = "\n\ndef test_program():\n    subprocess.run([sys.executable, '-c', ''], check=True)\n"
    program = project / "test_command.py"
    write(program, program.read_text() + text + "    assert plain.one() == 1\n")
    replace_in(program, "def test_plain():\n    assert plain.one() == 1\n", "")

    def run() -> Result:
        return run_assay("mutate", "plain.py", "--format", "json", project=project)

    first = run()
    assert {m["killer"] for m in first.record["mutants"]} == {"test_command.py::test_program"}
    assert run_again(run()) == set()
    write(project / "data" / "notes.txt", "new\n")
    assert run_again(run()) == {"one"}
    assert run_again(run()) == set()


@pytest.mark.slow
def test_an_audit_finds_a_verdict_that_does_not_hold(mutate: Any, project: Path) -> None:
    first = mutate()
    planted = by_scope(first)["rounded"][0]["id"]
    store = project / ".assay" / "verdicts.sqlite"
    with sqlite3.connect(store) as database:
        changed = database.execute(
            "UPDATE verdict SET status = 'Killed' WHERE status = 'Survived'"
        ).rowcount
    database.close()
    assert changed == list(statuses(first).values()).count("Survived")
    wrong = mutate("tax.py", "--only", planted)
    assert statuses(wrong) == {planted: "Killed"}

    audited = mutate("tax.py", "--only", planted, "--audit")
    assert (audited.code, statuses(audited)) == (4, {planted: "Survived"})
    (problem,) = audited.record["inconclusive"]
    assert f"the audit ran {planted} (tax.py:11) again: Survived now, Killed when" in problem
    after = mutate("tax.py", "--only", planted)
    assert (after.code, run_again(after), statuses(after)) == (
        0,
        {"rounded"},
        {planted: "Survived"},
    )
    sound = mutate("tax.py", "--only", planted, "--audit")
    assert (sound.code, run_again(sound)) == (0, {"rounded"})


@pytest.mark.slow
def test_an_interrupt_loses_no_verdict_that_stood(
    mutate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = itertools.count(1)

    def interrupted(self: Progress, verdict: object) -> None:
        if next(came) == 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(running, "FIRST_CHUNK", 1)
        patch.setattr(Progress, "verdict", interrupted)
        first = mutate()
    assert first.code == 130
    settled = {i: s for i, s in statuses(first).items() if s in ("Killed", "Survived")}
    assert len(settled) >= 2
    second = mutate()
    assert second.code == 0
    reused = {m["id"]: m["status"] for m in second.record["mutants"] if m["reused"]}
    assert settled.items() <= reused.items()
    assert "Pending" not in statuses(second).values()


@pytest.mark.slow
def test_a_budget_ends_the_run_and_the_next_one_goes_on(
    mutate: Any, run_assay: RunAssay, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(monotonic=itertools.count().__next__)
    with monkeypatch.context() as patch:
        patch.setattr(answering, "time", clock)
        patch.setattr(mutating, "time", clock)
        patch.setattr(running, "time", clock)
        patch.setattr(running, "FIRST_CHUNK", 3)
        first = mutate("tax.py", "--budget", "22s")
        reached = [m for m in first.record["mutants"] if m["status"] != "Pending"]
        partial = first.record["partial"]
        assert first.code == 0
        assert partial["not_reached"] == len(first.record["mutants"]) - len(reached) > 0
        assert partial["estimate"]["low"] < partial["estimate"]["high"]
        # One of each function before a second of any.
        ran = [m["scope"] for m in reached if m["status"] != "NoCoverage"]
        assert len(set(ran)) == 3
        second = mutate("tax.py", "--budget", "22s")
    assert second.record["reused"] == len(ran)
    assert second.record["partial"]["not_reached"] < partial["not_reached"]
    told = run_assay("mutate", "tax.py", "--fresh", "--budget", "0.000001", project=project)
    assert told.code == 0
    assert told.out.startswith("PARTIAL: ")
    assert "not reached in --budget 1e-06s" in told.out
    nothing = run_assay("mutate", "tax.py:7", "--fresh", "--budget", "0.000001", project=project)
    assert nothing.code == 4


@pytest.mark.slow
def test_shards_join_to_the_answer_of_one_run(
    mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = mapped_project("closures_and_decorators")
    # Each run explains the first ten of its own survivors.
    plain = ("mutate", "hidden.py", "--no-explain")
    whole = run_assay(*plain, "--format", "json", project=project)
    (project / ".assay" / "verdicts.sqlite").unlink()
    reports = tmp_path / "records"
    for number in (2, 3, 1):
        done = run_assay(
            *plain,
            "--shard",
            f"{number}/3",
            "--reports",
            str(reports),
            project=project,
        )
        assert done.code == 0, done.err
        assert done.out.startswith(f"PARTIAL: shard {number}/3, ")
    records = sorted(map(str, reports.glob("*-of-3.json")))
    assert len(records) == 3
    joined = run_assay("merge", *records, "--format", "json", project=project)
    assert joined.code == whole.code == 0
    for mine, theirs in zip(joined.record["mutants"], whole.record["mutants"], strict=True):
        # How many tests it took depends on which of them were fast.
        timed = {name: theirs[name] for name in ("seconds", "tests_run")}
        assert {**mine, **timed} == theirs
    text = run_assay("merge", *records, project=project).out
    again = run_assay("mutate", "hidden.py", project=project).out
    assert again.startswith(text.splitlines()[0].rstrip("."))
    assert "PARTIAL" not in text
    missing = run_assay("merge", *records[:2], project=project)
    assert missing.code == 2
    assert missing.problem == "assay: shard 3/3 missing: give the records of all 3"


@pytest.mark.slow
def test_a_sample_says_what_it_is(mutate: Any, run_assay: RunAssay, project: Path) -> None:
    done = mutate("tax.py", "--sample", "4", "--seed", "3")
    assert (done.code, len(done.record["mutants"])) == (0, 4)
    assert {m["scope"] for m in done.record["mutants"]} == {"taxed", "rounded", "label", "nobody"}
    assert done.record["partial"]["mutants"] > 4
    assert statuses(mutate("tax.py", "--sample", "4", "--seed", "3")) == statuses(done)
    text = run_assay("mutate", "tax.py", "--sample", "4", "--seed", "3", project=project).out
    assert text.startswith("PARTIAL: 4 of ")
    assert "mutation score of all about" in text


def test_bad_amounts_are_told_in_one_line(run_assay: RunAssay, copy_project: CopyProject) -> None:
    project = copy_project("kept_verdicts")
    for option, value in (
        ("--shard", "0/4"),
        ("--shard", "5/4"),
        ("--budget", "soon"),
        ("--budget", "0"),
        ("--sample", "0"),
        ("--sample", "1.5"),
        ("--sample", "120%"),
    ):
        done = run_assay("mutate", "tax.py", option, value, project=project)
        assert done.code == 2
        assert value in done.problem


def test_files_that_are_no_records_are_told_in_one_line(
    run_assay: RunAssay, copy_project: CopyProject, tmp_path: Path
) -> None:
    project = copy_project("kept_verdicts")
    cases = {
        "text": ("no json", "is no JSON record"),
        "list": ("[]", "is no record of `assay mutate`"),
        "other": (json.dumps({"format": 1, "selected": []}), "is no record of `assay mutate`"),
        "impact": (
            json.dumps({"format": 1, "verb": "impact", "plan": None, "mutants": []}),
            "is a record of `assay impact`",
        ),
        "newer": (json.dumps({"format": 9, "plan": {}, "mutants": []}), "has format 9"),
        "half": (json.dumps({"format": 1, "plan": {}, "mutants": []}), "is a damaged record"),
    }
    for name, (content, words) in cases.items():
        path = tmp_path / f"{name}.json"
        write(path, content)
        done = run_assay("merge", str(path), project=project)
        assert done.code == 2
        assert words in done.problem
    gone = run_assay("merge", str(tmp_path / "gone.json"), project=project)
    assert (gone.code, "cannot read" in gone.problem) == (2, True)

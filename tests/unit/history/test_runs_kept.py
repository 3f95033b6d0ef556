"""Facts about the history: what is kept of a run, what two runs differ in, how long it lasts."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from gate_cases import KILLED, answer, finding, verdict, with_accepted

from assay.errors import ExitCode, StateError
from assay.history import store
from assay.history.compare import alike, difference, last_difference
from assay.history.lines import run_json, run_of
from assay.history.rows import Looked, run_of_answer, run_of_findings, scope_of
from assay.history.store import open_history
from assay.model.accepted import Standing
from assay.model.answer import Answer, Partial, PlanRecord
from assay.model.history import FileScore, Noted, Run, Stamp
from assay.model.mutant import Status
from assay.report.history_text import bars, history_text, trend_text

CLEAN = ExitCode.CLEAN

AT = Stamp(1_700_000_000, "ab" * 20, dirty=True)

SURVIVORS = tuple(verdict(Status.SURVIVED, name) for name in ("s1", "s2"))


def of_answer(of: Answer, stamp: Stamp = AT, sound: ExitCode = CLEAN) -> Run:
    return run_of_answer(of, (), CLEAN, sound, stamp)


def weak(*names: str, scope: str = "level 0, everything", at: int = 0, sound: bool = True) -> Run:
    found = tuple(finding(name=name) for name in names)
    code = CLEAN if sound else ExitCode.INCONCLUSIVE
    return run_of_findings(Looked(scope, 3, found, (), 1.5), code, Stamp(at))


# -- what is kept


def test_a_run_keeps_scores_by_file_survivors_and_findings() -> None:
    of = answer(KILLED, *SURVIVORS, verdict(Status.NO_COVERAGE, "n"), verdict(Status.TIMEOUT, "t"))
    run = run_of_answer(with_accepted(of, "s2"), (finding(),), ExitCode.GATE, CLEAN, AT)
    assert run.files == (FileScore("tax.py", 1, 2, 1),)
    assert (run.score, run.files[0].coverage, run.files[0].gap) == (0.25, 0.75, 0.5)
    assert [(one.id, one.kind, one.accepted) for one in run.noted] == [
        ("s1", "survivor", False),
        ("s2", "survivor", True),
        ("w1234567", "rotten-green", False),
    ]
    assert [one.id for one in run.open] == ["s1", "w1234567"]
    assert run.statuses == {"Killed": 1, "Survived": 2, "NoCoverage": 1, "Timeout": 1}
    assert (run.exit_code, run.is_sound) == (1, True)


def test_a_run_without_mutants_has_no_score() -> None:
    assert of_answer(replace(answer(), verdicts=())).score is None


def test_an_answer_that_is_not_conclusive_is_not_sound_whatever_the_gate_says() -> None:
    assert not of_answer(answer(), sound=ExitCode.INCONCLUSIVE).is_sound


def test_the_scope_of_a_change_leaves_out_how_much_changed() -> None:
    assert scope_of(replace(answer(), compared="tree against main: 3 files changed")) == (
        "tree against main"
    )


def test_the_scope_of_a_part_says_which() -> None:
    partial = Partial("5%", 90.0, 3, {})
    plan = PlanRecord("d", 9, 2, 8, "", "", ())
    of = replace(answer(), verb="mutate", compared="src", partial=partial, plan=plan)
    assert scope_of(of) == "src, sample 5% seed 3, budget 90 s, shard 2/8"


def test_a_run_comes_back_from_json_as_it_was() -> None:
    run = run_of_answer(answer(KILLED, *SURVIVORS), (finding(),), ExitCode.GATE, CLEAN, AT)
    assert run_of(run_json(run)) == run
    assert run_of(run_json(run)).statuses == run.statuses
    assert run_json(run)["at"] == "2023-11-14T22:13:20Z"


# -- what two runs differ in


def test_findings_are_new_gone_or_still_there_by_their_id() -> None:
    moved = replace(weak("w2"), noted=(replace(weak("w2").noted[0], line=99, sentence="other"),))
    before = replace(moved, noted=(*weak("w1").noted, *moved.noted))
    found = difference(before, weak("w2", "w3"))
    assert [one.id for one in found.new] == ["w3"]
    assert [one.id for one in found.gone] == ["w1"]
    assert [one.id for one in found.still] == ["w2"]


def test_what_was_accepted_in_between_is_gone() -> None:
    given = Standing({"w1": with_accepted(answer(), "w1").accepted.holding["w1"]}, {})
    looked = Looked("level 0, everything", 3, (finding(name="w1"),), (), 1.0, given)
    found = difference(weak("w1"), run_of_findings(looked, CLEAN, AT))
    assert ([one.id for one in found.gone], found.still) == (["w1"], ())


def test_only_runs_of_one_verb_and_scope_are_compared() -> None:
    runs = [weak("w1"), weak("w2", scope="level 3, everything"), of_answer(answer()), weak()]
    assert alike(runs, runs[-1]) == [runs[0], runs[3]]
    found = last_difference(runs)
    assert found is not None
    assert found.before == runs[0]
    assert last_difference(runs[:3]) is None
    assert last_difference([]) is None


# -- the file


def test_runs_are_kept_in_order(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    for number in range(3):
        with open_history(path) as history:
            history.add(weak(f"w{number}", at=number))
            assert history.notice == ""
    with open_history(path) as history:
        assert history.runs() == [weak(f"w{n}", at=n) for n in range(3)]


def test_texts_that_are_no_utf_8_are_kept(tmp_path: Path) -> None:
    odd = replace(weak(), noted=(Noted("w", "kind", "\udcff.py", "f", 1, "é"),))
    with open_history(tmp_path / "history.sqlite") as history:
        history.add(odd)
        assert history.runs() == [odd]


def test_the_oldest_runs_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEPT_RUNS", 3)
    with open_history(tmp_path / "history.sqlite") as history:
        for number in range(5):
            history.add(weak(at=number))
        assert [run.stamp.at for run in history.runs()] == [2, 3, 4]


def test_runs_go_when_they_are_too_large_but_never_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "KEPT_BYTES", 1)
    with open_history(tmp_path / "history.sqlite") as history:
        for number in range(3):
            history.add(weak(at=number))
        assert [run.stamp.at for run in history.runs()] == [2]


def write_version(path: Path) -> None:
    with open_history(path):
        pass
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def write_text(path: Path) -> None:
    path.write_bytes(b"no database, but long enough to be looked at as one" * 40)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(write_version, "has version 99 where this assay has 1"), (write_text, "is damaged")],
)
def test_a_file_that_is_no_history_is_set_aside(tmp_path: Path, spoil: object, words: str) -> None:
    path = tmp_path / "history.sqlite"
    assert callable(spoil)
    spoil(path)
    with open_history(path) as history:
        assert words in history.notice
        assert "set aside as history.sqlite.damaged-1" in history.notice
        assert history.runs() == []
        history.add(weak())
    assert (tmp_path / "history.sqlite.damaged-1").exists()
    with open_history(path) as history:
        assert (history.notice, len(history.runs())) == ("", 1)


def test_a_row_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    with open_history(path) as history:
        history.add(weak())
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE run SET body = x'00'")
    with open_history(path) as history, pytest.raises(StateError, match="is damaged: delete it"):
        history.runs()


# -- as text


def test_bars_stand_for_values_between_the_lowest_and_the_highest() -> None:
    assert bars([0, 7, 3.5]) == "▁█▅"
    assert bars([2, 2]) == "▄▄"


def test_the_trend_is_about_the_runs_like_the_newest() -> None:
    runs = [weak("w1", "w2"), weak("w9", scope="level 3, everything"), weak("w2", "w3", at=86_400)]
    lines = trend_text(runs, 10, everything=False).splitlines()
    assert lines[0] == "2 reports of assay weaknesses, level 0, everything."
    assert "open    ▄▄" in lines
    assert lines[-3:] == [
        "Since the report of 1970-01-01 (-): 1 new, 1 gone, 1 still there.",
        "  New: w3 rotten-green t.py:7 a: The assertion of a never runs.",
        "  Gone: w1 rotten-green t.py:7 a: The assertion of a never runs.",
    ]


def test_what_an_unsound_run_does_not_find_is_not_called_gone() -> None:
    text = trend_text([weak("w1"), weak(sound=False)], 10, everything=False)
    assert "1 not found again (this run is not conclusive)" in text
    assert "  Not found again: w1" in text
    assert "Gone" not in text


def test_the_table_of_all_runs_says_what_each_was_asked_for() -> None:
    of = replace(answer(KILLED), verb="mutate")
    long = "src/shop/accounting/tax_of_foreign_countries.py:10-20, --extreme"
    asked = [of_answer(replace(of, compared=words)) for words in ("src", long)]
    head, _, *rows = history_text([*asked, weak()], 9).splitlines()
    assert "asked for" in head
    assert "  mutate      src  " in rows[0]
    assert "  src/shop/accounti…y:10-20, --extreme  " in rows[1]
    assert "  level 0, everything  " in rows[2]
    assert [run_json(run)["scope"] for run in asked] == ["src", long]


def test_the_table_of_a_trend_leaves_out_what_its_head_says() -> None:
    assert "asked for" not in trend_text([weak(), weak()], 9, everything=False)


def test_a_long_list_of_new_findings_stops_after_ten() -> None:
    runs = [weak(), weak(*(f"w{n}" for n in range(12)))]
    assert "… and 2 more: --all shows them." in trend_text(runs, 10, everything=False)
    assert trend_text(runs, 10, everything=True).count("  New: ") == 12


def test_the_table_shows_the_last_runs_and_how_many_there_are() -> None:
    runs = [weak(at=day * 86_400) for day in range(5)]
    text = history_text(runs, 2)
    assert ("1970-01-05" in text, "1970-01-03" in text) == (True, False)
    assert text.splitlines()[-1] == "5 runs kept, the last 2 shown."
    assert history_text([], 2).startswith("No run is kept yet")
    assert trend_text([], 2, everything=False).startswith("No report is kept yet")

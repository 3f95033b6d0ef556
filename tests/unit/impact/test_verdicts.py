"""Facts about the store of verdicts: what is written is there, and it stays small and sound."""

from __future__ import annotations

import multiprocessing
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from assay.errors import StateError
from assay.impact import verdicts as module
from assay.impact.tokens import TestToken
from assay.impact.verdicts import KEPT_DAYS, VERSIONS_OF_ONE, key_of, open_verdicts
from assay.model.matrix import Cell, Pair
from assay.model.mutant import Measured, Status
from assay.model.reuse import PastKill, StoredVerdict

TOKENS = frozenset({b"12345678", b"abcdefgh"})
ONE = StoredVerdict(Status.SURVIVED, TOKENS, False, "", 2, 0.25, Measured(1000, "c0ffee"))
KILL = StoredVerdict(
    Status.KILLED, frozenset({b"12345678"}), True, "Größe: 'x'", 1, 0.5, Measured(2000, "")
)
KEY = key_of("aa11", "digest", "engine")


def test_what_is_written_is_read_newest_first(tmp_path: Path) -> None:
    with open_verdicts(tmp_path / "v.sqlite") as (store, notice):
        store.add(KEY, ONE)
        store.add(KEY, KILL)
        assert notice == ""
    with open_verdicts(tmp_path / "v.sqlite") as (store, notice):
        assert store.of(KEY) == [KILL, ONE]
        assert store.of(key_of("aa11", "digest", "other")) == []
        assert notice == ""


def test_a_verdict_is_safe_before_the_store_is_closed(tmp_path: Path) -> None:
    with (
        open_verdicts(tmp_path / "v.sqlite") as (store, _),
        open_verdicts(tmp_path / "v.sqlite") as (other, _),
    ):
        store.add(KEY, ONE)
        assert other.of(KEY) == [ONE]
        other.add(KEY, KILL)
        assert store.of(KEY) == [KILL, ONE]


def test_tests_and_files_whose_names_are_not_utf8_are_kept(tmp_path: Path) -> None:
    test = "caf\udce9.py::test_a"
    kill = PastKill("aa11", "caf\udce9.py", test, "caf\udce9.py")
    tokens = {test: (5, TestToken(b"12345678", False))}
    with open_verdicts(tmp_path / "v.sqlite") as (store, _):
        store.note_kill(kill)
        store.keep_tokens(tokens, gone=["no\udce9.py::a"])
        assert store.past_kills() == [kill]
        assert store.tokens() == tokens
        store.keep_tokens({}, gone=[test])
        assert store.tokens() == {}


def _write(path: Path, who: int) -> None:
    with open_verdicts(path) as (store, _):
        for number in range(20):
            store.add(key_of(str(who), str(number)), ONE)


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write, args=(path, who)) for who in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    with open_verdicts(path) as (store, _):
        assert all(store.of(key_of(str(w), str(n))) == [ONE] for w in range(3) for n in range(20))


def test_the_same_verdict_again_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    with open_verdicts(tmp_path / "v.sqlite") as (store, _):
        store.add(KEY, ONE)
        later = replace(ONE, measured=Measured(3000, "beef"))
        store.add(KEY, later)
        assert store.of(KEY) == [later]


def test_of_one_mutant_only_the_newest_verdicts_are_kept(tmp_path: Path) -> None:
    with open_verdicts(tmp_path / "v.sqlite") as (store, _):
        for number in range(VERSIONS_OF_ONE + 3):
            witness = frozenset({f"{number:08}".encode()})
            store.add(KEY, replace(ONE, witnesses=witness, measured=Measured(number, "")))
        found = [stored.measured.at for stored in store.of(KEY)]
        assert found == list(range(VERSIONS_OF_ONE + 2, 2, -1))


def test_a_verdict_can_be_forgotten(tmp_path: Path) -> None:
    with open_verdicts(tmp_path / "v.sqlite") as (store, _):
        store.add(KEY, ONE)
        store.add(key_of("bb22"), ONE)
        store.forget([KEY])
        assert (store.of(KEY), store.of(key_of("bb22"))) == ([], [ONE])


def test_what_was_not_asked_for_in_long_goes(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite"
    with open_verdicts(path, today=100) as (store, _):
        store.add(KEY, ONE)
        store.add(key_of("bb22"), KILL)
    with open_verdicts(path, today=101) as (store, _):
        store.saw([KEY])
    with open_verdicts(path, today=101 + KEPT_DAYS) as (store, _):
        store.prune()
        assert (store.of(KEY), store.of(key_of("bb22"))) == ([ONE], [])
    with open_verdicts(path, today=102 + KEPT_DAYS) as (store, _):
        store.prune()
        assert store.of(KEY) == []
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM proof").fetchone() == (0,)


def test_beyond_the_bound_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_ROWS", 2)
    with open_verdicts(tmp_path / "v.sqlite") as (store, _):
        for number in range(4):
            store.add(key_of(str(number)), replace(ONE, measured=Measured(number, "")))
        store.prune()
        assert [bool(store.of(key_of(str(number)))) for number in range(4)] == [
            False,
            False,
            True,
            True,
        ]


def test_tokens_are_kept_with_the_time_of_their_record(tmp_path: Path) -> None:
    with open_verdicts(tmp_path / "v.sqlite") as (store, _):
        a, b = (5, TestToken(b"12345678", False)), (6, TestToken(b"abcdefgh", True))
        store.keep_tokens({"t.py::a": a, "t.py::b": b}, [])
        assert store.tokens() == {"t.py::a": a, "t.py::b": b}
        store.keep_tokens({"t.py::b": a}, ["t.py::a"])
        assert store.tokens() == {"t.py::b": a}


def test_keys_tell_parts_apart_that_join_to_the_same_text() -> None:
    assert key_of("ab", "c") != key_of("a", "bc")


@pytest.mark.parametrize("content", [b"no database, not by far", b"SQLite format 3\0" + b"x" * 200])
def test_a_damaged_file_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "v.sqlite"
    path.write_bytes(content)
    with open_verdicts(path) as (store, notice):
        assert "is damaged" in notice
        store.add(KEY, ONE)
    assert (tmp_path / "v.sqlite.damaged-1").read_bytes() == content


def test_a_file_of_another_version_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite"
    with open_verdicts(path) as (store, _):
        store.add(KEY, ONE)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with open_verdicts(path) as (store, notice):
        assert "has version 99" in notice
        assert store.of(KEY) == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite"
    path.mkdir()
    with pytest.raises(StateError, match="cannot be used"), open_verdicts(path):
        raise AssertionError("a directory was opened")


# Pairs of a mutant and a test; who killed what


def test_a_pair_is_found_by_its_mutant_and_the_token_of_its_test(tmp_path: Path) -> None:
    with open_verdicts(tmp_path / "verdicts.sqlite") as (store, _):
        store.add_pair(b"key", b"token", Pair(Cell.CRASH, "TypeError"))
        store.add_pair(b"key", b"other", Pair(Cell.PASSED, alone=True))
    with open_verdicts(tmp_path / "verdicts.sqlite") as (store, _):
        assert store.pairs_of(b"key") == {
            b"token": Pair(Cell.CRASH, "TypeError"),
            b"other": Pair(Cell.PASSED, alone=True),
        }
        store.forget_pairs([(b"key", b"token")])
        assert set(store.pairs_of(b"key")) == {b"other"}
        assert store.pairs_of(b"another") == {}


def test_a_mutant_has_one_last_killer(tmp_path: Path) -> None:
    first = PastKill("m", "tax.py", "test_tax.py::test_a", "test_tax.py")
    second = PastKill("m", "tax.py", "test_tax.py::test_b", "test_tax.py")
    with open_verdicts(tmp_path / "verdicts.sqlite") as (store, _):
        store.note_kill(first)
        store.note_kill(second)
        assert store.past_kills() == [second]
        store.forget_kill("m")
        assert store.past_kills() == []


def test_pairs_and_killers_that_nobody_asks_for_go(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.sqlite"
    with open_verdicts(path, today=1000) as (store, _):
        store.add_pair(b"key", b"token", Pair(Cell.PASSED))
        store.note_kill(PastKill("m", "tax.py", "t", "test_tax.py"))
    with open_verdicts(path, today=1000 + KEPT_DAYS + 1) as (store, _):
        store.prune()
        assert store.pairs_of(b"key") == {}
        assert store.past_kills() == []

"""Facts about the stored map: what goes in comes out, and nothing damaged is ever trusted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import pytest

from assay.errors import StateError
from assay.impact import store as module
from assay.impact.record import Recorded
from assay.impact.store import SCHEMA_VERSION, lines_by_path, merged, open_store, read_map
from assay.model.impact import EMPTY_MAP, ImpactMap, LineSet, Node, TestRecord, UnitRef
from assay.model.run import TestOutcome

HERE = ("Python=3.11.7", "pytest=9.0")
PASSED = TestRecord(TestOutcome.PASSED, 0.25)

RATE = UnitRef("tax.py", "rate", "d1")
DUE = UnitRef("tax.py", "due", "d2")

FULL = Node(
    key="test:t.py::a",
    units=frozenset({RATE, DUE}),
    lines={"tax.py": LineSet("sha", 1 << 400 | 2), "t.py": LineSet("other", 0)},
    files={"rates.json": "sha", "gone.json": ""},
    dirs={"": "names", "data": "more"},
    names=frozenset({"rates", "shop.tax"}),
    uses=frozenset({"module:t.py", "fixture:::db"}),
    opaque=frozenset({"started a subprocess"}),
)


def recorded(*nodes: Node, outcome: TestOutcome = TestOutcome.PASSED) -> Recorded:
    tests = {
        node.key.removeprefix("test:"): TestRecord(outcome, 0.25)
        for node in nodes
        if node.key.startswith("test:")
    }
    return Recorded({node.key: node for node in nodes}, tests)


def save(
    path: Path,
    run: Recorded,
    fingerprint: tuple[str, ...] = HERE,
    gone: Iterable[str] = (),
) -> ImpactMap:
    opened = open_store(path)
    with opened.store as store:
        store.save(run, fingerprint, gone)
        return store.load()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "map.sqlite"


# Round trip


def test_what_is_saved_is_loaded(path: Path) -> None:
    save(path, recorded(FULL))
    found, notice = read_map(path)
    assert found == ImpactMap({FULL.key: FULL}, {"t.py::a": PASSED}, HERE)
    assert found.nodes[FULL.key].lines == FULL.lines
    assert found.nodes[FULL.key].files == FULL.files
    assert found.nodes[FULL.key].dirs == FULL.dirs
    assert notice == ""


@pytest.mark.parametrize("outcome", TestOutcome)
def test_every_outcome_is_kept(path: Path, outcome: TestOutcome) -> None:
    found = save(path, recorded(Node("test:t"), outcome=outcome))
    assert found.tests == {"t": TestRecord(outcome, 0.25)}


def test_nodes_of_modules_and_fixtures_are_no_tests(path: Path) -> None:
    found = save(path, recorded(Node("module:m.py"), Node("fixture:::f"), Node("session:")))
    assert set(found.nodes) == {"module:m.py", "fixture:::f", "session:"}
    assert found.tests == {}


def test_a_new_store_is_an_empty_map(path: Path) -> None:
    opened = open_store(path)
    with opened.store as store:
        assert store.load() == EMPTY_MAP
    assert opened.notice == ""


def test_a_second_run_adds_to_the_first(path: Path) -> None:
    save(path, recorded(Node("test:a")))
    assert set(save(path, recorded(Node("test:b"))).nodes) == {"test:a", "test:b"}


def test_the_same_content_is_stored_once(path: Path) -> None:
    nodes = [Node(f"test:{n}", FULL.units, FULL.lines) for n in range(20)]
    save(path, recorded(*nodes))
    with sqlite3.connect(path) as db:
        counts = {
            table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("unit", "unitset", "lineset")
        }
    db.close()
    assert counts == {"unit": 2, "unitset": 1, "lineset": 2}


# Tests are replaced, shared nodes are merged


def test_a_test_that_ran_again_is_replaced(path: Path) -> None:
    save(path, recorded(FULL))
    found = save(path, recorded(Node(FULL.key, frozenset({RATE}))))
    assert found.nodes[FULL.key] == Node(FULL.key, frozenset({RATE}))
    assert found.nodes[FULL.key].files == {}


def test_a_fixture_keeps_what_an_earlier_run_saw_of_it(path: Path) -> None:
    save(path, recorded(Node("fixture:::f", frozenset({RATE}), uses=frozenset({"module:a.py"}))))
    found = save(path, recorded(Node("fixture:::f", frozenset({DUE}), names=frozenset({"n"}))))
    assert found.nodes["fixture:::f"] == Node(
        "fixture:::f",
        frozenset({RATE, DUE}),
        names=frozenset({"n"}),
        uses=frozenset({"module:a.py"}),
    )


def test_merging_takes_the_newer_digest_of_a_unit() -> None:
    newer = UnitRef("tax.py", "rate", "d9")
    found = merged(Node("module:m", frozenset({RATE, DUE})), Node("module:m", frozenset({newer})))
    assert found.units == {newer, DUE}


def test_merging_joins_lines_of_the_same_content() -> None:
    old = Node("module:m", lines={"a.py": LineSet("s", 1), "b.py": LineSet("s", 4)})
    new = Node("module:m", lines={"a.py": LineSet("s", 2)})
    assert merged(old, new).lines == {"a.py": LineSet("s", 3), "b.py": LineSet("s", 4)}


def test_merging_drops_lines_of_older_content() -> None:
    old = Node("module:m", lines={"a.py": LineSet("old", 1)})
    new = Node("module:m", lines={"a.py": LineSet("new", 2)})
    assert merged(old, new).lines == {"a.py": LineSet("new", 2)}


def test_merging_takes_the_newer_digest_of_a_file_and_keeps_other_files() -> None:
    old = Node("module:m", files={"a": "1", "b": "1"}, dirs={"d": "1"})
    new = Node("module:m", files={"a": "2"}, dirs={"d": "2"})
    assert merged(old, new).files == {"a": "2", "b": "1"}
    assert merged(old, new).dirs == {"d": "2"}


# Forgetting


def test_a_gone_test_is_forgotten_and_the_others_stay(path: Path) -> None:
    save(path, recorded(Node("test:a", files={"f": "1"}), Node("test:b")))
    found = save(path, recorded(), gone=["a", "never known"])
    assert set(found.nodes) == {"test:b"}
    assert set(found.tests) == {"b"}


def test_another_environment_empties_the_map_first(path: Path) -> None:
    save(path, recorded(FULL, Node("fixture:::f", frozenset({RATE}))))
    there = ("Python=3.12.0", "pytest=9.0")
    found = save(path, recorded(Node("fixture:::f", frozenset({DUE}))), there)
    assert found == ImpactMap({"fixture:::f": Node("fixture:::f", frozenset({DUE}))}, {}, there)


def test_the_same_environment_empties_nothing(path: Path) -> None:
    save(path, recorded(FULL))
    assert FULL.key in save(path, recorded(Node("test:b")), HERE).nodes


# Damage


def aside(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir() if ".damaged-" in p.name)


def other_program(path: Path, statement: str) -> None:
    db = sqlite3.connect(path)
    db.execute(statement)
    db.commit()
    db.close()


def damage(path: Path, how: str) -> None:
    if how == "garbage":
        path.write_bytes(b"not a database at all, and long enough to be read as one " * 40)
    elif how == "truncated":
        save(path, recorded(*(Node(f"test:{n}", files={f"f{n}": "x" * 90}) for n in range(400))))
        path.write_bytes(path.read_bytes()[:9000])
    elif how == "another program's":
        other_program(path, "CREATE TABLE customers (name TEXT)")
    elif how == "another program's meta":
        other_program(path, "CREATE TABLE meta (version INTEGER)")
    elif how == "newer schema":
        save(path, recorded(FULL))
        other_program(path, f"UPDATE meta SET value = '{SCHEMA_VERSION + 1}' WHERE key = 'schema'")
    else:
        raise AssertionError(how)


DAMAGES = ["garbage", "truncated", "another program's", "another program's meta", "newer schema"]


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_store_is_set_aside_and_this_is_said(path: Path, how: str) -> None:
    damage(path, how)
    before = path.read_bytes()
    opened = open_store(path)
    with opened.store as store:
        assert store.load() == EMPTY_MAP
    assert aside(path) == ["map.sqlite.damaged-1"]
    assert path.with_name("map.sqlite.damaged-1").read_bytes() == before
    assert "set aside as map.sqlite.damaged-1" in opened.notice


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_store_is_read_as_an_empty_map_and_left_where_it_is(path: Path, how: str) -> None:
    damage(path, how)
    before = path.read_bytes()
    found, notice = read_map(path)
    assert found == EMPTY_MAP
    assert notice.startswith("the impact map ")
    assert notice.endswith(": it is not used")
    assert path.read_bytes() == before
    assert aside(path) == []


def test_a_second_damaged_store_does_not_replace_the_first(path: Path) -> None:
    for _ in range(2):
        damage(path, "garbage")
        open_store(path).store.close()
    assert aside(path) == ["map.sqlite.damaged-1", "map.sqlite.damaged-2"]


def test_a_sound_store_is_not_set_aside(path: Path) -> None:
    save(path, recorded(FULL))
    opened = open_store(path)
    opened.store.close()
    assert (aside(path), opened.notice) == ([], "")


def test_a_newer_schema_is_named(path: Path) -> None:
    damage(path, "newer schema")
    _, notice = read_map(path)
    assert f"has schema {SCHEMA_VERSION + 1} where this assay has {SCHEMA_VERSION}" in notice


def test_a_store_that_was_never_finished_being_made_is_an_empty_map(path: Path) -> None:
    path.touch()
    assert read_map(path)[0] == EMPTY_MAP


def test_a_store_that_was_never_finished_being_made_can_be_saved_to(path: Path) -> None:
    path.touch()
    assert FULL.key in save(path, recorded(FULL)).nodes


# Reading writes nothing


def listing(directory: Path) -> dict[str, tuple[int, bytes]]:
    return {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in directory.iterdir()}


def test_reading_leaves_the_file_and_its_directory_as_they_were(path: Path) -> None:
    save(path, recorded(FULL))
    before = listing(path.parent)
    assert FULL.key in read_map(path)[0].nodes
    assert listing(path.parent) == before


def test_reading_where_there_is_no_store_makes_none(path: Path) -> None:
    assert read_map(path) == (EMPTY_MAP, "")
    assert list(path.parent.iterdir()) == []


def test_reading_while_a_writer_has_the_store_open_gives_what_was_committed(path: Path) -> None:
    opened = open_store(path)
    with opened.store as store:
        store.save(recorded(FULL), HERE, ())
        assert FULL.key in read_map(path)[0].nodes


# Two writers


def test_a_second_writer_is_told_that_the_store_is_in_use(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(path, recorded(FULL))
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    holder = sqlite3.connect(path, isolation_level=None)
    opened = open_store(path)
    try:
        holder.execute("BEGIN IMMEDIATE")
        with opened.store as store, pytest.raises(StateError, match="locked"):
            store.save(recorded(Node("test:b")), HERE, ())
    finally:
        holder.close()
    assert set(read_map(path)[0].nodes) == {FULL.key}


def test_two_writers_one_after_the_other_lose_nothing_of_a_shared_node(path: Path) -> None:
    first, second = open_store(path).store, open_store(path).store
    with first, second:
        first.save(recorded(Node("fixture:::f", frozenset({RATE}))), HERE, ())
        second.save(recorded(Node("fixture:::f", frozenset({DUE}))), HERE, ())
    assert read_map(path)[0].nodes["fixture:::f"].units == {RATE, DUE}


def test_a_save_that_fails_midway_changes_nothing(path: Path) -> None:
    save(path, recorded(FULL))
    bad = Node("test:z", lines={"a.py": LineSet("s", -1)})
    opened = open_store(path)
    with opened.store as store:
        with pytest.raises(OverflowError):
            store.save(recorded(Node("test:b"), bad), HERE, [FULL.key.removeprefix("test:")])
        assert set(store.load().nodes) == {FULL.key}


def test_a_state_directory_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="check its permissions"):
        open_store(tmp_path / "missing" / "map.sqlite")


# Lines of one file


def test_lines_of_a_file_are_told_by_node_for_one_content_only() -> None:
    nodes = {
        "test:a": Node("test:a", lines={"a.py": LineSet("now", 2)}),
        "test:b": Node("test:b", lines={"a.py": LineSet("then", 4)}),
        "test:c": Node("test:c", lines={"b.py": LineSet("now", 8)}),
    }
    assert lines_by_path(nodes, "a.py", "now") == {"test:a": 2}

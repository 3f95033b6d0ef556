"""Facts about the stored map: what goes in comes out, and nothing damaged is ever trusted."""

from __future__ import annotations

import contextlib
import hashlib
import signal
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from assay.errors import StateError
from assay.impact import database
from assay.impact.database import SCHEMA_VERSION
from assay.impact.record import Recorded
from assay.impact.store import Store, open_store, read_map, reading
from assay.model.impact import (
    EMPTY_MAP,
    ImpactMap,
    LineSet,
    Node,
    Source,
    TestRecord,
)
from assay.model.run import TestOutcome

HERE = ("Python=3.11.7", "pytest=9.0")
PASSED = TestRecord(TestOutcome.PASSED, 0.25, "t.py", 3)

OLD, NEW = "a" * 64, "b" * 64

FULL = Node(
    key="test:t.py::a",
    lines={"tax.py": LineSet(OLD, 1 << 400 | 2), "t.py": LineSet(NEW, 0)},
    files={"rates.json": "sha", "gone.json": ""},
    dirs={"": "names", "data": "more"},
    exists={"local.cfg": "", "data": "directory", "a.txt": "file"},
    env={"HOME": "digest", "NONE": ""},
    names=frozenset({"rates", "shop.tax"}),
    uses=frozenset({"module:t.py", "module:tax.py", "fixture:::db", "memo:tax.py::table"}),
    opaque=frozenset({"started a subprocess"}),
    flags=frozenset({"positions"}),
)


def recorded(
    *nodes: Node,
    outcome: TestOutcome = TestOutcome.PASSED,
    texts: Mapping[Source, str] | None = None,
    files: Iterable[str] = (),
) -> Recorded:
    tests = {
        node.key.removeprefix("test:"): replace(PASSED, outcome=outcome)
        for node in nodes
        if node.key.startswith("test:")
    }
    return Recorded({node.key: node for node in nodes}, tests, frozenset(files), texts or {})


def save(
    path: Path,
    run: Recorded,
    fingerprint: tuple[str, ...] = HERE,
    gone: Iterable[str] = (),
    owed: Iterable[str] = (),
    meta: Mapping[str, str] | None = None,
    renewed: Iterable[str] = (),
) -> ImpactMap:
    opened = open_store(path)
    with opened.store as store:
        store.save(run, fingerprint, gone, owed, meta, renewed)
        return store.load()


def ran(key: str, *lines: int, path: str = "tax.py", sha: str = OLD) -> Node:
    return Node(key, {path: LineSet(sha, sum(1 << line for line in lines))})


BUT_TIMES = {
    "fact": "WHERE kind != 'saved'",
    "node_fact": "WHERE fact IN (SELECT id FROM fact WHERE kind != 'saved')",
}
"""When a node was written is a fact too."""


def rows(path: Path, table: str) -> int:
    db = sqlite3.connect(path)
    found = int(
        db.execute(f"SELECT count(*) FROM {table} {BUT_TIMES.get(table, '')}").fetchone()[0]
    )
    db.close()
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "map.sqlite"


# Round trip


def test_what_is_saved_is_loaded(path: Path) -> None:
    save(path, recorded(FULL))
    found, notice = read_map(path)
    assert found == ImpactMap({FULL.key: FULL}, {"t.py::a": PASSED}, HERE)
    assert notice == ""


@pytest.mark.parametrize(
    "name",
    ["lines", "files", "dirs", "exists", "env", "names", "uses", "opaque", "flags"],
)
def test_every_field_of_a_node_is_kept(path: Path, name: str) -> None:
    found = save(path, recorded(FULL)).nodes[FULL.key]
    assert getattr(FULL, name)
    assert getattr(found, name) == getattr(FULL, name)


def test_the_files_of_the_project_are_kept(path: Path) -> None:
    assert save(path, recorded(FULL, files=["b.py", "a.py"])).files == {"a.py", "b.py"}


@pytest.mark.parametrize("name", ["caf\udce9", "\ud800", "\x10", "\x10dce9", "\x10\udce9é", "日本"])
def test_names_that_are_not_utf8_are_kept_as_they_are(path: Path, name: str) -> None:
    node = Node(
        key=f"test:{name}.py::a",
        lines={f"{name}.py": LineSet(OLD, 2)},
        files={f"{name}.txt": "sha"},
        dirs={name: "names"},
        names=frozenset({name}),
        uses=frozenset({f"module:{name}.py", f"fixture:{name}.py::f"}),
    )
    records = {f"{name}.py::a": replace(PASSED, path=f"{name}.py")}
    texts = {(f"{name}.py", OLD): "X = 1\n"}
    run = recorded(node, texts=texts, files=["a.py", f"{name}.py"])
    save(path, replace(run, tests=records))
    with reading(path) as (store, notice):
        assert notice == ""
        assert store.load() == ImpactMap(
            {node.key: node}, records, HERE, frozenset({"a.py", f"{name}.py"})
        )
        assert store.texts([(f"{name}.py", OLD)]) == texts
        assert len(store.blocks([f"{name}.py"])) == 1
        assert store.rows_of([node.key]) == store.users(f"module:{name}.py") != set()
        assert store.standing({TestOutcome.PASSED}) == [(f"{name}.py::a", f"{name}.py", True)]
        assert store.tests([f"{name}.py::a"]) == records


def test_a_name_written_before_names_were_escaped_reads_as_it_was(path: Path) -> None:
    save(path, recorded(Node("test:t.py::a"), files=["a.py"]))
    with contextlib.closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE meta SET value = 'b\x10.py' WHERE key = 'files'")
        raw.commit()
    assert read_map(path)[0].files == {"b\x10.py"}


def test_each_file_of_a_nodes_lines_implies_that_it_uses_the_module(path: Path) -> None:
    found = save(path, recorded(ran("test:a", 3)))
    assert found.nodes["test:a"].uses == {"module:tax.py"}
    assert rows(path, "fact") == 0


def test_a_module_does_not_use_itself(path: Path) -> None:
    assert save(path, recorded(ran("module:tax.py", 1))).nodes["module:tax.py"].uses == frozenset()


@pytest.mark.parametrize("outcome", TestOutcome)
def test_every_outcome_is_kept(path: Path, outcome: TestOutcome) -> None:
    found = save(path, recorded(Node("test:t"), outcome=outcome))
    assert found.tests == {"t": replace(PASSED, outcome=outcome)}


def test_nodes_of_modules_and_fixtures_are_no_tests(path: Path) -> None:
    found = save(path, recorded(Node("module:m.py"), Node("fixture:::f"), Node("session:")))
    assert set(found.nodes) == {"module:m.py", "fixture:::f", "session:"}
    assert found.tests == {}


def test_where_tests_stand_and_how_they_ended_can_be_asked_alone(path: Path) -> None:
    records = {
        "b.py::b": TestRecord(TestOutcome.FAILED, 0.1, "b.py", 1),
        "a.py::a": TestRecord(TestOutcome.PASSED, 0.1, "a.py", 2),
    }
    run = recorded(Node("test:b.py::b"), Node("test:a.py::a"), Node("fixture::f"))
    save(path, replace(run, tests=records))
    with reading(path) as (store, _):
        found = store.standing({TestOutcome.PASSED, TestOutcome.SKIPPED})
        assert sorted(found) == [("a.py::a", "a.py", True), ("b.py::b", "b.py", False)]
        assert store.test_files() == {"a.py", "b.py"}
        assert store.tests(["a.py::a", "no.py::no"]) == {"a.py::a": records["a.py::a"]}


def test_a_new_store_is_an_empty_map(path: Path) -> None:
    opened = open_store(path)
    with opened.store as store:
        assert store.load() == EMPTY_MAP
        assert store.is_empty()
    assert opened.notice == ""


def test_a_store_with_a_node_is_not_empty(path: Path) -> None:
    save(path, recorded(Node("session:")))
    with reading(path) as (store, _):
        assert not store.is_empty()


def test_a_second_run_adds_to_the_first(path: Path) -> None:
    save(path, recorded(Node("test:a")))
    assert set(save(path, recorded(Node("test:b"))).nodes) == {"test:a", "test:b"}


def test_what_several_nodes_share_is_stored_once(path: Path) -> None:
    save(path, recorded(*(replace(FULL, key=f"test:{n}") for n in range(20))))
    counts = {table: rows(path, table) for table in ("file", "block", "node")}
    assert counts == {"file": 2, "block": 2, "node": 20}
    facts = sum(
        len(getattr(FULL, name)) for name in ("files", "dirs", "exists", "env", "names", "opaque")
    )
    assert rows(path, "fact") == facts + 1 + 2  # one flag, and two uses that no lines imply


def test_nodes_that_ran_a_file_at_two_contents_keep_each_its_own(path: Path) -> None:
    save(path, recorded(ran("test:a", 3)))
    found = save(path, recorded(ran("test:b", 4, sha=NEW)))
    assert found.nodes["test:a"].lines == {"tax.py": LineSet(OLD, 1 << 3)}
    assert found.nodes["test:b"].lines == {"tax.py": LineSet(NEW, 1 << 4)}
    with reading(path) as (store, _):
        assert sorted(store.sources()) == [("tax.py", OLD), ("tax.py", NEW)]


# Texts


def test_the_texts_of_recorded_files_are_kept_by_content(path: Path) -> None:
    texts = {("tax.py", OLD): "old = 1\n", ("tax.py", NEW): "neü = 2\r\n"}
    save(path, recorded(ran("test:a", 1), ran("test:b", 1, sha=NEW), texts=texts))
    with reading(path) as (store, _):
        assert store.texts() == texts
        assert store.texts([("tax.py", NEW), ("other.py", OLD)]) == {("tax.py", NEW): "neü = 2\r\n"}
        assert store.texts([]) == {}


def test_a_file_without_a_text_is_a_source_all_the_same(path: Path) -> None:
    save(path, recorded(ran("test:a", 1)))
    with reading(path) as (store, _):
        assert (store.sources(), store.texts()) == ([("tax.py", OLD)], {})


def test_texts_outlive_a_run_that_does_not_bring_them_again(path: Path) -> None:
    save(path, recorded(ran("test:a", 1), texts={("tax.py", OLD): "x = 1\n"}))
    save(path, recorded(ran("test:b", 1)))
    with reading(path) as (store, _):
        assert store.texts() == {("tax.py", OLD): "x = 1\n"}


# Questions


def test_a_part_of_the_map_is_those_nodes_without_records(path: Path) -> None:
    save(path, recorded(FULL, Node("test:b")))
    with reading(path) as (store, _):
        part = store.part(store.rows_of([FULL.key, "test:unknown"]))
    assert (part.nodes, part.tests) == ({FULL.key: FULL}, {})


def test_a_part_of_more_nodes_than_sqlite_takes_variables(path: Path) -> None:
    save(path, recorded(*(Node(f"test:{n}") for n in range(1200))))
    with reading(path) as (store, _):
        assert len(store.part(range(1, 40_000)).nodes) == 1200


def test_blocks_are_those_of_the_files_at_all_contents(path: Path) -> None:
    save(path, recorded(ran("test:a", 3), ran("test:b", 3), ran("test:c", 4, sha=NEW)))
    save(path, recorded(ran("test:d", 5, path="other.py")))
    with reading(path) as (store, _):
        found = store.blocks(["tax.py", "unknown.py"])
    sources = {(block.source, block.mask) for block in found}
    assert sources == {(("tax.py", OLD), 1 << 3), (("tax.py", NEW), 1 << 4)}
    assert len(found) == 2


def keys_by(store: Store, pairs: Iterable[tuple[int, int]]) -> set[str]:
    return set(store.keys(node for node, _ in pairs).values())


def test_nodes_are_found_by_their_blocks(path: Path) -> None:
    save(path, recorded(ran("test:a", 3), ran("test:b", 3), ran("test:c", 4)))
    with reading(path) as (store, _):
        (wanted,) = (b.id for b in store.blocks(["tax.py"]) if b.mask == 1 << 3)
        assert keys_by(store, store.nodes_by_block([wanted])) == {"test:a", "test:b"}
        assert store.nodes_by_block([]) == []


def test_nodes_are_found_by_their_facts(path: Path) -> None:
    one, other = Node("test:a", env={"X": "1"}), Node("test:b", env={"X": "2"})
    save(path, recorded(one, other, Node("test:c", files={"X": "1"})))
    with reading(path) as (store, _):
        facts = store.facts("env")
        assert {(f.kind, f.name, f.value) for f in facts} == {("env", "X", "1"), ("env", "X", "2")}
        (wanted,) = (fact.id for fact in facts if fact.value == "1")
        assert keys_by(store, store.nodes_by_fact([wanted])) == {"test:a"}


def test_facts_of_several_kinds_are_asked_for_at_once(path: Path) -> None:
    save(path, recorded(FULL))
    with reading(path) as (store, _):
        assert {fact.kind for fact in store.facts("env", "flag")} == {"env", "flag"}
        kinds = {"file", "dir", "exists", "env", "name", "use", "opaque", "flag"}
        assert {fact.kind for fact in store.facts(*kinds)} == kinds


# Who depends on a node


def closure(path: Path, *keys: str) -> set[str]:
    with reading(path) as (store, _):
        return set(store.keys(store.closure(store.rows_of(keys))).values())


def uses(key: str, *others: str) -> Node:
    return Node(key, uses=frozenset(others))


def test_the_closure_follows_uses_through_other_nodes(path: Path) -> None:
    nodes = [
        uses("test:a", "fixture:::db"),
        uses("fixture:::db", "module:db.py"),
        uses("module:db.py"),
        uses("test:b", "module:other.py"),
        uses("module:other.py"),
    ]
    save(path, recorded(*nodes))
    assert closure(path, "module:db.py") == {"test:a", "fixture:::db", "module:db.py"}


def test_whoever_ran_lines_of_a_file_depends_on_its_module(path: Path) -> None:
    save(path, recorded(ran("test:a", 3), ran("test:b", 3, path="b.py"), Node("module:tax.py")))
    assert closure(path, "module:tax.py") == {"test:a", "module:tax.py"}


def test_who_depends_on_a_module_is_known_though_it_has_no_node(path: Path) -> None:
    save(path, recorded(ran("test:a", 3), uses("test:b", "module:tax.py"), Node("test:c")))
    assert closure(path, "module:tax.py") == set()
    with reading(path) as (store, _):
        users = store.keys(store.users("module:tax.py"))
        assert set(users.values()) == {"test:a", "test:b"}
        assert store.users("module:unknown.py") == set()


def test_lines_of_any_content_imply_the_module(path: Path) -> None:
    save(path, recorded(ran("test:a", 3, sha=NEW), ran("module:tax.py", 1)))
    assert closure(path, "module:tax.py") == {"test:a", "module:tax.py"}


def test_a_test_that_found_a_value_ready_depends_on_its_maker(path: Path) -> None:
    nodes = [uses("test:a", "memo:x"), uses("memo:x", "test:b"), uses("test:b"), uses("test:c")]
    save(path, recorded(*nodes))
    assert closure(path, "test:b") == {"test:a", "memo:x", "test:b"}


def test_nodes_that_use_each_other_end_the_closure(path: Path) -> None:
    save(path, recorded(uses("module:a", "module:b"), uses("module:b", "module:a")))
    assert closure(path, "module:a") == {"module:a", "module:b"}


def test_the_closure_of_nothing_is_nothing(path: Path) -> None:
    save(path, recorded(FULL))
    assert closure(path, "test:unknown") == set()


# Tests are replaced, shared nodes are merged


def test_a_test_that_ran_again_is_replaced(path: Path) -> None:
    save(path, recorded(FULL))
    assert save(path, recorded(Node(FULL.key))).nodes == {FULL.key: Node(FULL.key)}


def test_a_fixture_keeps_what_an_earlier_run_saw_of_it(path: Path) -> None:
    save(path, recorded(replace(ran("fixture:::f", 3), uses=frozenset({"module:a.py"}))))
    found = save(path, recorded(replace(ran("fixture:::f", 4), names=frozenset({"n"}))))
    assert found.nodes["fixture:::f"] == replace(
        ran("fixture:::f", 3, 4),
        names=frozenset({"n"}),
        uses=frozenset({"module:a.py", "module:tax.py"}),
    )


BEFORE = """\
def rate():
    return 1

def due():
    return 2
"""
AFTER = "# moved\n\n" + BEFORE.replace("return 2", "return 3")


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_what_a_fixture_ran_earlier_moves_to_the_content_that_it_ran_now(path: Path) -> None:
    texts = {("tax.py", sha(BEFORE)): BEFORE}
    save(path, recorded(ran("fixture:::f", 2, 5, sha=sha(BEFORE)), texts=texts))
    later = {("tax.py", sha(AFTER)): AFTER}
    found = save(path, recorded(ran("fixture:::f", 7, sha=sha(AFTER)), texts=later))
    assert found.nodes["fixture:::f"].lines == {"tax.py": LineSet(sha(AFTER), 1 << 4 | 1 << 7)}


def test_a_node_of_which_every_user_ran_again_is_replaced(path: Path) -> None:
    save(path, recorded(replace(FULL, key="fixture:::f")))
    found = save(path, recorded(Node("fixture:::f")), renewed=["fixture:::f"])
    assert found.nodes == {"fixture:::f": Node("fixture:::f")}


def test_a_user_of_a_replaced_node_that_did_not_run_is_owed(path: Path) -> None:
    # Another process may have recorded it since the tests to run were chosen.
    tests = [uses(f"test:{name}", "fixture:::f") for name in ("a", "b")]
    save(path, recorded(ran("fixture:::f", 3), *tests, Node("test:c")))
    found = save(path, recorded(ran("fixture:::f", 4), tests[0]), renewed=["fixture:::f"])
    assert {test: record.outcome for test, record in found.tests.items()} == {
        "a": TestOutcome.PASSED,
        "b": TestOutcome.NOT_RUN,
        "c": TestOutcome.PASSED,
    }


def test_a_node_that_all_its_users_have_left_is_forgotten(path: Path) -> None:
    save(path, recorded(Node("module:gone.py"), Node("module:kept.py")))
    found = save(path, recorded(Node("test:a")), renewed=["module:gone.py", "module:unknown.py"])
    assert set(found.nodes) == {"module:kept.py", "test:a"}


# Forgetting


def test_a_gone_test_is_forgotten_and_the_others_stay(path: Path) -> None:
    save(path, recorded(Node("test:a", files={"f": "1"}), Node("test:b")))
    found = save(path, recorded(), gone=["a", "never known"])
    assert set(found.nodes) == {"test:b"}
    assert set(found.tests) == {"b"}


def test_what_only_a_gone_test_had_is_pruned_and_what_others_have_too_stays(path: Path) -> None:
    shared = {"tax.py": LineSet(OLD, 2)}
    one = Node("test:a", {**shared, "own.py": LineSet(OLD, 2)}, files={"f": "1", "g": "1"})
    save(path, recorded(one, Node("test:b", shared, files={"g": "1"})))
    save(path, recorded(), gone=["a"])
    counts = {t: rows(path, t) for t in ("file", "block", "fact", "node_block", "node_fact")}
    assert counts == {"file": 1, "block": 1, "fact": 1, "node_block": 1, "node_fact": 1}
    with reading(path) as (store, _):
        assert store.sources() == [("tax.py", OLD)]


def test_the_content_that_a_test_ran_before_is_pruned_when_it_runs_another(path: Path) -> None:
    save(path, recorded(ran("test:a", 3)))
    save(path, recorded(ran("test:a", 3, sha=NEW)))
    with reading(path) as (store, _):
        assert store.sources() == [("tax.py", NEW)]


def test_another_environment_empties_the_map_first(path: Path) -> None:
    save(path, recorded(FULL, ran("fixture:::f", 3)))
    there = ("Python=3.12.0", "pytest=9.0")
    found = save(path, recorded(Node("fixture:::f")), there)
    assert found == ImpactMap({"fixture:::f": Node("fixture:::f")}, {}, there)
    counts = {t: rows(path, t) for t in ("file", "block", "fact", "node_block", "node_fact")}
    assert set(counts.values()) == {0}


def test_the_same_environment_empties_nothing(path: Path) -> None:
    save(path, recorded(FULL))
    assert FULL.key in save(path, recorded(Node("test:b")), HERE).nodes


# Owed


def test_a_test_that_was_owed_and_did_not_run_is_kept_as_not_run(path: Path) -> None:
    save(path, recorded(FULL, Node("test:b")))
    found = save(path, recorded(), owed=["t.py::a", "never known"])
    assert {test: record.outcome for test, record in found.tests.items()} == {
        "t.py::a": TestOutcome.NOT_RUN,
        "b": TestOutcome.PASSED,
    }
    assert found.nodes[FULL.key] == FULL


def test_a_test_that_used_what_a_gone_test_had_made_is_owed(path: Path) -> None:
    nodes = [uses("test:a", "memo:x"), uses("memo:x", "test:b"), uses("test:b"), uses("test:c")]
    save(path, recorded(*nodes))
    found = save(path, recorded(), gone=["b"])
    assert {test: record.outcome for test, record in found.tests.items()} == {
        "a": TestOutcome.NOT_RUN,
        "c": TestOutcome.PASSED,
    }


def test_such_a_test_that_has_just_run_is_not_owed(path: Path) -> None:
    save(path, recorded(uses("test:a", "memo:x"), uses("memo:x", "test:b"), uses("test:b")))
    found = save(path, recorded(Node("test:a")), gone=["b"])
    assert found.tests["a"].outcome is TestOutcome.PASSED


# What is known of the map as a whole


def test_what_is_said_of_the_map_is_kept(path: Path) -> None:
    save(path, recorded(FULL), meta={"stamp": "s1", "roots": ""})
    with reading(path) as (store, _):
        assert (store.meta("stamp"), store.meta("roots"), store.meta("no such")) == ("s1", "", "")


def test_what_is_said_of_the_map_stays_until_it_is_said_anew(path: Path) -> None:
    save(path, recorded(FULL), meta={"stamp": "s1", "inifile": "pytest.ini"})
    save(path, recorded(FULL), meta={"stamp": "s2"})
    with reading(path) as (store, _):
        assert (store.meta("stamp"), store.meta("inifile")) == ("s2", "pytest.ini")


def test_something_can_be_noted_without_a_run(path: Path) -> None:
    save(path, recorded(FULL), meta={"stamp": "s1"})
    opened = open_store(path)
    with opened.store as store:
        store.note({"kills": "{}"})
        assert (store.meta("kills"), store.meta("stamp")) == ("{}", "s1")
        assert store.fingerprint() == HERE


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
    elif how == "older schema":
        other_program(path, "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        other_program(path, "CREATE TABLE unit (id INTEGER PRIMARY KEY, path TEXT)")
        other_program(path, "INSERT INTO meta VALUES ('schema', '1')")
    elif how == "newer schema":
        save(path, recorded(FULL))
        other_program(path, f"UPDATE meta SET value = '{SCHEMA_VERSION + 1}' WHERE key = 'schema'")
    else:
        raise AssertionError(how)


DAMAGES = [
    "garbage",
    "truncated",
    "another program's",
    "another program's meta",
    "older schema",
    "newer schema",
]


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


@pytest.mark.parametrize(("how", "version"), [("older schema", 1), ("newer schema", 3)])
def test_another_schema_is_named(path: Path, how: str, version: int) -> None:
    damage(path, how)
    _, notice = read_map(path)
    assert SCHEMA_VERSION == 2
    assert f"has schema {version} where this assay has {SCHEMA_VERSION}" in notice


_KILLED = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
for n in range(2000):
    db.execute("INSERT INTO node (key) VALUES (?)", (f"test:{n}" + "x" * 200,))
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_while_writing(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.with_name("map.sqlite-journal").stat().st_size > 0


def test_what_a_killed_writer_left_half_done_is_not_read_and_stays(path: Path) -> None:
    save(path, recorded(FULL))
    killed_while_writing(path)
    before = listing(path.parent)
    found, notice = read_map(path)
    assert found == EMPTY_MAP
    assert notice == "the impact map was left in the middle of a write: it is not used"
    assert listing(path.parent) == before


def test_what_a_killed_writer_left_half_done_is_taken_back_by_the_next_writer(path: Path) -> None:
    save(path, recorded(FULL))
    killed_while_writing(path)
    opened = open_store(path)
    with opened.store as store:
        assert set(store.load().nodes) == {FULL.key}
    assert (opened.notice, aside(path)) == ("", [])


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


def test_a_store_in_a_directory_that_cannot_be_written_is_read(path: Path) -> None:
    save(path, recorded(FULL))
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        with reading(path) as (store, notice):
            assert notice == ""
            assert store.closure(store.rows_of([FULL.key]))
            assert set(store.load().nodes) == {FULL.key}
    finally:
        path.parent.chmod(0o755)


def test_reading_with_every_question_writes_nothing(path: Path) -> None:
    save(path, recorded(FULL))
    before = listing(path.parent)
    with reading(path) as (store, _):
        store.blocks(["tax.py"])
        store.nodes_by_fact(fact.id for fact in store.facts("env"))
        store.closure(store.rows_of([FULL.key]))
        store.texts()
        assert listing(path.parent) == before
    assert listing(path.parent) == before


def test_a_reader_sees_one_state_though_a_writer_comes_between(path: Path) -> None:
    save(path, recorded(ran("test:a", 3), Node("test:b")))
    with reading(path) as (store, _):
        blocks = store.blocks(["tax.py"])
        save(path, recorded(Node("test:c"), Node("test:a")), gone=["b"])
        assert keys_by(store, store.nodes_by_block(b.id for b in blocks)) == {"test:a"}
        assert set(store.tests()) == {"a", "b"}


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
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    holder = sqlite3.connect(path, isolation_level=None)
    opened = open_store(path)
    try:
        holder.execute("BEGIN IMMEDIATE")
        with opened.store as store, pytest.raises(StateError, match="locked"):
            store.save(recorded(Node("test:b")), HERE, ())
    finally:
        holder.close()
    assert set(read_map(path)[0].nodes) == {FULL.key}


def test_a_writer_that_a_reader_never_lets_in_is_told_and_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(path, recorded(FULL))
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    holder = sqlite3.connect(path, isolation_level=None)
    opened = open_store(path)
    try:
        holder.execute("BEGIN")
        holder.execute("SELECT * FROM node").fetchall()
        with opened.store as store, pytest.raises(StateError, match="locked"):
            store.save(recorded(Node("test:b")), HERE, ())
    finally:
        holder.close()
    assert set(read_map(path)[0].nodes) == {FULL.key}


def test_reading_an_unsealed_store_that_is_locked_for_long_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(path, recorded(FULL))
    seal_of(path).unlink()
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    holder = sqlite3.connect(path, isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StateError, match="locked"):
            read_map(path)
    finally:
        holder.close()


def test_a_sealed_store_is_read_though_another_process_has_locked_it(path: Path) -> None:
    save(path, recorded(FULL))
    holder = sqlite3.connect(path, isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        holder.execute("DELETE FROM node")
        assert set(read_map(path)[0].nodes) == {FULL.key}
    finally:
        holder.close()


# The seal


def seal_of(path: Path) -> Path:
    return path.with_name("map.sqlite.seal")


def test_whoever_writes_leaves_a_seal_that_fits(path: Path) -> None:
    save(path, recorded(FULL))
    content = path.read_bytes()
    assert seal_of(path).read_text() == f"{len(content)} {zlib.crc32(content):08x}"


def test_whoever_only_reads_leaves_none(path: Path) -> None:
    save(path, recorded(FULL))
    seal_of(path).unlink()
    read_map(path)
    with open_store(path).store as store:
        store.load()
    assert not seal_of(path).exists()


def test_what_is_set_aside_takes_no_seal_along(path: Path) -> None:
    save(path, recorded(FULL))
    path.write_bytes(b"spoiled")
    with open_store(path).store:
        assert not seal_of(path).exists()


def test_a_store_with_another_seal_is_checked_and_read(path: Path) -> None:
    save(path, recorded(FULL))
    old = seal_of(path).read_text()
    save(path, recorded(Node("test:b")))
    seal_of(path).write_text(old)
    assert set(read_map(path)[0].nodes) == {FULL.key, "test:b"}


@pytest.mark.parametrize("seal", ["", "12", "\ufffd", "no seal"])
def test_a_spoiled_seal_is_no_seal(path: Path, seal: str) -> None:
    save(path, recorded(FULL))
    seal_of(path).write_text(seal, encoding="utf-8")
    assert set(read_map(path)[0].nodes) == {FULL.key}


def test_where_sqlite_cannot_do_it_there_is_no_seal(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "CAN_SEAL", False)
    save(path, recorded(FULL))
    assert not seal_of(path).exists()
    seal_of(path).write_text("1 2")
    assert set(read_map(path)[0].nodes) == {FULL.key}


def test_a_newer_store_is_not_used_though_it_is_sealed(path: Path) -> None:
    damage(path, "newer schema")
    with contextlib.closing(sqlite3.connect(path)) as newer:
        database.seal(newer, path)
    found, notice = read_map(path)
    assert found == EMPTY_MAP
    assert notice.startswith(f"the impact map has schema {SCHEMA_VERSION + 1}")


def test_an_interrupted_write_leaves_what_the_seal_says(path: Path) -> None:
    save(path, recorded(FULL))
    with pytest.raises(KeyboardInterrupt), open_store(path).store as store:

        def owed() -> Iterator[str]:
            yield "b"
            raise KeyboardInterrupt

        store.save(recorded(Node("test:b")), HERE, (), owed())
    content = path.read_bytes()
    assert seal_of(path).read_text() == f"{len(content)} {zlib.crc32(content):08x}"
    assert set(read_map(path)[0].nodes) == {FULL.key}


def test_a_store_that_two_make_at_once_is_made_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each has seen that there are no tables before the other makes them.
    save(path, recorded(FULL))
    monkeypatch.setattr(database, "_tables", lambda *_: [])
    open_store(path).store.close()
    monkeypatch.undo()
    assert set(read_map(path)[0].nodes) == {FULL.key}


def test_two_writers_one_after_the_other_lose_nothing_of_a_shared_node(path: Path) -> None:
    first, second = open_store(path).store, open_store(path).store
    with first, second:
        first.save(recorded(ran("fixture:::f", 3)), HERE, ())
        second.save(recorded(ran("fixture:::f", 4)), HERE, ())
    found = read_map(path)[0].nodes["fixture:::f"]
    assert found.lines == {"tax.py": LineSet(OLD, 1 << 3 | 1 << 4)}


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

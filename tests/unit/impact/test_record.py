"""Facts about recording: what the probe tells becomes nodes with lines, digests and uses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from assay.change.semantics import read_source
from assay.impact.memo import Suspicion
from assay.impact.record import (
    BEYOND_US,
    CHANGED_MEANWHILE,
    SETS,
    Recorded,
    Recording,
    Tree,
    env_digest,
    text_of,
    units_of_mask,
    variable_digest,
)
from assay.model.impact import ABSENT, POSITIONS, LineSet, Node, TestRecord
from assay.model.run import CollectedItem, TestOutcome
from assay.model.source import MODULE_UNIT
from assay.selection.explain import units_run

PASSED = TestRecord(TestOutcome.PASSED, 0.01)
T = "tests/test_tax.py::test_rate"

TAX = """\
RATE = 2          # 1
def rate():       # 2
    return RATE   # 3
class Tax:        # 4
    def due(self):   # 5
        x = 1     # 6
        return x  # 7
"""


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path = path.with_name(path.name + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")


def python_files(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in root.rglob("*.py")]


def item(node_id: str) -> CollectedItem:
    return CollectedItem(node_id, node_id.partition("::")[0], 1, is_doctest=False)


def sink(
    lines: Mapping[str, Iterable[int]] | None = None, **kinds: Iterable[str]
) -> dict[str, Any]:
    masks = {path: f"{sum(1 << n for n in ns):x}" for path, ns in (lines or {}).items()}
    empty: dict[str, Any] = {name: [] for name in SETS}
    return {"lines": masks, **empty, **{name: list(values) for name, values in kinds.items()}}


def recording(root: Path, *tests: str, environ: Mapping[str, str] | None = None) -> Recording:
    items = map(item, tests or (T,))
    return Recording(Tree(root), ("",), python_files(root), items, environ)


def recorded(
    root: Path,
    sinks: Mapping[str, Mapping[str, Any]],
    *tests: str,
    environ: Mapping[str, str] | None = None,
) -> Recorded:
    found = recording(root, *(tests or (T,)), environ=environ)
    found.add_sinks(sinks)
    for test in tests or (T,):
        found.add_test(test, PASSED)
    return found.finish()


def units(root: Path, found: Recorded, key: str) -> set[tuple[str, str]]:
    """The units of what a node ran, in the tree as it is."""
    sources = {
        (path, lines.sha): read_source(path, (root / path).read_bytes())
        for path, lines in found.nodes[key].lines.items()
    }
    return set(units_run(found.nodes[key], sources))


# Lines and units


def test_lines_become_the_units_they_belong_to(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    found = recorded(tmp_path, {f"test:{T}": sink({"tax.py": [3, 7]})})
    assert units(tmp_path, found, f"test:{T}") == {("tax.py", "rate"), ("tax.py", "Tax.due")}


def test_a_signature_belongs_to_the_module_body_and_not_to_its_function(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    found = recorded(tmp_path, {f"test:{T}": sink({"tax.py": [2]})})
    assert units(tmp_path, found, f"test:{T}") == {("tax.py", MODULE_UNIT)}


def test_lines_are_kept_with_the_content_they_are_valid_for(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    lines = recorded(tmp_path, {f"test:{T}": sink({"tax.py": [3]})}).nodes[f"test:{T}"].lines
    assert lines["tax.py"].mask == 1 << 3
    assert lines["tax.py"].sha == hashlib.sha256((tmp_path / "tax.py").read_bytes()).hexdigest()


def test_lines_of_two_messages_are_joined(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    found = recording(tmp_path)
    found.add_sinks({f"test:{T}": sink({"tax.py": [3]})})
    found.add_sinks({f"test:{T}": sink({"tax.py": [6]})})
    found.add_test(T, PASSED)
    assert found.finish().nodes[f"test:{T}"].lines["tax.py"].mask == 1 << 3 | 1 << 6


def test_a_mask_outside_every_function_means_the_module(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    source = Tree(tmp_path).source("tax.py")
    assert source is not None
    assert [unit.name for unit in units_of_mask(source, 1 << 1)] == [MODULE_UNIT]
    assert [unit.name for unit in units_of_mask(source, 1 << 3)] == ["rate"]
    assert units_of_mask(source, 0) == []


# Modules


def test_running_a_files_code_uses_its_module_node(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX, other="x = 1")
    node = recorded(tmp_path, {f"test:{T}": sink({"tax.py": [3]})}).nodes[f"test:{T}"]
    # Each file of its lines implies its module.
    assert (set(node.lines), node.uses) == ({"tax.py"}, frozenset())


def test_a_module_node_uses_what_its_imports_reach(tmp_path: Path) -> None:
    write(tmp_path, tax="import rates\nimport json", rates="x = 1", other="")
    found = recorded(tmp_path, {"module:tax.py": sink({"tax.py": [1, 2]})})
    assert found.nodes["module:tax.py"].uses == {"module:rates.py"}
    assert {"rates", "json"} <= found.nodes["module:tax.py"].names


def test_a_module_node_has_its_own_body_though_none_of_its_lines_ran(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    found = recorded(tmp_path, {"module:tax.py": sink()})
    sha = hashlib.sha256(TAX.encode()).hexdigest()
    assert found.nodes["module:tax.py"].lines == {"tax.py": LineSet(sha, 0)}


def test_a_module_node_does_not_use_itself(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    found = recorded(tmp_path, {"module:tax.py": sink({"tax.py": [1, 2]})})
    assert found.nodes["module:tax.py"].uses == frozenset()


def test_imports_are_not_followed_for_a_test_node(tmp_path: Path) -> None:
    write(tmp_path, tax="import rates\ndef f():\n    return 1\n", rates="")
    found = recorded(tmp_path, {f"test:{T}": sink({"tax.py": [3]})})
    assert found.nodes[f"test:{T}"].uses == frozenset()
    assert found.nodes[f"test:{T}"].names == frozenset()


def test_a_module_that_begins_with_a_byte_order_mark_is_followed(tmp_path: Path) -> None:
    write(tmp_path, tax="\ufeffimport rates\n", rates="x = 1")
    found = recorded(tmp_path, {"module:tax.py": sink({"tax.py": [1]})})
    assert "module:rates.py" in found.nodes["module:tax.py"].uses


# Fixtures and conftests


def test_a_fixture_node_has_the_lines_it_ran_and_its_user_only_the_use(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    found = recorded(
        tmp_path,
        {
            "fixture:tests::db": sink({"tax.py": [3]}),
            f"test:{T}": sink(uses=["fixture:tests::db"]),
        },
    )
    assert units(tmp_path, found, "fixture:tests::db") == {("tax.py", "rate")}
    assert found.nodes[f"test:{T}"].lines == {}
    assert found.nodes[f"test:{T}"].uses == {"fixture:tests::db"}


def test_fixture_keys_are_those_of_fixtures_alone(tmp_path: Path) -> None:
    found = recording(tmp_path)
    found.add_sinks({"fixture:a::f": sink(), "module:m.py": sink(), f"test:{T}": sink()})
    assert found.fixture_keys() == ("fixture:a::f",)


def test_a_test_uses_every_conftest_above_its_file(tmp_path: Path) -> None:
    write(tmp_path, conftest="", tests__conftest="", tests__sub__conftest="", tests__test_tax="")
    found = recorded(tmp_path, {f"test:{T}": sink()})
    assert found.nodes[f"test:{T}"].uses == {"module:conftest.py", "module:tests/conftest.py"}


def test_a_test_uses_no_conftest_beside_its_directory(tmp_path: Path) -> None:
    write(tmp_path, tests__test_tax="", other__conftest="")
    assert recorded(tmp_path, {f"test:{T}": sink()}).nodes[f"test:{T}"].uses == frozenset()


# Files and directories


def test_a_file_that_was_read_is_kept_by_its_digest(tmp_path: Path) -> None:
    (tmp_path / "rates.json").write_bytes(b"{}")
    found = recorded(tmp_path, {f"test:{T}": sink(reads=["rates.json"])})
    assert found.nodes[f"test:{T}"].files == {"rates.json": hashlib.sha256(b"{}").hexdigest()}


def test_a_file_that_was_asked_for_and_not_there_is_kept_as_absent(tmp_path: Path) -> None:
    found = recorded(tmp_path, {f"test:{T}": sink(reads=["no.json"], dirs=["no"])})
    assert found.nodes[f"test:{T}"].files == {"no.json": ABSENT}
    assert found.nodes[f"test:{T}"].dirs == {"no": ABSENT}


def test_a_directory_changes_with_the_names_in_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    before = Tree(tmp_path).directory("data")
    (tmp_path / "data" / "a.csv").touch()
    assert Tree(tmp_path).directory("data") != before


def test_a_directory_does_not_change_with_the_content_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    before = Tree(tmp_path).directory("")
    (tmp_path / "a.csv").write_text("2")
    assert Tree(tmp_path).directory("") == before


def test_a_directory_does_not_change_with_what_runs_leave_behind(tmp_path: Path) -> None:
    before = Tree(tmp_path).directory("")
    for name in ("__pycache__", ".assay", ".pytest_cache"):
        (tmp_path / name).mkdir()
    assert Tree(tmp_path).directory("") == before


def test_a_tree_reads_a_file_once_until_it_is_told_to_forget(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    tree = Tree(tmp_path)
    assert tree.content("a.py") == b"x = 1"
    (tmp_path / "a.py").write_text("x = 2")
    assert tree.content("a.py") == b"x = 1"
    tree.forget()
    assert tree.content("a.py") == b"x = 2"


# What cannot be known


def test_code_that_changed_while_it_was_recorded_makes_its_node_opaque(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    found = recording(tmp_path)
    found.add_sinks({f"test:{T}": sink({"tax.py": [3]})})
    found.add_test(T, PASSED)
    write(tmp_path, tax=TAX + "# edited\n")
    node = found.finish().nodes[f"test:{T}"]
    assert node.opaque == {f"tax.py {CHANGED_MEANWHILE}"}
    assert node.lines == {}


def test_code_that_stayed_as_it_was_makes_no_node_opaque(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    found = recorded(tmp_path, {f"test:{T}": sink({"tax.py": [3]})})
    assert found.nodes[f"test:{T}"].opaque == frozenset()


def test_code_written_by_the_run_itself_makes_its_node_opaque(tmp_path: Path) -> None:
    found = recording(tmp_path)
    write(tmp_path, made="x = 1")
    found.add_sinks({f"test:{T}": sink({"made.py": [1]})})
    found.add_test(T, PASSED)
    assert found.finish().nodes[f"test:{T}"].opaque == {f"made.py {CHANGED_MEANWHILE}"}


def test_code_that_a_newer_python_ran_and_ours_cannot_parse_is_opaque(tmp_path: Path) -> None:
    write(tmp_path, tax="import other\nnew syntax\n", other="A = 1\n")
    nodes = recorded(tmp_path, {"module:tax.py": sink({"tax.py": [1, 2]})}).nodes
    assert nodes["module:tax.py"].opaque == {f"ran tax.py, {BEYOND_US}"}


def test_code_deleted_while_it_was_recorded_makes_its_node_opaque(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    found = recording(tmp_path)
    found.add_sinks({f"test:{T}": sink({"tax.py": [3]})})
    found.add_test(T, PASSED)
    (tmp_path / "tax.py").unlink()
    assert found.finish().nodes[f"test:{T}"].opaque == {f"tax.py {CHANGED_MEANWHILE}"}


def test_opaqueness_can_be_added_to_known_nodes_only(tmp_path: Path) -> None:
    found = recording(tmp_path)
    found.add_sinks({"fixture:a::f": sink()})
    found.add_opaque(["fixture:a::f", "fixture:a::unknown"], "was torn")
    nodes = found.finish().nodes
    assert nodes["fixture:a::f"].opaque == {"was torn"}
    assert "fixture:a::unknown" not in nodes


# Tests that ended, and those that did not


def test_a_test_that_did_not_end_is_absent(tmp_path: Path) -> None:
    found = recording(tmp_path)
    found.add_sinks({f"test:{T}": sink(), "fixture:a::f": sink()})
    done = found.finish()
    assert set(done.nodes) == {"fixture:a::f"}
    assert done.tests == {}


def test_a_test_that_ended_without_a_message_has_an_empty_node(tmp_path: Path) -> None:
    found = recording(tmp_path)
    found.add_test(T, TestRecord(TestOutcome.CRASHED, 0.0))
    done = found.finish()
    assert done.nodes[f"test:{T}"] == Node(f"test:{T}")
    assert done.tests[T].outcome is TestOutcome.CRASHED


def test_a_record_says_where_its_test_stands(tmp_path: Path) -> None:
    found = recording(tmp_path, "a.py::one", "b.py::two")
    found.add_test("b.py::two", PASSED)
    assert found.finish().tests["b.py::two"] == replace(PASSED, path="b.py", place=1)


def test_the_files_of_the_project_come_along(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX, other="")
    assert recorded(tmp_path, {}).files == {"tax.py", "other.py"}


# Texts


def test_the_texts_of_all_that_ran_come_along(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX, other="x = 1", unused="y = 1")
    sinks = {f"test:{T}": sink({"tax.py": [3]}), "module:other.py": sink({"other.py": [1]})}
    texts = recorded(tmp_path, sinks).texts
    assert {path: text for (path, _), text in texts.items()} == {"tax.py": TAX, "other.py": "x = 1"}
    assert {sha for _, sha in texts} == {
        hashlib.sha256(text.encode()).hexdigest() for text in (TAX, "x = 1")
    }


def test_a_text_is_read_by_its_own_encoding(tmp_path: Path) -> None:
    (tmp_path / "tax.py").write_bytes(b"# coding: latin-1\nNAME = '\xe9'\n")
    texts = recorded(tmp_path, {f"test:{T}": sink({"tax.py": [2]})}).texts
    assert list(texts.values()) == ["# coding: latin-1\nNAME = '\xe9'\n"]


@pytest.mark.parametrize(
    "content", [b"# coding: nonsense\n", b"x = '\xff'\n", b"# coding: ascii\nx = '\xc3\xa9'\n"]
)
def test_what_does_not_fit_its_encoding_is_no_text(content: bytes) -> None:
    assert text_of(content) is None


# What there is at a path


def test_what_there_is_at_a_path(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "a.txt").touch()
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    tree = Tree(tmp_path)
    paths = ("data", "a.txt", "broken", "nowhere")
    assert [tree.kind(path) for path in paths] == ["directory", "file", "file", ABSENT]


def test_what_was_only_asked_for_is_kept_by_what_there_was(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "a.txt").touch()
    found = recorded(tmp_path, {f"test:{T}": sink(exists=["data", "a.txt", "no.cfg"])})
    node = found.nodes[f"test:{T}"]
    assert node.exists == {"data": "directory", "a.txt": "file", "no.cfg": ABSENT}
    assert (node.files, node.dirs) == ({}, {})


def test_what_there_was_counts_at_the_time_it_was_asked(tmp_path: Path) -> None:
    found = recording(tmp_path)
    found.add_sinks({f"test:{T}": sink(exists=["made.txt"])})
    (tmp_path / "made.txt").touch()
    found.add_test(T, PASSED)
    assert found.finish().nodes[f"test:{T}"].exists == {"made.txt": ABSENT}


# The environment


SECRET = "hunter2-and-more"


def env_of(root: Path, environ: Mapping[str, str], *names: str) -> Mapping[str, str]:
    found = recorded(root, {f"test:{T}": sink(env=names)}, environ=environ)
    return found.nodes[f"test:{T}"].env


def test_a_variable_is_kept_by_a_digest_and_never_by_its_value(tmp_path: Path) -> None:
    environ = {"TOKEN": SECRET, "OTHER": "x"}
    found = env_of(tmp_path, environ, "TOKEN", "*")
    assert set(found) == {"TOKEN", "*"}
    assert SECRET not in str(found)
    assert SECRET[:6] not in str(found)


def test_the_digest_of_a_variable_is_no_plain_digest_of_its_value(tmp_path: Path) -> None:
    plain = hashlib.sha256(SECRET.encode()).hexdigest()
    digest = env_of(tmp_path, {"TOKEN": SECRET}, "TOKEN")["TOKEN"]
    assert digest
    assert digest not in plain


def test_a_variable_that_is_not_set_is_absent_and_an_empty_one_is_not(tmp_path: Path) -> None:
    found = env_of(tmp_path, {"EMPTY": ""}, "EMPTY", "NONE")
    assert found["NONE"] == ABSENT
    assert found["EMPTY"] != ABSENT


def test_equal_values_have_equal_digests_and_others_do_not() -> None:
    assert env_digest("a") == env_digest("a")
    assert env_digest("a") != env_digest("b")
    assert env_digest("\udcff") != env_digest("")


@pytest.mark.parametrize(
    ("environ", "same"),
    [({"B": "2", "A": "1"}, True), ({"A": "1"}, False), ({"A": "1", "B": "3"}, False)],
)
def test_all_variables_together_have_one_digest(environ: Mapping[str, str], same: bool) -> None:
    before = variable_digest("*", {"A": "1", "B": "2"})
    assert (variable_digest("*", environ) == before) is same


# Positions


def flags(root: Path, path: str, line: int) -> frozenset[str]:
    return recorded(root, {f"test:{T}": sink({path: [line]})}).nodes[f"test:{T}"].flags


LOOKS = """\
import inspect                           # 1
def where():                             # 2
    return inspect.getsource(where)       # 3
def lineno(node):                        # 4
    return node.lineno                   # 5
def plain():                             # 6
    return 1                             # 7
"""


def test_a_node_that_ran_a_line_which_asks_for_positions_is_flagged(tmp_path: Path) -> None:
    write(tmp_path, looks=LOOKS)
    assert flags(tmp_path, "looks.py", 3) == {POSITIONS}


def test_a_node_that_ran_other_lines_of_the_file_is_not(tmp_path: Path) -> None:
    write(tmp_path, looks=LOOKS)
    assert flags(tmp_path, "looks.py", 7) == frozenset()


@pytest.mark.parametrize("path", ["tests/test_tax.py", "looks.py"])
def test_line_numbers_are_positions_in_a_test_file_only(tmp_path: Path, path: str) -> None:
    write(tmp_path, **{path.removesuffix(".py").replace("/", "__"): LOOKS})
    wanted = {POSITIONS} if path.startswith("tests/") else frozenset()
    assert flags(tmp_path, path, 5) == wanted


def test_each_node_is_flagged_by_what_it_ran_itself(tmp_path: Path) -> None:
    write(tmp_path, looks=LOOKS)
    sinks = {
        f"test:{T}": sink({"looks.py": [7]}, uses=["fixture:::f"]),
        "fixture:::f": sink({"looks.py": [3]}),
    }
    nodes = recorded(tmp_path, sinks).nodes
    assert nodes["fixture:::f"].flags == {POSITIONS}
    assert nodes[f"test:{T}"].flags == frozenset()


# What others left behind


KEEPS = """\
_table = None             # 1
def table():              # 2
    global _table         # 3
    if _table is None:    # 4
        _table = 1        # 5
    return _table         # 6
"""
A, B = "test_a.py::a", "test_b.py::b"


def with_memo(root: Path, maker: str = f"test:{A}") -> Recording:
    """A recording in which B asked for a value that another node had made."""
    write(root, keeps=KEEPS)
    found = recording(root, A, B)
    found.add_sinks({maker: sink({"keeps.py": [4, 5, 6]})})
    found.add_sinks({f"test:{B}": sink({"keeps.py": [4, 6]})})
    for test in (A, B):
        found.add_test(test, PASSED)
    return found


def test_a_test_that_found_a_value_ready_is_a_suspect(tmp_path: Path) -> None:
    (sign,) = with_memo(tmp_path).suspicions()[f"test:{B}"]
    assert sign.makers == {f"test:{A}"}
    assert sign.what == "keeps.py::table (_table)"


def test_a_test_that_made_the_value_itself_is_none(tmp_path: Path) -> None:
    assert set(with_memo(tmp_path).suspicions()) == {f"test:{B}"}


def test_a_test_that_did_not_end_is_no_suspect(tmp_path: Path) -> None:
    write(tmp_path, keeps=KEEPS)
    found = recording(tmp_path, A, B)
    found.add_sinks({f"test:{A}": sink({"keeps.py": [5]}), f"test:{B}": sink({"keeps.py": [4]})})
    found.add_test(A, PASSED)
    assert found.suspicions() == {}


def test_a_hit_of_a_cache_is_a_sign(tmp_path: Path) -> None:
    write(tmp_path, cached="def f():\n    return 1\n")
    found = recording(tmp_path, A, B)
    found.add_sinks({f"test:{A}": sink({"cached.py": [2]})})
    found.add_sinks({f"test:{B}": sink(memo=["cached.py::f"])})
    for test in (A, B):
        found.add_test(test, PASSED)
    (sign,) = found.suspicions()[f"test:{B}"]
    assert sign == Suspicion("cached.py::f", frozenset({f"test:{A}"}))


def test_a_suspect_depends_on_the_makers_through_what_was_kept(tmp_path: Path) -> None:
    found = with_memo(tmp_path)
    found.settle(found.suspicions(), alone=())
    nodes = found.finish().nodes
    assert nodes[f"test:{B}"].uses == {"memo:keeps.py::table (_table)"}
    assert nodes["memo:keeps.py::table (_table)"].uses == {f"test:{A}"}
    assert nodes[f"test:{A}"].uses == frozenset()


def test_a_suspect_that_ran_alone_does_not_depend_on_other_tests(tmp_path: Path) -> None:
    found = with_memo(tmp_path)
    found.settle(found.suspicions(), alone=[B])
    nodes = found.finish().nodes
    assert nodes[f"test:{B}"].uses == frozenset()
    assert not [key for key in nodes if key.startswith("memo:")]


def test_a_suspect_that_ran_alone_depends_on_what_the_import_made(tmp_path: Path) -> None:
    found = with_memo(tmp_path, maker="module:app.py")
    found.settle(found.suspicions(), alone=[B])
    nodes = found.finish().nodes
    assert nodes[f"test:{B}"].uses == {"memo:keeps.py::table (_table)"}
    assert nodes["memo:keeps.py::table (_table)"].uses == {"module:app.py"}


def test_what_a_suspect_ran_alone_is_added_to_what_it_ran_with_others(tmp_path: Path) -> None:
    found = with_memo(tmp_path)
    found.add_sinks({f"test:{B}": sink({"keeps.py": [5]})})
    assert found.finish().nodes[f"test:{B}"].lines["keeps.py"].mask == 1 << 4 | 1 << 5 | 1 << 6


def test_a_suspicion_of_a_test_that_is_not_there_books_nothing(tmp_path: Path) -> None:
    found = recording(tmp_path, A)
    found.settle({"test:gone": [Suspicion("x", frozenset({"test:b"}))]}, alone=())
    assert found.finish().nodes == {}

"""Facts about recording: what the probe tells becomes nodes with units, digests and uses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

from assay.impact.record import CHANGED_MEANWHILE, Recorded, Recording, Tree, units_of_mask
from assay.model.impact import ABSENT, TestRecord
from assay.model.run import CollectedItem, TestOutcome
from assay.model.source import MODULE_UNIT

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
    empty: dict[str, Any] = {name: [] for name in ("reads", "dirs", "names", "uses", "opaque")}
    return {"lines": masks, **empty, **{name: list(values) for name, values in kinds.items()}}


def recording(root: Path, *tests: str) -> Recording:
    return Recording(Tree(root), ("",), python_files(root), map(item, tests or (T,)))


def recorded(root: Path, sinks: Mapping[str, Mapping[str, Any]], *tests: str) -> Recorded:
    found = recording(root, *(tests or (T,)))
    found.add_sinks(sinks)
    for test in tests or (T,):
        found.add_test(test, PASSED)
    return found.finish()


def units(found: Recorded, key: str) -> set[tuple[str, str]]:
    return {(ref.path, ref.unit) for ref in found.nodes[key].units}


# Lines and units


def test_lines_become_the_units_they_belong_to(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    found = recorded(tmp_path, {f"test:{T}": sink({"tax.py": [3, 7]})})
    assert units(found, f"test:{T}") == {("tax.py", "rate"), ("tax.py", "Tax.due")}


def test_a_signature_belongs_to_the_module_body_and_not_to_its_function(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    found = recorded(tmp_path, {f"test:{T}": sink({"tax.py": [2]})})
    assert units(found, f"test:{T}") == {("tax.py", MODULE_UNIT)}


def test_units_carry_the_digest_of_their_content(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    sinks = {f"test:{T}": sink({"tax.py": [3]})}
    (before,) = recorded(tmp_path, sinks).nodes[f"test:{T}"].units
    write(tmp_path, tax=TAX.replace("return RATE", "return RATE + 1"))
    (after,) = recorded(tmp_path, sinks).nodes[f"test:{T}"].units
    assert (before.unit, after.unit) == ("rate", "rate")
    assert before.digest != after.digest


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
    assert "module:tax.py" in node.uses
    assert "module:other.py" not in node.uses


def test_a_module_node_uses_what_its_imports_reach(tmp_path: Path) -> None:
    write(tmp_path, tax="import rates\nimport json", rates="x = 1", other="")
    found = recorded(tmp_path, {"module:tax.py": sink({"tax.py": [1, 2]})})
    assert found.nodes["module:tax.py"].uses == {"module:rates.py"}
    assert {"rates", "json"} <= found.nodes["module:tax.py"].names


def test_a_module_node_has_its_own_body_though_none_of_its_lines_ran(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    found = recorded(tmp_path, {"module:tax.py": sink()})
    assert units(found, "module:tax.py") == {("tax.py", MODULE_UNIT)}


def test_a_module_node_does_not_use_itself(tmp_path: Path) -> None:
    write(tmp_path, tax=TAX)
    found = recorded(tmp_path, {"module:tax.py": sink({"tax.py": [1, 2]})})
    assert found.nodes["module:tax.py"].uses == frozenset()


def test_imports_are_not_followed_for_a_test_node(tmp_path: Path) -> None:
    write(tmp_path, tax="import rates\ndef f():\n    return 1\n", rates="")
    found = recorded(tmp_path, {f"test:{T}": sink({"tax.py": [3]})})
    assert found.nodes[f"test:{T}"].uses == {"module:tax.py"}


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
    assert units(found, "fixture:tests::db") == {("tax.py", "rate")}
    assert units(found, f"test:{T}") == set()
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
    assert (node.units, node.lines) == (frozenset(), {})


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
    assert done.nodes[f"test:{T}"].units == frozenset()
    assert done.tests == {T: TestRecord(TestOutcome.CRASHED, 0.0)}

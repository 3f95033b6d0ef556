"""`assay mutate`, `impact` and `show` on survivors: how far each difference came, and the patch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import (
    RunAssay,
    clean_environment,
    copy_tree,
    failing_tests,
    git,
    replace_in,
    tree_bytes,
)

from assay.cli import main

Rows = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project `unchecked` after `assay mutate shop.py`, all survivors explained."""
    project = copy_tree("unchecked", tmp_path_factory.mktemp("explained") / "unchecked")
    argv = ["mutate", "shop.py", "--all", "--quiet", "--project", str(project)]
    assert main([*argv, "--python", sys.executable], clean_environment()) == 0
    return project


@pytest.fixture(scope="module")
def rows(recorded: Path) -> Rows:
    """Survivors' entries by function and change."""
    record = json.loads((recorded / ".assay/reports/mutate.json").read_text(encoding="utf-8"))
    return {
        (m["scope"], m["diff"].rpartition("\n+")[2].partition("\n")[0].strip()): m
        for m in record["mutants"]
        if m["status"] == "Survived"
    }


def told(rows: Rows, scope: str, line: str) -> dict[str, Any]:
    found: dict[str, Any] = rows[scope, line]["explanation"]
    return found


def test_every_survivor_is_explained_from_what_was_seen(rows: Rows) -> None:
    unexplained = [key for key, m in rows.items() if m["explanation"] is None]
    assert unexplained == []
    assert {m["explanation"]["reach"] for m in rows.values()} >= {
        "unchecked",
        "swallowed",
        "same result",
    }


def test_a_variable_that_nobody_checks_gets_an_assertion_after_those_there_are(rows: Rows) -> None:
    found = told(rows, "discount", "total = total - 11")
    assert found["reach"] == "unchecked"
    assert (found["what"], found["before"], found["after"]) == ("total", "135", "134")
    assert found["proposal"]["code"] == "assert total == 135"
    assert found["proposal"]["line"] == 17


def test_a_call_whose_result_is_dropped_becomes_an_assertion(rows: Rows) -> None:
    found = told(rows, "label", "return name.lower()")
    assert found["proposal"]["code"] == 'assert label("tea") == "TEA"'


def test_private_state_is_checked_by_what_the_object_says_of_itself(rows: Rows) -> None:
    found = told(rows, "Cart.add", "self._count += 2")
    assert found["reach"] == "unchecked"
    assert found["proposal"]["code"] == "assert len(cart) == 1"


def test_a_caught_exception_gets_a_name_and_its_text_is_checked(rows: Rows) -> None:
    (found,) = [
        m["explanation"]
        for (scope, line), m in rows.items()
        if scope == "half" and line.startswith("message = ") and "XX" in line
    ]
    assert found["proposal"]["code"] == 'assert str(excinfo.value) == "cannot halve -4"'
    assert "+    with pytest.raises(ValueError) as excinfo:" in found["proposal"]["patch"]


def test_a_unittest_class_gets_its_own_kind_of_assertion(rows: Rows) -> None:
    found = told(rows, "discount", "if True:")
    assert found["proposal"]["code"] == "self.assertEqual(total, 50)"


def test_a_difference_that_a_caller_swallows_is_lost_at_its_line(rows: Rows) -> None:
    found = told(rows, "clamp", "return min(number, 11)")
    assert found["reach"] == "swallowed"
    assert (found["path"], found["line"]) == ("shop.py", 34)
    assert (found["before"], found["after"]) == ("10", "11")
    assert found["given"] == [["number", "20"]]
    assert found["proposal"] is None


def test_inputs_that_do_not_tell_are_shown_with_one_that_would(rows: Rows) -> None:
    found = told(rows, "discount", "if total >= 100:")
    assert found["reach"] == "same result"
    assert found["given"] in (
        [["total", "150"], ["member", "True"]],
        [["total", "50"], ["member", "False"]],
    )
    assert found["advice"] == "call it so that `total` and `100` are equal"


def test_values_that_chance_decides_are_never_proposed(rows: Rows) -> None:
    lucky = [m["explanation"] for (scope, _), m in rows.items() if scope == "lucky"]
    assert lucky
    assert all(
        found["proposal"] is None or "found ==" not in found["proposal"]["code"] for found in lucky
    )


def test_the_order_of_a_set_is_never_proposed(rows: Rows) -> None:
    found = [m["explanation"] for (scope, _), m in rows.items() if scope == "names"]
    assert found
    assert not [f for f in found if f["proposal"] and "== [" in f["proposal"]["code"]]


def test_a_literal_that_holds_for_one_case_gets_a_test_of_its_own(rows: Rows) -> None:
    found = told(rows, "half", "return number / 3")
    assert found["reach"] == "unchecked"
    new = [line[1:] for line in found["proposal"]["patch"].splitlines() if line[:1] == "+"][1:]
    # Which case is looked at depends on which was the fastest.
    case = int(found["test"].rpartition("[")[2].removesuffix("]"))
    assert [line for line in new if line] == [
        f"def test_half_{case}():",
        f"    number = {case}",
        f"    assert half(number) == {case / 2}",
    ]


def test_git_applies_each_patch_and_plain_pytest_is_green_with_it_and_red_with_the_mutant(
    recorded: Path, rows: Rows, tmp_path: Path
) -> None:
    """One of each kind of patch: several at once would only overlap."""
    wanted = [
        rows["discount", "total = total - 11"],
        rows["label", "return name.lower()"],
        rows["Cart.add", "self._count += 2"],
        rows["discount", "if True:"],
        rows["half", "return number / 3"],
    ]
    for number, mutant in enumerate(wanted):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(recorded, copy, ignore=shutil.ignore_patterns(".assay"))
        apply(copy, mutant["explanation"]["proposal"]["patch"])
        assert failing_tests(copy, tmp_path / "room") == set()
        apply(copy, mutant["diff"])
        case = mutant["explanation"]["test"].replace("[", "_").removesuffix("]")
        assert case in failing_tests(copy, tmp_path / "room")


def apply(project: Path, patch: str) -> None:
    done = subprocess.run(
        ["git", "apply", "-"],
        cwd=project,
        input=patch.encode(),
        env=clean_environment(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_show_tells_what_the_record_says_and_the_patch_alone(
    recorded: Path, rows: Rows, run_assay: RunAssay
) -> None:
    mutant = rows["label", "return name.lower()"]
    shown = run_assay("show", mutant["id"], project=recorded)
    assert shown.code == 0
    assert "  verified: 5 clean passes, fails with the mutant" in shown.lines
    patch = run_assay("show", mutant["id"], "--patch", project=recorded)
    assert patch.out == mutant["explanation"]["proposal"]["patch"]


def test_show_refuses_a_patch_where_there_is_none(
    recorded: Path, rows: Rows, run_assay: RunAssay
) -> None:
    mutant = rows["clamp", "return min(number, 11)"]
    done = run_assay("show", mutant["id"], "--patch", project=recorded)
    assert (done.code, done.out) == (2, "")
    assert "there is no verified assertion" in done.problem


def test_show_looks_again_once_the_test_file_has_changed_and_writes_nothing(
    recorded: Path, rows: Rows, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = shutil.copytree(recorded, tmp_path / "edited")
    replace_in(project / "test_shop.py", "import unittest\n", "import unittest\nimport shop\n")
    before = tree_bytes(project, skip=())
    mutant = rows["label", "return name.lower()"]
    patch = run_assay("show", mutant["id"], "--patch", project=project)
    assert patch.out != mutant["explanation"]["proposal"]["patch"]
    assert tree_bytes(project, skip=()) == before
    apply(project, patch.out)
    assert 'assert label("tea") == "TEA"' in git(project, "diff")


def test_a_second_run_takes_explanations_from_the_first(
    recorded: Path, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = shutil.copytree(recorded, tmp_path / "again")
    first = json.loads((project / ".assay/reports/mutate.json").read_text(encoding="utf-8"))
    done = run_assay("mutate", "shop.py", "--all", "--format", "json", project=project)
    told = [(m["id"], m["explanation"]) for m in done.record["mutants"]]
    assert told == [(m["id"], m["explanation"]) for m in first["mutants"]]
    assert "explain" not in done.record["seconds"]


def test_no_explain_leaves_survivors_unexplained(
    recorded: Path, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = shutil.copytree(recorded, tmp_path / "silent")
    done = run_assay("mutate", "shop.py", "--no-explain", "--format", "json", project=project)
    assert [m for m in done.record["mutants"] if m["explanation"]] == []


def test_impact_shows_each_survivor_as_a_card_with_its_fix(
    recorded: Path, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = shutil.copytree(recorded, tmp_path / "changed")
    replace_in(project / "shop.py", "return name.upper()", "return name.upper().strip()")
    done = run_assay("impact", project=project)
    assert done.lines[0].startswith("1 function changed: 0 guarded, 1 touched by 1 test")
    at = done.lines.index("  Fix: test_shop.py:20")
    assert done.lines[at + 1 : at + 4] == [
        '      -    label("tea")',
        '      +    assert label("tea") == "TEA"',
        "    verified: 5 clean passes, fails with the mutant",
    ]

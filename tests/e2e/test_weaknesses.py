"""`assay weaknesses` from end to end: what it prints and writes, and what it must not say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import (
    ALL_PLUGINS,
    ASYNC_PLUGINS,
    NO_PLUGINS,
    CopyProject,
    MappedProject,
    RunAssay,
    replace_in,
    tree_bytes,
    write,
)

FOUND = {
    ("test_shop.py", "test_only_calls", "assertion-free"),
    ("test_shop.py", "test_never_asked", "rotten-green"),
    ("test_shop.py", "test_brackets", "tautology"),
    ("test_shop.py", "test_swallows", "swallowed-assertion"),
    ("test_shop.py", "test_any_error", "broad-raises"),
    ("shop.py", "charge", "mock-shadow"),
}


def found_in(record: Any) -> set[tuple[str, str, str]]:
    return {(one["path"], one["unit"], one["kind"]) for one in record["findings"]}


def test_each_weakness_is_found_and_no_mistake_of_the_harness(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("weak_tests")
    before = tree_bytes(project)
    done = run_assay("weaknesses", "--format", "json", project=project, env=NO_PLUGINS)
    assert done.code == 0
    assert found_in(done.record) == FOUND - {("shop.py", "charge", "mock-shadow")}
    assert done.record["left_out"] == {
        "another case of it is left out": 1,
        "expected to fail": 1,
        "skipped": 3,
    }
    assert tree_bytes(project) == before
    kept = json.loads((project / ".assay" / "reports" / "weaknesses.json").read_text("utf-8"))
    assert kept == done.record


def test_a_function_that_only_stand_ins_stand_for_is_found_once_all_tests_are_seen(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("weak_tests")
    (project / "test_mistakes.py").unlink()
    done = run_assay("weaknesses", "--format", "json", project=project, env=NO_PLUGINS)
    assert found_in(done.record) == FOUND
    assert done.record["left_out"] == {}
    assert done.record["looked_at"] == done.record["collected"] == 8


def test_a_failing_test_is_left_out_and_counted(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("weak_tests")
    replace_in(project / "test_shop.py", "test_only_calls():\n", "test_only_calls():\n    0 / 0\n")
    done = run_assay("weaknesses", "--format", "json", project=project, env=NO_PLUGINS)
    assert ("test_shop.py", "test_only_calls", "assertion-free") not in found_in(done.record)
    assert done.record["left_out"]["failed"] == 1


def test_cards_say_what_where_why_and_what_to_do(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("weak_tests")
    done = run_assay("weaknesses", "--kind", "rotten-green", project=project, env=NO_PLUGINS)
    assert done.lines[0] == "1 finding (rotten-green 1); 8 of 13 tests looked at."
    assert done.lines[1].startswith("Nothing is said of 5 tests: ")
    assert done.lines[3:] == [
        (
            "`test_never_asked` has an assertion that never ran (`False` is never true); all 2 "
            "cases pass without."
        ),
        "  test_shop.py:13  rotten-green  " + done.lines[4].split()[-1],
        "  never ran, line 16:",
        "      assert got == 7",
        "  Confidence: certain. Severity: high.",
        "  Fix: make the assertion run, or delete it so that nobody relies on it.",
    ]


def test_paths_choose_the_tests_that_lie_there_or_run_code_there(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("weak_tests")
    write(project / "other.py", "def other():\n    return 1\n")
    write(
        project / "test_other.py", "from other import other\n\n\ndef test_other():\n    other()\n"
    )
    for place in ("other.py", "test_other.py"):
        done = run_assay("weaknesses", place, "--format", "json", project=project, env=NO_PLUGINS)
        assert found_in(done.record) == {("test_other.py", "test_other", "assertion-free")}
        assert done.record["looked_at"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--level", "9"), "there is no level 9: known are 0"),
        (("--kind", "smell"), "there is no kind of weakness smell: known are "),
        (("nowhere",), "no file or directory nowhere in the project at "),
        (("README.md",), "no test lies in, or runs, README.md"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(
    arguments: tuple[str, ...], words: str, mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    done = run_assay("weaknesses", *arguments, project=mapped_project("weak_tests"), env=NO_PLUGINS)
    assert done.code == 2
    assert done.problem.startswith(f"assay: {words}")


def test_findings_on_the_change_come_first(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("weak_tests")
    replace_in(project / "test_shop.py", "shop.price(-1)", "shop.price(-2)")
    done = run_assay("weaknesses", "--format", "json", project=project, env=NO_PLUGINS)
    assert done.record["findings"][0]["kind"] == "broad-raises"
    first = run_assay("weaknesses", project=project, env=NO_PLUGINS).lines[3]
    assert first.startswith("`test_any_error` is content with any exception")


def test_the_answer_to_a_change_says_what_is_only_mocked(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("weak_tests")
    (project / "test_mistakes.py").unlink()
    replace_in(project / "shop.py", "account - amount", "account - 2 * amount")
    done = run_assay("impact", "--format", "json", project=project, env=NO_PLUGINS)
    (unit,) = done.record["units"]
    assert (unit["guard"], unit["touching"]) == ("only mocked", [])
    assert unit["mocking"] == ["test_shop.py::test_buy"]
    done = run_assay("impact", project=project, env=NO_PLUGINS)
    assert done.lines[0] == "1 function changed: 0 guarded, 1 only mocked."


def test_a_function_that_no_test_runs_or_replaces_stays_untouched(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("weak_tests")
    (project / "test_mistakes.py").unlink()
    write(project / "till.py", "def charge(account):\n    return account\n")
    done = run_assay("impact", project=project, env=NO_PLUGINS)
    assert done.lines[0] == "1 function changed: 0 guarded, 1 untouched."


def test_async_tests_and_unittest_classes_are_watched_as_others(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("async_tests")
    done = run_assay("weaknesses", "--format", "json", project=project, env=ASYNC_PLUGINS)
    assert done.code == 0
    assert done.record["looked_at"] > 0
    project = copy_project("unittest_classes")
    done = run_assay("weaknesses", "--format", "json", project=project, env=NO_PLUGINS)
    assert done.code == 0
    assert done.record["looked_at"] > 0


def test_options_that_spread_or_stop_a_run_do_not_reach_the_watched_one(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("weak_tests")
    (project / "test_mistakes.py").unlink()
    replace_in(project / "pyproject.toml", "-p no:randomly", "-n 2 --maxfail=1 -p no:randomly")
    done = run_assay("weaknesses", "--format", "json", project=project, env=ALL_PLUGINS)
    assert found_in(done.record) == FOUND


def test_threads_alive_after_collection_change_nothing_of_what_is_found(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("weak_tests")
    (project / "test_mistakes.py").unlink()
    write(
        project / "conftest.py",
        "import threading\n\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n",
    )
    done = run_assay("weaknesses", "--format", "json", project=project, env=NO_PLUGINS)
    assert found_in(done.record) == FOUND


def test_a_project_none_of_whose_tests_passes_is_not_conclusive(
    tmp_path: Path, run_assay: RunAssay
) -> None:
    write(tmp_path / "p" / "test_a.py", "def test_a():\n    0 / 0\n")
    done = run_assay("weaknesses", project=tmp_path / "p", env=NO_PLUGINS)
    assert done.code == 4
    assert "no test passed twice and was seen in full: nothing is known" in done.out

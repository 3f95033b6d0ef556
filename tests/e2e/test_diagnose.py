"""`assay diagnose` and `assay verify` on real projects at two versions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import RunAssay, commit_all, git, start_repository, tree_bytes, write
from seeded import AFTER, BEFORE

Files = Mapping[str, str | None]


def put(root: Path, files: Files) -> None:
    for path, text in files.items():
        if text is None:
            (root / path).unlink()
        else:
            write(root / path, text)


def two_versions(root: Path, before: Files, after: Files, commit: bool = True) -> Path:
    put(root, before)
    start_repository(root)
    put(root, after)
    if commit:
        commit_all(root)
    return root


def categories(record: Any) -> dict[str, str]:
    return {one["test"]: one["category"] for one in [*record["failing"], *record["others"]]}


def causes(record: Any) -> dict[str, str]:
    """The first cause of each failing test."""
    return {one["test"]: (one["causes"] or [""])[0] for one in record["failing"]}


def test_every_seeded_fault_is_found_under_its_name(tmp_path: Path, run_assay: RunAssay) -> None:
    root = two_versions(tmp_path / "shop", BEFORE, AFTER)
    before = tree_bytes(root)
    found = run_assay("diagnose", "--format", "json", project=root)
    assert found.code == 1, found.err
    assert categories(found.record) == {
        "tests/test_text.py": "collection error",
        "tests/test_draw.py::test_winner_is_not_a": "flaky",
        "tests/test_pricing.py::test_discount": "new failure",
        "tests/test_pricing.py::test_discount_nothing": "new failure",
        "tests/test_pricing.py::test_parse_amount": "new failure",
        "tests/test_pricing.py::test_convert": "new failure",
        "tests/test_report.py::test_total": "new failure",
        "tests/test_z_state.py::test_still_dollar": "order-dependent",
    }
    assert causes(found.record) == {
        "tests/test_text.py": "missing-import",
        "tests/test_draw.py::test_winner_is_not_a": "non-determinism",
        "tests/test_pricing.py::test_discount": "signature-changed",
        "tests/test_pricing.py::test_discount_nothing": "signature-changed",
        "tests/test_pricing.py::test_parse_amount": "return-type-changed",
        "tests/test_pricing.py::test_convert": "stale-patch-target",
        "tests/test_report.py::test_total": "return-type-changed",
        "tests/test_z_state.py::test_still_dollar": "leaked-state",
    }
    groups = {group["cause"]: group for group in found.record["groups"]}
    assert len(found.record["groups"]) == 6
    polluted = groups["leaked-state"]["matches"][0]["facts"]
    assert polluted["polluters"] == ["tests/test_eur.py::test_eur"]
    assert "'USD' -> 'EUR'" in polluted["state"]
    parted = groups["return-type-changed"]["divergence"]
    assert parted["sentence"].startswith(
        "shop/pricing.py:9 parse_amount() returned 1000.0 at base, '1000' at head"
    )
    assert groups["missing-import"]["patch"]["verified"]
    assert groups["stale-patch-target"]["patch"]["verified"]
    # `rate` was a share, `percent` is a hundredth: another name alone does not mend it.
    assert not groups["signature-changed"]["patch"]["verified"]
    assert tree_bytes(root) == before


OUTCOMES_BEFORE = {
    "m.py": "def f():\n    return 1\n",
    "test_m.py": """\
import m


def test_passes_then_skipped():
    assert m.f() == 1


def test_vanishes():
    assert m.f() == 1


def test_fails_on_both_sides():
    assert m.f() == 3


def test_fails_at_base_only():
    assert m.f() == 2


def test_stays():
    assert m.f()
""",
}
OUTCOMES_AFTER = {
    "m.py": "def f():\n    return 2\n",
    "test_m.py": """\
import pytest

import m


def test_passes_then_skipped():
    pytest.skip("not today")


def test_fails_on_both_sides():
    assert m.f() == 3


def test_fails_at_base_only():
    assert m.f() == 2


def test_stays():
    assert m.f()


def test_is_new_and_fails():
    assert m.f() == 1
""",
}


def test_tests_that_do_not_simply_pass_on_both_sides_are_told_apart(
    tmp_path: Path, run_assay: RunAssay
) -> None:
    root = two_versions(tmp_path / "m", OUTCOMES_BEFORE, OUTCOMES_AFTER, commit=False)
    write(root / "untracked_test.py", "")
    write(root / "test_untracked.py", "import m\n\n\ndef test_u():\n    assert m.f() == 5\n")
    found = run_assay("diagnose", "--format", "json", project=root)
    assert categories(found.record) == {
        "test_m.py::test_passes_then_skipped": "newly skipped",
        "test_m.py::test_vanishes": "vanished",
        "test_m.py::test_fails_on_both_sides": "known failure",
        "test_m.py::test_fails_at_base_only": "newly passing",
        "test_m.py::test_is_new_and_fails": "new test fails",
        "test_untracked.py::test_u": "new test fails",
    }
    told = run_assay("diagnose", project=root)
    assert "Newly skipped: 1 test\n  test_m.py::test_passes_then_skipped: not today" in told.out
    assert "Vanished: 1 test\n  test_m.py::test_vanishes: its file no longer has it" in told.out


def test_only_known_failures_end_with_0(tmp_path: Path, run_assay: RunAssay) -> None:
    after = {"m.py": "def f():\n    return 1 + 0\n"}
    root = two_versions(tmp_path / "m", OUTCOMES_BEFORE, after)
    found = run_assay("diagnose", project=root)
    assert found.code == 0
    assert "known failure" in found.lines[0]


KILLERS = {
    "m.py": "def f():\n    return 1\n",
    "test_m.py": """\
import os
import time

import m


def test_leaves():
    if m.f() == 2:
        os._exit(3)


def test_hangs():
    while m.f() == 2:
        time.sleep(0.01)


class Strange:
    def __repr__(self):
        raise RuntimeError("no text")

    def __eq__(self, other):
        return m.f() == 1


def test_has_no_text():
    assert Strange() == 1


def test_is_enormous():
    big = [["x" * 1000] * 1000] * 50
    big.append(big)
    assert m.f() == 1, big
""",
}


def test_tests_that_leave_hang_or_have_no_text_are_each_told_of(
    tmp_path: Path, run_assay: RunAssay
) -> None:
    settings = "[tool.assay]\ntimeout-floor = 1.0\n"
    before = {**KILLERS, "pyproject.toml": settings}
    root = two_versions(tmp_path / "m", before, {"m.py": "def f():\n    return 2\n"})
    found = run_assay("diagnose", "--format", "json", project=root)
    assert found.code == 1, found.err
    assert categories(found.record) == {
        f"test_m.py::{name}": "new failure"
        for name in ("test_leaves", "test_hangs", "test_has_no_text", "test_is_enormous")
    }
    assert len(found.out) < 60_000


def test_a_base_that_cannot_be_collected_is_told_and_head_diagnosed(
    tmp_path: Path, run_assay: RunAssay
) -> None:
    before = {"conftest.py": "import nothing_of_the_kind\n", "test_m.py": "def test(): pass\n"}
    after = {"conftest.py": "", "test_m.py": "def test():\n    assert False\n"}
    root = two_versions(tmp_path / "m", before, after)
    found = run_assay("diagnose", "--format", "json", project=root)
    assert found.code == 1, found.err
    assert categories(found.record) == {"test_m.py::test": "new failure"}
    assert "base cannot be collected" in found.record["notices"][0]
    assert "not known" in found.record["notices"][0]


def test_a_head_that_cannot_be_collected_is_one_failure(
    tmp_path: Path, run_assay: RunAssay
) -> None:
    before = {"conftest.py": "", "test_m.py": "def test(): pass\n"}
    root = two_versions(tmp_path / "m", before, {"conftest.py": "import nothing_of_the_kind\n"})
    found = run_assay("diagnose", "--format", "json", project=root)
    assert found.code == 1, found.err
    assert categories(found.record) == {"conftest.py": "collection error"}


NO_START: dict[str, tuple[Files, str]] = {
    "a module takes the name of one that pytest needs": (
        {"random.py": "import nothing_of_the_kind\n"},
        "the new file random.py is imported in place of the library `random`",
    ),
    "an option that pytest does not know": (
        {"pytest.ini": "[pytest]\naddopts = --no-such-option\n"},
        "unrecognized arguments: --no-such-option",
    ),
    "no tests any more": ({"test_m.py": None}, "pytest collected no tests"),
}


@pytest.mark.parametrize("name", NO_START)
def test_a_head_where_pytest_cannot_start_is_one_failure(
    tmp_path: Path, run_assay: RunAssay, name: str
) -> None:
    after, words = NO_START[name]
    before = {"m.py": "", "test_m.py": "def test(): pass\n"}
    root = two_versions(tmp_path / "m", before, after)
    found = run_assay("diagnose", "--format", "json", project=root)
    assert found.code == 1, found.err
    assert categories(found.record) == {"pytest": "collection error"}
    assert words in found.record["groups"][0]["title"]
    assert str(tmp_path) not in found.out
    assert found.record["outcomes"] == {"test_m.py::test": "passed"}
    if name == "an option that pytest does not know":
        refused = run_assay("verify", project=root)
        assert (refused.code, "Not fixed: 1\n  pytest: still" in refused.out) == (1, True)
        (root / "pytest.ini").unlink()
        assert run_assay("verify", project=root).code == 0


def test_what_runs_no_test_at_head_is_no_pass(tmp_path: Path, run_assay: RunAssay) -> None:
    before = {"conftest.py": "", "test_m.py": "def test(): pass\n"}
    loop = "def pytest_runtest_protocol(item):\n    item.session.shouldstop = 'enough'\n"
    root = two_versions(tmp_path / "m", before, {"conftest.py": f"{loop}    return True\n"})
    found = run_assay("diagnose", "--format", "json", project=root)
    assert found.code == 1, found.err
    assert categories(found.record) == {"test_m.py::test": "new failure"}


def test_ids_that_hold_the_path_of_the_project_are_the_projects_own(
    tmp_path: Path, run_assay: RunAssay
) -> None:
    test = (
        "import pathlib\nimport pytest\nimport m\n\nHERE = str(pathlib.Path(__file__).parent)\n\n\n"
        "@pytest.mark.parametrize('place', [HERE])\n"
        "def test_in(place):\n    assert m.SIZE == 1\n"
    )
    before = {"m.py": "SIZE = 1\n", "test_m.py": test}
    root = two_versions(tmp_path / "m", before, {"m.py": "SIZE = 2\n"})
    found = run_assay("diagnose", "--format", "json", project=root)
    test_id = f"test_m.py::test_in[{root}]"
    assert categories(found.record) == {test_id: "new failure"}
    assert found.record["others"] == []
    assert found.record["groups"][0]["divergence"]["base"] is not None
    write(root / "m.py", "SIZE = 1\n")
    assert run_assay("verify", test_id, project=root).code == 0


def test_the_change_is_needed(tmp_path: Path, run_assay: RunAssay) -> None:
    root = two_versions(tmp_path / "m", {"test_m.py": "def test(): pass\n"}, {}, commit=False)
    assert run_assay("diagnose", project=root).code == 5
    assert "unknown revision" in run_assay("diagnose", "--base", "nope", project=root).problem


def test_a_mended_signature_is_patched_verified_and_taken(
    tmp_path: Path, run_assay: RunAssay
) -> None:
    before = {
        "m.py": "def cut(amount, rate):\n    return amount - rate\n",
        "test_m.py": "import m\n\n\ndef test_cut():\n    assert m.cut(5, rate=2) == 3\n",
    }
    after = {"m.py": "def cut(amount, share):\n    return amount - share\n"}
    root = two_versions(tmp_path / "m", before, after)
    assert "nothing to verify against" in run_assay("verify", project=root).problem
    found = run_assay("diagnose", project=root)
    assert "Patch: pass `share` where `rate` was" in found.out
    refused = run_assay("verify", project=root)
    assert refused.code == 1
    assert "Not fixed: 1\n  test_m.py::test_cut: failed" in refused.out
    patch = run_assay("diagnose", "--patch", "1", project=root)
    write(tmp_path / "a.patch", patch.out)
    git(root, "apply", str(tmp_path / "a.patch"))
    assert "m.cut(5, share=2)" in (root / "test_m.py").read_text()
    taken = run_assay("verify", project=root)
    assert (taken.code, taken.lines[0]) == (
        0,
        "Verified: 1 of 1 failures mended, nothing else broke.",
    )
    assert "has no patch" in run_assay("diagnose", "--patch", "2", project=root).problem


def test_tests_made_to_pass_are_told(tmp_path: Path, run_assay: RunAssay) -> None:
    test = "import m\n\n\ndef test_cut():\n    assert m.cut(5) == 3\n"
    before = {"m.py": "def cut(amount):\n    return amount - 2\n", "test_m.py": test}
    root = two_versions(tmp_path / "m", before, {"m.py": "def cut(amount):\n    return amount\n"})
    run_assay("diagnose", project=root)

    write(root / "test_m.py", test.replace("    assert", "    return\n    assert"))
    write(root / "conftest.py", "def pytest_runtest_makereport(item, call):\n    pass\n")
    refused = run_assay("verify", project=root)
    assert refused.code == 1
    assert "test_m.py::test_cut: can fail at 0 assertions, and could at 1" in refused.out
    assert "conftest.py::pytest_runtest_makereport: this hook of pytest was written" in refused.out

    (root / "conftest.py").unlink()
    write(root / "test_m.py", test.replace("== 3", "== 5"))
    taken = run_assay("verify", project=root)
    assert taken.code == 0
    assert taken.lines[2:] == [
        "Note: edited among the tests since the diagnosis: test_m.py, and no other Python file",
        (
            "Note: test_m.py::test_cut checks something else: "
            "`assert m.cut(5) == 3` is now `assert m.cut(5) == 5`"
        ),
    ]
    strict = run_assay("verify", "--no-test-edits", project=root)
    assert (strict.code, "Tests edited: 1\n  test_m.py: was edited" in strict.out) == (1, True)


def test_verify_names_what_did_not_fail(tmp_path: Path, run_assay: RunAssay) -> None:
    root = two_versions(tmp_path / "m", OUTCOMES_BEFORE, OUTCOMES_AFTER)
    run_assay("diagnose", project=root)
    assert "did not fail at the last diagnosis" in run_assay("verify", "x", project=root).problem


@pytest.mark.parametrize("damage", ["{", '{"format": 99}', '{"format": 2}'])
def test_a_damaged_record_is_told(tmp_path: Path, run_assay: RunAssay, damage: str) -> None:
    root = two_versions(tmp_path / "m", {"test_m.py": "def test(): pass\n"}, {}, commit=False)
    write(root / ".assay/reports/diagnose.json", damage)
    found = run_assay("verify", project=root)
    assert found.code == 2
    assert "run `assay diagnose` again" in found.problem

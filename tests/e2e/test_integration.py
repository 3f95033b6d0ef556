"""`assay integration` from end to end: the seams of a project, and what it must not say of them."""

from __future__ import annotations

import json
from typing import Any

from conftest import NO_PLUGINS, CopyProject, MappedProject, RunAssay, replace_in, tree_bytes

STATES = {
    ("price", "rate"): "real",
    ("confirm", "receipt"): "real",
    ("total", "vat"): "real",
    ("title", "label"): "mocked",
    ("confirm", "send"): "mocked",
    ("fetch", "take"): "mocked",
    ("total", "duty"): "untested",
}


def states(record: Any) -> dict[tuple[str, str], str]:
    return {(one["caller"]["unit"], one["callee"]["unit"]): one["state"] for one in record["seams"]}


def test_each_seam_has_its_state_and_what_drifted_is_told(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("seams")
    before = tree_bytes(project)
    done = run_assay("integration", "--format", "json", project=project, env=NO_PLUGINS)
    assert done.code == 0
    assert states(done.record) == STATES
    assert {one["callee"]["unit"]: one["sentences"] for one in done.record["drifts"]} == {
        "label": ["returns bytes; the real one returned str in 1 test"],
        "take": [
            (
                "called with (str, int); the real one takes (item, count, *, reserve): "
                "missing a required argument: 'reserve'"
            )
        ],
    }
    assert [(one["kind"], one["callee"]["unit"]) for one in done.record["cards"]] == [
        ("drifted", "take"),
        ("drifted", "label"),
        ("mocked", "send"),
        ("untested", "duty"),
    ]
    assert tree_bytes(project) == before
    kept = json.loads((project / ".assay" / "reports" / "integration.json").read_text("utf-8"))
    assert kept == done.record


def test_a_path_keeps_the_seams_that_touch_it_and_the_head_has_the_numbers(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("seams")
    done = run_assay("integration", "shop/mail.py", project=project, env=NO_PLUGINS)
    assert done.lines[0] == (
        "2 seams between 2 modules: 1 exercised for real, 1 only through mocks, 0 by nothing; "
        "0 mocks drifted."
    )
    words = "`confirm` meets `send` only as a stand-in: 1 test replaces it, and none goes through."
    assert words in done.lines


def test_a_test_that_does_not_pass_proves_nothing(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("seams")
    replace_in(project / "tests" / "test_orders.py", "== 220", "== 221")
    replace_in(project / "tests" / "test_orders.py", "def test_total", "def skipped_total")
    done = run_assay("integration", "--format", "json", project=project, env=NO_PLUGINS)
    found = states(done.record)
    assert found["price", "rate"] == "unclear"
    assert found["total", "vat"] == "unclear"
    assert found["confirm", "receipt"] == "real"
    assert done.record["left_out"] == {"failed": 1}


def test_a_suite_that_cannot_be_collected_and_a_path_that_is_not_there_are_told(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("seams")
    done = run_assay("integration", "shop/gone.py", project=project, env=NO_PLUGINS)
    assert done.code == 2
    (project / "tests" / "test_broken.py").write_text("import nothing_of_the_kind\n", "utf-8")
    done = run_assay("integration", project=project, env=NO_PLUGINS)
    assert done.code == 3
    assert "pytest cannot collect tests/test_broken.py" in done.problem

"""`--report html=FILE`, `assay history` and `assay weaknesses --trend`, each as a user types it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import (
    CopyProject,
    MappedProject,
    Result,
    RunAssay,
    commit_all,
    git,
    replace_in,
    tree_bytes,
)

from assay.commands import weaknesses
from assay.report.outputs import FORMATS

pytestmark = pytest.mark.slow


def data_of(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def rows(done: Result) -> list[Any]:
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.lines]


def test_mutate_leaves_a_page_with_every_mutant_and_a_row_in_the_history(
    mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = mapped_project("asserts_nothing")
    before = tree_bytes(project)
    file = tmp_path / "page.html"
    done = run_assay(
        "mutate", "ages.py", "--format", "json", "--report", f"html={file}", project=project
    )
    page = file.read_text(encoding="utf-8")

    data = data_of(page)
    told = {row["i"]: row["s"] for row in data["mutants"]}
    assert told == {one["id"]: one["status"][0] for one in done.record["mutants"]}
    assert set(told.values()) >= {"S"}
    assert data["files"][0]["t"] == (project / "ages.py").read_text(encoding="utf-8")
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert "the first report of its kind" in page.lower()

    (row,) = rows(run_assay("history", "--export", "-", project=project))
    survived = {one["id"] for one in done.record["mutants"] if one["status"] == "Survived"}
    assert {one["id"] for one in row["findings"]} == survived
    assert (row["verb"], row["scope"], row["dirty"]) == ("mutate", "ages.py", False)
    assert row["commit"] == git(project, "rev-parse", "HEAD").strip()
    assert row["conclusive"] is (done.code == 0)
    assert tree_bytes(project) == before


def test_weaknesses_says_what_came_and_went_since_the_report_before(
    copy_project: CopyProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = copy_project("asserts_nothing")
    first = run_assay("weaknesses", "--kind", "assertion-free", project=project)
    assert "Since the report" not in first.out
    (found,) = rows(run_assay("history", "--export", "-", project=project))
    gone = found["findings"][0]
    assert gone["kind"] == "assertion-free"

    test = gone["unit"]
    text = (project / gone["path"]).read_text(encoding="utf-8")
    head = next(line for line in text.splitlines() if line.startswith(f"def {test}("))
    replace_in(project / gone["path"], head, f"{head}\n    assert len('a') == 1")
    commit_all(project)
    file = tmp_path / "page.html"
    again = run_assay(
        "weaknesses", "--kind", "assertion-free", "--report", f"html={file}", project=project
    )
    still = len(found["findings"]) - 1
    sentence = f"0 new, 1 gone, {still} still there."
    assert sentence in again.out
    assert sentence in file.read_text(encoding="utf-8")

    trend = run_assay("weaknesses", "--trend", project=project)
    assert trend.lines[0] == (
        "2 reports of assay weaknesses, level 0, everything, only assertion-free."
    )
    assert f"  Gone: {gone['id']} assertion-free" in trend.out
    other = run_assay("weaknesses", "--trend", "--kind", "tautology", project=project)
    assert other.out.startswith("No report is kept yet")
    assert run_assay("history", project=project).lines[-1] == "2 runs kept, the last 2 shown."


def test_a_damaged_history_costs_no_answer(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    (project / ".assay" / "history.sqlite").write_bytes(b"nothing of the kind, again" * 100)
    done = run_assay("mutate", "./ages.py", "--extreme", project=project)
    assert "mutation score" in done.out
    assert "  ages.py, --extreme  " in run_assay("history", project=project).out
    assert (project / ".assay" / "history.sqlite.damaged-1").exists()
    assert len(rows(run_assay("history", "--export", "-", project=project))) == 1


@pytest.mark.parametrize("format", sorted(set(FORMATS) - set(weaknesses.FORMATS)))
def test_weaknesses_refuses_reports_about_mutants_before_anything_runs(
    format: str, copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("well_tested")
    done = run_assay("weaknesses", "--report", f"{format}=-", project=project)
    assert done.code == 2
    assert f"the format {format} tells of mutants, not of weaknesses" in done.problem
    assert not (project / ".assay").exists()

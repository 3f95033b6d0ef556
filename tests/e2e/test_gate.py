"""`assay gate` and `assay accept` on a project whose change is guarded in part."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import RunAssay, clean_environment, replace_in, start_repository, tree_bytes, write
from gate_cases import finding
from schema_checks import check_elements, check_record, check_sarif

from assay.cli import main
from assay.committed import read_accepted
from assay.findings import keep_findings, last_findings
from assay.model.finding import Confidence
from assay.project import open_project
from assay.report.outputs import FORMATS

pytestmark = pytest.mark.slow

BASE = """\
FREE_FROM = 50


def shipping(total):
    if total > FREE_FROM:
        return 0
    return 5
"""

HEAD = """\
FREE_FROM = 50


def shipping(total):
    if total >= FREE_FROM:
        return 0
    return 5


def refund(paid, fee):
    return paid - fee
"""

TESTS = """\
from order import shipping


def test_large_order():
    assert shipping(200) == 0


def test_small_order():
    assert shipping(20) == 5
"""


NEXT = (
    "  Next: add a test that runs these lines, or mark with `# pragma: no cover` what none can run."
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after its first gate, which has recorded the map and the verdicts."""
    project = tmp_path_factory.mktemp("gate") / "shop"
    for name, text in {
        "order.py": BASE,
        "test_order.py": TESTS,
        "pytest.ini": "[pytest]\n",
    }.items():
        write(project / name, text)
    start_repository(project)
    write(project / "order.py", HEAD)
    argv = ["gate", "--quiet", "--preset", "advisory", "--project", str(project)]
    assert main([*argv, "--python", sys.executable], clean_environment()) == 0
    return project


@pytest.fixture
def shop(recorded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(recorded, tmp_path / "shop", symlinks=True)


def last(project: Path) -> Any:
    """The record of the last gate."""
    record = json.loads((project / ".assay/reports/gate.json").read_text(encoding="utf-8"))
    check_record(record)
    return record


def survivors(project: Path) -> list[str]:
    return [m["id"] for m in last(project)["mutants"] if m["status"] == "Survived"]


def refused(project: Path) -> list[str]:
    return [one["rule"] for one in last(project)["gate"]["refusals"]]


def test_the_gate_refuses_and_says_what_to_do(shop: Path, run_assay: RunAssay) -> None:
    done = run_assay("gate", project=shop)
    assert done.code == 1
    assert done.lines[:7] == [
        "Gate failed (standard): 2 reasons, exit code 1.",
        "Refused: 1 changed function is guarded by no test, 0 allowed (max-unguarded)",
        "    order.py:11 refund: no test runs it",
        "  Next: add a test that runs it and fails when it is wrong.",
        "Refused: tests run 67 % of 3 changed statements, 80 % wanted (min-covered)",
        "    order.py:11",
        NEXT,
    ]
    record = last(shop)
    assert (record["verb"], record["exit_code"], record["gate"]["passed"]) == ("gate", 1, False)
    assert record["changed_lines"] == [{"path": "order.py", "lines": [5, 10, 11], "missed": [11]}]


@pytest.fixture
def weakened(shop: Path) -> Path:
    """All is committed, and then a test no longer says what it said."""
    start_repository(shop)
    replace_in(shop / "test_order.py", "shipping(20) == 5", 'shipping(20) == 5, "small"')
    replace_in(shop / "test_order.py", "assert shipping(20)", "assert (shipping(20)")
    replace_in(shop / "test_order.py", '"small"', '"small")')
    return shop


def test_a_test_that_became_weak_is_refused_with_the_guard_that_it_was(
    weakened: Path, run_assay: RunAssay
) -> None:
    done = run_assay("gate", project=weakened)
    assert (done.code, refused(weakened)) == (1, ["max-lost", "weak-kinds"])
    assert "[tautology]" in done.out
    assert "order.py:5" in done.out


def test_a_policy_may_ask_for_neither(weakened: Path, run_assay: RunAssay) -> None:
    table = '[tool.assay.gate]\nweak-kinds = "none"\nmax-lost = "any"\n'
    write(weakened / "pyproject.toml", table)
    done = run_assay("gate", project=weakened)
    assert (done.code, refused(weakened)) == (0, [])


def test_an_equally_strong_test_passes(shop: Path, run_assay: RunAssay) -> None:
    start_repository(shop)
    replace_in(shop / "test_order.py", "assert shipping(20) == 5", "assert 5 == shipping(20)")
    done = run_assay("gate", project=shop)
    assert (done.code, refused(shop)) == (0, [])


def test_the_settings_of_the_project_are_its_policy(shop: Path, run_assay: RunAssay) -> None:
    table = '[tool.assay.gate]\npreset = "strict"\nmax-unguarded = "any"\nmin-covered = 0\n'
    write(shop / "pyproject.toml", table)
    done = run_assay("gate", project=shop)
    assert (done.code, refused(shop)) == (1, ["max-survivors"])
    assert done.lines[0] == "Gate failed (strict, with [tool.assay.gate]): 1 reason, exit code 1."


def test_a_mistake_in_a_policy_costs_no_run(shop: Path, run_assay: RunAssay) -> None:
    write(shop / "pyproject.toml", "[tool.assay.gate]\nmax-survivor = 1\n")
    before = tree_bytes(shop, skip=())
    done = run_assay("gate", project=shop)
    assert done.code == 2
    assert "unknown key 'max-survivor' (did you mean 'max-survivors'?)" in done.problem
    assert tree_bytes(shop, skip=()) == before


def test_what_is_accepted_is_shown_and_not_counted_until_its_function_changes(
    shop: Path, run_assay: RunAssay
) -> None:
    policy = shop / "policy.toml"
    write(policy, 'preset = "strict"\nmax-unguarded = "any"\nmin-covered = 0\n')
    arguments = ("--policy", str(policy))
    assert run_assay("gate", *arguments, project=shop).code == 1
    ids = survivors(shop)
    done = run_assay("accept", *ids, "--reason", "nobody buys for 50", project=shop)
    assert done.code == 0
    assert done.lines[-1] == "Commit assay-accepted.toml."

    done = run_assay("gate", *arguments, project=shop)
    assert done.code == 0
    assert sum(line.startswith("Accepted: order.py:5 shipping") for line in done.lines) == len(ids)
    assert "(accepted: nobody buys for 50)" in done.out
    assert f"({len(ids)} accepted)" in done.out
    held = [m for m in last(shop)["mutants"] if m["accepted"]]
    assert [m["id"] for m in held] == ids

    replace_in(shop / "order.py", "return 5", "return 6 - 1")
    done = run_assay("gate", *arguments, project=shop)
    assert done.code == 1
    assert "no longer accepted (accepted: nobody buys for 50): shipping has changed" in done.out


def test_an_answer_ends_with_its_day(shop: Path, run_assay: RunAssay) -> None:
    name = survivors(shop)[0]
    arguments = ("--reason", "later", "--as", "equivalent", "--until")
    assert run_assay("accept", name, *arguments, "2999-12-31", project=shop).code == 0
    done = run_assay("gate", project=shop)
    assert "(equivalent, until 2999-12-31: later)" in done.out
    replace_in(shop / "assay-accepted.toml", "2999-12-31", "2001-12-31")
    done = run_assay("gate", project=shop)
    assert "no longer accepted (equivalent: later): it was accepted until 2001-12-31" in done.out


def test_impact_shows_what_is_accepted_too(shop: Path, run_assay: RunAssay) -> None:
    name = survivors(shop)[0]
    assert run_assay("accept", name[:6], "--reason", "why not", project=shop).code == 0
    done = run_assay("impact", project=shop)
    assert f"] {name} (accepted: why not)" in done.out
    assert "(accepted): why not" in run_assay("show", name, project=shop).out


BAD = {
    "an id of nothing": (("zz", "--reason", "x"), "no mutant 'zz' in the last runs"),
    "an empty reason": (("KILLED", "--reason", " "), "--reason is empty"),
    "a killed mutant": (("KILLED", "--reason", "x"), "is Killed: there is nothing to accept"),
    "a day that has passed": (
        ("SURVIVOR", "--reason", "x", "--until", "2001-01-01"),
        "--until 2001-01-01 has passed already",
    ),
    "no day": (("SURVIVOR", "--reason", "x", "--until", "soon"), "'soon' is no day"),
    "no reason": (("SURVIVOR",), "required: --reason"),
    "an unknown answer": (("SURVIVOR", "--reason", "x", "--as", "y"), "invalid choice: 'y'"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_accepted_is_told_and_nothing_is_written(
    name: str, shop: Path, run_assay: RunAssay
) -> None:
    arguments, problem = BAD[name]
    mutants = last(shop)["mutants"]
    known = {
        status.upper(): next(m["id"] for m in mutants if m["status"] == status)
        for status in ("Killed", "Survived")
    }
    known["SURVIVOR"] = known["SURVIVED"]
    done = run_assay("accept", *(known.get(a, a) for a in arguments), project=shop)
    assert done.code == 2
    assert problem in done.problem
    assert not (shop / "assay-accepted.toml").exists()


def test_a_mutant_of_a_function_that_has_changed_since_cannot_be_accepted(
    shop: Path, run_assay: RunAssay
) -> None:
    replace_in(shop / "order.py", "return 5", "return 6")
    done = run_assay("accept", survivors(shop)[0], "--reason", "x", project=shop)
    assert done.code == 2
    assert "order.py::shipping is not what it was when" in done.problem


def test_a_ratchet_lets_pass_what_was_there_and_refuses_what_comes(
    shop: Path, run_assay: RunAssay
) -> None:
    arguments = ("--preset", "ratchet")
    done = run_assay("gate", *arguments, project=shop)
    assert (done.code, refused(shop)) == (1, ["max-unguarded", "max-survivors"])
    assert "no assay-baseline.json yet, so all counts as new" in done.out

    done = run_assay("gate", *arguments, "--update-baseline", project=shop)
    assert done.code == 0
    assert f"assay-baseline.json is written: {len(survivors(shop)) + 1} known" in done.out
    before = (shop / "assay-baseline.json").read_bytes()
    assert run_assay("gate", *arguments, project=shop).code == 0

    with (shop / "order.py").open("a", encoding="utf-8") as file:
        file.write("\n\ndef total(prices):\n    return sum(prices)\n")
    done = run_assay("gate", *arguments, project=shop)
    assert (done.code, refused(shop)) == (1, ["max-unguarded"])
    assert "order.py:15 total: no test runs it" in done.out
    assert (shop / "assay-baseline.json").read_bytes() == before


def test_a_baseline_is_not_updated_by_an_answer_that_does_not_hold(
    shop: Path, run_assay: RunAssay
) -> None:
    replace_in(shop / "test_order.py", "shipping(20) == 5", "shipping(20) == 6")
    done = run_assay("gate", "--preset", "ratchet", "--update-baseline", project=shop)
    assert done.code == 3
    assert "assay-baseline.json is not updated: the answer does not hold" in done.out
    assert not (shop / "assay-baseline.json").exists()


def test_a_baseline_that_no_policy_reads_is_a_mistake(shop: Path, run_assay: RunAssay) -> None:
    done = run_assay("gate", "--update-baseline", project=shop)
    assert done.code == 2
    assert "takes no notice of a baseline" in done.problem


# -- findings about tests


def test_findings_are_kept_and_accepted_as_survivors_are(shop: Path, run_assay: RunAssay) -> None:
    found = (finding(), finding(name="w7654321"))
    project = open_project(shop, None, (), {})
    keep_findings(project, "weaknesses", found)
    assert last_findings(project) == found
    done = run_assay("accept", "w12", "--reason", "by design", project=shop)
    assert done.lines[0] == (
        "w1234567 (The assertion of a never runs.) is accepted until t.py::a changes."
    )
    (entry,) = read_accepted(project)
    assert (entry.id, entry.kind, entry.digest) == ("w1234567", "rotten-green", "e" * 16)
    assert "several findings: w1234567, w7654321" in (
        run_assay("accept", "w", "--reason", "x", project=shop).problem
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "cannot read"),
        ('{"format": 2, "verbs": {"gate": [{}]}}', "is damaged"),
        ('{"format": 2}', "is damaged"),
    ],
)
def test_kept_findings_that_are_damaged_are_told(
    text: str, problem: str, shop: Path, run_assay: RunAssay
) -> None:
    write(shop / ".assay/findings.json", text)
    done = run_assay("accept", "w12", "--reason", "x", project=shop)
    assert done.code == 2
    assert problem in done.problem


def test_the_findings_of_one_verb_do_not_make_those_of_another_forgotten(shop: Path) -> None:
    project = open_project(shop, None, (), {})
    old, new = finding(name="w1111111"), finding(Confidence.LIKELY, name="w1111111")
    keep_findings(project, "weaknesses", (old, finding(name="w2222222")))
    keep_findings(project, "gate", (new,))
    assert last_findings(project) == (new, finding(name="w2222222"))
    keep_findings(project, "gate", ())
    assert last_findings(project) == (old, finding(name="w2222222"))


def test_findings_that_another_version_kept_are_none(shop: Path, run_assay: RunAssay) -> None:
    write(shop / ".assay/findings.json", '{"format": 9}')
    assert last_findings(open_project(shop, None, (), {})) == ()


# -- reports


def test_one_run_writes_every_report(shop: Path, run_assay: RunAssay, tmp_path: Path) -> None:
    place = tmp_path / "out"
    reports = [f"--report={name}={place / name}" for name in FORMATS]
    done = run_assay("gate", *reports, project=shop)
    assert (done.code, done.lines[0]) == (1, "Gate failed (standard): 2 reasons, exit code 1.")
    texts = {name: (place / name).read_text(encoding="utf-8") for name in FORMATS}
    assert sorted(path.name for path in place.iterdir()) == sorted(FORMATS)
    check_record(json.loads(texts["json"]))
    check_sarif(json.loads(texts["sarif"]))
    check_elements(json.loads(texts["elements"]))
    assert [row["check_name"] for row in json.loads(texts["codequality"])] == [
        "assay/unguarded",
        *["assay/survivor"] * len(survivors(shop)),
    ]
    assert texts["junit"].startswith("<?xml")
    assert "::warning file=order.py,line=11," in texts["annotations"]
    assert "### Gate failed" in texts["markdown"]


def test_a_report_on_standard_output_stands_there_alone(shop: Path, run_assay: RunAssay) -> None:
    done = run_assay("impact", "--report", "sarif=-", project=shop)
    assert done.code == 0
    check_sarif(done.record)


def test_the_summary_of_a_step_is_added_to(shop: Path, run_assay: RunAssay, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    write(summary, "before\n")
    env = {"GITHUB_STEP_SUMMARY": str(summary)}
    for _ in range(2):
        run_assay("impact", "--report", f"markdown={summary}", project=shop, env=env)
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- assay -->")
    assert text.count("<!-- assay -->") == 2


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("sarf=x", "unknown format 'sarf' (did you mean 'sarif'?)"),
        ("markdown=", "'markdown=' names no file"),
        ("markdown", "'markdown' names no file"),
    ],
)
def test_a_report_that_cannot_be_is_told(
    value: str, problem: str, shop: Path, run_assay: RunAssay
) -> None:
    done = run_assay("impact", "--report", value, project=shop)
    assert done.code == 2
    assert problem in done.problem


def test_records_of_all_verbs_keep_to_the_published_schema(shop: Path, run_assay: RunAssay) -> None:
    path = str(shop / "order.py")
    shards = []
    for number in (1, 2):
        arguments = (path, "--sample", "8", "--shard", f"{number}/2", "--format", "json")
        done = run_assay("mutate", *arguments, project=shop)
        check_record(done.record)
        shards.append(shop / f"shard-{number}.json")
        write(shards[-1], done.out)
    done = run_assay("merge", *map(str, shards), "--format", "json", project=shop)
    check_record(done.record)
    check_record(run_assay("impact", "--format", "json", project=shop).record)

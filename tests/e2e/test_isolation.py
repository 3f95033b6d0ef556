"""Facts about isolation: however mutants are kept apart, they have the same verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import MappedProject, RunAssay, start_repository, write

pytestmark = pytest.mark.slow

SOURCE = """\
LIMIT = 10
SEEN = []


def price(amount, rate=2):
    if amount > LIMIT:
        return amount * rate
    return amount + 1


def remember(item):
    SEEN.append(item)
    return len(SEEN)


def countdown(number):
    rounds = 0
    while number > 0:
        number -= 1
        rounds += 1
    return rounds
"""

TESTS = """\
import pytest

import shop


def test_cheap():
    assert shop.price(3) == 4


def test_dear():
    assert shop.price(20) == 40


def test_first_to_be_remembered():
    assert shop.remember("a") == 1


def test_rounds():
    assert shop.countdown(3) == 3
"""


def project_of(tmp_path: Path, tests: str) -> Path:
    root = tmp_path / "shop"
    write(root / "shop.py", SOURCE)
    write(root / "test_shop.py", tests)
    start_repository(root)
    return root


def verdicts(run_assay: RunAssay, root: Path, isolation: str, *more: str) -> dict[str, str]:
    done = run_assay(
        "mutate",
        "shop.py",
        "--fresh",
        "--isolation",
        isolation,
        "--format",
        "json",
        *more,
        project=root,
    )
    return {row["id"]: row["status"] for row in done.record["mutants"]}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return project_of(tmp_path, TESTS)


def test_verdicts_do_not_depend_on_how_mutants_are_kept_apart(
    shop: Path, run_assay: RunAssay
) -> None:
    apart = verdicts(run_assay, shop, "process")
    assert {"Killed", "Survived", "Timeout"} <= set(apart.values())
    assert verdicts(run_assay, shop, "fork") == apart
    assert verdicts(run_assay, shop, "speculate") == apart


def test_a_test_that_passes_only_once_in_a_process_kills_all_the_same(
    shop: Path, run_assay: RunAssay
) -> None:
    done = run_assay("mutate", "shop.py:11-13", "--fresh", "--format", "json", project=shop)
    rows = done.record["mutants"]
    killers = {row["killer"] for row in rows if row["status"] == "Killed"}
    assert killers == {"test_shop.py::test_first_to_be_remembered"}
    assert done.record["flaky"] == {}


def test_ids_that_differ_from_process_to_process_are_told_by_their_place(
    tmp_path: Path, run_assay: RunAssay
) -> None:
    changing = TESTS + (
        "\n\nimport uuid\n\n\n"
        "@pytest.mark.parametrize('name', [uuid.uuid4().hex, uuid.uuid4().hex])\n"
        "def test_names(name):\n    assert shop.price(len(name)) == 64\n"
    )
    root = project_of(tmp_path, changing)
    found = verdicts(run_assay, root, "process")
    assert "RuntimeError" not in found.values()


def test_an_endless_loop_is_told_by_its_rounds(shop: Path, run_assay: RunAssay) -> None:
    done = run_assay("mutate", "shop.py:19", "--fresh", "--format", "json", project=shop)
    reasons = [r["reason"] for r in done.record["mutants"] if r["status"] == "Timeout"]
    assert reasons
    assert all("went round more than 500,000 times" in reason for reason in reasons)


def test_tests_that_swallow_everything_make_the_answer_not_conclusive(
    tmp_path: Path, run_assay: RunAssay
) -> None:
    tests = (
        "import shop\n\n\ndef test_nothing():\n    try:\n        shop.price(3)\n"
        "    except BaseException:\n        pass\n"
    )
    done = run_assay("mutate", "shop.py:5-8", "--fresh", project=project_of(tmp_path, tests))
    assert done.code == 4
    assert "fail none of their 1 tests" in done.out


def test_verified_verdicts_that_hold_change_nothing(shop: Path, run_assay: RunAssay) -> None:
    plain = verdicts(run_assay, shop, "speculate")
    assert verdicts(run_assay, shop, "speculate", "--verify", "50") == plain
    done = run_assay("mutate", "shop.py", "--fresh", "--verify", "2", project=shop)
    assert "--verify: 2 verdicts run again, none came out differently." in done.out


def test_code_that_runs_at_import_has_the_same_verdicts_from_its_import_on(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    root = mapped_project("import_time_code")
    found = [
        run_assay(
            "mutate",
            "tables.py",
            "--fresh",
            "--isolation",
            isolation,
            "--format",
            "json",
            project=root,
        )
        for isolation in ("process", "speculate")
    ]
    apart, shared = ({r["id"]: r["status"] for r in done.record["mutants"]} for done in found)
    assert apart == shared

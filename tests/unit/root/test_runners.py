"""Facts about what is shipped to a cluster: which variables, and whose distributions."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.model.impact import EMPTY_MAP, ImpactMap, Node
from assay.runners import distributions_of, variables_of


def read(*names: str) -> ImpactMap:
    node = Node("test:t.py::f", env=dict.fromkeys(names, "digest"))
    return ImpactMap({node.key: node}, {}, ())


def test_variables_that_tests_read_go_along_also_when_they_are_not_set() -> None:
    found = variables_of(read("SHOP_CURRENCY", "SHOP_DEBUG", "*"), {"SHOP_CURRENCY": "EUR"})
    assert (found["SHOP_CURRENCY"], found["SHOP_DEBUG"]) == ("EUR", None)
    assert "*" not in found


def test_variables_that_change_results_unseen_go_along() -> None:
    found = variables_of(EMPTY_MAP, {"TZ": "CET", "PYTEST_ADDOPTS": "-p no:randomly"})
    assert (found["TZ"], found["PYTEST_ADDOPTS"]) == ("CET", "-p no:randomly")


@pytest.mark.parametrize("name", ["HOME", "PATH", "PYTHONPATH", "TMPDIR", "VIRTUAL_ENV"])
def test_what_belongs_to_a_machine_stays_there(name: str) -> None:
    assert name not in variables_of(read(name), {name: "/here"})


def test_what_no_test_reads_is_not_sent() -> None:
    assert "TOKEN" not in variables_of(read("SHOP_CURRENCY"), {"TOKEN": "secret"})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('[project]\nname = "shop"\n', ["shop"]),
        ('[tool.poetry]\nname = "shop"\n', ["shop"]),
        ("[project]\nname = 3\n", []),
        ("[tool.assay]\njobs = 1\n", []),
        ("tool = 3\n", []),
        ("no toml", []),
    ],
)
def test_the_projects_own_distribution_is_the_one_it_names(
    text: str, names: list[str], tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert list(distributions_of([tmp_path, tmp_path / "none"])) == names

"""Facts about what two machines must agree on, and how a difference is told: with both sides."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from assay.execution.cluster.agent import needed_by_workers
from assay.execution.cluster.agreement import Facts, differences, plain_name, renamed

HERE = Facts(
    assay="0.1.0",
    code="a" * 64,
    fingerprint=("Python=3.11.7", "pytest=9.2.0", "shop=1.0"),
    tests=("t.py::one", "t.py::two"),
    modules={"shop.tax": "src/shop/tax.py"},
)


def told(there: Facts, project: Collection[str] = (), needed: Collection[str] = ()) -> list[str]:
    return differences(HERE, there, project, needed)


def test_equal_machines_agree() -> None:
    assert told(HERE) == []


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (replace(HERE, assay="0.2.0"), "assay 0.1.0 (aaaaaaaa) here, 0.2.0 (aaaaaaaa) there"),
        (replace(HERE, code="b" * 64), "assay 0.1.0 (aaaaaaaa) here, 0.1.0 (bbbbbbbb) there"),
        (
            replace(HERE, fingerprint=("Python=3.12.1", "pytest=9.2.0", "shop=1.0")),
            "Python 3.11.7 here, 3.12.1 there",
        ),
        (
            replace(HERE, fingerprint=("Python=3.11.7", "shop=1.0")),
            "pytest 9.2.0 here, (none) there",
        ),
        (
            replace(HERE, fingerprint=(*HERE.fingerprint, "xdist=3.8")),
            "xdist (none) here, 3.8 there",
        ),
        (
            replace(HERE, modules={"shop.tax": "/usr/lib/shop/tax.py"}),
            "shop.tax is imported from src/shop/tax.py here, and from /usr/lib/shop/tax.py there",
        ),
        (
            replace(HERE, modules={}),
            "shop.tax is imported from src/shop/tax.py here, and from nowhere there",
        ),
        (
            replace(HERE, tests=("t.py::one",)),
            "1 test collected only here, such as t.py::two",
        ),
        (
            replace(HERE, tests=(*HERE.tests, "t.py::a", "t.py::b")),
            "2 tests collected only there, such as t.py::a",
        ),
        (
            replace(HERE, forks=False),
            "after collection no thread is alive here, threads are there",
        ),
    ],
)
def test_a_difference_names_both_sides(there: Facts, words: str) -> None:
    assert told(there) == [words]


def test_the_project_may_be_installed_there_in_another_version_or_not_at_all() -> None:
    other = replace(HERE, fingerprint=("Python=3.11.7", "pytest=9.2.0", "shop=0.9"))
    absent = replace(HERE, fingerprint=("Python=3.11.7", "pytest=9.2.0"))
    assert told(other, project={"shop"}) == told(absent, project={"shop"}) == []
    assert told(other) != []


def test_what_a_worker_needs_may_be_missing_here_but_not_be_another() -> None:
    more = replace(HERE, fingerprint=(*HERE.fingerprint, "tornado=6.5"))
    assert told(more, needed={"tornado"}) == []
    other = replace(HERE, fingerprint=("Python=3.11.7", "pytest=9.1.0", "shop=1.0"))
    assert told(other, needed={"pytest"}) == ["pytest 9.2.0 here, 9.1.0 there"]


def test_of_many_differences_the_first_are_named_and_the_rest_counted() -> None:
    there = replace(HERE, fingerprint=(*HERE.fingerprint, *(f"p{n}=1" for n in range(9))))
    assert told(there)[-1] == "4 more"
    assert len(told(there)) == 6


def test_assay_and_dask_are_what_a_worker_needs() -> None:
    needed = needed_by_workers()
    assert {"assay", "distributed", "dask", "tornado", "mutmut", "pytest"} <= needed
    assert "ruff" not in needed


@pytest.mark.parametrize("name", ["Ruamel.Yaml", "ruamel_yaml", "ruamel--yaml"])
def test_a_distribution_has_one_name_however_it_is_spelt(name: str) -> None:
    assert plain_name(name) == "ruamel-yaml"


def test_parameters_with_another_text_in_each_process_are_told_by_their_order() -> None:
    here = ("t.py::f[a-10:00]", "t.py::f[same]", "t.py::f[b-10:00]", "t.py::g")
    there = ("t.py::f[a-10:01]", "t.py::f[same]", "t.py::f[b-10:01]", "t.py::g")
    assert renamed(here, there) == dict(zip(here, there, strict=True))
    assert differences(replace(HERE, tests=here), replace(HERE, tests=there), (), ()) == []


def test_parameters_are_not_told_by_their_order_where_their_number_differs() -> None:
    here, there = ("t.py::f[1]", "t.py::f[2]"), ("t.py::f[3]",)
    assert renamed(here, there) == {}


def test_a_test_without_parameters_is_never_another() -> None:
    assert renamed(("t.py::f",), ("t.py::g",)) == {}

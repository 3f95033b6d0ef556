"""Facts about policies: presets, what a key may be, and that no mistake goes unnoticed."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assay.errors import UsageError
from assay.gate.policy import KEYS, NONE, PRESETS, Policy, parse_policy
from assay.policies import load_policy, preset_policy, preset_text
from assay.project import Project, open_project

KINDS = ("rotten-green", "assertion-free")
BASE = Policy("base")


def project(root: Path, table: str = "") -> Project:
    (root / "pyproject.toml").write_text(table, encoding="utf-8")
    return open_project(root, None, (), {})


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_every_key_itself(name: str) -> None:
    assert set(tomllib.loads(preset_text(name))) == set(KEYS) - {"preset"}


def test_the_presets_differ_as_their_names_say() -> None:
    standard = preset_policy("standard", KINDS)
    assert preset_policy("advisory", KINDS) == replace(standard, name="advisory", advisory=True)
    assert (standard.max_unguarded, standard.max_survivors, standard.min_covered) == (0, None, 80)
    strict = preset_policy("strict", KINDS)
    assert (strict.max_unguarded, strict.max_survivors, strict.min_covered) == (0, 0, 100)
    assert [name for name in PRESETS if preset_policy(name, KINDS).ratchet] == ["ratchet"]
    assert all(preset_policy(name, KINDS).tests_pass for name in PRESETS)
    assert not any(preset_policy(name, KINDS).partial for name in PRESETS)


VALUES: dict[str, tuple[list[Any], list[Any]]] = {
    "preset": (["strict"], ["lax", 1]),
    "advisory": ([True], ["yes", 1]),
    "tests-pass": ([False], [0]),
    "max-unguarded": ([0, 3, "any"], [-1, True, "none", 1.5]),
    "max-survivors": ([0, "any"], [-1, []]),
    "max-lost": ([0, 2, "any"], [-1, "none"]),
    "max-timeouts": ([0, "any"], [-1, None]),
    "max-inconclusive": ([0, 3], ["any", -1]),
    "min-covered": ([0, 80, 99.5, 100], [-1, 101, "80", True]),
    "weak-kinds": (["all", "none", [], ["rotten-green"]], ["some", ["rotten"], 1]),
    "weak-confidence": (["certain", "likely"], ["hint", 1]),
    "nothing-to-mutate": (["allow", "refuse"], [True]),
    "partial": ([True], ["true"]),
    "ratchet": ([True], [1]),
    "ignore": ([[], ["docs/*"]], ["docs/*", [1], [""]]),
}


def test_every_key_is_tried() -> None:
    assert set(VALUES) == set(KEYS)


@pytest.mark.parametrize(
    ("key", "value"), [(k, v) for k, (good, _) in VALUES.items() for v in good]
)
def test_a_value_that_fits_is_taken(key: str, value: Any) -> None:
    parse_policy({key: value}, "here", BASE, KINDS)


def test_no_kind_of_weak_test_is_none_at_all() -> None:
    """Nothing is looked for then, which `all` and an empty selection of kinds would."""
    assert parse_policy({"weak-kinds": []}, "here", BASE, KINDS).weak_kinds == NONE


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, (_, bad) in VALUES.items() for v in bad])
def test_a_value_that_does_not_fit_is_an_error_that_names_the_key(key: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"here has mistakes: {key} "):
        parse_policy({key: value}, "here", BASE, KINDS)


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown key 'max_survivor' \(did you mean 'max-surv"):
        parse_policy({"max_survivor": 0}, "here", BASE, KINDS)


def test_a_key_like_no_other_names_them_all() -> None:
    with pytest.raises(UsageError, match=r"unknown key 'zzz' \(known: preset, advisory, tests"):
        parse_policy({"zzz": 0}, "here", BASE, KINDS)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(UsageError) as told:
        parse_policy({"zzz": 0, "ratchet": 1, "partial": "no"}, "here", BASE, KINDS)
    assert told.value.message.count(";") == 2


# -- where it comes from


def test_without_settings_the_preset_standard_holds(tmp_path: Path) -> None:
    assert load_policy(project(tmp_path), None, None, KINDS) == preset_policy("standard", KINDS)


def test_a_table_builds_on_its_preset(tmp_path: Path) -> None:
    table = '[tool.assay.gate]\npreset = "strict"\nmax-survivors = 2\n'
    found = load_policy(project(tmp_path, table), None, None, KINDS)
    name = "strict, with [tool.assay.gate]"
    assert found == replace(preset_policy("strict", KINDS), name=name, max_survivors=2)


def test_a_preset_of_the_command_line_takes_the_place_of_the_table(tmp_path: Path) -> None:
    table = "[tool.assay.gate]\nmax-survivors = 2\n"
    found = load_policy(project(tmp_path, table), "advisory", None, KINDS)
    assert found == preset_policy("advisory", KINDS)


def test_a_policy_file_takes_the_place_of_the_table(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('preset = "ratchet"\nmin-covered = 50\n', encoding="utf-8")
    found = load_policy(project(tmp_path, "[tool.assay.gate]\nzzz = 1\n"), None, file, KINDS)
    assert (found.name, found.ratchet, found.min_covered) == ("own.toml", True, 50)


@pytest.mark.parametrize("name", PRESETS)
def test_a_copied_preset_is_that_preset(name: str, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(preset_text(name), encoding="utf-8")
    found = load_policy(project(tmp_path), None, file, KINDS)
    assert replace(found, name=name) == preset_policy(name, KINDS)


@pytest.mark.parametrize(
    ("preset", "text", "problem"),
    [
        ("strikt", None, "unknown preset 'strikt' (did you mean 'strict'?)"),
        (None, "ratchet = ", "is no TOML"),
        (None, "[tool.assay.gate]\n", "unknown key 'tool'"),
    ],
)
def test_a_policy_that_is_none_is_told(
    preset: str | None, text: str | None, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "own.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as told:
        load_policy(project(tmp_path), preset, None if text is None else file, KINDS)
    assert problem in told.value.message


def test_a_policy_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the policy"):
        load_policy(project(tmp_path), None, tmp_path / "none.toml", KINDS)

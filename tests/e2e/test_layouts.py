"""The whole chain on every kind of project: map, then a change, then what is selected and guarded.

Each row is a fixture project, a change in it, the tests that the change can affect, and what the
mutants of the changed lines come to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import (
    ALL_PLUGINS,
    ASYNC_PLUGINS,
    NO_PLUGINS,
    CopyProject,
    MappedProject,
    RunAssay,
    replace_in,
    write,
)


@dataclass(frozen=True, slots=True)
class Case:
    """A change (`old` → `new` in `path`, relative to pytest's rootdir) and its consequences."""

    project: str
    path: str
    old: str
    new: str
    selected: frozenset[str]
    statuses: frozenset[str] = frozenset({"Killed"})
    env: Mapping[str, str] | None = None


def ids(*names: str) -> frozenset[str]:
    return frozenset(names)


SHOUT_WORDS = ("two words", "naïve", "[x]", "a::b", "it's", '"q"', "-x", "x - y", "日本", "#1")

CASES = {
    "src_layout": Case(
        "src_layout",
        "src/stock/levels.py",
        "count < wanted",
        "wanted > count",
        ids(
            "tests/test_levels.py::test_low_below_wanted",
            "tests/test_levels.py::test_not_low_at_wanted",
        ),
    ),
    "flat_layout": Case(
        "flat_layout",
        "stock/levels.py",
        "count < wanted",
        "wanted > count",
        ids(
            "tests/test_levels.py::test_low_below_wanted",
            "tests/test_levels.py::test_not_low_at_wanted",
        ),
    ),
    "below_git_root_inside": Case(
        "below_git_root",
        "service.py",
        "return 1",
        "return 2 - 1",
        ids("test_service.py::test_ping"),
    ),
    "below_git_root_sibling_package": Case(
        "below_git_root",
        "../library/greetings/__init__.py",
        '"hello " + name',
        '"hell" + "o " + name',
        ids("test_service.py::test_answer", "test_service.py::test_loud_answer"),
    ),
    "own_toolkit_package": Case(
        "own_toolkit_package",
        "toolkit/hammer.py",
        "nails - 1",
        "-1 + nails",
        ids("tests/test_hammer.py::test_hit"),
    ),
    "busy_addopts": Case(
        "busy_addopts",
        "ages.py",
        "age >= 18",
        "age > 17",
        ids(
            "test_ages.py::test_adult_from_eighteen",
            "test_ages.py::test_not_adult_below_eighteen",
        ),
        env=ALL_PLUGINS,
    ),
    "unittest_setUpClass": Case(
        "unittest_classes",
        "pool.py",
        "range(size)",
        "range(0, size)",
        ids("test_pool.py::PoolTest::test_first", "test_pool.py::PoolTest::test_length"),
        statuses=frozenset({"Killed", "Survived"}),
    ),
    "unittest_setUpModule": Case(
        "unittest_classes",
        "pool.py",
        'name + "!"',
        'str(name) + "!"',
        ids(
            "test_pool.py::PoolTest::test_first",
            "test_pool.py::PoolTest::test_length",
            "test_pool.py::UserTest::test_user",
            "test_pool.py::SpareTest::test_spare",
            "test_pool.py::SpareTest::test_subtests",
        ),
    ),
    "unittest_subtests": Case(
        "unittest_classes",
        "pool.py",
        "return 7",
        "return 6 + 1",
        ids("test_pool.py::SpareTest::test_spare", "test_pool.py::SpareTest::test_subtests"),
    ),
    "odd_ids": Case(
        "odd_ids",
        "words.py",
        'word + "!"',
        "word + chr(33)",
        ids(
            *(f"test_words.py::test_shout[{word}]" for word in SHOUT_WORDS),
            "test_größe.py::TestGröße::test_maß[ä ö-1]",
            "test_größe.py::TestGröße::test_maß[c::d[0]-2]",
        ),
    ),
    "asyncio_and_anyio": Case(
        "async_tests",
        "waiting.py",
        "return number + 1",
        "return 1 + number",
        ids(
            "test_asyncio.py::test_later",
            "test_anyio.py::test_later_anyio[asyncio]",
            "test_anyio.py::test_later_anyio[trio]",
        ),
        env=ASYNC_PLUGINS,
    ),
    "async_generator": Case(
        "async_tests",
        "waiting.py",
        "while number < limit:",
        "while limit > number:",
        ids("test_asyncio.py::test_count"),
        env=ASYNC_PLUGINS,
        statuses=frozenset({"Killed", "Survived"}),
    ),
    "doctests": Case(
        "doctests",
        "sums.py",
        "return left + right",
        "return right + left",
        # A doctest depends on the text of its file, all of it.
        ids("sums.py::sums", "sums.py::sums.add", "sums.py::sums.negate", "usage.txt::usage.txt"),
    ),
    "session_fixture": Case(
        "higher_scope_fixtures",
        "makers.py",
        '{"size": 3}',
        '{"size": 1 + 2}',
        ids("test_things.py::test_first_of_session", "test_things.py::test_second_of_session"),
    ),
    "session_fixture_teardown": Case(
        "higher_scope_fixtures",
        "makers.py",
        'log.append("closed")',
        'log.insert(0, "closed")',
        ids("test_things.py::test_first_of_session", "test_things.py::test_second_of_session"),
        statuses=frozenset({"Killed", "Survived"}),
    ),
    "module_fixture": Case(
        "higher_scope_fixtures",
        "makers.py",
        "[1, 2]",
        "[1, 1 + 1]",
        ids(
            "test_things.py::test_first_of_module",
            "test_things.py::test_second_of_module",
            "test_things.py::TestClass::test_first",
            "test_things.py::TestClass::test_second",
        ),
        statuses=frozenset({"Killed", "Survived"}),
    ),
    "class_fixture": Case(
        "higher_scope_fixtures",
        "makers.py",
        '"abc"',
        '"ab" + "c"',
        ids("test_things.py::TestClass::test_first", "test_things.py::TestClass::test_second"),
    ),
    "crlf": Case(
        "odd_sources",
        "crlf.py",
        "total = a + b",
        "total = b + a",
        ids("test_sources.py::test_crlf"),
    ),
    "mixed_line_endings": Case(
        "odd_sources",
        "mixed.py",
        "rest = a - b",
        "rest = -b + a",
        ids("test_sources.py::test_mixed"),
    ),
    "byte_order_mark": Case(
        "odd_sources", "bom.py", "a * b", "b * a", ids("test_sources.py::test_bom")
    ),
    "one_line_method": Case(
        "closures_and_decorators",
        "hidden.py",
        "return number - 1",
        "return -1 + number",
        ids("test_hidden.py::test_later"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_impact_after_map_of(name: str, mapped_project: MappedProject, run_assay: RunAssay) -> None:
    case = CASES[name]
    env = case.env or NO_PLUGINS
    project = mapped_project(case.project, env)
    replace_in(project / case.path, case.old, case.new)
    done = run_assay("impact", "--format", "json", project=project, env=env)
    assert done.code == 0, done.err
    record = done.record
    assert {test["test"] for test in record["selection"]["selected"]} == case.selected
    assert {test["outcome"] for test in record["tests"]} == {"passed"}
    assert {mutant["status"] for mutant in record["mutants"]} == case.statuses, [
        (m["replacement"], m["status"], m["reason"]) for m in record["mutants"]
    ]
    assert record["flaky"] == {}
    assert record["notices"] == []


@pytest.mark.parametrize("name", ["busy_addopts", "odd_ids", "async_tests", "doctests"])
def test_map_twice_has_nothing_left_to_record(
    name: str, mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    env = {"busy_addopts": ALL_PLUGINS, "async_tests": ASYNC_PLUGINS}.get(name, NO_PLUGINS)
    project = mapped_project(name, env)
    done = run_assay("map", project=project, env=env)
    assert (done.code, "nothing to record" in done.out) == (0, True)


def test_map_of_busy_addopts_goes_on_after_a_failure(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("busy_addopts")
    replace_in(project / "test_ages.py", "assert is_adult(18)", "assert not is_adult(18)")
    done = run_assay("map", project=project, env=ALL_PLUGINS)
    assert done.code == 3
    assert done.lines[0] == "3 tests: 3 recorded, 0 still valid."


def test_map_of_kills_process_loses_only_that_test(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("kills_process")
    done = run_assay("map", project=project)
    assert done.code == 3
    assert done.lines[0] == "3 tests: 3 recorded, 0 still valid."
    assert "crashed: test_ages.py::test_kills" in done.out
    write(project / "notes.txt", "no test reads this\n")
    left = run_assay("select", "--format", "ids", project=project)
    assert left.lines == ["test_ages.py::test_kills"]


def test_impact_of_data_files(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    project = mapped_project("data_files")
    replace_in(project / "prices.json", "3", "3.0")
    done = run_assay("impact", "--format", "json", project=project)
    assert done.code == 0
    selected = [test["test"] for test in done.record["selection"]["selected"]]
    assert selected == ["test_prices.py::test_price"]


def test_impact_of_data_files_nobody_reads(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("data_files")
    replace_in(project / "unread.json", "never", "ever")
    done = run_assay("impact", project=project)
    assert (done.code, done.lines[0]) == (
        0,
        "No function was added or changed: nothing to guard.",
    )


def test_impact_of_latin_1_source_keeps_its_encoding(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("odd_sources")
    latin = project / "latin.py"
    latin.write_bytes(latin.read_bytes().replace(b"* n +", b"* int(n) +"))
    done = run_assay("impact", "--format", "json", project=project)
    assert done.code == 0
    mutants = done.record["mutants"]
    assert {mutant["original"] for mutant in mutants} >= {'"é"', '"ü"'}
    assert {mutant["status"] for mutant in mutants} == {"Killed"}


def test_impact_of_below_git_root_names_paths_from_the_top(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("below_git_root")
    replace_in(project / "service.py", "return 1", "return 2 - 1")
    record = run_assay("impact", "--format", "json", project=project).record
    assert {unit["path"] for unit in record["units"]} == {"service/service.py"}
    assert (project / ".assay").is_dir()
    assert not (project.parent / ".assay").exists()


def test_mutate_of_own_toolkit_package_mutates_the_projects_toolkit(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("own_toolkit_package")
    done = run_assay("mutate", str(project / "toolkit" / "hammer.py"), project=project)
    assert (done.code, done.lines[0]) == (0, "4 mutants: 4 killed; mutation score 100 %.")


@pytest.mark.parametrize("verb", ["map", "select", "impact", "mutate"])
def test_arguments_after_two_dashes_reach_pytest(
    verb: str, mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("src_layout")
    levels = "tests/test_levels.py::test_low_below_wanted"
    replace_in(project / "src/stock/levels.py", "count < wanted", "wanted > count")
    ours = {
        "map": (),
        "select": ("--format", "json"),
        "impact": ("--format", "json"),
        "mutate": ("src/stock/levels.py", "--format", "json"),
    }[verb]
    args = ("--", "tests/test_levels.py", "-k", "low", "--deselect", f"{Path(levels)}")
    done = run_assay(verb, *ours, *args, project=project)
    assert done.code == 0, done.err
    only = "tests/test_levels.py::test_not_low_at_wanted"
    if verb == "map":
        assert done.lines == ["1 test: 1 recorded, 0 still valid."]
    elif verb == "select":
        assert [test["test"] for test in done.record["selected"]] == [only]
        assert done.record["dropped"] == []
    else:
        assert done.record["collected"] == 1
        assert [test["test"] for test in done.record["tests"]] == [only]
        covering = {test for mutant in done.record["mutants"] for test in mutant["covering"]}
        assert covering == {only}


def test_arguments_after_two_dashes_may_be_a_directory(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("src_layout")
    done = run_assay("map", "--", "tests", project=project)
    assert done.lines == ["3 tests: nothing to record, 3 still valid."]


def test_arguments_after_two_dashes_do_not_make_the_map_forget_other_tests(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("src_layout")
    assert run_assay("map", "--", "tests/test_names.py", project=project).code == 0
    done = run_assay("map", project=project)
    assert done.lines == ["3 tests: nothing to record, 3 still valid."]


def test_mutate_with_the_killer_deselected_kills_no_more(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    arguments = ("ages.py:9", "--format", "json", "--", "--deselect", "test_ages.py::test_double")
    record = run_assay("mutate", *arguments, project=project).record
    assert {mutant["status"] for mutant in record["mutants"]} == {"NoCoverage"}

"""No test that fails after a change is missing from `assay select`, whatever kind of change it is.

The map is recorded on the clean tree; then the change is made; then plain pytest says which tests
fail now, and all of them must have been selected.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import (
    MappedProject,
    RunAssay,
    failing_tests,
    git,
    replace_in,
    write,
)

Edit = Callable[[Path], None]
UNAFFECTED = "tests/test_constant.py::test_limit"


def replaced(path: str, old: str, new: str) -> Edit:
    return lambda project: replace_in(project / path, old, new)


def written(path: str, text: str) -> Edit:
    return lambda project: write(project / path, text)


def with_crlf(path: str) -> Edit:
    def edit(project: Path) -> None:
        content = (project / path).read_bytes()
        (project / path).write_bytes(content.replace(b"\n", b"\r\n"))

    return edit


def deleted(path: str) -> Edit:
    return lambda project: (project / path).unlink()


NEW_CONFTEST = """\
import pytest


@pytest.fixture
def rate():
    return 5
"""

CHANGES: dict[str, Edit] = {
    "function_body": replaced("shelf/body.py", "width * height", "width + height"),
    "default_argument": replaced("shelf/default.py", 'name="you"', 'name="all"'),
    "decorator_body": replaced("shelf/wrappers.py", ".upper()", ".lower()"),
    "decorator_removed": replaced("shelf/decorated.py", "@shout\n", ""),
    "class_attribute": replaced("shelf/attribute.py", '"red"', '"blue"'),
    "overriding_method_added": replaced(
        "shelf/attribute.py",
        "class Crate(Box):\n",
        'class Crate(Box):\n    def paint(self):\n        return "bare"\n\n',
    ),
    "base_class_changed": replaced("shelf/attribute.py", "class Crate(Box):", "class Crate:"),
    "called_by_session_fixture": replaced("shelf/catalogue.py", '["a", "b"]', '["a"]'),
    "session_fixture_body": replaced("tests/conftest.py", "shelves.load()", "[]"),
    "called_by_setUpClass": replaced("shelf/pool.py", "[0, 1, 2]", "[0, 1]"),
    "setUpClass_body": replaced("tests/test_pool.py", "pool.make()", "[]"),
    "import_time_table": replaced("shelf/table.py", "range(4)", "range(3)"),
    "data_file_content": written("shelf/data/prices.json", '{"tea": 4}\n'),
    "data_file_deleted": deleted("shelf/data/prices.json"),
    "data_file_new_in_listed_directory": written("shelf/data/more.json", "{}\n"),
    "conftest_fixture_changed": replaced("tests/conftest.py", "return 2", "return 3"),
    "conftest_new": written("tests/inner/conftest.py", NEW_CONFTEST),
    "helper_in_tests": replaced("tests/helpers.py", '"count": 1', '"count": 2'),
    "test_new": written("tests/test_new.py", "def test_new():\n    assert not 1\n"),
    "test_changed": replaced("tests/test_body.py", "== 6", "== 7"),
    "test_renamed": replaced(
        "tests/test_body.py",
        "def test_area():\n    assert area(2, 3) == 6",
        "def test_surface():\n    assert area(2, 3) == 7",
    ),
    "module_imported_inside_a_function": replaced("shelf/engine.py", "SPEED = 3", "SPEED = 4"),
    "optional_import_satisfied": written("shelf_extras.py", '"""Extras."""\n'),
    "package_shadowed_by_module_beside_it": written("tests/helpers/__init__.py", "order = dict\n"),
    "module_deleted": deleted("shelf/legacy.py"),
    "init_subclass_registry": replaced(
        "shelf/more_parts.py",
        "class Wheel(Part):\n    pass\n",
        "class Wheel(Part):\n    pass\n\n\nclass Door(Part):\n    pass\n",
    ),
    "dunder_all": replaced("shelf/names.py", '["first"]', '["second"]'),
    "behind_lru_cache": replaced("shelf/memo.py", '"mode": "on"', '"mode": "off"'),
    "behind_lazy_singleton": replaced("shelf/memo.py", '"one"', '"two"'),
}

WIDE_CHANGES: dict[str, Edit] = {
    "constant": replaced("shelf/constant.py", "LIMIT = 10", "LIMIT = 11"),
    "re_export_swapped_in_init": replaced("shelf/__init__.py", "shelf.fast", "shelf.slow"),
}


def selected(project: Path, run_assay: RunAssay) -> set[str]:
    done = run_assay("select", "--format", "ids", project=project)
    assert done.code == 0, done.err
    assert len(done.lines) == len(set(done.lines))
    return set(done.lines)


@pytest.mark.parametrize("kind", [*CHANGES, *WIDE_CHANGES])
def test_select_has_every_test_that_fails_after_change_of(
    kind: str, mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = mapped_project("change_kinds")
    (CHANGES | WIDE_CHANGES)[kind](project)
    failing = failing_tests(project, tmp_path / "work")
    assert failing, "the change breaks no test, so it proves nothing"
    found = selected(project, run_assay)
    assert failing <= found, f"missed: {sorted(failing - found)}"
    if kind in CHANGES:
        assert UNAFFECTED not in found


# A commit of the change must not hide it: the map is behind, whatever git says.
@pytest.mark.parametrize("kind", ["function_body", "import_time_table", "data_file_content"])
def test_select_goes_by_content_not_by_what_git_calls_changed(
    kind: str, mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = mapped_project("change_kinds")
    CHANGES[kind](project)
    failing = failing_tests(project, tmp_path / "work")
    git(project, "commit", "--quiet", "--all", "--message", "the change")
    write(project / "unrelated.txt", "the only uncommitted file\n")
    assert failing <= selected(project, run_assay)


HARMLESS: dict[str, Edit] = {
    "comment": replaced("shelf/body.py", "# Both in metres.", "# Both in feet, or metres."),
    "comment_in_conftest": replaced("tests/conftest.py", "    return 2\n", "    return 2  # two\n"),
    "formatting": replaced(
        "shelf/body.py", "    return width * height", "    return (\n        width\n  *height)"
    ),
    "lines_moved_down": replaced("shelf/constant.py", "LIMIT = 10", "\n\n\nLIMIT = 10"),
    "file_that_no_test_reads": written("notes.txt", "to do\n"),
    "module_that_no_test_imports": written("shelf/unused.py", "VALUE = 1\n"),
    "line_endings": with_crlf("shelf/body.py"),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_select_has_no_test_after_harmless_change_of(
    kind: str, mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("change_kinds")
    HARMLESS[kind](project)
    assert selected(project, run_assay) == set()


EXACT: dict[str, set[str]] = {
    "function_body": {"tests/test_body.py::test_area"},
    "default_argument": {"tests/test_default.py::test_greet"},
    "called_by_session_fixture": {
        "tests/test_catalogue.py::test_catalogue_first",
        "tests/test_catalogue.py::test_catalogue_second",
    },
    "called_by_setUpClass": {
        "tests/test_pool.py::PoolTest::test_first",
        "tests/test_pool.py::PoolTest::test_second",
    },
    "import_time_table": {
        "tests/test_table.py::test_table",
        "tests/test_table_too.py::test_table_elsewhere",
    },
    "data_file_content": {"tests/test_prices.py::test_price"},
    "conftest_new": {"tests/inner/test_inner_rate.py::test_inner_rate"},
    "test_new": {"tests/test_new.py::test_new"},
}


@pytest.mark.parametrize("kind", EXACT)
def test_select_has_no_other_test_after_change_of(
    kind: str, mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("change_kinds")
    CHANGES[kind](project)
    assert selected(project, run_assay) == EXACT[kind]


def test_select_has_tests_that_failed_last_time(run_assay: RunAssay, copied: Path) -> None:
    write(copied / "notes.txt", "a change that affects no test\n")
    assert run_assay("map", project=copied).code == 3
    assert selected(copied, run_assay) == {
        "test_ages.py::test_wrong",
        "test_ages.py::test_error",
    }


@pytest.fixture
def copied(copy_project: Callable[[str], Path]) -> Path:
    return copy_project("fails_already")


def test_select_has_every_test_when_pytest_settings_change(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    write(project / "pytest.ini", "[pytest]\nxfail_strict = true\n")
    assert len(selected(project, run_assay)) == 3


def test_select_has_a_test_that_starts_a_process_for_any_change(
    mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = mapped_project("starts_processes")
    replace_in(project / "command.py", "ready", "steady")
    assert failing_tests(project, tmp_path / "work") == {"test_command.py::test_command"}
    assert selected(project, run_assay) == {"test_command.py::test_command"}


def test_map_after_a_change_keeps_later_selections_sound(
    mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    """A partial refresh must leave the tests that did not run with all their dependencies."""
    project = mapped_project("higher_scope_fixtures")
    replace_in(project / "test_things.py", "assert session_thing\n", "assert len(session_thing)\n")
    assert run_assay("map", project=project).lines[0].startswith("7 tests: 1 recorded")
    replace_in(project / "makers.py", '"size": 3', '"size": 4')
    failing = failing_tests(project, tmp_path / "work")
    assert failing == {"test_things.py::test_second_of_session"}
    assert failing <= selected(project, run_assay)

"""What holds of every trap; the modules test_traps_*_of_4.py divide the traps between them.

The map is recorded on the clean tree; then the change is made; plain pytest says which tests fail
now, and `assay select` which ones it would run.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import RunAssay, failing_tests, start_repository
from traps import ALL_TRAPS, Overlay, Trap, load_trap, trap_names

from assay.errors import ExitCode

SHARES = 4

KNOWN_MISSES: frozenset[str] = frozenset(
    {
        "attribute_set_by_module_that_another_test_file_imports",
        "code_object_inspected",
        "code_under_another_file_name",
        "decimal_context_set_by_another_test_file",
        "file_read_by_c",
        "file_read_through_a_hard_link",
        "import_hook_second_importer",
        "import_taken_from_sys_modules",
        "namespace_package_gets_a_new_portion",
        "singledispatch_handler_that_another_test_file_imports",
        "size_read_by_stat",
        "state_left_by_an_earlier_test",
        "teardown_of_session_fixture_after_another_test",
        "test_that_counts_tests",
        "thread_of_low_level_module",
        "tracing_off_for_a_while",
    }
)
"""Traps that `assay select` falls into: tests that fail after the change are not selected."""

KNOWN_WIDE: frozenset[str] = frozenset(
    {
        "bare_annotation_makes_name_local",
        "branch_by_platform_at_module_level",
        "branch_handler_makes_name_local",
        "branch_match_capture_makes_name_local",
        "case_inserted_before",
        "decorator_added_same_module",
        "error_of_import_kept_by_earlier_test",
        "exception_type_changed",
        "file_opened_by_directory_descriptor",
        "fixture_added_same_conftest",
        "fixture_params_changed",
        "fixture_scope_widened",
        "function_attribute",
        "function_removed_same_module",
        "handler_inserted_before",
        "hasattr_probe",
        "init_subclass_added",
        "lambda_in_table",
        "line_number_of_frame",
        "line_number_of_function",
        "line_number_of_log_record",
        "line_number_of_traceback",
        "line_number_of_warning",
        "metaclass_added",
        "method_added_same_class",
        "operand_never_evaluated",
        "optional_import_appears",
        "overriding_method_in_middle_class",
        "overriding_method_same_file",
        "process_forked_by_multiprocessing",
        "process_forked_by_os",
        "process_kept_for_later_tests",
        "process_pool_in_module_global",
        "process_runs_the_project",
        "process_spawned_by_multiprocessing",
        "process_started_by_session_fixture",
        "re_export_swapped_same_package",
        "slots_added",
        "static_method_becomes_method",
    }
)
"""Traps whose twin, a change that concerns none of these tests, selects some of them."""

KNOWN_WIDE_CHANGES: frozenset[str] = frozenset(
    {
        "class_attribute_in_subclass_file",
        "decorator_added_same_module",
        "fixture_added_same_conftest",
        "fixture_params_changed",
        "fixture_scope_widened",
        "init_file_added_to_test_directory",
        "lru_cache_filled_by_import",
        "overriding_method_in_middle_class",
        "overriding_method_other_file",
        "overriding_method_same_file",
        "re_export_swapped_same_package",
        "skipif_on_missing_file",
    }
)
"""Traps whose change selects tests that the trap says must be kept out."""

_UNCOLLECTED = "cannot collect "


@dataclass(frozen=True, slots=True)
class Selected:
    """What `assay select` said: the node ids, or why it could not say."""

    tests: frozenset[str]
    problem: str = ""

    def missing(self, failing: Collection[str]) -> set[str]:
        """Failing tests that it is silent about: a module that does not import must be named."""
        files = {test.removeprefix(_UNCOLLECTED) for test in failing if is_uncollected(test)}
        if files and all(file in self.problem for file in files):
            return set()
        # A file that cannot be collected is selected by its tests, or by its name.
        told = {file for file in files if any(test.startswith(file) for test in self.tests)}
        return set(failing) - self.tests - {_UNCOLLECTED + file for file in told}


def is_uncollected(test: str) -> bool:
    return test.startswith(_UNCOLLECTED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happens in a trap: which tests fail and are selected after the change and the twin."""

    failing: frozenset[str]
    selected: Selected
    failing_twin: frozenset[str]
    selected_twin: Selected


_OUTCOMES: dict[str, Outcome] = {}


def outcome_of(trap: Trap, run_assay: RunAssay, room: Path) -> Outcome:
    """Spring the trap; once in a process."""
    if trap.name not in _OUTCOMES:
        _OUTCOMES[trap.name] = _spring(trap, run_assay, room)
    return _OUTCOMES[trap.name]


def _spring(trap: Trap, run_assay: RunAssay, room: Path) -> Outcome:
    mapped = room / "mapped"
    mapped.mkdir()
    trap.base.apply(mapped)
    start_repository(mapped)
    args = _after_dashes(trap, trap.base)
    done = run_assay("map", *args, project=mapped / trap.rootdir, env=trap.base.env)
    wanted = ExitCode.BASELINE if trap.broken else ExitCode.CLEAN
    assert done.code == wanted, done.out + done.err
    assert all(test in done.out for test in trap.broken), done.out
    failing, selected = _changed(trap, trap.change, mapped, room / "change", run_assay)
    failing_twin, selected_twin = frozenset[str](), Selected(frozenset())
    if trap.twin is not None:
        failing_twin, selected_twin = _changed(trap, trap.twin, mapped, room / "twin", run_assay)
    return Outcome(failing, selected, failing_twin, selected_twin)


def _changed(
    trap: Trap, overlay: Overlay, mapped: Path, room: Path, run_assay: RunAssay
) -> tuple[frozenset[str], Selected]:
    """What fails and what is selected in a copy of the mapped tree with the overlay on it."""
    copy = shutil.copytree(mapped, room / "project", symlinks=True)
    overlay.apply(copy)
    project = copy / trap.rootdir
    args = (*trap.options, *overlay.args)
    failing: Collection[str] = trap.fails if overlay is trap.change else ()
    if ALL_TRAPS:
        failing = failing_tests(project, room / "work", *args, env=overlay.env)
    arguments = ["--format", "ids", *_after_dashes(trap, overlay)]
    done = run_assay("select", *arguments, project=project, env=overlay.env)
    if done.code == ExitCode.BASELINE and any(map(is_uncollected, trap.fails)):
        return frozenset(failing), Selected(frozenset(), done.err)
    assert done.code == ExitCode.CLEAN, done.err
    assert len(done.lines) == len(set(done.lines))
    return frozenset(failing), Selected(frozenset(done.lines))


def _after_dashes(trap: Trap, overlay: Overlay) -> tuple[str, ...]:
    args = (*trap.options, *overlay.args)
    return ("--", *args) if args else ()


class TrapChecks:
    """The tests of one share of the traps."""

    share: int

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        traps = [load_trap(name) for name in trap_names()[self.share - 1 :: SHARES]]
        known: Iterable[str] = ()
        if metafunc.function.__name__ == "test_change_selects_failing_tests":
            known = KNOWN_MISSES
        elif metafunc.function.__name__ == "test_change_selects_no_unaffected_test":
            traps = [trap for trap in traps if trap.kept]
            known = KNOWN_WIDE_CHANGES
        elif metafunc.function.__name__ == "test_unrelated_change_does_not_select":
            traps = [trap for trap in traps if trap.twin is not None]
            known = KNOWN_WIDE
        elif not ALL_TRAPS:
            # The truth of a trap is looked into by `make traps`: it takes as long as all the rest.
            traps = []
        mark = pytest.mark.xfail(reason="known", raises=AssertionError)
        metafunc.parametrize(
            "trap",
            [
                pytest.param(trap, id=trap.name, marks=mark if trap.name in known else ())
                for trap in traps
            ],
        )

    @pytest.fixture
    def outcome(self, trap: Trap, run_assay: RunAssay, tmp_path: Path) -> Outcome:
        return outcome_of(trap, run_assay, tmp_path)

    def test_trap_does_what_it_says(self, trap: Trap, outcome: Outcome) -> None:
        assert outcome.failing == trap.fails
        assert not outcome.failing & trap.kept
        assert outcome.failing_twin & trap.fails <= trap.broken

    def test_change_selects_failing_tests(self, trap: Trap, outcome: Outcome) -> None:
        missing = outcome.selected.missing(outcome.failing)
        missing |= outcome.selected_twin.missing(outcome.failing_twin)
        assert not missing, f"missed: {sorted(missing)}\n{trap.about}"

    def test_change_selects_no_unaffected_test(self, trap: Trap, outcome: Outcome) -> None:
        needless = trap.kept & outcome.selected.tests
        assert not needless, f"selected: {sorted(needless)}\n{trap.about}"

    def test_unrelated_change_does_not_select(self, trap: Trap, outcome: Outcome) -> None:
        needless = trap.fails & outcome.selected_twin.tests
        assert not needless, f"selected: {sorted(needless)}\n{trap.about}"

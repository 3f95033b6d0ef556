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
        "cached_method_second_user",
        "cached_property_second_user",
        "code_object_inspected",
        "code_under_another_file_name",
        "config_probed_by_is_file_appears",
        "conftest_new_nested_collection_hook",
        "decimal_context_set_by_another_test_file",
        "decorator_looks_at_the_kind_of_function",
        "directory_probed_by_isdir_appears",
        "docstring_of_function",
        "doctest_imports_in_docstring",
        "doctest_imports_in_text_file",
        "env_pytest_addopts",
        "env_python_optimize",
        "env_time_zone_read_by_c",
        "env_var_at_import",
        "env_var_by_copy_of_environ",
        "env_var_by_expandvars",
        "env_var_by_get",
        "env_var_by_getenv",
        "env_var_by_in",
        "env_var_patched_in_one_test",
        "env_var_read_in_session_fixture",
        "extension_module_appears",
        "file_opened_by_directory_descriptor",
        "file_probed_by_exists_appears",
        "file_probed_by_exists_deleted",
        "file_read_by_c",
        "file_read_through_a_hard_link",
        "finder_cache_of_earlier_test",
        "function_made_from_source_text",
        "import_by_dunder_import_second_user",
        "import_by_pickle_second_user",
        "import_hook_second_importer",
        "import_in_executed_text_second_user",
        "import_taken_from_sys_modules",
        "importorskip_appears",
        "init_file_added_to_test_directory",
        "lazy_attribute_second_user",
        "lazy_cache_by_get_second_user",
        "lazy_cache_by_keyerror_inline_second_user",
        "lazy_cache_by_keyerror_second_user",
        "lazy_cache_by_or_second_user",
        "lazy_cache_by_setdefault_second_user",
        "lazy_compiled_pattern_second_user",
        "lazy_descriptor_second_user",
        "lazy_function_attribute_second_user",
        "lazy_keyed_cache_other_key",
        "lazy_keyed_cache_second_user",
        "lazy_singleton_in_new_second_user",
        "lazy_singleton_second_user",
        "lazy_submodule_second_user",
        "line_number_of_formatted_traceback_second_reader",
        "line_number_of_frame",
        "line_number_of_function",
        "line_number_of_log_record",
        "line_number_of_traceback",
        "line_number_of_warning",
        "lru_cache_filled_by_import",
        "lru_cache_filled_by_session_fixture",
        "lru_cache_reads_file_second_user",
        "lru_cache_second_user",
        "memo_by_missing_second_user",
        "memo_decorator_of_project_second_user",
        "memo_in_default_argument_second_user",
        "module_on_path_set_in_test_second_importer",
        "namespace_package_gets_a_new_portion",
        "optional_import_by_find_spec_appears",
        "optional_import_module_appears",
        "optional_import_on_path_set_in_test",
        "package_path_extended_second_importer",
        "plugin_listed_by_fwalk",
        "process_kept_for_later_tests",
        "process_pool_in_module_global",
        "pytest_arguments_changed",
        "script_found_by_which_appears",
        "script_run_by_runpy",
        "singledispatch_handler_that_another_test_file_imports",
        "size_read_by_stat",
        "skipif_on_missing_file",
        "source_read_by_inspect_second_reader",
        "state_left_by_an_earlier_test",
        "subclass_in_another_test_file",
        "submodule_imported_by_another_test_file",
        "teardown_of_session_fixture_after_another_test",
        "test_that_counts_tests",
        "thread_of_low_level_module",
        "tracing_off_for_a_while",
    }
)
"""Traps that `assay select` falls into: tests that fail after the change are not selected."""

KNOWN_WIDE: frozenset[str] = frozenset(
    {
        "abstract_method_added",
        "annotation_read_by_type_hints",
        "bare_annotation_makes_name_local",
        "branch_assignment_makes_name_local",
        "branch_by_platform_at_module_level",
        "branch_del_makes_name_local",
        "branch_global_declaration_added",
        "branch_global_declaration_removed",
        "branch_handler_makes_name_local",
        "branch_import_makes_name_local",
        "branch_match_capture_makes_name_local",
        "branch_never_entered",
        "branch_nonlocal_declaration_added",
        "branch_yield_makes_generator",
        "break_added_skips_loop_else",
        "case_inserted_before",
        "class_attribute_same_module",
        "constant_added_same_module",
        "constant_condition",
        "constant_derived_at_import",
        "constant_same_module",
        "constants_over_several_lines",
        "custom_item_from_text_file",
        "dataclass_default_same_module",
        "dead_yield_added",
        "dead_yield_removed",
        "debug_condition",
        "decorator_added_same_module",
        "default_argument_same_module",
        "docstring_that_nobody_reads",
        "dunder_eq_added",
        "dunder_len_added_to_base_class",
        "elif_inserted_before",
        "else_removed",
        "enum_member_added_same_module",
        "exception_type_changed",
        "finally_body",
        "fixture_added_same_conftest",
        "fixture_params_changed",
        "fixture_scope_widened",
        "function_added_same_module",
        "function_attribute",
        "function_removed_same_module",
        "functions_exchange_names",
        "generator_never_resumed",
        "generator_resumed_by_another_test",
        "handler_inserted_before",
        "helper_added_same_module",
        "import_changed_same_module",
        "import_inside_function_not_called",
        "init_subclass_added",
        "lambda_in_table",
        "local_class_gets_dunder",
        "loop_else",
        "metaclass_added",
        "method_added_same_class",
        "named_tuple_field_added",
        "nested_function_never_called",
        "operand_never_evaluated",
        "order_of_registration",
        "overriding_method_same_file",
        "parametrize_data_same_module",
        "post_init_added",
        "process_forked_by_multiprocessing",
        "process_forked_by_os",
        "process_runs_the_project",
        "process_spawned_by_multiprocessing",
        "process_started_by_session_fixture",
        "property_becomes_method",
        "re_export_swapped_same_package",
        "return_added_before",
        "script_without_suffix_loaded",
        "slots_added",
        "statement_moved_out_of_branch",
        "static_method_becomes_method",
        "test_added_same_file",
        "text_executed",
        "text_over_several_lines",
        "typed_dict_key_added",
        "version_of_distribution_in_repository",
    }
)
"""Traps whose twin, a change that concerns none of these tests, selects some of them."""

KNOWN_WIDE_CHANGES: frozenset[str] = frozenset(
    {
        "branch_never_entered",
        "class_attribute_same_module",
        "constant_derived_at_import",
        "constant_same_module",
        "custom_item_from_text_file",
        "dataclass_default_same_module",
        "decorator_added_same_module",
        "default_argument_same_module",
        "enum_member_added_same_module",
        "fixture_added_same_conftest",
        "fixture_params_changed",
        "fixture_scope_widened",
        "generate_tests_in_conftest",
        "hook_in_conftest_reads_a_file",
        "import_inside_function_not_called",
        "module_getattr_no_longer_asked",
        "overriding_method_same_file",
        "parametrize_data_same_module",
        "parametrize_ids_computed",
        "re_export_swapped_same_package",
        "test_moved_into_existing_file",
        "test_renamed",
        "version_of_distribution_in_repository",
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
        return set(failing) - self.tests


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

"""All root causes there are; the first that applies to a failure is what it is called."""

from __future__ import annotations

from assay.diagnosis.cause import Case, Cause
from assay.diagnosis.causes import (
    assertion_outdated,
    async_misuse,
    circular_import,
    data_file,
    data_shape_changed,
    default_changed,
    dependency_version,
    environment_variable,
    error_in_sources,
    exception_changed,
    expected_value_changed,
    fixture_error,
    fixture_scope,
    leaked_state,
    missing_dependency,
    missing_fixture,
    missing_import,
    missing_name,
    mock_attribute,
    mock_exhausted,
    mock_expectation,
    mock_leak,
    mock_return_type,
    mock_signature,
    network,
    non_determinism,
    none_returned,
    parametrize_mismatch,
    patched_where_defined,
    process_died,
    recursion,
    return_type_changed,
    settings_refused,
    shadowed_module,
    signature_changed,
    stale_patch_target,
    syntax_error,
    time_or_locale,
    timeout,
    warning_as_error,
)
from assay.model.diagnosis import Certainty, Match

HOW_IT_RAN: tuple[Cause, ...] = (
    process_died.CAUSE,
    timeout.CAUSE,
    recursion.CAUSE,
    leaked_state.CAUSE,
    non_determinism.CAUSE,
)
"""What took the process down, or depends on the run rather than on the code."""

NAMES_AND_CALLS: tuple[Cause, ...] = (
    syntax_error.CAUSE,
    shadowed_module.CAUSE,
    settings_refused.CAUSE,
    circular_import.CAUSE,
    missing_dependency.CAUSE,
    stale_patch_target.CAUSE,
    missing_import.CAUSE,
    parametrize_mismatch.CAUSE,
    missing_fixture.CAUSE,
    fixture_scope.CAUSE,
    mock_signature.CAUSE,
    mock_attribute.CAUSE,
    patched_where_defined.CAUSE,
    mock_expectation.CAUSE,
    mock_exhausted.CAUSE,
    mock_return_type.CAUSE,
    mock_leak.CAUSE,
    signature_changed.CAUSE,
    missing_name.CAUSE,
)
"""What cannot be read, imported, found, patched or called."""

VALUES_AND_SURROUNDINGS: tuple[Cause, ...] = (
    async_misuse.CAUSE,
    warning_as_error.CAUSE,
    environment_variable.CAUSE,
    network.CAUSE,
    data_file.CAUSE,
    dependency_version.CAUSE,
    time_or_locale.CAUSE,
    exception_changed.CAUSE,
    none_returned.CAUSE,
    return_type_changed.CAUSE,
    data_shape_changed.CAUSE,
    error_in_sources.CAUSE,
    assertion_outdated.CAUSE,
    default_changed.CAUSE,
    expected_value_changed.CAUSE,
)
"""What surrounds a test comes before what the code gives; that a value is another says least."""

LAST: tuple[Cause, ...] = (fixture_error.CAUSE,)
"""What says where a test failed, and not why."""

CAUSES: tuple[Cause, ...] = (*HOW_IT_RAN, *NAMES_AND_CALLS, *VALUES_AND_SURROUNDINGS, *LAST)
"""Those that explain others come first: what cannot be imported cannot be called."""

BY_NAME = {cause.name: cause for cause in CAUSES}


def matches_of(case: Case) -> tuple[Match, ...]:
    """All causes that apply, in the order of the table; those that only may apply come last.

    That sources raised something by themselves says nothing more where a name or a call explains
    it: a wrong call from a test, too, fails in the sources. And where a stand-in of the test gave
    the value, nothing is told of the values that the code makes.
    """
    found = [match for cause in CAUSES if (match := cause.match(case)) is not None]
    sure = {match.cause for match in found if match.certainty is not Certainty.HEURISTIC}
    silent: set[str] = set()
    if sure & {cause.name for cause in NAMES_AND_CALLS}:
        silent.add(error_in_sources.CAUSE.name)
    if sure & {mock_leak.CAUSE.name, mock_return_type.CAUSE.name}:
        silent |= {cause.name for cause in VALUES_AND_SURROUNDINGS}
    found = [match for match in found if match.cause not in silent]
    return tuple(sorted(found, key=lambda one: one.certainty is Certainty.HEURISTIC))

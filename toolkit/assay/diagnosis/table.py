"""All root causes there are; the first that applies to a failure is what it is called."""

from __future__ import annotations

from assay.diagnosis.cause import Case, Cause
from assay.diagnosis.causes import (
    assertion_outdated,
    async_misuse,
    data_file,
    data_shape_changed,
    default_changed,
    dependency_version,
    environment_variable,
    error_in_sources,
    exception_changed,
    expected_value_changed,
    leaked_state,
    network,
    non_determinism,
    none_returned,
    process_died,
    recursion,
    return_type_changed,
    signature_changed,
    time_or_locale,
    timeout,
    warning_as_error,
)
from assay.model.diagnosis import Match

NAMES_AND_CALLS: tuple[Cause, ...] = (signature_changed.CAUSE,)

VALUES_AND_SURROUNDINGS: tuple[Cause, ...] = (
    process_died.CAUSE,
    timeout.CAUSE,
    recursion.CAUSE,
    leaked_state.CAUSE,
    non_determinism.CAUSE,
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

CAUSES: tuple[Cause, ...] = NAMES_AND_CALLS + VALUES_AND_SURROUNDINGS
"""Those that explain others come first: what cannot be imported cannot be called."""

BY_NAME = {cause.name: cause for cause in CAUSES}


def matches_of(case: Case) -> tuple[Match, ...]:
    """All causes that apply, in the order of the table."""
    found = (cause.match(case) for cause in CAUSES)
    return tuple(match for match in found if match is not None)

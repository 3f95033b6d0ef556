"""All root causes there are; the first that applies to a failure is what it is called."""

from __future__ import annotations

from assay.diagnosis.cause import Case, Cause
from assay.diagnosis.causes import (
    circular_import,
    fixture_error,
    fixture_scope,
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
    parametrize_mismatch,
    patched_where_defined,
    shadowed_module,
    signature_changed,
    stale_patch_target,
    syntax_error,
)
from assay.model.diagnosis import Match

NAMES_AND_CALLS: tuple[Cause, ...] = (
    syntax_error.CAUSE,
    shadowed_module.CAUSE,
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
    fixture_error.CAUSE,
)
"""What cannot be read, imported, found, patched or called."""

CAUSES: tuple[Cause, ...] = (*NAMES_AND_CALLS,)
"""Those that explain others come first: what cannot be imported cannot be called."""

BY_NAME = {cause.name: cause for cause in CAUSES}


def matches_of(case: Case) -> tuple[Match, ...]:
    """All causes that apply, in the order of the table."""
    found = (cause.match(case) for cause in CAUSES)
    return tuple(match for match in found if match is not None)

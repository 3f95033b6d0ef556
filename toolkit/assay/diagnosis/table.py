"""All root causes there are; the first that applies to a failure is what it is called."""

from __future__ import annotations

from assay.diagnosis.cause import Case, Cause
from assay.diagnosis.causes import (
    circular_import,
    missing_dependency,
    missing_import,
    missing_name,
    shadowed_module,
    signature_changed,
    syntax_error,
)
from assay.model.diagnosis import Match

NAMES_AND_CALLS: tuple[Cause, ...] = (
    syntax_error.CAUSE,
    shadowed_module.CAUSE,
    circular_import.CAUSE,
    missing_dependency.CAUSE,
    missing_import.CAUSE,
    missing_name.CAUSE,
    signature_changed.CAUSE,
)
"""What cannot be read, imported, found, patched or called."""

CAUSES: tuple[Cause, ...] = (*NAMES_AND_CALLS,)
"""Those that explain others come first: what cannot be imported cannot be called."""

BY_NAME = {cause.name: cause for cause in CAUSES}


def matches_of(case: Case) -> tuple[Match, ...]:
    """All causes that apply, in the order of the table."""
    found = (cause.match(case) for cause in CAUSES)
    return tuple(match for match in found if match is not None)

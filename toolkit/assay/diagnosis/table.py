"""All root causes there are; the first that applies to a failure is what it is called."""

from __future__ import annotations

from assay.diagnosis.cause import Case, Cause
from assay.diagnosis.causes import signature_changed
from assay.model.diagnosis import Match

CAUSES: tuple[Cause, ...] = (signature_changed.CAUSE,)
"""Those that explain others come first: what cannot be imported cannot be called."""

BY_NAME = {cause.name: cause for cause in CAUSES}


def matches_of(case: Case) -> tuple[Match, ...]:
    """All causes that apply, in the order of the table."""
    found = (cause.match(case) for cause in CAUSES)
    return tuple(match for match in found if match is not None)

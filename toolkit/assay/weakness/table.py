"""All detectors there are, by the level of what they cost."""

from __future__ import annotations

from typing import Any

from assay.weakness.detector import Detector
from assay.weakness.detectors import (
    assertion_free,
    broad_raises,
    dead_name,
    misfit_mock,
    mock_shadow,
    recollected_duplicate,
    rotten_green,
    self_mocking,
    stale_mock,
    swallowed_assertion,
    tautology,
)

LEVEL_0: tuple[Detector[Any], ...] = (
    rotten_green.DETECTOR,
    assertion_free.DETECTOR,
    tautology.DETECTOR,
    swallowed_assertion.DETECTOR,
    broad_raises.DETECTOR,
    self_mocking.DETECTOR,
    mock_shadow.DETECTOR,
    recollected_duplicate.DETECTOR,
    stale_mock.DETECTOR,
    misfit_mock.DETECTOR,
    dead_name.DETECTOR,
)
"""From running the tests once more, watched; no mutants."""

DETECTORS: tuple[Detector[Any], ...] = (*LEVEL_0,)

KINDS = {detector.kind: detector for detector in DETECTORS}


def of_level(level: int) -> tuple[Detector[Any], ...]:
    """The detectors of exactly this level."""
    return tuple(detector for detector in DETECTORS if detector.level == level)

"""All detectors there are, by the level of what they cost."""

from __future__ import annotations

from typing import Any

from assay.weakness.detector import Detector
from assay.weakness.detectors import (
    assertion_free,
    broad_raises,
    crash_only,
    crash_only_function,
    dead_name,
    guarded_elsewhere,
    minimal_guard_set,
    misaligned,
    misfit_mock,
    mock_shadow,
    oracle_gap,
    pseudo_tested_function,
    pseudo_tested_statement,
    recollected_duplicate,
    redundant_parametrisation,
    rotten_green,
    self_mocking,
    stale_mock,
    swallowed_assertion,
    tautology,
    timeout_only_function,
    touched_not_guarding,
    unique_kills,
    weak_strength,
    zero_kill,
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

LEVEL_1: tuple[Detector[Any], ...] = (
    touched_not_guarding.DETECTOR,
    timeout_only_function.DETECTOR,
    crash_only_function.DETECTOR,
)
"""From the mutants of the changed lines, each test judged by itself."""

LEVEL_2: tuple[Detector[Any], ...] = (
    pseudo_tested_function.DETECTOR,
    pseudo_tested_statement.DETECTOR,
    oracle_gap.DETECTOR,
)
"""From whole bodies and single statements taken away."""

LEVEL_3: tuple[Detector[Any], ...] = (
    zero_kill.DETECTOR,
    crash_only.DETECTOR,
    misaligned.DETECTOR,
    guarded_elsewhere.DETECTOR,
)
"""From the witness schedule."""

LEVEL_4: tuple[Detector[Any], ...] = (
    weak_strength.DETECTOR,
    unique_kills.DETECTOR,
    redundant_parametrisation.DETECTOR,
    minimal_guard_set.DETECTOR,
)
"""From the full kill matrix."""

DETECTORS: tuple[Detector[Any], ...] = (*LEVEL_0, *LEVEL_1, *LEVEL_2, *LEVEL_3, *LEVEL_4)

KINDS = {detector.kind: detector for detector in DETECTORS}


def of_level(level: int) -> tuple[Detector[Any], ...]:
    """The detectors of exactly this level."""
    return tuple(detector for detector in DETECTORS if detector.level == level)

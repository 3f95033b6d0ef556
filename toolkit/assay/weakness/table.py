"""All detectors there are, by the level of what they cost."""

from __future__ import annotations

from typing import Any

from assay.weakness.detector import Detector

LEVEL_0: tuple[Detector[Any], ...] = ()
"""From running the tests once more with the probe; no mutants."""

DETECTORS: tuple[Detector[Any], ...] = (*LEVEL_0,)

KINDS = {detector.kind: detector for detector in DETECTORS}


def of_level(level: int) -> tuple[Detector[Any], ...]:
    """The detectors of exactly this level."""
    return tuple(detector for detector in DETECTORS if detector.level == level)

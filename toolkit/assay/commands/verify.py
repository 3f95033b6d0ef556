"""`assay verify`: whether what the last diagnosis found is mended, and nothing else broke."""

from __future__ import annotations

import json
from dataclasses import dataclass

from assay.commands.common import Context
from assay.errors import ExitCode
from assay.report.verification import verification_json, verification_text
from assay.verifying import verify


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    tests: tuple[str, ...]
    everything: bool
    tests_kept: bool
    format: str


def run(context: Context, options: VerifyOptions) -> int:
    """0 if all that was to be mended passes in both orders and nothing else broke, else 1."""
    found = verify(context.project, options.tests, options.tests_kept, context.progress)
    if options.format == "json":
        record = verification_json(found)
        context.out(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    else:
        context.show(verification_text(found, options.everything))
    return ExitCode.CLEAN if found.holds else ExitCode.GATE

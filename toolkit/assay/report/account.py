"""What a report is made of: an answer, findings about tests, and what a gate decided."""

from __future__ import annotations

from dataclasses import dataclass

from assay.errors import ExitCode
from assay.gate.decide import Decision
from assay.model.accepted import Acceptance
from assay.model.answer import Answer
from assay.model.finding import Finding
from assay.model.mutant import Status, Verdict


@dataclass(frozen=True, slots=True)
class Account:
    """The answer says what is accepted, of the findings too; `decision` is None without a gate."""

    answer: Answer
    findings: tuple[Finding, ...] = ()
    decision: Decision | None = None
    code: ExitCode = ExitCode.CLEAN

    def accepted(self, name: str) -> Acceptance | None:
        """What was answered to a mutant or finding, if it holds."""
        return self.answer.accepted.holding.get(name)

    def of_status(self, status: Status) -> list[Verdict]:
        return [v for v in self.answer.verdicts if v.status is status]

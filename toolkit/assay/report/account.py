"""What a report is made of: an answer, findings about tests, and what a gate decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assay.errors import ExitCode
from assay.gate.decide import Decision
from assay.model.accepted import Acceptance
from assay.model.answer import Answer
from assay.model.finding import Finding
from assay.model.history import Run
from assay.model.mutant import Status, Verdict
from assay.model.run import TestOutcome, TestResult
from assay.verdict.answer import BAD_RESULTS


@dataclass(frozen=True, slots=True)
class Account:
    """The answer says what is accepted, of the findings too; `decision` is None without a gate.

    `below` is the project's directory relative to the repository ("" at its top): node ids begin
    there, paths at the repository. `texts` are the mutated and changed files as they are now.
    `everything`: lists for people are whole. `runs` are earlier runs and, as the last one, this.
    `head` are the first lines, where it is not the answer that says them.
    """

    answer: Answer
    findings: tuple[Finding, ...] = ()
    decision: Decision | None = None
    code: ExitCode = ExitCode.CLEAN
    below: str = ""
    texts: Mapping[str, str] = field(default_factory=dict, hash=False)
    everything: bool = False
    runs: tuple[Run, ...] = ()
    head: tuple[str, ...] = ()

    def accepted(self, name: str) -> Acceptance | None:
        """What was answered to a mutant or finding, if it holds."""
        return self.answer.accepted.holding.get(name)

    def of_status(self, status: Status) -> list[Verdict]:
        return [v for v in self.answer.verdicts if v.status is status]

    def open_of_status(self, status: Status) -> list[Verdict]:
        """Those that nobody has accepted."""
        return [v for v in self.of_status(status) if self.accepted(v.mutant.id) is None]

    @property
    def failed(self) -> list[TestResult]:
        return [r for r in self.answer.results.values() if r.outcome in BAD_RESULTS]

    @property
    def not_run(self) -> list[TestResult]:
        return [r for r in self.answer.results.values() if r.outcome is TestOutcome.NOT_RUN]

    def file_of(self, node_id: str) -> str:
        """The file of a test, relative to the repository."""
        path = node_id.partition("::")[0]
        return f"{self.below}/{path}" if self.below else path

"""Turns planned mutants into jobs for a zygote's children."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.execution.suite import Collected
from assay.execution.timeouts import Limits
from assay.execution.zygote import Job, Zygote, ZygoteSettings
from assay.model.mutant import Mutant, PlannedMutant
from assay.model.source import SourceFile

Message = dict[str, Any]
Tests = tuple[str, ...]

PATIENCE = 2.0
"""How many times its limit a test that timed out may take on the second try."""

TICKS = 500_000
"""So often a test may enter mutated code or go round its loops before it has to be known how often
it does so without the mutant: about a tenth of a second of bare looping."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What mutants run on: how zygotes are started, the one that has collected the suite, what its
    jobs are made of, and how many run at once."""

    settings: ZygoteSettings
    zygote: Zygote
    maker: JobMaker
    workers: int

    @property
    def collected(self) -> Collected:
        return self.maker.collected


@dataclass(frozen=True, slots=True)
class JobMaker:
    """What jobs are made of: the suite, the limits, and the sources that mutants are spans of."""

    repo: Path
    collected: Collected
    limits: Limits
    sources: Mapping[str, SourceFile] = field(hash=False)

    def mutant(
        self,
        planned: PlannedMutant,
        files: Tests = (),
        patience: float = 1.0,
        ticks: int = TICKS,
    ) -> Job:
        """A mutant against its tests, until one fails."""
        return Job(
            tests=tuple(test.node_id for test in planned.tests),
            limits=tuple(test.limit * patience for test in planned.tests),
            collect_limit=self.limits.collection,
            shared_limit=self.limits.shared * patience,
            record=False,
            stop_at_failure=True,
            quick=True,
            mutants=(self.wire(planned.mutant),),
            files=files,
            ticks=ticks,
        )

    def control(self, tests: Tests, mutants: tuple[Message, ...], files: Tests = ()) -> Job:
        """All the tests, with these put in place: texts unchanged, or one that raises."""
        return Job(
            tests=tests,
            limits=tuple(self.limits.of(test) * PATIENCE for test in tests),
            collect_limit=self.limits.collection,
            shared_limit=self.limits.shared * PATIENCE,
            record=False,
            stop_at_failure=False,
            quick=True,
            mutants=mutants,
            files=files,
        )

    def wire(self, mutant: Mutant) -> Message:
        """What the probe needs to know of a mutant."""
        source = self.sources[mutant.path]
        unit = source.unit(mutant.unit) or source.module
        span = mutant.span
        return {
            "path": str(Path(self.repo, mutant.path)),
            "sha": source.sha,
            "span": [span.start_line, span.start_column, span.end_line, span.end_column],
            "original": mutant.original,
            "replacement": mutant.replacement,
            "outer": {
                "first_line": unit.first_line,
                "last_line": unit.last_line,
                "classes": unit.name.partition("#")[0].split(".")[:-1],
            },
        }

    def unchanged(self, mutants: Iterable[Mutant], by_file: bool) -> tuple[Message, ...]:
        """Each mutant's function (or file) with its own text put in place as the mutant was.

        A control with these sees what putting a mutant in place does by itself.
        """
        found: dict[tuple[str, str], Message] = {}
        for mutant in mutants:
            key = (mutant.path, "" if by_file else mutant.unit)
            if key not in found:
                found[key] = {**self.wire(mutant), "replacement": mutant.original}
        return tuple(found.values())

"""The examples of level 0 as one project, so that all of them cost one recording."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conftest import commit_all, start_repository
from conftest import write as write_file

from assay.model.finding import Finding
from assay.weakness.detector import Detector, Example, subject


@dataclass(frozen=True, slots=True)
class Placed:
    """An example with names of its own: each of its modules bears the number too."""

    detector: Detector[Any]
    example: Example
    number: int

    def text(self, text: str) -> str:
        for stem in self._stems():
            text = re.sub(rf"\b{stem}\b(?!\()", f"{stem}_{self.number}", text)
        return text

    def path(self, path: str) -> str:
        """A conftest stays one, and so has a directory of its own."""
        stem = path.removesuffix(".py")
        name = path if stem == "conftest" else f"{stem}_{self.number}.py"
        return f"example_{self.number}/{name}"

    def files(self) -> Iterator[tuple[str, str]]:
        for path, text in self.example.files.items():
            yield self.path(path), self.text(text)

    def earlier(self) -> Iterator[tuple[str, str]]:
        for path, text in self.example.before.items():
            yield self.path(path), self.text(text)

    def subject(self, one: str) -> str:
        path, _, unit = one.partition("::")
        return f"{self.path(path)}::{unit}"

    def found(self, facts: Any) -> list[Finding]:
        """What the detector finds in this example."""
        inside = f"example_{self.number}/"
        return [one for one in self.detector.find(facts) if one.anchor.path.startswith(inside)]

    def _stems(self) -> list[str]:
        paths = {*self.example.files, *self.example.before}
        stems = [path.removesuffix(".py") for path in paths]
        return sorted((stem for stem in stems if stem != "conftest"), key=len, reverse=True)


def placed(detectors: tuple[Detector[Any], ...]) -> list[Placed]:
    pairs = [(detector, example) for detector in detectors for example in detector.examples]
    return [Placed(detector, example, number) for number, (detector, example) in enumerate(pairs)]


def write(examples: list[Placed], root: Path) -> None:
    """Two commits: the files of the examples' past, and those of their present."""
    before = dict(pair for one in examples for pair in one.earlier())
    files = dict(pair for one in examples for pair in one.files())
    _put({"README.md": "Examples.\n", **before}, root)
    start_repository(root)
    for path in before.keys() - files.keys():
        (root / path).unlink()
    _put(files, root)
    commit_all(root)


def _put(files: Mapping[str, str], root: Path) -> None:
    for path, text in files.items():
        write_file(root / path, text)


def subjects(findings: list[Finding]) -> list[str]:
    return sorted(subject(one) for one in findings)

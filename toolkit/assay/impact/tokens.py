"""What a test's record depends on, as one digest: equal means that the test does the same (pure).

The content is taken as it was when the test was recorded, at the grain of functions: of each file
that the test's node, or a node it uses, ran, the digests of the units whose lines ran, never the
file's own digest and never line numbers. Files, directories, paths and variables that were asked
for count by the digests in the record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from assay.change.semantics import read_source
from assay.impact.record import units_of_mask
from assay.model.impact import (
    MODULE_PREFIX,
    POSITIONS,
    ImpactMap,
    LineSet,
    Node,
    Source,
    test_key,
)
from assay.model.reuse import Token
from assay.model.source import SourceFile

TOKEN_BYTES = 8


@dataclass(frozen=True, slots=True)
class TestToken:
    """A test's token. One that is `opaque`, or uses something opaque, may depend on anything: its
    token says nothing without a digest of the whole tree."""

    __test__ = False

    token: Token
    opaque: bool


def token_of(node_id: str, *parts: bytes) -> Token:
    text = b"\0".join([_utf8(node_id), *parts])
    return hashlib.blake2b(text, digest_size=TOKEN_BYTES).digest()


@dataclass(frozen=True, slots=True)
class _Sum:
    """What some nodes depend on: a digest, the files they ran, and whether that is not all."""

    digest: bytes
    sources: frozenset[Source]
    positions: bool
    opaque: bool


class Tokens:
    """The tokens of one map's tests.

    `texts` are those of the recorded files, `sha_now` the digest of a file as it is, for modules
    that are used and have no node.
    """

    def __init__(
        self,
        impact: ImpactMap,
        texts: Mapping[Source, str],
        sha_now: Callable[[str], str],
    ) -> None:
        self._impact = impact
        self._texts = texts
        self._sha_now = sha_now
        self._files: dict[Source, SourceFile | None] = {}
        self._lines: dict[tuple[str, LineSet], tuple[str, ...]] = {}
        self._own: dict[str, _Sum] = {}
        self._beneath: dict[frozenset[str], _Sum] = {}

    def of(self, node_id: str) -> TestToken:
        key = test_key(node_id)
        node = self._impact.nodes.get(key, Node(key))
        own, below = self._sum(key), self._below(node.uses)
        parts = [own.digest, below.digest]
        if own.positions or below.positions:
            files = sorted(own.sources | below.sources)
            parts.append(_digest("positions", *(f"{path}={sha}" for path, sha in files)))
        return TestToken(token_of(node_id, *parts), own.opaque or below.opaque)

    def _below(self, uses: frozenset[str]) -> _Sum:
        """All that is used, directly or through others; tests mostly use the same."""
        if uses not in self._beneath:
            found = set(uses)
            queue = list(found)
            while queue:
                node = self._impact.nodes.get(queue.pop())
                fresh = set(node.uses) - found if node else set()
                found |= fresh
                queue += fresh
            sums = [(key, self._sum(key)) for key in sorted(found)]
            text = b"\0".join(part for key, one in sums for part in (_utf8(key), one.digest))
            self._beneath[uses] = _Sum(
                digest=hashlib.sha256(text).digest(),
                sources=frozenset().union(*(one.sources for _, one in sums)),
                positions=any(one.positions for _, one in sums),
                opaque=any(one.opaque for _, one in sums),
            )
        return self._beneath[uses]

    def _sum(self, key: str) -> _Sum:
        if key not in self._own:
            self._own[key] = self._of_node(key)
        return self._own[key]

    def _of_node(self, key: str) -> _Sum:
        node = self._impact.nodes.get(key)
        if node is None:
            path = key.removeprefix(MODULE_PREFIX)
            sha = self._sha_now(path) if path != key else ""
            return _Sum(_digest("missing", sha), frozenset(), positions=False, opaque=False)
        parts = [
            part for path, lines in sorted(node.lines.items()) for part in self._ran(path, lines)
        ]
        for kind, asked in (
            ("file", node.files),
            ("dir", node.dirs),
            ("exists", node.exists),
            ("env", node.env),
        ):
            parts += [f"{kind} {name}={value}" for name, value in sorted(asked.items())]
        parts += [f"name {name}" for name in sorted(node.names)]
        parts += [f"use {used}" for used in sorted(node.uses)]
        parts += [f"flag {flag}" for flag in sorted(node.flags)]
        return _Sum(
            digest=_digest("node", *parts),
            sources=frozenset((path, lines.sha) for path, lines in node.lines.items()),
            positions=POSITIONS in node.flags,
            opaque=bool(node.opaque),
        )

    def _ran(self, path: str, lines: LineSet) -> tuple[str, ...]:
        """The units that the lines belong to, each with its digest."""
        if (path, lines) not in self._lines:
            source = self._source((path, lines.sha))
            if source is None or source.problem:
                found: Iterable[str] = (f"file {path}={lines.sha}",)
            else:
                units = units_of_mask(source, lines.mask)
                found = (f"unit {path}::{unit.name}={unit.digest}" for unit in units)
            self._lines[path, lines] = tuple(found)
        return self._lines[path, lines]

    def _source(self, source: Source) -> SourceFile | None:
        if source not in self._files:
            text = self._texts.get(source)
            content = None if text is None else text.encode("utf-8", "surrogatepass")
            self._files[source] = None if content is None else read_source(source[0], content)
        return self._files[source]


def _digest(*parts: str) -> bytes:
    return hashlib.sha256(_utf8("\0".join(parts))).digest()


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")

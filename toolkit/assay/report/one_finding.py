"""One finding as people read it: a card (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.finding import Evidence, Finding


def card(finding: Finding) -> str:
    """One finding: the sentence, where, what it rests on, how sure, and the smallest fix."""
    lines = [
        finding.sentence,
        f"  {finding.anchor.path}:{finding.anchor.line}  {finding.kind}  {finding.id}",
    ]
    for piece in finding.evidence:
        lines += _evidence(piece)
    lines.append(f"  Confidence: {finding.confidence.value}. Severity: {finding.severity.value}.")
    lines.append(f"  Fix: {finding.fix}.")
    return "\n".join(lines)


def _evidence(piece: Evidence) -> Iterator[str]:
    rows = piece.text.rstrip("\n").split("\n")
    if not piece.language and len(rows) == 1:
        yield f"  {piece.label}: {rows[0]}"
        return
    yield f"  {piece.label}:"
    yield from (f"      {row}" for row in rows)

"""Why a mutant survived, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.explanation import Explanation, Reach


def explanation_lines(found: Explanation, whole: bool = False) -> Iterator[str]:
    """What happened, by values, and the smallest fix; `whole`: the patch too."""
    yield f"{found.sentence[:1].upper()}{found.sentence[1:]}."
    if found.given and found.reach in (Reach.SAME, Reach.SWALLOWED):
        yield "  given " + ", ".join(f"{name}={text}" for name, text in found.given)
    if found.before or found.after:
        where = f" (line {found.line})" if found.reach is Reach.UNCHECKED else ""
        yield f"  {found.what}{where}: {found.before}; with the mutant: {found.after}"
    proposal = found.proposal
    if proposal is not None:
        yield f"Fix: {proposal.path}:{proposal.line}  {proposal.code}"
        yield f"  verified: {proposal.clean_runs} clean passes, fails with the mutant"
        if whole:
            yield ""
            yield from proposal.patch.splitlines()
    else:
        if found.none:
            yield f"No assertion to propose: {found.none}."
        if found.advice:
            yield f"Fix: {found.advice}."

"""Why a mutant survived, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.explanation import Explanation, Reach

WIDTH = 90


def explanation_lines(found: Explanation, whole: bool = False) -> Iterator[str]:
    """What happened, by values, and the smallest fix; `whole`: the patch too."""
    yield f"{found.sentence}."
    if found.given and found.reach in (Reach.SAME, Reach.SWALLOWED):
        yield "  given " + ", ".join(f"{name}={text}" for name, text in found.given)
    if found.before or found.after:
        before, after = f"  {found.what}: {found.before}", f"with the mutant: {found.after}"
        yield from (
            [f"{before}; {after}"] if len(before + after) <= WIDTH else [before, f"  {after}"]
        )
    proposal = found.proposal
    if proposal is not None:
        changed = changed_lines(proposal.patch)
        if len(changed) == 1 or whole:
            yield f"Fix: {proposal.path}:{proposal.line}  {proposal.code}"
        else:
            yield f"Fix: {proposal.path}:{proposal.line}"
            yield from (f"    {line}" for line in changed)
        yield f"  verified: {proposal.clean_runs} clean passes, fails with the mutant"
        if whole:
            yield ""
            yield from proposal.patch.splitlines()
    else:
        if found.none:
            yield f"No assertion to propose: {found.none}."
        if found.advice:
            yield f"Fix: {found.advice}."


def changed_lines(patch: str) -> list[str]:
    """The lines that a unified diff takes out and puts in."""
    body = patch.partition("\n@@")[2].splitlines()[1:]
    return [line for line in body if line.startswith(("-", "+"))]

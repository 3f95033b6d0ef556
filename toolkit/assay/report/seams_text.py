"""The seams of a project for people: one line of numbers, and a card for each of the worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from assay.model.seams import Integration, SeamCard, SeamState
from assay.report.text import SHOWN, plural


def integration_text(found: Integration, everything: bool) -> str:
    """The whole report; ten cards unless everything is asked for."""
    shown = found.cards if everything else found.cards[:SHOWN]
    parts = ["\n".join(_head(found))]
    if not found.interrupted:
        parts += [seam_card(card) for card in shown]
        left = len(found.cards) - len(shown)
        if left:
            parts.append(f"… and {plural(left, 'more card')}: --all shows them all.")
    parts.append("\n".join(found.notices))
    return "\n\n".join(part for part in parts if part) + "\n"


def seam_card(card: SeamCard) -> str:
    """One card: the sentence, where, what it rests on, and the smallest fix."""
    lines = [card.sentence, f"  {card.at[0]}:{card.at[1]}  {card.kind}"]
    lines += [f"  {piece.label}: {piece.text}" for piece in card.evidence]
    lines.append(f"  Fix: {card.fix}.")
    return "\n".join(lines)


def _head(found: Integration) -> Iterator[str]:
    if found.interrupted:
        yield "Interrupted: nothing is reported of a run that was cut short."
        return
    real, mocked, untested, unclear = (found.count(state) for state in SeamState)
    told = real + mocked + untested
    yield (
        f"{plural(told, 'seam')} between {plural(found.modules, 'module')}: {real} exercised for "
        f"real, {mocked} only through mocks, {untested} by nothing; "
        f"{plural(found.drifted, 'mock')} drifted."
    )
    yield f"{found.watched} of {plural(found.collected, 'test')} watched."
    if unclear:
        reasons = Counter(s.why for s in found.seams if s.state is SeamState.UNCLEAR)
        words = "; ".join(f"{count}: {why}" for why, count in reasons.most_common())
        yield f"Of {plural(unclear, 'more seam')} it is not known. {words}."
    if found.left_out:
        reasons_left = ", ".join(f"{reason} {n}" for reason, n in found.left_out.items())
        count = sum(found.left_out.values())
        yield f"Nothing is counted of {plural(count, 'test')}: {reasons_left}."

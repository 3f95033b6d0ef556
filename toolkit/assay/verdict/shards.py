"""One answer of several shards' answers, if they belong together (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from assay.errors import UsageError
from assay.model.answer import Answer, PlanRecord
from assay.model.selection import Selection


def joined(shards: Mapping[str, Answer]) -> Answer:
    """The answer that one run without shards would have given, from those of its shards by name.

    UsageError, in one line, if a shard is missing, there twice, or of another run.
    """
    names = list(shards)
    plans = {name: _plan_of(name, answer) for name, answer in shards.items()}
    first = names[0]
    for name in names[1:]:
        problem = _difference(plans[first], plans[name], shards[first], shards[name])
        if problem:
            raise UsageError(f"{first} and {name} are no parts of one run: {problem}")
    _complete(plans)
    answers = [shards[name] for name in sorted(names, key=lambda name: plans[name].shard)]
    return _one(answers, plans[first])


def _plan_of(name: str, answer: Answer) -> PlanRecord:
    if answer.plan is None:
        raise UsageError(f"{name} is a record of `assay {answer.verb}`, which has no shards")
    return answer.plan


def _difference(one: PlanRecord, two: PlanRecord, answer: Answer, other: Answer) -> str:
    """Why two records cannot be of one run; empty if they can."""
    if one.of != two.of:
        return f"shard {one.shard}/{one.of} and shard {two.shard}/{two.of}"
    for what in ("assay", "mutmut", "python"):
        mine, theirs = answer.versions.get(what), other.versions.get(what)
        if mine != theirs:
            return f"{what} {mine} and {theirs}"
    if one.commit != two.commit:
        return f"commit {one.commit[:12] or 'unknown'} and {two.commit[:12] or 'unknown'}"
    if one.tree != two.tree:
        return "their Python files differ"
    if one.mutants != two.mutants:
        return f"{one.mutants} mutants and {two.mutants}"
    return "they chose other mutants (paths, --only, --sample, --seed)" * (one.digest != two.digest)


def _complete(plans: Mapping[str, PlanRecord]) -> None:
    by_shard: dict[int, list[str]] = {}
    for name, plan in plans.items():
        by_shard.setdefault(plan.shard, []).append(name)
    of = next(iter(plans.values())).of
    for shard, names in sorted(by_shard.items()):
        if len(names) > 1:
            raise UsageError(f"shard {shard}/{of} is there twice: {' and '.join(names)}")
    missing = [f"{number}/{of}" for number in range(1, of + 1) if number not in by_shard]
    if missing:
        what = "shard" if len(missing) == 1 else "shards"
        raise UsageError(f"{what} {', '.join(missing)} missing: give the records of all {of}")


def _one(answers: Sequence[Answer], plan: PlanRecord) -> Answer:
    first = answers[0]
    place = {path: number for number, path in enumerate(plan.paths)}
    verdicts = sorted(
        (verdict for answer in answers for verdict in answer.verdicts),
        key=lambda v: (
            place.get(v.mutant.path, len(place)),
            v.mutant.span,
            v.mutant.operator,
            v.mutant.replacement,
        ),
    )
    if len({v.mutant.id for v in verdicts}) != len(verdicts) or len(verdicts) != plan.mutants:
        raise UsageError(
            f"the records have {len(verdicts)} mutants where their run has {plan.mutants}: "
            "they were changed after they were written"
        )
    ran = {test for answer in answers for test in answer.results}
    return replace(
        first,
        selection=Selection((), tuple(t for t in first.selection.dropped if t not in ran)),
        results={t: result for answer in reversed(answers) for t, result in answer.results.items()},
        verdicts=tuple(verdicts),
        diffs={name: diff for answer in answers for name, diff in answer.diffs.items()},
        digests={place: one for answer in answers for place, one in answer.digests.items()},
        notices=_each(answer.notices for answer in answers),
        inconclusive=_each(answer.inconclusive for answer in answers),
        flaky={test: why for answer in answers for test, why in answer.flaky.items()},
        interrupted=any(answer.interrupted for answer in answers),
        seconds=_longest(answer.seconds for answer in answers),
        plan=replace(plan, shard=1, of=1),
    )


def _each(several: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for texts in several for text in texts))


def _longest(several: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Shards run at the same time."""
    found: dict[str, float] = {}
    for seconds in several:
        for name, value in seconds.items():
            found[name] = max(value, found.get(name, 0.0))
    return found

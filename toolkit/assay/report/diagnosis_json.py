"""A diagnosis as plain data, which `assay verify` reads again."""

from __future__ import annotations

from typing import Any

from assay.diagnosis.telling import plain
from assay.model.diagnosis import (
    Diagnosis,
    FailingTest,
    Group,
    Match,
    Matrix,
    Patch,
    Sign,
    Verdict,
)
from assay.model.evidence import Evidence, Frame, Raised
from assay.model.run import TestOutcome
from assay.model.verification import TestCode

FORMAT = 2

Record = dict[str, Any]


def diagnosis_json(found: Diagnosis) -> Record:
    return {
        "format": FORMAT,
        "verb": "diagnose",
        "compared": found.compared,
        "base": found.base,
        "ran": found.ran,
        "counted": {
            "base": found.counted.base,
            "base_passed": found.counted.base_passed,
            "head": found.counted.head,
            "head_passed": found.counted.head_passed,
        },
        "groups": [group_json(group) for group in found.groups],
        "failing": [failing_json(one) for one in found.failing],
        "others": [failing_json(one) for one in found.others],
        "outcomes": {test: outcome.value for test, outcome in found.outcomes.items()},
        "paths": dict(found.paths),
        "checks": _checks(found.code),
        "settings": found.settings,
        "notices": list(found.notices),
    }


def _checks(code: TestCode) -> Record:
    return {
        "assertions": dict(code.assertions),
        "texts": {name: list(texts) for name, texts in code.texts.items()},
        "hooks": dict(code.hooks),
        "files": dict(code.files),
        "sources": code.sources,
    }


def group_json(group: Group) -> Record:
    match = group.match
    return {
        "cause": match.cause if match is not None else None,
        "key": list(group.key),
        "title": group.title,
        "tests": list(group.tests),
        "effort": group.effort,
        "edits": {"sources": group.edits.sources, "tests": group.edits.tests},
        "hides": group.hides,
        "first": group.first,
        "hunk": list(group.hunk),
        "divergence": None if group.divergence is None else plain(group.divergence),
        "patch": None if group.patch is None else patch_json(group.patch),
        "matches": [match_json(one) for one in group.example.matches],
        "verdict": None if group.example.verdict is None else verdict_json(group.example.verdict),
    }


def patch_json(patch: Patch) -> Record:
    return {
        "words": patch.words,
        "text": patch.text,
        "verified": patch.verified,
        "outcome": patch.outcome,
    }


def match_json(match: Match) -> Record:
    return {
        "cause": match.cause,
        "certainty": match.certainty.value,
        "sentence": match.sentence,
        "proofs": [
            {"label": one.label, "text": one.text, "place": one.place, "side": one.side}
            for one in match.proofs
        ],
        "signs": [_sign(one) for one in match.signs],
        "sites": [{"path": one.path, "line": one.line} for one in match.sites],
        "fix": match.fix,
        "facts": dict(match.facts),
    }


def verdict_json(verdict: Verdict) -> Record:
    return {
        "fault": verdict.fault.value,
        "rule": verdict.rule,
        "signs": [_sign(one) for one in verdict.signs],
        "beside": [_sign(one) for one in verdict.beside],
    }


def _sign(sign: Sign) -> Record:
    return {
        "fault": sign.fault.value,
        "words": sign.words,
        "place": sign.place,
        "alone": sign.alone,
    }


def failing_json(one: FailingTest) -> Record:
    return {
        "test": one.test,
        "path": one.path,
        "category": one.category.value,
        "words": one.words,
        "matrix": _matrix(one.matrix),
        "alone": [outcome.value for outcome in one.alone],
        "causes": [match.cause for match in one.matches],
        "fault": None if one.verdict is None else one.verdict.fault.value,
        "evidence": [_evidence(evidence) for evidence in one.evidence],
    }


def _matrix(matrix: Matrix) -> Record:
    return {
        "base": _outcome(matrix.base),
        "new_tests": _outcome(matrix.new_tests),
        "new_sources": _outcome(matrix.new_sources),
        "head": _outcome(matrix.head),
    }


def _outcome(outcome: TestOutcome | None) -> str | None:
    return None if outcome is None else outcome.value


def _evidence(evidence: Evidence) -> Record:
    return {"phase": evidence.phase, "chain": [_raised(one) for one in evidence.chain]}


FRAMES = 12


def _raised(one: Raised) -> Record:
    return {
        "type": one.type,
        "message": one.message[:1000],
        "relation": one.relation,
        "frames": [_frame(frame) for frame in one.frames[-FRAMES:]],
    }


def _frame(frame: Frame) -> Record:
    return {
        "kind": frame.kind.value,
        "path": frame.path,
        "line": frame.line,
        "function": frame.function,
        "source": frame.source,
    }

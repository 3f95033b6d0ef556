"""A file that is covered far better than it is checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from assay.model.finding import Confidence, Evidence, Finding, Severity
from assay.model.mutant import Status, Verdict
from assay.model.source import MODULE_UNIT
from assay.weakness.detector import Detector, Example
from assay.weakness.kills import KillFacts, functions_in

KIND = "oracle-gap"

FEWEST_OF_FILE = 10
"""A share of fewer mutants says little."""

WIDE = 0.3
"""A gap that is worth a look: three in ten mutants run under tests that do not notice."""

_COUNTED = frozenset({Status.KILLED, Status.SURVIVED, Status.NO_COVERAGE})


def _find(facts: KillFacts) -> Iterator[Finding]:
    files: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in facts.verdicts:
        files[verdict.mutant.path].append(verdict)
    for path, verdicts in files.items():
        # What has no verdict could close the gap, or widen it.
        if facts.is_sample or any(one.status not in _COUNTED for one in verdicts):
            continue
        count = len(verdicts)
        survived = [one for one in verdicts if one.status is Status.SURVIVED]
        covered = sum(one.status is not Status.NO_COVERAGE for one in verdicts) / count
        gap = len(survived) / count
        if count < FEWEST_OF_FILE or gap < WIDE:
            continue
        worst = functions_in(one.mutant for one in survived).most_common(3)
        yield facts.of_code(
            ((path, MODULE_UNIT), ()),
            (KIND, 2),
            f"`{path}`: tests run {covered:.0%} of its {count} bodies and statements, and notice "
            f"when {covered - gap:.0%} are taken away, a gap of {100 * gap:.0f} points.",
            [
                Evidence("most in", ", ".join(f"{unit} ({number})" for (_, unit), number in worst)),
                facts.diff("no test notices", survived[0].mutant.id),
            ],
            "begin with the functions named: assert what they do",
            (Confidence.CERTAIN, Severity.MEDIUM),
        )


DETECTOR: Detector[KillFacts] = Detector(
    kind=KIND,
    level=2,
    title="Oracle gap: covered, and not checked",
    definition=(
        "Of the bodies and statements of a file that are taken away one by one, the share that "
        f"tests run is at least {100 * WIDE:.0f} points larger than the share whose absence they "
        "notice: coverage minus score (Jain et al., Mind the gap, 2023)."
    ),
    why="High coverage hides it.",
    confidence=Confidence.CERTAIN,
    confidence_because="both shares are counted on the same mutants.",
    guards=(
        f"files with fewer than {FEWEST_OF_FILE} such mutants",
        "files of which a mutant got no verdict, hung, or was not conclusive; samples",
    ),
    fix="assert what the functions named first do.",
    find=_find,
    examples=(
        Example(
            "Everything is called, little is looked at.",
            {
                "desk.py": """\
def opened(log, name):
    log.append(name)
    log.append("opened")


def closed(log, name):
    log.append(name)
    log.append("closed")


def moved(log, name):
    log.append(name)
    log.append("moved")


def count(log):
    return len(log)
""",
                "lamp.py": """\
def on(log, name):
    log.append(name)
    log.append("on")
    log.append("bright")


def off(log, name):
    log.append(name)
    log.append("off")
    log.append("dark")


def last(log):
    return log[-1]
""",
                "test_desk.py": """\
import desk


def test_all():
    log = []
    desk.opened(log, "a")
    desk.closed(log, "b")
    desk.moved(log, "c")
    assert desk.count(log) is not None
""",
                "test_lamp.py": """\
import lamp


def test_lamp():
    log = []
    lamp.on(log, "a")
    lamp.off(log, "b")
    assert log == ["a", "on", "bright", "b", "off", "dark"]
    assert lamp.last(log) == "dark"
""",
            },
            ("desk.py::<module>",),
            ("lamp.py::last",),
        ),
    ),
)

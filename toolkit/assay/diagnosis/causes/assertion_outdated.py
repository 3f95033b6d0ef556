"""A test expects what an intended change has replaced.

`facts`: `actual` and `expected` as pytest shows them, `literal` and `columns` (the test's text of
what it expects with its first and end column in UTF-8 bytes, on line `test_line` of `test_path`;
"" where it is no literal on one line), `replacement` (the new value's text, "" where it was
shortened), and `path` and `name` of the definition the value comes from.
"""

from __future__ import annotations

import ast

from assay.diagnosis.assertion import NOTHING, evaluated
from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.intent import of_old_docstring, of_other_users, of_told_value
from assay.diagnosis.proofs import certainty_of, facts_of, key_of, of_failure, of_origin, shown
from assay.diagnosis.values import Compared, by_sources, compared, origin_of
from assay.model.diagnosis import Certainty, Fault, Match, Sign, Site


def _match(case: Case) -> Match | None:
    found = compared(case)
    if found is None or not by_sources(case) or not found.expected:
        return None
    told = tuple(of_told_value(case.sides, found.actual, found.expected))
    if not told:
        return None
    origin = origin_of(case, found.functions)
    against = of_old_docstring(origin, found.expected)
    users = of_other_users(case.sides, found.expected, found.actual)
    signs: tuple[Sign, ...] = (*told, *against, *users)
    frame = found.frame
    return Match(
        cause=CAUSE.name,
        key=key_of(case, origin, f"{frame.path}:{frame.line}"),
        certainty=certainty_of(case),
        sentence=f"{frame.place} expects {shown(found.expected)}, and the change makes it "
        f"{shown(found.actual)}, as {told[0].place} says",
        proofs=(*of_origin(case, origin), *of_failure(case)),
        signs=signs,
        sites=(Site(frame.path, frame.line),),
        fix=f"expect {shown(found.actual)}, if that is what was meant",
        facts={**facts_of(origin), **_facts(found)},
    )


def _facts(found: Compared) -> dict[str, object]:
    written = found.written
    here = written is not None and written.lineno == written.end_lineno
    columns = [written.col_offset, written.end_col_offset] if written is not None and here else []
    whole = found.complete and evaluated(found.actual) is not NOTHING
    return {
        "actual": found.actual,
        "expected": found.expected,
        "literal": ast.unparse(written) if written is not None and here else "",
        "columns": columns,
        "replacement": found.actual if whole else "",
        "test_path": found.frame.path,
        "test_line": found.frame.line if written is None else written.lineno,
    }


CAUSE = Cause(
    name="assertion-outdated",
    title="Assertion outdated by an intended change",
    rule=(
        "An assertion that passed at base got another value at head, and the same change has "
        "written that value into documents or into other tests, and not the old one."
    ),
    shows="both values, where the new one is told of, and the altered definition.",
    verdict=(
        "Test; undecided, if unchanged sources still compare with the old value or a docstring "
        "still tells of it."
    ),
    fix="expect the new value: assay proposes it and asks.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A word was replaced, and the change log tells of it.",
            {
                "CHANGES.md": "# Changes\n",
                "state.py": """\
def state(done):
    return "finished" if done else "running"


def count(done):
    return done
""",
                "test_state.py": """\
from state import count, state


def test_state():
    assert state(True) == "finished"


def test_count():
    assert count(2) == 2
""",
            },
            {
                "CHANGES.md": "# Changes\n\nWhat is over is now called completed.\n",
                "state.py": """\
def state(done):
    return "completed" if done else "running"


def count(done):
    return done + 1
""",
            },
            {"test_state.py::test_state": Fault.TEST},
            ("test_state.py::test_count",),
        ),
    ),
    ambiguity="a value may stand in a document for another reason.",
)

"""A warning that the configuration turns into an exception.

`facts`: `warning` (its type), `message`, `place` of the code that causes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.proofs import of_failure
from assay.diagnosis.reach import statement_at
from assay.diagnosis.sides import Sides
from assay.diagnosis.signs import of_documents
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site
from assay.model.evidence import Frame, FrameKind, Raised

_WARNS = re.compile(r"\bwarn(?:ings)?(?:\.warn)?(?:_explicit)?\(|\bwarn_\w+\(|_warn\(")


def _match(case: Case) -> Match | None:
    error = _warning(case)
    if error is None:
        return None
    giver, user = _giver(error), _user(error)
    return Match(
        cause=CAUSE.name,
        key=f"{error.short_type}: {error.first_line[:80]}",
        certainty=Certainty.COMPLETE if giver is not None else Certainty.PARTIAL,
        sentence=f"{user.place if user is not None else case.test} brings on {error.short_type}, "
        f"which is an error here: {error.first_line[:100]}",
        proofs=(
            *([Proof("warns", giver.source, giver.place, "head")] if giver is not None else []),
            *([Proof("used", user.source, user.place, "head")] if user is not None else []),
            *of_failure(case),
        ),
        signs=tuple(_signs(case, error, giver, user)),
        sites=(Site(user.path, user.line),) if user is not None else (),
        fix="use what the warning proposes, or wait for it (`pytest.warns`), or filter it by name",
        facts={
            "warning": error.type,
            "message": error.first_line,
            "place": user.place if user is not None else "",
        },
    )


def _warning(case: Case) -> Raised | None:
    """The warning itself, which pytest may put behind one of its own."""
    found = [one for one in case.evidence.chain if one.is_a("Warning")]
    plain = [one for one in found if not one.short_type.startswith("Pytest")]
    if not case.evidence.error.is_a("Warning"):
        return None
    return (plain or found)[0]


def _giver(error: Raised) -> Frame | None:
    """Whose code warns: the innermost frame of the project, or of a library."""
    kinds = (FrameKind.SOURCE, FrameKind.LIBRARY, FrameKind.TEST, FrameKind.CONFTEST)
    return next((frame for frame in reversed(error.frames) if frame.kind in kinds), None)


def _user(error: Raised) -> Frame | None:
    """Who uses what warns: the frame of the project around the one that warns."""
    giver = error.last_own_frame
    if giver is None or not _WARNS.search(giver.source):
        return giver
    own = [f for f in error.frames if f.kind in (FrameKind.SOURCE, FrameKind.TEST)]
    around = [frame for frame in own if frame.function != giver.function]
    return around[-1] if around else giver


def _signs(case: Case, error: Raised, giver: Frame | None, user: Frame | None) -> Iterator[Sign]:
    if giver is None or user is None:
        return
    sides = case.sides
    if giver.kind is FrameKind.SOURCE and _is_changed(sides, giver):
        if user.kind is FrameKind.SOURCE and user is not giver:
            words = f"{user.place}, in sources, still uses what the change deprecates"
            yield Sign(Fault.CODE, words, user.place)
        elif error.is_a("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning"):
            yield Sign(Fault.TEST, "the change deprecates on purpose what it uses", giver.place)
        yield from of_documents(sides, giver.function.rpartition(".")[2])
    elif user.kind is FrameKind.SOURCE and user.line in sides.changed_lines(user.path):
        words = f"{user.place} was changed, and now brings the warning on"
        yield Sign(Fault.CODE, words, user.place)
    elif giver.kind is FrameKind.LIBRARY and not sides.changed_lines(user.path):
        words = f"{giver.module.partition('.')[0]} warns of what no change has touched"
        yield Sign(Fault.ENVIRONMENT, words, giver.place)


def _is_changed(sides: Sides, frame: Frame) -> bool:
    """Whether the change has altered a line of the statement that warns."""
    statement = statement_at(sides, frame.path, frame.line)
    last = frame.line if statement is None else statement.end_lineno or frame.line
    first = frame.line if statement is None else statement.lineno
    return any(first <= line <= last for line in sides.changed_lines(frame.path))


CAUSE = Cause(
    name="warning-as-error",
    title="Warning turned into an error",
    rule="The exception is a warning, which the configuration of the project turns into an error.",
    shows="who warns, who uses what it warns of, and the text.",
    verdict=(
        "Test, if the change deprecates what only the test uses; code, if sources still use it, or "
        "were changed to use what warns; environment, if a library warns of unchanged code."
    ),
    fix="use what the warning proposes, or wait for it, or filter it by name.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A function was deprecated: a test uses it, and so do sources.",
            {
                "pytest.ini": "[pytest]\nfilterwarnings = error\n",
                "shop.py": """\
def old():
    return 1


def cart():
    return old() + 1


def go(code):
    return code
""",
                "test_shop.py": """\
from shop import cart, go, old


def test_old():
    assert old() == 1


def test_cart():
    assert cart() == 2


def test_go():
    assert go(3) == 3
""",
            },
            {
                "shop.py": """\
import warnings


def old():
    warnings.warn("use new()", DeprecationWarning, stacklevel=2)
    return 1


def cart():
    return old() + 1


def go(code):
    return code + 1
""",
            },
            {
                "test_shop.py::test_old": Fault.TEST,
                "test_shop.py::test_cart": Fault.CODE,
            },
            ("test_shop.py::test_go",),
        ),
        Example(
            "A warning that nobody heeded has become one that is an error: its category, in "
            "another line than the call, was changed.",
            {
                "pytest.ini": "[pytest]\nfilterwarnings = error::DeprecationWarning\n",
                "shop.py": """\
import warnings


def old():
    warnings.warn(
        "use new()",
        PendingDeprecationWarning,
        stacklevel=2,
    )
    return 1
""",
                "test_shop.py": """\
from shop import old


def test_old():
    assert old() == 1
""",
            },
            {
                "shop.py": """\
import warnings


def old():
    warnings.warn(
        "use new()",
        DeprecationWarning,
        stacklevel=2,
    )
    return 1
""",
            },
            {"test_shop.py::test_old": Fault.TEST},
        ),
    ),
)

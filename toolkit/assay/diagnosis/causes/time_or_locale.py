"""The clock, the time zone or the locale decides how the test ends.

`facts`: `kind` (clock, zone or locale), `reads` and `place` of what reads the clock or the zone,
`literal` (the date that is written, "" for others).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from assay.diagnosis.assertion import NOTHING, evaluated
from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.proofs import of_failure
from assay.diagnosis.using import CLOCK, ZONE, Use, dates, uses
from assay.diagnosis.values import Compared, compared
from assay.model.diagnosis import Category, Certainty, Fault, Match, Proof, Site

_DATETIME = re.compile(
    r"datetime\.datetime\((?P<parts>\d+(?:, \d+)+)|(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)"
)
_LOCALE = re.compile(r"unsupported locale setting|No time zone found with key|unknown locale")
_ZONES = timedelta(hours=14)


def _match(case: Case) -> Match | None:
    if case.error.is_a("Error", "ZoneInfoNotFoundError", "UnicodeEncodeError", "ValueError"):
        told = _LOCALE.search(case.error.first_line)
        if told is not None:
            return _of_locale(case)
    if case.category is not Category.KNOWN_FAILURE:
        return None
    found = compared(case)
    return None if found is None else (_of_zone(case, found) or _of_clock(case, found))


def _of_locale(case: Case) -> Match:
    frame = case.own_frame
    return Match(
        cause=CAUSE.name,
        key=case.error.first_line[:80],
        certainty=Certainty.COMPLETE,
        sentence=f"a locale or time zone is not installed: {case.error.first_line[:100]}",
        proofs=tuple(of_failure(case)),
        signs=(),
        sites=(Site(frame.path, frame.line),) if frame is not None else (),
        fix="install it, or leave the test out where it is not there",
        facts={"kind": "locale", "reads": "", "place": "", "literal": ""},
        decided=Fault.ENVIRONMENT,
    )


def _of_zone(case: Case, found: Compared) -> Match | None:
    """Two times that differ by a time zone, where the code asks for the local one."""
    got, want = _datetime(found.actual), _datetime(found.expected)
    use = next(uses(case, ZONE), None)
    if got is None or want is None or use is None or got == want:
        return None
    apart = abs(got - want)
    if apart > _ZONES or apart % timedelta(minutes=15):
        return None
    return _told(case, "zone", use, None, f"by {apart}, as another time zone makes it")


def _datetime(text: str) -> datetime | None:
    told = _DATETIME.search(text)
    if told is None:
        return None
    try:
        if told["iso"]:
            return datetime.fromisoformat(told["iso"])
        return datetime(*[int(part) for part in told["parts"].split(", ")[:6]])  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return None


def _of_clock(case: Case, found: Compared) -> Match | None:
    """A date that is written, and a clock that has gone past it."""
    clock = next(uses(case, CLOCK), None)
    literal = next(dates(case), None)
    if clock is None or literal is None or not _tells_time(found):
        return None
    return _told(case, "clock", clock, literal, f"from {literal.text}, which is written there")


def _tells_time(found: Compared) -> bool:
    """Whether what was compared is a time, a number or a truth that may come from one."""
    value = evaluated(found.actual)
    if found.assertion.operator == "" or isinstance(value, bool | int | float):
        return True
    return _DATETIME.search(found.actual) is not None or (
        value is NOTHING and "datetime" in found.actual
    )


def _told(case: Case, kind: str, use: Use, literal: Use | None, words: str) -> Match:
    written = literal if literal is not None else use
    in_test = written.in_test
    what = "clock" if kind == "clock" else "time zone"
    settled = kind == "zone"
    fault = Fault.ENVIRONMENT if settled else (Fault.TEST if in_test else Fault.CODE)
    return Match(
        cause=CAUSE.name,
        key=f"{kind} at {use.place}",
        certainty=Certainty.PARTIAL,
        sentence=f"{use.place} reads the {what}, and the value differs {words}",
        proofs=(
            Proof("reads", use.text, use.place, "head"),
            *([Proof("date", literal.text, literal.place, "head")] if literal is not None else []),
            *of_failure(case),
        ),
        signs=(),
        sites=(Site(written.path, written.line),),
        fix="freeze the clock in the test, or pass the time in"
        if kind == "clock"
        else "name the time zone (`tz=UTC`), or set TZ for the tests",
        facts={
            "kind": kind,
            "reads": use.text,
            "place": use.place,
            "literal": literal.text if literal is not None else "",
        },
        decided=fault,
    )


CAUSE = Cause(
    name="time-or-locale",
    title="Clock, time zone or locale",
    rule=(
        "A locale or zone that is not installed; or a test that fails at base too, and compares "
        "times that differ by a time zone where the code asks for the local one, or reaches both a "
        "clock and a date that is written."
    ),
    shows="what reads the clock or the zone, the date that is written, and both values.",
    verdict=(
        "Environment for zones and locales; for a clock, test if the date stands in the test, code "
        "if it stands in the sources."
    ),
    fix="freeze the clock, pass the time in, name the time zone.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A zone that is not that of the author, a date that has passed, a locale that is not "
            "there, and a failure that has nothing to do with time.",
            {
                "shop.py": """\
import locale
from datetime import date, datetime


def moment(stamp):
    return datetime.fromtimestamp(stamp)


def is_valid(until):
    return date.today() <= until


def name():
    return locale.setlocale(locale.LC_ALL, "xx_NOWHERE")


def go(code):
    return code + 1
""",
                "test_shop.py": """\
from datetime import date, datetime

from shop import go, is_valid, moment, name


def test_moment():
    assert moment(0) == datetime(1970, 1, 1, 0, 0)


def test_valid():
    assert is_valid(date(2021, 1, 1))


def test_name():
    assert name()


def test_go():
    assert go(3) == 3
""",
            },
            {
                "shop.py": """\
import locale
from datetime import date, datetime


def moment(stamp):
    return datetime.fromtimestamp(stamp)


def is_valid(until):
    return date.today() <= until


def name():
    return locale.setlocale(locale.LC_ALL, "xx_NOWHERE")


def go(code):
    return code + 2
""",
            },
            {
                "test_shop.py::test_moment": Fault.ENVIRONMENT,
                "test_shop.py::test_valid": Fault.TEST,
                "test_shop.py::test_name": Fault.ENVIRONMENT,
            },
            ("test_shop.py::test_go",),
            env={"TZ": "America/New_York"},
        ),
    ),
    ambiguity="a test may fail for another reason and read the clock all the same.",
)

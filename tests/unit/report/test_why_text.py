"""Facts about the text of `assay why`: whole answers for a test and for a line."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

from assay.report.why import line_text
from assay.report.why import test_text as text_of_test
from assay.selection.explain import LineUsers, TestNeeds


def needs(direct: int = 1, opaque: tuple[str, ...] = ()) -> TestNeeds:
    return TestNeeds(
        node_id="t.py::a",
        outcome="passed",
        direct=tuple(("tax.py", f"f{n}") for n in range(direct)),
        through={},
        files=(),
        opaque=opaque,
    )


def users(
    stale: bool = False,
    ran_line: tuple[str, ...] = (),
    ran_unit: tuple[str, ...] = (),
    through: Mapping[str, tuple[str, ...]] | None = None,
    unit: str = "rate",
) -> LineUsers:
    return LineUsers("tax.py", 4, unit, stale, ran_line, ran_unit, through or {})


def test_what_a_test_depends_on() -> None:
    found = TestNeeds(
        node_id="t.py::a",
        outcome="failed",
        direct=(("tax.py", "<module>"), ("tax.py", "rate")),
        through={"fixture:tests::db": ("db.py::open",), "module:app.py": ("app.py::<module>",)},
        files=("data/", "rates.json"),
        opaque=("forked",),
    )
    assert text_of_test(found, everything=False) == dedent(
        """\
        t.py::a (failed when last recorded) depends on:

        code it ran (2):
          tax.py::(module body)
          tax.py::rate
        fixture db of tests (1):
          db.py::open
        imported by app.py (1):
          app.py::(module body)
        files and directories it read:
          data/
          rates.json
        anything: it forked
        """
    )


def test_a_test_that_depends_on_little() -> None:
    assert text_of_test(needs(), everything=False) == dedent(
        """\
        t.py::a (passed when last recorded) depends on:

        code it ran (1):
          tax.py::f0
        """
    )


def test_ten_units_are_shown_and_all_when_asked() -> None:
    few, everything = text_of_test(needs(12), False), text_of_test(needs(12), True)
    assert (few.count("tax.py::"), everything.count("tax.py::")) == (10, 12)
    assert few.endswith("  … and 2 more: --all shows them.\n")


def test_which_tests_depend_on_a_line() -> None:
    found = users(
        ran_line=("a", "b"), ran_unit=("c",), through={"d": ("module:app.py", "fixture:::db")}
    )
    assert line_text(found, everything=False) == dedent(
        """\
        tax.py:4 is in rate
        2 tests that ran the line:
          a
          b
        1 test that ran other lines of it:
          c
        1 test that depends on it through something else:
          d ← imported by app.py ← fixture db
        """
    )


def test_a_line_that_nothing_depends_on() -> None:
    found = line_text(users(unit="<module>"), everything=False)
    assert found == "tax.py:4 is in (module body)\nNo test depends on it.\n"


def test_a_file_that_changed_since_it_was_recorded_is_told() -> None:
    found = line_text(users(stale=True, ran_unit=("a",)), everything=False)
    assert "\nThe file changed since the map was recorded: run `assay map`.\n" in found


def test_a_stale_line_that_nothing_depends_on_is_told_so_too() -> None:
    assert "No test depends on it." in line_text(users(stale=True), everything=False)

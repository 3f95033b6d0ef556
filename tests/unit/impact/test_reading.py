"""Facts about what one reading of a source file finds."""

from __future__ import annotations

from assay.impact.reading import read_file

TEXT = """\
import shop.fast

def price():
    global _table
    if _table is None:
        _table = shop.fast.load()
    return _table.f_lineno
"""


def test_one_reading_finds_imports_chains_positions_and_what_is_kept() -> None:
    found = read_file("m.py", TEXT, {"f_lineno"})
    assert found.asked == ((None, "shop.fast"),)
    assert found.chains == {"shop.fast": 1 << 6, "shop.fast.load": 1 << 6}
    assert found.positions == 1 << 7
    assert [place.what for place in found.kept.places] == ["m.py::price (_table)"]


def test_a_chain_needs_an_imported_module() -> None:
    assert read_file("m.py", "shop.fast.load()\n", ()).chains == {}


def test_line_breaks_and_byte_order_marks_are_read_as_python_does() -> None:
    found = read_file("m.py", "\ufeffimport a\r\nimport b\r", ())
    assert found.asked == ((None, "a"), (None, "b"))


def test_of_a_text_that_does_not_parse_nothing_is_known() -> None:
    found = read_file("m.py", "import a\ndef f(:\n    f_lineno\n", {"f_lineno"})
    assert not found.parses
    assert (found.asked, found.chains, found.kept.places) == ((), {}, ())
    assert read_file("m.py", "", ()).parses

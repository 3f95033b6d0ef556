"""Mechanical edits: what changes, and what stays as it is."""

from __future__ import annotations

from assay.diagnosis.rewrites import (
    add_autospec,
    drop_argument,
    move_import,
    name_arguments,
    rename_argument,
    rename_attribute,
    rename_parameter,
    replace_string,
)


def test_the_only_name_of_an_import_is_taken_from_elsewhere() -> None:
    text = "from a.b import f  # why\n\nf()\n"
    assert move_import(text, ("a.b", "f"), ("a.c", "f")) == "from a.c import f  # why\n\nf()\n"


def test_one_of_several_names_gets_an_import_of_its_own() -> None:
    moved = move_import("from a import f, g\n", ("a", "f"), ("b", "f"))
    assert moved == "from a import g\nfrom b import f\n"


def test_a_renamed_name_keeps_the_name_that_the_file_uses() -> None:
    assert move_import("from a import f\n", ("a", "f"), ("a", "h")) == "from a import h as f\n"
    assert move_import("from a import f as x\n", ("a", "f"), ("a", "h")) == "from a import h as x\n"


def test_a_module_is_imported_under_its_new_name_in_all_forms() -> None:
    text = "import p.old\nfrom p.old import f\nfrom p import old\np.old.g(old)\n"
    assert move_import(text, ("p.old", ""), ("p.new", "")) == (
        "import p.new\nfrom p.new import f\nfrom p import new as old\np.new.g(old)\n"
    )


def test_a_module_at_the_top_keeps_its_name_in_the_file() -> None:
    moved = move_import("import old, os\nold.f(old)\n", ("old", ""), ("new", ""))
    assert moved == "import new as old, os\nold.f(old)\n"


def test_what_is_used_from_the_top_of_a_renamed_package_is_used_under_its_new_name() -> None:
    moved = move_import("import p.a\np.a.f()\nq.p.a()\n", ("p", ""), ("q", ""))
    assert moved == "import q.a\nq.a.f()\nq.p.a()\n"


def test_a_module_that_moved_to_another_package_is_imported_from_there() -> None:
    text = "from p.sub import old, other\nold.f()\n"
    assert move_import(text, ("p.sub.old", ""), ("p.old", "")) == (
        "from p.sub import other\nfrom p import old\nold.f()\n"
    )
    assert move_import("from p import old\n", ("p.old", ""), ("new", "")) == "import new as old\n"


def test_a_module_that_became_a_package_is_imported_where_its_code_is() -> None:
    text = "from p import old\nfrom p.old import f\nimport p.old\np.old.f(old)\n"
    assert move_import(text, ("p.old", ""), ("p.old.core", "")) == (
        "from p.old import core as old\nfrom p.old.core import f\nimport p.old.core\n"
        "p.old.core.f(old)\n"
    )


def test_a_relative_import_stays_relative_where_it_can() -> None:
    text = "from .old import f\nfrom . import old\nfrom ..old import g\n"
    assert move_import(text, ("p.old", ""), ("p.new", ""), "p") == (
        "from .new import f\nfrom . import new as old\nfrom ..old import g\n"
    )
    assert move_import("from .b import x\n", ("p.s.b", ""), ("p.b", ""), "p.s") == (
        "from p.b import x\n"
    )
    assert move_import("from .a import f, g\n", ("p.a", "f"), ("p.b", "f"), "p") == (
        "from .a import g\nfrom .b import f\n"
    )


def test_an_import_of_something_else_is_left() -> None:
    assert move_import("from a import g\n", ("a", "f"), ("b", "f")) is None
    assert move_import("from .a import f\n", ("a", "f"), ("b", "f")) is None


def test_a_string_is_replaced_on_its_line_with_its_quotes() -> None:
    text = "x('a.b')\ny(\"a.b\")\nz('a.b.c')\n"
    assert replace_string(text, "a.b", "a.d", {2}) == "x('a.b')\ny(\"a.d\")\nz('a.b.c')\n"
    assert replace_string(text, "a", "b") is None


def test_an_attribute_is_renamed_on_its_lines() -> None:
    assert rename_attribute("a.f()\nb.f()\nf()\n", "f", "g", {1}) == "a.g()\nb.f()\nf()\n"


def test_a_keyword_argument_is_renamed_in_calls_of_the_function() -> None:
    text = "p.d(1, rate=2)\ne(rate=2)\n"
    assert rename_argument(text, "d", "rate", "share", None) == "p.d(1, share=2)\ne(rate=2)\n"


def test_positional_arguments_get_the_names_they_had() -> None:
    assert name_arguments("d(1, 2, c=3)\n", "d", ["", "b"], None) == "d(1, b=2, c=3)\n"
    assert name_arguments("d(*a)\n", "d", ["b"], None) is None
    assert name_arguments("d(1, 2)\n", "d", ["b"], None) is None
    # What would put a positional argument behind a named one is not written.
    assert name_arguments("d(1, 2)\n", "d", ["a", ""], None) is None


def test_an_argument_is_dropped_with_its_comma() -> None:
    assert drop_argument("d(1, b=2)\n", "d", "b", None) == "d(1)\n"
    assert drop_argument("d(b=2, c=3)\n", "d", "b", None) == "d(c=3)\n"


def test_a_patch_gets_autospec_unless_it_says_what_to_put_there() -> None:
    assert add_autospec("with mock.patch('a.b'):\n    x\n", {1}) == (
        "with mock.patch('a.b', autospec=True):\n    x\n"
    )
    assert add_autospec("mock.patch.object(a, 'b', return_value=1)\n", {1}) == (
        "mock.patch.object(a, 'b', return_value=1, autospec=True)\n"
    )
    assert add_autospec("mock.patch('a.b', fake)\n", {1}) is None
    assert add_autospec("mock.patch('a.b', spec=True)\n", {1}) is None


def test_a_parameter_is_renamed_with_its_uses_in_the_functions_of_the_lines() -> None:
    text = "def test_a(db):\n    db.x\n\ndef test_b(db):\n    db.y\n"
    assert rename_parameter(text, "db", "base", {2}) == (
        "def test_a(base):\n    base.x\n\ndef test_b(db):\n    db.y\n"
    )


def test_a_file_that_does_not_parse_is_left() -> None:
    assert rename_attribute("a.f(\n", "f", "g") is None

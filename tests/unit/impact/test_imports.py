"""Facts about import statements: which files they reach, and which names they ask for."""

from __future__ import annotations

from textwrap import dedent

import pytest

from assay.impact.imports import AskedName, find_imports, import_roots, module_names
from assay.impact.reading import read_file

SHOP = frozenset(
    {
        "shop/__init__.py",
        "shop/tax.py",
        "shop/cart.py",
        "shop/pay/__init__.py",
        "shop/pay/card.py",
        "shop/pay/cash.py",
        "helpers.py",
    }
)


def asked_in(path: str, text: str) -> tuple[AskedName, ...]:
    return read_file(path, dedent(text), ()).asked


def reached(path: str, text: str, *roots: str, files: frozenset[str] = SHOP) -> set[str]:
    return set(find_imports(path, asked_in(path, text), roots or ("",), files).paths)


def asked(path: str, text: str) -> set[str]:
    return set(find_imports(path, asked_in(path, text), ("",), SHOP).names)


# Absolute imports


def test_an_absolute_import_reaches_the_module_and_every_package_on_the_way() -> None:
    assert reached("t.py", "import shop.pay.card") == {
        "shop/__init__.py",
        "shop/pay/__init__.py",
        "shop/pay/card.py",
    }


def test_an_import_of_something_outside_the_repository_reaches_nothing() -> None:
    assert reached("t.py", "import json, shopping") == set()


def test_from_a_package_an_imported_name_may_be_a_module() -> None:
    assert reached("t.py", "from shop import tax") == {"shop/__init__.py", "shop/tax.py"}


def test_from_a_package_an_imported_name_may_be_no_module() -> None:
    assert reached("t.py", "from shop import VERSION") == {"shop/__init__.py"}


def test_from_a_module_an_imported_name_reaches_that_module() -> None:
    assert reached("t.py", "from shop.tax import rate") == {"shop/__init__.py", "shop/tax.py"}


def test_a_star_import_reaches_the_package_and_none_of_its_modules() -> None:
    assert reached("t.py", "from shop import *") == {"shop/__init__.py"}


def test_an_import_under_another_name_reaches_the_same_files() -> None:
    assert reached("t.py", "import shop.tax as t") == reached("t.py", "import shop.tax")


def test_a_package_without_init_is_passed_through() -> None:
    files = frozenset({"space/inner/deep.py"})
    assert reached("t.py", "import space.inner.deep", files=files) == {"space/inner/deep.py"}


def test_a_package_hides_a_module_of_the_same_name() -> None:
    files = frozenset({"both.py", "both/__init__.py"})
    assert reached("t.py", "import both", files=files) == {"both/__init__.py"}


@pytest.mark.parametrize("roots", [("src",), ("", "src"), ("src", "lib")])
def test_absolute_names_are_looked_up_under_each_root(roots: tuple[str, ...]) -> None:
    files = frozenset({"src/shop.py"})
    assert reached("t.py", "import shop", *roots, files=files) == {"src/shop.py"}


def test_absolute_names_are_not_looked_up_outside_the_roots() -> None:
    assert reached("t.py", "import shop", "lib", files=frozenset({"src/shop.py"})) == set()


# Relative imports


def test_one_dot_means_the_package_the_file_lies_in() -> None:
    assert reached("shop/cart.py", "from . import tax") == {"shop/__init__.py", "shop/tax.py"}


def test_one_dot_in_an_init_means_the_package_itself() -> None:
    assert reached("shop/__init__.py", "from .tax import rate") == {"shop/tax.py"}


def test_two_dots_mean_the_package_above() -> None:
    assert reached("shop/pay/card.py", "from ..tax import rate") == {
        "shop/__init__.py",
        "shop/pay/__init__.py",
        "shop/tax.py",
    }


def test_relative_names_are_not_looked_up_under_the_roots() -> None:
    assert "helpers.py" not in reached("shop/cart.py", "from .helpers import f", "")


def test_dots_beyond_the_top_reach_nothing_new() -> None:
    assert reached("helpers.py", "from ....shop_not import tax") == set()


# Where a statement stands


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    import shop.tax\n",
        "if TYPE_CHECKING:\n    import shop.tax\n",
        "try:\n    import shop.tax\nexcept ImportError:\n    pass\n",
        "class A:\n    import shop.tax\n",
        "async def f():\n    async with x:\n        import shop.tax\n",
    ],
    ids=["function", "TYPE_CHECKING", "try", "class", "async"],
)
def test_an_import_counts_wherever_it_stands(text: str) -> None:
    assert "shop/tax.py" in reached("t.py", text)


@pytest.mark.parametrize("text", ["# import shop.tax\n", "x = 'import shop.tax'\n"])
def test_the_words_of_an_import_in_a_comment_or_text_do_not_count(text: str) -> None:
    assert reached("t.py", text) == set()


# The file itself


def test_a_module_depends_on_the_packages_around_it_though_it_imports_nothing() -> None:
    assert reached("shop/pay/card.py", "") == {"shop/__init__.py", "shop/pay/__init__.py"}


def test_packages_above_end_where_a_directory_has_no_init() -> None:
    files = frozenset({"a/__init__.py", "a/b/c/__init__.py", "a/b/c/m.py"})
    assert reached("a/b/c/m.py", "", files=files) == {"a/b/c/__init__.py"}


def test_a_file_does_not_depend_on_itself_through_its_own_import() -> None:
    assert reached("helpers.py", "import helpers") == set()


def test_a_file_that_does_not_parse_reaches_nothing() -> None:
    assert reached("t.py", "import shop.tax\ndef (:\n") == set()


def test_a_byte_order_mark_hides_no_import() -> None:
    assert "shop/tax.py" in reached("t.py", "\ufeffimport shop.tax\n")


# Names


def test_names_are_dotted_as_an_import_would_write_them() -> None:
    assert asked("t.py", "import shop.tax\nfrom shop.pay import card") == {
        "shop.tax",
        "shop.pay",
        "shop.pay.card",
    }


def test_names_that_reach_no_file_are_told_too() -> None:
    assert "shop.discount" in asked("t.py", "from shop import discount")


def test_relative_names_are_told_by_their_directory() -> None:
    assert asked("shop/cart.py", "from .tax import rate") == {"shop.tax", "shop.tax.rate"}


def test_a_star_is_no_name() -> None:
    assert asked("t.py", "from shop import *") == {"shop"}


# Roots


def test_roots_are_the_directories_of_the_search_path_inside_the_repository() -> None:
    path = ["/repo", "/repo/src", "/usr/lib/python3.11", "/repository/src"]
    assert import_roots(path, {}, "/repo") == ("", "src")


def test_an_imported_module_proves_its_root() -> None:
    assert import_roots([], {"shop.tax": "/repo/src/shop/tax.py"}, "/repo") == ("src",)


def test_an_imported_package_proves_the_root_above_its_directory() -> None:
    assert import_roots([], {"shop": "/repo/lib/shop/__init__.py"}, "/repo") == ("lib",)


def test_a_module_under_another_name_than_its_file_proves_nothing() -> None:
    assert import_roots([], {"plugin_7": "/repo/plugins/seven.py"}, "/repo") == ()


def test_the_main_module_proves_nothing() -> None:
    assert import_roots([], {"__main__": "/repo/__main__.py"}, "/repo") == ()


def test_a_module_outside_the_repository_proves_nothing() -> None:
    assert import_roots([], {"json": "/usr/lib/json/__init__.py"}, "/repo") == ()


# Names of a file


def test_a_file_answers_to_every_tail_of_its_path() -> None:
    assert module_names("src/shop/tax.py") == {"src.shop.tax", "shop.tax", "tax"}


def test_a_package_answers_to_the_name_of_its_directory() -> None:
    assert module_names("src/shop/__init__.py") == {"shop", "src.shop"}


def test_a_file_does_not_answer_to_the_package_above_it() -> None:
    assert "shop" not in module_names("shop/tax.py")

"""Facts about what the name of a test says that it is about."""

from __future__ import annotations

import pytest

from assay.weakness.names import Names, words_of

NAMES = Names(
    {
        "shop/tax.py": ["<module>", "rate_of", "TaxTable.look_up", "TaxTable.add"],
        "shop/cart.py": ["<module>", "Cart.add", "total_of"],
        "shop/utils.py": ["<module>", "clean"],
        "shop/__init__.py": ["<module>"],
        "shop/price_list.py": ["<module>", "prices"],
    }
)


def claimed(path: str, unit: str = "test_it") -> str:
    claim = NAMES.claim(path, unit)
    return "" if claim is None else f"{claim.what} {claim.path}"


def test_words_are_told_apart_in_each_way_of_writing() -> None:
    assert words_of("test_signed_token") == {"signed", "token"}
    assert words_of("TestSignedToken") == {"signed", "token"}
    assert words_of("HTTPServer") == {"http", "server"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/test_tax.py", "file shop/tax.py"),
        ("tests/test_tax_for_france.py", "file shop/tax.py"),
        ("tests/test_price_list.py", "file shop/price_list.py"),
        ("tests/test_shop.py", "file shop/__init__.py"),
        ("tests/test_price.py", ""),
        ("tests/test_utils.py", ""),
        ("tests/test_all.py", ""),
        ("tests/test_tax_cart.py", ""),
    ],
)
def test_a_file_is_claimed_by_the_file_of_the_tests(path: str, expected: str) -> None:
    assert claimed(path) == expected


def test_a_class_is_claimed_before_the_file() -> None:
    claim = NAMES.claim("tests/test_cart.py", "TestTaxTable.test_it")
    assert claim is not None
    assert (claim.what, claim.path) == ("class", "shop/tax.py")
    assert claim.holds("shop/tax.py", "TaxTable.add")
    assert not claim.holds("shop/tax.py", "rate_of")
    assert claimed("tests/test_cart.py", "TestSomething.test_it") == "file shop/cart.py"


def test_a_function_is_a_hint_where_one_function_alone_has_the_name() -> None:
    hint = NAMES.hint("test_rate_of_books")
    assert hint is not None
    assert hint.units == {"rate_of"}
    assert NAMES.hint("test_add") is None
    assert NAMES.hint("test_books") is None

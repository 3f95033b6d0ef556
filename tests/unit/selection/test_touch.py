"""Facts about what a change touches: each kind of difference and of fact, and what it leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from assay.impact.readers import Mentions, Readers
from assay.model.change import FileStatus
from assay.model.difference import ALL_LINES, Difference
from assay.model.impact import ABSENT, Block, Fact, Source
from assay.model.selection import ReasonKind
from assay.model.source import MODULE_UNIT
from assay.selection.touch import (
    Altered,
    Cause,
    FactsNow,
    alter,
    touched_blocks,
    touched_facts,
)

TAX: Source = ("shop/tax.py", "s1")
CART: Source = ("shop/cart.py", "s2")

TEXTS = {
    TAX: "VAT = 0.2\n\ndef due(x):\n    return x\n\nclass Rate:\n    pass\n",
    CART: "from shop.tax import VAT, due\n\ndef total(x):\n    return x * VAT\n\n"
    "def apart():\n    return 1\n",
}
"""In the second file, line 4 mentions VAT, and line 7 nothing."""


def names(*words: str) -> frozenset[str]:
    return frozenset(words)


def altered(
    difference: Difference,
    importable: Iterable[Source] = (TAX,),
    before: Mapping[str, bool] | None = None,
    texts: Mapping[Source, str] = TEXTS,
) -> Altered:
    found = alter({TAX: [difference]}, Mentions(texts), list(importable), before or {})
    (one,) = found
    return one


# Who is asked


def test_a_difference_of_lines_is_told_by_lines_alone() -> None:
    one = altered(Difference("due", "changed", lines=1 << 4))
    assert (one.readers, one.at_import) == (None, False)


def test_a_difference_at_import_is_not_told_by_names() -> None:
    one = altered(Difference("VAT", "changed", names=names("VAT"), at_import=True))
    assert (one.readers, one.at_import) == (None, True)


@pytest.mark.parametrize("kind", ["names", "values", "classes"])
def test_names_say_all_of_a_file_whose_import_is_known_to_succeed(kind: str) -> None:
    difference = Difference("VAT", "changed", **{kind: names("Rate")})  # type: ignore[arg-type]
    one = altered(difference)
    assert one.readers is not None
    assert one.readers.followed
    assert not one.at_import


@pytest.mark.parametrize("kind", ["names", "values", "classes"])
def test_without_proof_that_the_import_succeeds_names_say_nothing(kind: str) -> None:
    difference = Difference("VAT", "changed", **{kind: names("Rate")})  # type: ignore[arg-type]
    for importable in ((), (CART,), (("shop/tax.py", "another content"),)):
        one = altered(difference, importable)
        assert (one.readers, one.at_import) == (None, True)


def test_lines_need_no_proof() -> None:
    assert not altered(Difference("due", "changed", lines=1 << 4), importable=()).at_import


IMPORTS = Difference("json5", "is new", names=names("json5"), imports=names("json5", "shop.extra"))


SURE = Difference("due", "changed", names=names("due"), sure=True)


def test_what_cannot_make_the_import_fail_is_told_by_names_without_proof() -> None:
    one = altered(SURE, importable=())
    assert not one.at_import
    assert one.readers is not None


def test_a_module_that_no_file_imports_by_its_name_needs_proof_even_so() -> None:
    texts = {TAX: TEXTS[TAX], CART: "import importlib\nimportlib.import_module(name).due(1)\n"}
    assert altered(SURE, importable=(), texts=texts).at_import
    assert not altered(SURE, texts=texts).at_import


@pytest.mark.parametrize(
    ("before", "at_import"),
    [
        ({"shop/tax.py:json5": True, "shop/tax.py:shop.extra": True}, False),
        ({"shop/tax.py:json5": True, "shop/tax.py:shop.extra": False}, True),
        ({"shop/tax.py:json5": True}, True),
        ({"shop/cart.py:json5": True, "shop/cart.py:shop.extra": True}, True),
        ({}, True),
    ],
)
def test_a_new_import_is_told_by_names_only_if_all_of_it_was_imported_before(
    before: Mapping[str, bool], at_import: bool
) -> None:
    assert altered(IMPORTS, before=before).at_import is at_import


def test_names_that_cannot_be_followed_leave_the_import() -> None:
    # Nobody knows what the base class does with what is in a class derived from it.
    difference = Difference("Rate.x", "is new", names=names("x"), bases=names("Unknown"))
    one = altered(difference)
    assert one.at_import
    assert one.readers is not None
    assert one.readers.lines == {}


def test_several_differences_of_several_files_stay_apart() -> None:
    several = {
        TAX: [Difference("a", "changed", lines=2), Difference("b", "changed", lines=4)],
        CART: [Difference("c", "changed", lines=8)],
    }
    found = alter(several, Mentions(TEXTS), [], {})
    assert [(one.source, one.difference.unit) for one in found] == [
        (TAX, "a"),
        (TAX, "b"),
        (CART, "c"),
    ]


# Words


@pytest.mark.parametrize(
    ("difference", "at_import", "kind", "text"),
    [
        (
            Difference("due", "changed", lines=2),
            False,
            ReasonKind.CODE_CHANGED,
            "shop/tax.py::due changed",
        ),
        (
            Difference("due", "has another signature", lines=2),
            True,
            ReasonKind.MODULE_CHANGED,
            "shop/tax.py::due has another signature",
        ),
        (
            Difference("VAT", "changed", names=names("VAT")),
            False,
            ReasonKind.MODULE_CHANGED,
            "shop/tax.py::VAT changed",
        ),
        (
            Difference(MODULE_UNIT, "is deleted", lines=ALL_LINES, at_import=True),
            True,
            ReasonKind.MODULE_CHANGED,
            "shop/tax.py::(module body) is deleted",
        ),
    ],
)
def test_what_differs_in_words(
    difference: Difference, at_import: bool, kind: ReasonKind, text: str
) -> None:
    assert Altered(TAX, difference, None, at_import).cause == Cause(kind, text)


# Line sets


def block(number: int, source: Source, *lines: int) -> Block:
    return Block(number, source, sum(1 << line for line in lines))


def by_lines(*lines: int, unit: str = "due") -> Altered:
    mask = sum(1 << line for line in lines)
    return Altered(TAX, Difference(unit, "changed", lines=mask), None, at_import=False)


def test_a_block_with_a_changed_line_is_touched_and_the_others_are_not() -> None:
    blocks = [block(1, TAX, 4, 9), block(2, TAX, 5), block(3, CART, 4)]
    found = touched_blocks(blocks, [by_lines(4)])
    assert found == {1: Cause(ReasonKind.CODE_CHANGED, "shop/tax.py::due changed")}


def test_lines_count_for_the_content_that_they_are_lines_of() -> None:
    later = ("shop/tax.py", "s9")
    assert touched_blocks([block(1, later, 4)], [by_lines(4)]) == {}


def test_every_line_touches_whatever_ran_a_line_and_nothing_that_ran_none() -> None:
    one = Altered(TAX, Difference(MODULE_UNIT, "changed", lines=ALL_LINES), None, at_import=True)
    assert set(touched_blocks([block(1, TAX, 400), block(2, TAX)], [one])) == {1}


def test_of_several_causes_the_nearest_is_told() -> None:
    near = by_lines(4)
    far = Altered(TAX, Difference(MODULE_UNIT, "changed", lines=1 << 4), None, at_import=True)
    for several in ([near, far], [far, near]):
        (cause,) = touched_blocks([block(1, TAX, 4)], several).values()
        assert cause.kind is ReasonKind.CODE_CHANGED


def test_whoever_ran_a_line_that_names_it_is_touched_and_told_where() -> None:
    one = altered(Difference("VAT", "changed", names=names("VAT")))
    blocks = [block(1, CART, 4), block(2, CART, 7), block(3, TAX, 4)]
    assert touched_blocks(blocks, [one]) == {
        1: Cause(ReasonKind.NAME_CHANGED, "shop/tax.py::VAT changed ← named in shop/cart.py")
    }


def test_a_name_in_the_file_itself_needs_no_saying() -> None:
    readers = Readers({TAX: 1 << 4}, frozenset(), followed=True)
    one = Altered(TAX, Difference("VAT", "changed", names=names("VAT")), readers, at_import=False)
    assert touched_blocks([block(1, TAX, 4)], [one]) == {
        1: Cause(ReasonKind.NAME_CHANGED, "shop/tax.py::VAT changed")
    }


def test_the_changed_body_says_more_than_the_name() -> None:
    readers = Readers({TAX: 1 << 4}, frozenset(), followed=True)
    difference = Difference("due", "has another signature", lines=1 << 4, names=names("due"))
    (cause,) = touched_blocks(
        [block(1, TAX, 4)], [Altered(TAX, difference, readers, at_import=False)]
    ).values()
    assert cause.kind is ReasonKind.CODE_CHANGED


def test_without_a_difference_nothing_is_touched() -> None:
    assert touched_blocks([block(1, TAX, 4)], []) == {}


# Facts


def now(
    files: Mapping[str, str] | None = None,
    dirs: Mapping[str, str] | None = None,
    exists: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    paths: Mapping[str, FileStatus] | None = None,
    appeared: Mapping[str, str] | None = None,
    anything: bool = True,
) -> FactsNow:
    return FactsNow(
        files or {}, dirs or {}, exists or {}, env or {}, paths or {}, appeared or {}, anything
    )


def cause(fact: tuple[str, str, str], world: FactsNow) -> Cause | None:
    return touched_facts([Fact(7, *fact)], world).get(7)


def text(fact: tuple[str, str, str], world: FactsNow) -> str:
    found = cause(fact, world)
    return "" if found is None else found.text


FILE = ("file", "data/rates.json", "s1")
DIR = ("dir", "data", "n1")
EXISTS = ("exists", "local.cfg", ABSENT)
ENV = ("env", "TOKEN", "d1")
NAME = ("name", "shop.extra", "")
OPAQUE = ("opaque", "started a subprocess", "")


@pytest.mark.parametrize("fact", [FILE, DIR, EXISTS, ENV, NAME], ids=lambda fact: str(fact[0]))
def test_in_a_world_as_it_was_no_fact_is_touched(fact: tuple[str, str, str]) -> None:
    same = now({"data/rates.json": "s1"}, {"data": "n1"}, {"local.cfg": ABSENT}, {"TOKEN": "d1"})
    assert cause(fact, same) is None
    assert cause(fact, now()) is None


@pytest.mark.parametrize("status", FileStatus)
def test_a_file_that_differs_from_the_base_touches_who_reads_it(status: FileStatus) -> None:
    world = now(paths={"data/rates.json": status})
    assert cause(FILE, world) == Cause(
        ReasonKind.FILE_CHANGED, f"data/rates.json, which it reads, is {status.value}"
    )


def test_a_file_that_differs_from_what_was_recorded_touches() -> None:
    world = now(files={"data/rates.json": "s2"})
    assert text(FILE, world) == "data/rates.json, which it reads, changed since it was recorded"


def test_a_file_that_was_asked_for_and_is_there_now_touches() -> None:
    assert text(("file", "none.ini", ABSENT), now(files={"none.ini": "s"}))


def test_another_file_touches_no_reader() -> None:
    assert cause(FILE, now(paths={"README.md": FileStatus.MODIFIED})) is None


def test_a_listing_that_differs_from_what_was_recorded_touches() -> None:
    assert text(DIR, now(dirs={"data": "n2"})) == "data/, which it lists, has other files"


@pytest.mark.parametrize("status", [FileStatus.ADDED, FileStatus.DELETED])
def test_a_file_that_came_or_went_touches_who_lists_its_directory(status: FileStatus) -> None:
    assert text(DIR, now(paths={"data/new.json": status})) == (
        "data/, which it lists, has other files"
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("data/other.json", FileStatus.MODIFIED),
        ("data/deep/new.json", FileStatus.ADDED),
        ("database/new.json", FileStatus.ADDED),
    ],
)
def test_what_leaves_the_listing_as_it_is_does_not_touch_it(path: str, status: FileStatus) -> None:
    assert cause(DIR, now(paths={path: status})) is None


def test_the_repository_itself_is_called_dot() -> None:
    world = now(paths={"new.txt": FileStatus.ADDED})
    assert text(("dir", "", "n1"), world) == "./, which it lists, has other files"


def test_what_was_looked_for_and_has_come_touches() -> None:
    world = now(exists={"local.cfg": "file"})
    assert cause(EXISTS, world) == Cause(
        ReasonKind.FILE_CHANGED, "local.cfg, which it looks for, has come or gone"
    )


def test_a_file_that_became_a_directory_touches_who_looks_for_it() -> None:
    assert text(("exists", "data", "file"), now(exists={"data": "directory"}))


@pytest.mark.parametrize(
    ("status", "touched"),
    [(FileStatus.ADDED, True), (FileStatus.DELETED, True), (FileStatus.MODIFIED, False)],
)
def test_only_coming_and_going_touches_who_looks_for_a_file(
    status: FileStatus, touched: bool
) -> None:
    world = now(exists={"local.cfg": "file"}, paths={"local.cfg": status})
    assert (cause(("exists", "local.cfg", "file"), world) is not None) is touched


def test_an_environment_variable_with_another_value_touches() -> None:
    assert cause(ENV, now(env={"TOKEN": "d2"})) == Cause(
        ReasonKind.ENVIRONMENT_READ, "the environment variable TOKEN, which it reads, changed"
    )


def test_another_variable_does_not_touch() -> None:
    assert cause(ENV, now(env={"TOKEN": "d1", "HOME": "d9"})) is None


def test_whoever_reads_all_variables_is_told_so() -> None:
    world = now(env={"*": "d2"})
    assert text(("env", "*", "d1"), world) == "the environment, which it reads, changed"


def test_a_file_that_answers_an_import_touches_who_asked() -> None:
    world = now(appeared={"shop.extra": "src/shop/extra.py"})
    assert cause(NAME, world) == Cause(
        ReasonKind.NAME_APPEARED, "src/shop/extra.py is new and answers `import shop.extra`"
    )
    assert cause(("name", "shop", ""), world) is None


def test_any_change_touches_what_cannot_be_known_and_no_change_does_not() -> None:
    assert cause(OPAQUE, now(anything=True)) == Cause(
        ReasonKind.OPAQUE, "it started a subprocess, so any change may affect it"
    )
    assert cause(OPAQUE, now(anything=False)) is None


@pytest.mark.parametrize("kind", ["use", "flag"])
def test_uses_and_flags_are_not_touched_by_themselves(kind: str) -> None:
    world = now(
        {"x": "new"}, {"x": "new"}, {"x": "new"}, {"x": "new"}, {"x": FileStatus.ADDED}, {"x": "x"}
    )
    assert cause((kind, "x", ""), world) is None


def test_each_fact_is_told_by_its_row() -> None:
    facts = [Fact(3, *FILE), Fact(4, *ENV), Fact(5, "file", "data/rates.json", "s2")]
    found = touched_facts(facts, now(files={"data/rates.json": "s2"}))
    assert set(found) == {3}

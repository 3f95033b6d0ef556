"""Facts about targets: which files and lines of a change are mutated, and what cannot be."""

from __future__ import annotations

import codecs

import pytest

from assay.change.semantics import compare, read_source
from assay.model.change import Change, FileChange, FileStatus, SemanticChange
from assay.model.source import decode
from assay.mutation.targets import Target, target_of, targets_of_change

BEFORE = b"def rate(x):\n    y = x + 1\n    return y * 2\n"
AFTER = b"def rate(x):\n    y = x + 1\n    return y * 3\n"


def file(path: str, before: bytes | None, after: bytes | None, *lines: int) -> FileChange:
    status = FileStatus.MODIFIED
    if before is None or after is None:
        status = FileStatus.ADDED if before is None else FileStatus.DELETED
    return FileChange(path, status, before, after, frozenset(lines), frozenset())


def change(*files: FileChange) -> SemanticChange:
    return compare(Change("base", "base", files))


def lines(target: Target) -> set[int]:
    return {mutant.span.start_line for mutant in target.mutants}


def targets(of: SemanticChange, *skip: str) -> dict[str, Target]:
    found, notices = targets_of_change(of, skip)
    assert notices == []
    return {target.source.path: target for target in found}


def test_only_changed_lines_are_mutated() -> None:
    found = targets(change(file("tax.py", BEFORE, AFTER, 3)))
    assert lines(found["tax.py"]) == {3}


def test_all_lines_of_a_new_file_are_mutated() -> None:
    found = targets(change(file("tax.py", None, AFTER, 1, 2, 3)))
    assert lines(found["tax.py"]) == {2, 3}


def test_a_skipped_file_is_not_mutated_and_the_others_are() -> None:
    both = change(file("tax.py", BEFORE, AFTER, 3), file("test_tax.py", BEFORE, AFTER, 3))
    assert set(targets(both, "test_tax.py")) == {"tax.py"}


def test_a_deleted_file_is_not_mutated() -> None:
    assert targets(change(file("tax.py", BEFORE, None))) == {}


def test_a_file_that_is_not_python_is_not_mutated() -> None:
    assert targets(change(file("rates.txt", b"1", b"2", 1))) == {}


def test_a_changed_comment_gives_no_mutants() -> None:
    after = BEFORE.replace(b"x + 1\n", b"x + 1  # why\n")
    found = targets(change(file("tax.py", BEFORE, after, 2)))
    assert all(target.mutants == () for target in found.values())


def test_a_file_that_does_not_parse_is_told_and_the_others_are_mutated() -> None:
    broken = file("broken.py", BEFORE, b"def (:\n", 1)
    found, notices = targets_of_change(change(broken, file("tax.py", BEFORE, AFTER, 3)), ())
    assert [t.source.path for t in found if t.mutants] == ["tax.py"]
    assert len(notices) == 1
    assert notices[0].startswith("broken.py has no mutants: ")


def test_targets_come_in_order_of_their_paths() -> None:
    both = change(file("z.py", BEFORE, AFTER, 3), file("a.py", BEFORE, AFTER, 3))
    assert list(targets(both)) == ["a.py", "z.py"]


def test_without_lines_the_whole_file_is_mutated() -> None:
    notices: list[str] = []
    target = target_of(read_source("tax.py", AFTER), AFTER, None, notices)
    assert target is not None
    assert (lines(target), notices) == ({2, 3}, [])


def test_no_lines_give_no_mutants() -> None:
    target = target_of(read_source("tax.py", AFTER), AFTER, frozenset(), [])
    assert target is not None
    assert target.mutants == ()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("x = 'é'\n".encode(), "x = 'é'\n"),
        ("# coding: latin-1\nx = 'é'\n".encode("latin-1"), "# coding: latin-1\nx = 'é'\n"),
        (codecs.BOM_UTF8 + b"x = 1\n", "x = 1\n"),
        (b"x = 1\r\ny = 2\r\n", "x = 1\r\ny = 2\r\n"),
    ],
    ids=["utf-8", "cookie", "byte order mark", "CRLF"],
)
def test_a_file_is_decoded_as_python_does_with_its_line_ends_kept(
    content: bytes, text: str
) -> None:
    assert decode(content) == text

"""Facts about unified diffs: what is read from them, and what undoing one gives."""

from __future__ import annotations

import difflib
import random

import pytest

from assay.change.diff import (
    DiffMismatch,
    FileDiff,
    MalformedDiff,
    line_changes,
    parse_diff,
    reverse_apply,
)
from assay.errors import ExitCode

MODIFIED = """\
diff --git a/m.py b/m.py
index 1111111..2222222 100644
--- a/m.py
+++ b/m.py
@@ -1,3 +1,3 @@
 one
-two
+TWO
 three
"""


def only(text: str) -> FileDiff:
    (file,) = parse_diff(text)
    return file


def paths(text: str) -> list[tuple[str | None, str | None]]:
    return [(file.old_path, file.new_path) for file in parse_diff(text)]


# Reading


def test_a_file_has_its_paths_without_prefixes_and_its_hunks() -> None:
    file = only(MODIFIED)
    assert (file.old_path, file.new_path, file.binary) == ("m.py", "m.py", False)
    assert file.hunks[0].old == [b"one\n", b"two\n", b"three\n"]
    assert file.hunks[0].new == [b"one\n", b"TWO\n", b"three\n"]


def test_prose_around_the_files_is_passed_over() -> None:
    text = f"From 1 Mon\nSubject: x\n\n---\n m.py | 2 +-\n\n{MODIFIED}-- \n2.39.5\n"
    assert parse_diff(text) == parse_diff(MODIFIED)


def test_several_files_are_read_in_their_order() -> None:
    other = MODIFIED.replace("m.py", "n.py")
    assert paths(MODIFIED + other) == [("m.py", "m.py"), ("n.py", "n.py")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-a\n+b\n", ("m.py", "m.py")),
        ("--- m.py\n+++ m.py\n@@ -1 +1 @@\n-a\n+b\n", ("m.py", "m.py")),
        (
            "--- m.py.orig\t2020-01-01 00:00:00\n+++ m.py\t2020\n@@ -1 +1 @@\n-a\n+b\n",
            ("m.py",) * 2,
        ),
        ("--- /dev/null\n+++ b/m.py\n@@ -0,0 +1 @@\n+b\n", (None, "m.py")),
        ("--- a/m.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n", ("m.py", None)),
        (
            "--- m.py\t1970-01-01 01:00:00.0 +0100\n+++ m.py\t2020\n@@ -0,0 +1 @@\n+b\n",
            (None, "m.py"),
        ),
        ("--- i/m.py\n+++ w/m.py\n@@ -1 +1 @@\n-a\n+b\n", ("m.py", "m.py")),
        ("--- a/a/m.py\n+++ b/a/m.py\n@@ -1 +1 @@\n-a\n+b\n", ("a/m.py", "a/m.py")),
        ("--- a/a b.py\t\n+++ b/a b.py\t\n@@ -1 +1 @@\n-a\n+b\n", ("a b.py", "a b.py")),
        (
            "diff --git b/m b/m\nnew file mode 100644\n--- /dev/null\n+++ b/m\n@@ -0,0 +1 @@\n+b\n",
            (None, "b/m"),
        ),
        ("diff --git a/a b.py b/a b.py\nnew file mode 100644\nindex 0..e\n", (None, "a b.py")),
        ("diff --git a/m.py b/m.py\ndeleted file mode 100644\nindex e..0\n", ("m.py", None)),
        (
            "diff --git a/a b b/c.py\nsimilarity index 100%\nrename from a b\nrename to c.py\n",
            ("a b", "c.py"),
        ),
        (
            "diff --git a/a b/c\ncopy from a\ncopy to c\n--- a/a\n+++ b/c\n@@ -1 +1 @@\n-a\n+b\n",
            (None, "c"),
        ),
        (
            'diff --git "a/\\303\\244\\t\\"\\\\" "b/\\303\\244\\t\\"\\\\"\nnew file mode 100644\n',
            (None, 'ä\t"\\'),
        ),
        ('--- "a/\\377.py"\n+++ "b/\\377.py"\n@@ -1 +1 @@\n-a\n+b\n', ("\udcff.py", "\udcff.py")),
    ],
)
def test_paths_are_read_in_every_form(text: str, expected: tuple[str | None, str | None]) -> None:
    assert paths(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "diff --git a/m.png b/m.png\nindex 1..2 100644\nBinary files a/m.png and b/m.png differ\n",
        "diff --git a/m.png b/m.png\nGIT binary patch\nliteral 3\nKcmZ\n\nliteral 2\nJcmZ\n\n",
    ],
)
def test_a_binary_difference_is_a_change_without_lines(text: str) -> None:
    file = only(text)
    assert (file.path, file.binary, file.hunks) == ("m.png", True, ())
    assert file.changes_content


def test_another_mode_is_no_change_of_content() -> None:
    text = "diff --git a/m.py b/m.py\nold mode 100644\nnew mode 100755\n"
    assert not only(text).changes_content
    assert only(MODIFIED).changes_content


def test_a_removed_line_that_looks_like_a_header_is_a_line() -> None:
    text = "--- a/m.sql\n+++ b/m.sql\n@@ -1,2 +1,2 @@\n--- a\n-++ b\n+++ c\n+@@ -1 +1 @@\n"
    file = only(text)
    assert file.hunks[0].old == [b"-- a\n", b"++ b\n"]
    assert file.hunks[0].new == [b"++ c\n", b"@@ -1 +1 @@\n"]


def test_only_line_feeds_end_a_line_of_a_diff() -> None:
    text = "--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-a\x0cb\r\n+a\u2028\x85b\r\n"
    assert only(text).hunks[0].old == [b"a\x0cb\r\n"]
    assert only(text).hunks[0].new == ["a\u2028\x85b\r\n".encode()]


def test_a_diff_converted_as_a_whole_is_read_as_before() -> None:
    assert parse_diff(MODIFIED.replace("\n", "\r\n")) == parse_diff(MODIFIED)


def test_an_empty_line_is_a_context_line_that_lost_its_blank() -> None:
    text = "--- a/m\n+++ b/m\n@@ -1,2 +1,2 @@\n\n-a\n+b\n"
    assert only(text).hunks[0].old == [b"\n", b"a\n"]


@pytest.mark.parametrize("text", ["", "\n", "  \n\n"])
def test_an_empty_diff_has_no_files(text: str) -> None:
    assert parse_diff(text) == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hello\n", "no file header found"),
        ("@@ -1 +1 @@\n-a\n+b\n", "line 1: a hunk without a file header"),
        ("--- a/m\n+++ b/m\nhello\n", "line 2: a file header without a hunk"),
        ("--- a/m\n+++ b/m\n@@ -1,3 +1 @@\n a\n-b\n", "line 5: the diff breaks off within a hunk"),
        ("--- a/m\n+++ b/m\n@@ -1 +1 @@\nhello\n", "line 4: not a line of a hunk: 'hello'"),
        ("--- a/m\n+++ b/m\n@@ -1 +1 @@\n+a\n+b\n", "line 5: the hunk has more lines than"),
        (
            "--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n",
            "line 2: the file exists on neither",
        ),
        ("diff --cc m.py\nindex 1,2..3\n", "line 1: a merge's combined diff cannot be undone"),
        ("diff --git a/a b/c\nindex 1..2\n", "line 2: cannot tell which file"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(MalformedDiff) as caught:
        parse_diff(text)
    assert caught.value.message.startswith(reason)
    assert caught.value.code is ExitCode.NOTHING


# Lines


@pytest.mark.parametrize(
    ("hunk", "changed", "deleted_at"),
    [
        ("@@ -1,3 +1,3 @@\n a\n-b\n+c\n d\n", {2}, set()),
        ("@@ -1,3 +1,2 @@\n a\n-b\n d\n", set(), {1}),
        ("@@ -2 +1,0 @@\n-b\n", set(), {1}),
        ("@@ -1,2 +0,0 @@\n-a\n-b\n", set(), {0}),
        ("@@ -1,0 +2,2 @@\n+a\n+b\n", {2, 3}, set()),
        ("@@ -1,2 +1,3 @@\n+x\n a\n+y\n-b\n", {1, 3}, set()),
        ("@@ -1,5 +1,3 @@\n-a\n b\n-c\n-d\n+e\n f\n", {2}, {0}),
        ("@@ -7,2 +7 @@\n a\n-b\n", set(), {7}),
    ],
)
def test_lines_are_numbered_in_the_file_after(
    hunk: str, changed: set[int], deleted_at: set[int]
) -> None:
    found = line_changes(only(f"--- a/m\n+++ b/m\n{hunk}").hunks)
    assert found == (frozenset(changed), frozenset(deleted_at))


# Undoing


@pytest.mark.parametrize(
    ("header", "after", "before"),
    [
        ("", b"\0", b""),
        ("new file mode 100644\n", b"\0", None),
        ("deleted file mode 100644\n", None, b""),
    ],
)
def test_the_content_before_a_binary_difference_is_unknown_and_taken_to_be_empty(
    header: str, after: bytes | None, before: bytes | None
) -> None:
    file = only(f"diff --git a/m b/m\n{header}Binary files a/m and b/m differ\n")
    assert reverse_apply(after, file) == before
    with pytest.raises(DiffMismatch):
        reverse_apply(b"\0" if after is None else None, file)


def test_undoing_gives_the_content_before() -> None:
    assert reverse_apply(b"one\nTWO\nthree\nfour\n", only(MODIFIED)) == b"one\ntwo\nthree\nfour\n"


def test_a_missing_line_break_at_the_end_is_kept_on_its_side() -> None:
    head = "--- a/m\n+++ b/m\n@@ -1 +1 @@\n"
    mark = "\\ No newline at end of file\n"
    assert reverse_apply(b"b", only(f"{head}-a\n+b\n{mark}")) == b"a\n"
    assert reverse_apply(b"b\n", only(f"{head}-a\n{mark}+b\n")) == b"a"
    with pytest.raises(DiffMismatch):
        reverse_apply(b"b", only(f"{head}-a\n{mark}+b\n"))


def test_line_breaks_and_bytes_of_any_kind_survive() -> None:
    text = b"--- a/m\n+++ b/m\n@@ -1,2 +1,2 @@\n \xff\r\n-a\r\n+b\r\n"
    file = only(text.decode("utf-8", "surrogateescape"))
    assert reverse_apply(b"\xff\r\nb\r\n", file) == b"\xff\r\na\r\n"


def test_an_added_file_did_not_exist_and_a_deleted_one_did() -> None:
    added = only("--- /dev/null\n+++ b/m\n@@ -0,0 +1 @@\n+a\n")
    deleted = only("--- a/m\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n")
    assert reverse_apply(b"a\n", added) is None
    assert reverse_apply(None, deleted) == b"a\n"


@pytest.mark.parametrize(
    ("after", "text", "reason"),
    [
        (
            b"one\ntwo\nthree\n",
            MODIFIED,
            "m.py line 2: the diff has 'TWO\\n', the file has 'two\\n'",
        ),
        (b"one\n", MODIFIED, "m.py line 2: the diff has 'TWO\\n', the file has no such line"),
        (None, MODIFIED, "m.py: the diff has this file, and it does not exist"),
        (b"a\n", "--- a/m\n+++ b/m\n@@ -9 +8,0 @@\n-a\n", "m line 8: the diff names a line past"),
        (
            b"a\nb\n",
            "--- a/m\n+++ b/m\n@@ -2 +2 @@\n-x\n+b\n@@ -1 +1 @@\n-x\n+a\n",
            "m line 1: the diff comes back",
        ),
        (b"a\n", "--- a/m\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "m: the diff deletes this file"),
        (b"a\nb\n", "--- /dev/null\n+++ b/m\n@@ -0,0 +1 @@\n+a\n", "m: the diff adds this file"),
    ],
)
def test_a_diff_that_does_not_fit_is_refused_with_file_and_line(
    after: bytes | None, text: str, reason: str
) -> None:
    with pytest.raises(DiffMismatch) as caught:
        reverse_apply(after, only(text))
    assert caught.value.message.startswith(reason)


@pytest.mark.parametrize("context", [0, 3])
@pytest.mark.parametrize("seed", range(20))
def test_any_edit_can_be_undone(seed: int, context: int) -> None:
    chance = random.Random(seed)
    before = [f"{chance.choice('abcd')}\n" for _ in range(chance.randrange(1, 30))]
    after = [line for line in before if chance.random() > 0.2]
    for _ in range(5):
        after.insert(chance.randrange(len(after) + 1), f"{chance.choice('abx')}\n")
    text = "".join(difflib.unified_diff(before, after, "a/m", "b/m", n=context))
    file = only(text)
    assert reverse_apply("".join(after).encode(), file) == "".join(before).encode()
    changed, _ = line_changes(file.hunks)
    remaining = iter(before)
    assert all(line in remaining for number, line in enumerate(after, 1) if number not in changed)
    assert len(changed) == sum(line[0] == "+" for hunk in file.hunks for line in hunk.lines)

"""A mutant's text and patch: byte for byte what the file becomes."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from assay.change.semantics import read_source
from assay.model.mutant import Mutant
from assay.mutation.apply import mutated_text, unified_diff
from assay.mutation.find import find_mutants

TEXT = """\
import a

X = "é\u2028\x0c"


def f(b):
    match b:
        case 1:
            c = b

        case _:
            c = b + \\
                2
    return (c
            and b)


Y = 3
"""


def found(text: str) -> tuple[Mutant, ...]:
    return find_mutants(read_source("a.py", text.encode()), text)


def one(text: str, replacement: str) -> Mutant:
    (mutant,) = [mutant for mutant in found(text) if mutant.replacement == replacement]
    return mutant


def test_the_mutated_text_differs_in_the_span_only() -> None:
    assert mutated_text(TEXT, one(TEXT, "4")) == TEXT.replace("Y = 3", "Y = 4")


@pytest.mark.parametrize("change", [("Y = 3", "Y = 5"), ("import a", "import a\n"), (TEXT, "")])
def test_a_text_that_moved_on_is_refused(change: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"outside a text|the text there is not '3'"):
        mutated_text(TEXT.replace(*change), one(TEXT, "4"))


def test_a_span_that_is_not_in_the_text_is_refused() -> None:
    mutant = one(TEXT, "4")
    far = replace(mutant, span=replace(mutant.span, start_line=99, end_line=99))
    with pytest.raises(ValueError, match="line 99"):
        mutated_text(TEXT, far)


def test_the_diff_is_one_hunk_numbered_in_the_file() -> None:
    assert unified_diff("pkg/a.py", TEXT, one(TEXT, "Y = None"), context=1) == (
        "--- a/pkg/a.py\n+++ b/pkg/a.py\n@@ -17,2 +17,2 @@\n \n-Y = 3\n+Y = None\n"
    )


def test_the_diff_of_a_removal_shows_the_removed_lines_only() -> None:
    removal = next(m for m in found(TEXT) if m.operator == "match" and "2" in m.replacement)
    lines = unified_diff("a.py", TEXT, removal).split("\n")
    assert lines[2] == "@@ -5,8 +5,6 @@"
    assert [line for line in lines[3:] if line.startswith(("-", "+"))] == [
        "-        case 1:",
        "-            c = b",
    ]


def test_a_missing_last_line_break_is_told() -> None:
    text = TEXT.rstrip("\n")
    assert unified_diff("a.py", text, one(text, "4"), context=0).endswith(
        "-Y = 3\n\\ No newline at end of file\n+Y = 4\n\\ No newline at end of file\n"
    )


@pytest.mark.parametrize("path", ["a.py", "pkg/ä b.py"])
@pytest.mark.parametrize("context", [0, 1, 3, 50])
@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.rstrip("\n"),
        TEXT.replace("\n", "\r\n").rstrip("\r\n"),
        "\ufeff" + TEXT,
        "a = 1",
        "match a:\n  case 1: pass\n  case b: pass",
    ],
)
def test_git_applies_the_diff_of_any_mutant(
    tmp_path: Path, text: str, context: int, path: str
) -> None:
    mutants = found(text)
    for mutant in (mutants[0], mutants[len(mutants) // 2], mutants[-1]):
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode())
        patch = unified_diff(path, text, mutant, context)
        subprocess.run(
            ["git", "-c", "core.autocrlf=false", "apply", "--unidiff-zero", "-"],
            input=patch.encode(), cwd=tmp_path, check=True, capture_output=True,
        )  # fmt: skip
        assert file.read_bytes() == mutated_text(text, mutant).encode()

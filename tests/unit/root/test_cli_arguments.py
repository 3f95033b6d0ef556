"""Facts about the command line: what is ours and what is pytest's, and how mistakes end."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

import assay
from assay.cli import STARTS_ANEW, after_interrupt, main, parser, split_arguments
from assay.errors import (
    AssayError,
    BaselineError,
    ExitCode,
    InconclusiveError,
    NothingToCompare,
    StateError,
    UsageError,
)


@pytest.mark.parametrize(
    ("argv", "ours", "pytests"),
    [
        ([], [], ()),
        (["map"], ["map"], ()),
        (["map", "--"], ["map"], ()),
        (["map", "--", "-x", "tests"], ["map"], ("-x", "tests")),
        (["--", "map"], [], ("map",)),
        (["map", "--", "a", "--", "b"], ["map"], ("a", "--", "b")),
    ],
)
def test_arguments_after_the_first_double_dash_are_pytests(
    argv: list[str], ours: list[str], pytests: tuple[str, ...]
) -> None:
    assert split_arguments(argv) == (ours, pytests)


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["frobnicate"],
        ["map", "--no-such-option"],
        ["impact", "--base", "main", "--diff", "x.diff"],
        ["select", "--format", "xml"],
        ["impact", "--format", "ids"],
        ["show"],
    ],
)
def test_a_mistake_ends_with_the_usage_code_and_one_line(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv, {}) == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("assay: ")
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1


def test_a_directory_that_is_not_there_ends_with_the_usage_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["map", "--project", str(tmp_path / "gone")], {}) == ExitCode.USAGE
    assert "no directory" in capsys.readouterr().err


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"], {})
    assert left.value.code == 0
    assert capsys.readouterr().out == f"assay {assay.__version__}\n"


def verbs() -> list[str]:
    (action,) = (a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return list(action.choices)


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([verb, "--help"], {})
    assert left.value.code == 0
    assert "exit codes:" in capsys.readouterr().out


def test_an_option_has_the_same_default_in_every_verb() -> None:
    for verb, more in [("map", []), ("select", []), ("show", ["m1"]), ("why", ["t"])]:
        found = parser().parse_args([verb, *more])
        assert (found.project, found.python, found.quiet) == (Path(), None, False)


@pytest.mark.parametrize(
    ("arguments", "fresh", "isolated"),
    [
        ([], False, False),
        (["--fresh"], True, False),
        (["--isolated"], False, True),
        (["--isolated", "--fresh"], True, True),
    ],
)
def test_map_takes_both_of_its_options(arguments: list[str], fresh: bool, isolated: bool) -> None:
    found = parser().parse_args(["map", *arguments])
    assert (found.fresh, found.isolated) == (fresh, isolated)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError, ExitCode.USAGE),
        (StateError, ExitCode.USAGE),
        (BaselineError, ExitCode.BASELINE),
        (InconclusiveError, ExitCode.INCONCLUSIVE),
        (NothingToCompare, ExitCode.NOTHING),
        (AssayError, ExitCode.INTERNAL),
    ],
)
def test_every_error_has_its_exit_code(error: type[AssayError], code: ExitCode) -> None:
    assert error("x").code is code
    assert error("message", ("detail",)).details == ("detail",)


@pytest.mark.parametrize("verb", sorted(STARTS_ANEW))
def test_after_an_interrupt_a_verb_that_keeps_nothing_does_not_promise_to_go_on(verb: str) -> None:
    assert verb in parser().format_help()
    assert after_interrupt([verb, "--quiet"]) == "the same command starts anew"


@pytest.mark.parametrize("argv", [["mutate", "--changed"], ["map"], []])
def test_after_an_interrupt_the_others_go_on(argv: list[str]) -> None:
    assert after_interrupt(argv) == "run the same command again to go on"

"""Facts about `assay init`: it finds out, only adds, and a second run has nothing to do."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import RunAssay, git, start_repository, tree_bytes, write

from assay.init.facts import (
    GITHUB,
    GITLAB,
    GITLAB_CI,
    PRE_COMMIT,
    Facts,
    pip_arguments,
    targets,
    test_directories,
)
from assay.init.plan import GITHUB_LINES, GITLAB_LINES, Edit, Left, plan, unified
from assay.policies import template

FACTS = Facts(
    texts={"pyproject.toml": '[project]\nname = "shop"\n'},
    names=frozenset({"pyproject.toml", "tests"}),
    branch="trunk",
    remote="git@github.com:ada/shop",
    python="3.13",
    requirement="assay @ git+https://h/o/n@c0ffee",
)


def with_text(path: str, text: str, of: Facts = FACTS) -> Facts:
    return replace(of, texts={**of.texts, path: text}, names=of.names | {path})


def edits(facts: Facts) -> dict[str, Edit]:
    return {step.path: step for step in plan(facts, template) if isinstance(step, Edit)}


def left(facts: Facts) -> dict[str, str]:
    return {step.path: step.why for step in plan(facts, template) if isinstance(step, Left)}


def applied(facts: Facts) -> Facts:
    for edit in edits(facts).values():
        facts = with_text(edit.path, edit.after, facts)
    return facts


EVERYTHING = replace(
    with_text(
        GITLAB_CI,
        "test:\n  script: pytest\n",
        with_text(
            PRE_COMMIT,
            "repos:\n  - repo: https://h/x\n    rev: v1\n    hooks:\n      - id: x\n",
            with_text("Makefile", "all:\n\techo\n"),
        ),
    ),
    names=frozenset({"pyproject.toml", "tests", ".github", GITLAB_CI}),
)


def test_everything_that_is_in_use_gets_its_part() -> None:
    assert list(edits(EVERYTHING)) == [
        "pyproject.toml",
        "Makefile",
        PRE_COMMIT,
        GITHUB,
        GITLAB,
        GITLAB_CI,
    ]


def test_what_is_there_is_never_changed_only_added_to() -> None:
    for edit in edits(EVERYTHING).values():
        assert edit.before is None or edit.after.startswith(edit.before)


@pytest.mark.parametrize("facts", [FACTS, EVERYTHING], ids=["few", "many"])
def test_a_second_run_has_nothing_to_do(facts: Facts) -> None:
    assert edits(applied(facts)) == {}
    rest = [step for step in plan(applied(facts), template) if isinstance(step, Left)]
    assert all(step.done or step.path == PRE_COMMIT for step in rest)


def test_an_edit_is_shown_as_a_diff() -> None:
    text = unified(Edit("a.txt", "one", "one\ntwo\n"))
    assert text == (
        "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1,2 @@\n-one\n\\ No newline at end of file\n+one\n+two\n"
    )
    assert unified(Edit("a.txt", None, "x\n")).startswith("--- /dev/null\n+++ b/a.txt\n")


# -- pyproject.toml


def test_the_table_of_the_gate_is_added_to_a_pyproject() -> None:
    document = tomllib.loads(edits(FACTS)["pyproject.toml"].after)
    assert document["tool"]["assay"] == {"gate": {"preset": "standard"}}


def test_a_table_of_assay_without_a_gate_is_kept() -> None:
    facts = with_text("pyproject.toml", "[tool.assay]\njobs = 2\n")
    document = tomllib.loads(edits(facts)["pyproject.toml"].after)
    assert document["tool"]["assay"] == {"jobs": 2, "gate": {"preset": "standard"}}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[tool.assay.gate]\npreset = "strict"\n', "it has [tool.assay.gate]"),
        ("tool = {}\n", "cannot be added at its end"),
        ("[tool", "it cannot be read"),
    ],
)
def test_a_pyproject_that_cannot_be_added_to_is_left_and_why(text: str, why: str) -> None:
    assert why in left(with_text("pyproject.toml", text))["pyproject.toml"]


def test_no_pyproject_is_made_for_it_would_change_how_the_project_is_built() -> None:
    assert "there is none" in left(replace(FACTS, texts={}))["pyproject.toml"]


# -- Makefile


def test_a_makefile_is_made_where_there_is_none() -> None:
    assert targets(edits(FACTS)["Makefile"].after) == {"impact", "gate", "weaknesses", ".PHONY"}


def test_the_makefile_that_make_takes_is_added_to() -> None:
    both = with_text("GNUmakefile", "a:\n", with_text("Makefile", "b:\n"))
    assert "GNUmakefile" in edits(both)
    assert "Makefile" not in edits(both)


def test_targets_of_the_same_name_are_left_alone() -> None:
    facts = with_text("Makefile", "X := gate: y\nimpact gate : test\n\tpytest\nweaknesses:=1\n")
    assert left(facts)["Makefile"].startswith(
        "it has targets of these names already: gate, impact;"
    )


def test_line_breaks_stay_those_of_the_file() -> None:
    after = edits(with_text("Makefile", "a:\r\n\techo"))["Makefile"].after
    assert after.startswith("a:\r\n\techo\r\n\r\n# -- assay")
    assert after.count("\n") == after.count("\r\n")


# -- pre-commit


@pytest.mark.parametrize("indent", ["", "  ", "    "])
def test_the_hook_is_added_in_the_indentation_of_the_list(indent: str) -> None:
    text = "# hooks\nfail_fast: true\nrepos:\n"
    text += f"{indent}- repo: https://h/x\n{indent}  rev: v1\n{indent}  hooks: [{{id: x}}]"
    after = yaml.safe_load(edits(with_text(PRE_COMMIT, text))[PRE_COMMIT].after)
    assert [repo["repo"] for repo in after["repos"]] == ["https://h/x", "local"]
    assert after["repos"][1]["hooks"][0]["entry"] == "assay gate"
    assert after["repos"][1]["hooks"][0]["stages"] == ["pre-push"]


@pytest.mark.parametrize(
    "text",
    ["repos: []\n", "repos:\n  - repo: x\nfail_fast: true\n", "", "repos: [{repo: local}]\n"],
)
def test_a_list_of_hooks_that_cannot_be_added_to_is_left(text: str) -> None:
    assert "add the hook assay-gate by hand" in left(with_text(PRE_COMMIT, text))[PRE_COMMIT]


def test_without_pre_commit_no_hook_is_written() -> None:
    assert left(FACTS)[PRE_COMMIT] == "pre-commit is not in use here"


# -- CI


def jobs(path: str, facts: Facts = EVERYTHING) -> Any:
    return yaml.safe_load(edits(facts)[path].after)


def test_the_workflow_has_what_was_found_out() -> None:
    workflow = jobs(GITHUB)
    # YAML 1.1 reads the key `on` as true.
    assert workflow[True]["push"]["branches"] == ["trunk"]
    assert workflow["env"]["ASSAY"] == "assay @ git+https://h/o/n@c0ffee"
    for job in workflow["jobs"].values():
        steps = {step.get("name", step.get("uses")): step for step in job["steps"]}
        assert steps["actions/setup-python@v5"]["with"]["python-version"] == "3.13"
        assert "pip install -e . pytest\n" in steps["install"]["run"]


def test_the_workflow_has_a_gate_a_map_and_a_weekly_report() -> None:
    workflow = jobs(GITHUB)
    assert list(workflow["jobs"]) == ["gate", "map", "weaknesses"]
    assert "schedule" in workflow[True]
    (run,) = [s["run"] for s in workflow["jobs"]["gate"]["steps"] if s.get("name") == "gate"]
    assert run.split()[:4] == ["assay", "gate", "--base", '"$BASE"']
    assert "--report sarif=assay.sarif" in run
    # Nothing that a pull request can name goes into a shell's text.
    runs = [
        step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step
    ]
    assert not any("${{" in one for one in runs)


def test_the_jobs_of_gitlab_have_what_was_found_out() -> None:
    found = jobs(GITLAB)
    assert found[".assay"]["image"] == "python:3.13"
    assert found[".assay"]["variables"]["ASSAY"] == "assay @ git+https://h/o/n@c0ffee"
    assert [name for name in found if not name.startswith(".")] == [
        "assay gate",
        "assay map",
        "assay weaknesses",
    ]
    assert jobs(GITLAB_CI)["include"] == [{"local": GITLAB}]


@pytest.mark.parametrize(
    ("name", "lines"), [("github.yml", GITHUB_LINES), ("gitlab.yml", GITLAB_LINES)]
)
def test_every_line_that_is_filled_in_is_in_its_template(name: str, lines: dict[str, str]) -> None:
    assert [line for line in lines if line not in template(name)] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("include:\n  - local: x\n", "it has `include` already"),
        ("stages:\n  - build\n  - deploy\n", "it has no stage `test`"),
        (f"include:\n  - local: {GITLAB}\n", f"it includes {GITLAB}"),
    ],
)
def test_a_gitlab_file_that_cannot_be_added_to_is_left(text: str, why: str) -> None:
    assert left(with_text(GITLAB_CI, text))[GITLAB_CI].startswith(why)


def test_a_workflow_that_is_there_is_not_touched() -> None:
    facts = with_text(GITHUB, "name: mine\n")
    assert GITHUB not in edits(facts)
    assert left(facts)[GITHUB] == "it is there, and yours: not touched"


def test_without_any_ci_no_job_is_written_and_it_is_said() -> None:
    facts = replace(FACTS, remote="")
    assert not {GITHUB, GITLAB} & edits(facts).keys()
    assert "--ci github or --ci gitlab" in left(facts)["CI"]


def test_below_the_top_of_a_repository_no_workflow_is_written() -> None:
    assert "copy configs/ by hand" in left(replace(FACTS, below=True))[GITHUB]


# -- what is found out


@pytest.mark.parametrize(
    ("pyproject", "names", "arguments"),
    [
        ('[project]\nname = "x"\n', (), "-e . pytest"),
        ("[project.optional-dependencies]\ndev = []\ntest = []\n", (), "-e '.[test]' pytest"),
        (
            '[project]\nname = "x"\n[dependency-groups]\ntests = []\n',
            (),
            "-e . --group tests pytest",
        ),
        (
            "[tool.x]\n",
            ("requirements.txt", "requirements-dev.txt"),
            "-r requirements-dev.txt pytest",
        ),
        ("[tool.x]\n", ("setup.py",), "-e . pytest"),
        ("[tool.x]\n", (), "pytest"),
    ],
)
def test_how_the_tests_are_installed(
    pyproject: str, names: tuple[str, ...], arguments: str
) -> None:
    facts = with_text("pyproject.toml", pyproject)
    assert pip_arguments(replace(facts, names=facts.names | set(names))) == arguments


@pytest.mark.parametrize(
    ("pyproject", "found"),
    [
        ("", ["tests"]),
        ('[tool.pytest.ini_options]\ntestpaths = ["unit", "e2e"]\n', ["unit", "e2e"]),
        ('[tool.pytest.ini_options]\ntestpaths = "unit e2e"\n', ["unit", "e2e"]),
        ('[tool.pytest]\ntestpaths = ["unit"]\n', ["unit"]),
    ],
)
def test_where_the_tests_are(pyproject: str, found: list[str]) -> None:
    assert test_directories(with_text("pyproject.toml", pyproject)) == found


# -- the verb


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    write(root / "pyproject.toml", '[project]\nname = "shop"\n')
    write(root / ".python-version", "3.12.4\n")
    write(root / "tests/test_shop.py", "def test_shop():\n    pass\n")
    start_repository(root)
    git(root, "branch", "--move", "trunk")
    git(root, "remote", "add", "origin", "https://github.com/ada/shop")
    return root


def test_init_shows_what_it_would_write_and_writes_nothing(
    project: Path, run_assay: RunAssay
) -> None:
    before = tree_bytes(project)
    done = run_assay("init", "--dry-run", project=project)
    assert done.code == 0
    assert done.lines[0] == (
        "Found: tests in tests/; Python 3.12; default branch trunk; CI: GitHub."
    )
    assert '+preset = "standard"' in done.lines
    assert "Nothing written: pyproject.toml, Makefile, .github/workflows/assay.yml would be." in (
        done.lines
    )
    assert tree_bytes(project) == before


def test_init_writes_once(project: Path, run_assay: RunAssay) -> None:
    assert run_assay("init", "--yes", project=project).code == 0
    written = tree_bytes(project)
    workflow = yaml.safe_load((project / GITHUB).read_text(encoding="utf-8"))
    assert workflow[True]["push"]["branches"] == ["trunk"]
    done = run_assay("init", "--yes", project=project)
    assert (done.code, done.lines[-1]) == (0, "Nothing to do.")
    assert tree_bytes(project) == written


def test_init_writes_nothing_where_nobody_can_be_asked(project: Path, run_assay: RunAssay) -> None:
    before = tree_bytes(project)
    done = run_assay("init", project=project)
    assert done.code == 2
    assert "give --yes" in done.problem
    assert tree_bytes(project) == before


@pytest.mark.parametrize(("answer", "written"), [("y", True), ("", False), ("no", False)])
def test_init_asks_once_at_a_terminal(
    answer: str, written: bool, project: Path, run_assay: RunAssay, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def reply(question: str) -> str:
        asked.append(question)
        return answer

    monkeypatch.setattr("builtins.input", reply)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert run_assay("init", project=project).code == 0
    assert asked == ["Write pyproject.toml, Makefile, .github/workflows/assay.yml? [y/N] "]
    assert (project / "Makefile").exists() is written

"""Traps that no text can hold: links, modification times, bytes, installed distributions, git.

As for the others (tests/traps/README.md), the map is recorded on the clean project. Then the twin
is done, which concerns none of the tests that are to fail, and `assay select` is asked; then the
change as well, and it is asked again.
"""

from __future__ import annotations

import compileall
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import RunAssay, commit_all, failing_tests, git, start_repository, write

from assay.errors import ExitCode

INI = "[pytest]\npythonpath = . lib ../site\n"


@dataclass(frozen=True, slots=True)
class Room:
    """A repository, and a directory beside it in which distributions are installed."""

    project: Path
    site: Path

    def put(self, path: str, text: str) -> None:
        write(self.project / path, text)

    def install(self, name: str, version: str, text: str) -> None:
        """Put a distribution of one module in the place of any other version of it."""
        for old in self.site.glob(f"{name}-*.dist-info"):
            shutil.rmtree(old)
        facts = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        write(self.site / f"{name}-{version}.dist-info" / "METADATA", facts)
        write(self.site / f"{name}.py", text)

    def link(self, path: str, target: str) -> None:
        link = self.project / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)

    def note(self) -> None:
        """Something for git to see, which concerns no test."""
        self.put("notes.txt", "two\n")


Step = Callable[[Room], None]


def nothing(room: Room) -> None:
    """No twin: there is none, or the change must stand alone."""


def no_variables(room: Room) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Special:
    """`base` is done before the commit, `ready` between the commit and the recording."""

    base: Step
    change: Step
    fails: str
    twin: Step = nothing
    ready: Step = nothing
    env: Callable[[Room], Mapping[str, str]] = no_variables


SPECIALS: dict[str, Special] = {}

KNOWN_MISSES: frozenset[str] = frozenset(
    {
        "database",
        "distribution_edited_in_place",
        "executable_bit",
        "file_of_distribution",
        "link_leads_out_of_the_repository",
        "module_in_archive_second_importer",
        "sitecustomize",
        "target_of_link_read",
    }
)
"""As in trap_checks.py: the change does not select the test that fails."""

KNOWN_WIDE: frozenset[str] = frozenset(
    {
        "link_to_conftest_leads_elsewhere",
        "link_to_tests_leads_elsewhere",
        "distribution_upgraded_minor",
        "distribution_upgraded_patch",
        "module_without_source",
    }
)
"""As in trap_checks.py: the twin selects the test that the change makes fail."""


# -- times and git's index

LONG_AGO = 1_600_000_000_000_000_000


def two_constants(room: Room) -> None:
    room.put("rates.py", "VAT = 20\n")
    room.put("rents.py", "RENT = 7\n")
    room.put(
        "tests/test_rates.py", "from rates import VAT\ndef test_vat():\n    assert VAT == 20\n"
    )
    room.put("tests/test_other.py", "import rents\ndef test_other():\n    assert rents\n")
    for path in room.project.glob("r*.py"):
        os.utime(path, ns=(LONG_AGO, LONG_AGO))


def rewritten_at_the_same_time(room: Room, name: str, text: str) -> None:
    """Write a text of the same length and put the times back."""
    path = room.project / name
    before = path.stat()
    assert before.st_size == len(text)
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def vat_at_the_same_time(room: Room) -> None:
    rewritten_at_the_same_time(room, "rates.py", "VAT = 21\n")


def rent_at_the_same_time(room: Room) -> None:
    room.note()
    rewritten_at_the_same_time(room, "rents.py", "RENT = 8\n")


def committed_note(room: Room) -> None:
    """On a clean default branch the last commit is what is compared."""
    room.note()
    commit_all(room.project)


def git_trusts_times(room: Room) -> None:
    git(room.project, "config", "core.trustctime", "false")
    git(room.project, "config", "core.checkStat", "minimal")


def git_told(option: str) -> Step:
    def step(room: Room) -> None:
        git(room.project, "update-index", option, "rates.py", "rents.py")

    return step


def in_turn(*steps: Step) -> Step:
    def step(room: Room) -> None:
        for each in steps:
            each(room)

    return step


TEST_VAT = "tests/test_rates.py::test_vat"

SPECIALS["same_size_and_time"] = Special(
    two_constants, vat_at_the_same_time, TEST_VAT, rent_at_the_same_time
)
SPECIALS["same_size_and_time_which_git_trusts"] = Special(
    two_constants, vat_at_the_same_time, TEST_VAT, rent_at_the_same_time, ready=git_trusts_times
)
SPECIALS["same_size_and_time_which_git_trusts_alone"] = Special(
    two_constants,
    vat_at_the_same_time,
    TEST_VAT,
    ready=in_turn(committed_note, git_trusts_times),
)
SPECIALS["assumed_unchanged"] = Special(
    two_constants,
    vat_at_the_same_time,
    TEST_VAT,
    rent_at_the_same_time,
    ready=git_told("--assume-unchanged"),
)
SPECIALS["left_out_of_the_working_tree"] = Special(
    two_constants,
    vat_at_the_same_time,
    TEST_VAT,
    rent_at_the_same_time,
    ready=git_told("--skip-worktree"),
)
SPECIALS["assumed_unchanged_alone"] = Special(
    two_constants,
    vat_at_the_same_time,
    TEST_VAT,
    ready=in_turn(committed_note, git_told("--assume-unchanged")),
)


def reads_git_head(room: Room) -> None:
    room.put(
        "tests/test_branch.py",
        "import pathlib\n"
        "def test_branch():\n"
        "    head = pathlib.Path(__file__).parents[1] / '.git' / 'HEAD'\n"
        "    assert head.read_text() == 'ref: refs/heads/main\\n'\n",
    )


def another_branch(room: Room) -> None:
    git(room.project, "symbolic-ref", "HEAD", "refs/heads/other")


def branch_made_and_noted(room: Room) -> None:
    git(room.project, "branch", "other")
    room.note()


SPECIALS["git_head_read"] = Special(
    reads_git_head, another_branch, "tests/test_branch.py::test_branch", branch_made_and_noted
)


def embedded_repository(room: Room) -> None:
    for name in ("parts", "spares"):
        room.put(f"lib/{name}/{name}.py", f"def {name}():\n    return 3\n")
        start_repository(room.project / "lib" / name)
    room.put("pytest.ini", "[pytest]\npythonpath = . lib/parts lib/spares\n")
    room.put(
        "tests/test_parts.py",
        "from parts import parts\ndef test_parts():\n    assert parts() == 3\n",
    )
    room.put("tests/test_other.py", "import spares\ndef test_other():\n    assert spares\n")


def spares_changed(room: Room) -> None:
    room.note()
    room.put("lib/spares/spares.py", "def spares():\n    return 4\n")


def parts_changed(room: Room) -> None:
    room.put("lib/parts/parts.py", "def parts():\n    return 4\n")


SPECIALS["embedded_repository"] = Special(
    embedded_repository, parts_changed, "tests/test_parts.py::test_parts", spares_changed
)


def untracked_module(room: Room) -> None:
    room.put("rates.py", "VAT = 20\n")


def uses_untracked_module(room: Room) -> None:
    room.put(
        "tests/test_rates.py", "from rates import VAT\ndef test_vat():\n    assert VAT == 20\n"
    )


SPECIALS["untracked_module"] = Special(
    uses_untracked_module,
    lambda room: room.put("rates.py", "VAT = 21\n"),
    TEST_VAT,
    ready=untracked_module,
)


def committed_after_the_recording(room: Room) -> None:
    room.put("rates.py", "VAT = 21\n")
    commit_all(room.project)


SPECIALS["committed_after_the_recording"] = Special(
    two_constants, committed_after_the_recording, TEST_VAT
)


# -- distributions


def two_distributions(room: Room) -> None:
    room.install("taxes", "1.0.0", "def vat():\n    return 20\n")
    room.install("leases", "1.0.0", "def rent():\n    return 7\n")
    room.put(
        "tests/test_taxes.py", "from taxes import vat\ndef test_vat():\n    assert vat() == 20\n"
    )
    room.put("tests/test_leases.py", "import leases\ndef test_other():\n    assert leases\n")


def upgraded(name: str, version: str, text: str) -> Step:
    def step(room: Room) -> None:
        room.note()
        room.install(name, version, text)

    return step


NEW_TAXES = "def vat():\n    return 21\n"
NEW_LEASES = "def rent():\n    return 8\n"
TEST_TAXES = "tests/test_taxes.py::test_vat"

for _kind, _version in {"patch": "1.0.1", "minor": "1.1.0"}.items():
    SPECIALS[f"distribution_upgraded_{_kind}"] = Special(
        two_distributions,
        upgraded("taxes", _version, NEW_TAXES),
        TEST_TAXES,
        upgraded("leases", _version, NEW_LEASES),
    )
SPECIALS["distribution_upgraded_alone"] = Special(
    two_distributions,
    lambda room: room.install("taxes", "1.1.0", NEW_TAXES),
    TEST_TAXES,
    ready=committed_note,
)
SPECIALS["distribution_edited_in_place"] = Special(
    two_distributions,
    upgraded("taxes", "1.0.0", NEW_TAXES),
    TEST_TAXES,
    upgraded("leases", "1.0.0", NEW_LEASES),
)


def reads_file_of_distribution(room: Room) -> None:
    two_distributions(room)
    write(room.site / "rates.txt", "20\n")
    write(room.site / "rents.txt", "7\n")
    room.put(
        "tests/test_taxes.py",
        "import pathlib, taxes\n"
        "def test_vat():\n"
        "    rates = pathlib.Path(taxes.__file__).with_name('rates.txt')\n"
        "    assert rates.read_text() == '20\\n'\n",
    )


def rents_of_distribution(room: Room) -> None:
    room.note()
    write(room.site / "rents.txt", "8\n")


SPECIALS["file_of_distribution"] = Special(
    reads_file_of_distribution,
    lambda room: write(room.site / "rates.txt", "21\n"),
    TEST_TAXES,
    rents_of_distribution,
)


def site_customised(room: Room) -> None:
    room.put("site/sitecustomize.py", "import builtins\nbuiltins.VAT = 20\n")
    room.put("site/rents.py", "RENT = 7\n")
    room.put("tests/test_rates.py", "def test_vat():\n    assert VAT == 20\n")


SPECIALS["sitecustomize"] = Special(
    site_customised,
    # Of another length: bytecode of the same second and length passes for fresh.
    lambda room: room.put("site/sitecustomize.py", "import builtins\nbuiltins.VAT = 121\n"),
    TEST_VAT,
    lambda room: room.put("site/rents.py", "RENT = 8\n"),
    env=lambda room: {"PYTHONPATH": str(room.project / "site")},
)


# -- links


def linked_modules(room: Room) -> None:
    for number in (20, 21):
        room.put(f"versions/rates{number}.py", f"VAT = {number}\n")
    for number in (7, 8):
        room.put(f"versions/rents{number}.py", f"RENT = {number}\n")
    room.link("lib/rates.py", "../versions/rates20.py")
    room.link("lib/rents.py", "../versions/rents7.py")
    room.put(
        "tests/test_rates.py", "from rates import VAT\ndef test_vat():\n    assert VAT == 20\n"
    )
    room.put("tests/test_other.py", "import rents\ndef test_other():\n    assert rents\n")


SPECIALS["link_to_module_leads_elsewhere"] = Special(
    linked_modules,
    lambda room: room.link("lib/rates.py", "../versions/rates21.py"),
    TEST_VAT,
    lambda room: room.link("lib/rents.py", "../versions/rents8.py"),
)
SPECIALS["module_behind_link_changes"] = Special(
    linked_modules,
    lambda room: room.put("versions/rates20.py", "VAT = 21\n"),
    TEST_VAT,
    lambda room: room.put("versions/rents7.py", "RENT = 8\n"),
)


def linked_package(room: Room) -> None:
    for number in (20, 21):
        room.put(f"versions/v{number}/rates.py", f"VAT = {number}\n")
        room.put(f"versions/w{number}/rents.py", f"RENT = {number}\n")
    room.link("lib/taxes", "../versions/v20")
    room.link("lib/leases", "../versions/w20")
    room.put(
        "tests/test_rates.py",
        "from taxes.rates import VAT\ndef test_vat():\n    assert VAT == 20\n",
    )
    room.put("tests/test_other.py", "import leases.rents as r\ndef test_other():\n    assert r\n")


SPECIALS["link_to_package_leads_elsewhere"] = Special(
    linked_package,
    lambda room: room.link("lib/taxes", "../versions/v21"),
    TEST_VAT,
    lambda room: room.link("lib/leases", "../versions/w21"),
)


def linked_data(room: Room) -> None:
    for number in (1, 2):
        room.put(f"data/v{number}/prices.txt", f"{number}\n")
        room.put(f"data/w{number}/prices.txt", f"{number}\n")
    room.link("data/prices.txt", "v1/prices.txt")
    room.link("data/spare.txt", "w1/prices.txt")
    room.link("data/current", "v1")
    room.link("data/past", "w1")
    room.put(
        "tests/test_data.py",
        "import pathlib\n"
        "DATA = pathlib.Path(__file__).parents[1] / 'data'\n"
        "def test_file():\n"
        "    assert (DATA / 'prices.txt').read_text() == '1\\n'\n"
        "def test_directory():\n"
        "    assert (DATA / 'current' / 'prices.txt').read_text() == '1\\n'\n"
        "def test_listed():\n"
        "    assert [p.name for p in (DATA / 'current').iterdir()] == ['prices.txt']\n",
    )


def another_target(path: str, target: str) -> Step:
    return lambda room: room.link(path, target)


SPECIALS["link_to_file_leads_elsewhere"] = Special(
    linked_data,
    another_target("data/prices.txt", "v2/prices.txt"),
    "tests/test_data.py::test_file",
    another_target("data/spare.txt", "w2/prices.txt"),
)
SPECIALS["link_to_directory_leads_elsewhere"] = Special(
    linked_data,
    another_target("data/current", "v2"),
    "tests/test_data.py::test_directory",
    another_target("data/past", "w2"),
)
SPECIALS["file_behind_link_changes"] = Special(
    linked_data,
    lambda room: room.put("data/v1/prices.txt", "3\n"),
    "tests/test_data.py::test_file tests/test_data.py::test_directory",
    lambda room: room.put("data/w1/prices.txt", "3\n"),
)
SPECIALS["file_appears_behind_listed_link"] = Special(
    linked_data,
    lambda room: room.put("data/v1/more.txt", "3\n"),
    "tests/test_data.py::test_listed",
    lambda room: room.put("data/w1/more.txt", "3\n"),
)


def reads_target(room: Room) -> None:
    room.link("data/current", "v1")
    room.link("data/past", "w1")
    room.put(
        "tests/test_target.py",
        "import os, pathlib\n"
        "def test_target():\n"
        "    link = pathlib.Path(__file__).parents[1] / 'data' / 'current'\n"
        "    assert os.readlink(link) == 'v1'\n",
    )


SPECIALS["target_of_link_read"] = Special(
    reads_target,
    another_target("data/current", "v2"),
    "tests/test_target.py::test_target",
    another_target("data/past", "w2"),
)


def linked_tests(room: Room) -> None:
    for number in (1, 2):
        fixture = f"import pytest\n@pytest.fixture\ndef vat():\n    return {number}\n"
        room.put(f"shared/fixtures{number}.py", fixture)
        room.put(f"shared/spares{number}.py", fixture)
        room.put(f"shared/checks{number}.py", f"def test_sum():\n    assert 1 + 0 == {number}\n")
    room.link("tests/unit/conftest.py", "../../shared/fixtures1.py")
    room.link("tests/other/conftest.py", "../../shared/spares1.py")
    room.link("tests/unit/test_sum.py", "../../shared/checks1.py")
    room.put("tests/unit/test_vat.py", "def test_vat(vat):\n    assert vat == 1\n")
    room.put("tests/other/test_other.py", "def test_other(vat):\n    assert vat\n")


SPECIALS["link_to_conftest_leads_elsewhere"] = Special(
    linked_tests,
    another_target("tests/unit/conftest.py", "../../shared/fixtures2.py"),
    "tests/unit/test_vat.py::test_vat",
    another_target("tests/other/conftest.py", "../../shared/spares2.py"),
)
SPECIALS["link_to_tests_leads_elsewhere"] = Special(
    linked_tests,
    another_target("tests/unit/test_sum.py", "../../shared/checks2.py"),
    "tests/unit/test_sum.py::test_sum",
    another_target("tests/other/conftest.py", "../../shared/spares2.py"),
)


def link_that_leads_outside(room: Room) -> None:
    write(room.site / "outside" / "rates.py", "def vat():\n    return 20\n")
    write(room.site / "outside" / "rents.py", "def rent():\n    return 7\n")
    room.link("lib", "../site/outside")
    room.put(
        "tests/test_rates.py", "from rates import vat\ndef test_vat():\n    assert vat() == 20\n"
    )


def rents_outside(room: Room) -> None:
    room.note()
    write(room.site / "outside" / "rents.py", "def rent():\n    return 8\n")


SPECIALS["link_leads_out_of_the_repository"] = Special(
    link_that_leads_outside,
    lambda room: write(room.site / "outside" / "rates.py", "def vat():\n    return 21\n"),
    TEST_VAT,
    rents_outside,
)


# -- bytes


def table_of(room: Room, name: str, price: int) -> None:
    path = room.project / "data" / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as database:
        database.execute("create table prices (price)")
        database.execute("insert into prices values (?)", (price,))
    database.close()


def two_databases(room: Room) -> None:
    table_of(room, "prices.db", 10)
    table_of(room, "spare.db", 10)
    room.put(
        "tests/test_prices.py",
        "import pathlib, sqlite3\n"
        "def test_price():\n"
        "    path = pathlib.Path(__file__).parents[1] / 'data' / 'prices.db'\n"
        "    database = sqlite3.connect(path)\n"
        "    assert list(database.execute('select price from prices')) == [(10,)]\n"
        "    database.close()\n",
    )


SPECIALS["database"] = Special(
    two_databases,
    lambda room: table_of(room, "prices.db", 11),
    "tests/test_prices.py::test_price",
    lambda room: table_of(room, "spare.db", 11),
)


def zipped(room: Room, name: str, text: str) -> None:
    (room.project / "lib").mkdir(exist_ok=True)
    with zipfile.ZipFile(room.project / "lib" / f"{name}.zip", "w") as archive:
        archive.writestr(f"{name}.py", text)


def two_archives(room: Room) -> None:
    zipped(room, "rates", "VAT = 20\n")
    zipped(room, "rents", "RENT = 7\n")
    room.put("pytest.ini", "[pytest]\npythonpath = . lib/rates.zip lib/rents.zip\n")
    room.put(
        "tests/test_a_first.py", "import rates, rents\ndef test_a():\n    assert rates, rents\n"
    )
    room.put(
        "tests/test_rates.py", "from rates import VAT\ndef test_vat():\n    assert VAT == 20\n"
    )


SPECIALS["module_in_archive_second_importer"] = Special(
    two_archives,
    lambda room: zipped(room, "rates", "VAT = 21\n"),
    TEST_VAT,
    lambda room: zipped(room, "rents", "RENT = 8\n"),
)


def compiled(room: Room, name: str, text: str) -> None:
    """A module that is there as bytecode only, made in some other directory."""
    source = room.project / "lib" / f"{name}.py"
    write(source, text)
    assert compileall.compile_file(source, ddir="/build", quiet=2, legacy=True, force=True)
    source.unlink()


def two_without_source(room: Room) -> None:
    compiled(room, "rates", "def vat():\n    return 20\n")
    compiled(room, "rents", "def rent():\n    return 7\n")
    room.put(
        "tests/test_rates.py", "from rates import vat\ndef test_vat():\n    assert vat() == 20\n"
    )
    room.put("tests/test_other.py", "import rents\ndef test_other():\n    assert rents\n")


SPECIALS["module_without_source"] = Special(
    two_without_source,
    lambda room: compiled(room, "rates", "def vat():\n    return 21\n"),
    TEST_VAT,
    lambda room: compiled(room, "rents", "def rent():\n    return 8\n"),
)


def without_source_for_two(room: Room) -> None:
    two_without_source(room)
    room.put(
        "tests/test_second.py", "from rates import vat\ndef test_too():\n    assert vat() == 20\n"
    )


SPECIALS["module_without_source_second_importer"] = Special(
    without_source_for_two,
    lambda room: compiled(room, "rates", "def vat():\n    return 21\n"),
    f"{TEST_VAT} tests/test_second.py::test_too",
)


def executable_script(room: Room) -> None:
    for name in ("tool", "spare"):
        room.put(f"bin/{name}", "#!/bin/sh\n")
        (room.project / "bin" / name).chmod(0o755)
    room.put(
        "tests/test_tool.py",
        "import os, pathlib\n"
        "def test_tool():\n"
        "    assert (pathlib.Path(__file__).parents[1] / 'bin' / 'tool').stat().st_mode & 0o100\n",
    )


def spare_not_executable(room: Room) -> None:
    room.note()
    (room.project / "bin" / "spare").chmod(0o644)


SPECIALS["executable_bit"] = Special(
    executable_script,
    lambda room: (room.project / "bin" / "tool").chmod(0o644),
    "tests/test_tool.py::test_tool",
    spare_not_executable,
)

ODD_NAME = 'a name\nwith everything\t"in" it.txt'


def odd_file_name(room: Room) -> None:
    room.put(f"data/{ODD_NAME}", "1\n")
    room.put(f"data/other {ODD_NAME}", "1\n")
    room.put(
        "tests/test_odd.py",
        "import pathlib\n"
        "def test_odd():\n"
        f"    path = pathlib.Path(__file__).parents[1] / 'data' / {ODD_NAME!r}\n"
        "    assert path.read_text() == '1\\n'\n",
    )


SPECIALS["odd_file_name"] = Special(
    odd_file_name,
    lambda room: room.put(f"data/{ODD_NAME}", "2\n"),
    "tests/test_odd.py::test_odd",
    lambda room: room.put(f"data/other {ODD_NAME}", "2\n"),
)


def name_that_is_no_text(room: Room) -> None:
    (room.project / "data").mkdir()
    (room.project / "data" / os.fsdecode(b"\xff.txt")).write_text("1\n", encoding="utf-8")
    room.put(
        "tests/test_odd.py",
        "import os, pathlib\n"
        "def test_odd():\n"
        "    name = os.fsdecode(bytes([255])) + '.txt'\n"
        "    path = pathlib.Path(__file__).parents[1] / 'data' / name\n"
        "    assert path.read_text() == '1\\n'\n",
    )


def change_of_no_text(room: Room) -> None:
    (room.project / "data" / os.fsdecode(b"\xff.txt")).write_text("2\n", encoding="utf-8")


SPECIALS["file_name_that_is_no_text"] = Special(
    name_that_is_no_text, change_of_no_text, "tests/test_odd.py::test_odd"
)

SEPARATORS = 'TEXT = "\x0c \x1c \x85 \u2028"\n\x0c\n'
"""What `str.splitlines` takes for line breaks, and Python's own reader does not."""


def separators_above(text: str) -> Step:
    return lambda room: room.put("rates.py", SEPARATORS * 3 + text)


def separators_in_file(room: Room) -> None:
    separators_above("def vat():\n    return 20\n\ndef rent():\n    return 7\n")(room)
    room.put(
        "tests/test_rates.py",
        "import rates\n"
        "def test_vat():\n    assert rates.vat() == 20\n"
        "def test_rent():\n    assert rates.rent()\n",
    )


SPECIALS["line_separators_in_text"] = Special(
    separators_in_file,
    separators_above("def vat():\n    return 21\n\ndef rent():\n    return 7\n"),
    TEST_VAT,
    separators_above("def vat():\n    return 20\n\ndef rent():\n    return 8\n"),
)


# -- the tests


@dataclass(frozen=True, slots=True)
class Outcome:
    """What fails after the change, and what is selected then and after the twin alone."""

    failing: frozenset[str]
    selected: frozenset[str]
    selected_for_twin: frozenset[str]


_OUTCOMES: dict[str, Outcome] = {}


@pytest.fixture
def outcome(name: str, tmp_path: Path, run_assay: RunAssay) -> Outcome:
    """What happens in the trap of that name; sprung once in a process."""
    if name not in _OUTCOMES:
        _OUTCOMES[name] = spring(SPECIALS[name], tmp_path, run_assay)
    return _OUTCOMES[name]


def spring(special: Special, tmp_path: Path, run_assay: RunAssay) -> Outcome:
    room = Room(tmp_path / "project", tmp_path / "site")
    room.put("pytest.ini", INI)
    room.put("notes.txt", "one\n")
    special.base(room)
    start_repository(room.project)
    special.ready(room)
    env = special.env(room)
    recorded = run_assay("map", project=room.project, env=env)
    assert recorded.code == ExitCode.CLEAN, recorded.out + recorded.err
    selected_for_twin: frozenset[str] = frozenset()
    if special.twin is not nothing:
        special.twin(room)
        selected_for_twin = selected(room.project, run_assay, env)
    special.change(room)
    failing = failing_tests(room.project, tmp_path / "work", env=env)
    return Outcome(frozenset(failing), selected(room.project, run_assay, env), selected_for_twin)


def selected(project: Path, run_assay: RunAssay, env: Mapping[str, str]) -> frozenset[str]:
    done = run_assay("select", "--format", "ids", project=project, env=env)
    assert done.code == ExitCode.CLEAN, done.err
    return frozenset(done.lines)


def named(known: frozenset[str], names: list[str]) -> pytest.MarkDecorator:
    mark = pytest.mark.xfail(reason="known", raises=AssertionError)
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=mark if name in known else ()) for name in names]
    )


WITH_TWIN = [name for name, special in SPECIALS.items() if special.twin is not nothing]


@named(frozenset(), list(SPECIALS))
def test_trap_does_what_it_says(name: str, outcome: Outcome) -> None:
    assert outcome.failing == set(SPECIALS[name].fails.split())


@named(KNOWN_MISSES, list(SPECIALS))
def test_change_selects_failing_tests(name: str, outcome: Outcome) -> None:
    assert not outcome.failing - outcome.selected


@named(KNOWN_WIDE, WITH_TWIN)
def test_unrelated_change_does_not_select(name: str, outcome: Outcome) -> None:
    assert not set(SPECIALS[name].fails.split()) & outcome.selected_for_twin


def test_known_ones_are_there() -> None:
    assert set(SPECIALS) >= KNOWN_MISSES
    assert set(WITH_TWIN) >= KNOWN_WIDE

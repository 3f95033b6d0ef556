"""Draws docs/impact.svg: a real `assay impact` run on a small project made for it.

python docs/picture.py [--python INTERPRETER]
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from assay.report.style import styled

BEFORE = """\
FREE_FROM = 50


def shipping(total):
    if total > FREE_FROM:
        return 0
    return 5


def discount(total, member):
    return total
"""

AFTER = """\
FREE_FROM = 50


def shipping(total):
    if total >= FREE_FROM:
        return 0
    return 5


def discount(total, member):
    return total - 10 if member else total


def refund(paid, fee):
    return paid - fee
"""

TESTS = """\
from shop.order import discount, shipping


def test_large_order():
    assert shipping(200) == 0


def test_small_order():
    assert shipping(20) == 5


def test_member():
    assert discount(100, member=True) == 90


def test_stranger():
    assert discount(100, member=False) == 100
"""


def git(project: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=assay", "-c", "user.email=assay@example.invalid"]
    subprocess.run(["git", *identity, *arguments], cwd=project, check=True)


def make_project(project: Path) -> None:
    """A branch that flips a boundary, changes a function and adds one."""
    for name, text in {"shop/__init__.py": "", "shop/order.py": BEFORE}.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    (project / "tests").mkdir()
    (project / "tests" / "test_order.py").write_text(TESTS)
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message", "shop")
    git(project, "checkout", "--quiet", "-b", "boundary")
    (project / "shop" / "order.py").write_text(AFTER)
    git(project, "commit", "--quiet", "--all", "--message", "Free shipping from 50 on")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        project = Path(directory) / "shop"
        project.mkdir()
        make_project(project)
        command = [sys.executable, "-m", "assay", "impact", "--quiet", "--python", options.python]
        done = subprocess.run(command, cwd=project, stdout=subprocess.PIPE, text=True, check=True)
    console = Console(record=True, width=104, file=io.StringIO(), highlight=False)
    console.print("$ assay impact")
    console.print(styled(done.stdout))
    path = Path(__file__).parent / "impact.svg"
    svg = console.export_svg(title="assay impact")
    # Pages must not fetch fonts from elsewhere: the reader's own monospaced font will do.
    path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()

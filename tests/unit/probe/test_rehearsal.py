"""Facts about rehearsals: what a thrown-away child did alike for all is done once, and no more."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

from assay.probe.rehearsal import is_standard, learn

REHEARSED = """\
import json, re, sys
from assay.probe.rehearsal import rehearse

child = rehearse({tmp!r})
if child is not None:
    import colorsys
    import own
    re.compile("of the child only", re.IGNORECASE)
    {end}
cached = any("of the child only" in str(key) for key in re._cache)
names = [name for name in ("colorsys", "own") if name in sys.modules]
print(json.dumps([names, cached]))
"""


def after(tmp_path: Path, end: str) -> list[object]:
    """Modules and cache of a process after a rehearsal whose child ended like that."""
    (tmp_path / "own.py").write_text("", encoding="utf-8")
    script = tmp_path / "script.py"
    script.write_text(REHEARSED.format(tmp=str(tmp_path / "t"), end=end), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    found: list[object] = json.loads(done.stdout)
    return found


def test_what_the_child_compiled_and_imported_of_the_library_is_there_afterwards(
    tmp_path: Path,
) -> None:
    assert after(tmp_path, "child.end()") == [["colorsys"], True]


def test_a_child_that_dies_teaches_nothing_and_harms_nothing(tmp_path: Path) -> None:
    assert after(tmp_path, "import os; os._exit(3)") == [[], False]


def test_a_pattern_that_warns_is_left_to_whoever_looks_for_warnings() -> None:
    re.purge()
    learn([("(?P<a>x)[[]y", 0), ("fine", 0)], [])
    patterns = [str(key) for key in re._cache]  # type: ignore[attr-defined]
    assert any("fine" in key for key in patterns)
    with pytest.warns(FutureWarning):
        re.compile("(?P<a>x)[[]y")


def test_a_module_that_cannot_be_imported_here_is_passed_over() -> None:
    learn([], ["no_such_module", "colorsys"])
    assert "colorsys" in sys.modules


def test_a_module_of_the_project_with_a_name_of_the_library_is_not_standard(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = types.ModuleType("colorsys")
    own.__file__ = str(tmp_path / "colorsys.py")
    monkeypatch.setitem(sys.modules, "colorsys", own)
    assert not is_standard("colorsys")
    assert is_standard("json.decoder")
    assert not is_standard("pytest")

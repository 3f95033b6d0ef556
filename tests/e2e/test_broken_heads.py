"""`assay diagnose` where the change keeps pytest from collecting: what is in the way is named,
once, and the patch for it was run."""

from __future__ import annotations

from pathlib import Path

from conftest import RunAssay, tree_bytes, write
from test_diagnose import categories, causes, two_versions

MODULE = "def f(n):\n    return n * 2\n"
MOVED_BEFORE = {
    "conftest.py": "",
    "top.py": "def g(n):\n    return n + 1\n",
    "pk/__init__.py": "",
    "pk/old.py": MODULE,
    "pk/user.py": "from .part import h\n\n\ndef use():\n    return h()\n",
    "pk/part.py": "def h():\n    return 'h'\n",
    "tests/test_from.py": "from pk import old\n\n\ndef test_f():\n    assert old.f(1) == 2\n",
    "tests/test_top.py": "import top\n\n\ndef test_g():\n    assert top.g(1) == 2\n",
    "tests/test_user.py": "from pk import user\n\n\ndef test_h():\n    assert user.use()\n",
    "tests/sub/conftest.py": "import pk\n",
    "tests/sub/test_c.py": "def test_c():\n    pass\n\n\ndef test_d():\n    pass\n",
    "tests/sub/test_e.py": "def test_e():\n    pass\n",
}
MOVED_AFTER = {
    "top.py": None,
    "upper.py": MOVED_BEFORE["top.py"],
    "pk/old.py": None,
    "pk/sub/__init__.py": "",
    "pk/sub/new.py": MODULE,
    "pk/part.py": None,
    "pk/piece.py": MOVED_BEFORE["pk/part.py"],
    "tests/sub/conftest.py": "import pk\nfrom pk import nothing\n",
}


def test_moved_modules_are_patched_and_a_conftest_stands_for_all_below_it(
    tmp_path: Path, run_assay: RunAssay
) -> None:
    root = two_versions(tmp_path / "m", MOVED_BEFORE, MOVED_AFTER)
    before = tree_bytes(root)
    found = run_assay("diagnose", "--format", "json", project=root)
    assert found.code == 1, found.err
    assert categories(found.record) == {
        "tests/test_from.py": "collection error",
        "tests/test_top.py": "collection error",
        "tests/test_user.py": "collection error",
        "tests/sub/conftest.py": "collection error",
    }
    assert set(causes(found.record).values()) == {"missing-import"}
    groups = {group["tests"][0]: group for group in found.record["groups"]}
    first, *_ = found.record["groups"]
    assert (first["tests"], first["hides"]) == (["tests/sub/conftest.py"], 3)
    assert len(found.record["outcomes"]) == 6
    for test in ("tests/test_from.py", "tests/test_top.py", "tests/test_user.py"):
        assert groups[test]["patch"]["verified"], groups[test]["patch"]
        assert (groups[test]["hides"], groups[test]["effort"]) == (1, 1)
    assert "+from pk.sub import new as old" in groups["tests/test_from.py"]["patch"]["text"]
    assert "+import upper as top" in groups["tests/test_top.py"]["patch"]["text"]
    assert "+from .piece import h" in groups["tests/test_user.py"]["patch"]["text"]
    assert tree_bytes(root) == before


def test_a_pyproject_that_is_no_toml_is_diagnosed_with_the_settings_of_base(
    tmp_path: Path, run_assay: RunAssay
) -> None:
    text = '[tool.assay]\npytest-args = ["-p", "no:doctest"]\n\n[project]\nname = "m"\n'
    before = {"pyproject.toml": text, "test_m.py": "def test():\n    pass\n"}
    root = two_versions(tmp_path / "m", before, {"pyproject.toml": text.replace('"m"', '"m')})
    found = run_assay("diagnose", "--format", "json", project=root)
    assert found.code == 1, found.err
    assert causes(found.record) == {"pytest": "settings-refused"}
    (group,) = found.record["groups"]
    assert "pyproject.toml:5" in group["title"]
    assert (group["verdict"]["fault"], group["hides"]) == ("code", 1)
    assert "are those of base" in found.record["notices"][0]
    # Compared with HEAD from now on, which is broken too.
    write(root / "more.py", "MORE = 1\n")
    refused = run_assay("diagnose", project=root)
    assert (refused.code, "cannot be read" in refused.problem) == (2, True)

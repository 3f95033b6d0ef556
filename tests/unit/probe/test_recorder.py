"""Facts about what the recorder books beside lines: each small suite runs under it in a process
of its own, and what was booked is looked at by sink."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest
from conftest import run_python

import assay

BOOTSTRAP = Path(assay.__file__).parent / "probe" / "bootstrap.py"

SCRIPT = """\
import importlib.util, json, os, sys
spec = importlib.util.spec_from_file_location("bootstrap", sys.argv[1])
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)
bootstrap.load_package()
import pytest
from _assay_probe.plugin import AssayPlugin, run_item
from _assay_probe.recorder import Recorder

repo = sys.argv[2]
sys.path.insert(0, repo)
recorder = Recorder(repo, [], None)
recorder.start()
sinks = {}

def add(drained):
    for key, sink in drained.items():
        for path, mask in sink.pop("lines").items():
            lines = sinks.setdefault(key, {}).setdefault("lines", {})
            lines[path] = lines.get(path, 0) | int(mask, 16)
        for field, found in sink.items():
            books = sinks.setdefault(key, {"lines": {}}).setdefault(field, [])
            books.extend(x for x in found if x not in books)

def loop(plugin, session):
    add(recorder.drain())
    items = session.items
    for item, following in zip(items, [*items[1:], None]):
        result = run_item(plugin, item, following, lambda _: None, recorder)
        add(result["sinks"])
        sinks["test:" + item.nodeid]["outcome"] = result["outcome"]

code = pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[3:]], [AssayPlugin(loop, recorder)])
print()
print(json.dumps(sinks))
"""

Sinks = dict[str, dict[str, Any]]


def record(repo: Path, *args: str, env: dict[str, str] | None = None, **files: str) -> Sinks:
    """What was booked, by sink; the sink of `test_x` in `test_it.py` is called `x`."""
    for stem, text in files.items():
        (repo / f"{stem}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    done = run_python("-c", SCRIPT, str(BOOTSTRAP), str(repo), *args, cwd=repo, env=env)
    assert done.code == 0, done.output
    found: Sinks = json.loads(done.output.splitlines()[-1])
    for key in list(found):
        found[key.removeprefix("test:test_it.py::test_")] = found[key]
    failed = [k for k, sink in found.items() if sink.get("outcome", "passed") != "passed"]
    assert not failed, done.output
    return found


def by_test(sinks: Sinks, field: str) -> dict[str, list[str]]:
    return {key: sink[field] for key, sink in sinks.items() if ":" not in key}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    inner = tmp_path.resolve() / "repo"
    inner.mkdir()
    return inner


# -- environment variables


def test_each_way_of_reading_a_variable_books_its_name_on_the_test_that_did(repo: Path) -> None:
    test = """
    import os
    def test_subscript():
        try: os.environ["A_NAME"]
        except KeyError: pass
    def test_get(): assert os.environ.get("A_NAME", 7) == 7
    def test_getenv(): assert os.getenv("A_NAME") is None
    def test_in(): assert "A_NAME" not in os.environ
    def test_bytes(): assert os.getenvb(b"A_NAME") is None
    def test_pop(): assert os.environ.pop("A_NAME", None) is None
    def test_none(): assert os.environ
    def test_set(): os.environ["B_NAME"] = "1"
    """
    found = by_test(record(repo, test_it=test), "env")
    for way in ("subscript", "get", "getenv", "in", "bytes", "pop"):
        assert found[way] == ["A_NAME"], way
    assert found["none"] == found["set"] == []


def test_the_projects_own_code_may_read_any_name_and_libraries_any_but_the_machines(
    repo: Path,
) -> None:
    library = repo.parent / "library"
    library.mkdir()
    (library / "lib.py").write_text(
        "import os\ndef read(*names):\n    for name in names: os.environ.get(name)\n", "utf-8"
    )
    test = f"""
    import os, sys
    sys.path.append({str(library)!r})
    import lib
    def test_own(): os.environ.get("HOME"); os.environ.get("LC_ALL"); os.environ.get("TZ")
    def test_library(): lib.read("HOME", "LC_ALL", "PYTHONPATH", "https_proxy", "TZ", "LIB_OPTION")
    """
    found = by_test(record(repo, test_it=test), "env")
    assert found == {"own": ["HOME", "LC_ALL", "TZ"], "library": ["LIB_OPTION", "TZ"]}


def test_reading_all_variables_books_a_star_and_no_single_names(repo: Path) -> None:
    test = """
    import os
    from unittest import mock
    def test_dict(): assert dict(os.environ)["A_NAME"] == "1"
    def test_copy(): assert os.environ.copy()["A_NAME"] == "1"
    def test_spread(): assert {**os.environ}["A_NAME"] == "1"
    def test_loop(): assert any(v == "1" for k, v in os.environ.items())
    def test_names(): assert "A_NAME" in list(os.environ)
    def test_mock():
        with mock.patch.dict(os.environ, {"B": "2"}): pass
    """
    found = by_test(record(repo, test_it=test, env={"A_NAME": "1"}), "env")
    assert found.pop("mock") == []
    assert set(map(tuple, found.values())) == {("*",)}


def test_a_read_in_a_loop_over_all_names_is_booked_as_well(repo: Path) -> None:
    test = """
    import os
    def test_loop():
        for name in list(os.environ):
            if name == "A_NAME":
                assert os.environ[name] == "1"
    """
    found = by_test(record(repo, test_it=test, env={"A_NAME": "1"}), "env")
    assert found == {"loop": ["*", "A_NAME"]}


def test_variables_read_at_import_belong_to_the_module_and_pytests_own_to_nobody(
    repo: Path,
) -> None:
    found = record(
        repo,
        test_it="import os\nLEVEL = os.environ.get('A_NAME')\ndef test_one(): pass\n",
        conftest="import os\ndef pytest_collection_modifyitems(): os.environ.get('B_NAME')\n",
    )
    assert found["module:test_it.py"]["env"] == ["A_NAME"]
    assert found["session:"]["env"] == ["B_NAME"]
    assert found["one"]["env"] == []


def test_the_environment_behaves_as_before(repo: Path) -> None:
    test = """
    import copy, os, pytest, inspect
    from unittest import mock
    def test_it(monkeypatch):
        with pytest.raises(KeyError) as caught:
            os.environ["NOT_THERE"]
        assert caught.value.args == ("NOT_THERE",) and caught.value.__suppress_context__
        with pytest.raises(TypeError):
            os.environ[1]
        with mock.patch.dict(os.environ, {"A": "1"}, clear=True):
            assert dict(os.environ) == {"A": "1"} and len(os.environ) == 1
        assert "PATH" in os.environ
        class Mine(type(os.environ)):
            def __getitem__(self, key): return super().__getitem__(key) + "!"
        same = lambda value: value
        mine = Mine({"a": "b"}, same, same, same, same)
        assert mine["a"] == "b!" and mine.get("a") == "b!" and list(mine) == ["a"]
        assert list(inspect.signature(type(os.environ).__getitem__).parameters) == ["self", "key"]
    """
    record(repo, test_it=test)


# -- whether files are there


def test_each_way_of_asking_whether_a_file_is_there_books_its_path(repo: Path) -> None:
    (repo / "data").mkdir()
    (repo / "data" / "there.txt").write_text("x", "utf-8")
    test = """
    import os, pathlib
    def test_exists(): assert not os.path.exists("data/not.txt")
    def test_lexists(): assert not os.path.lexists("data/not.txt")
    def test_isfile(): assert not os.path.isfile(os.path.abspath("data/not.txt"))
    def test_isdir(): assert not os.path.isdir(b"data/not.txt")
    def test_islink(): assert not os.path.islink("data/not.txt")
    def test_access(): assert not os.access("data/not.txt", os.R_OK)
    def test_pathlib(): assert not pathlib.Path("data/not.txt").exists()
    def test_pathfile(): assert not pathlib.Path("data/not.txt").is_file()
    def test_pathdir(): assert not pathlib.Path("data/not.txt").is_dir()
    def test_there(): assert os.path.getsize("data/there.txt") == 1
    def test_away(): assert os.path.exists(os.sep) and not os.path.exists("../not.txt")
    def test_none(): assert os.path.join("data", "not.txt")
    def test_number(): assert os.stat(1) and os.path.exists(1)
    """
    found = by_test(record(repo, test_it=test), "exists")
    assert found.pop("there") == ["data/there.txt"]
    assert found.pop("away") == found.pop("none") == found.pop("number") == []
    assert set(map(tuple, found.values())) == {("data/not.txt",)}


def test_looking_for_a_file_at_import_belongs_to_the_module_and_collecting_to_nobody(
    repo: Path,
) -> None:
    found = record(
        repo,
        test_it="import os\nHAS = os.path.exists('setup.cfg')\nimport helper, json.tool\n"
        "def test_one(tmp_path): assert tmp_path.exists()\n",
        helper="",
    )
    assert found["module:test_it.py"]["exists"] == ["setup.cfg"]
    assert found["session:"]["exists"] == []
    assert found["one"]["exists"] == []


def test_neither_imports_nor_tracebacks_in_a_test_look_for_files(repo: Path) -> None:
    found = record(
        repo,
        test_it="""
        import inspect, traceback
        def test_one():
            import helper
            try: helper.fail()
            except ValueError: traceback.format_exc()
            inspect.getsource(helper)
        """,
        helper="def fail(): raise ValueError\n",
    )
    assert found["one"]["exists"] == []


def test_a_link_is_booked_with_what_it_leads_to(repo: Path) -> None:
    (repo / "real.txt").write_text("x", "utf-8")
    (repo / "link.txt").symlink_to("real.txt")
    test = "import os\ndef test_one(): assert os.path.exists('link.txt')\n"
    found = by_test(record(repo, test_it=test), "exists")
    assert found == {"one": ["link.txt", "real.txt"]}


def test_the_functions_of_os_behave_as_before(repo: Path) -> None:
    test = """
    import copy, inspect, os, pathlib, pickle, posix, shutil, pytest
    def test_one(tmp_path):
        assert os.stat == posix.stat and hash(os.stat) == hash(posix.stat)
        for known in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
            assert (os.stat in known) == (posix.stat in known)
        assert os.access in os.supports_effective_ids and {os.stat} <= os.supports_dir_fd
        assert os.stat.__name__ == "stat" and "stat" in repr(os.stat)
        assert inspect.signature(os.stat) == inspect.signature(posix.stat)
        assert pickle.loads(pickle.dumps(os.stat)) is os.stat and copy.deepcopy(os.stat) is os.stat
        class Holder: stat = os.stat
        assert Holder().stat(".") == os.stat(".") == os.stat(path=".")
        for wrong in ((), (1.5,), (".", ".")):
            with pytest.raises(TypeError):
                os.stat(*wrong)
        with pytest.raises(ValueError): os.stat("a" + chr(0))
        with pytest.raises(FileNotFoundError) as caught: os.stat("none")
        assert caught.value.filename == "none"
        assert os.path.exists("a" + chr(0)) is False
        (tmp_path / "tree" / "deep").mkdir(parents=True)
        fd = os.open(tmp_path, os.O_RDONLY)
        assert os.stat("tree", dir_fd=fd).st_mode
        os.close(fd)
        shutil.rmtree(tmp_path / "tree")
        assert not (tmp_path / "tree").exists()
    """
    record(repo, test_it=test)


# -- source text


def test_every_reader_of_source_reads_the_file_not_only_the_first(repo: Path) -> None:
    found = record(
        repo,
        test_it="""
        import inspect, linecache, traceback, helper
        def test_first(): assert "def work" in inspect.getsource(helper.work)
        def test_second(): assert "def work" in inspect.getsource(helper.work)
        def test_line(): assert linecache.getline(helper.__file__, 1)
        def test_traceback():
            try: helper.work()
            except ValueError: assert "bad value" in traceback.format_exc()
        def test_none(): assert helper.work
        """,
        helper="def work():\n    raise ValueError('bad value')\n",
    )
    reads = by_test(found, "reads")
    for test in ("first", "second", "line"):
        assert reads[test] == ["helper.py"], test
    assert reads["traceback"] == ["helper.py", "test_it.py"]
    assert reads["none"] == []


def test_what_pytest_warnings_and_logging_render_for_themselves_is_no_reading(repo: Path) -> None:
    test = """
    import logging, warnings, helper, pytest
    def test_warns():
        with pytest.warns(UserWarning): helper.warn()
    def test_shows(): assert warnings.formatwarning("text", UserWarning, helper.__file__, 3)
    def test_logs(caplog):
        try: helper.fail()
        except ValueError: logging.exception("it failed")
        assert "it failed" in caplog.text
    def test_renders():
        with pytest.raises(ValueError) as caught: helper.fail()
        assert "fail" in str(caught.getrepr())
    """
    helper = "import warnings\ndef warn():\n    warnings.warn('w')\ndef fail(): raise ValueError\n"
    found = record(repo, test_it=test, helper=helper)
    assert set(map(tuple, by_test(found, "reads").values())) == {()}


# -- caches


MEMO = """
import functools
@functools.lru_cache
def square(n): return n * n
class Thing:
    @staticmethod
    @functools.cache
    def make(n): return [n]
def outer():
    @functools.lru_cache(maxsize=None)
    def inner(n): return n
    return inner
inner = outer()
def plain(n): return n
"""


def test_a_hit_on_what_an_earlier_test_cached_is_booked(repo: Path) -> None:
    test = """
    from mod import Thing, inner, plain, square
    def test_a_fills(): square(1), Thing.make(1), inner(1), square(1)
    def test_b_hits(): square(1)
    def test_c_hits_others(): Thing.make(1), inner(1)
    def test_d_misses(): square(2)
    def test_e_none(): plain(1)
    def test_f_clears(): square(1); square.cache_clear()
    def test_g_after(): square(1), square(1)
    """
    assert by_test(record(repo, test_it=test, mod=MEMO), "memo") == {
        "a_fills": [],
        "b_hits": ["mod.py::square"],
        "c_hits_others": ["mod.py::Thing.make", "mod.py::outer.<locals>.inner"],
        "d_misses": [],
        "e_none": [],
        "f_clears": ["mod.py::square"],
        "g_after": [],
    }


def test_caches_of_libraries_and_of_code_made_later_are_told_apart(repo: Path) -> None:
    test = """
    import fnmatch, functools
    def test_a_library(): fnmatch.fnmatch("a", "a*")
    def test_b_library(): fnmatch.fnmatch("a", "a*")
    made = []
    def test_c_makes():
        @functools.lru_cache(8, True)
        def late(n): return n
        made.append(late); late(1)
    def test_d_hits(): made[0](1)
    """
    assert by_test(record(repo, test_it=test), "memo") == {
        "a_library": [],
        "b_library": [],
        "c_makes": [],
        "d_hits": ["test_it.py::test_c_makes.<locals>.late"],
    }


def test_a_hit_in_a_fixture_above_function_scope_belongs_to_it(repo: Path) -> None:
    test = """
    import pytest
    from mod import square
    @pytest.fixture(scope="module")
    def filled(): return square(1)
    def test_a_fills(): square(1)
    def test_b_uses(filled): pass
    """
    found = record(repo, test_it=test, mod=MEMO)
    assert found["fixture:test_it.py::filled"]["memo"] == ["mod.py::square"]


def test_lru_cache_behaves_as_before(repo: Path) -> None:
    test = """
    import functools, gc, inspect, pickle, pytest, weakref
    @functools.lru_cache
    def top(n): return n
    def test_one():
        assert type(top) is functools._lru_cache_wrapper
        assert pickle.loads(pickle.dumps(top)) is top
        assert list(inspect.signature(functools.lru_cache).parameters) == ["maxsize", "typed"]
        assert functools.lru_cache(maxsize=3)(len).cache_parameters() == {
            "maxsize": 3, "typed": False}
        with pytest.raises(TypeError): functools.lru_cache("no")
        cached = functools.lru_cache(lambda n: n)
        gone = weakref.ref(cached)
        del cached; gc.collect()
        assert gone() is None
    """
    record(repo, test_it=test)


# -- exit


def test_a_function_registered_for_exit_counts_as_run_by_who_registered_it(repo: Path) -> None:
    mod = """\
    import atexit, functools
    def goodbye(who="you"):
        if who:
            def inner():
                return 1
        return 2
    def other():
        return 3
    class Thing:
        def close(self):
            return 4
    """
    test = """
    import atexit, functools, mod
    def test_function(): atexit.register(mod.goodbye); atexit.unregister(mod.goodbye)
    def test_partial():
        thing = functools.partial(mod.goodbye, None)
        assert atexit.register(thing) is thing; atexit.unregister(thing)
    def test_method(): atexit.register(mod.Thing().close)
    def test_library(): atexit.register(len, ())
    """
    found = record(repo, test_it=test, mod=mod)
    lines = {
        key: [n for n in range(20) if found[key]["lines"].get("mod.py", 0) >> n & 1]
        for key in ("function", "partial", "method", "library")
    }
    assert lines["function"] == lines["partial"] == [3, 4, 5, 6]
    assert lines["method"] == [11]
    assert lines["library"] == []

"""Facts about the two collectors of lines, each in a process of its own.

Lines are told as {file: lines} of the small project that a test writes; `ran()` asks anew.
"""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from conftest import run_python

import assay

BOOTSTRAP = Path(assay.__file__).parent / "probe" / "bootstrap.py"

monitoring_only = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12"
)
both = pytest.mark.parametrize(
    "name", ["coverage", pytest.param("monitoring", marks=monitoring_only)]
)

PRELUDE = """\
import importlib.util, json, os, sys, threading, types
import pytest  # what it brings is no part of what is tested
spec = importlib.util.spec_from_file_location("bootstrap", sys.argv[1])
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)
bootstrap.load_package()
from _assay_probe import collectors

repo, wanted_name = sys.argv[2:4]
os.environ["COVERAGE_CORE"] = "ctrace"
sys.dont_write_bytecode = True
sys.path.insert(0, repo)

def owns(path):
    return path.startswith(repo + os.sep) and "outside" not in path

def begin():
    global collector
    collector = collectors.make_collector(repo, [], owns, wanted_name)
    sys.addaudithook(hook)
    collector.start()
    collector.take()

def hook(event, args):
    if event in collectors.CODE_EVENTS:
        collector.saw_code(event, args)

def ran():
    return {os.path.basename(p): sorted(set(n)) for p, n in collector.take().items() if n}

def say(**facts):
    print(json.dumps(facts))
"""

BRANCHES = """\
def choose(yes):
    if yes:
        return "yes"
    return "no"
"""


def run(repo: Path, name: str, script: str, **files: str) -> Any:
    repo = repo.resolve()
    for stem, text in files.items():
        (repo / f"{stem}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    code = PRELUDE + textwrap.dedent(script)
    done = run_python("-c", code, str(BOOTSTRAP), str(repo), name, cwd=repo)
    assert done.code == 0, done.output
    return json.loads(done.output.splitlines()[-1])


@both
def test_each_taking_tells_the_lines_that_ran_since_the_last(tmp_path: Path, name: str) -> None:
    script = """
    begin()
    import mod; imported = ran()
    mod.choose(True); first = ran()
    mod.choose(False); second = ran()
    mod.choose(False); third = ran()
    say(imported=imported, first=first, second=second, third=third, nothing=ran())
    """
    assert run(tmp_path, name, script, mod=BRANCHES) == {
        "imported": {"mod.py": [1]},
        "first": {"mod.py": [2, 3]},
        "second": {"mod.py": [2, 4]},
        "third": {"mod.py": [2, 4]},
        "nothing": {},
    }


@both
def test_a_file_whose_name_is_not_utf8_is_told_too(tmp_path: Path, name: str) -> None:
    script = """
    path = os.path.join(repo, os.fsdecode(b"caf\\xe9.py"))
    os.rename(os.path.join(repo, "mod.py"), path)
    found = importlib.util.spec_from_file_location("mod", path)
    mod = importlib.util.module_from_spec(found)
    begin()
    found.loader.exec_module(mod); imported = ran()
    mod.choose(True)
    say(imported=imported, ran=ran())
    """
    assert run(tmp_path, name, script, mod=BRANCHES) == {
        "imported": {"caf\udce9.py": [1]},
        "ran": {"caf\udce9.py": [2, 3]},
    }


@both
def test_code_that_is_not_the_projects_is_not_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "other.py").write_text(BRANCHES, encoding="utf-8")
    script = """
    begin()
    sys.path.insert(0, repo + "/outside")
    import other, mod
    ran(); other.choose(True); other_ran = [p for p in ran() if owns(p)]
    mod.choose(True)
    say(other=other_ran, mod=ran())
    """
    found = run(tmp_path, name, script, mod=BRANCHES)
    assert found == {"other": [], "mod": {"mod.py": [2, 3]}}


@both
def test_classes_lambdas_comprehensions_and_inner_functions_are_told(
    tmp_path: Path, name: str
) -> None:
    mod = """\
    class Thing:
        size = 1
        def method(self):
            return [
                n
                for n in range(2)
            ]
    twice = (
        lambda n:
            n * 2
    )
    def outer():
        def inner():
            return 1
        return inner
    """
    script = """
    begin()
    import mod
    imported = ran()
    mod.Thing().method(); method = ran()
    mod.twice(1); twice = ran()
    inner = mod.outer(); outer = ran()
    inner()
    say(imported=imported, method=method, twice=twice, outer=outer, inner=ran())
    """
    found = run(tmp_path, name, script, mod=mod)
    assert {1, 2, 3} <= set(found["imported"]["mod.py"])
    assert not {4, 5, 6, 10, 13, 14} & set(found["imported"]["mod.py"])
    assert {4, 5, 6} >= set(found["method"]["mod.py"]) >= {5, 6}
    assert 10 in found["twice"]["mod.py"]
    assert found["outer"] == {"mod.py": [13, 15]}
    assert found["inner"] == {"mod.py": [14]}


@both
def test_a_generator_tells_what_it_runs_after_each_taking(tmp_path: Path, name: str) -> None:
    mod = """\
    def gen():
        yield 1
        yield 2
        try:
            yield 3
        finally:
            done = True
    """
    script = """
    begin()
    import mod
    gen = mod.gen(); next(gen); ran()
    next(gen); second = ran()
    next(gen); third = ran()
    gen.close()
    say(second=second, third=third, closed=ran())
    """
    assert run(tmp_path, name, script, mod=mod) == {
        "second": {"mod.py": [3]},
        "third": {"mod.py": [4, 5]},
        "closed": {"mod.py": [7]},
    }


@both
def test_async_code_tells_what_it_runs_after_each_taking(tmp_path: Path, name: str) -> None:
    mod = """\
    import asyncio
    async def work(first, second):
        a = 1
        await first.wait()
        b = 2
        async with asyncio.Lock():
            c = 3
        second.set()
    """
    script = """
    import asyncio
    begin()
    import mod
    async def main():
        first, second = asyncio.Event(), asyncio.Event()
        task = asyncio.ensure_future(mod.work(first, second))
        ran()
        await asyncio.sleep(0); before = ran()
        first.set(); await second.wait(); await task
        return before, ran()
    before, after = asyncio.run(main())
    say(before=before, after=after)
    """
    found = run(tmp_path, name, script, mod=mod)
    assert found["before"] == {"mod.py": [3, 4]}
    assert {5, 6, 7, 8} == set(found["after"]["mod.py"])


@both
def test_handlers_run_by_an_exception_are_told_and_others_are_not(
    tmp_path: Path, name: str
) -> None:
    mod = """\
    def guarded(error):
        try:
            if error:
                raise error
        except ValueError:
            return 1
        except KeyError:
            return 2
        finally:
            end = 1
        return 3
    """
    script = """
    begin()
    import mod
    ran()
    mod.guarded(ValueError()); value = ran()
    mod.guarded(KeyError()); key = ran()
    try:
        mod.guarded(OSError())
    except OSError:
        pass
    other = ran()
    mod.guarded(None)
    say(value=value, key=key, other=other, none=ran())
    """
    found = run(tmp_path, name, script, mod=mod)
    sets = {key: set(lines["mod.py"]) for key, lines in found.items()}
    assert 6 in sets["value"]
    assert 8 not in sets["value"]
    assert 8 in sets["key"]
    assert 6 not in sets["key"]
    assert {5, 7, 10} <= sets["other"]
    assert not {6, 8, 11} & sets["other"]
    assert {10, 11} <= sets["none"]
    assert not {4, 5, 6, 7, 8} & sets["none"]


@both
def test_threads_started_later_are_told(tmp_path: Path, name: str) -> None:
    script = """
    begin()
    import mod
    ran()
    told = []
    for answer in (True, False):
        thread = threading.Thread(target=mod.choose, args=(answer,)); thread.start(); thread.join()
        told.append(ran())
    say(told=told, last=ran())
    """
    assert run(tmp_path, name, script, mod=BRANCHES) == {
        "told": [{"mod.py": [2, 3]}, {"mod.py": [2, 4]}],
        "last": {},
    }


LOOP = """\
def loop(go, ready):
    while go[0] < 2:
        if go[0]:
            ready.set()
            go[0] = 5
    go[0] = 7
"""


@monitoring_only
def test_a_thread_that_was_alive_before_and_calls_nothing_new_is_told(tmp_path: Path) -> None:
    script = """
    import mod, time
    go, ready = [0], threading.Event()
    thread = threading.Thread(target=mod.loop, args=(go, ready)); thread.start()
    begin()
    time.sleep(0.05); idle = ran()
    time.sleep(0.05); again = ran()
    go[0] = 1; ready.wait(5); thread.join()
    say(idle=idle, again=again, woken=ran())
    """
    found = run(tmp_path, "monitoring", script, mod=LOOP)
    assert found["idle"] == found["again"] == {"mod.py": [2, 3]}
    assert {4, 5, 6} <= set(found["woken"]["mod.py"])


@both
def test_forked_children_go_on_telling_and_their_parent_is_none_the_wiser(
    tmp_path: Path, name: str
) -> None:
    script = """
    begin()
    import mod
    ran()
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        mod.choose(True)
        one = ran()
        mod.choose(False)
        os.write(write, json.dumps([one, ran(), collector.disturbed()]).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    child = json.loads(os.read(read, 10_000))
    parent = ran()
    mod.choose(True)
    say(child=child, parent=parent, after=ran())
    """
    assert run(tmp_path, name, script, mod=BRANCHES) == {
        "child": [{"mod.py": [2, 3]}, {"mod.py": [2, 4]}, False],
        "parent": {},
        "after": {"mod.py": [2, 3]},
    }


@both
def test_files_with_the_same_text_are_told_apart(tmp_path: Path, name: str) -> None:
    script = """
    begin()
    import one, two
    ran()
    one.choose(True); first = ran()
    two.choose(True); second = ran()
    one.choose(True); two.choose(False)
    say(first=first, second=second, both=ran())
    """
    assert run(tmp_path, name, script, one=BRANCHES, two=BRANCHES) == {
        "first": {"one.py": [2, 3]},
        "second": {"two.py": [2, 3]},
        "both": {"one.py": [2, 3], "two.py": [2, 4]},
    }


WAYS = {
    "a new function of replaced code": """
        code = mod.choose.__code__.replace(co_name="other")
        types.FunctionType(code, vars(mod))(True)
        """,
    "replaced code assigned": """
        mod.choose.__code__ = mod.choose.__code__.replace(co_name="other")
        mod.choose(True)
        """,
    "replaced code with replaced code in it": """
        inner = mod.choose.__code__.replace(co_name="other")
        code = mod.outer.__code__
        consts = tuple(inner if type(c) is types.CodeType else c for c in code.co_consts)
        function = types.FunctionType(code.replace(co_consts=consts), {})()
        ran()
        function(True)
        """,
    "exec of compiled text": """
        names = {}
        exec(compile(open(mod.__file__).read(), mod.__file__, "exec"), names)
        ran()
        names["choose"](True)
        """,
    "eval of compiled text": """
        eval(compile("\\n(lambda:\\n3)()", mod.__file__, "eval"))
        """,
    "runpy": """
        import runpy
        names = runpy.run_path(mod.__file__)
        ran()
        names["choose"](True)
        """,
    "marshal": """
        import marshal
        code = marshal.loads(marshal.dumps(mod.choose.__code__))
        types.FunctionType(code, {})(True)
        """,
    "types.coroutine": """
        types.coroutine(mod.gen)().send(None)
        """,
}


@both
@pytest.mark.parametrize("way", sorted(WAYS))
def test_code_that_comes_alive_in_another_way_than_by_import_is_told(
    tmp_path: Path, name: str, way: str
) -> None:
    steps = textwrap.dedent(WAYS[way])
    script = f"begin()\nimport mod\nran()\n{steps}\nsay(lines=ran())"
    mod = (
        BRANCHES
        + "def gen():\n    a = 2\n    yield a\n"
        + "def outer():\n    def inner(yes):\n        pass\n    return inner\n"
    )
    found = run(tmp_path, name, script, mod=mod)["lines"]["mod.py"]
    assert found == ([6, 7] if way == "types.coroutine" else [2, 3])


@both
def test_code_that_was_alive_before_is_told(tmp_path: Path, name: str) -> None:
    mod = BRANCHES + "class Thing:\n    @property\n    def size(self):\n        return 8\n"
    script = """
    import mod
    begin()
    mod.choose(True)
    mod.Thing().size
    say(lines=ran())
    """
    assert run(tmp_path, name, script, mod=mod) == {"lines": {"mod.py": [2, 3, 8]}}


@both
def test_test_modules_rewritten_by_pytest_and_doctests_are_told(tmp_path: Path, name: str) -> None:
    test = '''\
    """
    >>> from test_it import helper
    >>> helper(1)
    6
    """
    def helper(n):
        return n + 5
    def test_one():
        values = [1]
        assert values == [1]
    def test_two():
        assert True
    '''
    script = """
    begin()
    class Plugin:
        told = {}
        def pytest_runtest_setup(self, item):
            ran()
        def pytest_runtest_teardown(self, item):
            self.told[item.name] = ran()
    code = pytest.main(["-q", "--doctest-modules", "-p", "no:cacheprovider", repo], [Plugin()])
    say(code=int(code), **Plugin.told)
    """
    assert run(tmp_path, name, script, test_it=test) == {
        "code": 0,
        "test_it": {"test_it.py": [7]},
        "test_one": {"test_it.py": [9, 10]},
        "test_two": {"test_it.py": [12]},
    }


@both
def test_after_stop_nothing_is_told(tmp_path: Path, name: str) -> None:
    script = """
    begin()
    import mod
    ran()
    collector.stop()
    mod.choose(True)
    say(lines=ran() if wanted_name == "monitoring" else {})
    """
    assert run(tmp_path, name, script, mod=BRANCHES) == {"lines": {}}


def test_turning_tracing_off_disturbs_coverages_tracer_until_it_was_noticed(
    tmp_path: Path,
) -> None:
    script = """
    begin()
    import mod
    quiet = collector.disturbed()
    sys.settrace(None)
    noticed = collector.disturbed()
    ran(); mod.choose(True)
    say(quiet=quiet, noticed=noticed, lines=ran(), after=collector.disturbed())
    """
    assert run(tmp_path, "coverage", script, mod=BRANCHES) == {
        "quiet": False,
        "noticed": True,
        "lines": {"mod.py": [2, 3]},
        "after": False,
    }


@monitoring_only
def test_turning_tracing_off_does_not_disturb_monitoring(tmp_path: Path) -> None:
    script = """
    begin()
    import mod
    ran()
    sys.settrace(None); sys.setprofile(None)
    mod.choose(True)
    say(disturbed=collector.disturbed(), lines=ran())
    """
    found = run(tmp_path, "monitoring", script, mod=BRANCHES)
    assert found == {"disturbed": False, "lines": {"mod.py": [2, 3]}}


DISTURBANCES = {
    "the number freed": "sys.monitoring.free_tool_id(collector._tool)",
    "the number freed and taken": """
        old = collector._tool
        sys.monitoring.free_tool_id(old)
        sys.monitoring.use_tool_id(old, "theirs")
        """,
    "the callback replaced": """
        line = sys.monitoring.events.LINE
        sys.monitoring.register_callback(collector._tool, line, print)
        """,
    "the callback removed": """
        line = sys.monitoring.events.LINE
        sys.monitoring.register_callback(collector._tool, line, None)
        """,
}


@monitoring_only
@pytest.mark.parametrize("how", sorted(DISTURBANCES))
def test_taking_our_monitoring_away_is_noticed_and_repaired(tmp_path: Path, how: str) -> None:
    script = f"""
begin()
import mod, gc
gc.freeze()
quiet = collector.disturbed()
{textwrap.dedent(DISTURBANCES[how])}
noticed = collector.disturbed()
ran(); mod.choose(True); first = ran(); mod.choose(False)
say(quiet=quiet, noticed=noticed, first=first, second=ran(), after=collector.disturbed())
"""
    assert run(tmp_path, "monitoring", script, mod=BRANCHES) == {
        "quiet": False,
        "noticed": True,
        "first": {"mod.py": [2, 3]},
        "second": {"mod.py": [2, 4]},
        "after": False,
    }


@monitoring_only
def test_other_tools_keep_their_numbers_and_their_events(tmp_path: Path) -> None:
    script = """
    theirs = []
    monitoring = sys.monitoring
    def line_ran(code, line):
        if code.co_name == "choose":
            theirs.append(line)
        return monitoring.DISABLE
    monitoring.use_tool_id(4, "theirs")
    monitoring.register_callback(4, monitoring.events.LINE, line_ran)
    monitoring.set_events(4, monitoring.events.LINE)
    begin()
    import mod
    ran()
    mod.choose(True); first = ran()
    mod.choose(False)
    say(name=collector.name, first=first, second=ran(), theirs=sorted(set(theirs)))
    """
    assert run(tmp_path, "monitoring", script, mod=BRANCHES) == {
        "name": "monitoring",
        "first": {"mod.py": [2, 3]},
        "second": {"mod.py": [2, 4]},
        "theirs": [2, 3, 4],
    }


@monitoring_only
def test_a_projects_own_coverage_by_monitoring_works_beside_ours(tmp_path: Path) -> None:
    script = """
    begin()
    os.environ["COVERAGE_CORE"] = "sysmon"
    import coverage
    theirs = coverage.Coverage(data_file=None, config_file=False, source=[repo])
    theirs.start()
    import mod
    ran()
    mod.choose(True); first = ran()
    mod.choose(False); second = ran()
    theirs.stop()
    mod.choose(True)
    lines = sorted(theirs.get_data().lines(mod.__file__))
    say(first=first, second=second, third=ran(), theirs=lines, off=collector.disturbed())
    """
    assert run(tmp_path, "monitoring", script, mod=BRANCHES) == {
        "first": {"mod.py": [2, 3]},
        "second": {"mod.py": [2, 4]},
        "third": {"mod.py": [2, 3]},
        "theirs": [1, 2, 3, 4],
        "off": False,
    }


@monitoring_only
def test_without_a_free_number_coverage_collects(tmp_path: Path) -> None:
    script = """
    for number in range(6):
        sys.monitoring.use_tool_id(number, "theirs")
    begin()
    import mod
    ran()
    mod.choose(True)
    say(name=collector.name, lines=ran())
    """
    found = run(tmp_path, "monitoring", script, mod=BRANCHES)
    assert found == {"name": "coverage", "lines": {"mod.py": [2, 3]}}


@both
def test_the_choice_is_kept(tmp_path: Path, name: str) -> None:
    assert run(tmp_path, name, "begin(); say(name=collector.name)") == {"name": name}

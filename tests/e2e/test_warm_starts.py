"""What the tests start is forked from a process that has imported pytest: no fact depends on it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from conftest import LONG, clean_environment, warm_server, write
from warm_server import ALREADY_IMPORTED

from assay.execution.interpreter import probe_environment
from assay.execution.process import run_briefly

FACTS = f"""\
import importlib, json, os, signal, sys, threading, time
names = sorted(globals().keys() - {{"__annotations__"}})  # without a meaning where there are none
for name in {ALREADY_IMPORTED!r}:
    importlib.import_module(name)
def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
print(json.dumps(dict(
    names=names,
    main=[__name__, globals().get("__file__"), sys.modules["__main__"].__dict__ is globals()],
    argv=sys.argv,
    path=sys.path,
    environ=dict(os.environ),
    here=os.getcwd(),
    input=sys.stdin.read(),
    open=[n for n in range(1000) if is_open(n)],
    signals=[str(signal.getsignal(n)) for n in sorted(signal.valid_signals())],
    blocked=[int(n) for n in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
    threads=threading.active_count(),
    zone=time.tzname,
    bytecode=sys.dont_write_bytecode,
    hash=hash("tea"),
    modules=sorted(sys.modules),
)))
"""


SERVERS_OWN = {"array"}
"""What it takes to receive descriptors."""


def command(room: Path, how: str) -> tuple[str, ...]:
    """The facts, asked for as a script, a text or a module."""
    write(room / "facts.py", FACTS)
    return {
        "script": (sys.executable, str(room / "facts.py"), "one"),
        "-c": (sys.executable, "-c", FACTS, "one"),
        "-m": (sys.executable, "-m", "facts", "one"),
    }[how]


@pytest.mark.parametrize("how", ["script", "-c", "-m"])
def test_a_forked_interpreter_finds_what_a_new_one_does(how: str, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    more = {"PYTHONPATH": str(tmp_path / "more"), "TZ": "Asia/Tokyo"}
    ask = (command(tmp_path, how), tmp_path, probe_environment(clean_environment(more)), LONG)
    assert warm_server().serves(*ask[:3])
    new, forked = (run(*ask) for run in (run_briefly, warm_server().run_briefly))
    assert new.code == forked.code == 0, (new.output, forked.output)
    facts, same = (json.loads(done.output.splitlines()[-1]) for done in (new, forked))
    assert set(same.pop("modules")) - set(facts.pop("modules")) <= SERVERS_OWN
    assert same == facts


@pytest.mark.parametrize("code", ["import sys; sys.exit(3)", "1 / 0", "import os; os.abort()"])
def test_it_ends_as_a_new_one_does(code: str, tmp_path: Path) -> None:
    ask = ([sys.executable, "-c", code], tmp_path, probe_environment(clean_environment()), LONG)
    new, forked = (run(*ask) for run in (run_briefly, warm_server().run_briefly))
    assert new.code == forked.code
    assert new.output.splitlines()[-1:] == forked.output.splitlines()[-1:]


@pytest.mark.parametrize("name", ["json.py", "unittest/__init__.py", "sitecustomize.py"])
@pytest.mark.parametrize("searched", [False, True])
def test_what_takes_the_place_of_something_imported_is_started_anew(
    name: str, searched: bool, tmp_path: Path
) -> None:
    write(tmp_path / "project" / "shop.py", "")
    write(tmp_path / ("searched" if searched else "project") / name, "")
    env = {"PYTHONPATH": str(tmp_path / "searched")} if searched else {}
    ask = ([sys.executable, "-c", ""], tmp_path / "project")
    assert not warm_server().serves(*ask, probe_environment(clean_environment(env)))
    assert warm_server().serves(*ask, probe_environment(clean_environment())) == searched


def test_what_python_reads_when_it_starts_is_started_anew(tmp_path: Path) -> None:
    usual = probe_environment(clean_environment())
    for more in ({"PYTHONHASHSEED": "1"}, {"PYTHONWARNINGS": "error"}, {"LC_ALL": "POSIX"}):
        assert not warm_server().serves([sys.executable], tmp_path, {**usual, **more})
    assert not warm_server().serves(["python"], tmp_path, usual)
    assert warm_server().serves([sys.executable], tmp_path, usual)

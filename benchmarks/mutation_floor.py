"""The least that running mutants in forks can cost: an empty fork, and the tests themselves.

A pytest plug-in (`-p mutation_floor`), for the environment that only has the suite: after
collection it forks children that leave at once, and one for each sequence of tests that it is
given, with no mutant. A sequence costs more in a child of its own than its tests do one after
another: whatever is loaded or cached at first use is so in every child.
"""

from __future__ import annotations

import gc
import json
import os
import resource
from pathlib import Path
from typing import Any

FORKS = 200
_exit = os._exit


def pytest_runtestloop(session: Any) -> bool:
    """In place of pytest's own loop: reads FLOOR_PLAN, a list of lists of node ids, and writes to
    FLOOR_FILE the CPU seconds of an empty fork, and of each sequence beyond it."""
    plan = json.loads(Path(os.environ["FLOOR_PLAN"]).read_text(encoding="utf-8"))
    items = {item.nodeid: item for item in session.items}
    gc.collect()
    gc.freeze()
    # All bytecode is there after this one.
    _fork(lambda: _run(session.items))
    before = _used()
    for _ in range(FORKS):
        _fork(_leave)
    fork = (_used() - before) / FORKS
    seconds = []
    for ids in plan:
        before = _used()
        _fork(lambda ids=ids: _run([items[one] for one in ids if one in items]))
        seconds.append(_used() - before - fork)
    answer = json.dumps({"fork": fork, "seconds": seconds})
    Path(os.environ["FLOOR_FILE"]).write_text(answer, encoding="utf-8")
    return True


def _run(items: Any) -> None:
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _leave() -> None:
    """An empty fork does nothing."""


def _fork(body: Any) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            body()
        finally:
            _exit(0)
    os.waitpid(pid, 0)


def _used() -> float:
    """Processor seconds of this process and of the children it has waited for."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total

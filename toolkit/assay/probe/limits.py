"""How much memory a child may map, so that a mutant that allocates without end ends itself."""

from __future__ import annotations

import contextlib
import os

MEGABYTE = 1 << 20

LEAST_ALLOWANCE = 1024 * MEGABYTE
"""Bytes that a child may map beyond its parent, on however small a machine."""

_CGROUP_LIMIT = "/sys/fs/cgroup/memory.max"


def limit_memory(megabytes: int | None) -> None:
    """Let this process map so much beyond what it has now; 0 is no limit, None the default.

    The default is half the machine's memory (or its container's) divided by its processors, so
    that children on all of them leave the other half alone. Where the system does not tell what a
    process maps, there is no limit.
    """
    if megabytes == 0:
        return
    allowance = default_allowance() if megabytes is None else megabytes * MEGABYTE
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        most = mapped() + allowance
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def mapped() -> int:
    """Bytes of address space that this process has; OSError where the system does not tell."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def default_allowance() -> int:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError), open(_CGROUP_LIMIT, encoding="ascii") as file:
        # "max" is no number: no limit.
        memory = min(memory, int(file.read()))
    return max(LEAST_ALLOWANCE, memory // (2 * (os.cpu_count() or 1)))

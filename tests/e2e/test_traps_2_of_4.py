"""A share of the traps in tests/traps; xdist's `loadfile` gives it to one process."""

from __future__ import annotations

from trap_checks import TrapChecks


class TestTraps(TrapChecks):
    share = 2

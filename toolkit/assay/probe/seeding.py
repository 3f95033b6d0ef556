"""Starts what is random anew before each test, from a seed that the job tells."""

from __future__ import annotations

import random
import sys
from typing import Any

from .watchers import Message, Watcher

_seed = random.seed


class SeedingWatcher(Watcher):
    """Seeds `random`, numpy's old generator where it is loaded, and pytest-randomly, which would
    start everything from a seed of its own otherwise."""

    def __init__(self, told: Message) -> None:
        self._number: int = told["seed"]

    def start(self, session: Any) -> None:
        option = session.config.option
        if hasattr(option, "randomly_seed"):
            option.randomly_seed = self._number
        self._begin()

    def begin(self, item: Any) -> None:  # noqa: ARG002
        self._begin()

    def _begin(self) -> None:
        _seed(self._number)
        numpy: Any = sys.modules.get("numpy.random")
        if numpy is not None:
            numpy.seed(self._number % 2**32)

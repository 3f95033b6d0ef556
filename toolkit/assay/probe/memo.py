"""Which of the project's `lru_cache` objects answered from what an earlier sink had put there."""

from __future__ import annotations

import functools
import gc
import sys
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .recorder import Recorder

_CacheType: Any = type(functools.lru_cache(len))

Counts = list[tuple[Any, int, int]]
"""Weak reference, hits and misses of each cache that was not empty."""


class Memos:
    """The project's caches; a cache that dies is forgotten."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._names: dict[Any, str] = {}

    def start(self) -> None:
        """From now on caches are known from when they are made."""
        original = functools.lru_cache
        add = self._add

        # The signature is the original's; the work is too.
        @functools.wraps(original)
        def lru_cache(maxsize: Any = 128, typed: bool = False) -> Any:
            made = original(maxsize, typed)
            if type(made) is _CacheType:
                add(made)
                return made

            @functools.wraps(made)
            def decorating_function(user_function: Any) -> Any:
                cached = made(user_function)
                add(cached)
                return cached

            return decorating_function

        functools.lru_cache = lru_cache

    def find(self) -> None:
        """Those made by somebody who took `lru_cache` from its module before we came."""
        for thing in gc.get_objects():
            if type(thing) is _CacheType:
                self._add(thing)

    def _add(self, cache: Any) -> None:
        name = self._name(cache)
        if name is not None:
            self._names.setdefault(weakref.ref(cache, self._forget), name)

    def _forget(self, reference: Any) -> None:
        self._names.pop(reference, None)

    def _name(self, cache: Any) -> str | None:
        """`path::qualified name` of the function that is cached, if the project's."""
        function: Any = getattr(cache, "__wrapped__", None)
        while hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        code = getattr(function, "__code__", None)
        if code is not None:
            path = code.co_filename
        else:
            # A class, for one.
            module = sys.modules.get(getattr(function, "__module__", None) or "")
            path = getattr(module, "__file__", None)
        if not isinstance(path, str) or not self._recorder.owns(path):
            return None
        return f"{self._recorder.relative(path)}::{getattr(function, '__qualname__', '')}"

    def before(self) -> Counts:
        """What the caches that hold something have answered until now."""
        counts = []
        for reference in tuple(self._names):
            cache = reference()
            if cache is not None:
                hits, misses, _, size = cache.cache_info()
                if size:
                    counts.append((reference, hits, misses))
        return counts

    def book(self, before: Counts) -> None:
        """The sink on top used what it found in a cache, or emptied it after it may have."""
        for reference, hits, misses in before:
            cache = reference()
            if cache is not None:
                now = cache.cache_info()
                if now.hits > hits or now.misses < misses or now.hits < hits:
                    self._recorder.top.memo.add(self._names[reference])

    def names(self) -> Iterable[str]:
        return self._names.values()

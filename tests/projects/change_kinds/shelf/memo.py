"""Remembers."""

import functools


def read():
    return {"mode": "on"}


@functools.lru_cache(maxsize=None)
def settings():
    return read()


_single = []


def make():
    return "one"


def single():
    if not _single:
        _single.append(make())
    return _single[0]

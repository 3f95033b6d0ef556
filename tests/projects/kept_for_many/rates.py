import functools


@functools.lru_cache
def table():
    return {"tea": 2 + 5}

"""Built at import."""


def build():
    return {n: n * n for n in range(4)}


TABLE = build()

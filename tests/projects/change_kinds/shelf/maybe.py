"""An optional import."""

try:
    import shelf_extras as extras
except ImportError:
    extras = None


def has_extras():
    return extras is not None

def take(item, count, *, reserve):
    return count if reserve else 0

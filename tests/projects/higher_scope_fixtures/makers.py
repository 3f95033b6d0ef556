"""What the fixtures make."""


def make_session():
    return {"size": 3}


def make_module():
    return [1, 2]


def make_class():
    return "abc"


def close(log):
    log.append("closed")
    return len(log)


def other():
    return 5

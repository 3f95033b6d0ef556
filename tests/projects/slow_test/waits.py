"""Waits for a file, and says that it does."""

import os
import pathlib
import posix
import time


def setting(name):
    """From the environment, past `os.environ`: a test does not depend on who controls it."""
    return os.fsdecode(posix.environ.get(name.encode(), b""))


def wait(name):
    started = setting(name + "_STARTED")
    if started:
        path = pathlib.Path(started)
        partial = path.with_name(path.name + ".part")
        partial.write_text(f"{os.getpid()} {os.getppid()}")
        partial.replace(path)
        while not pathlib.Path(setting(name + "_GO")).exists():
            time.sleep(0.01)
    return 1


def quick(number):
    return number + 1

"""Waits for a file, and says that it does."""

import os
import pathlib
import time


def wait(name):
    started = os.environ.get(name + "_STARTED")
    if started:
        path = pathlib.Path(started)
        partial = path.with_name(path.name + ".part")
        partial.write_text(f"{os.getpid()} {os.getppid()}")
        partial.replace(path)
        while not pathlib.Path(os.environ[name + "_GO"]).exists():
            time.sleep(0.01)
    return 1


def quick(number):
    return number + 1

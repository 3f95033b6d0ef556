"""Waits for a file, and says that it does."""

import os
import pathlib
import time


def wait():
    started = os.environ.get("SLOW_TEST_STARTED")
    if started:
        pathlib.Path(started).write_text(str(os.getpid()))
        while not pathlib.Path(os.environ["SLOW_TEST_GO"]).exists():
            time.sleep(0.01)
    return 1


def quick(number):
    return number + 1

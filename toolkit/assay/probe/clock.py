"""The clocks as they were when the probe came, whatever a test makes of them later.

freezegun replaces what is equal to a function of `time` (or to `datetime.datetime`) in the names of
every module that is loaded: attributes of a class it does not look at. Others replace
`time.monotonic` or `time.sleep` in the module itself. So no module of the probe has a name for one
of these, nor asks `time` for it while tests run.
"""

from __future__ import annotations

import datetime
import time


class Clock:
    """Functions of `time`, and the classes of moments and days."""

    monotonic = staticmethod(time.monotonic)
    used = staticmethod(time.process_time)
    sleep = staticmethod(time.sleep)
    time = staticmethod(time.time)
    moment = datetime.datetime
    day = datetime.date

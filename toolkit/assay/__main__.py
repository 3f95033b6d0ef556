"""Where `assay` and `python -m assay` begin: Ctrl-C has its exit code while imports go on, too."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

INTERRUPTED = 130
"""`errors.ExitCode.INTERRUPTED`, before anything is imported."""

WORDS = "assay: interrupted; run the same command again to go on"


def run() -> NoReturn:
    """The command, from its first import to its exit code."""
    # Raised within an import, KeyboardInterrupt may come out as something else; and there is
    # nothing yet that would have to be put in order.
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    from assay.cli import run as run_command

    try:
        signal.signal(signal.SIGINT, usual)
        run_command()
    except KeyboardInterrupt:
        print(WORDS, file=sys.stderr)
        sys.exit(INTERRUPTED)


def _leave(*_: object) -> NoReturn:
    os.write(2, f"{WORDS}\n".encode())
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    run()

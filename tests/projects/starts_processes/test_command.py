import subprocess
import sys
from pathlib import Path

import plain


def test_command():
    program = Path(__file__).with_name("command.py")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True)
    assert done.stdout == "ready\n"


def test_plain():
    assert plain.one() == 1

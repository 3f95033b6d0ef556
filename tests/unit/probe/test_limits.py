"""Facts about the memory limit of a child: relative to what it maps, by choice none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from assay.probe.limits import LEAST_ALLOWANCE, default_allowance

TRY = """\
import sys
from assay.probe.limits import limit_memory
limit_memory(int(sys.argv[1]))
try:
    bytearray(int(sys.argv[2]) << 20)
except MemoryError:
    print("refused")
else:
    print("given")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc/self/statm")
@pytest.mark.parametrize(
    ("limit", "wanted", "answer"), [(50, 100, "refused"), (50, 10, "given"), (0, 100, "given")]
)
def test_a_process_may_map_so_much_more_than_it_has(limit: int, wanted: int, answer: str) -> None:
    command = [sys.executable, "-c", TRY, str(limit), str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == answer


def test_the_default_is_never_small() -> None:
    assert default_allowance() >= LEAST_ALLOWANCE

import anyio
import pytest
from waiting import later


@pytest.mark.anyio
async def test_later_anyio():
    await anyio.sleep(0)
    assert await later(1) == 2

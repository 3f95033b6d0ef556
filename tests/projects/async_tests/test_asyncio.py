import pytest
import pytest_asyncio
from waiting import count, later


@pytest_asyncio.fixture
async def three():
    return await later(2)


@pytest.mark.asyncio
async def test_later(three):
    assert three == 3


@pytest.mark.asyncio
async def test_count():
    found = []
    async for number in count(3):
        found.append(number)
        if len(found) > 5:
            break
    assert found == [0, 1, 2]

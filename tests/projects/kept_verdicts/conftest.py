import pytest


@pytest.fixture
def net():
    return 5

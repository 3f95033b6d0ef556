import pytest
from shelf import catalogue as shelves


@pytest.fixture(scope="session")
def catalogue():
    found = shelves.load()
    return found


@pytest.fixture
def rate():
    return 2

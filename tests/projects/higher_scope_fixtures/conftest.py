import makers
import pytest


@pytest.fixture(scope="session")
def session_thing():
    thing = makers.make_session()
    yield thing
    log = []
    assert makers.close(log) == 1
    assert log == ["closed"]


@pytest.fixture(scope="module")
def module_thing():
    return makers.make_module()


@pytest.fixture(scope="class")
def class_thing(module_thing):
    return makers.make_class()

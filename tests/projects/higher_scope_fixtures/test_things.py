import makers


def test_first_of_session(session_thing):
    assert session_thing


def test_second_of_session(session_thing):
    assert session_thing["size"] == 3


def test_first_of_module(module_thing):
    assert module_thing


def test_second_of_module(module_thing):
    assert module_thing[1] == 2


class TestClass:
    def test_first(self, class_thing):
        assert class_thing

    def test_second(self, class_thing):
        assert class_thing == "abc"


def test_other():
    assert makers.other() == 5

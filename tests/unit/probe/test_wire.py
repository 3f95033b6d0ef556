"""Facts about the wire: one JSON object a line, however the bytes arrive."""

from __future__ import annotations

import json
import os

import pytest

from assay.probe.wire import LineBuffer, encode, write_all


def test_a_message_is_one_line_of_ascii() -> None:
    data = encode({"text": "é\n\u2028", "n": [1, None]})
    assert data.isascii()
    assert (data.count(b"\n"), data[-1:]) == (1, b"\n")
    assert json.loads(data) == {"text": "é\n\u2028", "n": [1, None]}


def test_a_line_may_arrive_in_pieces() -> None:
    buffer = LineBuffer()
    assert buffer.feed(b'{"a"') == []
    assert buffer.feed(b": ") == []
    assert buffer.feed(b'1}\n{"b') == [b'{"a": 1}']
    assert buffer.feed(b'": 2}\n') == [b'{"b": 2}']


def test_several_lines_may_arrive_at_once() -> None:
    assert LineBuffer().feed(b"a\nb\nc\n") == [b"a", b"b", b"c"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_the_lines_are_the_same_whatever_the_pieces(size: int) -> None:
    data = b"first\n\nthird line\nrest"
    buffer = LineBuffer()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    lines = [line for piece in pieces for line in buffer.feed(piece)]
    assert lines == [b"first", b"", b"third line"]
    assert buffer.feed(b"\n") == [b"rest"]


def test_all_is_written_to_a_pipe() -> None:
    read, write = os.pipe()
    try:
        write_all(write, b"x" * 5000)
        assert os.read(read, 10_000) == b"x" * 5000
    finally:
        os.close(read)
        os.close(write)

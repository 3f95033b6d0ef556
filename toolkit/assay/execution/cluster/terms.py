"""What a client tells its workers once, and how the messages of a worker and its agent look."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from assay.errors import AssayError
from assay.execution.cluster.agreement import Facts
from assay.execution.mutants import MutantRun
from assay.execution.timeouts import COLLECTION, Limits
from assay.model.source import SourceFile

_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Terms:
    """How the tests run in an unpacked snapshot, whatever the machine.

    `name` is the name of the repository's directory, for tests that show it; `client` its path
    on the machine that asks, which pytest's arguments may hold. `project`, `excluded` and `roots`
    (where top-level modules are imported from, in order) are relative to it. `python` is the
    interpreter wanted, "" for the worker's own. `variables` are set for the tests, or removed where
    the value is None. `expected` is what the client found, `distributions` those that the project
    itself installs.
    """

    name: str
    client: str
    project: str
    excluded: tuple[str, ...]
    roots: tuple[str, ...]
    python: str
    pytest_args: tuple[str, ...]
    variables: Mapping[str, str | None] = field(hash=False)
    sources: Mapping[str, SourceFile] = field(hash=False)
    limits: Limits
    expected: Facts
    distributions: tuple[str, ...]
    memory_limit: int | None = None
    collection_limit: float = COLLECTION


@dataclass(frozen=True, slots=True)
class Fault:
    """Something of assay itself failed on the worker: the end of its traceback."""

    text: str


Reply = MutantRun | AssayError | Fault
"""What comes back for a batch: verdicts, or a problem that a person can act on."""


def encoded(message: Any) -> bytes:
    return pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)


def decoded(data: bytes) -> Any:
    # From a process of our own, or over Dask, whose clients may run any code anyway.
    return pickle.loads(data)


def send(stream: IO[bytes], data: bytes) -> None:
    """Write one message; OSError or ValueError if nobody reads any more."""
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """The next message; None where the stream ends."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = stream.read(length)
    return data if len(data) == length else None

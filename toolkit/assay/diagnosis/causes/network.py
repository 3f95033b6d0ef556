"""A test that needs the network, or a service.

`facts`: `place` of the code of the project that asked, `added` (whether the change has added that).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.proofs import of_failure
from assay.diagnosis.values import by_sources
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site
from assay.model.evidence import OF_THE_PROJECT, Frame, FrameKind, Raised

_TYPES = (
    "ConnectionError",
    "gaierror",
    "herror",
    "URLError",
    "ConnectError",
    "ConnectTimeout",
    "ReadTimeout",
    "SSLError",
    "MaxRetryError",
    "NewConnectionError",
)
_WORDS = re.compile(
    r"Connection refused|Name or service not known|Temporary failure in name resolution"
    r"|nodename nor servname|Network is unreachable|No route to host|getaddrinfo failed"
)


def _match(case: Case) -> Match | None:
    error = next((one for one in case.evidence.chain if _is_of_network(one)), None)
    if error is None or (
        not _is_of_network(case.evidence.error) and not _wraps(case.evidence.error)
    ):
        return None
    asker = case.own_frame
    if asker is None:
        return None
    changed = _changed_frame(case)
    signs = tuple(_signs(case, changed))
    return Match(
        cause=CAUSE.name,
        key=f"{error.short_type} at {asker.place}",
        certainty=Certainty.COMPLETE,
        sentence=f"{asker.place} needs the network: {error.short_type}: {error.first_line[:100]}",
        proofs=(Proof("asks", asker.source, asker.place, "head"), *of_failure(case)),
        signs=signs,
        sites=(Site(asker.path, asker.line),),
        fix="stand something in for the service, or mark the test and leave it out where there is "
        "no network",
        facts={"place": asker.place, "added": changed is not None},
        decided=Fault.ENVIRONMENT if not signs else None,
    )


def _is_of_network(error: Raised) -> bool:
    """Raised below the project's code, and not by it."""
    last = error.last_frame
    if last is None or last.kind in OF_THE_PROJECT or last.kind is FrameKind.MOCK:
        return False
    return error.is_a(*_TYPES) or (error.is_a("OSError") and bool(_WORDS.search(error.message)))


def _wraps(error: Raised) -> bool:
    """An exception that the project makes of another."""
    return error.last_frame is not None and error.last_frame.kind is not FrameKind.TEST


def _changed_frame(case: Case) -> Frame | None:
    frames = [frame for frame in case.error.frames if frame.kind in OF_THE_PROJECT]
    changed = case.sides.changed_lines
    return next((f for f in reversed(frames) if f.line in changed(f.path)), None)


def _signs(case: Case, changed: Frame | None) -> Iterator[Sign]:
    if changed is None:
        return
    if changed.kind is FrameKind.SOURCE and by_sources(case):
        yield Sign(Fault.CODE, "the change has made the sources ask the network", changed.place)
    elif changed.kind is not FrameKind.SOURCE:
        yield Sign(Fault.TEST, "the change has made the test ask the network", changed.place)


CAUSE = Cause(
    name="network",
    title="Network needed",
    rule=(
        "A connection failed or a name was not resolved, below the code of the project and not in "
        "a mock."
    ),
    shows="the line of the project that asked, and the error.",
    verdict=(
        "Environment; but code, if the change has made the sources ask, and test, if it has made "
        "the test."
    ),
    fix="stand something in for the service, or mark the test.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A service that is not there; a change that asks one; and an error that the code makes "
            "itself.",
            {
                "shop.py": """\
import socket

PORT = 1


def ask():
    return socket.create_connection(("127.0.0.1", PORT), timeout=1)


def rate():
    return 1


def own(code):
    return code
""",
                "test_shop.py": """\
from shop import ask, own, rate


def test_ask():
    assert ask()


def test_rate():
    assert rate() == 1


def test_own():
    assert own(1)
""",
            },
            {
                "shop.py": """\
import socket

PORT = 1


def ask():
    return socket.create_connection(("127.0.0.1", PORT), timeout=1)


def rate():
    connection = socket.create_connection(("127.0.0.1", PORT), timeout=1)
    return connection.recv(1)


def own(code):
    raise ConnectionError("no")
""",
            },
            {
                "test_shop.py::test_ask": Fault.ENVIRONMENT,
                "test_shop.py::test_rate": Fault.CODE,
            },
            ("test_shop.py::test_own",),
        ),
    ),
)

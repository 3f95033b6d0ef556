"""Who watches a job's tests beside the run itself, by the name under which a job asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Message = dict[str, Any]


class Watcher:
    """Watches the tests of one child, one after another; what is not filled in does nothing.

    Each method is called with pytest's own objects, whose `__repr__` and the like may be the
    user's. The messages that two of them give are sent as events; each needs a `type` of its own.
    """

    def start(self, session: Any) -> None:
        """In the child, before the first test."""

    def begin(self, item: Any) -> None:
        """Before a test's set-up."""

    def saw_exception(self, item: Any, when: str, error: BaseException) -> None:
        """A phase ("setup", "call" or "teardown") has ended with an exception; skips included."""

    def end(self, item: Any, result: Message) -> list[Message]:  # noqa: ARG002
        """After a test's teardown; `result` is the event that tells how it ended."""
        return []

    def finish(self) -> list[Message]:
        """After the last test, and the teardown of all fixtures."""
        return []


def begun(wanted: Mapping[str, Message], session: Any) -> list[Watcher]:
    """The watchers that a job asks for, each with what it is told, ready for the first test."""
    watchers = [maker(name)(told) for name, told in wanted.items()]
    for watcher in watchers:
        watcher.start(session)
    return watchers


def maker(name: str) -> Callable[[Message], Watcher]:
    """Imported only when asked for: most children watch nothing."""
    if name == "seams":
        from .seams import Seams

        return Seams
    if name == "evidence":
        from .evidence import EvidenceWatcher

        return EvidenceWatcher
    if name == "trace":
        from .tracing import Tracer

        return Tracer
    if name == "state":
        from .state import StateWatcher

        return StateWatcher
    if name == "seeding":
        from .seeding import SeedingWatcher

        return SeedingWatcher
    raise ValueError(f"no watcher {name!r}")

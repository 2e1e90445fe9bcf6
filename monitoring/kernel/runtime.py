"""The state of one process: locks, threads, caches, outages. One object holds all parts of that state.

A part is built at the first use, by a function that is also the key of the part; for most parts, the class.
So each room defines the parts of its subject, and the kernel knows none of them.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

PartT = TypeVar("PartT")


class InheritedByForks:
    """A part that a forked process keeps: shared memory or plain values, without locks and threads."""


@runtime_checkable
class Stoppable(Protocol):
    """A part that runs threads."""

    def stop(self) -> None:
        """End the threads."""


class Runtime:
    """The parts of one process, each by the function that builds the part.

    ``Runtime.current`` is the runtime of this process. ``parts`` are built already: a test can give
    replacements for parts.
    """

    current: ClassVar["Runtime"]

    def __init__(self, parts: Mapping[Callable[[], Any], object] | None = None) -> None:
        self.parts: dict[Callable[[], Any], Any] = dict(parts or {})
        self._lock = threading.RLock()  # a part may need another one

    def build(self, build: Callable[[], PartT]) -> PartT:
        """Build a part, unless another thread has built the part meanwhile; return the part."""
        with self._lock:
            if build not in self.parts:
                self.parts[build] = build()
            found: PartT = self.parts[build]
            return found

    def leave_parent(self) -> None:
        """In a forked process, forget parts whose threads are missing and whose locks may be held forever."""
        self._lock = threading.RLock()
        self.parts = {
            build: found for build, found in self.parts.items() if isinstance(found, InheritedByForks)
        }

    def stop(self) -> None:
        """End the threads of all parts."""
        for found in list(self.parts.values()):
            if isinstance(found, Stoppable):
                found.stop()

    @contextmanager
    def in_charge(self) -> Iterator["Runtime"]:
        """Make this the runtime of the process for the duration of the block; end the threads after that."""
        before, Runtime.current = Runtime.current, self
        try:
            yield self
        finally:
            try:
                self.stop()
            finally:
                Runtime.current = before


Runtime.current = Runtime()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: Runtime.current.leave_parent())


def part(build: Callable[[], PartT]) -> PartT:
    """Return the part of this process that ``build`` makes. After the first call, this takes no lock."""
    runtime = Runtime.current
    found: PartT | None = runtime.parts.get(build)
    return runtime.build(build) if found is None else found

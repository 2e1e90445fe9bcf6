"""Buffer of the newest messages of a stream. One thread adds messages; any thread may read."""

import threading
from collections import deque
from collections.abc import Iterable
from itertools import takewhile
from typing import NamedTuple


class StreamMessage(NamedTuple):
    """A message of the stream. ``id`` is the id of a measurement, or the revision of a changed row.

    A message about several tags has them in ``tags``; subscribers to some of these receive ``excerpt``
    instead of ``data``.
    """

    id: int
    tag: str
    data: bytes
    tags: frozenset[str] = frozenset()
    excerpt: bytes = b""

    def for_tags(self, tags: frozenset[str]) -> bytes:
        """Return the bytes for a subscriber to ``tags`` (empty: all); none if the message is about others."""
        if not tags or self.tag in tags:
            return self.data
        return b"" if self.tags.isdisjoint(tags) else self.excerpt


class Offset(NamedTuple):
    """Position of a subscriber that has all messages up to ``id``. Ids compare only within a generation."""

    generation: int
    id: int


class Ring:
    """Hold the newest ``size`` messages in order of id, and the id up to which the messages are complete.

    A new generation begins when the ids restart from another number, as after a database was replaced. A
    subscriber with an offset of an earlier generation continues at the start of the present generation.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._events: deque[StreamMessage] = deque()
        self._generation = self._origin = self._floor = self._head = 0
        self._lock = threading.Lock()

    def start(self, head: int) -> None:
        """Begin a new generation after the id ``head``; discard all messages."""
        with self._lock:
            self._events.clear()
            self._generation += 1
            self._origin = self._floor = self._head = head

    def add(self, events: Iterable[StreamMessage], head: int) -> None:
        """Add all messages after the present head, up to the new head; discard the oldest beyond ``size``."""
        with self._lock:
            for event in events:
                if len(self._events) == self.size:
                    self._floor = self._events.popleft().id
                self._events.append(event)
            self._head = head

    @property
    def head(self) -> Offset:
        """Return the offset of a subscriber that has received all messages."""
        with self._lock:
            return Offset(self._generation, self._head)

    def has_lost(self, place: Offset) -> bool:
        """Return whether the ring has discarded messages after this offset."""
        with self._lock:
            return place.generation == self._generation and place.id < self._floor

    def after(self, place: Offset) -> tuple[list[StreamMessage], Offset]:
        """Return the messages after this offset, oldest first, and the next offset.

        If the ring ``has_lost`` messages after the offset, return no messages and the same offset.
        """
        with self._lock:
            if place.generation != self._generation:
                place = Offset(self._generation, self._origin)
            if place.id < self._floor:
                return [], place
            newer = list(takewhile(lambda event: event.id > place.id, reversed(self._events)))
            return newer[::-1], Offset(self._generation, max(place.id, self._head))

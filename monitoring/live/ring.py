"""The newest messages of a stream, for its subscribers. One thread adds; any thread may read."""

import threading
from collections import deque
from collections.abc import Iterable
from itertools import takewhile
from typing import NamedTuple


class StreamMessage(NamedTuple):
    """A message of the stream: a measurement by id, or a changed event by revision."""

    id: int
    tag: str
    data: bytes


class Offset(NamedTuple):
    """A subscriber's position: everything up to the id, which is valid within its generation."""

    generation: int
    id: int


class Ring:
    """Up to ``size`` messages in order of id, and the id up to which they are complete.

    A generation ends when the ids start again elsewhere; a subscriber of an earlier generation continues
    where the present one began.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._events: deque[StreamMessage] = deque()
        self._generation = self._origin = self._floor = self._head = 0
        self._lock = threading.Lock()

    def start(self, head: int) -> None:
        """Begin a generation just after this id; discard the messages before."""
        with self._lock:
            self._events.clear()
            self._generation += 1
            self._origin = self._floor = self._head = head

    def add(self, events: Iterable[StreamMessage], head: int) -> None:
        """Add all messages after the present head, up to the new head."""
        with self._lock:
            for event in events:
                if len(self._events) == self.size:
                    self._floor = self._events.popleft().id
                self._events.append(event)
            self._head = head

    @property
    def head(self) -> Offset:
        """Return the position of a subscriber that has everything."""
        with self._lock:
            return Offset(self._generation, self._head)

    def has_lost(self, place: Offset) -> bool:
        """Return whether messages after this position have been discarded."""
        with self._lock:
            return place.generation == self._generation and place.id < self._floor

    def after(self, place: Offset) -> tuple[list[StreamMessage], Offset]:
        """Return the messages after this position, oldest first, and the position after them.

        If the ring ``has_lost`` some of them, return none and the same position.
        """
        with self._lock:
            if place.generation != self._generation:
                place = Offset(self._generation, self._origin)
            if place.id < self._floor:
                return [], place
            newer = list(takewhile(lambda event: event.id > place.id, reversed(self._events)))
            return newer[::-1], Offset(self._generation, max(place.id, self._head))

"""The newest events of a stream, for those who follow it. One thread adds, any thread may ask."""

import threading
from collections import deque
from collections.abc import Iterable
from itertools import takewhile
from typing import NamedTuple


class Event(NamedTuple):
    """What goes over the wire: a measurement by its id, or what changed by its revision."""

    id: int
    tag: str
    data: bytes


class Place(NamedTuple):
    """How far somebody has got: everything up to the id, which counts within its era."""

    era: int
    id: int


class Ring:
    """Up to ``size`` events in the order of their ids, and the id up to which they are complete.

    An era ends when the ids start again from elsewhere; whoever is in an earlier one goes on
    where the present one began.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._events: deque[Event] = deque()
        self._era = self._origin = self._floor = self._head = 0
        self._lock = threading.Lock()

    def start(self, head: int) -> None:
        """Begins an era just behind this id; forgets what was before."""
        with self._lock:
            self._events.clear()
            self._era += 1
            self._origin = self._floor = self._head = head

    def add(self, events: Iterable[Event], head: int) -> None:
        """Takes in all events that there are behind the head so far, up to this new one."""
        with self._lock:
            for event in events:
                if len(self._events) == self.size:
                    self._floor = self._events.popleft().id
                self._events.append(event)
            self._head = head

    @property
    def head(self) -> Place:
        """The place of whoever has everything."""
        with self._lock:
            return Place(self._era, self._head)

    def has_lost(self, place: Place) -> bool:
        """Whether events behind this place are here no more."""
        with self._lock:
            return place.era == self._era and place.id < self._floor

    def after(self, place: Place) -> tuple[list[Event], Place]:
        """The events behind this place, oldest first, and the place behind them.

        If it ``has_lost`` some of them, none at all: the place stays.
        """
        with self._lock:
            if place.era != self._era:
                place = Place(self._era, self._origin)
            if place.id < self._floor:
                return [], place
            newer = list(takewhile(lambda event: event.id > place.id, reversed(self._events)))
            return newer[::-1], Place(self._era, max(place.id, self._head))

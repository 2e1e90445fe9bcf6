"""When which readings are due."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SECOND_US = 1_000_000
# A burst's timestamps stay behind the clock while a lane sends no more readings a second.
FASTEST = 250_000


@dataclass(frozen=True, slots=True)
class Request:
    """What goes in one request: places of tags and microseconds since the beginning, both of shape (n,).

    It is due ``due_s`` after the beginning; None: as soon as the answer before it is there.
    """

    due_s: float | None
    tag: NDArray[np.int64]
    offset_us: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Plan:
    """So many tags, each ``hz`` times a second for so many seconds, ``batch`` readings a request.

    Requests are spread evenly over the time between two readings of a tag. Each has its lane, one of
    ``lanes`` connections, so that a tag's readings are sent in their order, as a source sends them.
    """

    tags: int
    hz: float
    seconds: float
    batch: int
    lanes: int

    @property
    def rate(self) -> float:
        """Readings a second."""
        return self.tags * self.hz

    @property
    def requests_a_round(self) -> int:
        """Requests in which each tag has one reading."""
        return math.ceil(self.tags / self.batch)

    def paced(self, lane: int) -> Iterator[Request]:
        """A lane's requests in the order in which they are due, at the times of their readings."""
        number, count = 0, self.requests_a_round
        end = round(self.seconds * count * self.hz, 6)  # of the numbers: 3 x 0.1 is more than 0.3
        while number < end:
            for place in range(lane, count, self.lanes):
                if number + place < end:
                    due_s = (number + place) / (count * self.hz)
                    tag = np.arange(place * self.batch, min((place + 1) * self.batch, self.tags))
                    yield Request(due_s, tag, np.full(len(tag), self.measured_us(number, place)))
            number += count

    def measured_us(self, number: int, place: int) -> int:
        """When a request's readings are measured: at the whole second, or at their own part of one.

        ``number`` is that of the round's first request, ``place`` the request's within its round.
        """
        count = self.requests_a_round
        if self.hz >= 1:
            return round(number / count * SECOND_US / self.hz)
        return int((number + place) / (count * self.hz)) * SECOND_US

    def burst(self, lane: int) -> Iterator[Request]:
        """A lane's requests without end, of the tags that are its own, each as large as it may be."""
        own = np.arange(lane, self.tags, self.lanes)
        step_us = max(1, len(own) * SECOND_US // FASTEST)
        first = 0
        while len(own):
            number = np.arange(first, first + self.batch)
            yield Request(None, own[number % len(own)], number // len(own) * step_us)
            first += self.batch

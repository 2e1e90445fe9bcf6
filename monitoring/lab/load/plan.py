"""Schedule of a load test: which readings are due when."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SECOND_US = 1_000_000
# A burst's timestamps do not run ahead of the clock while a lane sends at most so many readings a second.
FASTEST = 250_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request: indices of tags and microseconds since the beginning, both of shape (n,).

    The request is due ``due_s`` after the beginning; None: right after the previous answer.
    """

    due_s: float | None
    tag: NDArray[np.int64]
    offset_us: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Number of tags, each ``hz`` times a second for ``seconds``, ``batch`` readings a request.

    Requests are spread evenly over the time between two readings of a tag. Each has its lane, one of
    ``lanes`` connections, so that a tag's readings are sent in order, as from a source.
    """

    tags: int
    hz: float
    seconds: float
    batch: int
    lanes: int

    @property
    def rate(self) -> float:
        """Return readings a second."""
        return self.tags * self.hz

    @property
    def requests_a_round(self) -> int:
        """Return the number of requests that contain one reading of each tag."""
        return math.ceil(self.tags / self.batch)

    def paced(self, lane: int) -> Iterator[Request]:
        """Yield a lane's requests in the order in which they are due, at the times of their readings."""
        number, count = 0, self.requests_a_round
        end = round(self.seconds * count * self.hz, 6)  # rounded, since 3 x 0.1 is more than 0.3
        while number < end:
            for index in range(lane, count, self.lanes):
                if number + index < end:
                    due_s = (number + index) / (count * self.hz)
                    tag = np.arange(index * self.batch, min((index + 1) * self.batch, self.tags))
                    yield Request(due_s, tag, np.full(len(tag), self.measured_us(number, index)))
            number += count

    def measured_us(self, number: int, index: int) -> int:
        """Return the time of a request's readings: the whole second, or their own part of a second.

        ``number`` is that of the round's first request, ``index`` the request's within its round.
        """
        count = self.requests_a_round
        if self.hz >= 1:
            return round(number / count * SECOND_US / self.hz)
        return int((number + index) / (count * self.hz)) * SECOND_US

    def burst(self, lane: int) -> Iterator[Request]:
        """Yield a lane's requests without end, for the lane's own tags, each with ``batch`` readings."""
        own = np.arange(lane, self.tags, self.lanes)
        step_us = max(1, len(own) * SECOND_US // FASTEST)
        first = 0
        while len(own):
            number = np.arange(first, first + self.batch)
            yield Request(None, own[number % len(own)], number // len(own) * step_us)
            first += self.batch

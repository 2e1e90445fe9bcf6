"""What became of the readings that were sent."""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ACCEPTED, DUPLICATE, KEPT = "success", "duplicate", "queued_for_retry"


class Latency(NamedTuple):
    """How long answers took, in seconds; nan where there was none."""

    p50: float
    p95: float
    p99: float
    highest: float


def latency(seconds: Iterable[float]) -> Latency:
    """The percentiles of these times: each is one that was measured, and never too low."""
    measured = np.fromiter(seconds, np.float64)
    if not measured.size:
        return Latency(*[float("nan")] * 4)
    return Latency(*map(float, np.percentile(measured, (50, 95, 99, 100), method="higher")))


@dataclass(slots=True)
class Tally:
    """Counts of readings. Those by tag have shape (tags,).

    ``accepted`` were told to be safe; of those, ``kept`` are so on disk as yet. ``doubtful`` were sent and
    not answered: they may be stored or not. ``failed`` are these and those that could not be sent.
    ``latencies`` is of answers, in seconds. ``reasons`` counts requests and readings by what went wrong.
    """

    tags: int
    accepted: NDArray[np.int64] = field(init=False)
    doubtful: NDArray[np.int64] = field(init=False)
    sent: int = 0
    kept: int = 0
    duplicates: int = 0
    refused: int = 0
    failed: int = 0
    latencies: "array[float]" = field(default_factory=lambda: array("d"))
    reasons: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.accepted = np.zeros(self.tags, np.int64)
        self.doubtful = np.zeros(self.tags, np.int64)

    def answered(self, tag: NDArray[np.int64], results: list[dict[str, str]]) -> None:
        """Counts what the server says of each reading of a request, in their order.

        Raises:
            ValueError: it does not say it of each; nothing is counted.
            KeyError, TypeError: likewise.
        """
        statuses = [result["status"] for result in results]
        if len(statuses) != len(tag):
            raise ValueError(f"{len(statuses)} results of {len(tag)} readings")
        safe = np.ones(len(tag), np.int64)
        for place, status in enumerate(statuses):
            if status == ACCEPTED:
                continue
            if status == KEPT:
                self.kept += 1
                continue
            safe[place] = 0
            if status == DUPLICATE:
                self.duplicates += 1
            else:
                self.refused += 1
                self.reasons[results[place].get("error", status)] += 1
        np.add.at(self.accepted, tag, safe)

    def refuse(self, tag: NDArray[np.int64], reason: str) -> None:
        """Counts a request that was refused as a whole."""
        self.refused += len(tag)
        self.reasons[reason] += 1

    def fail(self, tag: NDArray[np.int64], reason: str, *, was_sent: bool) -> None:
        """Counts a request of which nothing is promised."""
        self.failed += len(tag)
        self.reasons[reason] += 1
        if was_sent:
            np.add.at(self.doubtful, tag, 1)

    @property
    def total(self) -> int:
        """How many were accepted."""
        return int(self.accepted.sum())

    @property
    def is_clean(self) -> bool:
        """Whether each reading that was sent was accepted."""
        return not (self.duplicates or self.refused or self.failed)

    def lost(self, stored: NDArray[np.int64]) -> int:
        """How many readings were accepted and are not stored, given what is, by tag."""
        return int(np.maximum(self.accepted - stored, 0).sum())

    def surplus(self, stored: NDArray[np.int64]) -> int:
        """How many are stored that nobody can have sent."""
        return int(np.maximum(stored - self.accepted - self.doubtful, 0).sum())

"""Counts of sent readings by outcome."""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ACCEPTED, DUPLICATE, KEPT = "success", "duplicate", "queued_for_retry"


class Latency(NamedTuple):
    """Times to an answer, in seconds; nan without answers."""

    p50: float
    p95: float
    p99: float
    highest: float


def latency(seconds: Iterable[float]) -> Latency:
    """Return percentiles of these times: each is a measured time, rounded up to the next one."""
    measured = np.fromiter(seconds, np.float64)
    if not measured.size:
        return Latency(*[float("nan")] * 4)
    return Latency(*map(float, np.percentile(measured, (50, 95, 99, 100), method="higher")))


@dataclass(slots=True)
class Tally:
    """Counts of readings. Those by tag have shape (tags,).

    ``accepted`` were reported as safe; of those, ``kept`` are on disk only. ``doubtful`` were sent and not
    answered: they may be stored or not. ``failed`` are these and those that could not be sent. ``latencies``
    is of answers, in seconds. ``reasons`` counts requests and readings by error.
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
        """Count the server's result for each reading of a request, in the order of the readings.

        Raises:
            ValueError: the number of results differs from that of readings; nothing is counted.
            KeyError, TypeError: a result has another form; nothing is counted.
        """
        statuses = [result["status"] for result in results]
        if len(statuses) != len(tag):
            raise ValueError(f"{len(statuses)} results of {len(tag)} readings")
        safe = np.ones(len(tag), np.int64)
        for index, status in enumerate(statuses):
            if status == ACCEPTED:
                continue
            if status == KEPT:
                self.kept += 1
                continue
            safe[index] = 0
            if status == DUPLICATE:
                self.duplicates += 1
            else:
                self.refused += 1
                self.reasons[results[index].get("error", status)] += 1
        np.add.at(self.accepted, tag, safe)

    def refuse(self, tag: NDArray[np.int64], reason: str) -> None:
        """Count a request that was rejected as a whole."""
        self.refused += len(tag)
        self.reasons[reason] += 1

    def fail(self, tag: NDArray[np.int64], reason: str, *, was_sent: bool) -> None:
        """Count a request without a usable answer."""
        self.failed += len(tag)
        self.reasons[reason] += 1
        if was_sent:
            np.add.at(self.doubtful, tag, 1)

    @property
    def total(self) -> int:
        """Return the number of accepted readings."""
        return int(self.accepted.sum())

    @property
    def is_clean(self) -> bool:
        """Whether each sent reading was accepted."""
        return not (self.duplicates or self.refused or self.failed)

    def lost(self, stored: NDArray[np.int64]) -> int:
        """Return how many accepted readings are not stored, given the stored ones by tag."""
        return int(np.maximum(self.accepted - stored, 0).sum())

    def surplus(self, stored: NDArray[np.int64]) -> int:
        """Return how many stored readings cannot have been sent."""
        return int(np.maximum(stored - self.accepted - self.doubtful, 0).sum())

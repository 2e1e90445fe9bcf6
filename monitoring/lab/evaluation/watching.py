"""Findings on a signal: the required rule as flags, all detectors as events."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.detection.monitor import TagMonitor
from monitoring.ingest.columns import segment_of
from monitoring.ingest.rules.rolling_sigma import RollingSigma
from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.incident_event import Event

FloatArray = NDArray[np.float64]
BATCH = 1000
EPOCH_S = 1_800_000_000  # any time: detectors ignore the date
RULE = RollingSigma()


@dataclass(frozen=True, slots=True)
class Sighting:
    """A finding: its detector, its start, and when it was reported; both in µs since 1970."""

    detector: str
    start_us: int
    known_us: int


def seconds(start: int, stop: int) -> list[int]:
    """Return the times of the readings from ``start`` to ``stop`` (exclusive), one a second, in µs."""
    return [(EPOCH_S + second) * SECOND_US for second in range(start, stop)]


def rule_flags(history: FloatArray, values: FloatArray) -> NDArray[np.intp]:
    """Return the ascending indices of the ``values`` (n,), after ``history``, that the rule flags."""
    indices = []
    for start in range(0, len(values), 20 * BATCH):
        (verdict,) = RULE.score(segment_of(history, values[start : start + 20 * BATCH]))
        indices.append(start + np.flatnonzero(verdict.found))
        history = values[max(0, start + 20 * BATCH - RULE.lookback) : start + 20 * BATCH]
    return np.concatenate(indices) if indices else np.empty(0, np.intp)


def take_all(monitor: TagMonitor, start: int, values: FloatArray) -> dict[tuple[str, int], Event]:
    """Return the events of ``values``, the first of them at second ``start``; processed in batches."""
    events = {}
    for index in range(0, len(values), BATCH):
        batch = values[index : index + BATCH].tolist()
        first = start + index
        for event in monitor.update(seconds(first, first + len(batch)), batch):
            events[event.detector, event.start_us] = event
    return events


def sightings(monitor: TagMonitor, start: int, values: FloatArray) -> Iterator[Sighting]:
    """Yield the monitor's findings, reading by reading; NaN is a second without a reading."""
    for time_us, value in zip(seconds(start, start + len(values)), values.tolist(), strict=True):
        events = monitor.check_silence(time_us) if math.isnan(value) else monitor.update((time_us,), (value,))
        for event in events:
            yield Sighting(event.detector, event.start_us, time_us)

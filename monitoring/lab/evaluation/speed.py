"""Readings a second that one process judges on this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from monitoring.detection.monitor import TagMonitor
from monitoring.ingest.columns import segment_of
from monitoring.lab.evaluation.watching import BATCH, RULE, FloatArray, seconds, take_all
from monitoring.lab.signal_families import default

WARM_S = 9000
TAGS = 1000
ROUNDS = 20
REPEATS = 30


@dataclass(frozen=True, slots=True)
class Speed:
    """Throughput of the case ``name``, in readings a second."""

    name: str
    readings_per_s: float


def measure() -> Iterator[Speed]:
    """Measure all detectors for one tag and for many, and the required rule, on the default signal.

    The detectors have processed 2.5 hours before: the cost is highest with full memories.
    """
    values = default(1, WARM_S + 20 * BATCH + ROUNDS).values
    yield Speed(f"whole set, one tag in batches of {BATCH}", one_tag(values))
    yield Speed(f"whole set, {TAGS:,} tags with one reading each", many_tags(values))
    yield Speed(f"required rule, one tag in batches of {BATCH}", rule(values))


def one_tag(values: FloatArray) -> float:
    """Return the throughput of all detectors, batch by batch."""
    monitor = TagMonitor("tag")
    take_all(monitor, 0, values[:WARM_S])
    begin = perf_counter()
    take_all(monitor, WARM_S, values[WARM_S:])
    return (len(values) - WARM_S) / (perf_counter() - begin)


def many_tags(values: FloatArray) -> float:
    """Return the throughput of all detectors, with one reading a second from each of many tags."""
    first = TagMonitor("tag")
    take_all(first, 0, values[:WARM_S])
    state = first.dump()
    monitors = [TagMonitor(f"tag {number}") for number in range(TAGS)]
    for monitor in monitors:
        monitor.restore(state)
    times, readings = seconds(WARM_S, WARM_S + ROUNDS), values[WARM_S : WARM_S + ROUNDS].tolist()
    begin = perf_counter()
    for time_us, value in zip(times, readings, strict=True):
        for monitor in monitors:
            monitor.update((time_us,), (value,))
    return ROUNDS * TAGS / (perf_counter() - begin)


def rule(values: FloatArray) -> float:
    """Return the required rule's throughput, batch by batch: the fastest of several short runs."""
    batches = np.split(values[: len(values) // BATCH * BATCH], len(values) // BATCH)
    fastest = 0.0
    for _ in range(REPEATS):
        history = np.empty(0)
        begin = perf_counter()
        for batch in batches:
            RULE.score(segment_of(history, batch))
            history = batch[-RULE.lookback :]
        fastest = max(fastest, len(batches) * BATCH / (perf_counter() - begin))
    return fastest

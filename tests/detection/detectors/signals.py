"""Signals for the detectors' tests: pure functions of a seed, a value a second."""

import numpy as np

from monitoring.detection.monitor import DetectionSettings, TagMonitor
from monitoring.kernel.arrays import FloatArray
from monitoring.kernel.incident_event import Event

NOISE = 0.15
LEARNED_S = 9000


def wave(length: int, *, seed: int = 1) -> FloatArray:
    """A period of half an hour, as a fermenter's temperature has it."""
    second = np.arange(length)
    noise = np.random.default_rng(seed).normal(0, NOISE, length)
    return np.round(37.5 + 1.9 * np.sin(2 * np.pi * second / 1800) + noise, 2)


def level(length: int, *, seed: int = 1) -> FloatArray:
    """White noise around 50."""
    return np.random.default_rng(seed).normal(50, 1, length)


def microseconds(length: int, *, start: int = 0) -> list[int]:
    """The times of a reading a second."""
    return [second * 1_000_000 for second in range(start, start + length)]


def events_of(values: FloatArray, *, settings: DetectionSettings | None = None) -> list[Event]:
    """Each event of the signal as it was told last, in the order of their beginnings."""
    monitor = TagMonitor("fermenter_temp", "°C", settings)
    told = monitor.update(microseconds(len(values)), values.tolist())
    return sorted(
        {(event.detector, event.start_us): event for event in told}.values(), key=lambda e: e.start_us
    )


def seconds_of(event: Event) -> tuple[float, float | None]:
    """Beginning and end in seconds."""
    return event.start_us / 1e6, None if event.end_us is None else event.end_us / 1e6

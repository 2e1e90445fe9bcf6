"""Estimate the clock error of a source from the arrival times of readings.

The offset of a reading is the timestamp minus the time of arrival. Transport only makes offsets smaller, so
the largest recent offset is the best estimate of the clock error, and an error ahead is certain. A clock that
is behind looks like delayed readings: only readings that arrive at the pace of their timestamps prove a clock
error, or a constant delay. Readings sent after an outage, or from an old recording, arrive faster.
"""

import struct
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.clock import SECOND_US, to_micros

# A reading that is ahead of the server's clock by no more counts as one of now.
AHEAD_TOLERANCE = timedelta(seconds=5)
AHEAD_US = 5 * SECOND_US
AHEAD_MS, BEHIND_MS, STEADY_MS = 5_000, 60_000, 3_000
KEPT = 10  # arrivals, at least a second apart; an error is told when all of them show it
PAUSE_US = SECOND_US
NUMBER = np.dtype("<i8")
STATE = struct.Struct(f"<{1 + KEPT}q")
NO_ARRIVALS = bytes((1 + KEPT) * NUMBER.itemsize)
# A source from which nothing has come for so long may have been set right meanwhile.
FORGOTTEN_AFTER = timedelta(hours=1)

IntArray = NDArray[np.int64]


def latest_plausible(now: datetime) -> datetime:
    """Return the latest time of a measurement that does not count as ahead."""
    return now + AHEAD_TOLERANCE


def limit_us(now: datetime) -> int:
    """Return ``latest_plausible`` in microseconds since 1970."""
    return to_micros(now) + AHEAD_US


def unpacked(states: bytes) -> IntArray:
    """Return the last arrivals of sources (n, 1 + KEPT) from concatenated states.

    Column 0 is the time of the last arrival in microseconds since 1970, the others the offsets in
    milliseconds, oldest first; all are 0 before the first arrival.
    """
    return np.frombuffer(states, dtype=NUMBER).astype(np.int64).reshape(-1, 1 + KEPT)


def packed(arrivals: IntArray) -> list[bytes]:
    """Return the last arrivals of each source as stored."""
    states, width = arrivals.astype(NUMBER).tobytes(), len(NO_ARRIVALS)
    return [states[start : start + width] for start in range(0, len(states), width)]


def with_readings(arrivals: IntArray, time_us: IntArray, received_us: int) -> IntArray:
    """Return the last arrivals after each source's reading of ``time_us`` (n,) arrived.

    After the server's clock was set back, keep only this arrival.
    """
    since_us = received_us - arrivals[:, 0]
    kept = np.where(since_us[:, np.newaxis] < 0, 0, arrivals[:, 2:])
    last = np.full((len(arrivals), 1), received_us)
    offsets = ((time_us - received_us) // 1_000)[:, np.newaxis]
    is_due = (since_us < 0) | (since_us >= PAUSE_US)
    return np.where(is_due[:, np.newaxis], np.concatenate([last, kept, offsets], axis=1), arrivals)


def clock_errors(arrivals: IntArray) -> IntArray:
    """Return the clock error (n,) of each source in milliseconds by the last arrivals; positive is ahead.

    0 if no error is certain, also while there are too few arrivals: missing offsets are 0.
    """
    lowest, highest = arrivals[:, 1:].min(axis=1), arrivals[:, 1:].max(axis=1)
    is_behind = (highest < -BEHIND_MS) & (highest - lowest < STEADY_MS)
    return np.where((lowest > AHEAD_MS) | is_behind, highest, 0)


def with_reading(state: bytes, time_us: int, received_us: int) -> bytes:
    """Return the same as ``with_readings`` for one source, packed; arrays of one cost many times as much."""
    last_us, *offsets = STATE.unpack(state)
    since_us = received_us - last_us
    if 0 <= since_us < PAUSE_US:
        return state
    kept = offsets[1:] if since_us >= 0 else [0] * (KEPT - 1)
    return STATE.pack(received_us, *kept, (time_us - received_us) // 1_000)


def clock_error(state: bytes) -> int:
    """Return the same as ``clock_errors`` for one source."""
    _, *offsets = STATE.unpack(state)
    lowest, highest = min(offsets), max(offsets)
    is_behind = highest < -BEHIND_MS and highest - lowest < STEADY_MS
    return highest if lowest > AHEAD_MS or is_behind else 0


def arrival_lag_us(state: bytes) -> int:
    """Return how old the last reading that counts was when it arrived, in microseconds; negative: ahead."""
    return -1_000 * int(STATE.unpack(state)[-1])


def error_text(error_s: float) -> str:
    """Return a clock error in words."""
    return f"{abs(error_s):.0f} s {'ahead' if error_s > 0 else 'behind'}"

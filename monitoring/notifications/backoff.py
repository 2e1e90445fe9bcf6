"""Times of the next attempt after one that failed. Knows no database.

A target that is away is probed every PROBE_S: nothing has arrived there, and the message of the probe has
all that waits. A message that may have arrived is sent again at growing intervals, since each attempt may
be a repetition for the reader.
"""

import random
from datetime import timedelta

STEPS_S = (5, 15, 30, 60, 120, 300, 600, 900)
PROBE_S = 15.0
FIRST_PROBE_S = 5.0
LONGEST_RETRY_AFTER_S = 3600.0
SPREAD = 0.2
GIVE_UP_AFTER = timedelta(hours=24)


def repeat_in(attempts: int, *, spread: float | None = None) -> timedelta:
    """Return the wait after so many attempts of a message that may have arrived."""
    return spread_out(STEPS_S[min(max(attempts, 1), len(STEPS_S)) - 1], spread)


def probe_in(failures: int, retry_after_s: float | None, *, spread: float | None = None) -> timedelta:
    """Return the wait after so many failures in a row of a target, at least as long as the target asks.

    A target that asks for more than LONGEST_RETRY_AFTER_S is asked again after that time.
    """
    wait = spread_out(FIRST_PROBE_S if failures <= 1 else PROBE_S, spread)
    asked_s = min(max(retry_after_s or 0.0, 0.0), LONGEST_RETRY_AFTER_S)
    return max(wait, timedelta(seconds=asked_s))


def spread_out(seconds: float, spread: float | None) -> timedelta:
    """Return the time, changed by up to ±20 %: many senders must not come back at the same moment.

    ``spread`` is the change in -1 to 1; None takes one at random.
    """
    share = random.uniform(-1, 1) if spread is None else spread  # noqa: S311 - no secret
    return timedelta(seconds=seconds * (1 + SPREAD * share))

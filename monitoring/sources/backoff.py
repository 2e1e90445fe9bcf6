"""Pauses between two attempts of a source to connect."""

import random

PAUSES_S = (1.0, 1.0, 1.0, 2.0, 4.0, 8.0, 10.0)
SPREAD = 0.2
LASTED_S = 30.0  # a run that lasted so long counts as a success


class Backoff:
    """The pauses of one source: 1, 1, 1, 2, 4, 8, 10 s, each ± 20 % so that sources spread."""

    def __init__(self) -> None:
        self._failures = 0

    def next_pause_s(self, *, lasted_s: float) -> float:
        """Return the pause after a run that lasted for so long."""
        self._failures = 1 if lasted_s >= LASTED_S else self._failures + 1
        pause_s = PAUSES_S[min(self._failures, len(PAUSES_S)) - 1]
        return pause_s * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311 - no secret

"""When the clock may be looked at: not after it has jumped, and not before sources have delivered again."""

from monitoring.kernel.clock import SECOND_US

JUMP_S = 5.0
SETTLED_AFTER_S = 10.0


class LookClock:
    """The clock of the looks. Wall and monotonic clock that part by more than JUMP_S stop it for a while."""

    def __init__(self, *, starts_at: float) -> None:
        self._not_before = starts_at  # by the monotonic clock, in seconds
        self._lead_s: float | None = None
        self._last_us = 0

    def time_us(self, wall_us: int, monotonic_s: float) -> int | None:
        """Return the time to look with, in microseconds; None if no look is due.

        The time does not go back, unless the clock was set back for good.
        """
        lead_s = wall_us / SECOND_US - monotonic_s
        if self._lead_s is not None and abs(lead_s - self._lead_s) > JUMP_S:
            self._not_before = monotonic_s + SETTLED_AFTER_S
        self._lead_s = lead_s
        if monotonic_s < self._not_before:
            return None
        if wall_us < self._last_us - JUMP_S * SECOND_US:
            self._last_us = wall_us
        self._last_us = max(self._last_us, wall_us)
        return self._last_us

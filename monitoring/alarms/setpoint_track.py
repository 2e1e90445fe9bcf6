"""The last readings of a setpoint tag: its value at a time, and when it last moved. No database."""

from bisect import bisect_left, bisect_right

KEPT_US = 600_000_000  # a measured value may be that much older than the newest setpoint


class SetpointTrack:
    """Readings of a setpoint in order of time, also of those that arrive late.

    Readings of the last ``kept_us`` before the newest one stay, and the one before them.
    """

    def __init__(self) -> None:
        self.kept_us = KEPT_US
        self._times_us: list[int] = []
        self._values: list[float] = []

    def keep(self, span_us: int) -> None:
        """Keep readings for at least so long."""
        self.kept_us = max(self.kept_us, span_us + KEPT_US)

    def add(self, at_us: int, value: float) -> None:
        """Add a reading; drop those that are too old."""
        place = bisect_left(self._times_us, at_us)
        if place < len(self._times_us) and self._times_us[place] == at_us:
            self._values[place] = value
        else:
            self._times_us.insert(place, at_us)
            self._values.insert(place, value)
        old = bisect_right(self._times_us, self._times_us[-1] - self.kept_us) - 1
        if old > 0:
            del self._times_us[:old], self._values[:old]

    def value_at(self, at_us: int) -> float | None:
        """Return the value of the newest reading at or before a time; None before the first."""
        place = bisect_right(self._times_us, at_us) - 1
        return self._values[place] if place >= 0 else None

    def moved_at(self, at_us: int, within_us: int) -> int | None:
        """Return the time of the last change within ``within_us`` before ``at_us``; None without one."""
        first = max(1, bisect_right(self._times_us, at_us - within_us))
        for place in range(bisect_right(self._times_us, at_us) - 1, first - 1, -1):
            if self._values[place] != self._values[place - 1]:
                return self._times_us[place]
        return None

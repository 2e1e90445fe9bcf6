"""Values that a source which reports changes only did not send again: written while it confirms them."""

from collections.abc import Iterable, Mapping

from monitoring.kernel.clock import SECOND_US
from monitoring.sources.session import Sample

AFTER_GRID_US = 1  # no source stamps its values so
# Values of so long ago may still be on their way, with the source's own stamps.
MARGIN_US = 2 * SECOND_US
MOST_AT_ONCE = 10  # grid points of a tag, after a pause


def next_grid_us(time_us: int, hold_us: int) -> int:
    """Return the first time after a value at which the value is written again."""
    return (time_us // hold_us + 1) * hold_us + AFTER_GRID_US


class HeldValues:
    """The newest value of each tag of one run of a driver.

    The times are a function of the values and the grid, so that two collectors write the same rows.
    """

    def __init__(self) -> None:
        self._values: dict[str, tuple[int, float]] = {}
        self._bad: set[str] = set()
        self._confirmed: tuple[int, int] | None = None
        self._written: dict[str, int] = {}

    def take(self, samples: Iterable[tuple[str, int, float]]) -> None:
        """Note values that were offered: tag, time, value."""
        values = self._values
        for tag, time_us, value in samples:
            before = values.get(tag)
            if before is None or time_us > before[0]:
                values[tag] = (time_us, value)

    def forget(self, tags: Iterable[str]) -> None:
        """Hold no value of the tags until the next one: the last one was rejected."""
        for tag in tags:
            self._values.pop(tag, None)

    def set_bad(self, tags: Iterable[str], *, is_bad: bool) -> None:
        """Hold no value while the quality of the tags is bad, and later only values that come then."""
        if is_bad:
            self._bad.update(tags)
            self.forget(tags)
        else:
            self._bad.difference_update(tags)

    def confirm(self, time_us: int) -> None:
        """Note that the source was alive at a time: values not sent were unchanged."""
        first, last = self._confirmed or (time_us, time_us)
        self._confirmed = first, max(last, time_us)

    def due(self, hold_us: Mapping[str, int]) -> list[Sample]:
        """Return the values to write; ``hold_us`` has the grid of each tag whose values are held."""
        if self._confirmed is None:
            return []
        first_us, upto_us = self._confirmed[0], self._confirmed[1] - MARGIN_US
        found = []
        for tag, (time_us, value) in self._values.items():
            grid_us = hold_us.get(tag)
            if not grid_us or tag in self._bad:
                continue
            at_us = next_grid_us(max(time_us, first_us, self._written.get(tag, 0)), grid_us)
            for _ in range(MOST_AT_ONCE):
                if at_us > upto_us:
                    break
                found.append(Sample(tag, at_us, value))
                self._written[tag] = at_us
                at_us += grid_us
        return found

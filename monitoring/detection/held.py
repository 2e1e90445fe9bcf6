"""Readings of one tag that are ahead of time: held back from the detectors until their time has come."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

Reading = tuple[int, int, float]  # time in microseconds, id, value


@dataclass(slots=True)
class HeldReadings:
    """What waits, and what changed of that since the tag's state was saved.

    ``unmarked`` (id, time) are held but not marked in the database as being ahead, ``released`` the ids of
    those that wait no longer.
    """

    waiting: list[Reading] = field(default_factory=list)
    unmarked: list[tuple[int, int]] = field(default_factory=list)
    released: list[int] = field(default_factory=list)

    def sift(
        self,
        ids: Sequence[int],
        times_us: Sequence[int],
        values: Sequence[float],
        *,
        marked: Collection[int],
        latest_us: int,
    ) -> tuple[Sequence[int], Sequence[float]]:
        """Return times and values of the readings to judge now, in their order.

        Those that are ``marked`` as having been ahead when they were stored, or are later than
        ``latest_us``, wait. One that waits comes just before the first that is not earlier.
        """
        if not self.waiting and not marked and max(times_us) <= latest_us:
            return times_us, values
        judged: list[Reading] = []
        for pk, time_us, value in zip(ids, times_us, values, strict=True):
            if pk in marked or time_us > latest_us:
                heappush(self.waiting, (time_us, pk, value))
                if pk not in marked:
                    self.unmarked.append((pk, time_us))
            else:
                judged += self._until(time_us)
                judged.append((time_us, pk, value))
        return [time_us for time_us, _, _ in judged], [value for _, _, value in judged]

    def release(self, now_us: int) -> tuple[Sequence[int], Sequence[float]]:
        """Return times and values of the readings whose time has come, in order of time."""
        due = self._until(now_us)
        return [time_us for time_us, _, _ in due], [value for _, _, value in due]

    def note_saved(self) -> None:
        """Take what changed as saved."""
        self.unmarked, self.released = [], []

    def _until(self, time_us: int) -> list[Reading]:
        due = []
        while self.waiting and self.waiting[0][0] <= time_us:
            due.append(heappop(self.waiting))
        self.released += [pk for _, pk, _ in due]
        return due

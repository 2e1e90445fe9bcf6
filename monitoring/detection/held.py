"""Hold readings of a tag that are ahead of the clock until their time has come."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

Reading = tuple[int, int, float]  # time in microseconds, id, value


@dataclass(slots=True)
class HeldReadings:
    """The readings that wait, and the changes since the tag's state was saved.

    ``unmarked`` has (id, time) of held readings that the database does not mark as ahead, ``released``
    the ids of readings that no longer wait.
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
        """Return times and values of the readings to process now, in their order.

        Readings with an id in ``marked`` (ahead when stored), or that are later than ``latest_us``,
        wait. A waiting reading comes just before the first reading that is not earlier.
        """
        if not self.waiting and not marked and max(times_us) <= latest_us:
            return times_us, values
        due: list[Reading] = []
        for pk, time_us, value in zip(ids, times_us, values, strict=True):
            if pk in marked or time_us > latest_us:
                heappush(self.waiting, (time_us, pk, value))
                if pk not in marked:
                    self.unmarked.append((pk, time_us))
            else:
                due += self._until(time_us)
                due.append((time_us, pk, value))
        return [time_us for time_us, _, _ in due], [value for _, _, value in due]

    def release(self, now_us: int) -> tuple[Sequence[int], Sequence[float]]:
        """Return times and values of the readings that are due at ``now_us``, in order of time."""
        due = self._until(now_us)
        return [time_us for time_us, _, _ in due], [value for _, _, value in due]

    def note_saved(self) -> None:
        """Mark all changes as saved."""
        self.unmarked, self.released = [], []

    def _until(self, time_us: int) -> list[Reading]:
        due = []
        while self.waiting and self.waiting[0][0] <= time_us:
            due.append(heappop(self.waiting))
        self.released += [pk for _, pk, _ in due]
        return due

"""The bounded queue between the drivers of all sources and the one thread that stores."""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from monitoring.sources.session import Malformed, Sample

MOST_ITEMS = 50_000
DRAINED = 10_000  # items of one drain
EVERY_S = 0.1  # at most so long an item waits for the next drain

KeyT = TypeVar("KeyT", bound=Hashable)
Items = Sequence[Sample | Malformed]


@dataclass(frozen=True, slots=True)
class Entry(Generic[KeyT]):
    """The items of one ``offer``, and the time of receipt in microseconds since 1970.

    ``is_held``: values written on the grid while the source confirms that nothing has changed.
    """

    key: KeyT
    items: Items
    received_us: int
    on_stored: Callable[[], None] | None = None
    is_held: bool = False


@dataclass(slots=True)
class Lane(Generic[KeyT]):
    """The entries of one source. ``items`` counts also drained entries that are not stored yet."""

    entries: deque[Entry[KeyT]] = field(default_factory=deque)
    items: int = 0


class SampleQueue(Generic[KeyT]):
    """Entries by source, of a limited number of items.

    A source may fill as much as is left free (dynamic thresholds, Choudhury and Hahne 1998): one alone gets
    half of the queue, two a third each. So the source that floods feels a full queue, and all others find
    room. A drain takes an equal share from each source first.
    """

    def __init__(self, most: int = MOST_ITEMS) -> None:
        self.most = most
        self.items = 0
        self._lanes: dict[KeyT, Lane[KeyT]] = {}
        self._changed = threading.Condition()
        self._is_closed = False

    def offer(self, entry: Entry[KeyT]) -> bool:
        """Add an entry, unless it does not fit."""
        more = len(entry.items)
        with self._changed:
            lane = self._lanes.get(entry.key) or Lane()
            free = self.most - self.items
            if lane.items + more > free and (lane.items or (more > free and self.items)):
                return False
            self._lanes[entry.key] = lane
            lane.entries.append(entry)
            lane.items += more
            self.items += more
            self._changed.notify()
            return True

    def drain(self, most: int = DRAINED) -> list[Entry[KeyT]]:
        """Wait for entries and return them, oldest first of each source; empty once the queue is closed.

        The first entry after a pause is returned at once, the next ones ``EVERY_S`` later or once there are
        ``most`` items.
        """
        with self._changed:
            while not (taken := self._take(most)) and not self._is_closed:
                self._changed.wait()
            return taken

    def wait_for_more(self, since: float, most: int = DRAINED) -> None:
        """Wait until ``EVERY_S`` after a time of the monotonic clock, or until ``most`` items queue."""
        with self._changed:
            while (left_s := since + EVERY_S - time.monotonic()) > 0 and not self._is_closed:
                if self.items >= most:
                    return
                self._changed.wait(left_s)

    def _take(self, most: int) -> list[Entry[KeyT]]:
        waiting = [lane for lane in self._lanes.values() if lane.entries]
        taken: list[Entry[KeyT]] = []
        room = most
        for place, lane in enumerate(sorted(waiting, key=lambda lane: lane.items)):
            share = room // (len(waiting) - place)  # what small sources leave is for the others
            while lane.entries and (share > 0 or not taken):
                taken.append(lane.entries.popleft())
                share -= len(taken[-1].items)
                room -= len(taken[-1].items)
        return taken

    def finish(self, entries: Sequence[Entry[KeyT]]) -> None:
        """Give the room of drained entries free: they are stored, or dropped."""
        with self._changed:
            for entry in entries:
                self._free(entry.key, len(entry.items))

    def drop(self, key: KeyT) -> None:
        """Drop the entries of a source that wait."""
        with self._changed:
            lane = self._lanes.get(key)
            if lane is not None:
                dropped = sum(len(entry.items) for entry in lane.entries)
                lane.entries.clear()
                self._free(key, dropped)

    def _free(self, key: KeyT, count: int) -> None:
        lane = self._lanes.get(key)
        if lane is None:  # only entries without items
            return
        lane.items -= count
        self.items -= count
        if not lane.items and not lane.entries:
            del self._lanes[key]

    def waiting(self, key: KeyT) -> int:
        """Return how many items of a source are not stored yet."""
        with self._changed:
            lane = self._lanes.get(key)
            return lane.items if lane else 0

    def close(self) -> None:
        """Let ``drain`` end once nothing waits."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

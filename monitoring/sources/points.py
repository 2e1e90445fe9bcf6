"""Addresses that a source has shown and that no rule maps: few new ones a second, a bounded number."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from monitoring.database.bulk_write import insert_rows, update_rows
from monitoring.kernel.clock import from_micros
from monitoring.models import PointState, SourceMapping, SourcePoint
from monitoring.models.source import LONGEST_ADDRESS, MOST_POINTS, MOST_RAW

NEW_A_SECOND = 20
LOOKED_UP = 500  # addresses of one query
COUNTED = ("last_seen", "seen", "last_raw", "suggestion")


@dataclass(slots=True)
class SeenPoint:
    """A point since it was last written: times in microseconds since 1970, number of values."""

    address: str
    first_us: int
    last_us: int
    raw: str
    seen: int = 1
    suggestion: Mapping[str, object] = field(default_factory=dict)


class PointRegister:
    """The points of one source. ``known`` are the addresses that are stored. The caller locks."""

    def __init__(self, known: Collection[str] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self._known = set(known)
        self._changed: dict[str, SeenPoint] = {}
        self._clock = clock
        self._second, self._new = 0, 0

    def see(
        self, address: str, raw: str, now_us: int, suggestion: Mapping[str, object] | None = None
    ) -> None:
        """Count a value; leave out new addresses beyond the limits."""
        point = self._changed.get(address)
        if point is not None:
            point.seen, point.last_us, point.raw = point.seen + 1, now_us, raw
            point.suggestion = suggestion or point.suggestion
        elif address in self._known or self._has_room(address):
            self._known.add(address)
            self._changed[address] = SeenPoint(address, now_us, now_us, raw, 1, suggestion or {})

    def _has_room(self, address: str) -> bool:
        if len(self._known) >= MOST_POINTS or not 0 < len(address) <= LONGEST_ADDRESS:
            return False
        second = int(self._clock())
        self._second, self._new = second, self._new + 1 if second == self._second else 1
        return self._new <= NEW_A_SECOND

    def take(self) -> list[SeenPoint]:
        """Return the points that have changed, and begin to count anew."""
        changed, self._changed = list(self._changed.values()), {}
        return changed

    def put_back(self, points: Sequence[SeenPoint]) -> None:
        """Take back points that could not be written."""
        for point in points:
            newer = self._changed.get(point.address)
            if newer is None:
                self._changed[point.address] = point
            else:
                newer.seen, newer.first_us = newer.seen + point.seen, point.first_us


def write_points(source: int, points: Sequence[SeenPoint]) -> None:
    """Add to the stored points of a source, in the caller's transaction."""
    for start in range(0, len(points), LOOKED_UP):
        write_some(source, points[start : start + LOOKED_UP])


def write_some(source: int, points: Sequence[SeenPoint]) -> None:
    """Add to the stored points of a source by few statements."""
    addresses = [clean(point.address) for point in points]
    stored = {row.address: row for row in SourcePoint.objects.filter(source=source, address__in=addresses)}
    new: dict[str, SourcePoint] = {}
    for point, address in zip(points, addresses, strict=True):
        row = stored.get(address) or new.setdefault(
            address, SourcePoint(source_id=source, address=address, first_seen=from_micros(point.first_us))
        )
        row.last_seen = from_micros(point.last_us)
        row.seen += point.seen
        row.last_raw = shortened(point.raw)
        row.suggestion = dict(point.suggestion) or row.suggestion
    update_rows(list(stored.values()), COUNTED)
    if new:
        mark_mapped(source, new)
        insert_rows(list(new.values())[: room_of(source)])


def room_of(source: int) -> int:
    """Return how many further points of a source may be stored."""
    return max(0, MOST_POINTS - SourcePoint.objects.filter(source=source).count())


def mark_mapped(source: int, points: Mapping[str, SourcePoint]) -> None:
    """Mark points, by address, that a mapping of the source names."""
    mapped = SourceMapping.objects.filter(source=source, address__in=list(points))
    for address in mapped.values_list("address", flat=True):
        points[address].state = PointState.MAPPED


def shortened(raw: str) -> str:
    """Return a raw value of at most ``MOST_RAW`` bytes that any database takes."""
    return clean(raw).encode()[:MOST_RAW].decode("utf-8", "ignore")


def clean(text: str) -> str:
    """Return a text without the characters that PostgreSQL rejects."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()

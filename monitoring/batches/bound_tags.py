"""The tags of a batch, each with the times at which it was bound to the vessel, and their minute values."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from monitoring.batches.course import MINUTE_US, bound_us
from monitoring.batches.elapsed import origin_us
from monitoring.batches.errors import BatchConflictError
from monitoring.batches.finding import bindings_between
from monitoring.history.rollup_rows import read_rollups
from monitoring.kernel.clock import SECOND_US, from_micros, to_micros
from monitoring.kernel.rollups import RESOLUTIONS_S, Buckets
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.models import Batch, VesselTag

Covers = Callable[[str], bool]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class BatchExtent:
    """The minutes of a batch: half-open, in microseconds since 1970, whole minutes.

    The first minute contains the start, the last one the end. A batch that runs extends to the last whole
    minute before now. ``zero_us`` is the zero of the elapsed time: the inoculation, or else the start.
    """

    batch: Batch
    first_us: int
    stop_us: int
    zero_us: int

    @property
    def start(self) -> datetime:
        """Return the start of the first minute."""
        return from_micros(self.first_us)

    @property
    def end(self) -> datetime:
        """Return the end of the last minute."""
        return from_micros(self.stop_us)

    def elapsed_h(self, time_us: int) -> float:
        """Return the elapsed time in hours, to 0.36 s: negative before the inoculation."""
        return round((time_us - self.zero_us) / SECOND_US / 3_600, 4)


@dataclass(frozen=True, slots=True)
class BoundTag:
    """A tag of a vessel during a batch, with role and function of its last binding in that time.

    ``spans_us`` are the half-open times in which the tag was bound, in whole minutes and in order.
    """

    pk: int
    tag: TagDefinition
    role: str
    function: str
    spans_us: tuple[Span, ...]

    def is_bound(self, start_us: int, end_us: int | None) -> bool:
        """Return whether the tag was bound at some time from ``start_us`` to ``end_us`` (None: open)."""
        return any(start_us < stop and (end_us is None or end_us >= first) for first, stop in self.spans_us)


def extent_of(batch: Batch, now: datetime) -> BatchExtent:
    """Return the minutes of a batch.

    Raises:
        BatchConflictError: the batch is planned: it has no time yet.
    """
    if batch.start is None:
        raise BatchConflictError(f"batch {batch.name} is planned: start the batch first")
    first = to_micros(batch.start) // MINUTE_US * MINUTE_US
    stop = to_micros(now) // MINUTE_US if batch.end is None else -(-to_micros(batch.end) // MINUTE_US)
    return BatchExtent(batch, first, max(stop * MINUTE_US, first + MINUTE_US), origin_us(batch))


def bound_tags(extent: BatchExtent, covers: Covers) -> list[BoundTag]:
    """Return the tags bound during the batch that ``covers`` accepts, in the order of their first binding."""
    found: dict[str, list[VesselTag]] = {}
    for binding in bindings_between(extent.batch.vessel, extent.start, extent.end):
        if covers(binding.tag.name):
            found.setdefault(binding.tag.name, []).append(binding)
    tags = [bound_tag(bindings, extent) for bindings in found.values()]
    return [tag for tag in tags if tag.spans_us]


def bound_tag(bindings: list[VesselTag], extent: BatchExtent) -> BoundTag:
    """Return the tag of these bindings."""
    last = max(bindings, key=lambda each: each.begin or datetime.min.replace(tzinfo=UTC))
    spans = sorted(bound_us(each, extent.first_us, extent.stop_us) for each in bindings)
    bound = tuple((first, stop) for first, stop in spans if first < stop)
    return BoundTag(last.tag_id, last.tag.definition(), last.role, last.function, bound)


def windows(extent: BatchExtent, minutes: int) -> Iterator[Span]:
    """Yield the batch in half-open windows of up to so many minutes, in order."""
    length = max(1, minutes) * MINUTE_US
    for first in range(extent.first_us, extent.stop_us, length):
        yield first, min(first + length, extent.stop_us)


def minutes_in(bound: BoundTag, first_us: int, stop_us: int) -> Iterator[Buckets]:
    """Yield the minute values of a window, for each span in which the tag was bound."""
    for begin, end in bound.spans_us:
        low, high = max(begin, first_us), min(end, stop_us)
        if low < high:
            yield read_rollups(bound.pk, RESOLUTIONS_S[0], low, high)

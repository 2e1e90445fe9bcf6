"""Spans in which readings of a source are missing become rows of ``source_gaps``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from monitoring.kernel.clock import from_micros
from monitoring.models import SourceGap

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap as a driver tells: times in microseconds since 1970, no end while the gap lasts."""

    begin_us: int
    end_us: int | None
    reason: str
    tags: tuple[str, ...] = ()
    filled: int = 0


def write_gaps(source: int, gaps: Sequence[Gap], tag_ids: Mapping[str, int]) -> None:
    """Write gaps in the caller's transaction.

    A gap of the same begin and tag is written once, however often a driver tells it. A gap that lasts is
    ended by the next one that ends later.
    """
    for gap in gaps:
        for tag in rows_of(gap, tag_ids):
            write_gap(source, tag, gap)


def rows_of(gap: Gap, tag_ids: Mapping[str, int]) -> Iterator[int | None]:
    """Yield the ids of a gap's tags, unknown ones left out; None for all tags of the source."""
    if not gap.tags:
        yield None
    for tag in gap.tags:
        if tag in tag_ids:
            yield tag_ids[tag]


def write_gap(source: int, tag: int | None, gap: Gap) -> None:
    """Write a gap of one tag, or of all tags of the source."""
    begin, end = from_micros(gap.begin_us), None if gap.end_us is None else from_micros(gap.end_us)
    same = Q(begin=begin)
    lasting = Q(end=None) if end is None else Q(end=None, begin__lte=end)
    row = SourceGap.objects.filter(same | lasting, source=source, tag=tag).order_by("-begin").first()
    if row is None:
        row = SourceGap(source_id=source, tag_id=tag, begin=begin)
    row.end = end if end is not None else row.end
    row.reason = gap.reason[:LONGEST_REASON]
    row.filled = max(row.filled, gap.filled)
    row.save()

"""Records of sources become rows: status, quality, gaps, points, and which tags a source feeds."""

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from monitoring.database.bulk_write import upsert_rows
from monitoring.kernel.clock import SECOND_US, from_micros
from monitoring.kernel.tag_definition import HOLD_S, TagKind
from monitoring.models import SourceStatus, SourceTag, Tag
from monitoring.sources.config import MappingRule
from monitoring.sources.gaps import write_gaps
from monitoring.sources.live_session import SourceRecord
from monitoring.sources.points import write_points
from monitoring.sources.quality import write_changes
from monitoring.sources.session import State

READ_EVERY_S = 10.0
PART_IN_BRACES = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class TagTable:
    """The ids of all tags, and the grid in microseconds of those whose values are held."""

    ids: Mapping[str, int]
    hold_us: Mapping[str, int]
    read_at: float

    @property
    def is_old(self) -> bool:
        """Return whether the tags should be read again."""
        return time.monotonic() - self.read_at > READ_EVERY_S


def read_tag_table() -> TagTable:
    """Read all tags."""
    began = time.monotonic()
    rows = list(Tag.objects.values_list("name", "id", "kind", "hold_s"))
    return TagTable(
        ids={name: pk for name, pk, _, _ in rows},
        hold_us={
            name: (HOLD_S if hold_s is None else hold_s) * SECOND_US
            for name, _, kind, hold_s in rows
            if kind == TagKind.ANALOG and hold_s != 0
        },
        read_at=began,
    )


def write_records(records: Sequence[SourceRecord], tag_ids: Mapping[str, int]) -> None:
    """Write records in the caller's transaction."""
    write_statuses(records)
    for record in records:
        write_changes(record.source, record.changes, tag_ids)
        write_gaps(record.source, record.gaps, tag_ids)
        write_points(record.source, record.points)
        write_fed(record.source, [tag_ids[name] for name in record.fed if name in tag_ids])


def write_statuses(records: Sequence[SourceRecord]) -> None:
    """Write the status of each record's source."""
    stored = SourceStatus.objects.in_bulk([record.source for record in records])
    now = datetime.now(UTC)
    rows = []
    for record in records:
        row = stored.get(record.source) or SourceStatus(source_id=record.source)
        update_status(row, record)
        row.updated_at = now
        rows.append(row)
    upsert_rows(rows)


def update_status(row: SourceStatus, record: SourceRecord) -> None:
    """Set a status to the figures of a record; an error of before stays until the next one."""
    figures = record.figures
    row.state, row.since = figures.state, from_micros(figures.since_us)
    if figures.error_at_us is not None:
        row.error, row.error_at = figures.error, from_micros(figures.error_at_us)
    row.confirmed_until = later(row.confirmed_until, figures.confirmed_us)
    row.newest = later(row.newest, figures.newest_us)
    row.readings += figures.readings
    row.rejected += figures.rejected
    row.rate, row.lag_ms, row.clock_offset_ms = figures.rate, figures.lag_ms, figures.clock_offset_ms
    row.notices = list(figures.notices)


def later(before: datetime | None, time_us: int | None) -> datetime | None:
    """Return the later one of two times that may be missing."""
    if time_us is None:
        return before
    now = from_micros(time_us)
    return now if before is None else max(before, now)


def write_fed(source: int, tags: Sequence[int]) -> None:
    """Note that tags have got values of a source."""
    if tags:
        SourceTag.objects.bulk_create(
            [SourceTag(source_id=source, tag_id=tag) for tag in tags], ignore_conflicts=True
        )


def forget_unmapped(source: int, rules: Iterable[MappingRule]) -> None:
    """Forget tags whose values no rule of the source makes any more."""
    patterns = [pattern_of(rule.tag) for rule in rules]
    rows = SourceTag.objects.filter(source=source).values_list("pk", "tag__name")
    gone = [pk for pk, name in rows if not any(pattern.fullmatch(name) for pattern in patterns)]
    if gone:
        SourceTag.objects.filter(pk__in=gone).delete()


def pattern_of(tag: str) -> re.Pattern[str]:
    """Return the pattern of tag names; a part in braces stands for any text."""
    return re.compile(".+".join(map(re.escape, PART_IN_BRACES.split(tag))))


def end_status(sources: Iterable[int], state: State) -> None:
    """Note that sources have no collector, or are switched off."""
    now = datetime.now(UTC)
    SourceStatus.objects.filter(source__in=list(sources)).exclude(state=state).update(
        state=state, since=now, rate=0.0, updated_at=now
    )

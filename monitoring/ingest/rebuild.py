"""Recompute rollups and totals from the measurements, and report differences.

Compare a tag's day at a time without a lock. If rollups differ, perhaps because of a writer, compare again
under the tag's lock and correct the remaining differences. Writers wait for one day's measurements at most.

Intervals that begin before ``series.raw_from`` stay as they are: the measurements were deleted.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from monitoring.history.archived import ArchivedRange, both_places, count_in_archive, first_rows
from monitoring.history.rollup_rows import read_rollups
from monitoring.history.tag_rows import TagRange, read_tag_rows
from monitoring.ingest import open_minutes
from monitoring.ingest.neighbours import VALUE, values_before
from monitoring.ingest.rollup_tables import columns_of
from monitoring.ingest.tags import lock_tags
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.clock import DAY_US, SECOND_US, from_micros, iso_utc, moment_or_none, to_micros
from monitoring.kernel.rollups import RESOLUTIONS_S, Buckets, buckets_of, coarsen, rollups_of
from monitoring.models import Rollup, Series, Tag

FIRST_US = -(2**63)
# Totals are sums of floats in the order in which they came: with n values up to m they are right to
# 2⁻⁵³·n·Σ|x| <= 2⁻⁵³·n²·m, so to TOLERANCE·n·m for the nine million values of a day at 100 Hz.
TOLERANCE = 1e-9
FIELDS = ("count", "total", "minimum", "minimum_at", "maximum", "maximum_at", "anomalies")
VALUES = frozenset({"total", "minimum", "maximum"})
TIMES = frozenset({"minimum_at", "maximum_at", "last", "excluded_until"})
SERIES_FIELDS = ("measurements", "anomalies", "last", "excluded_until")
GAP = 10  # intervals: what is closer together is read at once
RECENT = "wrong recent values"

FINER = f"""
    SELECT start, {", ".join(FIELDS)} FROM rollups
    WHERE tag = %s AND resolution_s = %s AND start >= %s AND start < %s ORDER BY start
"""  # noqa: S608 - made of nothing but the constants above
DELETE = "DELETE FROM rollups WHERE tag = %s AND resolution_s = %s AND start = %s"
NEXT_OF_ALL = " UNION ALL ".join(
    [
        "SELECT min(timestamp) AS moment FROM measurements WHERE tag = %s AND timestamp >= %s",
        *(
            f"SELECT min(start) FROM rollups WHERE tag = %s AND resolution_s = {resolution} AND start >= %s"  # noqa: S608
            for resolution in RESOLUTIONS_S
        ),
        "SELECT open_start FROM series WHERE tag = %s AND open_start >= %s",
    ]
)
SERIES = """
    SELECT series.measurements, series.anomalies, series.last, series.excluded_until,
        series.raw_from, series.recent_values,
        (SELECT count(*) FROM measurements WHERE tag = tags.id),
        (SELECT count(*) FROM measurements WHERE tag = tags.id AND is_anomaly),
        (SELECT max(timestamp) FROM measurements WHERE tag = tags.id),
        (SELECT max(timestamp) FROM excluded_measurements WHERE tag = tags.id)
    FROM tags LEFT JOIN series ON series.tag = tags.id WHERE tags.id = %s
"""

Interval = tuple[int, int]  # resolution in seconds, start in microseconds since the epoch
Row = tuple[float, ...]  # in the order of FIELDS


class UnknownTagError(ValueError):
    """No tag has that name; the message lists the existing names."""


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Whole days of a tag; ``end_us`` is exclusive. ``is_whole``: all stored measurements of the tag."""

    pk: int
    tag: str
    start_us: int
    end_us: int
    is_whole: bool
    raw_from: datetime | None
    is_analog: bool = True

    def __len__(self) -> int:
        return max(0, (self.end_us - self.start_us) // DAY_US)


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored number that differs from the measurements (None: no such row)."""

    place: str
    field: str
    stored: float | None
    recomputed: float | None

    def __str__(self) -> str:
        return f"{self.place} {self.field}: {self.shown(self.stored)} -> {self.shown(self.recomputed)}"

    def shown(self, number: float | None) -> str:
        """Return the number for the report."""
        if number is None:
            return "none"
        return iso_utc(from_micros(int(number))) if self.field in TIMES else f"{number:.15g}"


def spans_of(
    names: Iterable[str], start: datetime | None, end: datetime | None, *, now: datetime
) -> list[DaySpan]:
    """Return the days from ``start`` to ``end`` of the named tags; of all tags if none is named.

    Raises:
        UnknownTagError: a tag does not exist.
    """
    tags = {tag.name: tag for tag in Tag.objects.select_related("series")}
    if unknown := [name for name in names if name not in tags]:
        raise UnknownTagError(f"{', '.join(unknown)}: no such tag. Choose from: {', '.join(sorted(tags))}.")
    return [span_of(tags[name], start, end, now=now) for name in dict.fromkeys(names or tags)]


def span_of(tag: Tag, start: datetime | None, end: datetime | None, *, now: datetime) -> DaySpan:
    """Return the days of one tag; without bounds, from the first with data to tomorrow."""
    last_us = to_micros(end or now + timedelta(days=1))
    end_us = (last_us // DAY_US + 1) * DAY_US
    first_us = next_held(tag.pk, FIRST_US if start is None else to_micros(start) // DAY_US * DAY_US)
    series = getattr(tag, "series", None)
    return DaySpan(
        pk=tag.pk,
        tag=tag.name,
        start_us=end_us if first_us is None else first_us,
        end_us=end_us,
        is_whole=start is None and end is None,
        raw_from=series.raw_from if series else None,
        is_analog=tag.definition().is_analog,
    )


def next_held(pk: int, moment_us: int) -> int | None:
    """Return the next day, from this time on, with a measurement or a rollup; None if there is none."""
    with both_places() as is_archived:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT min(moment) FROM ({NEXT_OF_ALL}) AS moments",  # noqa: S608
                [pk, moment_us] * (2 + len(RESOLUTIONS_S)),
            )
            moments = cursor.fetchone()
        if is_archived:
            moments += tuple(first_rows(ArchivedRange([pk], moment_us), 1).times_us.tolist())
    found = min((moment for moment in moments if moment is not None), default=None)
    return None if found is None else found // DAY_US * DAY_US


def rebuild(span: DaySpan, *, write: bool) -> Iterator[tuple[int, list[Difference]]]:
    """Correct the rollups of a span, or only report; yield the number of days and the differences.

    If the span is the whole tag, compare the totals too, at the end.
    """
    day_us: int | None = span.start_us
    while day_us is not None and day_us < span.end_us:
        differences = rebuild_day(span, day_us, write=write)
        following = next_held(span.pk, day_us + DAY_US)
        yield (min(span.end_us, following or span.end_us) - day_us) // DAY_US, differences
        day_us = following
    if span.is_whole:
        yield 0, rebuild_series(span, write=write)


def rebuild_day(span: DaySpan, day_us: int, *, write: bool) -> list[Difference]:
    """Compare the rollups of a day, and correct them if ``write``."""
    stored, recomputed = rollups_on(span.pk, day_us)
    if not differing(stored, recomputed):
        return []
    with transaction.atomic():
        lock_tags([span.tag])
        stored, recomputed = rollups_on(span.pk, day_us)
        wrong = differing(stored, recomputed)
        if write:
            open_minutes.close([span.pk])
            correct(span.pk, wrong, recomputed)
    return [
        difference
        for interval in wrong
        for difference in differences_of(
            place_of(span.tag, interval), stored.get(interval), recomputed.get(interval)
        )
    ]


def rollups_on(pk: int, day_us: int) -> tuple[dict[Interval, Row], dict[Interval, Row]]:
    """Return the day's rollups as stored, and as recomputed from the measurements."""
    series = Series.objects.filter(pk=pk).first()
    first_us = to_micros(series.raw_from) if series and series.raw_from else FIRST_US
    day = day_us, day_us + DAY_US
    stored = {
        interval: row
        for resolution_s in RESOLUTIONS_S
        for interval, row in rows_of(resolution_s, read_rollups(pk, resolution_s, *day)).items()
        if interval[1] >= first_us
    }
    measured = measured_between(pk, *day)
    rolled = rollups_of(measured, np.full(len(measured), pk))
    recomputed = {
        interval: row
        for resolution_s, (buckets, _) in rolled.items()
        for interval, row in rows_of(resolution_s, buckets).items()
        if interval[1] >= first_us
    }
    return stored, recomputed


def rebuild_intervals(pk: int, times_us: IntArray) -> None:
    """Recompute the rollups of the intervals that contain these times, in the caller's transaction.

    Compute minutes from the remaining measurements, longer intervals from the next finer rollups. Intervals
    of which retention has deleted some measurements stay correct.
    """
    open_minutes.close([pk])
    for finer_s, resolution_s in zip((None, *RESOLUTIONS_S), RESOLUTIONS_S, strict=False):
        width_us = resolution_s * SECOND_US
        starts = np.unique(times_us // width_us * width_us)
        recomputed: dict[Interval, Row] = {}
        for group in np.split(starts, np.flatnonzero(np.diff(starts) > GAP * width_us) + 1):
            finer = read_buckets(pk, finer_s, int(group[0]), int(group[-1]) + width_us)
            recomputed |= rows_of(resolution_s, coarsen(finer, width_us))
        touched = [(resolution_s, start) for start in starts.tolist()]
        correct(pk, touched, recomputed)


def read_buckets(pk: int, resolution_s: int | None, start_us: int, end_us: int) -> Buckets:
    """Return the tag's rollups of a resolution (None: the measurements) in a half-open time range.

    The tag's open minute must be closed.
    """
    if resolution_s is None:
        return measured_between(pk, start_us, end_us)
    with connection.cursor() as cursor:
        cursor.execute(FINER, [pk, resolution_s, start_us, end_us])
        rows = cursor.fetchall()
    columns = zip(*rows, strict=True) if rows else [()] * (1 + len(FIELDS))
    kinds = ("d" if field in VALUES else "q" for field in ("start", *FIELDS))
    arrays: Iterator[NDArray[Any]] = map(np.array, columns, kinds)
    return Buckets(*arrays)


def measured_between(pk: int, start_us: int, end_us: int) -> Buckets:
    """Return the tag's measurements in a half-open range, archived ones too, as one interval each."""
    rows = read_tag_rows(TagRange(pk, start_us, end_us))
    return buckets_of(rows.times_us, rows.values, rows.is_anomaly)


def rows_of(resolution_s: int, buckets: Buckets) -> dict[Interval, Row]:
    """Return the buckets as rows of the table, by interval."""
    return {
        (resolution_s, start): tuple(row)
        for start, *row in zip(*(column.tolist() for column in columns_of(buckets)), strict=True)
    }


def differing(stored: dict[Interval, Row], recomputed: dict[Interval, Row]) -> list[Interval]:
    """Return the intervals with different rollups, the finest first."""
    return sorted(
        interval
        for interval in stored.keys() | recomputed.keys()
        if not agree(stored.get(interval), recomputed.get(interval))
    )


def agree(stored: Row | None, recomputed: Row | None) -> bool:
    """Return whether two rollups of an interval agree, up to rounding of the total."""
    if stored is None or recomputed is None:
        return False
    return stored == recomputed or not any(fields_differing(stored, recomputed))


def fields_differing(stored: Row, recomputed: Row) -> Iterator[str]:
    """Yield the fields in which two rollups of an interval differ."""
    count, _, minimum, _, maximum, *_ = recomputed
    slack = TOLERANCE * count * max(abs(minimum), abs(maximum))
    for field, before, after in zip(FIELDS, stored, recomputed, strict=True):
        if before != after and not (field == "total" and math.isclose(before, after, abs_tol=slack)):
            yield field


def differences_of(place: str, stored: Row | None, recomputed: Row | None) -> Iterator[Difference]:
    """Yield the differences between two rollups of an interval; for a missing row, only the count."""
    if stored is None or recomputed is None:
        yield Difference(place, "count", stored[0] if stored else None, recomputed[0] if recomputed else None)
        return
    for field in fields_differing(stored, recomputed):
        column = FIELDS.index(field)
        yield Difference(place, field, stored[column], recomputed[column])


def place_of(tag: str, interval: Interval) -> str:
    """Return the interval as the start of a report line."""
    resolution_s, start_us = interval
    return f"{tag} {resolution_s} s {iso_utc(from_micros(start_us))}"


def correct(pk: int, wrong: Iterable[Interval], recomputed: dict[Interval, Row]) -> None:
    """Write the recomputed rollups of these intervals, and delete rollups without measurements."""
    rows, gone = [], []
    for resolution_s, start_us in wrong:
        start, row = from_micros(start_us), recomputed.get((resolution_s, start_us))
        if row is None:
            gone.append((pk, resolution_s, start_us))
        else:
            fields = {field: as_column(field, number) for field, number in zip(FIELDS, row, strict=True)}
            rows.append(Rollup(tag_id=pk, resolution_s=resolution_s, start=start, **fields))
    if gone:
        with connection.cursor() as cursor:
            cursor.executemany(DELETE, gone)
    Rollup.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["tag", "resolution_s", "start"],
        update_fields=FIELDS,
    )


def as_column(field: str, number: float | None) -> Any:
    """Return the number in the type of the model field."""
    return from_micros(int(number)) if field in TIMES and number is not None else number


def rebuild_series(span: DaySpan, *, write: bool) -> list[Difference]:
    """Compare the tag's totals and recent values, and correct them if ``write``."""
    if not series_differences(span):
        return []
    with transaction.atomic():
        lock_tags([span.tag])
        wrong = series_differences(span)
        if write and wrong:
            numbers = {
                one.field: as_column(one.field, one.recomputed) for one in wrong if one.field != RECENT
            }
            series, _ = Series.objects.update_or_create(tag_id=span.pk, defaults=numbers)
            series.refresh_from_db()
            series.recent_values = recent_values(span.pk, series.last, series.raw_from)
            series.save(update_fields=["recent_values"])
    return wrong


def series_differences(span: DaySpan) -> list[Difference]:
    """Return the differences between the tag's totals and the measurements, read as of one moment.

    Retention may have deleted the newest measurement: then ``last`` stays as stored.
    """
    with both_places() as is_archived:
        with connection.cursor() as cursor:
            cursor.execute(SERIES, [span.pk])
            count, anomalies, last, until, raw_from, recent, *counted, newest, newest_out = cursor.fetchone()
        if is_archived:
            archived = ArchivedRange([span.pk])
            counted[0] += count_in_archive(archived)
            counted[1] += count_in_archive(replace(archived, anomalies_only=True))
            newest = newest_of(archived, newest)
    if raw_from is not None and (newest is None or newest < raw_from):
        newest = last
    if count is None and not counted[0]:
        return []
    expected = np.frombuffer(recent_values(span.pk, moment_or_none(newest), moment_or_none(raw_from)), VALUE)
    is_wrong = recent is not None and not np.array_equal(np.frombuffer(bytes(recent), VALUE), expected)
    return [
        Difference(f"{span.tag} series", field, before, after)
        for field, before, after in (
            *zip(
                SERIES_FIELDS,
                (count, anomalies, last, until),
                (*counted, newest, newest_out),
                strict=True,
            ),
            (RECENT, int(is_wrong), 0),
        )
        if before != after
    ]


def newest_of(archived: ArchivedRange, stored_us: int | None) -> int | None:
    """Return the time of the newest measurement in the database or the archive; None if there is none."""
    found = first_rows(replace(archived, ascending=False), 1).times_us.tolist()
    return max([*found, *([] if stored_us is None else [stored_us])], default=None)


def recent_values(pk: int, last: datetime | None, raw_from: datetime | None) -> bytes:
    """Return ``series.recent_values`` of the tag, computed from the measurements."""
    return b"" if last is None else values_before(pk, to_micros(last) + 1, raw_from).tobytes()

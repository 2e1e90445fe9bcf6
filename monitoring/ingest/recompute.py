"""Recompute the findings of the rolling 3σ rule, as when a version of Fermon changes the rule.

A few thousand measurements of a tag at a time are judged without a lock. Only where a finding differs,
perhaps because of a writer, they are judged again under the tag's lock, and findings, flags, rollups and
totals change in that transaction. So writers wait for one chunk at most, and a run that broke off is
repeated.

Limits are judged once, by the limits of that moment: their findings stay. So do those of measurements
whose window retention has deleted a part of.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from django.db import connection, transaction

from monitoring.ingest.parse import ReadingColumns
from monitoring.ingest.rebuild import Span
from monitoring.ingest.rollups import keep_rollups
from monitoring.ingest.rules import LOOKBACK
from monitoring.ingest.rules.base import Verdict
from monitoring.ingest.rules.rolling_sigma import ROLLING_3SIGMA, RollingSigma
from monitoring.ingest.source_clocks import stored_clocks
from monitoring.ingest.store import Written, change_of, judge_again
from monitoring.ingest.tags import LockedTag, lock_tags
from monitoring.ingest.timeline import StoredColumns, Timelines, merge
from monitoring.ingest.windows import values_before
from monitoring.kernel.arrays import BoolArray, FloatArray
from monitoring.kernel.clock import FIRST_MICROS, to_micros

CHUNK = 5_000
ALL = 2**62
SAME, ROUNDING = 1e-9, 1e-15  # of a band's width and bound: by less it differs by another machine's rounding
MEASUREMENTS = """
    SELECT id, timestamp, value, is_anomaly FROM measurements
    WHERE tag = %s AND timestamp >= %s AND timestamp < %s ORDER BY timestamp LIMIT %s
"""
FINDINGS = """
    SELECT measurements.timestamp, findings.lower, findings.upper
    FROM measurements JOIN findings ON findings.measurement_id = measurements.id
    WHERE measurements.tag = %s AND measurements.timestamp >= %s AND measurements.timestamp < %s
        AND findings.reason = %s
"""
NO_TIMES = np.empty(0, np.int64)
NO_READINGS = ReadingColumns(NO_TIMES, NO_TIMES, NO_TIMES, np.empty(0))


@dataclass(frozen=True, slots=True)
class Recount:
    """How many findings come, go, or get another band, and how many flags turn with them."""

    added: int = 0
    removed: int = 0
    altered: int = 0
    turned: int = 0

    def __add__(self, other: "Recount") -> "Recount":
        return Recount(
            self.added + other.added,
            self.removed + other.removed,
            self.altered + other.altered,
            self.turned + other.turned,
        )

    @property
    def findings(self) -> int:
        """How many findings are not as the rule says."""
        return self.added + self.removed + self.altered


@dataclass(frozen=True, slots=True)
class Judged:
    """Stored measurements, the rule's verdict on them, and which findings differ from it; shape (n,)."""

    timelines: Timelines
    verdict: Verdict
    differs: BoolArray
    was_found: BoolArray

    def recount(self, turned: int) -> Recount:
        """Count what differs."""
        found = self.verdict.found[self.differs]
        before = self.was_found[self.differs]
        return Recount(
            int((found & ~before).sum()), int((before & ~found).sum()), int((found & before).sum()), turned
        )


def recompute(span: Span, *, write: bool) -> Iterator[tuple[int, Recount]]:
    """Correct the span's findings, or only count them; how many measurements on, and what differed there."""
    start_us: int | None = span.start_us
    while start_us is not None:
        rows = measurements(span.pk, start_us, span.end_us, limit=CHUNK)
        count = len(rows.id)
        end_us = int(rows.time_us[-1]) + 1 if count == CHUNK else span.end_us
        recount = Recount()
        if judge_stored(span.pk, start_us, end_us, rows, span.raw_from).differs.any():
            recount = recompute_chunk(span, start_us, end_us, write=write)
        yield count, recount
        start_us = end_us if end_us < span.end_us else None


def recompute_chunk(span: Span, start_us: int, end_us: int, *, write: bool) -> Recount:
    """Judge again what is stored between two times, under the tag's lock, and correct it if asked to."""
    with transaction.atomic():
        tag = lock_tags([span.tag]).get(span.tag)
        if tag is None:  # deleted meanwhile
            return Recount()
        rows = measurements(span.pk, start_us, end_us, limit=ALL)
        judged = judge_stored(span.pk, start_us, end_us, rows, tag.definition.raw_from)
        turned = correct(tag, judged) if write and judged.differs.any() else 0
        return judged.recount(turned)


def correct(tag: LockedTag, judged: Judged) -> int:
    """Write the findings that differ, with flags, rollups and totals; how many flags turned."""
    timelines = judged.timelines
    verdicts = [(judged.verdict, judged.differs)]
    flags = judge_again(timelines, verdicts, timelines.id, timelines.was_anomaly)
    written = Written(timelines, timelines.id, flags)
    change = change_of(np.array([tag.pk]), written, {}, stored_clocks([tag]))
    keep_rollups(change)
    return len(change.turned_us)


def judge_stored(
    pk: int, start_us: int, end_us: int, rows: StoredColumns, raw_from: datetime | None
) -> Judged:
    """Judge measurements of a tag, those stored between two times, by the rolling 3σ rule."""
    oldest_us = FIRST_MICROS if raw_from is None else to_micros(raw_from)
    history = values_before(pk, max(start_us, oldest_us), raw_from)
    timelines = merge(0, history, of_time(rows, oldest_us), NO_READINGS)
    runs = timelines.runs()
    (verdict,) = RollingSigma().score(runs)
    was_found, lower, upper = stored_bands(pk, start_us, end_us, timelines)
    differs = (verdict.found != was_found) | (
        was_found & ~(same_bound(verdict.lower, lower, verdict) & same_bound(verdict.upper, upper, verdict))
    )
    if raw_from is not None:  # measurements of the window are deleted
        differs &= runs.before >= LOOKBACK
    return Judged(timelines, verdict, differs, was_found)


def same_bound(recomputed: FloatArray, stored: FloatArray, verdict: Verdict) -> BoolArray:
    """Tell which bounds are the same but for rounding."""
    with np.errstate(invalid="ignore"):  # of bands that are infinite
        slack = np.maximum(SAME * (verdict.upper - verdict.lower), ROUNDING * np.abs(recomputed))
        return np.asarray((recomputed == stored) | (np.abs(recomputed - stored) <= slack))


def stored_bands(
    pk: int, start_us: int, end_us: int, timelines: Timelines
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Return which measurements have a finding of the rule, and its band (NaN: none); all of shape (n,)."""
    count = len(timelines.id)
    was_found, lower, upper = np.zeros(count, np.bool_), np.full(count, np.nan), np.full(count, np.nan)
    with connection.cursor() as cursor:
        cursor.execute(FINDINGS, [pk, start_us, end_us, ROLLING_3SIGMA])
        for time_us, low, high in cursor.fetchall():
            place = int(np.searchsorted(timelines.time_us, time_us))
            if place < count and timelines.time_us[place] == time_us:
                was_found[place] = True
                lower[place], upper[place] = (np.nan if bound is None else bound for bound in (low, high))
    return was_found, lower, upper


def measurements(pk: int, start_us: int, end_us: int, *, limit: int) -> StoredColumns:
    """Read a tag's measurements between two times, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(MEASUREMENTS, [pk, start_us, end_us, limit])
        rows = cursor.fetchall()
    ids, times, values, flags = zip(*rows, strict=True) if rows else ((), (), (), ())
    return StoredColumns(
        np.array(ids, np.int64),
        np.array(times, np.int64),
        np.array(values, np.float64),
        np.array(flags, np.bool_),
    )


def of_time(rows: StoredColumns, start_us: int) -> StoredColumns:
    """Return those measurements from a time on."""
    kept = rows.time_us >= start_us
    return replace(
        rows,
        id=rows.id[kept],
        time_us=rows.time_us[kept],
        value=rows.value[kept],
        is_anomaly=rows.is_anomaly[kept],
    )

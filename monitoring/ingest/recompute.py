"""Recompute the violations of the rolling 3σ rule, for a version of Fermon that changes the rule.

Judge a few thousand measurements of a tag at a time without a lock. If a violation differs, perhaps because
of a writer, judge the chunk again under the tag's lock, and change violations, flags, rollups and totals in
that transaction. Writers wait for one chunk at most, and an interrupted run can be repeated.

Limit violations stay: limits are judged once, by the limits of that moment. Violations stay too if
retention has deleted a part of the window.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from django.db import connection, transaction

from monitoring.archive.presence import is_used
from monitoring.archive.reading import read_findings
from monitoring.history.tag_rows import TagRange, read_tag_rows
from monitoring.ingest.columns import Batch, StoredRows, merge, rows_of_tag
from monitoring.ingest.locked_tags import LockedTag
from monitoring.ingest.neighbours import values_before
from monitoring.ingest.rebuild import DaySpan
from monitoring.ingest.rollups import update_rollups
from monitoring.ingest.rules import LOOKBACK
from monitoring.ingest.rules.base import Verdict
from monitoring.ingest.rules.only_analog import OnlyAnalog
from monitoring.ingest.rules.rolling_sigma import ROLLING_3SIGMA, RollingSigma
from monitoring.ingest.source_clocks import stored_clocks
from monitoring.ingest.store import judge_again
from monitoring.ingest.tags import lock_tags
from monitoring.ingest.thaw import thaw_holding
from monitoring.kernel.arrays import BoolArray, FloatArray
from monitoring.kernel.clock import micros_or_first

CHUNK = 5_000
ALL = 2**62
SAME, ROUNDING = 1e-9, 1e-15  # of a band's width and bound: by less it differs by another machine's rounding
FINDINGS = """
    SELECT measurements.timestamp, findings.lower, findings.upper
    FROM measurements JOIN findings ON findings.measurement_id = measurements.id
    WHERE measurements.tag = %s AND measurements.timestamp >= %s AND measurements.timestamp < %s
        AND findings.reason = %s
"""
NO_TIMES = np.empty(0, np.int64)
NO_READINGS = Batch(NO_TIMES, NO_TIMES, NO_TIMES, np.empty(0))


@dataclass(frozen=True, slots=True)
class Recount:
    """How many violations are added, removed or get another band, and how many flags turn."""

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
        """Return how many stored violations differ from the rule."""
        return self.added + self.removed + self.altered


@dataclass(frozen=True, slots=True)
class Judged:
    """Stored measurements, the verdict of the rule, and which violations differ; shape (n,)."""

    rows: StoredRows
    verdict: Verdict
    differs: BoolArray
    was_found: BoolArray

    def recount(self, turned: int) -> Recount:
        """Count the differences; ``turned`` is the number of turned flags."""
        found = self.verdict.found[self.differs]
        before = self.was_found[self.differs]
        return Recount(
            int((found & ~before).sum()), int((before & ~found).sum()), int((found & before).sum()), turned
        )


def recompute(span: DaySpan, *, write: bool) -> Iterator[tuple[int, Recount]]:
    """Correct or only count the violations of a span; yield the size and the differences of each chunk."""
    start_us: int | None = span.start_us
    while start_us is not None:
        rows = measurements(span.pk, start_us, span.end_us, limit=CHUNK)
        count = len(rows.id)
        end_us = int(rows.time_us[-1]) + 1 if count == CHUNK else span.end_us
        recount = Recount()
        if judge_stored(span, start_us, end_us, rows).differs.any():
            recount = recompute_chunk(span, start_us, end_us, write=write)
        yield count, recount
        start_us = end_us if end_us < span.end_us else None


def recompute_chunk(span: DaySpan, start_us: int, end_us: int, *, write: bool) -> Recount:
    """Judge the measurements between two times under the tag's lock; correct them if ``write``."""
    with transaction.atomic():
        tag = lock_tags([span.tag]).get(span.tag)
        if tag is None:  # deleted meanwhile
            return Recount()
        rows = measurements(span.pk, start_us, end_us, limit=ALL)
        present = replace(span, raw_from=tag.definition.raw_from, is_analog=tag.definition.is_analog)
        judged = judge_stored(present, start_us, end_us, rows)
        turned = correct(tag, judged) if write and judged.differs.any() else 0
        return judged.recount(turned)


def correct(tag: LockedTag, judged: Judged) -> int:
    """Write the violations that differ, with flags, rollups and totals; return how many flags turned."""
    rows = judged.rows
    thaw_holding(tag, rows.time_us[judged.differs])
    flags = judge_again(rows, [(judged.verdict, judged.differs)], rows.id, rows.is_anomaly)
    return update_rollups(np.array([tag.pk]), rows, flags, {}, stored_clocks([tag]))


def judge_stored(span: DaySpan, start_us: int, end_us: int, rows: StoredRows) -> Judged:
    """Judge the measurements of the span's tag between two times by the rolling 3σ rule."""
    oldest_us = micros_or_first(span.raw_from)
    history = values_before(span.pk, max(start_us, oldest_us), span.raw_from)
    rows = merge(0, history, rows_from(rows, oldest_us), NO_READINGS)
    segments = rows.segments()
    (verdict,) = OnlyAnalog(RollingSigma(), np.array([span.is_analog])).score(segments)
    was_found, lower, upper = stored_bands(span.pk, start_us, end_us, rows)
    differs = (verdict.found != was_found) | (
        was_found & ~(same_bound(verdict.lower, lower, verdict) & same_bound(verdict.upper, upper, verdict))
    )
    if span.raw_from is not None:  # measurements of the window are deleted
        differs &= segments.history_length >= LOOKBACK
    return Judged(rows, verdict, differs, was_found)


def same_bound(recomputed: FloatArray, stored: FloatArray, verdict: Verdict) -> BoolArray:
    """Return which bounds are equal except for rounding; shape (n,)."""
    with np.errstate(invalid="ignore"):  # of bands that are infinite
        slack = np.maximum(SAME * (verdict.upper - verdict.lower), ROUNDING * np.abs(recomputed))
        return np.asarray((recomputed == stored) | (np.abs(recomputed - stored) <= slack))


def stored_bands(
    pk: int, start_us: int, end_us: int, rows: StoredRows
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Return which measurements violate the rule, with lower and upper bound (else NaN); shape (n,)."""
    count = len(rows.id)
    was_found, lower, upper = np.zeros(count, np.bool_), np.full(count, np.nan), np.full(count, np.nan)
    with connection.cursor() as cursor:
        cursor.execute(FINDINGS, [pk, start_us, end_us, ROLLING_3SIGMA])
        for time_us, low, high in cursor.fetchall():
            index = int(np.searchsorted(rows.time_us, time_us))
            if index < count and rows.time_us[index] == time_us:
                was_found[index] = True
                lower[index], upper[index] = (np.nan if bound is None else bound for bound in (low, high))
    for index, low, high in archived_bands(pk, rows, rows.is_anomaly & ~was_found):
        was_found[index] = True
        lower[index], upper[index] = (np.nan if bound is None else bound for bound in (low, high))
    return was_found, lower, upper


def archived_bands(
    pk: int, rows: StoredRows, is_sought: BoolArray
) -> Iterator[tuple[int, float | None, float | None]]:
    """Yield the index of each sought row that violates the rule, by the archive, with the bounds."""
    if not is_used() or not is_sought.any():
        return
    found = read_findings(pk, rows.id[is_sought], rows.time_us[is_sought])
    for index in np.flatnonzero(is_sought).tolist():
        for reason, low, high in found.get(int(rows.id[index]), ()):
            if reason == ROLLING_3SIGMA:
                yield index, low, high


def measurements(pk: int, start_us: int, end_us: int, *, limit: int) -> StoredRows:
    """Read the measurements of a tag between two times, oldest first."""
    rows = read_tag_rows(TagRange(pk, start_us, end_us), limit=limit)
    return rows_of_tag(rows.ids, rows.times_us, rows.values, rows.is_anomaly)


def rows_from(rows: StoredRows, start_us: int) -> StoredRows:
    """Return the measurements from a time on."""
    kept = rows.time_us >= start_us
    return rows_of_tag(rows.id[kept], rows.time_us[kept], rows.value[kept], rows.is_anomaly[kept])

"""Move measurements to ``excluded_measurements`` and back, a chunk at a time, with all derived data.

Each function works in the caller's transaction, under the lock of the tag. Measurements leave newest
first, so that each keeps the rule violations of the moment of the exclusion; they return oldest first, so
that each is judged by the window of the remaining measurements.
"""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection

from monitoring.ingest.columns import Batch, StoredRows, merge
from monitoring.ingest.definition_columns import definition_columns
from monitoring.ingest.locked_tags import LockedTag
from monitoring.ingest.neighbours import (
    as_stored_rows,
    earliest,
    next_rows,
    recent_values_after,
    values_before,
)
from monitoring.ingest.rebuild import rebuild_intervals
from monitoring.ingest.rollups import update_rollups
from monitoring.ingest.rules import judge, rules_for
from monitoring.ingest.rules.base import Rule, Verdict
from monitoring.ingest.source_clocks import stored_clocks
from monitoring.ingest.store import judge_again, store
from monitoring.ingest.tags import among, given
from monitoring.ingest.thaw import keep_newest_stored, thaw_around, thaw_ids, thaw_newest_from
from monitoring.kernel.arrays import BoolArray, IntArray
from monitoring.kernel.clock import FIRST_MICROS, SECOND_US, from_micros, to_micros
from monitoring.models import ExcludedMeasurement, Exclusion, Finding

CHUNK = 3_000
FEW = 100  # of single measurements, each of which may have neighbours of its own
NO_REASONS = "[]"
MINUTE_US = 60 * SECOND_US

IN_RANGE = """
    SELECT id, timestamp, value, is_anomaly FROM measurements
    WHERE tag = %s AND timestamp >= %s AND timestamp <= %s AND id <= %s ORDER BY timestamp DESC LIMIT %s
"""
OF_IDS = """
    SELECT id, timestamp, value, is_anomaly FROM measurements
    WHERE id {among} AND tag = %s ORDER BY timestamp DESC LIMIT %s
"""
EXCLUDED = """
    SELECT id, timestamp, value, is_anomaly, findings FROM excluded_measurements
    WHERE exclusion_id = %s ORDER BY timestamp LIMIT %s
"""
COPY_OUT = """
    INSERT INTO excluded_measurements (id, tag, timestamp, value, is_anomaly, findings, exclusion_id)
    SELECT id, tag, timestamp, value, is_anomaly, '{none}', %s FROM measurements WHERE {these}
"""
KEEP_FINDINGS = "UPDATE excluded_measurements SET findings = %s WHERE id = %s"
DELETE = "DELETE FROM measurements WHERE {these}"
LESS = """
    UPDATE series SET measurements = measurements - %s, anomalies = anomalies - %s, recent_values = NULL,
        last = (SELECT max(timestamp) FROM measurements WHERE tag = %s), excluded_until = %s
    WHERE tag = %s
"""
EXCLUDED_UNTIL = """
    UPDATE series SET excluded_until = (SELECT max(timestamp) FROM excluded_measurements WHERE tag = %s)
    WHERE tag = %s
"""

Band = tuple[float | None, float | None]
Reasons = list[tuple[str, float | None, float | None]]  # why a measurement is an anomaly, with the band


def chunk_of(exclusion: Exclusion) -> int:
    """Return how many measurements one transaction moves at most."""
    return CHUNK if exclusion.ids is None else FEW


def movable_from(tag: LockedTag) -> int:
    """Return the first time (µs) that can be excluded: minutes that retention has cut can't be recomputed."""
    if tag.definition.raw_from is None:
        return FIRST_MICROS
    return -(-to_micros(tag.definition.raw_from) // MINUTE_US) * MINUTE_US


def take_out(exclusion: Exclusion, tag: LockedTag) -> int:
    """Move the newest chunk of excluded measurements out; return how many."""
    rows = next_chunk_out(exclusion, tag)
    if len(rows.id):
        thaw_around(tag, rows.time_us)
        copy_out(exclusion, tag, rows)
        update_derived(tag, rows)
    return len(rows.id)


def next_chunk_out(exclusion: Exclusion, tag: LockedTag) -> StoredRows:
    """Return the newest measurements that are still to be moved out, in order of time."""
    start_us, end_us = max(to_micros(exclusion.start), movable_from(tag)), to_micros(exclusion.end)
    if exclusion.ids is not None:
        thaw_ids(tag, exclusion.ids, start_us, end_us)
        rows = read_chunk_out(exclusion, tag, start_us)
    else:
        rows = read_chunk_out(exclusion, tag, start_us)
        # An archived day is part of the chunk unless the chunk is full with newer measurements.
        while thaw_newest_from(tag, first_of(rows, exclusion, start_us), end_us):
            rows = read_chunk_out(exclusion, tag, start_us)
    return as_stored_rows([row for row in rows if row[1] >= start_us])


def first_of(rows: Sequence[Sequence[Any]], exclusion: Exclusion, start_us: int) -> int:
    """Return the time from which a chunk needs all measurements; ``rows`` are in order of time."""
    return int(rows[0][1]) if len(rows) == chunk_of(exclusion) else start_us


def read_chunk_out(exclusion: Exclusion, tag: LockedTag, start_us: int) -> list[Any]:
    """Read the newest measurements in the database that are still to be moved out, in order of time."""
    with connection.cursor() as cursor:
        if exclusion.ids is None:
            bounds = [start_us, to_micros(exclusion.end), exclusion.upto_id]
            cursor.execute(IN_RANGE, [tag.pk, *bounds, chunk_of(exclusion)])
        else:
            query = OF_IDS.format(among=among(exclusion.ids))
            cursor.execute(query, [*given(exclusion.ids), tag.pk, chunk_of(exclusion)])
        rows: list[Any] = cursor.fetchall()[::-1]
    return rows


def copy_out(exclusion: Exclusion, tag: LockedTag, rows: StoredRows) -> None:
    """Copy the measurements with their rule violations, and delete the originals."""
    these, parameters = condition(tag, rows)
    flagged = rows.id[rows.is_anomaly].tolist()
    violations = violations_of(flagged)
    with connection.cursor() as cursor:
        cursor.execute(COPY_OUT.format(these=these, none=NO_REASONS), [exclusion.pk, *parameters])
        if violations:
            texts = [(json.dumps(reasons), row) for row, reasons in violations.items()]
            cursor.executemany(KEEP_FINDINGS, texts)
        Finding.objects.filter(measurement_id__in=flagged).delete()
        cursor.execute(DELETE.format(these=these), parameters)


def condition(tag: LockedTag, rows: StoredRows) -> tuple[str, list[Any]]:
    """Return a condition for the rows, with parameters; PostgreSQL needs times to select partitions."""
    ids = rows.id.tolist()
    these = f"id {among(ids)}"
    if connection.vendor != "postgresql":
        return these, given(ids)
    within = [tag.pk, int(rows.time_us[0]), int(rows.time_us[-1])]
    return f"tag = %s AND timestamp >= %s AND timestamp <= %s AND {these}", [*within, *given(ids)]


def violations_of(ids: Sequence[int]) -> dict[int, Reasons]:
    """Return the rule violations of measurements by id, in the order of the rules."""
    found: dict[int, Reasons] = {}
    rows = Finding.objects.filter(measurement_id__in=ids).order_by("id")
    for row, reason, lower, upper in rows.values_list("measurement_id", "reason", "lower", "upper"):
        found.setdefault(row, []).append((reason, lower, upper))
    return found


def update_derived(tag: LockedTag, rows: StoredRows) -> None:
    """Update flags, rollups and totals after these measurements (in order of time) have been removed."""
    keep_newest_stored(tag)
    judge_followers(tag, as_batch(rows))
    rebuild_intervals(tag.pk, rows.time_us)
    until_us = max(int(rows.time_us[-1]), tag.excluded_until_us or FIRST_MICROS)
    counts = [len(rows.id), int(rows.is_anomaly.sum())]
    with connection.cursor() as cursor:
        cursor.execute(LESS, [*counts, tag.pk, until_us, tag.pk])


def as_batch(rows: StoredRows) -> Batch:
    """Return measurements of one tag as readings of the transaction's first tag, in the same order."""
    count = len(rows.id)
    return Batch(np.zeros(count, np.int64), np.arange(count), rows.time_us, rows.value)


def judge_followers(tag: LockedTag, gone: Batch) -> None:
    """Judge again the stored measurements that had one of ``gone`` (in order of time) in their windows."""
    while len(gone):
        part, stored, gone = earliest(tag, gone)
        if len(stored.id):
            judge_without(tag, part, stored)


def judge_without(tag: LockedTag, gone: Batch, stored: StoredRows) -> None:
    """Judge again the measurements in ``stored`` within a rule's lookback after one of ``gone``."""
    history = values_before(tag.pk, int(gone.time_us[0]), tag.definition.raw_from)
    before = merge(0, history, stored, gone)
    now = merge(0, history, stored, gone.take(slice(0, 0)))
    segments = now.segments()
    verdicts = [
        (verdict, before.affected(rule.lookback)[~before.is_new])
        for rule in window_rules(tag)
        for verdict in rule.score(segments)
    ]
    flags = judge_again(now, verdicts, now.id, now.is_anomaly)
    update_rollups(np.array([tag.pk]), now, flags, {}, stored_clocks([tag]))


def window_rules(tag: LockedTag) -> list[Rule]:
    """Return the rules that read earlier values; limits are not judged again: they were others then."""
    return [rule for rule in rules_for(definition_columns([tag.definition])) if rule.lookback]


def bring_back(exclusion: Exclusion, tag: LockedTag) -> int:
    """Move the oldest chunk of excluded measurements back; return how many.

    Delete those that retention would have deleted meanwhile.
    """
    delete_old(tag.pk, tag.definition.raw_from)
    with connection.cursor() as cursor:
        cursor.execute(EXCLUDED, [exclusion.pk, chunk_of(exclusion)])
        found = cursor.fetchall()
    rows = as_stored_rows([row[:4] for row in found])
    if found:
        last = from_micros(int(rows.time_us[-1]))
        ExcludedMeasurement.objects.filter(exclusion=exclusion, timestamp__lte=last).delete()
        store_returned(tag, rows, [reasons_in(row[4]) for row in found])
    update_excluded_until(tag.pk)
    return len(found)


def delete_old(tag: int, raw_from: datetime | None) -> int:
    """Delete the excluded measurements of the tag before ``raw_from``; return how many."""
    if raw_from is None:
        return 0
    return ExcludedMeasurement.objects.filter(tag=tag, timestamp__lt=raw_from).delete()[0]


def update_excluded_until(tag: int) -> None:
    """Set ``series.excluded_until`` to the newest excluded measurement of the tag."""
    with connection.cursor() as cursor:
        cursor.execute(EXCLUDED_UNTIL, [tag, tag])


def reasons_in(column: Any) -> Reasons:
    """Return the rule violations of an excluded measurement, as either database returns the column."""
    if column == NO_REASONS:
        return []
    reasons: Reasons = json.loads(column) if isinstance(column, str) else column
    return reasons


def store_returned(tag: LockedTag, excluded: StoredRows, violations: Sequence[Reasons]) -> None:
    """Store measurements under their former ids; judge them and the following ones by their windows."""
    batch, tags, rules = as_batch(excluded), [tag], window_rules(tag)
    while len(batch):
        _, rows, batch = next_rows(tags, batch)
        segments = rows.segments()
        verdicts = judge(rows, segments, rules)
        verdicts += former_verdicts(rows, violations, {verdict.reason for verdict, _ in verdicts})
        recent = recent_values_after(rows, segments)
        store(tags, rows, verdicts, recent, stored_clocks(tags), given=excluded.id)
        tags = [tag._replace(recent_values=None)]  # the recent values have changed


def former_verdicts(
    rows: StoredRows, violations: Sequence[Reasons], but: set[str]
) -> list[tuple[Verdict, BoolArray]]:
    """Return the former violations of new rows as verdicts, without the reasons in ``but``."""
    bands: dict[str, dict[int, Band]] = {}
    for position, reasons in enumerate(violations):
        for reason, *band in reasons:
            if reason not in but:
                bands.setdefault(reason, {})[position] = (band[0], band[1])
    return [(verdict_of(reason, rows, of_reason), rows.is_new) for reason, of_reason in bands.items()]


def verdict_of(reason: str, rows: StoredRows, bands: Mapping[int, Band]) -> Verdict:
    """Return a verdict that marks the new rows at these positions, each with the given band."""
    found = np.zeros(len(rows.id), dtype=np.bool_)
    lower, upper = np.full(len(found), -math.inf), np.full(len(found), math.inf)
    marked: IntArray = np.flatnonzero(np.isin(rows.position, list(bands)) & rows.is_new)
    for index in marked.tolist():
        low, high = bands[int(rows.position[index])]
        found[index] = True
        lower[index] = -math.inf if low is None else low
        upper[index] = math.inf if high is None else high
    return Verdict(reason, found, lower, upper)

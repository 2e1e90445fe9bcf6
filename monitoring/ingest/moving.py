"""Moves measurements to ``excluded_measurements`` and back, a chunk at a time; all that is derived follows.

Each function works in the caller's transaction, under the lock of the tag. Measurements leave newest
first, so that each keeps the findings it had when it was excluded; they come back oldest first, so
that each is judged by the window that it has from then on.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection

from monitoring.ingest.parse import ReadingColumns
from monitoring.ingest.rebuild import rebuild_intervals
from monitoring.ingest.rollups import keep_rollups
from monitoring.ingest.rules import rules_for
from monitoring.ingest.rules.base import Rule, Verdict
from monitoring.ingest.source_clocks import stored_clocks
from monitoring.ingest.store import Written, change_of, judge_again, store
from monitoring.ingest.tags import LockedTag, among, given
from monitoring.ingest.timeline import StoredColumns, Timelines, affected, judge, merge
from monitoring.ingest.windows import (
    earliest,
    next_timelines,
    recent_of,
    stored_columns,
    values_before,
)
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
    """How many measurements one transaction moves at most."""
    return CHUNK if exclusion.ids is None else FEW


def movable_from(tag: LockedTag) -> int:
    """From when on measurements can leave: a minute that retention has cut into can't be recomputed."""
    if tag.definition.raw_from is None:
        return FIRST_MICROS
    return -(-to_micros(tag.definition.raw_from) // MINUTE_US) * MINUTE_US


def take_out(exclusion: Exclusion, tag: LockedTag) -> int:
    """Move the newest chunk of what the exclusion names out of the measurements; how many those were."""
    rows = next_to_leave(exclusion, tag)
    if len(rows.id):
        copy_out(exclusion, tag, rows)
        leave(tag, rows)
    return len(rows.id)


def next_to_leave(exclusion: Exclusion, tag: LockedTag) -> StoredColumns:
    """The newest of the exclusion's measurements that are left, in order of time."""
    start_us = max(to_micros(exclusion.start), movable_from(tag))
    with connection.cursor() as cursor:
        if exclusion.ids is None:
            bounds = [start_us, to_micros(exclusion.end), exclusion.upto_id]
            cursor.execute(IN_RANGE, [tag.pk, *bounds, chunk_of(exclusion)])
        else:
            query = OF_IDS.format(among=among(exclusion.ids))
            cursor.execute(query, [*given(exclusion.ids), tag.pk, chunk_of(exclusion)])
        rows = cursor.fetchall()[::-1]
    return stored_columns([row for row in rows if row[1] >= start_us])


def copy_out(exclusion: Exclusion, tag: LockedTag, rows: StoredColumns) -> None:
    """Copy the measurements, with their findings, and delete both where they were."""
    these, parameters = condition(tag, rows)
    flagged = rows.id[rows.is_anomaly].tolist()
    findings = findings_of(flagged)
    with connection.cursor() as cursor:
        cursor.execute(COPY_OUT.format(these=these, none=NO_REASONS), [exclusion.pk, *parameters])
        if findings:
            texts = [(json.dumps(reasons), row) for row, reasons in findings.items()]
            cursor.executemany(KEEP_FINDINGS, texts)
        Finding.objects.filter(measurement_id__in=flagged).delete()
        cursor.execute(DELETE.format(these=these), parameters)


def condition(tag: LockedTag, rows: StoredColumns) -> tuple[str, list[Any]]:
    """The rows as a query names them. PostgreSQL needs the time, too, to know their partitions."""
    ids = rows.id.tolist()
    these = f"id {among(ids)}"
    if connection.vendor != "postgresql":
        return these, given(ids)
    within = [tag.pk, int(rows.time_us[0]), int(rows.time_us[-1])]
    return f"tag = %s AND timestamp >= %s AND timestamp <= %s AND {these}", [*within, *given(ids)]


def findings_of(ids: Sequence[int]) -> dict[int, Reasons]:
    """Why these measurements are anomalies, by their ids, in the order in which the rules were asked."""
    found: dict[int, Reasons] = {}
    rows = Finding.objects.filter(measurement_id__in=ids).order_by("id")
    for row, reason, lower, upper in rows.values_list("measurement_id", "reason", "lower", "upper"):
        found.setdefault(row, []).append((reason, lower, upper))
    return found


def leave(tag: LockedTag, rows: StoredColumns) -> None:
    """Bring flags, rollups and totals up to date after these measurements, in order of time, have left."""
    judge_those_after(tag, as_readings(rows))
    rebuild_intervals(tag.pk, rows.time_us)
    until_us = max(int(rows.time_us[-1]), tag.excluded_until_us or FIRST_MICROS)
    counts = [len(rows.id), int(rows.is_anomaly.sum())]
    with connection.cursor() as cursor:
        cursor.execute(LESS, [*counts, tag.pk, until_us, tag.pk])


def as_readings(rows: StoredColumns) -> ReadingColumns:
    """Measurements of one tag as readings of the first tag, in their order."""
    count = len(rows.id)
    return ReadingColumns(np.zeros(count, np.int64), np.arange(count), rows.time_us, rows.value)


def judge_those_after(tag: LockedTag, gone: ReadingColumns) -> None:
    """Judge again the stored measurements in whose windows these were; ``gone`` is in order of time."""
    while len(gone):
        part, stored, gone = earliest(tag, gone)
        if len(stored.id):
            judge_without(tag, part, stored)


def judge_without(tag: LockedTag, gone: ReadingColumns, stored: StoredColumns) -> None:
    """Judge again those of ``stored`` that stood up to a rule's lookback behind one of ``gone``."""
    history = values_before(tag.pk, int(gone.time_us[0]), tag.definition.raw_from)
    before = merge(0, history, stored, gone)
    now = merge(0, history, stored, gone.take(slice(0, 0)))
    runs = now.runs()
    verdicts = [
        (verdict, affected(before, rule.lookback)[~before.is_new])
        for rule in windowed(tag)
        for verdict in rule.score(runs)
    ]
    flags = judge_again(now, verdicts, now.id, now.was_anomaly)
    keep_rollups(change_of(np.array([tag.pk]), Written(now, now.id, flags), {}, stored_clocks([tag])))


def windowed(tag: LockedTag) -> list[Rule]:
    """The rules that look at earlier values; the others have had their say, by the limits of that moment."""
    return [rule for rule in rules_for([tag.definition]) if rule.lookback]


def bring_back(exclusion: Exclusion, tag: LockedTag) -> int:
    """Move the oldest chunk of what the exclusion has taken back among the measurements; how many those were.

    Those that retention would have deleted meanwhile are deleted.
    """
    delete_old(tag.pk, tag.definition.raw_from)
    with connection.cursor() as cursor:
        cursor.execute(EXCLUDED, [exclusion.pk, chunk_of(exclusion)])
        found = cursor.fetchall()
    rows = stored_columns([row[:4] for row in found])
    if found:
        last = from_micros(int(rows.time_us[-1]))
        ExcludedMeasurement.objects.filter(exclusion=exclusion, timestamp__lte=last).delete()
        come_back(tag, rows, [reasons_in(row[4]) for row in found])
    note_until(tag.pk)
    return len(found)


def delete_old(tag: int, raw_from: datetime | None) -> int:
    """Delete the tag's excluded measurements from before ``raw_from``; how many those were."""
    if raw_from is None:
        return 0
    return ExcludedMeasurement.objects.filter(tag=tag, timestamp__lt=raw_from).delete()[0]


def note_until(tag: int) -> None:
    """Set ``series.excluded_until`` to what is excluded of the tag now."""
    with connection.cursor() as cursor:
        cursor.execute(EXCLUDED_UNTIL, [tag, tag])


def reasons_in(column: Any) -> Reasons:
    """The findings of an excluded measurement, as either database answers them."""
    if column == NO_REASONS:
        return []
    reasons: Reasons = json.loads(column) if isinstance(column, str) else column
    return reasons


def come_back(tag: LockedTag, rows: StoredColumns, findings: Sequence[Reasons]) -> None:
    """Store measurements under the ids that they had; judge them, and those after them, by their windows."""
    readings, tags, rules = as_readings(rows), [tag], windowed(tag)
    while len(readings):
        served, readings = next_timelines(tags, readings)
        timelines = served.timelines
        runs = timelines.runs()
        verdicts = judge(timelines, runs, rules)
        verdicts += as_judged(timelines, findings, {verdict.reason for verdict, _ in verdicts})
        store(tags, timelines, verdicts, recent_of(timelines, runs), stored_clocks(tags), given=rows.id)
        tags = [replace(tag, recent_values=None)]  # the values are no longer the recent ones


def as_judged(
    timelines: Timelines, findings: Sequence[Reasons], but: set[str]
) -> list[tuple[Verdict, BoolArray]]:
    """What other rules than those once said of the new measurements, as verdicts on the timelines."""
    bands: dict[str, dict[int, Band]] = {}
    for position, reasons in enumerate(findings):
        for reason, *band in reasons:
            if reason not in but:
                bands.setdefault(reason, {})[position] = (band[0], band[1])
    return [
        (verdict_of(reason, timelines, of_reason), timelines.is_new) for reason, of_reason in bands.items()
    ]


def verdict_of(reason: str, timelines: Timelines, bands: Mapping[int, Band]) -> Verdict:
    """A verdict that finds the new measurements at these positions, each with its band."""
    found = np.zeros(len(timelines.id), dtype=np.bool_)
    lower, upper = np.full(len(found), -math.inf), np.full(len(found), math.inf)
    places: IntArray = np.flatnonzero(np.isin(timelines.position, list(bands)) & timelines.is_new)
    for place in places.tolist():
        low, high = bands[int(timelines.position[place])]
        found[place] = True
        lower[place] = -math.inf if low is None else low
        upper[place] = math.inf if high is None else high
    return Verdict(reason, found, lower, upper)

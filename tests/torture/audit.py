"""The end checks: the database itself against what the writers were told, and the contract's rule."""

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from monitoring.kernel.tag_definition import DEFAULT_TAGS
from monitoring.sources.simulator.signals import simulate
from monitoring.sources.simulator.source import SEED
from tests.ingest.plain_rule import is_outside
from tests.torture.writers import KEPT, Reading, Writer

RESOLUTIONS_S = (60, 600, 3600, 86400)
ROLLED_UP = """
    SELECT tag, timestamp - ((timestamp % {us}) + {us}) % {us} AS start, count(*), {anomalies},
        min(value), max(value), avg(value)
    FROM measurements GROUP BY tag, start ORDER BY tag, start
"""
KEPT_ROLLUPS = """
    SELECT tag, start, sum(count), sum(anomalies), min(minimum), max(maximum), sum(total) / sum(count) FROM (
        SELECT tag, start, count, anomalies, minimum, maximum, total
        FROM rollups WHERE resolution_s = {resolution_s}
        UNION ALL
        SELECT tag, open_start - open_start % {us}, open_count, open_anomalies, open_minimum, open_maximum,
            open_total
        FROM series WHERE open_start IS NOT NULL
    ) AS kept GROUP BY tag, start ORDER BY tag, start
"""
ANOMALIES = "sum(CASE WHEN is_anomaly THEN 1 ELSE 0 END)"
JOURNAL = "SELECT definition_id, act, from_state, to_state FROM alarm_journal WHERE act <> 'late' ORDER BY id"
OPEN = """
    SELECT definition_id, count(*) FROM alarm_occurrences
    WHERE cleared_at IS NULL GROUP BY definition_id HAVING count(*) > 1
"""
# An alarm that lasts asks again, as a new occurrence, when its suppression ends or it is due to ask again.
BEGINNINGS = """
    SELECT alarm_occurrences.id, alarm_occurrences.definition_id, count(begun.id) FROM alarm_occurrences
    LEFT JOIN alarm_journal AS begun ON begun.occurrence = alarm_occurrences.id AND (
        begun.act IN ('active', 'late', 'realarm')
        OR (begun.act = 'release' AND begun.to_state IN ('UNACK', 'ACKED'))
    )
    GROUP BY alarm_occurrences.id, alarm_occurrences.definition_id HAVING count(begun.id) <> 1
"""
SIMULATED_SINCE = datetime(2021, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """A stored measurement, with the reasons that were found against it."""

    id: int
    tag: str
    moment: datetime
    value: float
    is_anomaly: bool
    reasons: frozenset[str]


def audit(database: Path | str, writers: Sequence[Writer]) -> list[str]:
    """All that is wrong with SQLite's file or PostgreSQL's address, in words; nothing if all was kept."""
    problems: list[str] = []
    with closing(opened(database)) as connection:
        sound = is_sound(connection)
        rows = measurements(connection)
        limits = connection.execute("SELECT name, lower_limit, upper_limit FROM tags").fetchall()
        problems += wrong_rollups(connection)
        problems += wrong_alarms(connection)
        found = connection.execute("SELECT CAST(reading AS TEXT) FROM set_aside_readings")
        aside = [json.loads(text) for (text,) in found]
    problems += [] if sound else ["the database is damaged"]
    problems += [problem for writer in writers for problem in writer.problems]
    sent = [row for row in rows if row.moment < SIMULATED_SINCE]
    problems += compare(sent, writers)
    problems += compare_set_aside(aside, writers)
    for tag, lower, upper in limits:
        own = sorted((row for row in rows if row.tag == tag), key=lambda row: row.moment)
        problems += wrong_flags(own, lower, upper)
        problems += wrong_seconds(tag, [row for row in own if row.moment >= SIMULATED_SINCE])
    return problems


def opened(database: Path | str) -> Any:
    """A connection whose ``execute`` reads: to SQLite's file, or to PostgreSQL's address."""
    if isinstance(database, str):
        return psycopg.connect(database, autocommit=True)
    return sqlite3.connect(f"file:{database}?mode=ro", uri=True)


def is_sound(connection: Any) -> bool:
    """Whether the file is as SQLite wants it, and every finding has its measurement."""
    if isinstance(connection, sqlite3.Connection):
        whole = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return whole and not connection.execute("PRAGMA foreign_key_check").fetchall()
    orphans = "SELECT count(*) FROM findings WHERE measurement_id NOT IN (SELECT id FROM measurements)"
    return bool(connection.execute(orphans).fetchone() == (0,))


def measurements(connection: Any) -> list[Row]:
    """Every row of the table."""
    reasons: dict[int, set[str]] = {}
    for id_, reason in connection.execute("SELECT measurement_id, reason FROM findings"):
        reasons.setdefault(id_, set()).add(reason)
    found = connection.execute("SELECT id, tag, timestamp, value, is_anomaly FROM readable_measurements")
    return [
        Row(id_, tag, moment(time), value, bool(flag), frozenset(reasons.get(id_, ())))
        for id_, tag, time, value, flag in found
    ]


def moment(time: str | datetime) -> datetime:
    """The timestamp in UTC; without an offset it is UTC."""
    parsed = datetime.fromisoformat(time) if isinstance(time, str) else time
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def wrong_alarms(connection: Any) -> list[str]:
    """Where the journal of alarms has a gap or a double, or differs from the states and occurrences."""
    problems: list[str] = []
    states: dict[int, str] = {}
    for alarm, act, before, after in connection.execute(JOURNAL):
        if before != states.get(alarm, before):
            problems.append(f"alarm {alarm}: {act!r} from {before}, but the alarm was {states[alarm]}")
        states[alarm] = after
    problems += [f"alarm {alarm} has {count} open occurrences" for alarm, count in connection.execute(OPEN)]
    problems += [
        f"alarm {alarm}: the journal has {lines} lines of the beginning of occurrence {occurrence}"
        for occurrence, alarm, lines in connection.execute(BEGINNINGS)
    ]
    return problems


def wrong_rollups(connection: Any) -> list[str]:
    """Where rollups or totals differ from what is stored, counted anew."""
    problems = []
    for resolution_s in RESOLUTIONS_S:
        us = resolution_s * 1_000_000
        counted = ROLLED_UP.format(us=us, anomalies=ANOMALIES)
        expected = connection.execute(counted).fetchall()
        kept = connection.execute(KEPT_ROLLUPS.format(resolution_s=resolution_s, us=us)).fetchall()
        if len(kept) != len(expected):
            problems.append(f"{len(kept)} rollups of {resolution_s} s, not {len(expected)}")
        problems += [
            f"rollup of {resolution_s} s is {found}, not {right}"
            for found, right in zip(kept, expected, strict=False)
            if found[:-1] != right[:-1] or not math.isclose(found[-1], right[-1], rel_tol=1e-9)
        ]
    totals = connection.execute(
        f"SELECT tag, count(*), {ANOMALIES}, max(timestamp) FROM measurements GROUP BY tag"  # noqa: S608
    )
    kept_totals = connection.execute(
        "SELECT tag, measurements, anomalies, last FROM series WHERE measurements > 0"
    )
    if set(totals) != set(kept_totals):
        problems.append("the totals of a series are not those of its measurements")
    return problems


def compare(rows: Sequence[Row], writers: Iterable[Writer]) -> list[str]:
    """Acknowledged readings against stored ones: each exactly once, and nothing else."""
    acknowledged: set[Reading] = set()
    unanswered = 0
    for writer in writers:
        acknowledged |= writer.acknowledged.keys()
        unanswered += len(writer.waiting)
    expected = Counter((reading.tag, moment(reading.timestamp), reading.value) for reading in acknowledged)
    stored = Counter((row.tag, row.moment, row.value) for row in rows)
    problems = [f"{unanswered} readings were never answered"] if unanswered else []
    problems += [f"acknowledged, but lost: {key}" for key in (expected - stored)]
    problems += [f"stored, but refused, never sent, or twice: {key}" for key in (stored - expected)]
    return problems


def compare_set_aside(aside: Sequence[dict[str, Any]], writers: Iterable[Writer]) -> list[str]:
    """What was taken while the database was away and can't be stored: all of it, and nothing good."""
    found = {(item["tag"], item["timestamp"], item["value"]) for item in aside}
    refused = {reading: word for writer in writers for reading, word in writer.refused.items()}
    bad = {(reading.tag, reading.timestamp, reading.value): word for reading, word in refused.items()}
    kept = {key for key, word in bad.items() if word == KEPT}
    problems = [f"set aside, but nothing was wrong with it: {key}" for key in found - bad.keys()]
    return problems + [f"taken, not storable, and not set aside: {key}" for key in kept - found]


def wrong_flags(rows: Sequence[Row], lower: float | None, upper: float | None) -> list[str]:
    """Where flag or reasons of one tag's rows, in time order, differ from an undisturbed run's."""
    values = np.array([row.value for row in rows])
    problems = []
    for place, row in enumerate(rows):
        expected = reasons(values[max(0, place - 50) : place], row.value, lower, upper)
        if row.reasons != expected or row.is_anomaly != bool(expected):
            problems.append(f"{row} should have {set(expected) or 'no reasons'}")
    return problems


def reasons(window: np.ndarray, value: float, lower: float | None, upper: float | None) -> frozenset[str]:
    """The contract's anomaly rule for one value and the up to 50 before it."""
    found = set()
    if lower is not None and value < lower:
        found.add("below_limit")
    if upper is not None and value > upper:
        found.add("above_limit")
    if is_outside(window.tolist(), value):
        found.add("rolling_3sigma")
    return frozenset(found)


def wrong_seconds(tag: str, rows: Sequence[Row]) -> list[str]:
    """Gaps, doubles and wrong values among what the simulator wrote for a tag."""
    profile = next((default for default in DEFAULT_TAGS if default.definition.name == tag), None)
    if profile is None or not rows:
        return []
    first, last = rows[0].moment, rows[-1].moment
    start, stop = int(first.timestamp()), int(last.timestamp()) + 1
    values = simulate(profile, seed=SEED, start=start, stop=stop).value.tolist()
    expected = [(first + timedelta(seconds=place), value) for place, value in enumerate(values)]
    found = [(row.moment, row.value) for row in rows]
    return [
        f"simulated {tag}: {what} {key}"
        for what, keys in (
            ("missing", Counter(expected) - Counter(found)),
            ("not due", Counter(found) - Counter(expected)),
        )
        for key in keys
    ]

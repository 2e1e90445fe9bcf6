"""Store a single reading that appends to its tag, by scalars: arrays of one cost several times as much.

Rows and outcome equal those of the whole write path, which takes all other readings.
"""

import struct
from collections.abc import Sequence

import numpy as np
from django.db import connection

from monitoring.ingest.bulk import insert_statement
from monitoring.ingest.deliveries import Delivery
from monitoring.ingest.locked_tags import LockedTag
from monitoring.ingest.neighbours import VALUE, recent_values_of
from monitoring.ingest.open_minutes import ADD_OPEN, MINUTE_US, SERIES_OPEN, roll_up
from monitoring.ingest.outcomes import Outcomes
from monitoring.ingest.rules import LOOKBACK, violations_of
from monitoring.ingest.rules.base import Violation
from monitoring.ingest.source_clocks import clock_after, clock_of
from monitoring.ingest.stored import stored
from monitoring.ingest.tags import lock_tag
from monitoring.ingest.validate import ReadingRejectedError, read_item
from monitoring.kernel.clock import to_micros
from monitoring.kernel.source_clock import AHEAD_US

INSERT = "INSERT INTO measurements (timestamp, tag, value, is_anomaly) VALUES (?, ?, ?, ?)"
INSERT_FINDING = "INSERT INTO findings (measurement_id, reason, lower, upper) VALUES (?, ?, ?, ?)"
ADD_SERIES = insert_statement(SERIES_OPEN, 15, 1, ADD_OPEN)
VALUE_BYTES = struct.Struct("<d")
RECENT_BYTES = LOOKBACK * VALUE.itemsize


def store_one(delivery: Delivery) -> Outcomes | None:
    """Store the only reading of a delivery, in a transaction of SQLite.

    Return None, with nothing stored, unless the reading is plainly new: valid, newer than all of the tag and
    than 1970, not excluded, and not ahead of the clock.
    """
    (item,) = delivery.items
    tag = lock_tag(item.get("tag")) if isinstance(item, dict) else None
    if tag is None:
        return None
    try:
        reading = read_item(item, {tag.definition.name: tag.definition}, now=delivery.received, known=())
    except ReadingRejectedError:
        return None
    received_us = to_micros(delivery.received)
    if not is_plainly_new(reading.time_us, tag, received_us):
        return None
    before = recent_values_of(tag)
    value = reading.value + 0.0  # -0.0 is stored as 0.0
    violations = violations_of(value, tag.definition, np.frombuffer(before, dtype=VALUE))
    clock = (
        clock_of(tag) if delivery.source is None else clock_after(tag.arrivals, reading.time_us, received_us)
    )
    recent = (before + VALUE_BYTES.pack(value))[-RECENT_BYTES:]
    pk = insert(tag.pk, reading.time_us, value, violations)
    add_to_totals(tag, reading.time_us, value, bool(violations), (recent, *clock))
    stored.send(sender=None)
    return outcomes_of(reading.tag, pk, bool(violations))


def is_plainly_new(time_us: int, tag: LockedTag, received_us: int) -> bool:
    """Return whether a time is later than all measurements of a tag, excluded or not, and not ahead.

    Before 1970 no minute may be open.
    """
    return (
        time_us >= 0
        and (tag.last_us is None or time_us > tag.last_us)
        and (tag.excluded_until_us is None or time_us > tag.excluded_until_us)
        and time_us <= received_us + AHEAD_US
    )


def insert(tag: int, time_us: int, value: float, violations: Sequence[Violation]) -> int:
    """Insert a measurement and its violations; return the id."""
    with connection.wrap_database_errors:
        execute = connection.connection.execute
        pk: int = execute(INSERT, (time_us, tag, value, int(bool(violations)))).lastrowid
        for violation in violations:
            execute(INSERT_FINDING, (pk, *violation))
    return pk


def add_to_totals(
    tag: LockedTag, time_us: int, value: float, is_anomaly: bool, state: tuple[bytes, bytes | None, int]
) -> None:
    """Add a measurement to the totals and the open minute of its tag.

    ``state`` has the columns ``recent_values``, ``arrivals`` and ``clock_error`` of ``series``.
    """
    minute_us = time_us // MINUTE_US * MINUTE_US
    if tag.open_us is not None and tag.open_us != minute_us:
        roll_up([tag.pk])
    minute = minute_us, 1, value, value, time_us, value, time_us, int(is_anomaly)
    with connection.wrap_database_errors:
        connection.connection.execute(ADD_SERIES, (tag.pk, 1, int(is_anomaly), time_us, *state, *minute))


def outcomes_of(tag: str, pk: int, is_anomaly: bool) -> Outcomes:
    """Return the outcomes of a delivery whose only reading was stored."""
    outcomes = Outcomes(1)
    outcomes.tag[0], outcomes.id[0], outcomes.is_anomaly[0] = tag, pk, is_anomaly
    return outcomes

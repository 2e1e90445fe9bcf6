"""Copy rule violations along with their measurements: rows with text, and few of them."""

from collections.abc import Sequence
from typing import Any

from django.db import connections

from monitoring.storage.store_copy.databases import SOURCE, TARGET, execute, select_rows

FindingRow = tuple[int, int, int, int, str, float | None, float | None]

OF_MEASUREMENTS = """
    SELECT id, measurement_id, reason, lower, upper FROM findings
    WHERE measurement_id >= %s AND measurement_id <= %s
"""
BETWEEN = """
    SELECT measurements.tag, measurements.timestamp, findings.id, measurement_id, reason, lower, upper
    FROM measurements JOIN findings ON findings.measurement_id = measurements.id
    WHERE measurements.is_anomaly AND measurements.timestamp >= %s AND measurements.timestamp < %s {of_tag}
"""


def copy_findings(ids: Sequence[int]) -> None:
    """Copy the rule violations of these measurements (ascending ids), in the caller's transaction."""
    if not ids:
        return
    known = frozenset(ids)
    found = [row for row in select_rows(SOURCE, OF_MEASUREMENTS, [ids[0], ids[-1]]) if row[1] in known]
    copy = "COPY findings (id, measurement_id, reason, lower, upper) FROM STDIN"
    with connections[TARGET].cursor() as cursor, cursor.copy(copy) as sink:
        for row in found:
            sink.write_row(row)


def delete_findings(ids: Sequence[int]) -> None:
    """Delete the rule violations of these measurements at the target."""
    execute(TARGET, "DELETE FROM findings WHERE measurement_id = ANY(%s)", [list(ids)])


def findings_between(alias: str, start_us: int, end_us: int, tag: int | None = None) -> list[FindingRow]:
    """Return the rule violations of that time, sorted by tag, timestamp and their own columns."""
    parameters: list[Any] = [start_us, end_us] + ([] if tag is None else [tag])
    of_tag = "" if tag is None else "AND measurements.tag = %s"
    return sorted(select_rows(alias, BETWEEN.format(of_tag=of_tag), parameters))

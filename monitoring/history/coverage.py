"""Completeness of a tag's measurements, excluded ones included."""

from django.db import connection

from monitoring.kernel.clock import SECOND_US

WHOLE_SECONDS = """
    SELECT count(*) FROM {table}
    WHERE tag = (SELECT id FROM tags WHERE name = %s) AND timestamp >= %s AND timestamp < %s
        AND timestamp %% 1000000 = 0
"""
TABLES = ("measurements", "excluded_measurements")


def is_covered(tag: str, start: int, stop: int) -> bool:
    """Return whether the tag has a measurement at each whole second from ``start`` to ``stop``.

    Both are Unix times in seconds; ``stop`` is exclusive.
    """
    count = 0
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(WHOLE_SECONDS.format(table=table), [tag, start * SECOND_US, stop * SECOND_US])
            count += cursor.fetchone()[0]
    return count == stop - start

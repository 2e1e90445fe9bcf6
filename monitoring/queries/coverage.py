"""Whether a stretch of time is stored without a gap."""

from django.db import connection

from monitoring.domain.clock import SECOND_US

WHOLE_SECONDS = """
    SELECT count(*) FROM measurements
    WHERE tag = (SELECT id FROM tags WHERE name = %s) AND timestamp >= %s AND timestamp < %s
        AND timestamp %% 1000000 = 0
"""


def is_covered(tag: str, start: int, stop: int) -> bool:
    """Whether the tag has a measurement at each whole second from start to stop (exclusive, Unix time)."""
    with connection.cursor() as cursor:
        cursor.execute(WHOLE_SECONDS, [tag, start * SECOND_US, stop * SECOND_US])
        return bool(cursor.fetchone()[0] == stop - start)

"""Completeness of a tag's measurements, excluded ones included."""

import numpy as np
from django.db import connection

from monitoring.history.archived import ALL, ArchivedRange, both_places, windows
from monitoring.kernel.clock import SECOND_US
from monitoring.models import Tag

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
    start_us, stop_us = start * SECOND_US, stop * SECOND_US
    with both_places() as is_archived, connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(WHOLE_SECONDS.format(table=table), [tag, start_us, stop_us])
            count += cursor.fetchone()[0]
        if is_archived:
            count += archived_seconds(tag, start_us, stop_us)
    return count == stop - start


def archived_seconds(tag: str, start_us: int, stop_us: int) -> int:
    """Return the number of archived measurements at whole seconds."""
    tags = list(Tag.objects.filter(name=tag).values_list("pk", flat=True))
    rows = windows(ArchivedRange(tags, start_us, stop_us), ALL)
    return sum(int(np.count_nonzero(some.times_us % SECOND_US == 0)) for some in rows)

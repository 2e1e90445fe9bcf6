"""Until when field sources confirm the values of their tags: a value that did not change is not sent again.

A tag is stale if both its newest measurement and the newest confirmation of its source are older than the
tag's ``stale_after_s``. A tag whose source marks it as bad is not confirmed.
"""

import time
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from monitoring.kernel.clock import from_micros
from monitoring.models.source import Quality

READ_EVERY_S = 5.0
STATUSES = """
    SELECT source, since, confirmed_until FROM source_status
    WHERE confirmed_until IS NOT NULL AND since IS NOT NULL AND state = 'connected'
"""
TAGS = "SELECT tag, source_id FROM source_tags"
BAD = 'SELECT tag FROM quality_spans WHERE quality = %s AND "end" IS NULL'
NAMES = "SELECT tags.name, tags.id FROM tags JOIN source_tags ON source_tags.tag = tags.id"


class Confirmed(NamedTuple):
    """The time in which a connected source confirms a tag's values, in microseconds since 1970."""

    since_us: int
    until_us: int


class ConfirmedTags:
    """What sources confirm now, by tag id. Which tags a source feeds is read every few seconds only."""

    def __init__(self) -> None:
        self._sources: list[tuple[int, int]] = []
        self._read_at = -READ_EVERY_S

    def read(self) -> dict[int, Confirmed]:
        """Return the confirmation of each tag that has one."""
        with connection.cursor() as cursor:
            if time.monotonic() - self._read_at >= READ_EVERY_S:
                self._read_at = time.monotonic()
                cursor.execute(TAGS)
                self._sources = [(tag, source) for tag, source in cursor.fetchall()]
            if not self._sources:
                return {}
            cursor.execute(STATUSES)
            statuses = {source: Confirmed(since, until) for source, since, until in cursor.fetchall()}
            if not statuses:
                return {}
            cursor.execute(BAD, [Quality.BAD])
            bad = {tag for (tag,) in cursor.fetchall()}
        return newest_of(self._sources, statuses, bad)


def newest_of(
    sources: Collection[tuple[int, int]], statuses: Mapping[int, Confirmed], bad: Collection[int]
) -> dict[int, Confirmed]:
    """Return the latest confirmation of each tag that is not bad, of all sources that feed the tag."""
    found: dict[int, Confirmed] = {}
    for tag, source in sources:
        confirmed = statuses.get(source)
        if confirmed is None or tag in bad:
            continue
        before = found.get(tag)
        if before is None or confirmed.until_us > before.until_us:
            found[tag] = confirmed
    return found


def confirmed_until(names: Collection[str]) -> dict[str, datetime]:
    """Return until when the values of tags are confirmed, by name."""
    by_id = ConfirmedTags().read()
    if not by_id or not names:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(NAMES)
        ids = dict(cursor.fetchall())
    return {name: from_micros(by_id[ids[name]].until_us) for name in names if ids.get(name) in by_id}


def later_of(newest: datetime, confirmed: datetime | None) -> datetime:
    """Return until when a tag's value is known: the newest measurement, or a later confirmation."""
    return newest if confirmed is None else max(newest, confirmed)

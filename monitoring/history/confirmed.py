"""Until when field sources confirm the values of their tags: a value that did not change is not sent again.

A tag is stale if both its newest measurement and the newest confirmation of its source are older than the
tag's ``stale_after_s``. A tag whose source marks it as bad is not confirmed.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from monitoring.kernel.clock import from_micros, iso_utc
from monitoring.models.source import Quality

READ_EVERY_S = 5.0
STATUSES = """
    SELECT source, since, confirmed_until FROM source_status
    WHERE confirmed_until IS NOT NULL AND since IS NOT NULL AND state = 'connected'
"""
TAGS = "SELECT tag, source_id FROM source_tags"
BAD = 'SELECT tag FROM quality_spans WHERE quality = %s AND "end" IS NULL'
NAMED_STATUSES = """
    SELECT sources.id, sources.name, confirmed_until FROM source_status JOIN sources ON source = sources.id
    WHERE confirmed_until IS NOT NULL AND state = 'connected' ORDER BY sources.name
"""
NAMED_BAD = """
    SELECT source_tags.source_id, tags.name FROM quality_spans
    JOIN source_tags ON source_tags.tag = quality_spans.tag JOIN tags ON tags.id = quality_spans.tag
    WHERE quality = %s AND "end" IS NULL ORDER BY tags.name
"""
NAMED_TAGS = """
    SELECT tags.name, sources.name FROM source_tags
    JOIN tags ON tags.id = source_tags.tag JOIN sources ON sources.id = source_tags.source_id
"""


class Confirmed(NamedTuple):
    """The time in which a connected source confirms a tag's values, in microseconds since 1970."""

    since_us: int
    until_us: int


class ConfirmedTags:
    """The confirmations of sources by tag id. Which tags a source feeds is read every few seconds only."""

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


@dataclass(frozen=True, slots=True)
class ConfirmedSource:
    """A connected source that confirms its tags until a time, except those that it marks as bad."""

    name: str
    until: datetime
    bad: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the item of ``/health``."""
        return {"name": self.name, "until": iso_utc(self.until), "bad": list(self.bad)}


def confirmed_sources() -> tuple[ConfirmedSource, ...]:
    """Return the connected sources that confirm their tags, by name."""
    with connection.cursor() as cursor:
        cursor.execute(NAMED_STATUSES)
        statuses = cursor.fetchall()
        if not statuses:
            return ()
        cursor.execute(NAMED_BAD, [Quality.BAD])
        bad: dict[int, list[str]] = {}
        for source, tag in cursor.fetchall():
            bad.setdefault(source, []).append(tag)
    return tuple(ConfirmedSource(name, from_micros(until), bad.get(pk, ())) for pk, name, until in statuses)


def sources_by_tag() -> dict[str, list[str]]:
    """Return the names of the sources that feed each tag."""
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(NAMED_TAGS)
        for tag, source in cursor.fetchall():
            found.setdefault(tag, []).append(source)
    return found


def confirmed_until(names: Collection[str]) -> dict[str, datetime]:
    """Read until when the values of tags are confirmed, by name."""
    sources = confirmed_sources()
    return latest_confirmed(names, sources, sources_by_tag() if sources else {})


def latest_confirmed(
    names: Collection[str], sources: Collection[ConfirmedSource], by_tag: Mapping[str, Collection[str]]
) -> dict[str, datetime]:
    """Return until when connected sources confirm the values of tags, by name."""
    found: dict[str, datetime] = {}
    for one in sources:
        for name in names:
            if one.name in by_tag.get(name, ()) and name not in one.bad:
                found[name] = later_of(one.until, found.get(name))
    return found


def later_of(newest: datetime, confirmed: datetime | None) -> datetime:
    """Return until when a tag's value is known: the newest measurement, or a later confirmation."""
    return newest if confirmed is None else max(newest, confirmed)

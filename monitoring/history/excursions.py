"""Since when the newest values of tags have been outside a limit."""

from collections.abc import Callable, Collection
from datetime import datetime

from django.db import connection

from monitoring.history.archived import ArchivedRange, both_places, is_any
from monitoring.history.rollup_rows import open_in
from monitoring.history.tag_rows import TagRange, read_tag_rows
from monitoring.kernel.arrays import BoolArray, FloatArray
from monitoring.kernel.clock import SECOND_US, from_micros, to_micros
from monitoring.kernel.source_clock import latest_plausible

# Rollups lead to the last measurement within the limit: the day, then the hour, then the minute. So each
# search is short, however long ago that was. 0: there is none; then the first measurement counts.
SEARCH = """
    WITH chosen AS (SELECT id, name, {limit} AS bound FROM tags WHERE name IN ({names})),
    days AS (SELECT chosen.*, {day} AS day_start FROM chosen),
    hours AS (SELECT days.*, {hour} AS hour_start FROM days),
    minutes AS (SELECT hours.*, {minute} AS minute_start FROM hours),
    inside AS (SELECT minutes.*, coalesce((
        SELECT timestamp FROM measurements
        WHERE tag = minutes.id AND timestamp >= minute_start AND timestamp < minute_start + {minute_us}
          AND value {within} bound
        ORDER BY timestamp DESC LIMIT 1
    ), minute_start) AS last_inside FROM minutes)
    SELECT name, id, bound, minute_start, (
        SELECT min(timestamp) FROM measurements
        WHERE tag = inside.id AND timestamp > last_inside AND timestamp <= %s
    ) FROM inside
"""
INTERVAL = """coalesce((
        SELECT max(start) FROM (
            SELECT (
                SELECT start FROM rollups
                WHERE tag = {of}.id AND resolution_s = {length_s} AND {since} {extreme} {within} bound
                ORDER BY start DESC LIMIT 1
            ) AS start
            UNION ALL
            SELECT start FROM (
                SELECT {open} AS start, open_{extreme} AS {extreme} FROM series WHERE tag = {of}.id
            ) AS opened WHERE {since} {extreme} {within} bound
        ) AS starts
    ), 0)"""
INSIDE: dict[str, Callable[[float], Callable[[FloatArray], BoolArray]]] = {
    "<=": lambda bound: lambda values: values <= bound,
    ">=": lambda bound: lambda values: values >= bound,
}
DAY_S, HOUR_S, MINUTE_S = 86_400, 3_600, 60


def outside_since(above: Collection[str], below: Collection[str], now: datetime) -> dict[str, datetime]:
    """Return the time of each tag's first measurement since the last one within the limit.

    The newest values of the tags ``above`` are above the upper limit, those of ``below`` below the lower
    limit. Measurements ahead of time do not count.
    """
    return {
        **first_outside(above, now, limit="upper_limit", within="<=", extreme="minimum"),
        **first_outside(below, now, limit="lower_limit", within=">=", extreme="maximum"),
    }


def first_outside(
    names: Collection[str], now: datetime, *, limit: str, within: str, extreme: str
) -> dict[str, datetime]:
    """Return the start of the excursion beyond one limit by tag.

    A value is within the limit if ``value within limit``; an interval has such a value if its ``extreme`` is.
    """
    if not names:
        return {}

    def interval(of: str, length_s: int, longer: str = "", longer_s: int = 0) -> str:
        since = f"start >= {longer} AND start < {longer} + {longer_s * SECOND_US} AND" if longer else ""
        return INTERVAL.format(
            of=of, length_s=length_s, since=since, extreme=extreme, within=within, open=open_in(length_s)
        )

    sql = SEARCH.format(
        limit=limit,
        names=", ".join(["%s"] * len(names)),
        day=interval("chosen", DAY_S),
        hour=interval("days", HOUR_S, "day_start", DAY_S),
        minute=interval("hours", MINUTE_S, "hour_start", HOUR_S),
        minute_us=MINUTE_S * SECOND_US,
        within=within,
    )
    latest_us = to_micros(latest_plausible(now))
    starts: dict[str, int | None] = {}
    with both_places() as is_archived, connection.cursor() as cursor:
        cursor.execute(sql, [*names, latest_us])
        for name, tag, bound, minute_us, start_us in cursor.fetchall():
            starts[name] = start_us
            if is_archived and is_any(ArchivedRange([tag], minute_us, latest_us + 1)):
                starts[name] = first_after(tag, minute_us, latest_us, INSIDE[within](bound))
    return {name: from_micros(start_us) for name, start_us in starts.items() if start_us is not None}


def first_after(
    tag: int, minute_us: int, latest_us: int, is_inside: Callable[[FloatArray], BoolArray]
) -> int | None:
    """Return the time of the first measurement after the last one of a minute within the limit.

    As ``SEARCH``, of measurements in the database and in the archive.
    """
    minute = read_tag_rows(TagRange(tag, minute_us, minute_us + MINUTE_S * SECOND_US))
    inside_us = minute.times_us[is_inside(minute.values)]
    last_us = int(inside_us[-1]) if len(inside_us) else minute_us
    first = read_tag_rows(TagRange(tag, last_us + 1, latest_us + 1), limit=1)
    return int(first.times_us[0]) if len(first) else None

"""Wall-clock times of a time zone as instants. Knows no database."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def instant(day: date, at: time, zone: ZoneInfo, *, is_later: bool = False) -> datetime:
    """Return the UTC time at which the clocks of the zone show ``at`` on ``day``.

    Where clocks are set back and show the time twice, the first, or with ``is_later`` the second time counts.
    A time that clocks skip counts as much later as the clocks were set forward.
    """
    local = datetime.combine(day, at.replace(tzinfo=None), tzinfo=zone)
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return max(first, second) if is_later or first > second else first


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day in the zone."""
    return moment.astimezone(zone).date()

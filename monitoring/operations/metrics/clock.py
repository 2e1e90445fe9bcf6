"""The spans of time that metrics are about."""

from datetime import datetime, timedelta

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def start_of_day(now: datetime) -> datetime:
    """Return the start of the UTC day, at which the numbers of a day begin at 0."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def age_s(moment: datetime, now: datetime) -> float:
    """Return the seconds since a moment; 0 for a moment ahead."""
    return max(0.0, (now - moment) / SECOND)

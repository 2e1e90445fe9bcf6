"""Times as shown on the page."""

from dataclasses import dataclass
from datetime import datetime

from monitoring.dashboard import words
from monitoring.kernel.clock import iso_utc


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as ``text`` in UTC, and as ``iso`` for the script that converts to the viewer's time zone."""

    iso: str
    text: str


def moment(time: datetime, now: datetime) -> Moment:
    """Convert a time for display; ``now`` decides about date and year in the text."""
    return Moment(iso_utc(time), words.moment_text(time, now))


def range_end(end: datetime, start: datetime, now: datetime) -> Moment:
    """Convert the end of a range for display; without a date if the range ends on the day of its start."""
    return Moment(iso_utc(end), words.until_text(end, start, now))


def age_s(time: datetime, now: datetime) -> float:
    """Return the seconds from ``time`` to ``now``; 0 if the clock of the source is ahead."""
    return max(0.0, (now - time).total_seconds())

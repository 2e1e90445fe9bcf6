"""Times on the page."""

from dataclasses import dataclass
from datetime import datetime

from monitoring.dashboard import words
from monitoring.kernel.clock import iso_utc


@dataclass(frozen=True, slots=True)
class Moment:
    """A time for a person and, as ``iso``, for the script that converts the time to the viewer's zone."""

    iso: str
    text: str


def moment(time: datetime, now: datetime) -> Moment:
    """Return the time for the page."""
    return Moment(iso_utc(time), words.moment_text(time, now))


def age_s(time: datetime, now: datetime) -> float:
    """Return seconds from then to now; 0 if the source's clock is ahead."""
    return max(0.0, (now - time).total_seconds())

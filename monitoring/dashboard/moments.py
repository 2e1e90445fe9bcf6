"""Times as the page shows them."""

from dataclasses import dataclass
from datetime import datetime

from monitoring.dashboard import words
from monitoring.kernel.clock import iso_utc


@dataclass(frozen=True, slots=True)
class Moment:
    """A time for a person and, as ``iso``, for the script that puts it into the viewer's zone."""

    iso: str
    text: str


def moment(time: datetime, now: datetime) -> Moment:
    """The time for the page."""
    return Moment(iso_utc(time), words.moment_text(time, now))


def age_s(time: datetime, now: datetime) -> float:
    """Seconds from then to now; 0 for a source whose clock is ahead."""
    return max(0.0, (now - time).total_seconds())

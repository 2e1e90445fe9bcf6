"""Times to choose from when something of a batch is entered: now, or some minutes ago."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.dashboard.moments import Moment, moment
from monitoring.kernel.clock import iso_utc
from monitoring.models import Batch

MINUTES_AGO = (0, 5, 10, 30)


@dataclass(frozen=True, slots=True)
class QuickTime:
    """A time to choose; ``value`` is what the form sends: the time itself, not its distance from now."""

    value: str
    label: str
    at: Moment


def quick_times(batch: Batch, now: datetime, chosen: datetime | None = None) -> list[QuickTime]:
    """Return the choices of a running batch, and ``chosen`` as a further one; none after the batch's end."""
    if batch.start is None or batch.end is not None:
        return []
    times = [now.replace(microsecond=0) - timedelta(minutes=each) for each in MINUTES_AGO]
    found = [
        quick(max(time, batch.start), "now" if minutes == 0 else f"{minutes} min ago", now)
        for minutes, time in zip(MINUTES_AGO, times, strict=True)
        if time >= batch.start or minutes == 0
    ]
    is_other = chosen is not None and iso_utc(chosen) not in {each.value for each in found}
    return [quick(chosen, "as chosen", now), *found] if chosen is not None and is_other else found


def quick(time: datetime, label: str, now: datetime) -> QuickTime:
    """Return a time to choose."""
    return QuickTime(iso_utc(time), label, moment(time, now))

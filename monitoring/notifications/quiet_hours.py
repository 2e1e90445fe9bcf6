"""The hours in which a person is not notified of minor alarms. Knows no database."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitoring.alarms.kinds import RANK, Priority
from monitoring.notifications.local_time import instant, local_day

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Every night from ``begin`` to ``end`` by the clocks of a zone; equal times or None: never.

    ``quiet_for`` is the highest priority that waits until the end; critical never waits.
    """

    zone: ZoneInfo
    begin: time | None = None
    end: time | None = None
    quiet_for: str = Priority.MEDIUM

    def next_time(self, priority: str, now: datetime) -> datetime:
        """Return the first time, not before ``now``, at which an alarm of this priority may be notified."""
        if not self._waits(priority):
            return now
        for offset in (-1, 0):
            begin, end = self._span(now, offset)
            if begin <= now < end:
                return end
        return now

    def _waits(self, priority: str) -> bool:
        if self.begin is None or self.end is None or self.begin == self.end:
            return False
        return priority != Priority.CRITICAL and RANK[Priority(priority)] >= RANK[Priority(self.quiet_for)]

    def _span(self, now: datetime, offset: int) -> tuple[datetime, datetime]:
        """Return begin and end of the quiet hours that begin on the local day of ``now`` plus ``offset``."""
        begin, end = self.begin or time(), self.end or time()
        day = local_day(now, self.zone) + offset * DAY
        last = day if end > begin else day + DAY
        return instant(day, begin, self.zone, is_later=True), instant(last, end, self.zone)


def never_quiet(zone: ZoneInfo) -> QuietHours:
    """Return the hours of a channel that several people read."""
    return QuietHours(zone)

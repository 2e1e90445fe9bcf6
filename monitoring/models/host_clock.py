"""What is known of the hosts' clocks."""

from datetime import datetime, timedelta

from django.db import models

from monitoring.kernel.host_clock import ClockReading, ClockState, expect_after_start
from monitoring.models.measurement import Measurement
from monitoring.models.series import Series
from monitoring.models.tag import Tag

# Readings of two processes may be written in the other order.
SAME_START_S = 60


class HostClock(models.Model):
    """One row a start of a machine: when its clock was known good, by the seconds since that start.

    The worker looks each minute. ``anchored_at`` and ``anchored_uptime_s`` belong together: the time that
    is expected later is the first plus what the uptime has grown by. They move by a confirmation alone.
    """

    boot = models.CharField(max_length=100, primary_key=True)
    host = models.CharField(max_length=255)
    anchored_at = models.DateTimeField(help_text="When the clock was trusted, with that uptime.")
    anchored_uptime_s = models.FloatField()
    uptime_s = models.FloatField(help_text="Seconds since the machine started, when the worker last looked.")
    good_until = models.DateTimeField(help_text="The latest moment at which the clock was known good.")
    jump_s = models.FloatField(default=0, help_text="By how much it was off then; 0: by less than a day.")

    class Meta:
        db_table = "host_clocks"
        ordering = ("-good_until", "boot")

    def __str__(self) -> str:
        return f"clock of {self.host}"

    @property
    def jump(self) -> timedelta:
        """By how much it was off when the worker last looked."""
        return timedelta(seconds=self.jump_s)

    def expected_at(self, uptime_s: float) -> datetime:
        """The time that is expected at that uptime."""
        return self.anchored_at + timedelta(seconds=uptime_s - self.anchored_uptime_s)

    def is_of(self, reading: ClockReading) -> bool:
        """Whether the reading is of the same start; where starts have no names, a smaller uptime tells."""
        return self.boot == reading.boot and self.uptime_s <= reading.uptime_s + SAME_START_S


def clock_state(reading: ClockReading) -> ClockState:
    """Compare a reading of the clock with what is known. It only reads.

    A machine that was not seen since its start is compared with the latest time that any clock was
    known good; without such, with the newest measurement, if anything may be deleted at all.
    """
    rows = list(HostClock.objects.all())
    for row in rows:
        if row.is_of(reading):
            return ClockState(reading, row.expected_at(reading.uptime_s), row.good_until)
    reference = max((row.good_until for row in rows), default=None)
    if reference is None and Tag.objects.exclude(retention_days=None).exists():
        reference = newest_measured(reading.now)
    expected = expect_after_start(reading.now, reference)
    return ClockState(reading, expected, expected)


def newest_measured(now: datetime) -> datetime | None:
    """Return the time of the newest measurement that is not ahead of now; None if there is none."""
    newest = Series.objects.filter(last__lte=now).aggregate(newest=models.Max("last"))["newest"]
    of_tag = Measurement.objects.filter(tag=models.OuterRef("tag"), timestamp__lte=now)
    latest = of_tag.order_by("-timestamp").values("timestamp")[:1]
    ahead = Series.objects.filter(last__gt=now).annotate(latest=models.Subquery(latest))
    found = ahead.aggregate(newest=models.Max("latest"))["newest"]
    return max((moment for moment in (newest, found) if moment is not None), default=None)

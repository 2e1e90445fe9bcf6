"""Clocks of the hosts: when each was known to be right."""

from datetime import datetime, timedelta

from django.db import models

from monitoring.kernel.host_clock import ClockReading, ClockState, expect_after_start
from monitoring.models.measurement import Measurement
from monitoring.models.series import Series
from monitoring.models.tag import Tag

# Two processes may write their readings out of order.
SAME_START_S = 60


class HostClock(models.Model):
    """One row per boot of a machine: when the clock was known to be right, against the uptime of that boot.

    The worker checks every minute. The time expected at a later uptime is ``anchored_at`` plus the growth of
    the uptime since ``anchored_uptime_s``. A confirmation by a person is the only change to this pair.
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
        """Return the offset of the clock at the worker's last check."""
        return timedelta(seconds=self.jump_s)

    def expected_at(self, uptime_s: float) -> datetime:
        """Return the time expected at an uptime."""
        return self.anchored_at + timedelta(seconds=uptime_s - self.anchored_uptime_s)

    def is_of(self, reading: ClockReading) -> bool:
        """Return whether the reading is of this boot; without boot ids, a smaller uptime means another."""
        return self.boot == reading.boot and self.uptime_s <= reading.uptime_s + SAME_START_S


def clock_state(reading: ClockReading) -> ClockState:
    """Compare a reading of the clock with the stored rows; write nothing.

    After a boot without a row, compare with the latest time at which any clock was known to be right; without
    any such time, compare with the newest measurement, if retention may delete anything at all.
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
    """Return the time of the newest measurement that is not in the future; None if there is none."""
    newest = Series.objects.filter(last__lte=now).aggregate(newest=models.Max("last"))["newest"]
    of_tag = Measurement.objects.filter(tag=models.OuterRef("tag"), timestamp__lte=now)
    latest = of_tag.order_by("-timestamp").values("timestamp")[:1]
    ahead = Series.objects.filter(last__gt=now).annotate(latest=models.Subquery(latest))
    found = ahead.aggregate(newest=models.Max("latest"))["newest"]
    return max((moment for moment in (newest, found) if moment is not None), default=None)

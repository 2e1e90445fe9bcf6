"""Record when the host's clock was known to be right, and undo the effects of a clock that was ahead."""

import logging
from datetime import datetime, timedelta

from auditlog.models import LogEntry
from django.db import transaction
from django.db.models import Q

from monitoring.ingest.tags import lock_tags
from monitoring.kernel.clock import iso_utc
from monitoring.kernel.host_clock import ClockReading, ClockState, read_clock
from monitoring.models import HostClock, Rollup, Series
from monitoring.models.host_clock import clock_state

logger = logging.getLogger(__name__)

ROWS_KEPT = 20
FINEST_S = 60


def check_clock(reading: ClockReading | None = None) -> ClockState:
    """Compare the clock with the expected time and store the result; the worker calls this every minute.

    While the clock is right, tags that reject present readings as deleted accept them again.

    Raises:
        django.db.Error: the database is unavailable.
    """
    reading = reading or read_clock()
    with transaction.atomic():
        state = clock_state(reading)
        store_state(state)
    if not state.jump:
        accept_present_readings(reading.now)
    return state


def store_state(state: ClockState) -> None:
    """Store the state of this clock; after a reboot, replace the machine's previous row."""
    reading = state.reading
    seen = {"host": reading.host, "uptime_s": reading.uptime_s, "jump_s": state.jump.total_seconds()}
    if not state.jump:
        seen["good_until"] = max(state.good_until, reading.now)
    known = HostClock.objects.filter(pk=reading.boot).first()
    if known is not None and known.is_of(reading):
        HostClock.objects.filter(pk=reading.boot).update(**seen)
        return
    others = HostClock.objects.filter(Q(host=reading.host) | Q(boot=reading.boot))
    others.delete()
    kept = HostClock.objects.values_list("pk", flat=True)[:ROWS_KEPT]
    HostClock.objects.exclude(pk__in=list(kept)).delete()
    anchor = {"anchored_at": state.expected, "anchored_uptime_s": reading.uptime_s}
    HostClock.objects.update_or_create(
        boot=reading.boot, defaults={"good_until": state.good_until, **seen, **anchor}
    )


def confirm_clock(how: str, reading: ClockReading | None = None) -> datetime:
    """Accept the host's clock as right on a person's word; return the current time.

    ``how`` is written to the audit trail.
    """
    reading = reading or read_clock()
    with transaction.atomic():
        before = clock_state(reading)
        HostClock.objects.all().delete()
        store_state(ClockState(reading, reading.now, reading.now))
        LogEntry.objects.log_create(
            HostClock.objects.get(pk=reading.boot),
            action=LogEntry.Action.UPDATE,
            changes={"time": (iso_utc(before.expected), iso_utc(reading.now))},
            additional_data={"what": how},
        )
    logger.warning("clock confirmed", extra={"now": iso_utc(reading.now), "how": how})
    accept_present_readings(reading.now)
    return reading.now


def accept_present_readings(now: datetime) -> int:
    """Let tags accept readings that they reject up to a future time; return the number of tags.

    Retention that ran while the clock was ahead has set that time. The deleted measurements are included in
    rollups, so readings up to the end of the newest rollup stay rejected: they would be counted twice.
    """
    names = Series.objects.filter(raw_from__gt=now).order_by("tag__name").values_list("tag__name", flat=True)
    refusing = list(names)
    for name in refusing:
        with transaction.atomic():
            lock_tags([name])
            until = rolled_up_until(name, now)
            Series.objects.filter(tag__name=name, raw_from__gt=now).update(raw_from=until, recent_values=None)
        extra = {"tag": name, "before": iso_utc(until) if until else None}
        logger.warning("present readings are taken again; a clock ahead had ended that", extra=extra)
    return len(refusing)


def rolled_up_until(name: str, now: datetime) -> datetime | None:
    """Return the end of the tag's newest rollup, at most now; None if there is no rollup."""
    finest = Rollup.objects.filter(tag__name=name, resolution_s=FINEST_S, start__lte=now)
    opened = Series.objects.filter(tag__name=name, open_start__lte=now)
    newest = (
        finest.order_by("-start").values_list("start", flat=True).first(),
        opened.values_list("open_start", flat=True).first(),
    )
    starts = [start for start in newest if start is not None]
    return min(now, max(starts) + timedelta(seconds=FINEST_S)) if starts else None

"""Evaluate the stored measurements and the clock, and store the findings, each time in one transaction.

The transaction also moves the position, and all memory of the alarms is stored with it. So the alarms are a
function of the stored data, wherever a process was interrupted: what was not committed is evaluated again.
"""

import time
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from django.db import transaction

from monitoring.alarms import late, timers
from monitoring.alarms.applying import Applying
from monitoring.alarms.batch_watch import BatchWatch
from monitoring.alarms.common_cause import CommonCauses
from monitoring.alarms.evaluation import CHANGES_AT_ONCE, Evaluation
from monitoring.alarms.event_watch import EventWatch
from monitoring.alarms.following import (
    NO_DATA_AT_ALL,
    newest_version,
    unwritten,
    versions_in_force,
    write_some,
)
from monitoring.alarms.kinds import Kind
from monitoring.alarms.loading import Loaded, load
from monitoring.alarms.look_clock import JUMP_S, SETTLED_AFTER_S, LookClock
from monitoring.alarms.measured import columns_of, read_ahead, read_page
from monitoring.alarms.quality_watch import QualityWatch
from monitoring.alarms.rejections import RejectionWatch
from monitoring.alarms.system_watch import SystemWatch, Troubles
from monitoring.alarms.tag_table import Measured
from monitoring.alarms.tag_watch import TagWatch
from monitoring.alarms.watched import WatchedAlarm
from monitoring.database import leases
from monitoring.database.leases import LeaseLostError
from monitoring.database.write_lock import write_lock
from monitoring.history.confirmed import ConfirmedTags
from monitoring.kernel.clock import SECOND_US, to_micros
from monitoring.kernel.failpoints import failpoint
from monitoring.kernel.lease_names import ALARM_CLOCK, ALARM_DEVIATIONS, ALARM_EVENTS, ALARMS
from monitoring.kernel.source_clock import AHEAD_US
from monitoring.live.changes import newest_id
from monitoring.models import AlarmDefinition, Lease, Tag, Vessel

LEASE = timedelta(seconds=3)
LOADING = timedelta(seconds=30)  # with many alarms; the first commit makes it LEASE
PAGE = 1_000
# While each measurement may change an alarm, or end a gap of a past that is sent later.
FLOOD_PAGE = CHANGES_AT_ONCE
LOOKED_AFTER_S = 1.0
RENEWED_AFTER_S = 1.5  # a look renews the lease, too: a commit for the renewal alone is for a backlog
# After a pause of this length, sources get time to deliver before silence counts.
AWAY = timedelta(seconds=5)


class StaleRunnerError(Exception):
    """Discard this runner, and begin again at the stored position."""


class DefinitionsChangedError(StaleRunnerError):
    """Definitions or tags have changed."""


class ClockSetBackError(StaleRunnerError):
    """The clock was set back: measurements that were evaluated while it was ahead wait until their time."""


class AlarmRunner:
    """Evaluate for as long as this process holds the lease. After any exception, discard the runner."""

    def __init__(self, held: leases.Hold, *, position: int, now: datetime, troubles: Troubles) -> None:
        self.position = position
        self._held = held
        self._tags = TagWatch()
        self._definitions: dict[int, AlarmDefinition] = {}
        self._version = newest_version()
        self._latest_us = latest_evaluated_us(to_micros(now))
        self._loaded = load(list(Tag.objects.all()), position=position, latest_us=self._latest_us)
        self._evaluation: Evaluation = self._loaded.evaluation
        self._confirmed = ConfirmedTags()
        self._evaluation.take_confirmations(self._confirmed.read(), is_start=True)
        self._watch(troubles)
        self._waiting: list[tuple[int, int, int, float]] = []
        self._hold_back(read_ahead(latest_us=self._latest_us, upto=position))
        was_away = held.written_until is None or abs(now - held.written_until) > AWAY
        self._clock = LookClock(starts_at=time.monotonic() + (SETTLED_AFTER_S if was_away else 0))
        self._looked = self._renewed = -RENEWED_AFTER_S
        self._page = PAGE

    @classmethod
    def begin(
        cls, owner: str, *, now: datetime, settled: int | None, troubles: Troubles
    ) -> "AlarmRunner | None":
        """Take the lease and continue at the stored position, at the first start at ``settled``.

        Return None if another process holds the lease, or ``settled`` is needed and not known yet.

        Raises:
            django.db.Error: the database is away.
        """
        with leases.holding(ALARMS, owner, now=now, duration=LOADING) as held:
            if held is None:
                return None
            position = held.position
            # Read under the lease: the last owner may have moved the position until then. A position after
            # the newest measurement is of another database, which this one took the place of.
            if position is None or position > newest_id():
                position = settled
            if position is None:
                return None
            leases.keep_position(held, position)
        held = leases.Hold(held.source, held.owner, held.written_until, position)
        write_definitions(held)
        return cls(held, position=position, now=now, troubles=troubles)

    @property
    def loaded(self) -> Loaded:
        """Return the alarms in memory."""
        return self._loaded

    def read(self, upto: int, now: datetime) -> None:
        """Evaluate the next page of measurements, up to the id ``upto``.

        Raises:
            LeaseLostError: another database took the place of this one.
            ClockSetBackError: nothing is evaluated.
        """
        if upto < self.position:
            raise LeaseLostError
        now_us = to_micros(now)
        if is_set_back(self._latest_us, now_us):
            raise ClockSetBackError
        self._release(now_us)
        cut = self._loaded.cut
        upto = upto if cut is None else min(upto, cut)
        if upto > self.position:
            rows = read_page(after=self.position, upto=upto, limit=self._page)
            self.position = int(rows.id[-1]) if len(rows) == self._page else upto
            is_ahead = rows.time_us > now_us + AHEAD_US
            self._hold_back(rows.where(is_ahead))
            self._evaluation.take(rows.where(~is_ahead), latest_us=now_us + AHEAD_US)

    def is_to_commit(self, *, is_caught_up: bool) -> bool:
        """Return whether there is anything to write, if only the renewal of the lease."""
        is_much = len(self._evaluation.dirty) >= CHANGES_AT_ONCE
        is_timed = self._is_timed(is_caught_up=is_caught_up)
        return is_much or self._evaluation.has_found or self._is_cut or is_timed

    def _is_timed(self, *, is_caught_up: bool) -> bool:
        """Return whether to look at the clock, or to renew the lease in a backlog."""
        is_look_due = is_caught_up and is_due(self._looked, LOOKED_AFTER_S)
        return is_look_due or is_due(self._renewed, RENEWED_AFTER_S)

    @property
    def _is_cut(self) -> bool:
        return self._loaded.cut is not None and self.position >= self._loaded.cut

    def commit(self, *, now: datetime, is_caught_up: bool) -> bool:
        """Write the findings; look at the clock if that is due and all is evaluated.

        Return whether more waits to be written.

        Raises:
            LeaseLostError: another process holds the lease; nothing is written.
            DefinitionsChangedError: nothing is written, or the page of another version begins.
            django.db.Error: nothing is written.
        """
        look_us, is_timed = None, self._is_timed(is_caught_up=is_caught_up)
        if is_caught_up and is_due(self._looked, LOOKED_AFTER_S):
            look_us = self._clock.time_us(to_micros(now), time.monotonic())
            self._looked = time.monotonic()
            self._system.ask()
        with write_lock(), transaction.atomic():
            self._check(now, with_tags=is_timed)
            is_more = False
            if look_us is not None:
                is_more = self._look(look_us, now)
            self._write(now, is_timed=look_us is not None)
            self._keep(now, is_caught_up=is_caught_up)
            failpoint("alarms.before_commit")
        failpoint("alarms.after_commit")
        found = len(self._evaluation.findings) + len(self._evaluation.late)
        self._page = FLOOD_PAGE if found >= FLOOD_PAGE // 2 else PAGE
        self._forget()
        if is_timed:
            self._renewed = time.monotonic()
        if is_more:
            self._looked = -LOOKED_AFTER_S
        if self._is_cut:
            raise DefinitionsChangedError
        return is_more

    def close(self, *, now: datetime) -> None:
        """Save the evaluated state, and release the lease.

        Raises:
            LeaseLostError: another process holds the lease.
            django.db.Error: it is evaluated again.
        """
        self.commit(now=now, is_caught_up=False)
        leases.release(ALARMS, self._held.owner)

    def _watch(self, troubles: Troubles) -> None:
        loaded, table = self._loaded, self._evaluation.table
        system = loaded.of_kind(Kind.SYSTEM)
        plant = next((alarm for alarm in system if alarm.kind == NO_DATA_AT_ALL), None)
        self._causes = CommonCauses(table, plant, loaded.of_kind(Kind.GROUP_BAD))
        self._events = EventWatch(loaded.of_kind(Kind.EVENT), loaded.events)
        self._batches = BatchWatch(loaded.of_kind(Kind.BATCH), loaded.deviations)
        self._system = SystemWatch([alarm for alarm in system if alarm is not plant], troubles)
        bad = {tag.name: alarm for tag, alarm in zip(table.tags, table.bad, strict=True) if alarm is not None}
        self._rejections = RejectionWatch(bad)
        self._quality = QualityWatch(table)
        self._apart = [alarm for alarm in loaded.alarms.values() if is_of_clock(alarm)]
        self._asking = [
            alarm for alarm in loaded.alarms.values() if alarm.in_force.realarm_after_s is not None
        ]

    def _hold_back(self, rows: Measured) -> None:
        """Keep measurements that are ahead of the clock until their time."""
        columns = (rows.time_us, rows.id, rows.tag, rows.value)
        for row in zip(*(column.tolist() for column in columns), strict=True):
            heappush(self._waiting, row)

    def _release(self, now_us: int) -> None:
        """Evaluate the measurements that are due."""
        due = []
        while self._waiting and self._waiting[0][0] <= now_us + AHEAD_US:
            at_us, pk, tag, value = heappop(self._waiting)
            due.append((pk, at_us, tag, value))
        if due:
            self._evaluation.take(columns_of(due), latest_us=now_us + AHEAD_US)

    def _check(self, now: datetime, *, with_tags: bool) -> None:
        held = leases.hold(ALARMS, self._held.owner, now=now, duration=LEASE)
        if held is None or held.position != self._held.position:
            raise LeaseLostError
        self._held = held
        if newest_version() != self._version or (with_tags and self._tags.have_changed()):
            raise DefinitionsChangedError

    def _look(self, now_us: int, now: datetime) -> bool:
        """Note changes by the clock. Return whether more waits."""
        evaluation = self._evaluation
        evaluation.take_confirmations(self._confirmed.read())
        evaluation.take_time(now_us)
        is_more = self._causes.look(evaluation, now_us, at_most=CHANGES_AT_ONCE)
        self._quality.look(evaluation, now_us)
        if not is_more:
            is_more = evaluation.take_silence(now_us, at_most=CHANGES_AT_ONCE)
        self._rejections.look(evaluation, now)
        self._events.look(evaluation, now_us)
        self._batches.look(evaluation, now_us)
        self._system.look(evaluation, now_us)
        evaluation.findings += timers.asking_again(self._asking, now)
        return is_more

    def _write(self, now: datetime, *, is_timed: bool) -> None:
        evaluation = self._evaluation
        released = timers.released(now, at_most=CHANGES_AT_ONCE) if is_timed else []
        found_late = [
            *evaluation.late,
            *late.late_findings(evaluation.table, evaluation.late_rows, upto=self.position),
        ]
        changed = self._changed()
        alarms: set[WatchedAlarm] = {finding.alarm for finding in evaluation.findings}
        alarms |= {found.alarm for found in found_late}
        alarms |= {
            *changed,
            *self._batches.changed,
            *(self._loaded.alarms[key] for key, *_ in released if key in self._loaded.alarms),
        }
        if not alarms:
            return
        applying = Applying(now, alarms, self._definitions)
        for key, until, reason in released:
            if key in self._loaded.alarms:
                timers.release(applying, self._loaded.alarms[key], until, reason)
        for finding in evaluation.findings:
            applying.apply(finding)
        for found in found_late:
            applying.add_late(found)
        for alarm, known in self._batches.changed.items():
            applying.update(alarm, known.details, known.score)
        for alarm in changed:
            applying.remember(alarm, self._value_of(alarm))
        applying.save()

    def _changed(self) -> list[WatchedAlarm]:
        """Return the alarms with a stored memory that differs."""
        apart = [alarm for alarm in self._apart if alarm.is_dirty]
        return [*self._evaluation.changed_alarms(), *self._events.changed, *apart]

    def _value_of(self, alarm: WatchedAlarm) -> float | None:
        if alarm.tag is None:
            return self._batches.score_of(alarm)
        return self._evaluation.table.newest_value(alarm.tag)

    def _keep(self, now: datetime, *, is_caught_up: bool) -> None:
        leases.keep_position(self._held, self.position)
        if is_caught_up:
            leases.advance(self._held, now)
        self._latest_us = max(self._latest_us, to_micros(now) + AHEAD_US)
        keep(ALARM_CLOCK, self._latest_us)
        if self._events.revision is not None:
            keep(ALARM_EVENTS, self._events.revision)
        if self._batches.revision is not None:
            keep(ALARM_DEVIATIONS, self._batches.revision)

    def _forget(self) -> None:
        """Forget all that is committed."""
        held = self._held
        self._held = leases.Hold(held.source, held.owner, held.written_until, self.position)
        self._evaluation.clear()
        self._events.forget_changes()
        self._batches.changed.clear()
        for alarm in self._apart:
            alarm.is_dirty = False


def latest_evaluated_us(now_us: int) -> int:
    """Return the time up to which measurements are evaluated; after the clock was set back, its new limit.

    Later measurements, evaluated while the clock was ahead, are evaluated again when their time comes: as
    after a restart, and as if they had come only now.
    """
    latest_us = now_us + AHEAD_US
    stored_us = leases.position_of(ALARM_CLOCK)
    return latest_us if stored_us is None or is_set_back(stored_us, now_us) else stored_us


def is_set_back(latest_us: int, now_us: int) -> bool:
    """Return whether the clock is so far before the limit of a former look that a jump must be the cause."""
    return latest_us > now_us + AHEAD_US + round(JUMP_S * SECOND_US)


def is_due(last: float, after_s: float) -> bool:
    """Return whether so many seconds have passed since the time ``last`` of the monotonic clock."""
    return time.monotonic() - last >= after_s


def is_of_clock(alarm: WatchedAlarm) -> bool:
    """Return whether the alarm is judged at each look: that of a group, a vessel, the plant or the system."""
    return alarm.tag is None and not alarm.kind.startswith(Kind.EVENT)


def keep(name: str, position: int) -> None:
    """Save a watermark."""
    if not Lease.objects.filter(source=name).update(position=position):
        Lease.objects.create(source=name, position=position)


def write_definitions(held: leases.Hold) -> None:
    """Write the standard alarms that are missing and the versions that the tags' changes make, in steps.

    Raises:
        LeaseLostError: another process holds the lease.
    """
    plant = list(Tag.objects.all()), list(Vessel.objects.all())
    waiting = iter(list(unwritten(*plant, versions_in_force(None))))
    written: Any = True
    while written:
        now = datetime.now(UTC)
        with write_lock(), transaction.atomic():
            if leases.hold(ALARMS, held.owner, now=now, duration=LOADING) is None:
                raise LeaseLostError
            written = write_some(waiting, position=held.position or 0, now=now)

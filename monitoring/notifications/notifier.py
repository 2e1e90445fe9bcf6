"""The process that notifies people: plan, escalate, send. One process holds the lease, others stand by."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from monitoring.database import leases
from monitoring.database.leases import LeaseLostError
from monitoring.database.write_lock import write_lock
from monitoring.kernel.failpoints import failpoint
from monitoring.kernel.lease_names import NOTIFICATIONS
from monitoring.kernel.outages import Outage
from monitoring.live.lease_follower import LeaseFollower
from monitoring.models import Escalation
from monitoring.notifications.directory import read_directory
from monitoring.notifications.dispatcher import Dispatcher
from monitoring.notifications.escalating import take_due_steps
from monitoring.notifications.floods import Flood, flood_at
from monitoring.notifications.old_rows import delete_old_attempts
from monitoring.notifications.passing_on import pass_on_overdue
from monitoring.notifications.planner import Page, newest_entry, plan, plan_young, read_page
from monitoring.notifications.settling import take_up_abandoned
from monitoring.notifications.windows import WindowKeeper

LEASE = timedelta(seconds=3)
SECOND_S, WINDOWS_S, OLD_S = 1.0, 5.0, 3600.0
LEAVE_WITHIN_S = 3.0


class Timer:
    """Say once per interval of the monotonic clock that something is due; at first at once."""

    def __init__(self, every_s: float) -> None:
        self._every_s, self._last = every_s, float("-inf")

    def is_due(self) -> bool:
        """Return whether the interval is over; a new one begins then."""
        now = time.monotonic()
        if now - self._last < self._every_s:
            return False
        self._last = now
        return True

    def hurry(self) -> None:
        """Make it due at once."""
        self._last = float("-inf")


class NotificationRunner:
    """Work for as long as this process holds the lease. After any exception, discard the runner."""

    def __init__(self, held: leases.Hold, position: int, dispatcher: Dispatcher) -> None:
        self.position = position
        self._owner = held.owner
        self._dispatcher = dispatcher
        self._windows = WindowKeeper()
        self._flood: Flood | None = None
        self._renewal, self._each_second = Timer(SECOND_S), Timer(SECOND_S)
        self._each_windows, self._each_old = Timer(WINDOWS_S), Timer(OLD_S)

    @classmethod
    def begin(cls, owner: str, dispatcher: Dispatcher, now: datetime) -> "NotificationRunner | None":
        """Take the lease and continue at the stored position; None if another process holds the lease.

        At the first start, and after another database took the place of this one, begin at the end of the
        journal, with the alarms that wait for a person since less than an hour.

        Raises:
            django.db.Error: the database is away.
        """
        with write_lock(), leases.holding(NOTIFICATIONS, owner, now=now, duration=LEASE) as held:
            if held is None:
                return None
            position, newest = held.position, newest_entry()
            if position is None or position > newest:
                position = newest
                plan_young(read_directory(), now)
            leases.keep_position(held, position)
        return cls(held, position, dispatcher)

    def step(self, now: datetime) -> bool:
        """Do what is due. Return whether more waits.

        Raises:
            LeaseLostError: another process holds the lease.
            django.db.Error: the database is away; nothing is lost.
        """
        is_more = self._each_windows.is_due() and self._windows.step(now)
        if is_more:
            self._each_windows.hurry()
        is_more |= self.plan(now)
        if self._each_second.is_due():
            take_up_abandoned(now)
            pass_on_overdue(now)
            self._flood = flood_at(now, self._flood)
        if self._each_old.is_due():
            delete_old_attempts(now)
        self._dispatcher.look(now, flood=self._flood)
        return is_more

    def plan(self, now: datetime) -> bool:
        """Write the deliveries of new lines of the journal and of steps that are due.

        Return whether more waits.

        Raises:
            LeaseLostError: another process holds the lease; nothing is written.
            django.db.Error: nothing is written.
        """
        page = read_page(self.position)
        has_steps = Escalation.objects.filter(due_at__lte=now).exists()
        if not (page.entries or has_steps or self._renewal.is_due()):
            return False
        with write_lock(), transaction.atomic():
            held = leases.hold(NOTIFICATIONS, self._owner, now=now, duration=LEASE)
            if held is None or held.position != self.position:
                raise LeaseLostError
            is_more = write_plan(page, now) if page.entries or has_steps else False
            position = page.entries[-1].id if page.entries else self.position
            leases.keep_position(held, position)
            leases.advance(held, now)
            failpoint("notifications.planned")
        self.position = position
        return is_more or page.is_full

    def close(self) -> None:
        """Wait for the messages that are being sent, and release the lease.

        Raises:
            django.db.Error: the lease expires.
        """
        self._dispatcher.stop(LEAVE_WITHIN_S)
        leases.release(NOTIFICATIONS, self._owner)


def write_plan(page: Page, now: datetime) -> bool:
    """Write what follows from a page and from steps that are due. Return whether more steps wait."""
    directory = read_directory()
    if page.entries:
        plan(page, directory, now)
    return take_due_steps(directory, now)


class Notifier(LeaseFollower[NotificationRunner]):
    """Notify people for as long as this process holds the lease. ``make_dispatcher`` gives the sender."""

    stand_by_s = 0.5

    def __init__(self, make_dispatcher: Callable[[], Dispatcher]) -> None:
        super().__init__(Outage(began="people can't be notified", ended="people are notified again"))
        self._make_dispatcher = make_dispatcher

    def work(self, now: datetime) -> bool:
        """See ``LeaseFollower``."""
        runner = self.runner
        if runner is None:
            runner = self.runner = NotificationRunner.begin(self.owner, self._make_dispatcher(), now)
        return runner is not None and runner.step(now)

    def close(self, runner: NotificationRunner, now: datetime) -> None:
        """See ``LeaseFollower``."""
        runner.close()


def run(make_dispatcher: Callable[[], Dispatcher], *, should_stop: Callable[[], bool]) -> None:
    """Notify people, or stand by, until ``should_stop``; then finish the messages on their way and leave."""
    Notifier(make_dispatcher).run(should_stop=should_stop)

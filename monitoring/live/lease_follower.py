"""Follow the stored measurements by id, in one of several processes: a lease decides which one works.

Detection and the evaluation of alarms follow in this way; the other processes stand by.
"""

import os
import socket
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Generic, TypeVar

from django.db import Error as DatabaseError
from django.db import connection

from monitoring.database.connections import close_if_replaced
from monitoring.database.leases import LeaseLostError
from monitoring.kernel.outages import Outage
from monitoring.kernel.stop_flag import interruptible_sleep
from monitoring.live.changes import make_watch

POLL_S = 0.2
RunnerT = TypeVar("RunnerT")


def new_owner() -> str:
    """Return a name for an owner of leases that no other has."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


class LeaseFollower(Generic[RunnerT]):
    """Feed stored measurements to a runner for as long as this process holds the lease.

    ``runner`` is None while another process holds the lease. Subclasses implement ``work`` and ``close``.
    """

    stand_by_s = 1.0  # between two tries to take the lease

    def __init__(self, outage: Outage, owner: str | None = None) -> None:
        self.owner = owner or new_owner()
        self.runner: RunnerT | None = None
        self.outage = outage
        self.watch = make_watch()
        self._settled: int | None = None

    def work(self, now: datetime) -> bool:
        """Take the lease if there is no runner; process one page. Return whether more waits.

        Raises:
            LeaseLostError: another process holds the lease.
            django.db.Error: the database is away; nothing is lost.
        """
        raise NotImplementedError

    def close(self, runner: RunnerT, now: datetime) -> None:
        """Save what the runner has not saved, and release the lease.

        Raises:
            LeaseLostError: another process holds the lease.
            django.db.Error: unsaved measurements will be processed again.
        """
        raise NotImplementedError

    @property
    def has_worked(self) -> bool:
        """Return whether an outage is over: the runner works again."""
        return self.runner is not None

    def step(self, now: datetime | None = None) -> bool:
        """Process one page of new measurements. Return whether more waits.

        Raises:
            django.db.Error: the database is away; nothing is lost.
        """
        try:
            return self.work(now or datetime.now(UTC))
        except LeaseLostError:
            self.runner = None
            return False
        except DatabaseError:
            self.runner = None
            raise

    def step_safely(self) -> bool:
        """Do a step; log the begin and the end of a database failure once.

        Return whether more waits.
        """
        close_if_replaced()
        try:
            is_more = self.step()
        except DatabaseError as error:
            self.outage.begin(error)
            connection.close()
            return False
        if self.has_worked:
            self.outage.end()
        return is_more

    def leave(self) -> None:
        """Save what was processed and release the lease. If that fails, the lease expires."""
        runner, self.runner = self.runner, None
        if runner is not None:
            with suppress(DatabaseError, LeaseLostError):
                self.close(runner, datetime.now(UTC))

    def settled(self) -> int | None:
        """Return the id up to which all ids are settled; None before the first answer of the watch."""
        settled = self.watch.settled()
        self._settled = self._settled if settled is None else settled
        return self._settled

    def run(self, *, should_stop: Callable[[], bool]) -> None:
        """Work, or stand by, until ``should_stop``; then save and leave."""
        try:
            while not should_stop():
                if not self.step_safely():
                    interruptible_sleep(POLL_S if self.runner else self.stand_by_s, should_stop)
            self.leave()
        finally:
            connection.close()

"""Follow the stored measurements, page by page in the order of their ids, and evaluate the alarms.

Several processes may follow. A lease decides which one evaluates; the others stand by.
"""

import os
import socket
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from django.db import Error as DatabaseError
from django.db import connection

from monitoring.alarms.runner import AlarmRunner, DefinitionsChangedError, LeaseLostError
from monitoring.alarms.system_watch import Troubles, no_troubles
from monitoring.database.connections import close_if_replaced
from monitoring.kernel.outages import Outage
from monitoring.kernel.stop_flag import interruptible_sleep
from monitoring.live.changes import make_watch, newest_id

POLL_S = 0.2
STAND_BY_S = 0.5


class Evaluator:
    """Feed stored measurements to an AlarmRunner for as long as this process holds the lease.

    ``runner`` is None while another process holds the lease.
    """

    def __init__(self, troubles: Troubles = no_troubles) -> None:
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.runner: AlarmRunner | None = None
        self.outage = Outage(began="alarms can't be evaluated", ended="alarms are evaluated again")
        self.watch = make_watch()
        self._troubles = troubles
        self._settled: int | None = None

    def step_safely(self) -> bool:
        """Do a step; log the begin and the end of a database failure once.

        Return whether more waits.
        """
        close_if_replaced()
        try:
            is_more = self.step(datetime.now(UTC))
        except DatabaseError as error:
            self.outage.begin(error)
            connection.close()
            return False
        if self.runner is not None:
            self.outage.end()
        return is_more

    def step(self, now: datetime) -> bool:
        """Evaluate one page of new measurements, and the clock once a second. Return whether more waits.

        Raises:
            django.db.Error: the database is away; nothing is lost.
        """
        try:
            return self._evaluate(now)
        except DefinitionsChangedError:
            self.runner = None
            return True
        except LeaseLostError:
            self.runner = None
            return False
        except DatabaseError:
            self.runner = None
            raise

    def leave(self) -> None:
        """Save what was evaluated and release the lease. If that fails, the lease expires."""
        runner, self.runner = self.runner, None
        if runner is not None:
            with suppress(DatabaseError, LeaseLostError, DefinitionsChangedError):
                runner.close(now=datetime.now(UTC))

    def _evaluate(self, now: datetime) -> bool:
        runner = self.runner = self.runner or self._begin(now)
        if runner is None:
            return False
        settled = self.watch.settled()
        self._settled = upto = self._settled if settled is None else settled
        if upto is not None:
            runner.read(upto, now)
        is_caught_up = upto is not None and runner.position >= upto
        is_more = runner.is_to_commit(is_caught_up=is_caught_up) and runner.commit(
            now=now, is_caught_up=is_caught_up
        )
        return is_more or (upto is not None and runner.position < upto)

    def _begin(self, now: datetime) -> AlarmRunner | None:
        self.watch = make_watch()
        self._settled = self.watch.settled()
        return AlarmRunner.begin(
            self.owner, now=now, settled=self._settled, newest_id=newest_id(), troubles=self._troubles
        )


def run(*, should_stop: Callable[[], bool], troubles: Troubles = no_troubles) -> None:
    """Evaluate the alarms, or stand by, until ``should_stop``; then save and leave."""
    evaluator = Evaluator(troubles)
    try:
        while not should_stop():
            if not evaluator.step_safely():
                interruptible_sleep(POLL_S if evaluator.runner else STAND_BY_S, should_stop)
        evaluator.leave()
    finally:
        connection.close()

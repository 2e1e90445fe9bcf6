"""Follow the stored measurements, page by page in the order of their ids, and detect events in them.

Several processes may follow. A lease decides which one detects; the others stand by.
"""

import os
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from django.db import Error as DatabaseError
from django.db import connection

from monitoring.database.connections import close_if_replaced
from monitoring.detection.detection_runner import DetectionRunner, LeaseLostError
from monitoring.kernel.outages import Outage
from monitoring.kernel.stop_flag import interruptible_sleep
from monitoring.live.changes import make_watch, newest_id, read_changes

PAGE = 2_000
POLL_S = 0.2
STAND_BY_S = 1.0
LEAVE_S = 2.0  # of the 4 s in which the process has to end


class Follower:
    """Feed stored measurements to a DetectionRunner for as long as this process holds the lease.

    ``runner`` is None while another process holds the lease.
    """

    def __init__(self) -> None:
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.runner: DetectionRunner | None = None
        self.outage = Outage(began="measurements can't be judged", ended="measurements are judged again")
        self.watch = make_watch()
        self._settled: int | None = None

    def step_safely(self) -> bool:
        """Do a step; log the begin and the end of a database failure once.

        Return whether more measurements wait.
        """
        close_if_replaced()
        try:
            is_more = self.step()
        except DatabaseError as error:
            self.outage.begin(error)
            connection.close()
            return False
        if self.runner is not None and self.runner.has_written:
            self.outage.end()
        return is_more

    def step(self) -> bool:
        """Process one page of new measurements. Return whether more wait.

        Raises:
            django.db.Error: the database is away; nothing is lost.
        """
        try:
            return self._process_page(datetime.now(UTC))
        except LeaseLostError:
            self.runner = None
            return False
        except DatabaseError:
            self.runner = None
            raise

    def leave(self) -> None:
        """Save all unsaved states and release the lease. If that fails, the lease expires."""
        runner, self.runner = self.runner, None
        if runner is not None:
            with suppress(DatabaseError, LeaseLostError):
                runner.close(now=datetime.now(UTC), until=time.monotonic() + LEAVE_S)

    def _process_page(self, now: datetime) -> bool:
        runner = self.runner = self.runner or self._begin(now)
        if runner is None:
            return False
        runner.refresh()
        settled = self.watch.settled()
        self._settled = upto = self._settled if settled is None else settled
        if upto is not None:
            self._read_into(runner, upto, now)
        is_caught_up = runner.position == upto
        if is_caught_up:
            runner.check_silence(now)
        if runner.is_to_commit():
            runner.commit(now=now, is_caught_up=is_caught_up)
        return upto is not None and runner.position < upto

    def _begin(self, now: datetime) -> DetectionRunner | None:
        self.watch, self._settled = make_watch(), None
        return DetectionRunner.begin(self.owner, now=now, newest_id=newest_id())

    def _read_into(self, runner: DetectionRunner, upto: int, now: datetime) -> None:
        if upto < runner.position:  # another database took the place of this one
            raise LeaseLostError
        if upto > runner.position:
            rows = read_changes(after=runner.position, upto=upto, limit=PAGE)
            runner.update(rows, rows[-1][0] if len(rows) == PAGE else upto, now=now)


def run(*, should_stop: Callable[[], bool]) -> None:
    """Detect events in new measurements, or stand by, until ``should_stop``; then save and leave."""
    follower = Follower()
    try:
        while not should_stop():
            if not follower.step_safely():
                interruptible_sleep(POLL_S if follower.runner else STAND_BY_S, should_stop)
        follower.leave()
    finally:
        connection.close()

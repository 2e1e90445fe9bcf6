"""What is stored as the judge's source: page after page behind where it is, in the order of the ids.

Several runs overlap; a lease says which of them judges, the others stand by.
"""

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from django.db import Error as DatabaseError
from django.db import connection

from monitoring.database.connections import close_if_replaced
from monitoring.detection.judge import Judge, LeaseLostError
from monitoring.detection.rejudging import judged_until
from monitoring.kernel.lease_names import DETECTION
from monitoring.kernel.outages import Outage
from monitoring.live.changes import make_watch, newest_id, read_changes

PAGE = 2_000
POLL_S = 0.2
STAND_BY_S = 1.0
NAP_S = 0.1
LEAVE_S = 2.0  # of the 4 s that the worker has to stop
CATCH_UP_PAGES = 10
LOCK_MS = 500
RETRY_S = 10.0

outage = Outage(began="measurements can't be judged", ended="measurements are judged again")
_catching_up = threading.Lock()
_not_before = 0.0


class Follower:
    """Follows what is stored for one judge after another, each for as long as it holds the lease.

    ``looks``: whether it also notices readings that have stopped coming.
    """

    def __init__(self, *, looks: bool = True) -> None:
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.looks = looks
        self.judge: Judge | None = None
        self._watch = make_watch()
        self._settled: int | None = None

    def step(self) -> bool:
        """Judges a page of what is new; whether there is more at once.

        Raises:
            django.db.Error: the database is away; nothing is lost.
        """
        try:
            return self._judge_page(datetime.now(UTC))
        except LeaseLostError:
            self.judge = None
            return False
        except DatabaseError:
            self.judge = None
            raise

    def leave(self) -> None:
        """Saves what is not saved yet, and lets another judge; failing that, the lease expires."""
        judge, self.judge = self.judge, None
        if judge is not None:
            with suppress(DatabaseError, LeaseLostError):
                judge.close(now=datetime.now(UTC), until=time.monotonic() + LEAVE_S)

    def _judge_page(self, now: datetime) -> bool:
        judge = self.judge = self.judge or self._begin(now)
        if judge is None:
            return False
        judge.refresh()
        settled = self._watch.settled()
        self._settled = upto = self._settled if settled is None else settled
        if upto is not None:
            self._read_into(judge, upto, now)
        is_caught_up = judge.position == upto
        if is_caught_up and self.looks:
            judge.look(now)
        if judge.is_to_commit():
            judge.commit(now=now, is_caught_up=is_caught_up)
        return upto is not None and judge.position < upto

    def _begin(self, now: datetime) -> Judge | None:
        self._watch, self._settled = make_watch(), None
        return Judge.begin(self.owner, now=now, newest_id=newest_id())

    def _read_into(self, judge: Judge, upto: int, now: datetime) -> None:
        if upto < judge.position:  # another database took the place of this one
            raise LeaseLostError
        if upto > judge.position:
            rows = read_changes(after=judge.position, upto=upto, limit=PAGE)
            judge.take(rows, rows[-1][0] if len(rows) == PAGE else upto, now=now)


def run(*, duration_s: float, should_stop: Callable[[], bool], stays_s: float = 0.0) -> None:
    """Judges what is stored as it comes, or stands by, until the time is up.

    Who judges then stays for up to ``stays_s``: another would have to begin with what is not in
    saved states, which of ten thousand tags is some minutes' readings.
    """
    began = time.monotonic()
    follower = Follower()
    while not should_stop():
        if time.monotonic() > began + (stays_s if follower.judge and stays_s else duration_s):
            break
        if not step_safely(follower):
            nap(POLL_S if follower.judge else STAND_BY_S, should_stop)
    follower.leave()


def step_safely(follower: Follower) -> bool:
    """A step whose failure is logged when it begins and when it ends; whether there is more at once."""
    close_if_replaced()
    try:
        is_more = follower.step()
    except DatabaseError as error:
        outage.begin(error)
        connection.close()
        return False
    if follower.judge is not None and follower.judge.has_written:
        outage.end()
    return is_more


def catch_up() -> None:
    """Judges what is new here and now, some thousands at most, if no worker does it and nobody hinders it.

    Raises:
        django.db.Error: the database is away.
    """
    global _not_before
    if time.monotonic() < _not_before or newest_id() <= judged_until(DETECTION):
        return
    if not _catching_up.acquire(blocking=False):
        return
    try:
        judge_some()
    except DatabaseError:  # it takes no writes: whoever asks is told what was found before
        _not_before = time.monotonic() + RETRY_S
    finally:
        _catching_up.release()


def judge_some() -> None:
    """Judges a few pages.

    Raises:
        django.db.Error: the database takes no writes now.
    """
    follower = Follower(looks=False)
    with short_wait():
        try:
            for _ in range(CATCH_UP_PAGES):
                if not follower.step():
                    break
        finally:
            follower.leave()


@contextmanager
def short_wait() -> Iterator[None]:
    """Within it nobody waits for long for a lock."""
    show, put = ("PRAGMA busy_timeout", "PRAGMA busy_timeout = {}")
    if connection.vendor == "postgresql":
        show, put = ("SHOW lock_timeout", "SET lock_timeout = '{}'")
    with connection.cursor() as cursor:
        cursor.execute(show)
        before = cursor.fetchone()[0]
        cursor.execute(put.format(LOCK_MS))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(put.format(before))


def nap(duration_s: float, should_stop: Callable[[], bool]) -> None:
    """Sleeps, unless asked to stop."""
    end = time.monotonic() + duration_s
    while (left := end - time.monotonic()) > 0 and not should_stop():
        time.sleep(min(left, NAP_S))

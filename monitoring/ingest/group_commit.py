"""Store small deliveries that wait for one another together: one transaction and one fsync for all.

One thread of the process stores at a time, the leader. Deliveries that arrive meanwhile queue. The next
leader is the first in the queue, and stores all that queue by the time it has the write lock. A lone delivery
is stored at once, by its own thread.
"""

import threading
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum, auto

from django.db import OperationalError, connection

from monitoring.database.write_lock import LOCKED, longest_wait_s
from monitoring.ingest.deliveries import Collect, Delivery
from monitoring.ingest.outcomes import Outcomes
from monitoring.ingest.pipeline import ingest_deliveries, ingest_readings
from monitoring.kernel.runtime import part

SMALL = 32  # readings of a delivery that may be combined: larger ones gain little
MOST = 256  # readings of a combined transaction, so that no delivery waits for long
# On PostgreSQL writers of different tags need not wait for one another, so the queue must not wait for a
# leader that waits for the lock of a tag.
PATIENCE_S = 0.25
ALONE = 6  # requests of a process that store alone at one time: each takes a connection of the pool


class Fate(Enum):
    """The way on for the thread of a request."""

    WAIT = auto()
    LEAD = auto()
    RETURN = auto()  # the outcomes
    RAISE = auto()  # the error
    STORE_ALONE = auto()


class Request:
    """A delivery whose thread waits for the outcomes; ``woken`` is released once the fate is set."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.fate = Fate.WAIT
        self.outcomes = Outcomes(0)
        self.error: Exception | None = None
        self.woken = threading.Semaphore(0)

    def __len__(self) -> int:
        return len(self.delivery.items)

    def finish(self, outcomes: Outcomes) -> None:
        """Set the outcomes to return."""
        self.fate, self.outcomes = Fate.RETURN, outcomes

    def fail(self, error: Exception) -> None:
        """Set the error to raise."""
        self.fate, self.error = Fate.RAISE, error

    def result(self) -> Outcomes:
        """Return the outcomes or raise the error; store the delivery alone if its group could not be."""
        if self.error is not None:
            raise self.error
        if self.fate is Fate.RETURN:
            return self.outcomes
        items, source, received = self.delivery.items, self.delivery.source, self.delivery.received
        return ingest_readings(items, source=source, now=received)


class GroupCommit:
    """The requests of one process."""

    def __init__(self) -> None:
        self._alone = threading.BoundedSemaphore(ALONE)
        self._lock = threading.Lock()
        self.has_leader = False
        self._queue: deque[Request] = deque()

    @property
    def waiting(self) -> int:
        """Return how many requests queue."""
        return len(self._queue)

    def ingest(self, items: Sequence[object], *, source: str) -> Outcomes:
        """Store the items of a request as ``ingest_readings`` does, perhaps together with other requests.

        An error that one request causes is raised for this request only.

        Raises:
            django.db.Error: the database failed; no item is stored.
        """
        if len(items) > SMALL or connection.in_atomic_block:
            return ingest_readings(items, source=source)
        request = Request(Delivery(items, source, datetime.now(UTC)))
        self._enter(request)
        if request.fate is Fate.WAIT:
            self._wait(request)
        if request.fate is Fate.LEAD:
            self._lead(request)
        if request.fate is not Fate.STORE_ALONE or longest_wait_s():  # SQLite has a lock for all
            return request.result()
        with self._alone:  # the database's lock timeout bounds each
            return request.result()

    def _enter(self, request: Request) -> None:
        """Make the request the leader if there is none, else queue it."""
        with self._lock:
            if self.has_leader:
                self._queue.append(request)
            else:
                self.has_leader, request.fate = True, Fate.LEAD

    def _wait(self, request: Request) -> None:
        """Wait for the fate of a queued request; leave the queue if no leader takes the request in time."""
        wait_s = longest_wait_s()
        try:
            if request.woken.acquire(timeout=wait_s or PATIENCE_S):
                return
        except BaseException:
            if not self._withdraw(request) and request.fate is Fate.LEAD:
                self._pass_on()
            raise
        if not self._withdraw(request):
            request.woken.acquire()
        elif wait_s:
            request.fail(OperationalError(LOCKED))
        else:
            request.fate = Fate.STORE_ALONE

    def _withdraw(self, request: Request) -> bool:
        """Take the request out of the queue; return False if it is not there any more."""
        with self._lock:
            is_queued = request in self._queue
            if is_queued:
                self._queue.remove(request)
            return is_queued

    def _lead(self, own: Request) -> None:
        """Store this request with all that queue, pass the lead on, and wake the threads of the others."""
        group = [own]

        def collect() -> list[Delivery]:
            group.extend(self._take(MOST - len(own)))
            return [request.delivery for request in group]

        try:
            own.fate = Fate.STORE_ALONE
            store(group, collect)
        finally:
            self._pass_on()
            for request in group[1:]:
                request.woken.release()

    def _take(self, room: int) -> list[Request]:
        """Take requests with up to ``room`` readings out of the queue, oldest first."""
        taken = []
        with self._lock:
            while self._queue and (room := room - len(self._queue[0])) >= 0:
                taken.append(self._queue.popleft())
                taken[-1].fate = Fate.STORE_ALONE
        return taken

    def _pass_on(self) -> None:
        """Make the first request in the queue the leader."""
        with self._lock:
            self.has_leader = bool(self._queue)
            if self._queue:
                following = self._queue.popleft()
                following.fate = Fate.LEAD
                following.woken.release()


def store(group: Sequence[Request], collect: Collect) -> None:
    """Store the requests that ``collect`` adds to the group, and set the fate of each.

    If one request makes the transaction fail, each is left to store its delivery alone.
    """
    try:
        outcomes = ingest_deliveries(collect)
    except Exception as error:  # noqa: BLE001 - raised in the thread of the request
        if len(group) == 1:
            group[0].fail(error)
        elif is_outage(error):
            for request in group:
                request.fail(OperationalError(*error.args))
    else:
        for request, found in zip(group, outcomes, strict=True):
            request.finish(found)


def is_outage(error: Exception) -> bool:
    """Return whether the database is away or locked for everyone, so that another try would wait as long.

    PostgreSQL gives its own errors a code, such as that of a lock on one tag.
    """
    code = getattr(error.__cause__, "sqlstate", None)
    return isinstance(error, OperationalError) and code is None


def group_commit() -> GroupCommit:
    """Return the requests of this process."""
    return part(GroupCommit)

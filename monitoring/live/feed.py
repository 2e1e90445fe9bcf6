"""Read new rows in one thread per process, for all subscribers.

The thread fills a ring with measurements by id, and a ring for each source of changes (events of detectors,
alarms) by revision, because each change of a row sends the row again. The thread starts with the first
subscriber and ends ``LINGER_S`` seconds after the last. A subscriber that falls behind the buffer pages
through the database until the subscriber has caught up.
"""

import threading
import time
from collections.abc import Callable, Sequence
from itertools import chain

from django.db import Error as DatabaseError

from monitoring.history.measurements import Row
from monitoring.kernel.outages import Outage
from monitoring.live.changes import Watch, make_watch, newest_id, read_changes, release_connection
from monitoring.live.followed import CHANGES_KEPT, ChangeSource, FollowedChanges
from monitoring.live.ring import Offset, Ring, StreamMessage
from monitoring.live.subscribe import Listener
from monitoring.live.wakeups import wakeup

POLL_S = 0.15  # without notices from other processes; a poll of SQLite is cheap
HEARING_POLL_S = 1.0  # with notices, because a notice may be lost
UNSETTLED_POLL_S = 0.05
GATHER_S = 0.1  # batches single measurements, to wake many subscribers less often
LINGER_S = 5.0
AWAY_S = 1.0
SETTLE_S = 5.0
PAGE = 2_000
EVENTS_KEPT = 20_000

Render = Callable[[Sequence[Row]], Sequence[StreamMessage]]


class TooManySubscribersError(Exception):
    """The limit of subscribers is reached, or the process is stopping."""


class NotSettledError(Exception):
    """Open transactions did not end within ``SETTLE_S`` seconds, so the newest stored id is unknown."""


class Feed:
    """Buffer of new messages, shared by all subscribers of the process.

    ``render`` converts measurements to messages; ``sources`` have rows that change. The feed calls
    ``refresh`` before each access to the database.
    """

    def __init__(
        self, *, render: Render, sources: Sequence[ChangeSource], refresh: Callable[[], None]
    ) -> None:
        self.ring = Ring(EVENTS_KEPT)
        self.followed = [FollowedChanges(source, CHANGES_KEPT) for source in sources]
        self.outage = Outage(began="the stream can't read", ended="the stream reads again")
        self.render, self.refresh = render, refresh
        self._subscribers: frozenset[Subscriber] = frozenset()  # replaced whole: any thread may iterate
        self._is_stopped = False
        self._thread: threading.Thread | None = None
        self._left_at = 0.0
        self._settled = 0
        self._lock = threading.Lock()
        self._wakeup = wakeup()

    @property
    def is_running(self) -> bool:
        """Return whether the reading thread runs."""
        return self._thread is not None

    @property
    def subscribers(self) -> int:
        """Return the number of subscribers."""
        return len(self._subscribers)

    def subscribe(
        self, wake: Callable[[], None], *, since: int | None, tags: frozenset[str], limit: int
    ) -> "Subscriber":
        """Subscribe to measurements of ``tags`` (empty: all) after the id ``since`` (None: the newest).

        An id above the highest assigned one, as after restoring a database, counts as None. Another thread
        calls ``wake`` whenever there may be messages to take.

        Raises:
            TooManySubscribersError: ``limit`` is reached, or the process is stopping.
            NotSettledError: the newest stored id is not known yet; the caller may try again.
            django.db.Error: the database is unavailable.
        """
        with self._lock:
            if len(self._subscribers) >= limit or self._is_stopped:
                raise TooManySubscribersError
            if self._thread is None:
                self._start()
            place = self.ring.head
            if since is not None and (since <= place.id or since <= newest_id()):
                place = place._replace(id=since)
            subscriber = Subscriber(self, wake, place, tags)
            self._subscribers |= {subscriber}
        return subscriber

    def unsubscribe(self, subscriber: "Subscriber") -> None:
        """Remove the subscriber; do nothing if already removed."""
        with self._lock:
            self._subscribers -= {subscriber}
            self._left_at = time.monotonic()

    def stop(self) -> None:
        """End all subscriptions, accept no new ones, and wait until the thread has ended."""
        with self._lock:
            self._is_stopped = True
            thread = self._thread
        self._end_all()
        self._wakeup.set()
        if thread is not None:
            thread.join()

    def _start(self) -> None:
        watch = make_watch()
        self._settled = settled_now(watch)
        self.ring.start(self._settled)
        for each in self.followed:
            each.start()
        self._thread = threading.Thread(target=self._run, args=[watch], name="feed", daemon=True)
        self._thread.start()

    def _run(self, watch: Watch) -> None:
        listener = Listener(self._wakeup.set)
        listener.start()
        try:
            while self._is_wanted():
                if self.read_new(watch):
                    time.sleep(GATHER_S)
                self._wakeup.wait(pause_s(watch, listener))
                self._wakeup.clear()
        finally:
            release_connection()
            listener.stop()
            with self._lock:
                if self._thread is threading.current_thread():  # an unexpected exception ended the loop
                    self._thread = None
                    self._end_all()

    def _is_wanted(self) -> bool:
        with self._lock:
            is_wanted = bool(self._subscribers) or time.monotonic() - self._left_at < LINGER_S
            if self._is_stopped or not is_wanted:
                self._thread = None
                return False
            return True

    def read_new(self, watch: Watch) -> bool:
        """Add new measurements and events to the rings; return whether there were any.

        An error of the database begins an outage and is not raised.
        """
        before = self._heads()
        try:
            self.refresh()
            settled = watch.settled()
            if settled is not None:
                self._settled = settled
            if self._settled < self.ring.head.id:  # the database was replaced
                self.ring.start(self._settled)
            self._read_pages()
            for each in self.followed:
                each.read_new(limit=PAGE, should_stop=lambda: self._is_stopped, wake=self._wake_all)
        except DatabaseError as error:
            self.outage.begin(error)
            release_connection()
            self._wakeup.clear()
        else:
            self.outage.end()
        return self._heads() != before

    def _heads(self) -> list[Offset]:
        return [self.ring.head, *(each.ring.head for each in self.followed)]

    def _read_pages(self) -> None:
        while (head := self.ring.head.id) < self._settled and not self._is_stopped:
            rows = read_changes(after=head, upto=self._settled, limit=PAGE)
            self.ring.add(self.render(rows), behind(rows, self._settled))
            self._wake_all()

    def _wake_all(self) -> None:
        for subscriber in self._subscribers:
            subscriber.wake()

    def _end_all(self) -> None:
        for subscriber in self._subscribers:
            subscriber.is_over = True
            subscriber.wake()


class Subscriber:
    """Position of one subscriber in the feed. Not thread-safe: use from one thread at a time."""

    def __init__(self, feed: Feed, wake: Callable[[], None], place: Offset, tags: frozenset[str]) -> None:
        self.wake = wake
        self.place = place
        self.changes = [each.ring.head for each in feed.followed]
        self.is_over = False
        self._feed = feed
        self.tags = tags

    @property
    def is_behind(self) -> bool:
        """Return whether the rings have discarded the next messages, so that only the database has them."""
        return self._feed.ring.has_lost(self.place) or any(
            each.ring.has_lost(change) for each, change in zip(self._feed.followed, self.changes, strict=True)
        )

    def take(self) -> bytes:
        """Return all available messages of the subscriber's tags, concatenated; empty for none.

        While the subscriber ``is_behind``, read a page from the database. If the database is unavailable,
        wait ``AWAY_S`` seconds and return no messages.
        """
        if self.is_behind:
            return self._take_page()
        events, self.place = self._feed.ring.after(self.place)
        for place, each in enumerate(self._feed.followed):
            changes, self.changes[place] = each.ring.after(self.changes[place])
            events += changes
        return self._joined(events)

    def _take_page(self) -> bytes:
        head = self._feed.ring.head.id
        try:
            self._feed.refresh()
            rows = read_changes(after=self.place.id, upto=head, limit=PAGE)
            changes = [
                each.source.read_changed(after=change.id, limit=PAGE)
                for each, change in zip(self._feed.followed, self.changes, strict=True)
            ]
        except DatabaseError as error:
            self._feed.outage.begin(error)
            time.sleep(AWAY_S)
            return b""
        finally:
            release_connection()
        self.place = self.place._replace(id=behind(rows, head))
        for number, found in enumerate(changes):
            if found:
                self.changes[number] = self.changes[number]._replace(id=found[-1].id)
        wanted = [row for row in rows if not self.tags or row[2] in self.tags]
        return self._joined([*self._feed.render(wanted), *chain.from_iterable(changes)])

    def _joined(self, events: Sequence[StreamMessage]) -> bytes:
        return b"".join(event.for_tags(self.tags) for event in events)

    def close(self) -> None:
        """End the subscription and wake the subscriber."""
        self.is_over = True
        self._feed.unsubscribe(self)
        self.wake()


def pause_s(watch: Watch, listener: Listener) -> float:
    """Return the longest time to wait for a notice before the next poll, in seconds."""
    if watch.is_waiting:
        return UNSETTLED_POLL_S
    return HEARING_POLL_S if listener.is_hearing else POLL_S


def settled_now(watch: Watch) -> int:
    """Wait until the watch reports a settled id, and return that id.

    Raises:
        NotSettledError: no id was settled within ``SETTLE_S`` seconds.
    """
    end = time.monotonic() + SETTLE_S
    while (settled := watch.settled()) is None:
        if time.monotonic() > end:
            raise NotSettledError
        time.sleep(GATHER_S / 2)
    return settled


def behind(rows: Sequence[Row], upto: int) -> int:
    """Return the id up to which these rows are complete: ``upto``, unless the rows fill a page."""
    return rows[-1][0] if len(rows) == PAGE else upto

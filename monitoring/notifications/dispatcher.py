"""Send what is due: at most one thread a channel, so that a slow channel delays no other."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import Error as DatabaseError
from django.db import connection

from monitoring.kernel.failpoints import failpoint
from monitoring.models import Channel
from monitoring.notifications.floods import Flood
from monitoring.notifications.message import Message, Outcome, Result
from monitoring.notifications.outbox import BucketOf, ChangedMeanwhileError, Claimed, claim, due_channels
from monitoring.notifications.pace import Bucket
from monitoring.notifications.settling import settle

logger = logging.getLogger(__name__)

MOST_THREADS = 32
BROKEN_S = 30.0  # after an error of Fermon itself
AGAIN_S = 1.0  # before a channel that had nothing to send is looked at again
SETTLE_S = 15.0  # less than it takes until an attempt counts as abandoned
Send = Callable[[Channel, Message], Outcome]


def usual_bucket(kind: str) -> Bucket:
    """Return the bucket of a kind that names none."""
    return Bucket()


def now_utc() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Dispatcher:
    """Start a thread for each channel with deliveries that are due, at most ``MOST_THREADS``.

    ``send`` ends within 10.5 s and raises nothing. Call ``look`` and ``stop`` in one thread.
    """

    def __init__(
        self,
        send: Send,
        *,
        bucket_of: BucketOf = usual_bucket,
        clock: Callable[[], datetime] = now_utc,
    ) -> None:
        self._send, self._bucket_of, self._clock = send, bucket_of, clock
        self._threads: dict[int, threading.Thread] = {}
        self._not_before: dict[int, float] = {}
        self._is_stopped = False

    def look(self, now: datetime, *, flood: Flood | None = None) -> None:
        """Start sending on the channels that have something to send.

        Raises:
            django.db.Error: nothing is started.
        """
        self._threads = {key: thread for key, thread in self._threads.items() if thread.is_alive()}
        for channel in due_channels(now):
            is_free = channel not in self._threads and len(self._threads) < MOST_THREADS
            if is_free and time.monotonic() >= self._not_before.get(channel, 0.0):
                thread = threading.Thread(
                    target=self._run, args=(channel, flood), name=f"channel-{channel}", daemon=True
                )
                self._threads[channel] = thread
                thread.start()

    def stop(self, within_s: float) -> None:
        """Begin nothing more, and wait for the messages that are being sent."""
        self._is_stopped = True
        deadline = time.monotonic() + within_s
        for thread in self._threads.values():
            thread.join(max(0.0, deadline - time.monotonic()))

    def deliver(self, channel: int, *, flood: Flood | None = None) -> bool:
        """Send one message on a channel; return False if there was none to send.

        Raises:
            django.db.Error: a claimed message is taken up again later.
        """
        claimed = claim(channel, self._clock(), bucket_of=self._bucket_of, flood=flood)
        if claimed is None:
            return False
        failpoint("notifications.begun")
        outcome = self._outcome(claimed.channel, claimed.message)
        failpoint("notifications.sent")
        self._settle(claimed, outcome)
        return True

    def _settle(self, claimed: Claimed, outcome: Outcome) -> None:
        """Store the outcome; try for some time, since an outcome that is lost makes a repetition."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            try:
                return settle(claimed, outcome, self._clock())
            except DatabaseError:
                if connection.in_atomic_block or time.monotonic() > deadline:
                    raise
                connection.close()
                time.sleep(AGAIN_S)

    def _run(self, channel: int, flood: Flood | None) -> None:
        try:
            if not self._is_stopped and not self.deliver(channel, flood=flood):
                self._not_before[channel] = time.monotonic() + AGAIN_S
        except (DatabaseError, ChangedMeanwhileError) as error:
            self._not_before[channel] = time.monotonic() + AGAIN_S
            logger.warning("notification not settled", extra={"channel": channel, "error": str(error)})
        except Exception:
            self._not_before[channel] = time.monotonic() + BROKEN_S
            logger.exception("notification failed")
        finally:
            connection.close()

    def _outcome(self, channel: Channel, message: Message) -> Outcome:
        try:
            return self._send(channel, message)
        except Exception as error:  # noqa: BLE001 - a sender that breaks its promise must not end the thread
            return Outcome(Result.UNKNOWN, f"the sender failed: {type(error).__name__}")

"""Claim the deliveries of a channel that are due, as one message.

A claim is one transaction: it locks the channel, reads the state of each alarm again, cancels what nobody
needs any more, and commits the attempt as begun before anything is sent. The set of an attempt that may have
arrived is sent again alone, with the same id; everything else that waits goes together.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from monitoring.alarms.kinds import Priority
from monitoring.database.write_lock import write_lock
from monitoring.kernel.chunks import chunks
from monitoring.kernel.failpoints import failpoint
from monitoring.models import Channel, Delivery, DeliveryAttempt, MaintenanceWindow
from monitoring.notifications.backoff import GIVE_UP_AFTER, LONGEST_RETRY_AFTER_S
from monitoring.notifications.composing import Framing, Subject, compose, compose_test
from monitoring.notifications.directory import zone_of_channel
from monitoring.notifications.escalating import GROUP_WAIT
from monitoring.notifications.floods import Flood
from monitoring.notifications.links import public_url, verify_url
from monitoring.notifications.message import Message
from monitoring.notifications.pace import FLOOD_WITHIN, Bucket, may_disturb, may_send
from monitoring.notifications.planner import ALREADY_OVER
from monitoring.notifications.relevance import WaitingRow, read_waiting, reason_to_cancel, subjects_of

URGENT = (Priority.CRITICAL, Priority.HIGH)
AT_ONCE = 500
CLOCK_SLACK = timedelta(minutes=1)
OPEN = ("waiting", "sending")
TOO_OLD = "not sent within 24 hours"

BucketOf = Callable[[str], Bucket]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this process must send now: the attempt is committed as begun."""

    channel: Channel
    attempt: DeliveryAttempt
    message: Message


class ChangedMeanwhileError(Exception):
    """Another process changed the deliveries; the claim is rolled back."""


def claim(channel: int, now: datetime, *, bucket_of: BucketOf, flood: Flood | None = None) -> Claimed | None:
    """Claim what is due on a channel; None if there is nothing to send now.

    Raises:
        ChangedMeanwhileError: nothing is claimed.
        django.db.Error: nothing is claimed.
    """
    with write_lock(), transaction.atomic():
        locked = (
            Channel.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("person")
            .filter(pk=channel)
            .order_by("pk")
            .first()
        )
        found = Claim(locked, now, bucket_of, flood).take() if locked else None
        if found is not None:
            failpoint("notifications.claimed")
    return found


def due_channels(now: datetime) -> list[int]:
    """Return the channels with deliveries that are due, and not blocked by their breaker."""
    rows = waiting().filter(is_due(now)).exclude(is_blocked("channel__", now))
    return list(rows.order_by().values_list("channel", flat=True).distinct())


def open_deliveries() -> QuerySet[Delivery]:
    """Return the deliveries that wait or are being sent. Do not use the rows as a subquery.

    SQLite uses the partial index only for a condition in the words of the index, without parameters.
    """
    return Delivery.objects.extra(where=["notification_deliveries.state IN ('waiting', 'sending')"])


def waiting() -> QuerySet[Delivery]:
    """Return the deliveries that wait."""
    return open_deliveries().filter(state="waiting")


def is_due(now: datetime, ahead: timedelta = timedelta()) -> Q:
    """Return the condition for deliveries that are due.

    Times from a clock that was ahead when the row was made count for nothing: the row is due now.
    """
    return Q(due_at__lte=now + ahead) | Q(created_at__gt=now + CLOCK_SLACK)


def is_blocked(prefix: str, now: datetime) -> Q:
    """Return the condition for channels with an open breaker; a time too far ahead is from another clock."""
    latest = now + timedelta(seconds=2 * LONGEST_RETRY_AFTER_S)
    return Q(**{f"{prefix}blocked_until__gt": now, f"{prefix}blocked_until__lt": latest})


class Claim:
    """The steps of a claim, in a transaction that has locked the channel."""

    def __init__(self, channel: Channel, now: datetime, bucket_of: BucketOf, flood: Flood | None) -> None:
        self.channel, self.now, self.flood = channel, now, flood
        self._bucket_of = bucket_of

    @property
    def _waiting(self) -> QuerySet[Delivery]:
        return waiting().filter(channel=self.channel)

    def take(self) -> Claimed | None:
        """Return the message to send; tests first, then what may have arrived, then all else."""
        if self._is_blocked():
            return None
        tests = list(self._waiting.filter(is_due(self.now), kind="test").order_by("id"))
        if tests:
            return self._test(tests)
        if self._is_closed():
            return None
        self._give_up()
        pinned = self._waiting.filter(is_due(self.now), may_repeat=True, attempt__isnull=False)
        first = pinned.order_by("due_at", "id").values_list("attempt", flat=True).first()
        if first is not None:
            return self._send(self._waiting.filter(attempt=first, may_repeat=True), repeats=first)
        fresh = self._waiting.filter(Q(may_repeat=False) | Q(attempt=None))
        if not fresh.filter(is_due(self.now)).exists():
            return None
        fresh = fresh.filter(is_due(self.now, GROUP_WAIT))
        return self._send(fresh) if self._is_time(fresh) else None

    def _is_closed(self) -> bool:
        """Cancel everything if the channel or its person is disabled."""
        person = self.channel.person
        reason = "" if self.channel.is_enabled else "the channel is disabled"
        if person is not None and not person.is_enabled:
            reason = reason or "the person is disabled"
        if reason:
            self._waiting.update(state="cancelled", reason=reason)
        return bool(reason)

    def _is_blocked(self) -> bool:
        return Channel.objects.filter(is_blocked("", self.now), pk=self.channel.pk).exists()

    def _give_up(self) -> None:
        """Mark deliveries as failed that could not be sent for a day."""
        before = self.now - GIVE_UP_AFTER
        self._waiting.filter(created_at__lt=before, due_at__lt=before).update(state="failed", reason=TOO_OLD)

    def _is_time(self, fresh: QuerySet[Delivery]) -> bool:
        """Return whether bucket and flood allow a message now."""
        bucket = self._bucket_of(self.channel.kind)
        if not may_send(bucket, self._sent(Q(channel=self.channel), bucket.within), self.now):
            return False
        if self.flood is None:
            return True
        is_urgent = fresh.filter(priority__in=URGENT).exclude(kind="over").exists()
        person = self.channel.person
        same = Q(channel__person=person) if person is not None else Q(channel=self.channel)
        sent = [at for at in self._sent(same, FLOOD_WITHIN) if at >= self.flood.since]
        return may_disturb(sent, self.now, is_urgent=is_urgent)

    def _sent(self, which: Q, within: timedelta) -> list[datetime]:
        """Return the times of the messages that may have arrived lately, each message once."""
        rows = DeliveryAttempt.objects.filter(which, began_at__gt=self.now - within)
        rows = rows.exclude(outcome__in=["temporary", "permanent"])
        return list(dict(rows.order_by("began_at").values_list("message_id", "began_at")).values())

    def _send(self, rows: QuerySet[Delivery], *, repeats: int | None = None) -> Claimed | None:
        found = read_waiting(rows)
        windows = list(
            MaintenanceWindow.objects.filter(start__lte=self.now, end__gt=self.now, begun_at__isnull=False)
        )
        cancelled = {row.id: reason for row in found if (reason := reason_to_cancel(row, windows))}
        told = self._told_already(found)
        cancelled |= {row.id: ALREADY_OVER for row in found if row.kind == "over" and row.occurrence in told}
        self._cancel(cancelled)
        found = [row for row in found if row.id not in cancelled]
        if not found:
            return None
        ended = [row.id for row in found if row.cleared_at is not None and row.kind != "over"]
        attempt = self._begin(
            [row.id for row in found], [row.attempt for row in found], is_repeat=repeats is not None
        )
        for keys in chunks(ended, AT_ONCE):
            Delivery.objects.filter(pk__in=keys).update(reason=ALREADY_OVER)
        return Claimed(self.channel, attempt, compose(self._subjects(found), self._framing(attempt)))

    def _subjects(self, rows: Sequence[WaitingRow]) -> list[Subject]:
        return subjects_of(rows, person=self.channel.person_id, channel=self.channel.pk)

    def _told_already(self, rows: Sequence[WaitingRow]) -> set[int | None]:
        """Return the occurrences of which this channel has got a message with the end."""
        told: set[int | None] = set()
        sent = Delivery.objects.filter(channel=self.channel, reason=ALREADY_OVER, state="sent")
        for some in chunks((row.occurrence for row in rows if row.kind == "over"), AT_ONCE):
            told |= set(sent.filter(occurrence__in=some).values_list("occurrence", flat=True))
        return told

    def _test(self, rows: Sequence[Delivery]) -> Claimed:
        is_repeat = any(row.may_repeat for row in rows)
        attempt = self._begin([row.pk for row in rows], [row.attempt_id for row in rows], is_repeat=is_repeat)
        message = compose_test(self.channel.name, verify_url(self.channel), self._framing(attempt))
        return Claimed(self.channel, attempt, message)

    def _framing(self, attempt: DeliveryAttempt) -> Framing:
        return Framing(
            attempt.message_id,
            zone_of_channel(self.channel),
            self.now,
            is_repeat=attempt.is_repeat,
            in_flood=self.flood.alarms if self.flood else 0,
            url=public_url("/alarms"),
        )

    def _cancel(self, reasons: dict[int, str]) -> None:
        by_reason: dict[str, list[int]] = {}
        for key, reason in reasons.items():
            by_reason.setdefault(reason, []).append(key)
        for reason, keys in by_reason.items():
            for some in chunks(keys, AT_ONCE):
                Delivery.objects.filter(pk__in=some).update(state="cancelled", reason=reason)

    def _begin(
        self, keys: Sequence[int], attempts: Sequence[int | None], *, is_repeat: bool
    ) -> DeliveryAttempt:
        """Store the attempt, and mark the deliveries as being sent."""
        attempt = DeliveryAttempt.objects.create(
            channel=self.channel,
            message_id=self._message_id(attempts, is_repeat=is_repeat),
            deliveries=len(keys),
            is_repeat=is_repeat,
            began_at=self.now,
        )
        taken = 0
        for some in chunks(keys, AT_ONCE):
            rows = Delivery.objects.filter(pk__in=some, state="waiting")
            taken += rows.update(state="sending", attempt=attempt, attempts=F("attempts") + 1)
        if taken != len(keys):
            raise ChangedMeanwhileError
        return attempt

    def _message_id(self, attempts: Sequence[int | None], *, is_repeat: bool) -> str:
        """Return the id of the earlier attempt of the same message, else a new one."""
        before = set(attempts)
        if len(before) == 1:
            earlier = DeliveryAttempt.objects.filter(pk=before.pop() or 0).first()
            if earlier is not None and (is_repeat or earlier.deliveries == len(attempts)):
                return earlier.message_id
        return uuid.uuid4().hex

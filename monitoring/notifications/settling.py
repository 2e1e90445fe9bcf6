"""Store the end of an attempt: what becomes of the deliveries, and of the channel's breaker."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from monitoring.database.write_lock import write_lock
from monitoring.kernel.failpoints import failpoint
from monitoring.models import Channel, Delivery, DeliveryAttempt
from monitoring.notifications.backoff import GIVE_UP_AFTER, probe_in, repeat_in
from monitoring.notifications.directory import read_directory
from monitoring.notifications.message import Outcome, Result
from monitoring.notifications.outbox import CLOCK_SLACK, OPEN, TOO_OLD, Claimed
from monitoring.notifications.passing_on import pass_on_failed

logger = logging.getLogger(__name__)

ABANDONED_AFTER = timedelta(seconds=30)  # no attempt lasts so long: the process is gone
ABANDONED = "the process ended before the outcome was known"
MOST_DETAIL = 1_000  # characters
AT_ONCE = 50


def settle(claimed: Claimed, outcome: Outcome, now: datetime) -> None:
    """Store the outcome, in one transaction.

    Raises:
        django.db.Error: nothing is stored; the attempt is taken up again as one that was abandoned.
    """
    with write_lock(), transaction.atomic():
        rows = Channel.objects.select_for_update().filter(pk=claimed.channel.pk)
        channel = rows.order_by("pk").first()
        if channel is None:  # deleted meanwhile, with its deliveries
            return
        DeliveryAttempt.objects.filter(pk=claimed.attempt.pk).update(
            outcome=outcome.result, detail=outcome.detail[:MOST_DETAIL], ended_at=now
        )
        carried = Delivery.objects.filter(attempt=claimed.attempt, state__in=OPEN)
        SETTLE[outcome.result](channel, carried, outcome, now)
        failpoint("notifications.settled")
    log(claimed, outcome, was_away=claimed.channel.failures > 0, took=now - claimed.attempt.began_at)


def settle_ok(channel: Channel, rows: QuerySet[Delivery], outcome: Outcome, now: datetime) -> None:
    """Mark the deliveries as sent; the channel works."""
    rows.update(state="sent", sent_at=now)
    if channel.failures or channel.blocked_until or channel.failing_since:
        channel.failures, channel.blocked_until = 0, None
        channel.failing_since, channel.failure = None, ""
        save(channel)


def settle_temporary(channel: Channel, rows: QuerySet[Delivery], outcome: Outcome, now: datetime) -> None:
    """Let the deliveries wait; open the channel's breaker."""
    give_up(rows, now)
    rows.update(state="waiting")
    open_breaker(channel, outcome, now)


def settle_unknown(channel: Channel, rows: QuerySet[Delivery], outcome: Outcome, now: datetime) -> None:
    """Let the deliveries wait for a repetition; open the channel's breaker."""
    give_up(rows, now)
    attempts = rows.values_list("attempts", flat=True).order_by("-attempts").first() or 1
    rows.update(state="waiting", may_repeat=True, due_at=now + repeat_in(attempts))
    open_breaker(channel, outcome, now)


def settle_permanent(channel: Channel, rows: QuerySet[Delivery], outcome: Outcome, now: datetime) -> None:
    """Mark the deliveries and the channel as failing; send to the next channel at once."""
    failed = list(rows.values_list("id", flat=True))
    detail = outcome.detail[:MOST_DETAIL]
    rows.update(state="failed", reason=detail)
    channel.failures += 1
    channel.blocked_until = None
    channel.failing_since = channel.failing_since or now
    channel.failure = detail
    save(channel)
    pass_on_failed(failed, read_directory(), now)


def give_up(rows: QuerySet[Delivery], now: datetime) -> None:
    """Mark deliveries as failed that could not be sent for a day."""
    before = now - GIVE_UP_AFTER
    rows.filter(created_at__lt=before, due_at__lt=before).update(state="failed", reason=TOO_OLD)


def open_breaker(channel: Channel, outcome: Outcome, now: datetime) -> None:
    """Block the channel until the next probe."""
    channel.failures += 1
    channel.blocked_until = now + probe_in(channel.failures, outcome.retry_after_s)
    save(channel)


def save(channel: Channel) -> None:
    """Write the state of the breaker."""
    channel.save(update_fields=["failures", "blocked_until", "failing_since", "failure"])


SETTLE = {
    Result.OK: settle_ok,
    Result.TEMPORARY: settle_temporary,
    Result.UNKNOWN: settle_unknown,
    Result.PERMANENT: settle_permanent,
}


def take_up_abandoned(now: datetime) -> int:
    """Let the deliveries of attempts wait again that a process began and did not end; return how many.

    They may have arrived, so they are repeated as the same message, marked.

    Raises:
        django.db.Error: nothing is written.
    """
    began = Q(began_at__lt=now - ABANDONED_AFTER) | Q(began_at__gt=now + CLOCK_SLACK)
    open_ones = DeliveryAttempt.objects.filter(began, outcome="").order_by("id")
    if not open_ones.exists():
        return 0
    with write_lock(), transaction.atomic():
        keys = list(open_ones.values_list("id", flat=True)[:AT_ONCE])
        ended = DeliveryAttempt.objects.filter(pk__in=keys, outcome="")
        ended.update(outcome=Result.UNKNOWN, detail=ABANDONED, ended_at=now)
        rows = Delivery.objects.filter(attempt__in=keys, state="sending")
        rows.update(state="waiting", may_repeat=True, due_at=now)
    logger.warning("notifications taken up again", extra={"messages": len(keys)})
    return len(keys)


def log(claimed: Claimed, outcome: Outcome, *, was_away: bool, took: timedelta) -> None:
    """Log a message that was sent, and a failure unless it is one more of an outage."""
    details = {
        "channel": claimed.channel.name,
        "kind": claimed.channel.kind,
        "alarms": claimed.attempt.deliveries,
        "id": claimed.attempt.message_id,
        "took_s": round(took.total_seconds(), 2),
    }
    if outcome.result is Result.OK:
        logger.info("notification sent", extra=details)
    elif outcome.result is Result.PERMANENT or not was_away:
        why = {"outcome": str(outcome.result), "error": outcome.detail[:MOST_DETAIL]}
        logger.warning("notification failed", extra=details | why)

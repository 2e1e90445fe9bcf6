"""Metrics of notifications: messages by state, attempts, delays, channels that fail."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, Min, Sum
from django.db.models.expressions import Combinable
from prometheus_client.core import Metric, SummaryMetricFamily

from monitoring.kernel.clock import SECOND_US
from monitoring.models import Channel, Delivery, DeliveryAttempt
from monitoring.operations.metrics.clock import DAY, age_s, start_of_day
from monitoring.operations.metrics.families import Labelled, counters, gauge, gauges

OPEN = ("waiting", "sending")
ENDED = ("sent", "failed", "cancelled")
OUTCOMES = ("ok", "temporary", "permanent", "unknown")


def delivery_metrics(now: datetime) -> Iterator[Metric]:
    """Yield the families."""
    yield gauges(
        "fermon_deliveries",
        "Messages to people that wait or are being sent, and those of the last 24 hours that have ended.",
        ["state"],
        deliveries(now),
    )
    yield counters(
        "fermon_delivery_attempts_total",
        "Attempts to send a message since the start of the UTC day, by outcome.",
        ["outcome"],
        attempts_of_day(now),
    )
    yield delivery_seconds(now)
    yield gauge(
        "fermon_oldest_due_seconds",
        "How long the message that has waited longest is overdue; 0: none is.",
        oldest_due_s(now),
    )
    yield gauges(
        "fermon_channel_failing",
        "1 while a channel refuses messages for good: correct it on /notifications.",
        ["channel"],
        channels_failing(),
    )


def deliveries(now: datetime) -> Labelled:
    """Return the numbers of deliveries by state."""
    ended = Delivery.objects.filter(created_at__gte=now - DAY, state__in=ENDED).order_by()
    waiting = Delivery.objects.filter(state__in=OPEN).order_by()
    found = dict.fromkeys((*OPEN, *ENDED), 0)
    for rows in (ended, waiting):
        found |= dict(rows.values_list("state").annotate(Count("pk")))
    return {(state,): count for state, count in found.items()}


def attempts_of_day(now: datetime) -> Labelled:
    """Return the attempts begun since the start of the UTC day that have ended, by outcome."""
    channels = list(Channel.objects.order_by().values_list("pk", flat=True))  # the index begins with them
    rows = DeliveryAttempt.objects.filter(channel__in=channels, began_at__gte=start_of_day(now)).order_by()
    counted = dict(rows.values_list("outcome").annotate(Count("pk")))
    return {(outcome,): counted.get(outcome, 0) for outcome in OUTCOMES}


def delivery_seconds(now: datetime) -> Metric:
    """Return number and sum of the times from due to sent, of messages made on this UTC day."""
    rows = Delivery.objects.filter(created_at__gte=start_of_day(now), state="sent", sent_at__isnull=False)
    found = rows.aggregate(count=Count("pk"), late=Sum(micros("sent_at") - micros("due_at")))
    family = SummaryMetricFamily(
        "fermon_delivery_seconds", "Time from due to sent, of messages made since the start of the UTC day."
    )
    family.add_metric([], found["count"], int(found["late"] or 0) / SECOND_US)
    return family


def micros(field: str) -> Combinable:
    """Return a time as integer microseconds since 1970."""
    return ExpressionWrapper(F(field), output_field=BigIntegerField())


def oldest_due_s(now: datetime) -> float:
    """Return how long the oldest open delivery is overdue, in seconds."""
    oldest = Delivery.objects.filter(state__in=OPEN).aggregate(oldest=Min("due_at"))["oldest"]
    return 0.0 if oldest is None else age_s(oldest, now)


def channels_failing() -> Labelled:
    """Return for each enabled channel whether it fails."""
    rows = Channel.objects.filter(is_enabled=True).order_by("name")
    return {(name,): since is not None for name, since in rows.values_list("name", "failing_since")}

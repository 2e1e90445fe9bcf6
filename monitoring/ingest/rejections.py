"""Record rejected readings: the latest ones with their content, and counts per tag, reason and hour."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import F, Max

from monitoring.ingest.deliveries import Delivery, slices_of
from monitoring.ingest.outcomes import Outcome, Outcomes
from monitoring.ingest.validate import RejectionReason
from monitoring.models import Refusal, RefusalCount

KEPT = 10_000
COUNTS_KEPT = timedelta(days=90)
LONGEST_READING = 1_000
LONGEST_NAME = 64
NOT_RECORDED = frozenset({None, RejectionReason.ARCHIVE_AWAY})
UNNAMED = frozenset({RejectionReason.NOT_A_READING, RejectionReason.NO_TAG, RejectionReason.UNKNOWN_TAG})


class RejectedReading(NamedTuple):
    """A rejected item with its outcome, its source and the time at which it arrived."""

    item: object
    outcome: Outcome
    source: str
    received: datetime


def rejected_readings(deliveries: Sequence[Delivery], outcomes: Outcomes) -> list[RejectedReading]:
    """Return the rejected items of deliveries with a source; ``outcomes`` are those of all items.

    Leave out those that wait for the archive: ``spool.accept`` keeps them.
    """
    found = []
    others = sorted(outcomes.others.items())
    for delivery, place in zip(deliveries, slices_of(deliveries), strict=True):
        if delivery.source is not None:
            found += [
                RejectedReading(
                    delivery.items[position - place.start], outcome, delivery.source, delivery.received
                )
                for position, outcome in others
                if outcome.reason not in NOT_RECORDED and place.start <= position < place.stop
            ]
    return found


def remember_rejections(rejected: Sequence[RejectedReading]) -> None:
    """Record and count rejected readings, in the caller's transaction; keep the latest ``KEPT``."""
    if not rejected:
        return
    Refusal.objects.bulk_create(
        Refusal(
            received_at=each.received,
            source=each.source[:100],
            tag=each.outcome.tag[:LONGEST_NAME].replace("\x00", ""),
            reason=str(each.outcome.reason),
            message=each.outcome.error,
            reading=as_text(each.item),
        )
        for each in rejected[-KEPT:]
    )
    newest = Refusal.objects.aggregate(newest=Max("id"))["newest"]
    Refusal.objects.filter(id__lte=newest - KEPT).delete()
    count(Counter((hour_of(each.received), *count_key(each.outcome)) for each in rejected))


def hour_of(time: datetime) -> datetime:
    """Return the start of the hour."""
    return time.replace(minute=0, second=0, microsecond=0)


def count_key(outcome: Outcome) -> tuple[str, str]:
    """Return the tag (empty if unknown) and the reason."""
    return ("" if outcome.reason in UNNAMED else outcome.tag, str(outcome.reason))


def count(rejected: Counter[tuple[datetime, str, str]]) -> None:
    """Add to the counts by hour, tag and reason, in this order, so that two writers cannot deadlock."""
    for (hour, tag, reason), number in sorted(rejected.items()):
        row, _ = RefusalCount.objects.get_or_create(hour=hour, tag=tag, reason=reason)
        RefusalCount.objects.filter(pk=row.pk).update(count=F("count") + number)


def as_text(item: object) -> str:
    """Return the item as JSON, cut off after ``LONGEST_READING`` characters."""
    try:
        return json.dumps(item)[:LONGEST_READING]
    except RecursionError:
        return "(nested too deeply)"


def prune_counts(*, now: datetime) -> int:
    """Delete counts older than ``COUNTS_KEPT``; return how many."""
    return RefusalCount.objects.filter(hour__lt=now - COUNTS_KEPT).delete()[0]

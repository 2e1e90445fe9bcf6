"""Record rejected readings: the latest ones with their content, and counts per tag, reason and hour."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F, Max

from monitoring.ingest.outcomes import Outcome, Outcomes
from monitoring.ingest.validate import RejectionReason
from monitoring.models import Refusal, RefusalCount

KEPT = 10_000
COUNTS_KEPT = timedelta(days=90)
LONGEST_READING = 1_000
LONGEST_NAME = 64
UNNAMED = frozenset({RejectionReason.NOT_A_READING, RejectionReason.NO_TAG, RejectionReason.UNKNOWN_TAG})


Rejected = Sequence[tuple[object, Outcome]]


def rejected_items(items: Sequence[object], outcomes: Outcomes) -> Rejected:
    """Return the rejected items with their outcomes, in the order of the request."""
    others = sorted(outcomes.others.items())
    return [(items[position], outcome) for position, outcome in others if outcome.reason is not None]


def remember_rejections(source: str, rejected: Rejected, *, now: datetime) -> None:
    """Record and count rejected readings, in the caller's transaction; keep the latest ``KEPT``."""
    if not rejected:
        return
    Refusal.objects.bulk_create(
        Refusal(
            received_at=now,
            source=source[:100],
            tag=outcome.tag[:LONGEST_NAME].replace("\x00", ""),
            reason=str(outcome.reason),
            message=outcome.error,
            reading=as_text(item),
        )
        for item, outcome in rejected[-KEPT:]
    )
    newest = Refusal.objects.aggregate(newest=Max("id"))["newest"]
    Refusal.objects.filter(id__lte=newest - KEPT).delete()
    count(Counter(count_key(outcome) for _, outcome in rejected), now=now)


def count_key(outcome: Outcome) -> tuple[str, str]:
    """Return the tag (empty if unknown) and the reason."""
    return ("" if outcome.reason in UNNAMED else outcome.tag, str(outcome.reason))


def count(rejected: Counter[tuple[str, str]], *, now: datetime) -> None:
    """Add to the counts of the current hour."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    for (tag, reason), number in sorted(rejected.items()):
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

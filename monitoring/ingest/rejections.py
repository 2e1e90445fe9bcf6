"""Refused readings, remembered: in a real plant these are the ones that matter most."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F, Max

from monitoring.ingest.outcomes import Outcome, Outcomes
from monitoring.ingest.validate import Reason
from monitoring.models import Refusal, RefusalCount

KEPT = 10_000
COUNTS_KEPT = timedelta(days=90)
LONGEST_READING = 1_000
LONGEST_NAME = 64
UNNAMED = frozenset({Reason.NOT_A_READING, Reason.NO_TAG, Reason.UNKNOWN_TAG})


Refused = Sequence[tuple[object, Outcome]]


def refused(items: Sequence[object], outcomes: Outcomes) -> Refused:
    """Those of the items that were refused, each with its outcome, in the order in which they came."""
    others = sorted(outcomes.others.items())
    return [(items[position], outcome) for position, outcome in others if outcome.reason is not None]


def remember_refusals(source: str, refused: Refused, *, now: datetime) -> None:
    """Keeps what was refused, and counts it, in the caller's transaction."""
    if not refused:
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
        for item, outcome in refused[-KEPT:]
    )
    newest = Refusal.objects.aggregate(newest=Max("id"))["newest"]
    Refusal.objects.filter(id__lte=newest - KEPT).delete()
    count(Counter(count_key(outcome) for _, outcome in refused), now=now)


def count_key(outcome: Outcome) -> tuple[str, str]:
    """Tag and reason to count by."""
    return ("" if outcome.reason in UNNAMED else outcome.tag, str(outcome.reason))


def count(refused: Counter[tuple[str, str]], *, now: datetime) -> None:
    """Adds to the counts of this hour."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    for (tag, reason), number in sorted(refused.items()):
        row, _ = RefusalCount.objects.get_or_create(hour=hour, tag=tag, reason=reason)
        RefusalCount.objects.filter(pk=row.pk).update(count=F("count") + number)


def as_text(item: object) -> str:
    """The item as it came, as far as it can be written and is not too long."""
    try:
        return json.dumps(item)[:LONGEST_READING]
    except RecursionError:
        return "(nested too deeply)"


def prune_counts(*, now: datetime) -> int:
    """Deletes counts that nobody asks for any more; how many."""
    return RefusalCount.objects.filter(hour__lt=now - COUNTS_KEPT).delete()[0]

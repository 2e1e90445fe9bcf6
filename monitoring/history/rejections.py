"""Recently rejected readings, as numbers and as sentences."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, QuerySet, Sum

from monitoring.kernel.reason_words import reason_text
from monitoring.models import Refusal, RefusalCount, SetAsideReading

LATELY = timedelta(hours=1)
SHOWN_TAGS = 3


@dataclass(frozen=True, slots=True)
class Refused:
    """Numbers of rejections in the last hour (``lately``) and of dead letters (``set_aside``).

    ``notices`` are sentences for operators.
    """

    lately: int
    set_aside: int
    notices: tuple[str, ...]


def refused(*, now: datetime) -> Refused:
    """Return the rejections of the last hour and the number of dead letters."""
    # The upper bound omits rejections dated by a clock that was ahead.
    recent = Refusal.objects.filter(received_at__gt=now - LATELY, received_at__lte=now + LATELY).order_by()
    by_tag = recent.values("tag").annotate(number=Count("id"), newest=Max("id")).order_by("-number")
    rows = list(by_tag[:SHOWN_TAGS])
    messages = dict(
        Refusal.objects.filter(id__in=[row["newest"] for row in rows]).values_list("id", "message")
    )
    lately = recent.count()
    period, by_reason = counts_of_period(recent, lately, now)
    notices = tuple(
        notice(row["tag"], period, by_reason.get(row["tag"]) or by_reason[""], messages[row["newest"]])
        for row in rows
    )
    return Refused(lately, SetAsideReading.objects.count(), notices)


def counts_of_period(
    recent: QuerySet[Refusal], lately: int, now: datetime
) -> tuple[str, dict[str, dict[str, int]]]:
    """Return a period in words, and the numbers of rejections in that period by tag and reason.

    The period is the last hour. If more were rejected than are kept, the period is the hours by the clock
    that the last hour touches, of which all are counted; there, readings without a known tag have none.
    """
    start = (now - LATELY).replace(minute=0, second=0, microsecond=0)
    counts = RefusalCount.objects.filter(hour__gte=start, hour__lte=now).order_by()
    kept = Refusal.objects.filter(received_at__gte=start, received_at__lte=now + LATELY).count()
    if (counts.aggregate(all=Sum("count"))["all"] or 0) <= kept or lately == 0:
        numbers = recent.values_list("tag", "reason").annotate(number=Count("id"))
        found = numbers_by_tag(numbers.order_by("-number", "reason"))
        period = "in the last hour"
    else:
        sums = counts.values_list("tag", "reason").annotate(number=Sum("count"))
        found = numbers_by_tag(sums.order_by("-number", "reason"))
        period = f"since {start:%H:%M} UTC"
    return period, found


def numbers_by_tag(rows: Iterable[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    """Return the numbers by tag and reason."""
    found: dict[str, dict[str, int]] = {}
    for tag, reason, number in rows:
        found.setdefault(tag, {})[reason] = number
    return found


def notice(tag: str, period: str, by_reason: Mapping[str, int], message: str) -> str:
    """Return a sentence with the number of rejected readings of a tag, each reason, and the newest one."""
    number = sum(by_reason.values())
    readings = "1 reading" if number == 1 else f"{number:,} readings"
    reasons = [f"{count:,} {reason_text(reason)}" for reason, count in by_reason.items()]
    counted = f" ({', '.join(reasons)})" if len(reasons) > 1 else ""
    last = ". Last one: " if number > 1 else ": "
    return f"{readings} of {tag or 'no known tag'} refused {period}{counted}{last}{message}"

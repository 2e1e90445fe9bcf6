"""Recently rejected readings, as numbers and as sentences."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max

from monitoring.models import Refusal, SetAsideReading

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
    notices = tuple(notice(row["tag"], row["number"], messages[row["newest"]]) for row in rows)
    return Refused(recent.count(), SetAsideReading.objects.count(), notices)


def notice(tag: str, number: int, message: str) -> str:
    """Return a sentence with the number of rejected readings of a tag and the newest reason."""
    readings = "1 reading" if number == 1 else f"{number} readings"
    return f"{readings} of {tag or 'no known tag'} refused in the last hour: {message}"

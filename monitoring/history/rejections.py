"""What was refused of late, in numbers and in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max

from monitoring.models import Refusal, SetAsideReading

LATELY = timedelta(hours=1)
SHOWN_TAGS = 3


@dataclass(frozen=True, slots=True)
class Refused:
    """``lately`` counts the last hour, ``set_aside`` what waits for a person; ``notices`` say it in words."""

    lately: int
    set_aside: int
    notices: tuple[str, ...]


def refused(*, now: datetime) -> Refused:
    """What was refused within the last hour, and what is set aside."""
    # Not those that a clock which was ahead has dated.
    recent = Refusal.objects.filter(received_at__gt=now - LATELY, received_at__lte=now + LATELY).order_by()
    by_tag = recent.values("tag").annotate(number=Count("id"), newest=Max("id")).order_by("-number")
    rows = list(by_tag[:SHOWN_TAGS])
    messages = dict(
        Refusal.objects.filter(id__in=[row["newest"] for row in rows]).values_list("id", "message")
    )
    notices = tuple(notice(row["tag"], row["number"], messages[row["newest"]]) for row in rows)
    return Refused(recent.count(), SetAsideReading.objects.count(), notices)


def notice(tag: str, number: int, message: str) -> str:
    """So many readings of a tag, and why the newest of them was refused."""
    readings = "1 reading" if number == 1 else f"{number} readings"
    return f"{readings} of {tag or 'no known tag'} refused in the last hour: {message}"

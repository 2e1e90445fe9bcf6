"""The last occurrences of an alarm, with people's comments on each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitoring.alarms.reading import SCORE_UNIT
from monitoring.dashboard import words
from monitoring.dashboard.moments import Moment, age_s, moment
from monitoring.history.number_formats import read_formats
from monitoring.kernel.number_format import NumberFormat, Words
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.models import AlarmJournalEntry, AlarmOccurrence

OCCURRENCES = 10


@dataclass(frozen=True, slots=True)
class OccurrenceRow:
    """One time that the alarm was active; ``peak`` is the farthest value, ``comments`` those of people."""

    id: int
    start: Moment
    end: Moment | None
    lasted: str
    peak: str
    priority: str
    acknowledged: str
    comments: list[str]
    rating: str
    is_late: bool
    is_first_out: bool
    details: dict[str, Any]


def read_occurrences(alarm: int, tag: TagDefinition | None, now: datetime) -> list[OccurrenceRow]:
    """Return the last occurrences of the alarm, newest first."""
    found = list(AlarmOccurrence.objects.filter(definition=alarm).order_by("-active_at", "-id")[:OCCURRENCES])
    number = read_formats([tag])[tag.name] if tag else None
    said = AlarmJournalEntry.objects.filter(definition=alarm, occurrence__in=[each.pk for each in found])
    comments: dict[int, list[str]] = {}
    for entry in said.exclude(comment="").order_by("id"):
        comments.setdefault(entry.occurrence or 0, []).append(f"{entry.by}: {entry.comment}")
    return [row_of(each, comments.get(each.pk, []), number, now) for each in found]


def row_of(
    occurrence: AlarmOccurrence, comments: list[str], number: NumberFormat | None, now: datetime
) -> OccurrenceRow:
    """Return the occurrence as a row."""
    end, seen = occurrence.cleared_at, occurrence.acknowledged_at
    peak = occurrence.peak
    return OccurrenceRow(
        id=occurrence.pk,
        start=moment(occurrence.active_at, now),
        end=moment(end, now) if end else None,
        lasted=words.duration_text(age_s(occurrence.active_at, end or now)),
        peak="" if peak is None else peak_text(peak, occurrence, number),
        priority=occurrence.priority,
        acknowledged=f"{occurrence.acknowledged_by}, {words.moment_text(seen, now)}" if seen else "",
        comments=comments,
        rating=occurrence.rating,
        is_late=occurrence.is_late,
        is_first_out=occurrence.is_first_out,
        details=occurrence.details,
    )


def peak_text(peak: float, occurrence: AlarmOccurrence, number: NumberFormat | None) -> str:
    """Return the farthest value of a tag, or the score of a batch."""
    if number is not None:
        return number.text(peak)
    return Words("", SCORE_UNIT).amount(peak) if occurrence.details.get("batch") else ""

"""The map of annunciations by day and hour, in numbers and words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

MET_AN_HOUR, MANAGEABLE_AN_HOUR = 6, 12  # 1 and 2 an interval of 10 minutes
HOURS = range(24)


@dataclass(frozen=True, slots=True)
class HourCell:
    """The annunciations of an hour; ``load`` is "none", "met", "manageable" or "over"."""

    count: int
    load: str


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day with its hours (UTC); ``total`` is the number of the day."""

    name: str
    hours: list[HourCell]
    total: int


@dataclass(frozen=True, slots=True)
class HourMap:
    """Days, the newest first; ``totals`` are those of each hour over all days; ``summary`` is a sentence."""

    days: list[DayRow]
    totals: list[int]
    summary: str


def hour_map(by_hour: Sequence[Mapping[str, Any]], start: str, end: str) -> HourMap:
    """Return the map of a period; ``by_hour`` has the days with annunciations, times are ISO 8601."""
    counts = {day["day"]: day["hours"] for day in by_hour}
    days = [
        day_row(day, counts.get(day.isoformat(), [0] * len(HOURS)))
        for day in days_between(date.fromisoformat(start[:10]), date.fromisoformat(end[:10]))
    ]
    totals = [sum(day.hours[hour].count for day in days) for hour in HOURS]
    return HourMap(days, totals, summary_of(days, totals))


def days_between(first: date, last: date) -> list[date]:
    """Return the days of a period, the newest first."""
    return [last - timedelta(days=number) for number in range((last - first).days + 1)]


def day_row(day: date, hours: Sequence[int]) -> DayRow:
    """Return a day in words and numbers."""
    return DayRow(f"{day.day} {day:%b}", [HourCell(count, load_of(count)) for count in hours], sum(hours))


def load_of(count: int) -> str:
    """Return how the number of an hour compares with the targets."""
    if count > MANAGEABLE_AN_HOUR:
        return "over"
    if count > MET_AN_HOUR:
        return "manageable"
    return "met" if count else "none"


def summary_of(days: Sequence[DayRow], totals: Sequence[int]) -> str:
    """Return which hour had most, and which hour of the day has most over all days."""
    most, day, hour = max(
        ((cell.count, row, hour) for row in days for hour, cell in enumerate(row.hours)),
        key=lambda each: each[0],
    )
    if not most:
        return "No alarm in this period."
    usual = max(HOURS, key=lambda each: totals[each])
    return (
        f"Most in one hour: {most}, on {day.name} from {hour}:00 to {hour + 1}:00 UTC."
        f" Over all days, most come from {usual}:00 to {usual + 1}:00 UTC: {totals[usual]}."
    )

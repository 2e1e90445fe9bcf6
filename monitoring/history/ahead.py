"""Measurements that are ahead of the server's clock, and sources with wrong clocks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from monitoring.kernel.clock import from_micros
from monitoring.kernel.number_format import LEAD, span_text
from monitoring.kernel.source_clock import FORGOTTEN_AFTER, error_text, latest_plausible, unpacked
from monitoring.models import Measurement, Series

MOST_COUNTED = 1_000
MOST_TAGS = 20
SHOWN_TAGS = 3
# The texts for one reading, for several, and for MOST_COUNTED; the page's scripts have the same.
AHEAD_WORDS = {
    "one": "{count} reading ahead of time, up to {lead}",
    "several": "{count} readings ahead of time, up to {lead}",
    "most": "{count} or more readings ahead of time, up to {lead}",
}
EXPLAINED_S = 10  # a known clock error explains readings up to this much further ahead


@dataclass(frozen=True, slots=True)
class Ahead:
    """A tag's measurements ahead of time: their number, at most ``MOST_COUNTED``, and the largest lead.

    ``up_to_s`` is the lead of the newest measurement over the server's clock, in seconds.
    """

    tag: str
    readings: int
    up_to_s: float

    def as_json(self) -> dict[str, Any]:
        """Return the tag's entry in ``/health``."""
        return {"tag": self.tag, "readings": self.readings, "up_to_s": self.up_to_s}

    @property
    def text(self) -> str:
        """Return the number of readings and the lead in words."""
        key = "one" if self.readings == 1 else "several" if self.readings < MOST_COUNTED else "most"
        return AHEAD_WORDS[key].format(count=self.readings, lead=span_text(self.up_to_s, LEAD))


@dataclass(frozen=True, slots=True)
class Times:
    """Problems with the times of readings.

    ``ahead`` has the tags furthest ahead of time, ``tags_ahead`` the number of all tags ahead.
    ``clock_errors`` are in seconds by tag, positive if the source's clock is ahead.
    """

    ahead: Sequence[Ahead] = ()
    tags_ahead: int = 0
    clock_errors: dict[str, float] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """Return a sentence per kind of problem, followed by the remedy."""
        explained = {tag: error_s + EXPLAINED_S for tag, error_s in self.clock_errors.items()}
        unexplained = [one for one in self.ahead if one.up_to_s > explained.get(one.tag, 0)]
        return [*clock_problems(self.clock_errors), *ahead_problems(unexplained, self.tags_ahead)]


def clock_problems(errors: dict[str, float]) -> list[str]:
    """Return a sentence about wrong clocks of sources; empty without errors."""
    texts = [f"{tag}: its source's clock is {error_text(error_s)}" for tag, error_s in errors.items()]
    if not texts:
        return []
    return [f"{listed(texts, len(texts))}. Set the clock of the source, or its offset from UTC."]


def ahead_problems(ahead: Sequence[Ahead], tags: int) -> list[str]:
    """Return a sentence about measurements ahead of time; empty without such measurements."""
    if not ahead:
        return []
    texts = [f"{one.tag}: {one.text}" for one in ahead]
    return [
        f"{listed(texts, max(tags, len(ahead)))}. Values, states and detectors leave them out until their"
        " time has come. Check the clock of the source, and of this server."
    ]


def listed(texts: Sequence[str], count: int) -> str:
    """Join the first ``SHOWN_TAGS`` texts, and add the number of the other tags."""
    more = f"; and {count - SHOWN_TAGS} more tags" if count > SHOWN_TAGS else ""
    return "; ".join(texts[:SHOWN_TAGS]) + more


def read_times(now: datetime) -> Times:
    """Return the problems with the times of readings, for tags in use."""
    series = Series.objects.filter(tag__active=True).select_related("tag")
    late = series.filter(last__gt=latest_plausible(now)).order_by("-last")
    first = [ahead_of(one, now) for one in late[:MOST_TAGS]]
    tags = late.count() if len(first) == MOST_TAGS else len(first)
    wrong = series.exclude(clock_error=0).order_by("tag__name")
    errors = {one.tag.name: error_s for one in wrong if (error_s := clock_error_of(one, now))}
    return Times([one for one in first if one], tags, errors)


def times_of(name: str, now: datetime) -> tuple[Ahead | None, float | None]:
    """Return a tag's measurements ahead of time and the clock error of the source in seconds.

    Each is None if absent.
    """
    series = Series.objects.select_related("tag").filter(tag__name=name).first()
    return (ahead_of(series, now), clock_error_of(series, now)) if series else (None, None)


def ahead_of(series: Series, now: datetime) -> Ahead | None:
    """Return a tag's measurements ahead of time; None without such measurements."""
    if series.last is None or series.last <= latest_plausible(now):
        return None
    rows = Measurement.objects.filter(tag=series.pk, timestamp__gt=latest_plausible(now))
    count = rows[:MOST_COUNTED].count()
    return Ahead(series.tag.name, count, round((series.last - now).total_seconds(), 1)) if count else None


def clock_error_of(series: Series, now: datetime) -> float | None:
    """Return the clock error of the source in seconds.

    None if no error is known, or if no reading has arrived for ``FORGOTTEN_AFTER``.
    """
    if not series.clock_error or series.arrivals is None:
        return None
    arrived = from_micros(int(unpacked(bytes(series.arrivals))[0, 0]))
    return series.clock_error / 1_000 if now - arrived < FORGOTTEN_AFTER else None


def not_ahead(rows: QuerySet[Measurement], now: datetime) -> QuerySet[Measurement]:
    """Return the rows up to ``latest_plausible(now)``."""
    return rows.filter(timestamp__lte=latest_plausible(now))

"""The stored measurements of a tag on which settings are tried."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from monitoring.detection.backtest.compare import WARM_UP, Backtest, Span
from monitoring.detection.monitor import DetectionSettings, SettingError
from monitoring.detection.tag_settings import settings_of
from monitoring.kernel.clock import from_micros, iso_utc, to_micros
from monitoring.models import Series, Tag

logger = logging.getLogger(__name__)

PAGE = 5_000
# Where it begins to warm up: the earliest of the last readings before the range.
WARM_UP_START = """
    SELECT min(timestamp) FROM (
        SELECT timestamp FROM measurements WHERE tag = %s AND timestamp >= %s AND timestamp < %s
        ORDER BY timestamp DESC LIMIT %s
    ) AS before_it
"""
COUNT = """
    SELECT count(*) FROM (
        SELECT 1 FROM measurements WHERE tag = %s AND timestamp >= %s AND timestamp <= %s LIMIT %s
    ) AS within_it
"""
NEXT = """
    SELECT timestamp, value FROM measurements WHERE tag = %s AND timestamp >= %s AND timestamp <= %s
    ORDER BY timestamp LIMIT %s
"""
NO_LIMIT = 2**62


class BacktestError(ValueError):
    """There is nothing to try settings on; the message says why, and what was expected."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A tag whose settings are tried: ``present`` are those that it has.

    ``raw_from_us``: measurements before it were deleted; None if none were.
    """

    pk: int
    name: str
    unit: str
    present: DetectionSettings
    raw_from_us: int | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A subject's readings: those of the span, ``readings`` in number, and those that warm up before."""

    subject: Subject
    span: Span
    first_us: int
    readings: int

    def begin(self, settings: DetectionSettings) -> Backtest:
        """These settings beside those that the tag has, which come second."""
        return Backtest(self.subject.name, self.subject.unit, (settings, self.subject.present), self.span)

    def pages(self) -> Iterator[tuple[list[int], list[float]]]:
        """Times in microseconds since 1970 and values, in the order of time, page after page.

        Each page is a short query of its own, so that nobody who writes has to wait.
        """
        after = self.first_us
        while rows := self._page(after):
            times_us, values = zip(*rows, strict=True)
            yield list(times_us), list(values)
            after = times_us[-1] + 1

    def _page(self, from_us: int) -> list[tuple[int, float]]:
        with connection.cursor() as cursor:
            cursor.execute(NEXT, [self.subject.pk, from_us, self.span.end_us, PAGE])
            return list(cursor.fetchall())


def find_subject(name: str) -> Subject:
    """The tag of this name.

    Raises:
        BacktestError: there is none.
    """
    tag = Tag.objects.filter(name=name).first()
    if tag is None:
        names = ", ".join(Tag.objects.order_by("name").values_list("name", flat=True))
        raise BacktestError(f"{name!r} is no tag. Choose from: {names}.")
    raw_from = Series.objects.filter(tag=tag).values_list("raw_from", flat=True).first()
    raw_from_us = None if raw_from is None else to_micros(raw_from)
    return Subject(tag.pk, tag.name, tag.unit, present_settings(tag), raw_from_us)


def present_settings(tag: Tag) -> DetectionSettings:
    """The tag's settings as the judge goes by them: the usual ones, if they can't be used."""
    try:
        return settings_of(tag)
    except SettingError as error:
        logger.warning("detection settings left out", extra={"tag": tag.name, "reason": str(error)})
        return DetectionSettings()


def find_stretch(subject: Subject, start: datetime, end: datetime, *, at_most: int | None = None) -> Stretch:
    """The subject's readings from ``start`` to ``end`` (inclusive), ``at_most`` so many.

    Raises:
        BacktestError: there are none, or they were deleted, or there are more.
    """
    if start >= end:
        raise BacktestError(f"It begins at {iso_utc(start)}, which is not before its end, {iso_utc(end)}.")
    span = Span(to_micros(start), to_micros(end))
    kept_from = subject.raw_from_us
    if kept_from is not None and span.start_us < kept_from:
        raise BacktestError(
            f"Measurements of {subject.name} before {iso_utc(from_micros(kept_from))} were deleted."
            " Begin then, or later."
        )
    readings = count_readings(subject, span, NO_LIMIT if at_most is None else at_most + 1)
    if not readings:
        raise BacktestError(f"{subject.name} has no measurements from {iso_utc(start)} to {iso_utc(end)}.")
    if at_most is not None and readings > at_most:
        raise BacktestError(
            f"{subject.name} has more than {at_most:,} measurements from {iso_utc(start)} to {iso_utc(end)}."
            " Choose a shorter time; manage.py backtest takes any."
        )
    return Stretch(subject, span, warm_up_start(subject, span), readings)


def count_readings(subject: Subject, span: Span, limit: int) -> int:
    """How many readings the span has, counted no further than ``limit``."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [subject.pk, span.start_us, span.end_us, limit])
        return int(cursor.fetchone()[0])


def warm_up_start(subject: Subject, span: Span) -> int:
    """From when readings are taken. Of what was deleted anomalies may be left: they are not the normal."""
    earliest = -(2**63) if subject.raw_from_us is None else subject.raw_from_us
    with connection.cursor() as cursor:
        cursor.execute(WARM_UP_START, [subject.pk, earliest, span.start_us, WARM_UP])
        first: int | None = cursor.fetchone()[0]
    return span.start_us if first is None else first

"""Stored measurements of a tag, for a backtest."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from monitoring.database.replica import read
from monitoring.detection.backtest.compare import WARM_UP, EventSpan, SettingsComparison
from monitoring.detection.monitor import DetectionSettings, SettingError
from monitoring.detection.tag_settings import settings_of
from monitoring.history.tag_rows import TagRange, TagRows, count_tag_rows, read_tag_rows
from monitoring.kernel.clock import FIRST_MICROS, from_micros, iso_utc, micros_or_none, to_micros
from monitoring.models import Series, Tag

logger = logging.getLogger(__name__)

PAGE = 5_000
NO_LIMIT = 2**62


class BacktestError(ValueError):
    """A backtest has no usable data; the message says why, and what was expected."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Tag of a backtest; ``present`` are the tag's current settings.

    ``raw_from_us``: measurements before this time were deleted; None if none were.
    """

    pk: int
    name: str
    unit: str
    present: DetectionSettings
    raw_from_us: int | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Readings of a subject: ``readings`` of them within the range, and those before that warm up."""

    subject: Subject
    span: EventSpan
    first_us: int
    readings: int

    def begin(self, settings: DetectionSettings) -> SettingsComparison:
        """Return a comparison of these settings with the tag's current settings, which come second."""
        present = self.subject.present
        tried = replace(
            settings,
            lower_limit=present.lower_limit,
            upper_limit=present.upper_limit,
            kind=present.kind,
        )
        return SettingsComparison(self.subject.name, self.subject.unit, (tried, present), self.span)

    def pages(self) -> Iterator[tuple[list[int], list[float]]]:
        """Yield times in microseconds since 1970 and values, in the order of time, page after page.

        Each page is a short query, so that no writer has to wait; the replica answers while it can.
        """
        after = self.first_us
        while len(rows := read(partial(self._page, after))[0]):
            yield rows.times_us.tolist(), rows.values.tolist()
            after = int(rows.times_us[-1]) + 1

    def _page(self, from_us: int) -> TagRows:
        return read_tag_rows(TagRange(self.subject.pk, from_us, self.span.end_us + 1), limit=PAGE)


def find_subject(name: str) -> Subject:
    """Return the tag of this name.

    Raises:
        BacktestError: the tag does not exist.
    """
    tag = Tag.objects.filter(name=name).first()
    if tag is None:
        names = ", ".join(Tag.objects.order_by("name").values_list("name", flat=True))
        raise BacktestError(f"{name!r} is no tag. Choose from: {names}.")
    return Subject(tag.pk, tag.name, tag.unit, present_settings(tag), raw_from_us(tag.pk))


def present_settings(tag: Tag) -> DetectionSettings:
    """Return the settings that detection uses for the tag: the defaults, if the stored ones are not valid."""
    try:
        return settings_of(tag)
    except SettingError as error:
        logger.warning("detection settings left out", extra={"tag": tag.name, "reason": str(error)})
        return DetectionSettings(lower_limit=tag.lower_limit, upper_limit=tag.upper_limit, kind=tag.kind)


def find_stretch(subject: Subject, start: datetime, end: datetime, *, at_most: int | None = None) -> Stretch:
    """Return the subject's readings from ``start`` to ``end`` (inclusive), ``at_most`` so many.

    Raises:
        BacktestError: there are none, or they were deleted, or there are more.
    """
    if start >= end:
        raise BacktestError(f"It begins at {iso_utc(start)}, which is not before its end, {iso_utc(end)}.")
    span = EventSpan(to_micros(start), to_micros(end))
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
    return Stretch(subject, span, start_of_last(subject.pk, span.start_us, WARM_UP), readings)


def count_readings(subject: Subject, span: EventSpan, limit: int) -> int:
    """Count the readings of the range, up to ``limit``."""
    return min(limit, count_tag_rows(TagRange(subject.pk, span.start_us, span.end_us + 1), limit))


def raw_from_us(tag: int) -> int | None:
    """Return the time before which measurements of the tag were deleted; None if none were."""
    raw_from = Series.objects.filter(tag=tag).values_list("raw_from", flat=True).first()
    return micros_or_none(raw_from)


def start_of_last(tag: int, before_us: int, count: int) -> int:
    """Return the time of the first of the last ``count`` measurements before ``before_us``.

    Return ``before_us`` without any. Skip deleted times: anomalies that deletion has left there are not
    normal data.
    """
    deleted_until = raw_from_us(tag)
    earliest = FIRST_MICROS if deleted_until is None else deleted_until
    rows = read_tag_rows(TagRange(tag, earliest, before_us), limit=count, newest=True)
    return int(rows.times_us[0]) if len(rows) else before_us

"""Detect again in a part of a tag's past, after measurements there were excluded or included again.

New detectors learn from up to ``WARM_UP`` measurements before that part, as in a backtest, and process
the stored measurements in the order of time. The events found replace those that overlap the exclusion.
``missing`` events stay: an exclusion does not undo that readings came.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q, QuerySet

from monitoring.archive.presence import is_used
from monitoring.detection.backtest.compare import WARM_UP, EventLog, EventSpan
from monitoring.detection.backtest.data import start_of_last
from monitoring.detection.monitor import TagMonitor
from monitoring.detection.monitor_pool import WatchedTag
from monitoring.history.archived import ArchivedRange, rows_with_ids
from monitoring.history.tag_rows import TagRange, count_tag_rows, read_tag_rows
from monitoring.kernel.clock import from_micros, to_micros
from monitoring.kernel.incident_event import Event
from monitoring.models import Event as EventRow
from monitoring.models import ExcludedMeasurement, Exclusion, Measurement

SILENCE = "missing"
PAGE = 5_000
# The most measurements to process again, in about 3 s: a day of a reading a second.
MOST = WARM_UP + 86_400
TOGETHER_US = 3_600 * 1_000_000  # single measurements that are no further apart are one period
ROUNDS = 10
END_US = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Rejudged:
    """The events that replace those within the spans.

    ``monitor`` has processed all measurements up to the present; None if the tag keeps the present monitor.
    """

    spans: tuple[EventSpan, ...]
    events: tuple[Event, ...]
    monitor: TagMonitor | None


def unjudged() -> list[Exclusion]:
    """Return the complete exclusions without replaced events, oldest first."""
    rows = Exclusion.objects.filter(is_judged=False, is_complete=True)
    return list(rows.select_related("tag").order_by("id"))


def settle(exclusions: Sequence[Exclusion]) -> None:
    """Mark the exclusions as done in the caller's transaction, except those revoked since."""
    for exclusion in exclusions:
        Exclusion.objects.filter(pk=exclusion.pk, is_complete=True, revoked_at=exclusion.revoked_at).update(
            is_judged=True
        )


def periods_of(exclusion: Exclusion) -> list[EventSpan]:
    """Return the periods of the exclusion: one, or several if single measurements lie far apart."""
    if exclusion.ids is None:
        return [EventSpan(to_micros(exclusion.start), to_micros(exclusion.end))]
    spans: list[EventSpan] = []
    for time_us in times_of(exclusion):
        if spans and time_us - spans[-1].end_us <= TOGETHER_US:
            spans[-1] = EventSpan(spans[-1].start_us, time_us)
        else:
            spans.append(EventSpan(time_us, time_us))
    return spans


def times_of(exclusion: Exclusion) -> list[int]:
    """Return the times of the exclusion's single measurements, excluded or not, ascending."""
    found: set[datetime] = set()
    for model in (Measurement, ExcludedMeasurement):
        rows = model._default_manager.filter(pk__in=exclusion.ids or (), tag=exclusion.tag_id)
        found.update(rows.values_list("timestamp", flat=True))
    return sorted({*map(to_micros, found), *archived_times_of(exclusion)})


def archived_times_of(exclusion: Exclusion) -> list[int]:
    """Return the times of the exclusion's single measurements that are archived, included again."""
    if not is_used():
        return []
    within = to_micros(exclusion.start), to_micros(exclusion.end) + 1
    archived = rows_with_ids(ArchivedRange([exclusion.tag_id], *within), exclusion.ids or ())
    return [int(time_us) for time_us in archived.times_us]


def events_within(tag: int, span: EventSpan) -> QuerySet[EventRow]:
    """Return the tag's events that overlap the span, without ``missing`` ones."""
    start, end = from_micros(span.start_us), from_micros(span.end_us)
    rows = EventRow.objects.filter(Q(end=None) | Q(end__gte=start), tag=tag, start__lte=end)
    return rows.exclude(detector=SILENCE)


def widened(tag: int, span: EventSpan) -> tuple[EventSpan, bool]:
    """Return the span widened by all events that overlap it, and whether one of those is open."""
    lasts = False
    for _ in range(ROUNDS):
        rows = list(events_within(tag, span).values_list("start", "end"))
        lasts = any(end is None for _, end in rows)
        starts = [to_micros(start) for start, _ in rows]
        ends = [to_micros(end) for _, end in rows if end is not None]
        wider = EventSpan(min([span.start_us, *starts]), max([span.end_us, *ends]))
        if wider == span:
            break
        span = wider
    return span, lasts


def rejudge(tag: WatchedTag, exclusion: Exclusion, *, upto: int, renew: Callable[[], None]) -> Rejudged:
    """Detect again in the exclusion's periods, in the measurements with ids up to ``upto``.

    ``renew`` is called between pages. Events beyond ``MOST`` measurements are dropped without
    replacement.
    """
    log, spans, left = EventLog(), [], MOST
    replay: Replay | None = None
    for period in periods_of(exclusion):
        span, lasts = widened(tag.pk, period)
        spans.append(span)
        if replay is None or not replay.is_live:  # a live replay has covered the later periods, too
            replay = Replay(tag, span, upto, lasts=lasts)
            left -= replay.run(left, renew)
        log.note([event for event in replay.events() if span.has(event) and event.detector != SILENCE])
    monitor = replay.monitor if replay is not None and replay.is_live else None
    return Rejudged(tuple(spans), tuple(log.events()), monitor)


class Replay:
    """New detectors that start before a span and process the stored measurements from there.

    A replay that ``is_live`` continues to the present: if that is at most ``MOST`` measurements away, or if
    one of the span's events ``lasts``. Otherwise the replay ends after the span, once no event is open.
    """

    def __init__(self, tag: WatchedTag, span: EventSpan, upto: int, *, lasts: bool) -> None:
        self.monitor = tag.monitor()
        self._tag, self._span, self._upto = tag, span, upto
        self._log = EventLog()
        self._from_us = start_of_last(tag.pk, span.start_us, WARM_UP)
        self.is_live = lasts or self._count(self._from_us) <= MOST
        if lasts and self._count(self._from_us) > MOST:
            self._from_us = start_of_last(tag.pk, END_US, MOST)

    def run(self, most: int, renew: Callable[[], None]) -> int:
        """Process at most ``most`` measurements. Return their number."""
        taken = 0
        if most <= 0 and not self.is_live:
            return taken
        for times_us, values in self._pages():
            self._log.note(self.monitor.update(times_us, values))
            renew()
            taken += len(times_us)
            if not self.is_live and (taken >= most or self._is_over(times_us[-1])):
                break
        return taken

    def events(self) -> list[Event]:
        """Return the events found. Events open at the end of a replay that is not live end there."""
        found = self._log.events()
        end_us = self.monitor.last_us
        if self.is_live or end_us is None:
            return found
        return [replace(event, end_us=end_us) if event.is_open else event for event in found]

    def _is_over(self, time_us: int) -> bool:
        return time_us > self._span.end_us and not self.monitor.open_events

    def _count(self, time_us: int) -> int:
        return count_tag_rows(TagRange(self._tag.pk, time_us, END_US, upto_id=self._upto), MOST)

    def _pages(self) -> Iterator[tuple[list[int], list[float]]]:
        after = self._from_us
        while True:
            rows = read_tag_rows(TagRange(self._tag.pk, after, END_US, upto_id=self._upto), limit=PAGE)
            if not len(rows):
                return
            yield rows.times_us.tolist(), rows.values.tolist()
            after = int(rows.times_us[-1]) + 1

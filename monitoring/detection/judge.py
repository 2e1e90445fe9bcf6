"""The judge: lets the detectors at what is stored, and keeps the events that they find.

It takes measurements in the order of their ids, and saves with the events how far it has come. So
what it answers is a function of what is stored, whichever process it works in and wherever it was
broken off: what is not in saved states is judged again, and gives the same events.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from django.db import transaction

from monitoring.database import leases
from monitoring.detection.backtest.compare import EventSpan
from monitoring.detection.event_store import Key, key_of, open_events, write_events
from monitoring.detection.monitor_pool import Monitors, Watcher, save_states
from monitoring.detection.rejudging import (
    SILENCE,
    events_within,
    rejudge,
    settle,
    stretches_of,
    unjudged,
    widened,
)
from monitoring.ingest.ahead import marked_between
from monitoring.kernel.clock import to_micros
from monitoring.kernel.incident_event import Event
from monitoring.kernel.lease_names import DETECTION
from monitoring.models import Exclusion

LEASE = timedelta(seconds=10)
RENEWED_AFTER_S = REFRESHED_AFTER_S = LOOKED_AFTER_S = 1.0
# Whoever was away for so long waits as long again for the sources, before readings count as missing.
AWAY = timedelta(seconds=5)
SETTLED_AFTER_S = 10.0
# States are saved a few at a time, or writers would wait for megabytes.
STATES_A_STEP = 8
STATES_AT_THE_END = 20
# Where it has never judged: a day of a reading a second.
FIRST_READINGS_A_TAG = 86_400

# A measurement: id, microseconds since 1970, tag, value, is_anomaly.
Row = tuple[int, int, str, float, bool]


class LeaseLostError(Exception):
    """Another judge is at work, or was meanwhile: this one is of no use any more."""


class Judge:
    """Judges for as long as it holds the lease. Whatever it raises, it is of no use afterwards."""

    def __init__(self, held: leases.Hold, newest_id: int, *, looks_from: float) -> None:
        self.has_written = False
        self._held = held
        self._monitors = Monitors()
        if held.position is not None and held.position <= newest_id:
            self.position = held.position
        else:  # not at the beginning of years
            self.position = max(0, newest_id - FIRST_READINGS_A_TAG * len(self._monitors.tags))
        self._changed: dict[Key, Event] = {}
        self._gone: list[tuple[int, EventSpan]] = []
        self._rejudged: list[Exclusion] = []
        self._looks_from = looks_from
        self._renewed = time.monotonic()
        self._refreshed = self._renewed - REFRESHED_AFTER_S  # an exclusion may wait already

    @classmethod
    def begin(cls, owner: str, *, now: datetime, newest_id: int) -> "Judge | None":
        """Takes the lease and goes on where the last judge was; None if another has it.

        Raises:
            django.db.Error: the database is away.
        """
        if not leases.is_free(DETECTION, owner, now=now):
            return None
        with transaction.atomic():
            held = leases.hold(DETECTION, owner, now=now, duration=LEASE)
        if held is None:
            return None
        was_away = held.written_until is None or now - held.written_until > AWAY
        looks_from = time.monotonic() + (SETTLED_AFTER_S if was_away else 0)
        return cls(held, newest_id, looks_from=looks_from)

    def take(self, rows: Sequence[Row], upto: int, *, now: datetime | None = None) -> None:
        """Judges the measurements behind the position, all that there are up to this id, in their order.

        What is ahead of time waits until its time has come: it must not stand in the way of what is not.
        """
        now_us = to_micros(now or datetime.now(UTC))
        marked = marked_between(self.position, upto) if rows else set()
        by_tag: dict[str, list[Row]] = {}
        judged: list[Watcher] = []
        for row in rows:
            by_tag.setdefault(row[2], []).append(row)
        for name, watcher in self._monitors.of(by_tag).items():
            ids, times_us, _, values, _ = zip(*by_tag[name], strict=True)
            self._note(watcher, watcher.take(ids, times_us, values, marked=marked, now_us=now_us))
            judged.append(watcher)
        self._monitors.note(judged)
        self.position = upto

    def refresh(self) -> None:
        """Heeds the tags' settings, and what was excluded or included again, each second.

        Raises:
            LeaseLostError: another judge is at work.
        """
        if time.monotonic() - self._refreshed >= REFRESHED_AFTER_S:
            self._refreshed = time.monotonic()
            self._monitors.refresh()
            for exclusion in unjudged()[:1]:  # one at a time, as each may take seconds
                self._rejudge(exclusion)

    def look(self, now: datetime) -> None:
        """Notices readings that stopped coming, each second; called when all that is stored is judged."""
        if time.monotonic() < self._looks_from:
            return
        self._looks_from = time.monotonic() + LOOKED_AFTER_S
        watchers = self._monitors.everyone()
        for watcher in watchers:
            self._note(watcher, watcher.look(to_micros(now)))
        self._monitors.note(watchers)
        self._end_unknown({watcher.tag.pk: watcher for watcher in watchers}, to_micros(now))

    def is_to_commit(self) -> bool:
        """Whether there is anything to write, if only that it still works."""
        renews = time.monotonic() - self._renewed >= RENEWED_AFTER_S
        return renews or bool(self._changed or self._rejudged) or bool(self._monitors.due(1))

    def commit(self, *, now: datetime, is_caught_up: bool) -> None:
        """Writes the events that changed and the states that are due, and renews the lease.

        Raises:
            LeaseLostError: nothing is written.
            django.db.Error: likewise.
        """
        self._write(self._monitors.due(STATES_A_STEP), now=now, is_caught_up=is_caught_up)

    def close(self, *, now: datetime, until: float) -> None:
        """Saves what there is time for (``until`` by the monotonic clock), and gives the lease up.

        Raises:
            LeaseLostError: there is none to give up.
            django.db.Error: what is not saved is judged again.
        """
        while (dirty := self._monitors.dirty(STATES_AT_THE_END)) and time.monotonic() < until:
            self._write(dirty, now=now, is_caught_up=False)
        leases.release(DETECTION, self._held.owner)

    def _rejudge(self, exclusion: Exclusion) -> None:
        """Puts other events in the place of those that the exclusion touches, with the next commit."""
        self._rejudged.append(exclusion)
        watcher = self._monitors.of([exclusion.tag.name]).get(exclusion.tag.name)
        if watcher is None:  # its events have ended, and it has no detectors at work
            self._leave(
                exclusion.tag_id, [widened(exclusion.tag_id, span)[0] for span in stretches_of(exclusion)]
            )
            return
        found = rejudge(watcher.tag, exclusion, upto=self.position, renew=self._renew)
        self._leave(watcher.tag.pk, found.spans)
        self._note(watcher, found.events)
        if found.monitor is not None:
            self._monitors.forget([watcher])
            watcher.begin_with(found.monitor, self.position)
            self._monitors.note([watcher])

    def _leave(self, tag: int, spans: Sequence[EventSpan]) -> None:
        """Forgets the tag's events within the spans, stored or not."""
        self._gone += [(tag, span) for span in spans]
        for key, event in list(self._changed.items()):
            if key[0] == tag and event.detector != SILENCE and any(span.has(event) for span in spans):
                del self._changed[key]

    def _renew(self) -> None:
        """Renews the lease in the midst of much work."""
        with transaction.atomic():
            if leases.hold(DETECTION, self._held.owner, now=datetime.now(UTC), duration=LEASE) is None:
                raise LeaseLostError

    def _note(self, watcher: Watcher, events: Sequence[Event]) -> None:
        for event in events:
            self._changed[key_of(watcher.tag.pk, event)] = event

    def _end_unknown(self, watchers: Mapping[int, Watcher], now_us: int) -> None:
        """An event that no monitor knows of has ended: its tag left, its detector was switched off."""
        for key, event in open_events().items():
            watcher = watchers.get(key[0])
            is_known = watcher is not None and watcher.knows(key)
            if not is_known and key not in self._changed:
                self._changed[key] = replace(event, end_us=max(event.start_us, now_us))

    def _write(self, watchers: Sequence[Watcher], *, now: datetime, is_caught_up: bool) -> None:
        with transaction.atomic():
            held = leases.hold(DETECTION, self._held.owner, now=now, duration=LEASE)
            if held is None or held.position != self._held.position:
                raise LeaseLostError
            for tag, span in self._gone:
                events_within(tag, span).delete()
            write_events(self._changed, now=now)
            settle(self._rejudged)
            save_states(watchers)
            self._monitors.forget(watchers)
            position = self._monitors.saved_until(self.position)
            leases.keep_position(held, position)
            if is_caught_up:
                leases.advance(held, now)
        self.has_written = True
        self._held = replace(held, position=position)
        self._changed.clear()
        self._gone.clear()
        self._rejudged.clear()
        self._renewed = time.monotonic()

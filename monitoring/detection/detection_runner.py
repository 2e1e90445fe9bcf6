"""Run the detectors on the stored measurements, and store the events found.

The measurements come in the order of their ids, and each transaction stores the position with the
events. So events are a function of the stored measurements, wherever a process was interrupted:
measurements that are not in saved states are processed again and give the same events.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from django.db import transaction

from monitoring.database import leases
from monitoring.database.leases import LeaseLostError
from monitoring.detection.backtest.compare import EventSpan
from monitoring.detection.event_store import Key, key_of, lock_revisions, open_events, write_events
from monitoring.detection.monitor_pool import MonitorPool, TagSession, save_ready_times, save_states
from monitoring.detection.rejudging import (
    SILENCE,
    events_within,
    periods_of,
    rejudge,
    settle,
    unjudged,
    widened,
)
from monitoring.detection.shards import WHOLE, Row, Shard, first_position, renew, renew_all, take
from monitoring.history.confirmed import ConfirmedTags
from monitoring.ingest.ahead import marked_between
from monitoring.kernel.clock import to_micros
from monitoring.kernel.incident_event import Event
from monitoring.live.changes import newest_id
from monitoring.models import Exclusion

RENEWED_AFTER_S = REFRESHED_AFTER_S = SILENCE_CHECKED_AFTER_S = 1.0
# After a pause of this length, sources get time to deliver before readings count as missing.
AWAY = timedelta(seconds=5)
SETTLED_AFTER_S = 10.0
# A few states a transaction: other writers must not wait for megabytes.
STATES_A_STEP = STATES_AT_THE_END = 20
# How long to load states before other work has its turn.
LOADING_S = 1.0


class DetectionRunner:
    """Run detection in the tags of a shard for as long as this process holds the lease.

    After any exception, discard the runner.
    """

    def __init__(self, shard: Shard, held: leases.Hold, newest: int, *, silence_checked_from: float) -> None:
        self.has_written = False
        self.shard = shard
        self._held = held
        self.pool = MonitorPool(shard, self._renew)
        self._sources = ConfirmedTags()
        self._confirmed = self._sources.read()
        if held.position is not None and held.position <= newest:
            self.position = held.position
        else:
            self.position = first_position(newest)
        self._changed: dict[Key, Event] = {}
        self._gone: list[tuple[int, EventSpan]] = []
        self._rejudged: list[Exclusion] = []
        self._learning: dict[int, TagSession] = {}  # whose time to learn differs from the stored one
        self._silence_checked_from = silence_checked_from
        self._uncommitted = 0  # readings processed since the last commit
        self.renewed_at = self._kept_at = time.monotonic()
        self._refreshed = self.renewed_at - REFRESHED_AFTER_S  # an exclusion may wait already

    @classmethod
    def begin(cls, owner: str, *, now: datetime, shard: Shard = WHOLE) -> "DetectionRunner | None":
        """Take the lease and continue at the stored position. Return None if another process holds the lease.

        Raises:
            django.db.Error: the database is away.
        """
        held = take(shard, owner, now=now)
        if held is None:
            return None
        was_away = held.written_until is None or now - held.written_until > AWAY
        silence_checked_from = time.monotonic() + (SETTLED_AFTER_S if was_away else 0)
        # Read after the lease was taken: its last owner may have moved the position until then.
        return cls(shard, held, newest_id(), silence_checked_from=silence_checked_from)

    def update(self, rows: Sequence[Row], upto: int, *, now: datetime | None = None) -> None:
        """Process ``rows``: the shard's measurements with ids from the position to ``upto``, by id.

        Measurements ahead of the clock are held until their time, and do not delay the others.
        """
        now_us = to_micros(now or datetime.now(UTC))
        marked = marked_between(self.position, upto) if rows else set()
        by_tag: dict[int, list[Row]] = {}
        updated: list[TagSession] = []
        for row in rows:
            by_tag.setdefault(row[2], []).append(row)
        sessions = self.pool.sessions_of(by_tag)
        self._confirm(sessions.values(), is_caught_up=False)
        for tag, session in sessions.items():
            ids, times_us, _, values = zip(*by_tag[tag], strict=True)
            self._note(session, session.update(ids, times_us, values, marked=marked, now_us=now_us))
            updated.append(session)
            if session.is_ready_time_new():
                self._learning[tag] = session
        self.pool.note(updated)
        self.position = upto
        self._uncommitted += len(rows)

    def refresh(self) -> None:
        """Apply changed settings of tags, and exclusions that were made or revoked, once a second.

        Raises:
            LeaseLostError: another process holds the lease.
        """
        if time.monotonic() - self._refreshed >= REFRESHED_AFTER_S:
            self._refreshed = time.monotonic()
            self.pool.refresh()
            mine = (exclusion for exclusion in unjudged() if self.shard.has(exclusion.tag_id))
            for exclusion in islice(mine, 1):  # one at a time, as each may take seconds
                self._rejudge(exclusion)

    def check_silence(self, now: datetime) -> None:
        """Detect missing readings by the clock, once a second, when all measurements are processed."""
        if time.monotonic() < self._silence_checked_from or not self.pool.load(LOADING_S):
            return
        self._silence_checked_from = time.monotonic() + SILENCE_CHECKED_AFTER_S
        sessions = self.pool.all_sessions()
        self._confirmed = self._sources.read()
        self._confirm(sessions, is_caught_up=True)
        self.pool.look_up_imports(sessions, to_micros(now))
        for session in sessions:
            self._note(session, session.check_silence(to_micros(now)))
        self.pool.note(sessions)
        self._end_unknown({session.tag.pk: session for session in sessions}, to_micros(now))

    def _confirm(self, sessions: Iterable[TagSession], *, is_caught_up: bool) -> None:
        """Note until when sources confirm the newest readings of tags."""
        if self._confirmed:
            for session in sessions:
                confirmed = self._confirmed.get(session.tag.pk)
                if confirmed is not None:
                    session.confirm(confirmed, is_caught_up=is_caught_up)

    def is_to_commit(self) -> bool:
        """Return whether there is anything to write, if only the renewal of the lease."""
        renews = time.monotonic() - self.renewed_at >= RENEWED_AFTER_S
        is_news = bool(self._changed or self._rejudged or self._learning)
        return renews or is_news or bool(self.pool.due(1, self.position))

    def commit(self, *, now: datetime, is_caught_up: bool) -> None:
        """Write the changed events and the states that are due, and renew the lease.

        States take as many transactions as the readings since the last commit demand: up to twice as many as
        fall due on the average. So states do not stay behind while catching up.

        Raises:
            LeaseLostError: another process holds the lease; nothing more is written.
            django.db.Error: nothing more is written.
        """
        transactions = 1 + int(2 * self.pool.falling_due(self._uncommitted) / STATES_A_STEP)
        for _ in range(transactions):
            due = self.pool.due(STATES_A_STEP, self.position)
            self._write(due, now=now, is_caught_up=is_caught_up)
            if len(due) < STATES_A_STEP:
                break
        self._uncommitted = 0

    def close(self, *, now: datetime, until: float) -> None:
        """Save unsaved states until the time ``until`` of the monotonic clock, and release the lease.

        Raises:
            LeaseLostError: another process holds the lease.
            django.db.Error: unsaved measurements will be processed again.
        """
        while (dirty := self.pool.dirty(STATES_AT_THE_END)) and time.monotonic() < until:
            self._write(dirty, now=now, is_caught_up=False)
        leases.release(self.shard.lease, self._held.owner)

    def _rejudge(self, exclusion: Exclusion) -> None:
        """Replace the events that the exclusion touches, at the next commit."""
        self._rejudged.append(exclusion)
        session = self.pool.sessions_of([exclusion.tag_id]).get(exclusion.tag_id)
        if session is None:  # the tag is not in use: its events have ended
            self._drop_events(
                exclusion.tag_id, [widened(exclusion.tag_id, span)[0] for span in periods_of(exclusion)]
            )
            return
        found = rejudge(session.tag, exclusion, upto=self.position, renew=self._renew)
        self._drop_events(session.tag.pk, found.spans)
        self._note(session, found.events)
        if found.monitor is not None:
            self.pool.forget([session])
            session.begin_with(found.monitor, self.position)
            self.pool.note([session])

    def _drop_events(self, tag: int, spans: Sequence[EventSpan]) -> None:
        """Drop the tag's events within the spans, stored or not."""
        self._gone += [(tag, span) for span in spans]
        for key, event in list(self._changed.items()):
            if key[0] == tag and event.detector != SILENCE and any(span.has(event) for span in spans):
                del self._changed[key]

    def _renew(self) -> None:
        """Renew the leases of this process once a second, during long work."""
        if time.monotonic() - self._kept_at >= RENEWED_AFTER_S:
            self._kept_at = time.monotonic()
            if self.shard.lease not in renew_all(self._held.owner, now=datetime.now(UTC)):
                raise LeaseLostError

    def _note(self, session: TagSession, events: Sequence[Event]) -> None:
        for event in events:
            self._changed[key_of(session.tag.pk, event)] = event

    def _end_unknown(self, sessions: Mapping[int, TagSession], now_us: int) -> None:
        """End the stored open events that no session has: of a tag out of use, or of a disabled detector."""
        for key, event in open_events().items():
            session = sessions.get(key[0])
            is_open = session is not None and session.has_open(key)
            if not is_open and key not in self._changed and self.shard.has(key[0]):
                self._changed[key] = replace(event, end_us=max(event.start_us, now_us))

    def _write(self, sessions: Sequence[TagSession], *, now: datetime, is_caught_up: bool) -> None:
        with transaction.atomic():
            held = renew(self.shard, self._held.owner, now=now)
            if held is None or held.position != self._held.position:
                raise LeaseLostError
            settle(self._rejudged)
            save_states(sessions)
            if self._learning:
                save_ready_times(self._learning.values())
            self.pool.forget(sessions)
            position = self.pool.saved_until(self.position)
            leases.keep_position(held, position)
            if is_caught_up:
                leases.advance(held, now)
            self._write_events(now)
        self.has_written = True
        self._held = replace(held, position=position)
        self._changed.clear()
        self._gone.clear()
        self._rejudged.clear()
        self._learning.clear()
        self.renewed_at = self._kept_at = time.monotonic()

    def _write_events(self, now: datetime) -> None:
        """Write the events last in the transaction: other shards wait from here to its end."""
        if self._gone or self._changed:
            lock_revisions()
        for tag, span in self._gone:
            events_within(tag, span).delete()
        write_events(self._changed, now=now)

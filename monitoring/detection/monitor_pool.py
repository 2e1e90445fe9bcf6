"""Hold the monitors of all tags in memory, restore them from their saved states, and save them again."""

import json
import logging
import math
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, takewhile
from typing import Any

from django.db import connection

from monitoring.detection.event_store import Key, key_of
from monitoring.detection.held import HeldReadings, Reading
from monitoring.detection.monitor import VERSION, DetectionSettings, StateError, TagMonitor
from monitoring.detection.shards import WHOLE, Shard, is_of_shard
from monitoring.history.confirmed import Confirmed
from monitoring.ingest.ahead import mark, marked_of, unmark
from monitoring.kernel.chunks import chunks
from monitoring.kernel.clock import from_micros
from monitoring.kernel.incident_event import Event
from monitoring.kernel.source_clock import AHEAD_US, arrival_lag_us
from monitoring.models import DetectorState, ReadingAhead, Series, TagLearning

logger = logging.getLogger(__name__)

SAVED_AFTER_READINGS = 1_000
SAVED_AFTER_S = 600.0
# Of a shard, between a tag's saved state and the present: after a crash they are read again, in some 20 s.
MOST_READ_AGAIN = 1_000_000
REPORTED_AFTER_S = 10.0
READY_TOLERANCE_US = 30_000_000
IMPORTED_AFTER_US = 3_600_000_000  # a reading that arrives later is of an import, or of a long outage
GROWTH = 0.1  # a silence is reported again when it has become longer by this share
CONTINUED_US = 10_000_000  # from a reading to the connection of the source that confirms the reading
ROWS_A_QUERY = 100  # of states, each of which may be 100 kB
IN_USE = f"""
    SELECT id, name, unit, detectors_off, sensitivity, detection_parameters, lower_limit, upper_limit,
        kind, detectors_on
    FROM tags WHERE active AND {is_of_shard("id")} ORDER BY id
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class WatchedTag:
    """A tag in use and the detection settings."""

    pk: int
    name: str
    unit: str
    settings: DetectionSettings

    def monitor(self, state: bytes | None = None) -> TagMonitor:
        """Return a monitor of the tag that continues from the state, or a new one without.

        Raises:
            StateError: the state can't be used.
        """
        try:
            monitor = TagMonitor(self.name, self.unit, self.settings)
        except ValueError as error:  # it was valid when it was set, or was never asked
            logger.warning("detection settings left out", extra={"tag": self.name, "reason": str(error)})
            monitor = TagMonitor(self.name, self.unit, DetectionSettings(kind=self.settings.kind))
        if state is not None:
            monitor.restore(state)
        return monitor


@dataclass(slots=True)
class TagSession:
    """The monitor of a tag, the position in the measurements, and the unsaved changes.

    ``position`` is the id of the last processed measurement, ``unsaved_from`` the id of the first one that
    the saved state lacks, ``unsaved`` how many there are. An ``is_urgent`` session is saved at the next
    commit.
    """

    tag: WatchedTag
    monitor: TagMonitor
    position: int
    unsaved: int = 0
    unsaved_from: int | None = None
    is_urgent: bool = False
    saved_at: float = field(default_factory=time.monotonic)
    reported_us: int = 0  # when, by the clock, a silence was last reported
    is_awaited: bool = False  # the last check by the clock found a silence
    held: HeldReadings = field(default_factory=HeldReadings)
    is_imported: bool = False  # the newest reading was old when it arrived
    import_checked_us: int | None = None  # the newest reading when that was last looked up
    is_learning: bool = True  # as far as known
    told_ready_us: int | None = None  # when the detectors will have learned, as last reported

    @property
    def is_dirty(self) -> bool:
        """Return whether the saved state differs from the monitor's."""
        return self.is_urgent or self.unsaved_from is not None

    @property
    def is_pressing(self) -> bool:
        """Return whether to save the state now, however recent the last save."""
        return self.is_urgent or self.unsaved >= SAVED_AFTER_READINGS

    @property
    def is_late(self) -> bool:
        """Return whether the last save was too long ago."""
        return self.unsaved_from is not None and time.monotonic() - self.saved_at > SAVED_AFTER_S

    def update(
        self,
        ids: Sequence[int],
        times_us: Sequence[int],
        values: Sequence[float],
        *,
        marked: Collection[int] = (),
        now_us: int,
    ) -> list[Event]:
        """Process the readings that are new to the monitor; return the events.

        Readings ahead of the clock are held; see ``HeldReadings.sift``. ``marked`` has the ids of
        readings that were ahead when stored.
        """
        processed = sum(number <= self.position for number in ids)
        if processed == len(ids):
            return []
        if self.unsaved_from is None:
            self.unsaved_from = ids[processed]
        self.unsaved += len(ids) - processed
        self.position = ids[-1]
        # No reading reproduces an event that the clock found: save it together with its end.
        self.is_urgent, self.is_awaited = self.is_urgent or self.is_awaited, False
        latest_us = now_us + AHEAD_US
        times_us, values = self.held.sift(
            ids[processed:], times_us[processed:], values[processed:], marked=marked, latest_us=latest_us
        )
        if not times_us:
            return []
        events = self.step_back(min(times_us)) if (self.monitor.last_us or 0) > latest_us else []
        return events + self.safely(lambda: self.monitor.update(times_us, values))

    def is_ready_time_new(self) -> bool:
        """Return whether the time at which the detectors will have learned differs from the reported one.

        The new time is ``told_ready_us`` from now on, None once the detectors have learned.
        """
        if not self.is_learning:
            return False
        ready_us, told_us = self.monitor.ready_us, self.told_ready_us
        if ready_us is None:
            self.is_learning = self.monitor.to_go > 0
            return not self.is_learning
        if told_us is not None and abs(ready_us - told_us) < READY_TOLERANCE_US:
            return False
        self.told_ready_us = ready_us
        return True

    def step_back(self, time_us: int) -> list[Event]:
        """Continue at an earlier time: the clock was ahead when the last readings were processed."""
        logger.warning("detectors go back in time", extra={"tag": self.tag.name, "to": time_us})
        self.is_urgent = True
        return self.safely(lambda: self.monitor.step_back(time_us))

    def release(self, now_us: int) -> list[Event]:
        """Process the held readings that are due; return the events."""
        if not self.held.waiting or self.held.waiting[0][0] > now_us:
            return []
        times_us, values = self.held.release(now_us)
        if self.unsaved_from is None:
            self.unsaved_from = self.position + 1
        self.unsaved += len(times_us)
        return self.safely(lambda: self.monitor.update(times_us, values))

    def check_silence(self, now_us: int) -> list[Event]:
        """Check by the clock for missing readings; return the events.

        An event that only lasts is reported now and then. A begin or end by the clock makes the state
        urgent to save, since no reading reproduces it.
        """
        released = self.release(now_us)
        if not self.monitor.is_silent(now_us):
            return released + self._end_confirmed()
        if self.is_imported and self.import_checked_us == self.monitor.last_us:
            return released + self._end_silence()
        return released + self._check_silence(now_us)

    def confirm(self, confirmed: Confirmed, *, is_caught_up: bool) -> None:
        """Note until when a source confirms the newest reading.

        While older measurements are still to come, the source may have been away between them: then only a
        confirmation that began soon after the newest reading counts.
        """
        known_us = self.monitor.last_us
        if known_us is not None and (is_caught_up or confirmed.since_us <= known_us + CONTINUED_US):
            self.monitor.confirmed_us = confirmed.until_us

    def _end_confirmed(self) -> list[Event]:
        """End a silence if the source has confirmed the newest reading since."""
        incident = self.monitor.bank.missing_incident
        is_over = incident.is_open and self.monitor.confirmed_us > incident.last_us
        return self._end_silence() if is_over else []

    def _end_silence(self) -> list[Event]:
        """End a silence by the clock, as after an import: the readings of an import do not go on."""
        ended = self.monitor.end_silence()
        self.is_urgent = self.is_urgent or bool(ended)
        return ended

    def _check_silence(self, now_us: int) -> list[Event]:
        before = self.open_keys
        changed = self.safely(lambda: self.monitor.check_silence(now_us))
        if self.open_keys != before:
            self.is_urgent = True
        elif now_us - self.reported_us < self._pause_us(now_us):
            return []
        self.reported_us, self.is_awaited = now_us, bool(changed)
        return changed

    def _pause_us(self, now_us: int) -> float:
        """Return how long not to report a lasting silence again."""
        return max(REPORTED_AFTER_S * 1e6, GROWTH * (now_us - (self.monitor.last_us or now_us)))

    @property
    def open_keys(self) -> set[Key]:
        """Return the keys of the open events."""
        return {key_of(self.tag.pk, event) for event in self.monitor.open_events}

    def has_open(self, key: Key) -> bool:
        """Return whether this event is open and the detector is not switched off."""
        return key in self.open_keys and key[1] not in self.tag.settings.disabled

    def safely(self, detect: Callable[[], list[Event]]) -> list[Event]:
        """Return the events. After an exception of a detector, log it and begin with a new monitor."""
        try:
            return detect()
        except Exception:  # one tag must not stop the others
            logger.exception("detectors failed and begin anew", extra={"tag": self.tag.name})
            self.monitor = self.tag.monitor()
            self.is_urgent = self.is_learning = True
            return []

    def begin_with(self, monitor: TagMonitor, position: int) -> None:
        """Continue with a monitor that has processed all measurements up to that id."""
        self.monitor, self.position = monitor, position
        self.unsaved_from = None
        self.is_urgent, self.is_awaited = True, False
        self.is_learning = True

    def change(self, tag: WatchedTag) -> None:
        """Continue with other settings."""
        self.monitor, self.tag = tag.monitor(self.monitor.dump()), tag
        self.is_urgent = self.is_learning = True


class MonitorPool:
    """The sessions of a shard's tags in use by the tag's id, each loaded on first use.

    Unsaved sessions are kept in the order of ``unsaved_from``, so that no step has to scan all of them.
    ``keep_alive`` is called now and then while states are loaded.
    """

    def __init__(self, shard: Shard = WHOLE, keep_alive: Callable[[], None] = lambda: None) -> None:
        self._shard, self._keep_alive = shard, keep_alive
        self._rows = with_shared_texts(tag_rows(shard))
        self.tags = watched_tags(self._rows)
        self._sessions: dict[int, TagSession] = {}
        self._unsaved: dict[int, TagSession] = {}
        self._pressing: dict[int, TagSession] = {}
        self._stateless: set[int] = set()

    def refresh(self) -> None:
        """Read the tags again: apply changed settings, and drop tags that are no longer in use."""
        rows = tag_rows(self._shard)
        if rows == self._rows:
            return
        self._rows = with_shared_texts(rows)
        self.tags = watched_tags(self._rows)
        self._stateless.clear()
        for pk in [pk for pk in self._sessions if pk not in self.tags]:
            self.forget([self._sessions.pop(pk)])
        DetectorState.objects.filter(tag__active=False).delete()
        TagLearning.objects.filter(tag__active=False).delete()
        ReadingAhead.objects.filter(tag__active=False).delete()
        for pk, session in self._sessions.items():
            if session.tag != self.tags[pk]:
                session.change(self.tags[pk])
                self.note([session])

    def sessions_of(self, tags: Iterable[int]) -> dict[int, TagSession]:
        """Return the sessions of the tags with these ids, without tags that are not in use."""
        wanted = list(tags)
        if any(pk not in self.tags for pk in wanted):
            self.refresh()
        wanted = [pk for pk in wanted if pk in self.tags]
        self._load([self.tags[pk] for pk in wanted if pk not in self._sessions], keep_new=True)
        return {pk: self._sessions[pk] for pk in wanted}

    def load(self, within_s: float) -> bool:
        """Load saved states of further tags, for about so long; return whether all are loaded."""
        end = time.monotonic() + within_s
        known = self._sessions.keys() | self._stateless
        missing = [tag for pk, tag in self.tags.items() if pk not in known] if self._is_partial else []
        while missing and time.monotonic() < end:
            self._load(missing[:ROWS_A_QUERY], keep_new=False)
            del missing[:ROWS_A_QUERY]
        return not missing

    @property
    def _is_partial(self) -> bool:
        return len(self._sessions) + len(self._stateless) < len(self.tags)

    def all_sessions(self) -> list[TagSession]:
        """Return the sessions of all tags in use that have a saved or new state."""
        self.load(math.inf)
        return list(self._sessions.values())

    def look_up_imports(self, sessions: Iterable[TagSession], now_us: int) -> None:
        """Note of the silent tags whether their newest reading was imported: old when it arrived."""
        silent = {
            one.tag.pk: one
            for one in sessions
            if one.monitor.is_silent(now_us) and one.import_checked_us != one.monitor.last_us
        }
        if not silent:
            return
        rows = Series.objects.filter(tag__in=silent).values_list("tag", "arrivals")
        lags_us = {tag: arrival_lag_us(bytes(arrivals)) for tag, arrivals in rows if arrivals}
        for pk, session in silent.items():
            session.is_imported = lags_us.get(pk, 0) > IMPORTED_AFTER_US
            session.import_checked_us = session.monitor.last_us

    def note(self, sessions: Iterable[TagSession]) -> None:
        """Record which of these sessions need saving, given all sessions of a page at once."""
        new = []
        for session in sessions:
            if session.is_pressing:
                self._pressing[session.tag.pk] = session
            if session.is_dirty and session.tag.pk not in self._unsaved:
                new.append(session)
        for session in sorted(new, key=lambda one: one.unsaved_from or 0):
            self._unsaved[session.tag.pk] = session

    def due(self, limit: int, position: int) -> list[TagSession]:
        """Return up to ``limit`` sessions to save now: the urgent ones, then those that waited longest."""
        earliest = position - MOST_READ_AGAIN * self._shard.count
        late = takewhile(
            lambda one: one.is_late or (one.unsaved_from or position) < earliest, self._unsaved.values()
        )
        due = {session.tag.pk: session for session in islice(chain(self._pressing.values(), late), limit)}
        return list(due.values())

    def falling_due(self, readings: int) -> float:
        """Return how many states fall due on the average while so many readings are processed."""
        return readings * len(self.tags) / MOST_READ_AGAIN

    def dirty(self, limit: int) -> list[TagSession]:
        """Return up to ``limit`` unsaved sessions."""
        return list(islice(self._unsaved.values(), limit))

    def saved_until(self, position: int) -> int:
        """Return the id up to which all measurements are in saved states: ``position`` if none is unsaved."""
        waiting = (session.unsaved_from for session in self._unsaved.values())
        return next((number - 1 for number in waiting if number is not None), position)

    def forget(self, saved: Iterable[TagSession]) -> None:
        """Remove these sessions from the unsaved ones."""
        for session in saved:
            self._unsaved.pop(session.tag.pk, None)
            self._pressing.pop(session.tag.pk, None)

    def _load(self, tags: Sequence[WatchedTag], *, keep_new: bool) -> None:
        for some in chunks(tags, ROWS_A_QUERY):
            self._keep_alive()
            states = DetectorState.objects.in_bulk([tag.pk for tag in some])
            waiting = marked_of(list(states)) if states else {}
            for tag in some:
                state = states.get(tag.pk)
                if state is not None or keep_new:
                    self._stateless.discard(tag.pk)
                    self._sessions[tag.pk] = session_of(tag, state, waiting.get(tag.pk, []))
                else:
                    self._stateless.add(tag.pk)


def session_of(tag: WatchedTag, state: DetectorState | None, marked: Sequence[Reading]) -> TagSession:
    """Return the tag's session from its saved state, or a new one without a usable state.

    Of the readings that are ``marked`` as ahead, the session holds those up to the saved position.
    """
    if state is None:
        return TagSession(tag, tag.monitor(), position=0)
    held = HeldReadings([reading for reading in marked if reading[1] <= state.position])
    try:
        return TagSession(tag, tag.monitor(bytes(state.data)), position=state.position, held=held)
    except StateError as error:
        logger.warning("detectors begin anew", extra={"tag": tag.name, "reason": str(error)})
        return TagSession(tag, tag.monitor(), position=state.position, is_urgent=True, held=held)


def tag_rows(shard: Shard) -> list[tuple[Any, ...]]:
    """Return the rows of the shard's tags in use, for a cheap comparison with the rows read before."""
    with connection.cursor() as cursor:
        cursor.execute(IN_USE, [shard.count, shard.index])
        return list(cursor.fetchall())


def with_shared_texts(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the rows with one object for equal texts: thousands of tags have the same settings."""
    texts: dict[str, str] = {}
    return [
        tuple(texts.setdefault(item, item) if isinstance(item, str) else item for item in row) for row in rows
    ]


def watched_tags(rows: Sequence[tuple[Any, ...]]) -> dict[int, WatchedTag]:
    """Return the tags of these rows by id; tags with equal settings share one object."""
    settings = {columns: settings_of(*columns) for columns in {row[3:] for row in rows}}
    return {pk: WatchedTag(pk, name, unit, settings[tuple(columns)]) for pk, name, unit, *columns in rows}


def settings_of(
    off: str,
    sensitivity: float,
    parameters: str,
    lower_limit: float | None,
    upper_limit: float | None,
    kind: str,
    on: str,
) -> DetectionSettings:
    """Return the settings in the columns of a tag."""
    return DetectionSettings(
        off=frozenset(json.loads(off)),
        sensitivity=sensitivity,
        parameters=json.loads(parameters),
        lower_limit=lower_limit,
        upper_limit=upper_limit,
        kind=kind,
        on=frozenset(json.loads(on)),
    )


def save_states(sessions: Sequence[TagSession]) -> None:
    """Save the states of these sessions in the caller's transaction, and mark them as saved."""
    rows = [
        DetectorState(
            tag_id=session.tag.pk, version=VERSION, position=session.position, data=session.monitor.dump()
        )
        for session in sessions
    ]
    DetectorState.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["tag"], update_fields=["version", "position", "data"]
    )
    mark((pk, session.tag.pk, time_us) for session in sessions for pk, time_us in session.held.unmarked)
    unmark([pk for session in sessions for pk in session.held.released])
    for session in sessions:
        session.held.note_saved()
        session.unsaved, session.unsaved_from, session.is_urgent = 0, None, False
        session.saved_at = time.monotonic()


def save_ready_times(sessions: Iterable[TagSession]) -> None:
    """Save in the caller's transaction which of these tags are learning, and until when."""
    learning = [session for session in sessions if session.is_learning and session.told_ready_us is not None]
    TagLearning.objects.filter(tag__in=[one.tag.pk for one in sessions if not one.is_learning]).delete()
    TagLearning.objects.bulk_create(
        [TagLearning(tag_id=one.tag.pk, ready=from_micros(one.told_ready_us or 0)) for one in learning],
        update_conflicts=True,
        unique_fields=["tag"],
        update_fields=["ready"],
    )

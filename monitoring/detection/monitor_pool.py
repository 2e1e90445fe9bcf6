"""The monitors in memory: one a tag, restored from what is saved, and saved again by and by."""

import json
import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, takewhile
from typing import Any

from django.db import connection

from monitoring.detection.event_store import Key, key_of
from monitoring.detection.held import HeldReadings, Reading
from monitoring.detection.monitor import VERSION, DetectionSettings, StateError, TagMonitor
from monitoring.ingest.ahead import mark, marked_of, unmark
from monitoring.kernel.incident_event import Event
from monitoring.kernel.source_clock import AHEAD_US
from monitoring.models import DetectorState, ReadingAhead

logger = logging.getLogger(__name__)

SAVED_AFTER_READINGS = 1_000
SAVED_AFTER_S = 600.0
TOLD_AFTER_S = 10.0
GROWTH = 0.1  # so much longer, as a share, a silence is told anew: what has been away for days is quiet
ROWS_A_QUERY = 100  # of states, each of which may be 100 kB
IN_USE = """
    SELECT id, name, unit, detectors_off, sensitivity, detection_parameters FROM tags
    WHERE active ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class WatchedTag:
    """A tag in use, as the detectors see it."""

    pk: int
    name: str
    unit: str
    settings: DetectionSettings

    def monitor(self, state: bytes | None = None) -> TagMonitor:
        """A monitor of the tag, which goes on from the state or begins anew.

        Raises:
            StateError: the state can't be used.
        """
        try:
            monitor = TagMonitor(self.name, self.unit, self.settings)
        except ValueError as error:  # it was valid when it was set, or was never asked
            logger.warning("detection settings left out", extra={"tag": self.name, "reason": str(error)})
            monitor = TagMonitor(self.name, self.unit)
        if state is not None:
            monitor.restore(state)
        return monitor


@dataclass(slots=True)
class TagSession:
    """A tag's monitor, up to which measurement it has come, and what of that is not saved.

    ``unsaved_from`` is the id of the first reading that the saved state does not have.
    """

    tag: WatchedTag
    monitor: TagMonitor
    position: int
    unsaved: int = 0
    unsaved_from: int | None = None
    is_urgent: bool = False
    saved_at: float = field(default_factory=time.monotonic)
    told_us: int = 0  # when, by the clock, a silence was last told
    is_awaited: bool = False  # there was a silence when the clock was last looked at
    held: HeldReadings = field(default_factory=HeldReadings)

    @property
    def is_dirty(self) -> bool:
        """Whether the saved state is not the monitor's."""
        return self.is_urgent or self.unsaved_from is not None

    @property
    def is_pressing(self) -> bool:
        """Whether it should be saved, however long ago it was."""
        return self.is_urgent or self.unsaved >= SAVED_AFTER_READINGS

    @property
    def is_late(self) -> bool:
        """Whether it was saved too long ago."""
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
        """Judges these readings, but for those that it has had already; events as the monitor tells them.

        What is ahead of time is held; see ``HeldReadings.sift``.
        """
        had = sum(number <= self.position for number in ids)
        if had == len(ids):
            return []
        if self.unsaved_from is None:
            self.unsaved_from = ids[had]
        self.unsaved += len(ids) - had
        self.position = ids[-1]
        # What the clock told no reading tells again: it must not be lost with how it ended.
        self.is_urgent, self.is_awaited = self.is_urgent or self.is_awaited, False
        latest_us = now_us + AHEAD_US
        times_us, values = self.held.sift(
            ids[had:], times_us[had:], values[had:], marked=marked, latest_us=latest_us
        )
        if not times_us:
            return []
        events = self.step_back(min(times_us)) if (self.monitor.last_us or 0) > latest_us else []
        return events + self.safely(lambda: self.monitor.update(times_us, values))

    def step_back(self, time_us: int) -> list[Event]:
        """Goes on at an earlier time: what was judged before is ahead, since the server's clock was."""
        logger.warning("detectors go back in time", extra={"tag": self.tag.name, "to": time_us})
        self.is_urgent = True
        return self.safely(lambda: self.monitor.step_back(time_us))

    def release(self, now_us: int) -> list[Event]:
        """Judges the held readings whose time has come."""
        if not self.held.waiting or self.held.waiting[0][0] > now_us:
            return []
        times_us, values = self.held.release(now_us)
        if self.unsaved_from is None:
            self.unsaved_from = self.position + 1
        self.unsaved += len(times_us)
        return self.safely(lambda: self.monitor.update(times_us, values))

    def check_silence(self, now_us: int) -> list[Event]:
        """As the monitor's, but for an event that only lasts: of that it is told now and then.

        What began or ended is saved soon, since no reading tells of it again.
        """
        released = self.release(now_us)
        return released + self._check_silence(now_us) if self.monitor.is_silent(now_us) else released

    def _check_silence(self, now_us: int) -> list[Event]:
        before = self.open_keys
        changed = self.safely(lambda: self.monitor.check_silence(now_us))
        if self.open_keys != before:
            self.is_urgent = True
        elif now_us - self.told_us < self._pause_us(now_us):
            return []
        self.told_us, self.is_awaited = now_us, bool(changed)
        return changed

    def _pause_us(self, now_us: int) -> float:
        """How long a silence that only lasts is not told anew."""
        return max(TOLD_AFTER_S * 1e6, GROWTH * (now_us - (self.monitor.last_us or now_us)))

    @property
    def open_keys(self) -> set[Key]:
        """Which events last."""
        return {key_of(self.tag.pk, event) for event in self.monitor.open_events}

    def knows(self, key: Key) -> bool:
        """Whether this event lasts, by a detector that is not switched off."""
        return key in self.open_keys and key[1] not in self.tag.settings.off

    def safely(self, judge: Callable[[], list[Event]]) -> list[Event]:
        """What is found. A detector's fault is logged, and the monitor begins anew: others go on."""
        try:
            return judge()
        except Exception:  # whatever it is: the other tags have to be judged
            logger.exception("detectors failed and begin anew", extra={"tag": self.tag.name})
            self.monitor = self.tag.monitor()
            self.is_urgent = True
            return []

    def begin_with(self, monitor: TagMonitor, position: int) -> None:
        """Goes on with a monitor that has had all measurements up to that id."""
        self.monitor, self.position = monitor, position
        self.unsaved_from = None
        self.is_urgent, self.is_awaited = True, False

    def change(self, tag: WatchedTag) -> None:
        """Goes on by other settings."""
        self.monitor, self.tag = tag.monitor(self.monitor.dump()), tag
        self.is_urgent = True


class MonitorPool:
    """The sessions of the tags in use, each loaded when it is first asked for.

    Those that are not saved are kept in the order in which that began, which is the order of
    ``unsaved_from``: so with ten thousand tags nobody looks through all of them at each step.
    """

    def __init__(self) -> None:
        self._rows = tag_rows()
        self.tags = watched_tags(self._rows)
        self._sessions: dict[str, TagSession] = {}
        self._unsaved: dict[str, TagSession] = {}
        self._pressing: dict[str, TagSession] = {}
        self._stateless: set[str] = set()

    def refresh(self) -> None:
        """Looks at the tags again: heeds other settings from now on, and forgets tags that left."""
        rows = tag_rows()
        if rows == self._rows:
            return
        self._rows, self.tags = rows, watched_tags(rows)
        self._stateless.clear()
        for name in [name for name in self._sessions if name not in self.tags]:
            self.forget([self._sessions.pop(name)])
        DetectorState.objects.filter(tag__active=False).delete()
        ReadingAhead.objects.filter(tag__active=False).delete()
        for name, session in self._sessions.items():
            if session.tag != self.tags[name]:
                session.change(self.tags[name])
                self.note([session])

    def of(self, names: Iterable[str]) -> dict[str, TagSession]:
        """The sessions of these tags by name; without those of tags that are not in use."""
        wanted = list(names)
        if any(name not in self.tags for name in wanted):
            self.refresh()
        wanted = [name for name in wanted if name in self.tags]
        self._load([self.tags[name] for name in wanted if name not in self._sessions], keep_new=True)
        return {name: self._sessions[name] for name in wanted}

    def everyone(self) -> list[TagSession]:
        """The sessions of all tags in use of which anything was ever judged."""
        if len(self._sessions) + len(self._stateless) < len(self.tags):
            known = self._sessions.keys() | self._stateless
            self._load([tag for name, tag in self.tags.items() if name not in known], keep_new=False)
        return list(self._sessions.values())

    def note(self, sessions: Iterable[TagSession]) -> None:
        """Notes which of these are to be saved; called with all of a page of readings, or of a look."""
        new = []
        for session in sessions:
            if session.is_pressing:
                self._pressing[session.tag.name] = session
            if session.is_dirty and session.tag.name not in self._unsaved:
                new.append(session)
        for session in sorted(new, key=lambda one: one.unsaved_from or 0):
            self._unsaved[session.tag.name] = session

    def due(self, limit: int) -> list[TagSession]:
        """Up to so many whose state should be saved now: those that press, then those that waited longest."""
        late = takewhile(lambda session: session.is_late, self._unsaved.values())
        due = {session.tag.name: session for session in islice(chain(self._pressing.values(), late), limit)}
        return list(due.values())

    def dirty(self, limit: int) -> list[TagSession]:
        """Up to so many whose state is not saved."""
        return list(islice(self._unsaved.values(), limit))

    def saved_until(self, position: int) -> int:
        """The id up to which everything is in saved states, given up to which it is judged."""
        waiting = (session.unsaved_from for session in self._unsaved.values())
        return next((number - 1 for number in waiting if number is not None), position)

    def forget(self, saved: Iterable[TagSession]) -> None:
        """Takes those that were saved off the list of those that are not."""
        for session in saved:
            self._unsaved.pop(session.tag.name, None)
            self._pressing.pop(session.tag.name, None)

    def _load(self, tags: Sequence[WatchedTag], *, keep_new: bool) -> None:
        for start in range(0, len(tags), ROWS_A_QUERY):
            some = tags[start : start + ROWS_A_QUERY]
            states = DetectorState.objects.in_bulk([tag.pk for tag in some])
            waiting = marked_of(list(states)) if states else {}
            for tag in some:
                state = states.get(tag.pk)
                if state is not None or keep_new:
                    self._stateless.discard(tag.name)
                    self._sessions[tag.name] = session_of(tag, state, waiting.get(tag.pk, []))
                else:
                    self._stateless.add(tag.name)


def session_of(tag: WatchedTag, state: DetectorState | None, marked: Sequence[Reading]) -> TagSession:
    """The tag's session, as it was saved; one that begins anew if it was not, or can't be restored.

    Of the readings that are ``marked`` as ahead, those wait that it has had when it was saved.
    """
    if state is None:
        return TagSession(tag, tag.monitor(), position=0)
    held = HeldReadings([reading for reading in marked if reading[1] <= state.position])
    try:
        return TagSession(tag, tag.monitor(bytes(state.data)), position=state.position, held=held)
    except StateError as error:
        logger.warning("detectors begin anew", extra={"tag": tag.name, "reason": str(error)})
        return TagSession(tag, tag.monitor(), position=state.position, is_urgent=True, held=held)


def tag_rows() -> list[tuple[Any, ...]]:
    """The tags in use, with their settings as the database has them; cheap to ask for, and to compare."""
    with connection.cursor() as cursor:
        cursor.execute(IN_USE)
        return list(cursor.fetchall())


def watched_tags(rows: Iterable[tuple[Any, ...]]) -> dict[str, WatchedTag]:
    """These tags by name, with their settings."""
    return {
        name: WatchedTag(
            pk,
            name,
            unit,
            DetectionSettings(
                off=frozenset(json.loads(off)), sensitivity=sensitivity, parameters=json.loads(parameters)
            ),
        )
        for pk, name, unit, off, sensitivity, parameters in rows
    }


def save_states(sessions: Sequence[TagSession]) -> None:
    """Saves these monitors' states, in the caller's transaction; they count as saved from now on."""
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

"""The monitors in memory: one a tag, restored from what is saved, and saved again by and by."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from monitoring.domain.events import Event
from monitoring.domain.monitor import VERSION, DetectionSettings, StateError, TagMonitor
from monitoring.ingest.events import Key, key_of
from monitoring.models import DetectorState, Tag

logger = logging.getLogger(__name__)

SAVED_AFTER_READINGS = 1_000
SAVED_AFTER_S = 600.0
TOLD_AFTER_S = 10.0
ROWS_A_QUERY = 100  # of states, each of which may be 100 kB


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
class Watcher:
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
    told_at: float = field(default_factory=time.monotonic)

    @property
    def is_dirty(self) -> bool:
        """Whether the saved state is not the monitor's."""
        return self.is_urgent or self.unsaved_from is not None

    @property
    def is_due(self) -> bool:
        """Whether it is time to save."""
        late = self.unsaved_from is not None and time.monotonic() - self.saved_at > SAVED_AFTER_S
        return self.is_urgent or self.unsaved >= SAVED_AFTER_READINGS or late

    def take(self, ids: Sequence[int], times_us: Sequence[int], values: Sequence[float]) -> list[Event]:
        """Judges these readings, but for those that it has had already; events as the monitor tells them."""
        had = sum(number <= self.position for number in ids)
        if had == len(ids):
            return []
        if self.unsaved_from is None:
            self.unsaved_from = ids[had]
        self.unsaved += len(ids) - had
        self.position = ids[-1]
        return self.safely(lambda: self.monitor.take(times_us[had:], values[had:]))

    def look(self, now_us: int) -> list[Event]:
        """As the monitor's, but for an event that only lasts: of that it is told now and then.

        What began or ended is saved soon, since no reading tells of it again.
        """
        before = self.open_keys
        changed = self.safely(lambda: self.monitor.look(now_us))
        if self.open_keys != before:
            self.is_urgent = True
        elif time.monotonic() - self.told_at < TOLD_AFTER_S:
            return []
        self.told_at = time.monotonic()
        return changed

    @property
    def open_keys(self) -> set[Key]:
        """Which events last."""
        return {key_of(self.tag.pk, event) for event in self.monitor.open_events}

    def safely(self, judge: Callable[[], list[Event]]) -> list[Event]:
        """What is found. A detector's fault is logged, and the monitor begins anew: others go on."""
        try:
            return judge()
        except Exception:  # whatever it is: the other tags have to be judged
            logger.exception("detectors failed and begin anew", extra={"tag": self.tag.name})
            self.monitor = self.tag.monitor()
            self.is_urgent = True
            return []

    def change(self, tag: WatchedTag) -> None:
        """Goes on by other settings."""
        self.monitor, self.tag = tag.monitor(self.monitor.dump()), tag
        self.is_urgent = True


class Monitors:
    """The watchers of the tags in use, each loaded when it is first asked for."""

    def __init__(self) -> None:
        self.tags = watched_tags()
        self._watchers: dict[str, Watcher] = {}

    def refresh(self) -> None:
        """Looks at the tags again: heeds other settings from now on, and forgets tags that left."""
        before, self.tags = self.tags, watched_tags()
        if self.tags == before:
            return
        for name in [name for name in self._watchers if name not in self.tags]:
            del self._watchers[name]
        DetectorState.objects.filter(tag__active=False).delete()
        for name, watcher in self._watchers.items():
            if watcher.tag != self.tags[name]:
                watcher.change(self.tags[name])

    def of(self, names: Iterable[str]) -> dict[str, Watcher]:
        """The watchers of these tags by name; without those of tags that are not in use."""
        wanted = list(names)
        if any(name not in self.tags for name in wanted):
            self.refresh()
        wanted = [name for name in wanted if name in self.tags]
        self._load([self.tags[name] for name in wanted if name not in self._watchers], keep_new=True)
        return {name: self._watchers[name] for name in wanted}

    def everyone(self) -> list[Watcher]:
        """The watchers of all tags in use of which anything was ever judged."""
        self._load([tag for name, tag in self.tags.items() if name not in self._watchers], keep_new=False)
        return list(self._watchers.values())

    def due(self, limit: int) -> list[Watcher]:
        """Up to so many whose state should be saved now, those first that have waited longest."""
        due = [watcher for watcher in self._watchers.values() if watcher.is_due]
        return sorted(due, key=lambda watcher: watcher.saved_at)[:limit]

    def dirty(self, limit: int) -> list[Watcher]:
        """Up to so many whose state is not saved."""
        return [watcher for watcher in self._watchers.values() if watcher.is_dirty][:limit]

    def saved_until(self, position: int) -> int:
        """The id up to which everything is in saved states, given up to which it is judged."""
        waiting = (watcher.unsaved_from for watcher in self._watchers.values())
        return min((number - 1 for number in waiting if number is not None), default=position)

    def _load(self, tags: Sequence[WatchedTag], *, keep_new: bool) -> None:
        for start in range(0, len(tags), ROWS_A_QUERY):
            some = tags[start : start + ROWS_A_QUERY]
            states = DetectorState.objects.in_bulk([tag.pk for tag in some])
            for tag in some:
                state = states.get(tag.pk)
                if state is not None or keep_new:
                    self._watchers[tag.name] = watcher_of(tag, state)


def watcher_of(tag: WatchedTag, state: DetectorState | None) -> Watcher:
    """The tag's watcher, as it was saved; one that begins anew if it was not, or can't be restored."""
    if state is None:
        return Watcher(tag, tag.monitor(), position=0)
    try:
        return Watcher(tag, tag.monitor(bytes(state.data)), position=state.position)
    except StateError as error:
        logger.warning("detectors begin anew", extra={"tag": tag.name, "reason": str(error)})
        return Watcher(tag, tag.monitor(), position=state.position, is_urgent=True)


def watched_tags() -> dict[str, WatchedTag]:
    """The tags in use by name, with their settings as they are now."""
    tags = Tag.objects.filter(active=True)
    return {tag.name: WatchedTag(tag.pk, tag.name, tag.unit, tag.detection()) for tag in tags}


def save_states(watchers: Sequence[Watcher]) -> None:
    """Saves these monitors' states, in the caller's transaction; they count as saved from now on."""
    rows = [
        DetectorState(
            tag_id=watcher.tag.pk, version=VERSION, position=watcher.position, data=watcher.monitor.dump()
        )
        for watcher in watchers
    ]
    DetectorState.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["tag"], update_fields=["version", "position", "data"]
    )
    for watcher in watchers:
        watcher.unsaved, watcher.unsaved_from, watcher.is_urgent = 0, None, False
        watcher.saved_at = time.monotonic()

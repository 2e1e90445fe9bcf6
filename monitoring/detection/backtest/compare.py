"""Compare the events of several settings on the same stored readings."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.detection.monitor import DetectionSettings, TagMonitor
from monitoring.kernel.incident_event import Event

# Readings before the range that warm the monitors up: 2.5 h at a reading a second.
WARM_UP = 9_000


@dataclass(frozen=True, slots=True)
class EventSpan:
    """From when to when (inclusive) events count, in microseconds since 1970."""

    start_us: int
    end_us: int

    def has(self, event: Event) -> bool:
        """Whether any moment of the event lies within."""
        return event.start_us <= self.end_us and (event.end_us is None or event.end_us >= self.start_us)


class SettingsComparison:
    """New monitors, one for each of the settings, on the same readings.

    Readings before the range warm the monitors up. ``name`` and ``unit`` are the tag's, for the sentences.
    """

    def __init__(self, name: str, unit: str, settings: Sequence[DetectionSettings], span: EventSpan) -> None:
        self.readings = 0  # number within the span
        self._settings, self._span = settings, span
        # Run equal settings once.
        distinct = [one for index, one in enumerate(settings) if settings.index(one) == index]
        self._trials = [(one, TagMonitor(name, unit, one), EventLog()) for one in distinct]

    def update(self, times_us: Sequence[int], values: Sequence[float]) -> None:
        """Pass readings, in the order of time, to all monitors."""
        self.readings += sum(time_us >= self._span.start_us for time_us in times_us)
        for _, monitor, log in self._trials:
            log.note(monitor.update(times_us, values))

    def finish(self) -> list[list[Event]]:
        """Return the events of each of the settings, in the order of their start.

        Check for readings that had stopped coming by the end of the range; an event that lasts then is open.
        """
        for _, monitor, log in self._trials:
            log.note(monitor.check_silence(self._span.end_us))
        return [self._found_by(one) for one in self._settings]

    def _found_by(self, settings: DetectionSettings) -> list[Event]:
        (log,) = (log for one, _, log in self._trials if one == settings)
        return [event for event in log.events() if self._span.has(event)]


class EventLog:
    """The latest version of each event."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, int], Event] = {}

    def note(self, events: Sequence[Event]) -> None:
        """Add events that began, changed or ended."""
        for event in events:
            self._events[event.detector, event.start_us] = event

    def events(self) -> list[Event]:
        """Return all events, in the order of their start."""
        return sorted(self._events.values(), key=lambda event: (event.start_us, event.detector))

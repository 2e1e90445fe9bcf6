"""What settings would have found in readings that are there already."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.detection.monitor import DetectionSettings, TagMonitor
from monitoring.kernel.incident_event import Event

# So many readings before the range are learned from first: 2.5 h at a reading a second.
WARM_UP = 9_000


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when (inclusive) events count, in microseconds since 1970."""

    start_us: int
    end_us: int

    def has(self, event: Event) -> bool:
        """Whether any moment of the event lies within."""
        return event.start_us <= self.end_us and (event.end_us is None or event.end_us >= self.start_us)


class Backtest:
    """Monitors that begin anew, one for each of the settings, on the same readings.

    Readings before the span warm them up. ``name`` and ``unit`` are the tag's, for the sentences.
    """

    def __init__(self, name: str, unit: str, settings: Sequence[DetectionSettings], span: Span) -> None:
        self.readings = 0  # within the span
        self._settings, self._span = settings, span
        # Settings that are the same twice find the same.
        distinct = [one for place, one in enumerate(settings) if settings.index(one) == place]
        self._trials = [(one, TagMonitor(name, unit, one), EventLog()) for one in distinct]

    def take(self, times_us: Sequence[int], values: Sequence[float]) -> None:
        """Has all of them judge readings, which come in the order of time."""
        self.readings += sum(time_us >= self._span.start_us for time_us in times_us)
        for _, monitor, log in self._trials:
            log.note(monitor.update(times_us, values))

    def finish(self) -> list[list[Event]]:
        """The events of each of the settings, in the order of their start.

        Readings that had stopped coming by the span's end are noticed; an event that lasts then is open.
        """
        for _, monitor, log in self._trials:
            log.note(monitor.check_silence(self._span.end_us))
        return [self._found_by(one) for one in self._settings]

    def _found_by(self, settings: DetectionSettings) -> list[Event]:
        (log,) = (log for one, _, log in self._trials if one == settings)
        return [event for event in log.events() if self._span.has(event)]


class EventLog:
    """Events as they are told of last."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, int], Event] = {}

    def note(self, events: Sequence[Event]) -> None:
        """Takes what began, changed or ended."""
        for event in events:
            self._events[event.detector, event.start_us] = event

    def events(self) -> list[Event]:
        """All of them, in the order of their start."""
        return sorted(self._events.values(), key=lambda event: (event.start_us, event.detector))

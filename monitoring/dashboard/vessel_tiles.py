"""The tiles of vessels on the wall: batch, phase, elapsed time, key values, alarms, the next event.

A number of queries that is independent of the number of vessels reads all tiles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from monitoring.alarms.reading import AlarmSelection, PresentAlarm, alarms_of_vessels, read_alarms
from monitoring.batches.finding import recipe_phases
from monitoring.batches.forecast.reading import Forecast, read_forecasts
from monitoring.batches.reading import all_vessels, last_elapsed_h
from monitoring.batches.vessel_roles import OTHER, ROLES, role_title
from monitoring.dashboard import words
from monitoring.dashboard.batch_words import elapsed_text
from monitoring.dashboard.forecast_lines import ForecastLine, forecast_lines
from monitoring.dashboard.moments import Moment, moment
from monitoring.dashboard.states import Evidence, State, state_of
from monitoring.dashboard.watch_states import WatchState, read_watch_states
from monitoring.history.confirmed import confirmed_until
from monitoring.history.events import StoredEvent, open_events, strongest_first
from monitoring.history.measurements import Point
from monitoring.history.number_formats import read_formats
from monitoring.history.tags import latest_of
from monitoring.ingest.tags import tag_cache
from monitoring.kernel.number_format import NumberFormat
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.models import Batch, BatchPhase, TagFunction, Vessel, VesselTag
from monitoring.sources.simulator.demo_tags import unused_vessels

KEY_VALUES = 4
KEY_ROLES = ("temperature", "ph", "dissolved_oxygen", "agitation")
MOST_ALARMS = 200  # of all vessels
MOST_LINES = 2  # alarms or events of a tile
OfTagT = TypeVar("OfTagT", PresentAlarm, StoredEvent)


@dataclass(frozen=True, slots=True)
class TileValue:
    """The newest value of a tag: ``title`` is the role, ``state`` the state as on the tag's card."""

    title: str
    tag: str
    text: str
    unit: str
    state: State

    @property
    def needs(self) -> bool:
        """Return whether the value needs a person: a violated limit, an event, or missing data."""
        return self.state.urgency > 0

    @property
    def word(self) -> str:
        """Return the state in words."""
        return self.state.word or words.CARD_WORDS[self.state.state]


@dataclass(frozen=True, slots=True)
class Expected:
    """The next event that is expected: ``text`` with the duration until then, or since if it is late."""

    text: str
    at: Moment | None = None


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """The elapsed time of a batch in hours, and the typical one by the recipe (None: unknown)."""

    elapsed: float | None
    typical: float | None

    @property
    def text(self) -> str:
        """Return "12 h 30 min of typically 20 h"."""
        shown = elapsed_text(self.elapsed)
        return f"{shown} of typically {elapsed_text(self.typical)}" if shown and self.typical else shown

    @property
    def percent(self) -> int | None:
        """Return the share of the typical duration, from 0 to 100; None if unknown."""
        if self.elapsed is None or not self.typical:
            return None
        return round(100 * min(1.0, max(0.0, self.elapsed / self.typical)))


@dataclass(frozen=True, slots=True)
class VesselTile:
    """A vessel as on the wall."""

    vessel: Vessel
    batch: Batch | None
    phase: str
    progress: BatchProgress
    expected: Expected
    forecasts: Sequence[ForecastLine]
    values: Sequence[TileValue]
    alarms: Sequence[PresentAlarm]
    events: Sequence[StoredEvent]
    watch: WatchState | None = None

    @property
    def shown_alarms(self) -> Sequence[PresentAlarm]:
        """Return the alarms that have room."""
        return self.alarms[:MOST_LINES]

    @property
    def more(self) -> int:
        """Return the number of alarms and events without room."""
        return len(self.alarms) + len(self.events) - len(self.shown_alarms) - len(self.shown_events)

    @property
    def shown_events(self) -> Sequence[StoredEvent]:
        """Return the events that have room after the alarms."""
        return self.events[: max(0, MOST_LINES - len(self.alarms))]


@dataclass(frozen=True, slots=True)
class Readings:
    """Latest values, alarms and events of the tags of all vessels, by the tag's name.

    ``of_vessels`` has the alarms of the vessels themselves, by the vessel's name.
    ``watches`` has the state of watching of the running batches, by their ids; ``forecasts`` their forecasts.
    """

    now: datetime
    forecasts: Mapping[int, Forecast] = field(default_factory=dict)
    tags: Mapping[str, TagDefinition] = field(default_factory=dict)
    newest: Mapping[str, Point] = field(default_factory=dict)
    formats: Mapping[str, NumberFormat] = field(default_factory=dict)
    confirmed: Mapping[str, datetime] = field(default_factory=dict)
    alarms: Mapping[str, Sequence[PresentAlarm]] = field(default_factory=dict)
    events: Mapping[str, Sequence[StoredEvent]] = field(default_factory=dict)
    of_vessels: Mapping[str, Sequence[PresentAlarm]] = field(default_factory=dict)
    watches: Mapping[int, WatchState] = field(default_factory=dict)


def read_tiles(now: datetime) -> list[VesselTile]:
    """Return a tile for each active vessel, by name; without the demo vessel once nothing feeds it."""
    vessels = list(all_vessels().filter(is_active=True).exclude(name__in=unused_vessels()))
    bound = {vessel.pk: present_bindings(vessel, now) for vessel in vessels}
    running = [batch.pk for vessel in vessels for batch in vessel.running]  # type: ignore[attr-defined]
    readings = replace(read_readings(bound, now, running), forecasts=forecasts_of(vessels, now))
    return [tile_of(vessel, bound[vessel.pk], readings) for vessel in vessels]


def forecasts_of(vessels: Sequence[Vessel], now: datetime) -> Mapping[int, Forecast]:
    """Return the forecasts of the running batches of vessels read by ``all_vessels``."""
    return read_forecasts([batch for each in vessels for batch in each.running], now=now)  # type: ignore[attr-defined]


def present_bindings(vessel: Vessel, now: datetime) -> list[VesselTag]:
    """Return the bindings of a vessel at this time."""
    return [each for each in vessel.bindings.all() if is_bound(each, now)]


def is_bound(binding: VesselTag, now: datetime) -> bool:
    """Return whether the tag is bound at this time."""
    return (binding.begin is None or binding.begin <= now) and (binding.end is None or now < binding.end)


def read_readings(
    bound: Mapping[int, Sequence[VesselTag]], now: datetime, batches: Sequence[int]
) -> Readings:
    """Read values of the key tags, alarms and events of all bound tags, and the watching of the batches."""
    names = sorted({each.tag.name for bindings in bound.values() for each in bindings})
    keys = sorted({each.tag.name for bindings in bound.values() for each in key_bindings(bindings)})
    watches = read_watch_states(batches, now)
    if not names:
        return Readings(now, of_vessels=alarms_of_vessels(), watches=watches)
    tags = tag_cache().read()
    return Readings(
        now=now,
        tags=tags,
        newest=latest_of(keys, now),
        formats=read_formats(tags[name] for name in keys if name in tags),
        confirmed=confirmed_until(keys),
        alarms=by_tag(read_alarms(AlarmSelection(tags=names), limit=MOST_ALARMS)),
        events=by_tag(open_events(names)),
        of_vessels=alarms_of_vessels(),
        watches=watches,
    )


def by_tag(found: Sequence[OfTagT]) -> dict[str, list[OfTagT]]:
    """Return the alarms or events of each tag, in the given order."""
    grouped: dict[str, list[OfTagT]] = {}
    for each in found:
        grouped.setdefault(each.tag, []).append(each)
    return grouped


def key_bindings(bindings: Sequence[VesselTag]) -> list[VesselTag]:
    """Return the measured tags that a tile shows: the key roles first, then other roles."""
    order = [*KEY_ROLES, *(role for role in ROLES if role not in KEY_ROLES)]
    measured = [each for each in bindings if each.function == TagFunction.MEASURED and each.role in ROLES]
    return sorted(measured, key=lambda each: order.index(each.role))[:KEY_VALUES]


def tile_of(vessel: Vessel, bindings: Sequence[VesselTag], readings: Readings) -> VesselTile:
    """Return the tile of a vessel with its running batch."""
    running: list[Batch] = vessel.running  # type: ignore[attr-defined]
    batch = running[0] if running else None
    names = list(dict.fromkeys(each.tag.name for each in bindings))
    phase = present_phase(batch)
    forecast = (readings.forecasts.get(batch.pk) if batch else None) or Forecast()
    return VesselTile(
        vessel=vessel,
        batch=batch,
        phase=phase.name if phase else "",
        progress=progress_of(batch, readings.now),
        expected=expected_of(batch, readings.now, forecast),
        forecasts=forecast_lines(forecast, readings.now),
        values=[value_of(each, readings) for each in key_bindings(bindings)],
        alarms=[
            *(alarm for name in names for alarm in readings.alarms.get(name, ())),
            *readings.of_vessels.get(vessel.name, ()),
        ],
        events=strongest_first([event for name in names for event in readings.events.get(name, ())]),
        watch=readings.watches.get(batch.pk) if batch else None,
    )


def value_of(binding: VesselTag, readings: Readings) -> TileValue:
    """Return the newest value of a bound tag, with its state."""
    name, newest = binding.tag.name, readings.newest.get(binding.tag.name)
    tag = readings.tags.get(name) or binding.tag.definition()
    evidence = Evidence(
        events=readings.events.get(name, ()),
        alarm=next(iter(readings.alarms.get(name, ())), None),
        confirmed=readings.confirmed.get(name),
        is_wall=True,
    )
    number = readings.formats.get(name)
    return TileValue(
        title=tag.shown_name if binding.role == OTHER else role_title(binding.role),
        tag=name,
        text=words.value_text(tag, number, newest.value) if newest and number else "–",
        unit=tag.unit,
        state=state_of(tag, newest, readings.now, evidence),
    )


def present_phase(batch: Batch | None) -> BatchPhase | None:
    """Return the phase that lasts; None without one."""
    phases = list(batch.phases.all()) if batch else []
    return phases[-1] if phases and phases[-1].end is None else None


def typical_h(batch: Batch | None) -> float | None:
    """Return the typical duration of the recipe's phases together (h); None if one has none."""
    durations = [phase.typical_duration_s for phase in recipe_phases(batch)] if batch else []
    known = [each for each in durations if each is not None]
    return sum(known) / 3_600 if known and len(known) == len(durations) else None


def progress_of(batch: Batch | None, now: datetime) -> BatchProgress:
    """Return elapsed and typical time of a batch."""
    return BatchProgress(last_elapsed_h(batch, now) if batch else None, typical_h(batch))


def expected_of(batch: Batch | None, now: datetime, forecast: Forecast) -> Expected:
    """Return the next event of a batch: the inoculation, or the end of the phase.

    That is forecast from past batches where such forecasts were right; else by the typical duration.
    """
    phase = present_phase(batch)
    if batch is None:
        return Expected("")
    if batch.inoculated_at is None:
        return Expected("inoculation")
    if phase is None:
        return Expected("")
    phases = recipe_phases(batch)
    place = next((i for i, each in enumerate(phases) if each.name == phase.name), None)
    at = end_of(phase, None if place is None else phases[place].typical_duration_s, forecast)
    if place is None or at is None:
        return Expected("")
    following = f"phase {phases[place + 1].name}" if place + 1 < len(phases) else "end of the batch"
    if at >= now:
        return Expected(f"{following} in {words.duration_text((at - now).total_seconds())}", moment(at, now))
    late = words.duration_text((now - at).total_seconds())
    return Expected(f"{phase.name} lasts {late} longer than usual", moment(at, now))


def end_of(phase: BatchPhase, typical_s: int | None, forecast: Forecast) -> datetime | None:
    """Return the expected end of a phase: as forecast, else by its typical duration; None if unknown."""
    if forecast.phase_end:
        return forecast.phase_end.expected_end
    return phase.start + timedelta(seconds=typical_s) if typical_s else None

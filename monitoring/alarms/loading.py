"""Load the alarms of all tags in use as they were after the last commit."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from monitoring.alarms.batch_watch import Known
from monitoring.alarms.condition import Memory
from monitoring.alarms.definition import InForce
from monitoring.alarms.evaluation import Evaluation
from monitoring.alarms.following import versions_in_force
from monitoring.alarms.kinds import RANK, Kind, Priority
from monitoring.alarms.measured import read_before, read_newest, read_span
from monitoring.alarms.state_machine import Act
from monitoring.alarms.tag_table import NOWHERE, TagTable, WatchedTag
from monitoring.alarms.watched import Finding, WatchedAlarm
from monitoring.alarms.wording import MARKED_BAD, REFUSED
from monitoring.history.archived import read_what_can_be
from monitoring.kernel.clock import micros_or_none, to_micros
from monitoring.models import AlarmDefinition, AlarmDefinitionVersion, AlarmState, Tag

STATE = (
    *("definition", "is_active", "outside_since", "inside_since", "no_data_since", "is_acknowledged"),
    *("value", "is_latched", "suppression", "suppressed_by", "suppression_reason"),
    *("occurrence__active_at", "occurrence__details", "occurrence__event", "occurrence__priority"),
)


@dataclass(slots=True)
class Loaded:
    """All alarms in memory: those that follow measurements are in the table of tags.

    ``events`` has the event of each active alarm by definition, ``deviations`` the deviation of a batch.
    ``cut`` is the smallest id above the position from which another version holds; None without one.
    """

    evaluation: Evaluation
    alarms: dict[int, WatchedAlarm] = field(default_factory=dict)
    events: dict[int, int | None] = field(default_factory=dict)
    deviations: dict[int, Known] = field(default_factory=dict)
    cut: int | None = None

    def of_kind(self, kind: Kind) -> list[WatchedAlarm]:
        """Return the alarms of this kind, or of kinds that begin with this text."""
        return [alarm for alarm in self.alarms.values() if alarm.kind.startswith(kind)]


def load(tags: list[Tag], *, position: int, latest_us: int) -> Loaded:
    """Return all alarms as after the measurement ``position``, and what the definitions in force end.

    Measurements later than ``latest_us`` are not evaluated yet.
    """
    states = {row["definition"]: row for row in AlarmState.objects.order_by().values(*STATE)}
    alarms, gone = sorted_out(tags, versions_in_force(position))
    table = TagTable([watched_tag(tag) for tag in tags if tag.active], alarms.values())
    for tag_id, at_us, value in read_newest(latest_us=latest_us, upto=position):
        if (slot := table.slot_of(tag_id)) != NOWHERE:
            table.seed(slot, at_us, value)
    found = Loaded(Evaluation(table), alarms, cut=next_cut(position))
    for key in alarms.keys() & states.keys():
        restore(alarms[key], states[key], found)
        alarms[key].forget_after(latest_us)
    for slot in range(len(table.tags)):
        table.note(slot)
    # While the archive is away, alarms watch without the past that is in it.
    read_what_can_be(partial(refill, found, position=position))
    read_what_can_be(partial(fill_tracks, table, position=position))
    judge_new(found, states, position=position)
    found.evaluation.findings += [*ended(gone, states), *raised(alarms, states)]
    return found


def sorted_out(
    tags: list[Tag], in_force: dict[int, InForce]
) -> tuple[dict[int, WatchedAlarm], list[WatchedAlarm]]:
    """Return the alarms in use by definition, and those that are disabled, or whose tag is not in use.

    An alarm of a vessel that is not in use is disabled by its version in force.
    """
    used = {tag.pk for tag in tags if tag.active}
    alarms, gone = {}, []
    rows = AlarmDefinition.objects.values_list("id", "tag_id", "group", "kind", "vessel_id")
    for key, tag, group, kind, vessel in rows:
        now = in_force.get(key) or InForce(kind, is_enabled=False)
        alarm = WatchedAlarm(key, tag, group, kind, now, vessel=vessel)
        if alarm.in_force.is_enabled and (tag is None or tag in used):
            alarms[key] = alarm
        else:
            gone.append(alarm)
    return alarms, gone


def watched_tag(tag: Tag) -> WatchedTag:
    """Return the tag as the evaluator needs it."""
    return WatchedTag(tag.pk, tag.name, tag.group, float(tag.definition().stale_after_s))


def restore(alarm: WatchedAlarm, row: dict[str, Any], loaded: Loaded) -> None:
    """Set the alarm's memory to the stored state."""
    alarm.is_on = row["is_active"]
    details = row["occurrence__details"] or {}
    inside_since = micros_or_none(row["inside_since"])
    is_active = alarm.is_on
    cause = details.get("cause") if alarm.kind == Kind.BAD and alarm.is_on else None
    if cause in {REFUSED, MARKED_BAD}:
        alarm.is_refused, alarm.is_marked = cause == REFUSED, cause == MARKED_BAD
        is_active = inside_since is not None
    alarm.memory = Memory(is_active, micros_or_none(row["outside_since"]), inside_since)
    alarm.no_data_since = micros_or_none(row["no_data_since"])
    if alarm.is_on and row["occurrence__active_at"] is not None:
        alarm.changed_us = to_micros(row["occurrence__active_at"])
        loaded.events[alarm.definition] = row["occurrence__event"]
        if alarm.kind == Kind.BATCH:
            loaded.deviations[alarm.definition] = Known(details, row["value"])
    if row["suppression"] == "suppressed" and row["suppressed_by"] == "Fermon":
        alarm.suppressed_for = row["suppression_reason"]


def refill(loaded: Loaded, *, position: int) -> None:
    """Fill the windows of slopes with the measurements before the newest evaluated one."""
    table = loaded.evaluation.table
    found = []
    for alarm in loaded.alarms.values():
        slot = table.slot_of(alarm.tag) if alarm.tag is not None else NOWHERE
        last_us = table.last_of(slot) if slot != NOWHERE else None
        if alarm.window is not None and alarm.tag is not None and last_us is not None:
            first_us = last_us - alarm.window.window_us
            found.append((alarm.window, read_span(alarm.tag, first_us, last_us, upto=position)))
    for window, values in found:  # once all are read
        for at_us, value in values:
            window.add(at_us, value)


def fill_tracks(table: TagTable, *, position: int) -> None:
    """Fill the tracks of setpoint tags with the measurements up to the newest evaluated one."""
    found = []
    for slot, track in table.tracks.items():
        tag, last_us = table.tags[slot].pk, table.last_of(slot)
        if last_us is not None:
            first_us = last_us - track.kept_us
            before = read_before(tag, first_us, upto=position)
            found.append((track, [*before, *read_span(tag, first_us, last_us, upto=position)]))
    for track, values in found:  # once all are read
        for at_us, value in values:
            track.add(at_us, value)


def judge_new(loaded: Loaded, states: dict[int, dict[str, Any]], *, position: int) -> None:
    """Evaluate the newest measurement for each definition that holds from here on for the first time.

    A condition that held before the definition was made would stay silent otherwise.
    """
    first = AlarmDefinitionVersion.objects.filter(version=1, from_id=position).order_by()
    table = loaded.evaluation.table
    for key in first.values_list("definition", flat=True):
        alarm = loaded.alarms.get(key)
        slot = table.slot_of(alarm.tag) if alarm is not None and alarm.tag is not None else NOWHERE
        if alarm is not None and slot != NOWHERE and key not in states and alarm in table.of_values[slot]:
            loaded.evaluation.judge_seed(alarm, slot)


def ended(gone: list[WatchedAlarm], states: dict[int, dict[str, Any]]) -> list[Finding]:
    """Return the ends of alarms that are disabled, or of tags and vessels not in use."""
    reason = "the alarm is disabled, or its tag or vessel is not in use"
    return [
        Finding(alarm, Act.DISABLE, reason=reason)
        for alarm in gone
        if alarm.definition in states and not is_normal(states[alarm.definition])
    ]


def raised(alarms: dict[int, WatchedAlarm], states: dict[int, dict[str, Any]]) -> list[Finding]:
    """Return re-alarms of active alarms with a definition of a higher priority than their occurrence."""
    found = []
    for key, row in states.items():
        alarm, before = alarms.get(key), row["occurrence__priority"]
        if alarm is None or not row["is_active"] or before is None:
            continue
        now = Priority(alarm.in_force.priority)
        if RANK[now] < RANK[Priority(before)]:
            reason = f"priority raised from {before} to {now}"
            found.append(Finding(alarm, Act.REALARM, reason=reason, priority=now))
    return found


def is_normal(row: dict[str, Any]) -> bool:
    """Return whether nothing is to be ended."""
    is_quiet = row["is_acknowledged"] and not row["is_latched"] and not row["suppression"]
    return is_quiet and not row["is_active"] and row["outside_since"] is None


def next_cut(position: int) -> int | None:
    """Return the smallest id above the position from which another version holds."""
    later = AlarmDefinitionVersion.objects.filter(from_id__gt=position).order_by("from_id")
    return later.values_list("from_id", flat=True).first()

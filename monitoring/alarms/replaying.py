"""Recompute the alarms of values and gaps from stored measurements, and compare them with the stored ones."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.db.models import Min

from monitoring.alarms.evaluation import BY_CLOCK, Evaluation
from monitoring.alarms.following import versions_in_force
from monitoring.alarms.kinds import VALUE_KINDS, Kind
from monitoring.alarms.loading import Loaded as Replayed
from monitoring.alarms.loading import fill_tracks, judge_new, next_cut, sorted_out, watched_tag
from monitoring.alarms.measured import FIRST_US, read_newest, read_page
from monitoring.alarms.state_machine import Act
from monitoring.alarms.tag_table import NOWHERE, TagTable
from monitoring.alarms.watched import WatchedAlarm
from monitoring.alarms.wording import MARKED_BAD, REFUSED
from monitoring.database.leases import position_of
from monitoring.history.tag_rows import TagRange, read_tag_rows
from monitoring.kernel.clock import from_micros, iso_utc, micros_or_none, to_micros
from monitoring.kernel.lease_names import ALARMS
from monitoring.kernel.tag_definition import TagKind
from monitoring.models import (
    AlarmDefinition,
    AlarmDefinitionVersion,
    AlarmOccurrence,
    SourceTag,
    Tag,
)

PAGE = 20_000
NOT_OF_VALUES = [REFUSED, MARKED_BAD]
EVER = int(np.iinfo(np.int64).max)


@dataclass(slots=True)
class Spell:
    """A time in which an alarm was active, in microseconds; ``end_us`` None: it lasts.

    ``is_sure`` is false if the clock, a person or an event has a part in begin or end.
    """

    start_us: int
    end_us: int | None = None
    is_sure: bool = True


@dataclass(slots=True)
class Computed:
    """The spells of each definition, in order."""

    spells: dict[int, list[Spell]] = field(default_factory=dict)

    def add(self, evaluation: Evaluation) -> None:
        """Add the findings since the last page."""
        for finding in evaluation.findings:
            spells = self.spells.setdefault(finding.alarm.definition, [])
            if finding.act is Act.ACTIVE:
                spells.append(Spell(finding.at_us or 0))
            elif spells:
                spells[-1].end_us = finding.at_us
        for found in evaluation.late:
            self.spells.setdefault(found.alarm.definition, []).append(
                Spell(found.active_us, found.cleared_us, is_sure=False)
            )
        evaluation.clear()


def replay(names: Sequence[str] = ()) -> list[str]:
    """Return the differences between stored and recomputed alarms of these tags, in words; empty: all tags.

    Not recomputed: alarms of rejected readings, of bad quality, events, groups and the system, and late
    occurrences.
    """
    end = position_of(ALARMS)
    position = AlarmDefinitionVersion.objects.aggregate(first=Min("from_id"))["first"]
    if end is None or position is None:
        return []
    computed = computed_spells(position, end)
    rows = AlarmDefinition.objects.select_related("tag").exclude(tag=None).order_by("tag", "id")
    if names:
        rows = rows.filter(tag__name__in=names)
    fed = set(SourceTag.objects.values_list("tag", flat=True))
    return [
        difference
        for row in rows
        if is_recomputed(row, fed)
        for difference in compare(row, computed.spells.get(row.pk, []))
    ]


def is_recomputed(definition: AlarmDefinition, fed: Collection[int]) -> bool:
    """Return whether measurements alone make the alarm. ``fed`` are the tags of field sources.

    A source confirms values that it does not send again, and its confirmations are not stored. So silence of
    these tags can't be recomputed, nor delays that run out while a value lasts; values of analog tags are
    written again as long as they are confirmed.
    """
    if definition.kind not in VALUE_KINDS:
        return definition.kind == Kind.BAD and definition.tag_id not in fed
    is_analog = definition.tag is not None and definition.tag.kind == TagKind.ANALOG
    return is_analog or definition.tag_id not in fed


def computed_spells(position: int, end: int) -> Computed:
    """Evaluate the measurements with ids from the position to the end, with the versions in force."""
    computed = Computed()
    replayed = begin_at(position, None)
    while True:
        replayed.evaluation.findings.sort(key=lambda finding: finding.at_us or 0)
        computed.add(replayed.evaluation)
        if position >= end:
            return computed
        upto = end if replayed.cut is None else min(end, replayed.cut)
        rows = read_page(after=position, upto=upto, limit=PAGE)
        position = int(rows.id[-1]) if len(rows) == PAGE else upto
        replayed.evaluation.take(rows, latest_us=EVER)
        if replayed.cut is not None and position >= replayed.cut:
            computed.add(replayed.evaluation)
            replayed = begin_at(position, replayed)


def begin_at(position: int, before: Replayed | None) -> Replayed:
    """Return the alarms with the versions in force after the position; they continue those before."""
    tags = list(Tag.objects.all())
    for tag in tags:
        tag.active = True  # versions tell when an alarm was in use
    alarms, _ = sorted_out(tags, versions_in_force(position))
    known = before.alarms if before is not None else {}
    for key in alarms.keys() & known.keys():
        continue_with(alarms[key], known[key])
    table = TagTable([watched_tag(tag) for tag in tags], alarms.values())
    for tag_id, at_us, value in read_newest(latest_us=EVER, upto=position):
        if (slot := table.slot_of(tag_id)) != NOWHERE:
            table.seed(slot, at_us, value)
    found = Replayed(Evaluation(table), alarms, cut=next_cut(position))
    fill_tracks(table, position=position)
    judge_new(found, {key: {} for key in known}, position=position)
    return found


def continue_with(alarm: WatchedAlarm, before: WatchedAlarm) -> None:
    """Continue the memory of an alarm under another version."""
    alarm.memory, alarm.is_on, alarm.changed_us = before.memory, before.is_on, before.changed_us
    window = before.window
    if alarm.window is not None and window is not None and alarm.window.window_us == window.window_us:
        alarm.window = window


def compare(definition: AlarmDefinition, computed: Sequence[Spell]) -> Iterator[str]:
    """Yield the differences of one alarm, in words."""
    first = read_tag_rows(TagRange(definition.tag_id, FIRST_US, EVER), limit=1)
    kept_from_us = int(first.times_us[0]) if len(first) else EVER
    stored = {spell.start_us: spell for spell in stored_spells(definition) if spell.start_us >= kept_from_us}
    apart = apart_spells(definition)
    expected = {
        spell.start_us: spell for spell in computed if not any(is_within(spell, one) for one in apart)
    }
    for start_us in sorted(stored.keys() | expected.keys()):
        mine, right = stored.get(start_us), expected.get(start_us)
        at = f"{definition} at {iso_utc(from_micros(start_us))}"
        if mine is None:
            yield f"{at} is not stored"
        elif right is None and mine.is_sure:
            yield f"{at} is stored, and does not follow from the measurements"
        elif right is not None and right.is_sure and mine.is_sure and mine.end_us != right.end_us:
            yield f"{at} ended {said(mine.end_us)}, and should have {said(right.end_us)}"


def stored_spells(definition: AlarmDefinition) -> list[Spell]:
    """Return the stored occurrences; those in which an active alarm asked again are parts of one spell."""
    rows = AlarmOccurrence.objects.filter(definition=definition)
    if definition.kind != Kind.BAD:
        rows = rows.filter(is_late=False)
    spells: list[Spell] = []
    for row in rows.order_by("active_at", "id"):
        if row.details.get("cause") in NOT_OF_VALUES:
            continue
        start_us, end_us = (
            to_micros(row.active_at),
            micros_or_none(row.cleared_at),
        )
        if spells and spells[-1].end_us == start_us:
            spells[-1].end_us, spells[-1].is_sure = end_us, False
            continue
        by_clock = row.details.get("noticed_by") == BY_CLOCK
        spells.append(Spell(start_us, end_us, is_sure=not by_clock and definition.is_enabled))
    return spells


def apart_spells(definition: AlarmDefinition) -> list[Spell]:
    """Return the stored occurrences that do not follow from measurements; silence in one is no other one."""
    rows = AlarmOccurrence.objects.filter(definition=definition, details__cause__in=NOT_OF_VALUES)
    return [Spell(to_micros(row.active_at), micros_or_none(row.cleared_at)) for row in rows]


def is_within(spell: Spell, other: Spell) -> bool:
    """Return whether a spell begins within another one."""
    return other.start_us <= spell.start_us and (other.end_us is None or spell.start_us <= other.end_us)


def said(end_us: int | None) -> str:
    """Return the end in words."""
    return "never" if end_us is None else f"at {iso_utc(from_micros(end_us))}"

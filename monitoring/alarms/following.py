"""Make the standard alarms of tags and vessels, and follow the tags' limits with versions of definitions."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Max, TextField
from django.db.models.functions import Cast

from monitoring.alarms.definition import InForce
from monitoring.alarms.kinds import Kind, Priority
from monitoring.alarms.resolving import RESOLVED, resolved
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.models import AlarmDefinition, AlarmDefinitionVersion, Tag, Vessel

AUTHOR = "Fermon"
CHANGES_AT_ONCE = 500
FEWEST_OF_A_GROUP = 3
NO_DATA_AT_ALL = f"{Kind.SYSTEM}no_data"
SYSTEM_KINDS = ("worker", "detection", "disk", "spool", "backup", "sources")
NOTIFICATIONS = f"{Kind.SYSTEM}notifications"


@dataclass(frozen=True, slots=True)
class Standard:
    """An alarm that Fermon makes by itself, with the values that differ from a definition's defaults."""

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)


INSTRUMENT = {"alarm_class": "instrument", "priority": Priority.LOW, "on_delay_s": 60.0, "off_delay_s": 0.0}
OF_A_TAG = (
    Standard(Kind.BAD, {"alarm_class": "quality", "on_delay_s": 20.0}),
    Standard(f"{Kind.EVENT}stuck", INSTRUMENT),
    Standard(f"{Kind.EVENT}saturation", INSTRUMENT),
)
HIGH, LOW = Standard(Kind.HIGH), Standard(Kind.LOW)
OF_A_GROUP = Standard(Kind.GROUP_BAD, {"alarm_class": "quality", "priority": Priority.HIGH})
OF_A_VESSEL = Standard(
    Kind.BATCH,
    {
        "on_delay_s": 0.0,  # a deviation lasts for some minutes before it is one
        "off_delay_s": 0.0,
        "consequence": "The batch runs on unlike golden batches: yield or quality may suffer.",
        "action": "Open the batch. See which channels deviate, and whether probe or process is the likely"
        " cause. Check the probe against a sample before you change the process.",
    },
)
OF_THE_SYSTEM = (
    Standard(NO_DATA_AT_ALL, {"alarm_class": "system", "priority": Priority.HIGH}),
    *(Standard(f"{Kind.SYSTEM}{name}", {"alarm_class": "system"}) for name in SYSTEM_KINDS),
    Standard(NOTIFICATIONS, {"alarm_class": "system", "priority": Priority.HIGH}),
)


@dataclass(slots=True)
class Unwritten:
    """A definition that is new or has other resolved values."""

    definition: AlarmDefinition
    in_force: InForce
    reason: str


def unwritten(
    tags: Sequence[Tag], vessels: Sequence[Vessel], in_force: Mapping[int, InForce]
) -> Iterator[Unwritten]:
    """Return the standard alarms that are missing, and the definitions that tags and vessels have changed.

    ``in_force`` has the newest version of each definition by the definition's id.
    """
    known: dict[int, TagDefinition] = {tag.pk: tag.definition() for tag in tags}
    # Rows as tuples: with ten thousand tags, instances of the model would take seconds of each take-over.
    columns = ("id", "tag_id", "vessel_id", "group", *RESOLVED)
    rows = list(AlarmDefinition.objects.values_list(*columns, named=True))
    made = {(row.tag_id or row.group, row.kind) for row in rows if row.vessel_id is None}
    for standard, tag, group in wanted(tags):
        if (tag.pk if tag is not None else group, standard.kind) not in made:
            yield new(standard, tag=tag, known=known[tag.pk] if tag is not None else None, group=group)
    yield from missing_of_vessels(vessels, {row.vessel_id for row in rows})
    changed, unused = {}, {vessel.pk for vessel in vessels if not vessel.is_active}
    for row in rows:
        now = resolved(row, known.get(row.tag_id or 0), is_vessel_active=row.vessel_id not in unused)
        before = in_force.get(row.id)
        if now != before:
            changed[row.id] = (now, reason_of(before, now))
    for key, definition in AlarmDefinition.objects.in_bulk(list(changed)).items():
        yield Unwritten(definition, *changed[key])


def wanted(tags: Sequence[Tag]) -> Iterator[tuple[Standard, Tag | None, str]]:
    """Yield all standard alarms, each with its tag or group."""
    for standard in OF_THE_SYSTEM:
        yield standard, None, ""
    groups = Counter(tag.group for tag in tags if tag.active and tag.group)
    for group in sorted(group for group, members in groups.items() if members >= FEWEST_OF_A_GROUP):
        yield OF_A_GROUP, None, group
    for tag in tags:
        if tag.active:
            limits = [(HIGH, tag.upper_limit), (LOW, tag.lower_limit)]
            for standard in (*(each for each, limit in limits if limit is not None), *OF_A_TAG):
                yield standard, tag, ""


def missing_of_vessels(vessels: Sequence[Vessel], made: Collection[int | None]) -> Iterator[Unwritten]:
    """Yield the standard alarm of each active vessel without one."""
    for vessel in vessels:
        if vessel.is_active and vessel.pk not in made:
            row = AlarmDefinition(vessel=vessel, kind=str(OF_A_VESSEL.kind), **OF_A_VESSEL.values)
            yield Unwritten(row, resolved(row, None), "made for the vessel")


def new(
    standard: Standard, *, tag: Tag | None = None, known: TagDefinition | None = None, group: str = ""
) -> Unwritten:
    """Return a standard alarm as a definition that is not stored yet."""
    row = AlarmDefinition(tag=tag, group=group, kind=str(standard.kind), **standard.values)
    return Unwritten(row, resolved(row, known), "made from the limits and settings of the tag")


def reason_of(before: InForce | None, now: InForce) -> str:
    """Return in words why there is a new version."""
    if before is None:
        return "first version"
    if before.is_enabled != now.is_enabled:
        return f"the alarm, its tag or its vessel is {'in use again' if now.is_enabled else 'not in use'}"
    if replace(before, setpoint=now.setpoint, deadband=now.deadband) == now:
        return "limits of the tag changed"
    if replace(before, stale_after_s=now.stale_after_s) == now:
        return "time until the tag is stale changed"
    return "settings of the definition changed"


def write_some(waiting: Iterator[Unwritten], *, position: int, now: datetime) -> int:
    """Write definitions and versions, at most CHANGES_AT_ONCE; return how many.

    Call in a transaction that holds the alarms' lease. The versions hold for ids above ``position``.
    """
    some = list(islice(waiting, CHANGES_AT_ONCE))
    for each in some:
        each.definition.version += 1
    stored = [each.definition for each in some if each.definition.pk is not None]
    AlarmDefinition.objects.bulk_create([each.definition for each in some if each.definition.pk is None])
    AlarmDefinition.objects.bulk_update(stored, ["version"], batch_size=200)
    AlarmDefinitionVersion.objects.bulk_create(
        AlarmDefinitionVersion(
            definition=each.definition,
            version=each.definition.version,
            from_id=position,
            at=now,
            by=AUTHOR,
            reason=each.reason,
            fields=each.in_force.as_json(),
        )
        for each in some
    )
    return len(some)


def newest_version() -> int:
    """Return the id of the newest version of any definition: it tells of changes."""
    return AlarmDefinitionVersion.objects.aggregate(newest=Max("id"))["newest"] or 0


def versions_in_force(position: int | None) -> dict[int, InForce]:
    """Return the versions in force after the measurement ``position`` by definition; None: the newest."""
    rows = AlarmDefinitionVersion.objects.order_by()
    if position is not None:
        rows = rows.filter(from_id__lte=position)
    newest = rows.values("definition").annotate(newest=Max("id")).values("newest")
    found = AlarmDefinitionVersion.objects.filter(id__in=newest).order_by()
    rows_as_text = found.annotate(text=Cast("fields", TextField())).values_list("definition", "text")
    parsed: dict[str, InForce] = {}  # the alarms of many tags have the same values
    in_force = {}
    for definition, text in rows_as_text:
        if text not in parsed:
            parsed[text] = InForce.from_json(json.loads(text))
        in_force[definition] = parsed[text]
    return in_force

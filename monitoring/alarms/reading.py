"""Read alarms: a list of them, one in full, and the counts for the bar."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import (
    Case,
    Exists,
    F,
    IntegerField,
    Max,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)

from monitoring.alarms.kinds import RANK, Kind, Priority
from monitoring.alarms.note_subjects import named
from monitoring.alarms.state_machine import State, Suppression, state_of
from monitoring.alarms.stored_status import status_of
from monitoring.alarms.wording import STATE_WORDS, cause_of, condition_of, title_of
from monitoring.kernel.clock import iso_or_none, iso_utc
from monitoring.models import AlarmDefinition, AlarmOccurrence, AlarmState, Vessel, VesselTag

IN_SERVICE = Q(suppression=Suppression.NONE)
# The rows of each state, as ``state_of`` derives the state from the same fields.
STATES = {
    State.NORMAL: Q(is_active=False, is_acknowledged=True, is_latched=False) & IN_SERVICE,
    State.UNACKNOWLEDGED: Q(is_active=True, is_acknowledged=False) & IN_SERVICE,
    State.ACKNOWLEDGED: Q(is_active=True, is_acknowledged=True) & IN_SERVICE,
    State.RETURNED: Q(is_active=False, is_acknowledged=False, is_latched=False) & IN_SERVICE,
    State.LATCHED_UNACKNOWLEDGED: Q(is_active=False, is_acknowledged=False, is_latched=True) & IN_SERVICE,
    State.LATCHED_ACKNOWLEDGED: Q(is_active=False, is_acknowledged=True, is_latched=True) & IN_SERVICE,
    State.SHELVED: Q(suppression=Suppression.SHELVED),
    State.SUPPRESSED: Q(suppression=Suppression.BY_DESIGN),
    State.OUT_OF_SERVICE: Q(suppression=Suppression.OUT_OF_SERVICE),
}
# States that ask a person for something, or say that a condition holds: those on the list of alarms.
PRESENT = (
    State.UNACKNOWLEDGED,
    State.ACKNOWLEDGED,
    State.RETURNED,
    State.LATCHED_UNACKNOWLEDGED,
    State.LATCHED_ACKNOWLEDGED,
)
UNSEEN = Q(is_acknowledged=False) & IN_SERVICE
# The occurrence of an alarm that is not normal has the priority: rejected readings raise that of BAD.
PRIORITY = Case(
    When(Q(occurrence=None) | STATES[State.NORMAL], then=F("definition__priority")),
    default=F("occurrence__priority"),
)
BY_RANK = Case(
    *(When(priority=priority, then=Value(rank)) for priority, rank in RANK.items()),
    default=Value(len(RANK)),
    output_field=IntegerField(),
)
RELATED = ("definition", "definition__tag", "definition__vessel", "occurrence")
SCORE_UNIT = "× limit"  # of the score of a batch
RowT = TypeVar("RowT", bound=Model)


@dataclass(frozen=True, slots=True)
class PresentAlarm:
    """An alarm as people and programs see it. ``id`` is that of the definition.

    ``occurrence`` is the one that an acknowledgement has to name. Times are None where nothing happened.
    """

    id: int
    occurrence: int | None
    tag: str
    group: str
    unit: str
    kind: str
    title: str
    condition: str
    priority: str
    alarm_class: str
    state: State
    is_active: bool
    is_acknowledged: bool
    setpoint: float | None
    value: float | None
    peak: float | None
    active_at: datetime | None
    noticed_at: datetime | None
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    no_data_since: datetime | None
    suppressed_until: datetime | None
    suppressed_by: str
    suppression_reason: str
    is_first_out: bool
    consequence: str
    action: str
    respond_until: datetime | None
    revision: int
    details: dict[str, Any] = field(default_factory=dict)
    display_name: str = ""
    vessel: str = ""

    @property
    def name(self) -> str:
        """Return the tag for people, the vessel or group, or "Fermon" for an alarm of the system."""
        return self.display_name or self.tag or self.group or "Fermon"

    def as_json(self) -> dict[str, Any]:
        """Return an item of ``/alarms``."""
        return {
            "id": self.id,
            "occurrence": self.occurrence,
            "tag": self.tag or None,
            "vessel": self.vessel or None,
            "group": self.group,
            "unit": self.unit,
            "kind": self.kind,
            "title": self.title,
            "condition": self.condition,
            "priority": self.priority,
            "class": self.alarm_class,
            "state": self.state,
            "state_text": STATE_WORDS[self.state],
            "active": self.is_active,
            "acknowledged": self.is_acknowledged,
            "setpoint": self.setpoint,
            "value": self.value,
            "peak": self.peak,
            "active_at": iso_or_none(self.active_at),
            "noticed_at": iso_or_none(self.noticed_at),
            "cleared_at": iso_or_none(self.cleared_at),
            "acknowledged_at": iso_or_none(self.acknowledged_at),
            "acknowledged_by": self.acknowledged_by,
            "no_data_since": iso_or_none(self.no_data_since),
            "suppressed_until": iso_or_none(self.suppressed_until),
            "suppressed_by": self.suppressed_by,
            "suppression_reason": self.suppression_reason,
            "first_out": self.is_first_out,
            "consequence": self.consequence,
            "action": self.action,
            "respond_until": iso_or_none(self.respond_until),
            "revision": self.revision,
            "details": self.details,
        }


@dataclass(frozen=True, slots=True)
class AlarmSelection:
    """Criteria for alarms; empty or None means no restriction, and no states those on the list of alarms.

    ``vessel`` is a name, present or former: its own alarms, and those of the tags that are bound to it now.
    """

    states: Collection[State] = PRESENT
    priorities: Collection[str] = ()
    tags: Collection[str] = ()
    group: str | None = None
    vessel: str | None = None
    alarm_class: str | None = None
    after_revision: int | None = None


@dataclass(frozen=True, slots=True)
class AlarmCounts:
    """The content of the bar on every page. ``unseen`` and ``active`` are numbers by priority."""

    unseen: dict[str, int]
    active: dict[str, int]
    shelved: int
    suppressed: int
    newest: PresentAlarm | None
    revision: int

    def as_json(self) -> dict[str, Any]:
        """Return the counts for the API and the page's scripts."""
        return {
            "unacknowledged": self.unseen,
            "active": self.active,
            "shelved": self.shelved,
            "suppressed": self.suppressed,
            "newest": self.newest.as_json() if self.newest else None,
            "revision": self.revision,
        }


def read_alarms(selection: AlarmSelection, *, limit: int, offset: int = 0) -> list[PresentAlarm]:
    """Return the selected alarms: first what waits for a person, then by priority, then the newest."""
    # Sort keys alone: rows with definition, tag and occurrence are wide.
    keys = list(urgent_first(selection).values_list("pk", flat=True)[offset : offset + limit])
    found = alarms_by_key(keys)
    if len(keys) < limit and (unused := without_state(selection)) is not None:
        skipped = max(0, offset - selected(selection).count())
        rows = unused.select_related("tag", "vessel")[skipped : skipped + limit - len(keys)]
        found += [present(AlarmState(definition=row)) for row in rows]
    return found


def count_alarms(selection: AlarmSelection) -> int:
    """Return the number of selected alarms."""
    unused = without_state(selection)
    return selected(selection).count() + (0 if unused is None else unused.count())


def urgent_first(selection: AlarmSelection) -> QuerySet[AlarmState]:
    """Return the selected rows of state: unacknowledged first, then by priority, then the newest."""
    return selected(selection).order_by(
        F("is_acknowledged").asc(), BY_RANK, F("is_active").desc(), F("occurrence__active_at").desc(), "pk"
    )


def alarms_by_key(keys: Collection[int]) -> list[PresentAlarm]:
    """Return the alarms of these definitions in the same order; those without a row of state are left out."""
    found = AlarmState.objects.select_related(*RELATED).in_bulk(list(keys))
    return [present(found[key]) for key in keys if key in found]


def without_state(selection: AlarmSelection) -> QuerySet[AlarmDefinition] | None:
    """Return the selected definitions without a row of state: alarms that have always been normal.

    None if the selection excludes normal alarms.
    """
    if selection.after_revision is not None or (selection.states and State.NORMAL not in selection.states):
        return None
    rows = AlarmDefinition.objects.filter(~Exists(AlarmState.objects.filter(pk=OuterRef("pk"))))
    if selection.priorities:
        rows = rows.filter(priority__in=list(selection.priorities))
    return of_subject(rows, selection, "").order_by(BY_RANK, "pk")


def read_counts() -> AlarmCounts:
    """Return the counts for the bar, and the newest alarm that nobody has acknowledged."""
    revision = newest_revision()  # first: a change meanwhile then has a higher one, and is read again
    rows = AlarmState.objects.exclude(STATES[State.NORMAL]).annotate(priority=PRIORITY)
    unseen = dict.fromkeys(map(str, Priority), 0)
    active, shelved, suppressed = dict(unseen), 0, 0
    for priority, is_acknowledged, is_active, suppression in rows.values_list(
        "priority", "is_acknowledged", "is_active", "suppression"
    ):
        shelved += suppression == Suppression.SHELVED
        suppressed += suppression in {Suppression.BY_DESIGN, Suppression.OUT_OF_SERVICE}
        if not suppression:
            unseen[priority] += not is_acknowledged
            active[priority] += is_active
    newest = rows.filter(UNSEEN).select_related(*RELATED).order_by("-occurrence__active_at", "-pk").first()
    return AlarmCounts(unseen, active, shelved, suppressed, present(newest) if newest else None, revision)


def alarms_of_tags(tags: Collection[str]) -> dict[str, PresentAlarm]:
    """Return the most urgent present alarm of each of the tags that has one."""
    keys = worst_keys(AlarmSelection(tags=tags)) if tags else []
    return {alarm.tag: alarm for alarm in alarms_by_key(keys)}


def alarms_of_vessels() -> dict[str, list[PresentAlarm]]:
    """Return the present alarms of vessels themselves, without those of tags, by the vessel's name."""
    rows = urgent_first(AlarmSelection()).exclude(definition__vessel=None)
    found: dict[str, list[PresentAlarm]] = {}
    for alarm in map(present, rows):
        found.setdefault(alarm.vessel, []).append(alarm)
    return found


def worst_keys(selection: AlarmSelection) -> list[int]:
    """Return the keys of the selected alarms, most urgent first: of each tag only the first."""
    rows = urgent_first(selection).values_list("pk", "definition__tag")
    worst: dict[str, int] = {}
    for key, tag in rows:
        worst.setdefault(f"alarm {key}" if tag is None else f"tag {tag}", key)
    return list(worst.values())


def worst_of_tags() -> dict[str, tuple[str, bool]]:
    """Return priority and "is acknowledged" of the most urgent present alarm, of each tag that has one."""
    rows = selected(AlarmSelection()).exclude(definition__tag=None)
    listed = rows.annotate(worst=PRIORITY).values_list("definition__tag__name", "worst", "is_acknowledged")
    found: dict[str, tuple[str, bool]] = {}
    for name, priority, is_acknowledged in listed.order_by("is_acknowledged", BY_RANK):
        found.setdefault(name, (priority, is_acknowledged))
    return found


def find_alarm(pk: int) -> PresentAlarm | None:
    """Return the alarm of the definition with this id; None if there is no such definition."""
    definition = AlarmDefinition.objects.select_related("tag", "vessel").filter(pk=pk).first()
    if definition is None:
        return None
    row = AlarmState.objects.select_related(*RELATED).filter(pk=pk).first()
    return present(row or AlarmState(definition=definition))


def occurrences_of(pk: int, *, limit: int) -> list[dict[str, Any]]:
    """Return the last occurrences of an alarm as JSON objects, newest first."""
    rows = AlarmOccurrence.objects.filter(definition=pk).order_by("-active_at", "-id")[:limit]
    return [occurrence_json(row) for row in rows]


def newest_revision() -> int:
    """Return the revision of the last changed alarm; 0 before the first."""
    return AlarmState.objects.aggregate(newest=Max("revision"))["newest"] or 0


def changed_alarms(*, after: int, limit: int) -> list[PresentAlarm]:
    """Return the first ``limit`` alarms with a higher revision, in order of revision."""
    rows = AlarmState.objects.select_related(*RELATED).filter(revision__gt=after).order_by("revision")
    return [present(row) for row in rows[:limit]]


def selected(selection: AlarmSelection) -> QuerySet[AlarmState]:
    """Return the rows of the selection, unordered."""
    rows = AlarmState.objects.select_related(*RELATED).annotate(priority=PRIORITY)
    if selection.states:
        wanted = Q()
        for state in selection.states:
            wanted |= STATES[state]
        rows = rows.filter(wanted)
    if selection.priorities:
        rows = rows.filter(priority__in=list(selection.priorities))
    if selection.after_revision is not None:
        rows = rows.filter(revision__gt=selection.after_revision)
    return of_subject(rows, selection, "definition__")


def of_subject(rows: QuerySet[RowT], selection: AlarmSelection, to_definition: str) -> QuerySet[RowT]:
    """Return the rows of the selection's tags, group, vessel and class."""
    if selection.tags:
        rows = rows.filter(**{f"{to_definition}tag__name__in": list(selection.tags)})
    if selection.group is not None:
        rows = in_groups(rows, [selection.group], to_definition)
    if selection.vessel is not None:
        rows = of_vessel(rows, selection.vessel, to_definition)
    if selection.alarm_class is not None:
        rows = rows.filter(**{f"{to_definition}alarm_class": selection.alarm_class})
    return rows


def in_groups(rows: QuerySet[Any], groups: Collection[str], to_definition: str) -> QuerySet[Any]:
    """Return the rows of alarms whose ``group_name`` is one of these; all for none."""
    return rows.filter(is_in_groups(groups, to_definition)) if groups else rows


def is_in_groups(groups: Collection[str], to_definition: str = "") -> Q:
    """Return the condition for alarms whose ``group_name`` is one of these."""
    wanted = list(groups)
    found = Q(**{f"{to_definition}group__in": wanted}) | Q(**{f"{to_definition}tag__group__in": wanted})
    found |= Q(**{f"{to_definition}vessel__title__in": wanted})
    return found | Q(**{f"{to_definition}vessel__title": "", f"{to_definition}vessel__name__in": wanted})


def of_vessel(rows: QuerySet[RowT], name: str, to_definition: str) -> QuerySet[RowT]:
    """Return the rows of alarms of a vessel, and of the tags that are bound to it now."""
    now, vessels = datetime.now(UTC), Vessel.objects.filter(named(name))
    bound = VesselTag.objects.filter(
        Q(begin=None) | Q(begin__lte=now), Q(end=None) | Q(end__gt=now), vessel__in=vessels
    )
    return rows.filter(
        Q(**{f"{to_definition}vessel__in": vessels}) | Q(**{f"{to_definition}tag__in": bound.values("tag")})
    )


def present(row: AlarmState) -> PresentAlarm:
    """Return the row, with definition, tag and occurrence, as people see the alarm."""
    definition, occurrence = row.definition, row.occurrence
    tag, unit = definition.tag, unit_of(definition)
    setpoint = occurrence.setpoint if occurrence else definition.setpoint
    details: dict[str, Any] = occurrence.details if occurrence else {}
    state = state_of(status_of(row))
    return PresentAlarm(
        id=definition.pk,
        occurrence=occurrence.pk if occurrence else None,
        tag=tag.name if tag else "",
        group=definition.group_name,
        unit=unit,
        kind=definition.kind,
        title=title_of(definition.kind),
        condition=condition_of(definition.kind, setpoint, unit) or cause_of(details),
        priority=occurrence.priority if occurrence and state is not State.NORMAL else definition.priority,
        alarm_class=definition.alarm_class,
        state=state,
        is_active=row.is_active,
        is_acknowledged=row.is_acknowledged,
        setpoint=setpoint,
        value=row.value,
        peak=occurrence.peak if occurrence else None,
        active_at=occurrence.active_at if occurrence else None,
        noticed_at=occurrence.noticed_at if occurrence else None,
        cleared_at=occurrence.cleared_at if occurrence else None,
        acknowledged_at=occurrence.acknowledged_at if occurrence else None,
        acknowledged_by=occurrence.acknowledged_by if occurrence else "",
        no_data_since=row.no_data_since,
        suppressed_until=row.suppressed_until,
        suppressed_by=row.suppressed_by,
        suppression_reason=row.suppression_reason,
        is_first_out=bool(occurrence and occurrence.is_first_out),
        consequence=definition.consequence,
        action=definition.action,
        respond_until=respond_until(definition, occurrence),
        revision=row.revision,
        details=details,
        display_name=tag.display_name if tag else "",
        vessel=definition.vessel.name if definition.vessel else "",
    )


def unit_of(definition: AlarmDefinition) -> str:
    """Return the unit of the alarm's value: that of the tag, or of the score of a batch."""
    if definition.kind == Kind.BATCH:
        return SCORE_UNIT
    return definition.tag.unit if definition.tag else ""


def respond_until(definition: AlarmDefinition, occurrence: AlarmOccurrence | None) -> datetime | None:
    """Return the end of the time in which an action still helps; None without such a time."""
    if occurrence is None or occurrence.cleared_at is not None or definition.respond_within_s is None:
        return None
    active_at: datetime = occurrence.active_at
    return active_at + timedelta(seconds=definition.respond_within_s)


def occurrence_json(row: AlarmOccurrence) -> dict[str, Any]:
    """Return an occurrence as a JSON object."""
    return {
        "id": row.pk,
        "active_at": iso_utc(row.active_at),
        "noticed_at": iso_utc(row.noticed_at),
        "cleared_at": iso_or_none(row.cleared_at),
        "acknowledged_at": iso_or_none(row.acknowledged_at),
        "acknowledged_by": row.acknowledged_by,
        "via": row.via,
        "priority": row.priority,
        "setpoint": row.setpoint,
        "value": row.value,
        "peak": row.peak,
        "annunciated": row.is_annunciated,
        "late": row.is_late,
        "first_out": row.is_first_out,
        "rating": row.rating,
        "details": row.details,
    }

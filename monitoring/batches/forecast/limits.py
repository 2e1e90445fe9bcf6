"""The limits of a vessel's tags: those of the tags, and the setpoints of enabled alarms."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.batches.finding import bindings_between
from monitoring.batches.forecast.crossing import HIGH, LOW, Limit
from monitoring.batches.vessel_roles import OTHER, role_title
from monitoring.kernel.tag_definition import TagKind
from monitoring.models import AlarmDefinition, Tag, TagFunction, Vessel

# Kinds of alarm definitions with a setpoint that values cross (see ``alarms/kinds.py``).
SIDES = {"H": HIGH, "HH": HIGH, "L": LOW, "LL": LOW}
SHORT_TITLES = {"dissolved_oxygen": "DO"}
KINDS = (TagKind.ANALOG, TagKind.COUNTER)


@dataclass(frozen=True, slots=True)
class LimitedTag:
    """A measured tag of a vessel with its limits, in the tag's unit."""

    pk: int
    name: str
    role: str
    title: str
    unit: str
    limits: tuple[Limit, ...]


def read_limits(vessel: Vessel, now: datetime) -> list[LimitedTag]:
    """Return the measured tags that are bound now and have a limit."""
    bindings = [
        each
        for each in bindings_between(vessel, now, now + timedelta(microseconds=1))
        if each.function == TagFunction.MEASURED and each.tag.kind in KINDS
    ]
    alarms = alarm_limits([each.tag_id for each in bindings])
    found = [
        LimitedTag(
            pk=each.tag_id,
            name=each.tag.name,
            role=each.role,
            title=title_of(each.role, each.tag),
            unit=each.tag.unit,
            limits=in_order([*limits_of(each.tag), *alarms.get(each.tag_id, ())]),
        )
        for each in bindings
    ]
    return [each for each in found if each.limits]


def alarm_limits(tags: Sequence[int]) -> dict[int, list[Limit]]:
    """Return the setpoints of enabled alarms by tag; those that follow the tag's limits are left out."""
    chosen = AlarmDefinition.objects.filter(tag__in=tags, kind__in=list(SIDES), is_enabled=True)
    found: dict[int, list[Limit]] = {}
    for tag, kind, setpoint in chosen.values_list("tag_id", "kind", "setpoint"):
        if tag is not None and setpoint is not None:
            found.setdefault(tag, []).append(Limit(SIDES[kind], setpoint))
    return found


def limits_of(tag: Tag) -> list[Limit]:
    """Return the limits of the tag itself."""
    given = ((LOW, tag.lower_limit), (HIGH, tag.upper_limit))
    return [Limit(side, value) for side, value in given if value is not None]


def in_order(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """Return different limits in order of side and value."""
    return tuple(sorted(set(limits), key=lambda each: (each.side, each.value)))


def title_of(role: str, tag: Tag) -> str:
    """Return the title of a tag in forecasts: that of its role; without a role, the tag's name."""
    return tag.shown_name if role == OTHER else SHORT_TITLES.get(role, role_title(role))

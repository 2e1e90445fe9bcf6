"""Read alarm definitions and their versions."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from monitoring.alarms.resolving import resolved_now
from monitoring.history.keyset import Cursor, split_page
from monitoring.kernel.clock import EPOCH, iso_utc
from monitoring.models import AlarmDefinition, AlarmDefinitionVersion

# Names in the API, where they differ from those of the model.
API_NAMES = {
    "alarm_class": "class",
    "is_latching": "latching",
    "needs_acknowledgement": "acknowledgement_required",
    "is_enabled": "enabled",
}


@dataclass(frozen=True, slots=True)
class DefinitionPage:
    """Definitions in order of id, and the start of the next page (None: last page)."""

    definitions: list[AlarmDefinition]
    next: Cursor | None

    def as_json(self) -> list[dict[str, Any]]:
        """Return the items of ``/alarm-definitions``."""
        return [definition_json(definition) for definition in self.definitions]


def read_definitions(
    *, tags: Collection[str] = (), kind: str | None = None, limit: int, after: Cursor | None = None
) -> DefinitionPage:
    """Return up to ``limit`` definitions after the cursor, by id; no tags and None mean no restriction."""
    rows = AlarmDefinition.objects.select_related("tag", "target_tag", "vessel").order_by("id")
    if tags:
        rows = rows.filter(tag__name__in=list(tags))
    if kind is not None:
        rows = rows.filter(kind=kind)
    if after is not None:
        rows = rows.filter(id__gt=after.id)
    found = list(rows[: limit + 1])
    return DefinitionPage(*split_page(found, limit, lambda row: Cursor(EPOCH, row.pk)))


def find_definition(pk: int) -> AlarmDefinition | None:
    """Return the definition with this id; None if there is none."""
    return AlarmDefinition.objects.select_related("tag", "target_tag", "vessel").filter(pk=pk).first()


def versions_of(definition: AlarmDefinition, *, limit: int) -> list[dict[str, Any]]:
    """Return the last versions of a definition as JSON objects, newest first."""
    rows = AlarmDefinitionVersion.objects.filter(definition=definition).order_by("-version")[:limit]
    return [
        {
            "version": row.version,
            "from_id": row.from_id,
            "at": iso_utc(row.at),
            "by": row.by,
            "reason": row.reason,
            "values": row.fields,
        }
        for row in rows
    ]


def definition_json(row: AlarmDefinition) -> dict[str, Any]:
    """Return a definition as a JSON object; ``in_force`` has the numbers that follow from the tag."""
    resolved = resolved_now(row)
    return {
        "id": row.pk,
        "tag": row.tag.name if row.tag else None,
        "vessel": row.vessel.name if row.vessel else None,
        "group": row.group_name,
        "kind": row.kind,
        "setpoint": row.setpoint,
        "deadband": row.deadband,
        "in_force": {"setpoint": resolved.setpoint, "deadband": resolved.deadband},
        "on_delay_s": row.on_delay_s,
        "off_delay_s": row.off_delay_s,
        "target": row.target,
        "target_tag": row.target_tag.name if row.target_tag else None,
        "window_s": row.window_s,
        "settle_s": row.settle_s,
        "priority": row.priority,
        "class": row.alarm_class,
        "consequence": row.consequence,
        "action": row.action,
        "respond_within_s": row.respond_within_s,
        "latching": row.is_latching,
        "acknowledgement_required": row.needs_acknowledgement,
        "longest_shelf_min": row.longest_shelf_min,
        "realarm_after_s": row.realarm_after_s,
        "enabled": row.is_enabled,
        "version": row.version,
    }

"""Channels, routes, schedules and windows as JSON objects of the API; never with a secret."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from monitoring.kernel.clock import iso_or_none, iso_utc
from monitoring.models import Channel, MaintenanceWindow, Route, RouteStep, Schedule
from monitoring.notifications.channel_settings import secrets_shown
from monitoring.notifications.duty import on_duty


def all_schedules() -> "QuerySet[Schedule]":
    """Return the schedules with members and overrides."""
    return Schedule.objects.prefetch_related("members__person__channels", "overrides__person__channels")


def all_routes() -> "QuerySet[Route]":
    """Return the routes with steps."""
    return Route.objects.prefetch_related("steps__person", "steps__schedule", "steps__channel")


def failing_channels() -> "QuerySet[Channel]":
    """Return the enabled channels that fail, the longest first."""
    return Channel.objects.filter(is_enabled=True, failing_since__isnull=False).order_by("failing_since")


def channel_json(row: Channel) -> dict[str, Any]:
    """Return a channel as a JSON object; ``secrets`` has "stored", "env:NAME" or an empty text."""
    return {
        "id": row.pk,
        "name": row.name,
        "kind": row.kind,
        "person": row.person.name if row.person else None,
        "position": row.position,
        "fields": row.settings,
        "secrets": secrets_shown(row),
        "allows_local": row.allows_local,
        "enabled": row.is_enabled,
        "verified_at": iso_or_none(row.verified_at),
        "failing_since": iso_or_none(row.failing_since),
        "failure": row.failure,
    }


def route_json(row: Route) -> dict[str, Any]:
    """Return a route as a JSON object."""
    return {
        "id": row.pk,
        "name": row.name,
        "position": row.position,
        "group": row.group,
        "class": row.alarm_class,
        "priority": row.priority,
        "repeat_after_min": row.repeat_after_min,
        "digest_at": row.digest_at,
        "enabled": row.is_enabled,
        "steps": [step_json(step) for step in row.steps.all()],
    }


def step_json(row: RouteStep) -> dict[str, Any]:
    """Return a step of a route as a JSON object."""
    return {
        "after_min": row.after_min,
        "person": row.person.name if row.person else None,
        "schedule": row.schedule.name if row.schedule else None,
        "channel": row.channel.name if row.channel else None,
    }


def schedule_json(row: Schedule, now: datetime) -> dict[str, Any]:
    """Return a schedule as a JSON object, with the person on duty now."""
    duty = on_duty(row, now)
    return {
        "id": row.pk,
        "name": row.name,
        "time_zone": row.time_zone,
        "starts_on": row.starts_on.isoformat(),
        "hands_over_at": row.hands_over_at.isoformat("minutes"),
        "rotation_days": row.rotation_days,
        "members": [member.person.name for member in row.members.all()],
        "overrides": [
            {"person": each.person.name, "start": iso_utc(each.start), "end": iso_utc(each.end)}
            for each in row.overrides.all()
        ],
        "on_duty": {"person": duty.person.name, "until": iso_utc(duty.until)} if duty else None,
    }


def window_json(row: MaintenanceWindow) -> dict[str, Any]:
    """Return a maintenance window as a JSON object."""
    return {
        "id": row.pk,
        "tag": row.tag.name if row.tag else None,
        "group": row.group,
        "start": iso_utc(row.start),
        "end": iso_utc(row.end),
        "reason": row.reason,
        "by": row.by,
        "begun_at": iso_or_none(row.begun_at),
    }

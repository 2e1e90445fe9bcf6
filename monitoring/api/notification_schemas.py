"""Shapes of the answers about notifications, for the OpenAPI schema."""

from typing import Any

from rest_framework import serializers

from monitoring.api import schemas
from monitoring.api.schemas import Shape
from monitoring.models import Delivery


class DeliverySerializer(Shape):
    """A message to a person about an alarm, or a test."""

    id = serializers.IntegerField()
    kind = serializers.CharField(help_text=f"One of {', '.join(name for name, _ in Delivery.KINDS)}.")
    state = serializers.CharField(help_text=f"One of {', '.join(name for name, _ in Delivery.STATES)}.")
    reason = serializers.CharField(allow_blank=True, help_text="Why it was cancelled, or has failed.")
    priority = serializers.CharField(allow_blank=True)
    occurrence = serializers.IntegerField(allow_null=True, help_text="Null: a test.")
    alarm = serializers.IntegerField(allow_null=True)
    text = serializers.CharField(allow_blank=True, help_text="The alarm in words; empty for a test.")
    step = serializers.IntegerField()
    channel = serializers.IntegerField()
    channel_name = serializers.CharField()
    person = serializers.IntegerField(allow_null=True)
    person_name = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    attempts = serializers.IntegerField()
    may_repeat = serializers.BooleanField(help_text="An attempt ended in an unknown way.")
    message_id = serializers.CharField(allow_null=True, help_text="The same for each attempt of one message.")
    detail = serializers.CharField(allow_blank=True, help_text="The answer to the last attempt.")


class ChannelSerializer(Shape):
    """A way to reach a person, or a place that several people read."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.CharField()
    person = serializers.CharField(allow_null=True, help_text="Null: nobody's own.")
    position = serializers.IntegerField(help_text="A person's first channel is tried first.")
    fields = serializers.DictField(child=serializers.CharField(allow_blank=True))  # type: ignore[assignment]
    secrets = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        help_text='Of each secret "stored", "env:NAME" or empty; never the secret.',
    )
    allows_local = serializers.BooleanField()
    enabled = serializers.BooleanField()
    verified_at = serializers.DateTimeField(
        allow_null=True, help_text="When somebody opened the link in a test."
    )
    failing_since = serializers.DateTimeField(allow_null=True)
    failure = serializers.CharField(allow_blank=True)


class StepSerializer(Shape):
    """A step of a route; with no receiver, everybody."""

    after_min = serializers.IntegerField()
    person = serializers.CharField(allow_null=True)
    schedule = serializers.CharField(allow_null=True)
    channel = serializers.CharField(allow_null=True)


class RouteSerializer(Shape):
    """Alarms and their receivers. The first route that matches counts."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    position = serializers.IntegerField()
    group = serializers.CharField(allow_blank=True, help_text="Empty: any.")
    priority = serializers.CharField(allow_blank=True, help_text="Empty: any.")
    repeat_after_min = serializers.IntegerField(allow_null=True)
    digest_at = serializers.CharField(allow_blank=True)
    enabled = serializers.BooleanField()
    steps = StepSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        """Add ``class`` by name, because ``class`` is a Python keyword."""
        return {**super().get_fields(), "class": serializers.CharField(allow_blank=True)}


class OverrideSerializer(Shape):
    """A stand-in."""

    person = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class DutySerializer(Shape):
    """The person on duty now."""

    person = serializers.CharField()
    until = serializers.DateTimeField()


class ScheduleSerializer(Shape):
    """An on-call rotation."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    time_zone = serializers.CharField(allow_blank=True, help_text="Empty: the plant's.")
    starts_on = serializers.DateField()
    hands_over_at = serializers.CharField()
    rotation_days = serializers.IntegerField()
    members = serializers.ListField(child=serializers.CharField())
    overrides = OverrideSerializer(many=True)
    on_duty = DutySerializer(allow_null=True, help_text="Null: nobody.")


class WindowSerializer(Shape):
    """A span in which alarms are suppressed by design; neither tag nor group: of the whole plant."""

    id = serializers.IntegerField()
    tag = serializers.CharField(allow_null=True)
    group = serializers.CharField(allow_blank=True)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    reason = serializers.CharField()
    by = serializers.CharField(allow_blank=True)
    begun_at = serializers.DateTimeField(allow_null=True)


def changes(shape: Any, *, created: bool = False) -> dict[int, Any]:
    """Return the responses of an operation that changes a row, or creates one."""
    refused = {400: schemas.BAD_INPUT, 411: schemas.NO_LENGTH, 413: schemas.TOO_LARGE, 415: schemas.NOT_JSON}
    if created:
        answers: dict[int, Any] = {**schemas.reads(None, also=refused), 201: shape}
        del answers[200]
        return answers
    found: dict[int, Any] = schemas.reads(shape, also={**refused, 404: schemas.NOT_FOUND})
    return found

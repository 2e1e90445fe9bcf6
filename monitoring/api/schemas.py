"""The shapes of requests and answers, for the OpenAPI schema and the browsable API."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


class Shape(serializers.Serializer[Any]):
    """Describes; answers are built from the domain's own objects."""


class TagListShape(Shape):
    tags = serializers.ListField(child=serializers.CharField())


class BoundsShape(Shape):
    min = serializers.FloatField()
    max = serializers.FloatField()


class LimitsShape(Shape):
    lower = serializers.FloatField(allow_null=True)
    upper = serializers.FloatField(allow_null=True)


class MeasurementShape(Shape):
    id = serializers.IntegerField()
    timestamp = serializers.DateTimeField()
    tag = serializers.CharField()
    value = serializers.FloatField()
    is_anomaly = serializers.BooleanField()


class TagShape(Shape):
    name = serializers.CharField()
    description = serializers.CharField()
    unit = serializers.CharField()
    active = serializers.BooleanField()
    valid_range = BoundsShape()
    limits = LimitsShape()
    latest = MeasurementShape(allow_null=True)


class FindingShape(Shape):
    reason = serializers.CharField()
    lower = serializers.FloatField(allow_null=True, help_text="Lower end of the band that the value left.")
    upper = serializers.FloatField(allow_null=True, help_text="Upper end of the band that the value left.")


class AnomalyShape(MeasurementShape):
    reasons = serializers.ListField(child=serializers.CharField())
    findings = FindingShape(many=True)


class ReadingShape(Shape):
    timestamp = serializers.DateTimeField(help_text="ISO 8601; UTC unless it has an offset.")
    tag = serializers.CharField()
    value = serializers.FloatField()


class StoredShape(Shape):
    status = serializers.ChoiceField(choices=["success", "duplicate"])
    id = serializers.IntegerField()
    is_anomaly = serializers.BooleanField()


class QueuedShape(Shape):
    status = serializers.ChoiceField(choices=["queued_for_retry"])


class ItemShape(Shape):
    tag = serializers.CharField()
    status = serializers.ChoiceField(choices=["success", "duplicate", "queued_for_retry", "error"])
    id = serializers.IntegerField(required=False)
    is_anomaly = serializers.BooleanField(required=False)
    error = serializers.CharField(required=False)


class BatchShape(Shape):
    status = serializers.ChoiceField(choices=["success", "queued_for_retry"])
    processed = serializers.IntegerField()
    results = ItemShape(many=True)


class StatsShape(Shape):
    total_tags = serializers.IntegerField()
    total_measurements = serializers.IntegerField()
    total_anomalies = serializers.IntegerField()
    anomaly_rate = serializers.FloatField(help_text="In percent.")
    retry_queue_size = serializers.IntegerField()
    retry_queue_status = serializers.ChoiceField(choices=["clear", "pending"])


class HealthShape(Shape):
    status = serializers.ChoiceField(choices=["healthy", "degraded", "unhealthy"])
    database = serializers.ChoiceField(choices=["connected", "away"])
    retry_queue_size = serializers.IntegerField()
    dead_letters = serializers.IntegerField()
    worker = serializers.FloatField(allow_null=True, help_text="Age of its heartbeat in seconds.")
    simulator = serializers.FloatField(
        allow_null=True, help_text="Age of its last reading in seconds; null if it is off or has never run."
    )
    problems = serializers.ListField(child=serializers.CharField())
    timestamp = serializers.DateTimeField()


class ErrorShape(Shape):
    detail = serializers.CharField()
    field = serializers.CharField(required=False)


BAD_INPUT = OpenApiResponse(ErrorShape, "Bad input; detail names the field and what was expected.")
NOT_SIGNED_IN = OpenApiResponse(ErrorShape, "Fermon is closed and the request has no valid token or login.")
FORBIDDEN = OpenApiResponse(ErrorShape, "Signed in, but not in the way that this call needs.")
NOT_FOUND = OpenApiResponse(ErrorShape, "There is no such thing.")
NOT_ACCEPTABLE = OpenApiResponse(ErrorShape, "None of the accepted media types can be answered.")
CONFLICT = OpenApiResponse(ErrorShape, "That tag and timestamp hold another value, which stays.")
TOO_LARGE = OpenApiResponse(ErrorShape, "More than 10000 items or 8 MiB.")
NOT_JSON = OpenApiResponse(ErrorShape, "Send Content-Type: application/json.")
AWAY = OpenApiResponse(ErrorShape, "The database is away; Retry-After says when to try again.")

Responses = dict[int, Any]
COMMON: Responses = {401: NOT_SIGNED_IN, 403: FORBIDDEN, 406: NOT_ACCEPTABLE, 503: AWAY}


def reads(shape: Any, *, also: Responses | None = None) -> Responses:
    """The answers of a call that reads."""
    return {200: shape, **COMMON, **(also or {})}


def writes(created: Any, *, also: Responses) -> Responses:
    """The answers of a call that takes readings."""
    return {201: created, 400: BAD_INPUT, 413: TOO_LARGE, 415: NOT_JSON, **COMMON, **also}

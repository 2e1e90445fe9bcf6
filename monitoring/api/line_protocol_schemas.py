"""Parameters and answers of the line protocol's endpoints in the schema."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from monitoring.api import schemas


class ErrorV1Serializer(serializers.Serializer[Any]):
    """An error as InfluxDB 1 words errors."""

    error = serializers.CharField()


class ErrorV2Serializer(serializers.Serializer[Any]):
    """An error as InfluxDB 2 words errors."""

    code = serializers.CharField()
    message = serializers.CharField()


class QueryAnswerSerializer(serializers.Serializer[Any]):
    """The results of a statement."""

    results = serializers.ListField(child=serializers.DictField())


def query_parameter(name: str, description: str, *, required: bool = False, **more: Any) -> OpenApiParameter:
    """Return a parameter of the query string."""
    return OpenApiParameter(name, str, required=required, description=description, **more)


DB = query_parameter("db", "The database: each one is a source.", required=True)
BUCKET = query_parameter("bucket", "The bucket: each one is a source.", required=True)
ORG = query_parameter("org", "Not used.")
RP = query_parameter("rp", "Not used.")
USER = query_parameter("u", "Not used.")
PASSWORD = query_parameter("p", "The token; better in the header Authorization.")
Q = query_parameter("q", "A statement: CREATE DATABASE or SHOW DATABASES.")
PRECISION_V1 = query_parameter(
    "precision",
    "The unit of timestamps: ns if left out.",
    enum=["n", "ns", "u", "us", "µ", "µs", "ms", "s", "m", "h"],
)
PRECISION_V2 = query_parameter(
    "precision", "The unit of timestamps: ns if left out.", enum=["ns", "us", "ms", "s"]
)
VERSION = OpenApiParameter(
    "X-Influxdb-Version",
    str,
    OpenApiParameter.HEADER,
    response=[204],
    description="The version of InfluxDB whose API is spoken.",
)
LINES = {"text/plain": {"type": "string", "example": "broth,vessel=F1 temp=37.2,ph=6.9"}}


def answers(error: type[serializers.Serializer[Any]]) -> schemas.Responses:
    """Return the responses of an endpoint that accepts lines, by status code."""
    told = {
        400: "Lines were rejected, or a parameter is invalid; the other lines are stored.",
        401: "Fermon is closed, and the request has no valid token.",
        403: "The token may not write, or the source is disabled.",
        413: "More than 8 MiB.",
        415: "Content-Encoding is neither gzip nor identity.",
        429: "Too many calls; Retry-After says when to try again. Version 1 gets 503.",
        503: "Neither the database nor the disk can store readings; Retry-After says when to try again.",
    }
    stored = OpenApiResponse(description="All lines are stored, or listed on the page Arriving.")
    return {
        204: stored,
        **{code: OpenApiResponse(error, text) for code, text in told.items()},
        411: schemas.NO_LENGTH,
    }


def query_answers() -> schemas.Responses:
    """Return the responses of /query, by status code."""
    refused = {
        400: "The statement is neither CREATE nor SHOW.",
        401: "No valid token.",
        403: "Not for this token.",
    }
    also = {code: OpenApiResponse(ErrorV1Serializer, text) for code, text in refused.items()}
    also |= {code: OpenApiResponse(ErrorV1Serializer, "Try again later.") for code in (429, 503)}
    return {200: QueryAnswerSerializer, **also}

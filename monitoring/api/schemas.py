"""Define the shapes of requests and responses for the OpenAPI schema and the browsable API."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers

from monitoring.detection.monitor import DETECTORS
from monitoring.history.quality import QUALITY_WORDS
from monitoring.kernel.incident_event import STRENGTHS
from monitoring.kernel.tag_definition import OnConflict, TagKind

# For documentation only: the views build responses from domain objects.
Shape = serializers.Serializer[Any]


@extend_schema_serializer(many=False)  # the response is an object that contains the list
class TagListSerializer(Shape):
    """The names of the tags in use."""

    tags = serializers.ListField(child=serializers.CharField())


class BoundsSerializer(Shape):
    """A valid range in the unit of the tag, both ends inclusive."""

    min = serializers.FloatField()
    max = serializers.FloatField()


class LimitsSerializer(Shape):
    """Alarm limits: a measurement outside the limits is an anomaly. Null: no limit on that side."""

    lower = serializers.FloatField(allow_null=True)
    upper = serializers.FloatField(allow_null=True)


class MeasurementSerializer(Shape):
    """A stored reading."""

    id = serializers.IntegerField()
    timestamp = serializers.DateTimeField()
    tag = serializers.CharField()
    value = serializers.FloatField()
    is_anomaly = serializers.BooleanField()


class ShownMeasurementSerializer(MeasurementSerializer):
    """A stored reading. `excluded` and `quality` are present only on request."""

    excluded = serializers.BooleanField(required=False)
    quality = serializers.ChoiceField(
        choices=list(QUALITY_WORDS.values()), required=False, help_text="Missing: good."
    )


class TagSerializer(Shape):
    """A named signal of one sensor."""

    name = serializers.CharField()
    display_name = serializers.CharField(help_text="The name for people; empty: the name.")
    description = serializers.CharField()
    group = serializers.CharField(help_text="The vessel; empty if none.")
    kind = serializers.ChoiceField(
        choices=list(TagKind),
        help_text="analog: a measured quantity; setpoint: set in steps; discrete: one of few states; counter:"
        " a total that grows. Only analog tags are judged by the 3σ rule.",
    )
    states = serializers.DictField(
        child=serializers.CharField(), help_text="Of a discrete tag: names of the values, by value."
    )
    unit = serializers.CharField()
    active = serializers.BooleanField()
    valid_range = BoundsSerializer()
    limits = LimitsSerializer()
    decimals = serializers.IntegerField(
        help_text="Number of decimals to show values with: set on the tag, or by the newest values."
    )
    most_decimals = serializers.IntegerField(
        allow_null=True,
        help_text="Up to how many decimals a value is shown with if it has them; null: the number is set.",
    )
    on_conflict = serializers.ChoiceField(
        choices=list(OnConflict),
        help_text="What happens to a reading whose timestamp is stored with another value.",
    )
    latest = MeasurementSerializer(
        allow_null=True, help_text="The newest measurement, without those that are ahead of time."
    )
    state = serializers.CharField(
        allow_null=True, help_text="Of a discrete tag: the name of the newest value; null if it has none."
    )
    rate_per_hour = serializers.FloatField(
        allow_null=True,
        help_text="Of a counter: growth per hour over the 10 minutes up to the newest measurement, or since"
        " the one before. A value below the one before counts as a restart at zero.",
    )
    ahead = serializers.IntegerField(help_text="How many measurements are ahead of time; at most 1000.")
    ahead_up_to_s = serializers.FloatField(
        allow_null=True, help_text="By how many seconds the furthest of them is ahead."
    )
    clock_error_s = serializers.FloatField(
        allow_null=True,
        help_text="By how many seconds the clock of its source is always ahead; negative: behind.",
    )


class FindingSerializer(Shape):
    """A rule violation of a measurement."""

    reason = serializers.CharField()
    lower = serializers.FloatField(allow_null=True, help_text="Lower end of the band that the value left.")
    upper = serializers.FloatField(allow_null=True, help_text="Upper end of the band that the value left.")


class AnomalySerializer(MeasurementSerializer):
    """A measurement that violates at least one rule."""

    reasons = serializers.ListField(child=serializers.CharField())
    findings = FindingSerializer(many=True)


class EventSerializer(Shape):
    """A fault with a duration that a detector found."""

    id = serializers.IntegerField(help_text="The same as long as it lasts, and afterwards.")
    tag = serializers.CharField()
    detector = serializers.ChoiceField(choices=list(DETECTORS))
    kind = serializers.CharField(help_text="What it is: the detector's own word, or a finer one.")
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True, help_text="Null while it lasts.")
    score = serializers.FloatField(help_text="How far it went at its worst; 1 is just enough to be found.")
    strength = serializers.ChoiceField(choices=list(STRENGTHS), help_text="The score in a word.")
    explanation = serializers.CharField(help_text="A sentence for the operator.")
    part_of = serializers.IntegerField(
        allow_null=True,
        help_text="The event that stands for this one, too, as both have one cause. Such events are listed"
        " only with their tag.",
    )
    others = serializers.IntegerField(help_text="Events of other tags that this one stands for.")


class QualitySpanSerializer(Shape):
    """A span in which values of a tag are not good."""

    id = serializers.IntegerField()
    tag = serializers.CharField()
    source = serializers.CharField(  # type: ignore[assignment]  # DRF keeps fields apart from attributes
        allow_null=True, help_text="Null: the source has been deleted."
    )
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(
        allow_null=True, help_text="When the next value came; null while it lasts."
    )
    quality = serializers.ChoiceField(choices=list(QUALITY_WORDS.values()))
    code = serializers.IntegerField(
        allow_null=True, help_text="The protocol's: an OPC UA status code, a Modbus exception."
    )
    word = serializers.CharField(help_text="The same in words; may be empty.")


class GapSerializer(Shape):
    """A span in which readings of a source are missing, or may be."""

    id = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment]  # as above
    tag = serializers.CharField(allow_null=True, help_text="Null: all tags of the source.")
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True, help_text="Null while it lasts.")
    reason = serializers.CharField()
    filled = serializers.IntegerField(help_text="Readings that were fetched later.")


def numbers(child: Any, help_text: str = "") -> serializers.ListField:
    """Return the field for a column of numbers."""
    return serializers.ListField(child=child, help_text=help_text)


class TrendColumnsSerializer(Shape):
    """Buckets in order of time, as columns of equal length. Every bucket has at least one measurement."""

    tag = serializers.CharField()
    resolution_s = serializers.FloatField(help_text="How long each bucket is, in seconds.")
    t = numbers(serializers.IntegerField(), "When each bucket begins, in milliseconds since the epoch.")
    min = numbers(serializers.FloatField())
    max = numbers(serializers.FloatField())
    mean = numbers(serializers.FloatField())
    count = numbers(serializers.IntegerField(), "Its measurements.")
    anomalies = numbers(serializers.IntegerField(), "Those of them that are anomalies.")
    min_t = numbers(serializers.IntegerField(), "When the minimum was reached first, as t.")
    max_t = numbers(serializers.IntegerField(), "When the maximum was reached first, as t.")


class TrendRowSerializer(Shape):
    """A bucket of a tag, with at least one measurement."""

    time = serializers.DateTimeField(help_text="When the bucket begins.")
    tag = serializers.CharField()
    min = serializers.FloatField()
    max = serializers.FloatField()
    mean = serializers.FloatField()
    count = serializers.IntegerField(help_text="Its measurements.")
    anomalies = serializers.IntegerField(help_text="Those of them that are anomalies.")


TREND = PolymorphicProxySerializer(
    component_name="Trend",
    serializers=[TrendColumnsSerializer, TrendRowSerializer(many=True)],
    resource_type_field_name=None,
    many=False,
)


class GapsSerializer(Shape):
    """The times without measurements, in seconds."""

    count = serializers.IntegerField()
    total_s = serializers.FloatField()
    longest_s = serializers.FloatField()
    longer_than_s = serializers.IntegerField(help_text="Shorter pauses are no gaps.")


class StatisticsSerializer(Shape):
    """Statistics of a tag over a time range; null without a measurement."""

    tag = serializers.CharField()
    to = serializers.DateTimeField(help_text="End of the range, now at the latest.")
    count = serializers.IntegerField()
    anomalies = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)
    sd = serializers.FloatField(allow_null=True, help_text="Standard deviation.")
    min = serializers.FloatField(allow_null=True)
    min_at = serializers.DateTimeField(allow_null=True)
    max = serializers.FloatField(allow_null=True)
    max_at = serializers.DateTimeField(allow_null=True)
    outside_percent = serializers.FloatField(
        allow_null=True, help_text="Share of the measured time outside today's limits; null without limits."
    )
    gaps = GapsSerializer()
    resolution_s = serializers.IntegerField(
        allow_null=True, help_text="sd, outside_percent and gaps are estimates from rollups of this length."
    )

    def get_fields(self) -> dict[str, Any]:
        """Add ``from`` by name, because ``from`` is a Python keyword."""
        start = serializers.DateTimeField(
            help_text="Start of the range, the tag's first measurement at the earliest."
        )
        return {"from": start, **super().get_fields()}


@extend_schema_field({"oneOf": [{"type": "string", "format": "date-time"}, {"type": "number"}]})
class TimestampField(serializers.Field[Any, Any, Any, Any]):
    """The time of a reading in any accepted form: ISO 8601 text or a number."""


class RevocationSerializer(Shape):
    """The revocation of an exclusion: reason, user and time."""

    reason = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()


class RangeShape(Shape):
    """A time range, both ends inclusive."""

    def get_fields(self) -> dict[str, Any]:
        """Add ``from`` and ``to`` by name, because ``from`` is a Python keyword."""
        return {
            **super().get_fields(),
            "from": serializers.DateTimeField(),
            "to": serializers.DateTimeField(),
        }


class ExclusionSerializer(RangeShape):
    """An exclusion of measurements: selection, reason, user, progress and revocation."""

    id = serializers.IntegerField()
    tag = serializers.CharField()
    ids = serializers.ListField(
        child=serializers.IntegerField(), allow_null=True, help_text="Null: all from `from` to `to`."
    )
    reason = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()
    excluded = serializers.IntegerField(help_text="How many measurements have been taken out.")
    included = serializers.IntegerField(help_text="How many of them have come back.")
    complete = serializers.BooleanField(help_text="False while measurements are still moving.")
    revoked = RevocationSerializer(allow_null=True, help_text="Null while the exclusion holds.")


class PreviewSerializer(RangeShape):
    """The result of a dry run: number and time range of the measurements to exclude."""

    tag = serializers.CharField()
    measurements = serializers.IntegerField()
    anomalies = serializers.IntegerField()
    first = serializers.DateTimeField(allow_null=True)
    last = serializers.DateTimeField(allow_null=True)


class ExcludeShape(Shape):
    """The measurements to exclude, by `tag`, `from` and `to` or by `ids`, and the reason."""

    tag = serializers.CharField(required=False)
    ids = serializers.ListField(child=serializers.IntegerField(), required=False)
    reason = serializers.CharField(max_length=500)
    dry_run = serializers.BooleanField(required=False)

    def get_fields(self) -> dict[str, Any]:
        """Add ``from`` and ``to`` by name, because ``from`` is a Python keyword."""
        bounds = {name: serializers.CharField(required=False) for name in ("from", "to")}
        return {**super().get_fields(), **bounds}


class RevokeShape(Shape):
    """The reason for revoking an exclusion."""

    reason = serializers.CharField(max_length=500)


class ReadingSerializer(Shape):
    """A reading, as sent by a source."""

    timestamp = TimestampField(
        required=False,
        help_text="ISO 8601, UTC unless it has an offset; or a number: seconds since 1970, or milliseconds"
        " from 1e11 on. May be missing only with ?now=1.",
    )
    tag = serializers.CharField()
    value = serializers.FloatField()


class StoredSerializer(Shape):
    """The outcome for a single reading."""

    status = serializers.ChoiceField(
        choices=["success", "duplicate", "kept_first", "replaced"],
        help_text="kept_first, replaced: another value was stored, which stayed, or made way.",
    )
    id = serializers.IntegerField(help_text="Of the measurement that is stored now.")
    is_anomaly = serializers.BooleanField()


class QueuedSerializer(Shape):
    """The database is away. The reading is safe on disk and will be stored later."""

    status = serializers.ChoiceField(choices=["queued_for_retry"])


class ItemSerializer(Shape):
    """The outcome for one item of a batch."""

    tag = serializers.CharField()
    status = serializers.ChoiceField(
        choices=["success", "duplicate", "kept_first", "replaced", "queued_for_retry", "error"]
    )
    id = serializers.IntegerField(required=False)
    is_anomaly = serializers.BooleanField(required=False)
    error = serializers.CharField(required=False)


class BatchSerializer(Shape):
    """The outcome for each item of a batch, in the order of the request."""

    status = serializers.ChoiceField(choices=["success", "queued_for_retry"])
    processed = serializers.IntegerField()
    results = ItemSerializer(many=True)


class StatsSerializer(Shape):
    """Totals over all stored measurements."""

    total_tags = serializers.IntegerField()
    total_measurements = serializers.IntegerField()
    total_anomalies = serializers.IntegerField()
    anomaly_rate = serializers.FloatField(help_text="In percent.")
    retry_queue_size = serializers.IntegerField()
    retry_queue_status = serializers.ChoiceField(choices=["clear", "pending"])


class AheadSerializer(Shape):
    """Readings of a tag with timestamps more than 5 s ahead of the server clock."""

    tag = serializers.CharField()
    readings = serializers.IntegerField(help_text="How many there are; 1000 are 1000 or more.")
    up_to_s = serializers.FloatField(help_text="By how many seconds the furthest is ahead.")


class LearningTagSerializer(Shape):
    """A tag that the detectors are learning."""

    tag = serializers.CharField()
    ready = serializers.DateTimeField(help_text="When they will have learned it, if readings go on.")
    text = serializers.CharField(help_text="The time to go in words.")


class LearningSerializer(Shape):
    """How far the detectors are with learning what is normal."""

    count = serializers.IntegerField(help_text="Tags that are being learned.")
    text = serializers.CharField(help_text="A sentence; empty if all are learned.")
    tags = LearningTagSerializer(many=True, help_text="The last 20 to be ready, the last one first.")


class ConfirmedSerializer(Shape):
    """A connected source that confirms the values of its tags."""

    name = serializers.CharField()
    until = serializers.DateTimeField()
    bad = serializers.ListField(
        child=serializers.CharField(),
        help_text="Tags that the source marks as bad, whose values it does not confirm.",
    )


class ReplicaSerializer(Shape):
    """The replica that charts, exports, statistics, reports and backtests are read from."""

    state = serializers.CharField(
        help_text="current, or why it is not read from: unknown (not asked yet), stale, away, no replica."
    )
    lag_s = serializers.FloatField(
        allow_null=True, help_text="Seconds by which it is behind the primary, at most; null if unknown."
    )


class HealthSerializer(Shape):
    """The health of the system. Callers without read access to all tags receive only `status`."""

    status = serializers.ChoiceField(choices=["healthy", "degraded", "unhealthy"])
    database = serializers.ChoiceField(
        required=False,
        choices=["connected", "locked", "away"],
        help_text="locked: it can be read, but takes no writes.",
    )
    retry_queue_size = serializers.IntegerField(required=False, help_text="Readings that wait to be stored.")
    dead_letters = serializers.IntegerField(required=False, help_text="Those of them that wait on disk.")
    set_aside = serializers.IntegerField(
        required=False,
        help_text="Readings from disk that can't be stored, for a person to look at in the admin.",
    )
    refused_last_hour = serializers.IntegerField(required=False)
    worker = serializers.FloatField(
        required=False, allow_null=True, help_text="Age of its heartbeat in seconds."
    )
    simulator = serializers.FloatField(
        required=False,
        allow_null=True,
        help_text="Age of its last reading in seconds; null if it is off or has never run.",
    )
    detection = serializers.FloatField(
        required=False,
        allow_null=True,
        help_text="For how long readings wait to be judged, in seconds; null before the first.",
    )
    learning = LearningSerializer(
        required=False, help_text="The tags that the detectors are learning: events of these are to come."
    )
    ahead = AheadSerializer(
        many=True, required=False, help_text="The tags with readings ahead of time, the furthest 20 first."
    )
    clock_errors_s = serializers.DictField(
        required=False,
        child=serializers.FloatField(),
        help_text="By tag: seconds by which its source's clock is always ahead; negative: behind.",
    )
    confirmed = ConfirmedSerializer(
        many=True,
        required=False,
        help_text="Sources that confirm until when values that they did not send again are unchanged.",
    )
    replica = ReplicaSerializer(required=False, help_text="Only with `DATABASE_REPLICA_URL`.")
    problems = serializers.ListField(required=False, child=serializers.CharField())
    since = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When the first problem began, if known."
    )
    definitions = serializers.CharField(
        required=False,
        help_text="Differs when the definition of a tag has changed: read the tags again. Empty if unknown.",
    )
    notices = serializers.ListField(
        required=False, child=serializers.CharField(), help_text="What was refused of late, in words."
    )
    timestamp = serializers.DateTimeField(required=False)


class ErrorSerializer(Shape):
    """An error: the message with the expected input, and the field, if any."""

    detail = serializers.CharField()
    field = serializers.CharField(required=False)


BAD_INPUT = OpenApiResponse(ErrorSerializer, "Bad input; detail names the field and what was expected.")
NOT_SIGNED_IN = OpenApiResponse(
    ErrorSerializer, "Fermon is closed, and the request has no valid token or login."
)
FORBIDDEN = OpenApiResponse(
    ErrorSerializer, "Signed in, but without the role, or not in the way, that it needs."
)
TO_LOGIN = OpenApiResponse(None, "Fermon is closed: a browser is led to the login page.")
NOT_FOUND = OpenApiResponse(ErrorSerializer, "There is no such thing.")
NOT_ACCEPTABLE = OpenApiResponse(ErrorSerializer, "None of the accepted media types can be answered.")
CONFLICT = OpenApiResponse(ErrorSerializer, "That tag and timestamp hold another value, which stays.")
REVOKED_ALREADY = OpenApiResponse(ErrorSerializer, "The measurements are included again already.")
NO_LENGTH = OpenApiResponse(ErrorSerializer, "The body came in chunks; send it with a Content-Length.")
TOO_LARGE = OpenApiResponse(ErrorSerializer, "More than 10000 items or 8 MiB.")
NOT_JSON = OpenApiResponse(ErrorSerializer, "Send Content-Type: application/json.")
NO_BATCH = OpenApiResponse(
    ErrorSerializer, "Send Content-Type: application/json, application/x-ndjson or text/csv."
)
TOO_OFTEN = OpenApiResponse(
    ErrorSerializer,
    "Too many calls came from here while Fermon is closed; Retry-After says when to try again.",
)
AWAY = OpenApiResponse(ErrorSerializer, "The database is away; Retry-After says when to try again.")
NO_PLACE = OpenApiResponse(
    ErrorSerializer,
    "The database is away, or there are too many clients; Retry-After says when to try again.",
)


def page_of(item: type[Shape], envelope: type[Shape]) -> PolymorphicProxySerializer:
    """Return the shape of a page: a list of items, or the envelope on request."""
    return PolymorphicProxySerializer(
        component_name=f"{item.__name__.removesuffix('Serializer')}ListOrPage",
        serializers=[item(many=True), envelope],
        resource_type_field_name=None,
        many=False,
    )


def cursor_field() -> serializers.CharField:
    """Return the field of an envelope that leads to the next page."""
    return serializers.CharField(allow_null=True, help_text="The cursor of the next page; null: none.")


class MeasurementPageSerializer(Shape):
    """A page of measurements with `envelope=1`."""

    items = ShownMeasurementSerializer(many=True)
    next = cursor_field()


class AnomalyPageSerializer(Shape):
    """A page of anomalies with `envelope=1`."""

    items = AnomalySerializer(many=True)
    next = cursor_field()


class EventPageSerializer(Shape):
    """A page of events with `envelope=1`."""

    items = EventSerializer(many=True)
    next = cursor_field()


LINK = OpenApiParameter(
    "Link",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description='The next page, where more exist: <address>; rel="next" (RFC 8288).',
)
RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    int,
    OpenApiParameter.HEADER,
    response=[429, 503],
    description="Seconds to wait before the next try.",
)

COUNTED_TO = OpenApiParameter(
    "Last-Event-ID",
    int,
    OpenApiParameter.HEADER,
    response=[200],
    description="The newest measurement that is counted: /stream?since= tells all behind it.",
)
NOW = OpenApiParameter(
    "now",
    str,
    enum=["1"],
    description="1: a reading without a timestamp (missing, null or empty) gets the time at which the server"
    " receives it; several of one tag get following microseconds. Sent again, it is stored again.",
)
LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID",
    int,
    OpenApiParameter.HEADER,
    description="As since, and goes before it: browsers send it when they connect again.",
)

READINGS = [
    OpenApiExample(
        name,
        value={"timestamp": timestamp, "tag": "fermenter_temp", "value": 37.2},
        request_only=True,
    )
    for name, timestamp in (
        ("A reading", "2026-01-31T12:00:00Z"),
        ("Epoch seconds", 1769860800.25),
        ("Epoch milliseconds", 1769860800250),
    )
]
READING_LINES = [
    OpenApiExample(
        "A reading per line",
        value='{"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 37.2}\n',
        request_only=True,
        media_type="application/x-ndjson",
    ),
    OpenApiExample(
        "A reading per row",
        value="timestamp,tag,value\n2026-01-31T12:00:00Z,fermenter_temp,37.2\n",
        request_only=True,
        media_type="text/csv",
    ),
]
BATCH = {
    "application/json": ReadingSerializer(many=True),
    "application/x-ndjson": OpenApiTypes.STR,
    "text/csv": OpenApiTypes.STR,
}
EXCLUSION = OpenApiExample(
    "A range",
    value={
        "tag": "fermenter_temp",
        "from": "2026-01-31T12:00:00Z",
        "to": "2026-01-31T12:05:00Z",
        "reason": "probe in the calibration bath",
        "dry_run": True,
    },
    request_only=True,
)
NOTE = OpenApiExample(
    "About a tag",
    value={"text": "Sampled 20 mL.", "tag": "fermenter_temp", "name": "M. Example"},
    request_only=True,
)
BATCH_ANSWER = OpenApiExample(
    "One bad item",
    value={
        "status": "success",
        "processed": 2,
        "results": [
            {"tag": "fermenter_temp", "status": "success", "id": 1, "is_anomaly": False},
            {"tag": "fermenter_ph", "status": "error", "error": "value: missing; expected a finite number"},
        ],
    },
    response_only=True,
    status_codes=["201"],
)

# `{}` means no credentials: FERMON_OPEN decides whether a call needs any.
MAY_READ: list[Any] = [{"tokenAuth": []}, {"bearerAuth": []}, {"cookieAuth": []}, {}]
MAY_WRITE: list[Any] = [{"tokenAuth": []}, {"bearerAuth": []}, {}]

Responses = dict[int, Any]
REFUSED: dict[Any, Any] = {401: NOT_SIGNED_IN, 403: FORBIDDEN, 429: TOO_OFTEN, 503: AWAY}
COMMON: Responses = {**REFUSED, 406: NOT_ACCEPTABLE}


def reads(shape: Any, *, also: Responses | None = None) -> Responses:
    """Return the responses of an operation that reads, by status code."""
    return dict(sorted({200: shape, **COMMON, **(also or {})}.items()))


def writes(created: Any, *, also: Responses) -> Responses:
    """Return the responses of an operation that accepts readings, by status code."""
    refused = {400: BAD_INPUT, 411: NO_LENGTH, 413: TOO_LARGE, 415: NOT_JSON}
    return dict(sorted({201: created, **refused, **COMMON, **also}.items()))

"""Fields and serializers that validate query parameters and request bodies."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from monitoring.detection.monitor import DETECTORS
from monitoring.history.events import EventSelection
from monitoring.history.export import AUTO, MOST_WIDE, RAW, Download
from monitoring.history.export_formats import FORMATS, Style
from monitoring.history.export_intervals import AGGREGATES, INTERVALS_S
from monitoring.history.keyset import MAX_ID, Cursor
from monitoring.history.measurements import Excluded, Selection
from monitoring.history.tags import known_of, tag_names
from monitoring.ingest.exclusions import MOST_IDS
from monitoring.ingest.validate import known_tags
from monitoring.kernel.clock import expected_bound, parse_bound
from monitoring.kernel.incident_event import STRENGTHS
from monitoring.kernel.quoting import shown

MAX_PAGE = 10_000
DEFAULT_PAGE = 1_000
MAX_POINTS = 5_000
DEFAULT_POINTS = 600
MAX_FOLLOWED = 250
MAX_TREND_TAGS = 50
MAX_TREND_ROWS = 50_000
COLUMNS_FORM, ROWS_FORM = "columns", "rows"
RENDERERS = frozenset({"json", "api"})
LONGEST_REASON = 500
COLUMNS = ("unit", "reasons")

SerializerT = TypeVar("SerializerT", bound=serializers.Serializer[Any])


def whole_number(default: int, highest: int, help_text: str) -> serializers.IntegerField:
    """Return a field for an integer from 1 to ``highest``."""
    messages: dict[str, Any] = dict.fromkeys(
        ("invalid", "min_value", "max_value", "max_string_length"),
        f"expected a whole number from 1 to {highest}",
    )
    return serializers.IntegerField(
        default=default, min_value=1, max_value=highest, help_text=help_text, error_messages=messages
    )


def excluded_field() -> serializers.ChoiceField:
    """Return the field that selects whether a response contains excluded measurements."""
    return serializers.ChoiceField(
        choices=[Excluded.INCLUDE.value, Excluded.ONLY.value],
        required=False,
        help_text="include: excluded measurements, too; only: no others. Each then has `excluded`.",
        error_messages={"invalid_choice": "expected 'include' or 'only'"},
    )


@extend_schema_field(OpenApiTypes.DATETIME)
class BoundField(serializers.Field[datetime, str, str, Any]):
    """Inclusive start or end of a time range; ``end`` marks the end."""

    def __init__(self, *, end: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.end = end

    def to_internal_value(self, data: str) -> datetime:
        """Parse the time; raise ValidationError for any other text."""
        try:
            return parse_bound(str(data), end=self.end)
        except ValueError as error:
            raise serializers.ValidationError(f"{expected_bound(str(data))}, got {shown(data)}") from error


class CursorField(serializers.CharField):
    """Cursor to the next page, taken from the Link header of the previous page."""

    def to_internal_value(self, data: str) -> Any:
        """Parse the cursor; raise ValidationError for any other text."""
        try:
            return Cursor.parse(super().to_internal_value(data))
        except ValueError as error:
            raise serializers.ValidationError("expected the cursor of a Link header") from error


def tags_field() -> serializers.ListField:
    """Return the field for the repeatable parameter ``tag``."""
    return serializers.ListField(
        child=serializers.CharField(
            error_messages={"blank": "expected the name of a tag, got none; leave 'tag' out for all tags"}
        ),
        required=False,
        max_length=MAX_FOLLOWED,
        help_text=f"Only this tag; may be repeated, up to {MAX_FOLLOWED} times. All tags if left out.",
        error_messages={"max_length": f"expected at most {MAX_FOLLOWED} tags in one request"},
    )


def known_only(names: list[str]) -> list[str]:
    """Return the names without duplicates.

    Raises:
        ValidationError: a tag is unknown; an empty response would hide the typing error.
    """
    known = known_of(names)
    for name in names:
        if name not in known:
            raise serializers.ValidationError(f"unknown tag {shown(name)}; {known_tags(tag_names())}")
    return list(dict.fromkeys(names))


class RangeSerializer(serializers.Serializer[Any]):
    """A time range from ``from`` to ``to``, both optional."""

    def get_fields(self) -> dict[str, Any]:
        """Add ``from`` and ``to`` by name, because ``from`` is a Python keyword."""
        return {
            **super().get_fields(),
            "from": BoundField(required=False, help_text="ISO 8601; UTC unless it has an offset. Inclusive."),
            "to": BoundField(
                required=False, end=True, help_text="As from. Inclusive; a date alone means its whole day."
            ),
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject a range that ends before the start."""
        if "from" in attrs and "to" in attrs and attrs["from"] > attrs["to"]:
            raise serializers.ValidationError({"from": "expected to be no later than 'to'"})
        return attrs


class SelectionSerializer(RangeSerializer):
    """A time range and any number of tags."""

    tag = tags_field()

    def validate_tag(self, names: list[str]) -> list[str]:
        """Reject unknown tags."""
        return known_only(names)

    @property
    def selection(self) -> Selection:
        """Return the selection of measurements that the parameters describe."""
        chosen = self.validated_data
        excluded = Excluded(chosen.get("excluded", Excluded.LEFT_OUT))
        return Selection(
            tuple(chosen.get("tag", ())), chosen.get("from"), chosen.get("to"), excluded=excluded
        )


class PageSerializer(SelectionSerializer):
    """A selection, read page by page."""

    limit = whole_number(DEFAULT_PAGE, MAX_PAGE, "How many at most.")
    order = serializers.ChoiceField(
        choices=["asc", "desc"],
        default="desc",
        help_text="desc: newest first. asc: oldest first.",
        error_messages={"invalid_choice": "expected 'asc' or 'desc'"},
    )
    cursor = CursorField(
        required=False, help_text="Where the page before ended; take it from its Link header."
    )


class EnvelopeSerializer(serializers.Serializer[Any]):
    """Whether a page comes with its cursor in the body, for clients that do not follow Link headers."""

    envelope = serializers.BooleanField(
        default=False,
        help_text="1: an object with the `items` and the cursor of the `next` page (null: none), which the"
        " parameter `cursor` takes.",
        error_messages=dict.fromkeys(("invalid", "null"), "expected '1' or '0'"),
    )


class AnomalyPageSerializer(EnvelopeSerializer, PageSerializer):
    """A selection of anomalies, read page by page."""


class DataPageSerializer(EnvelopeSerializer, PageSerializer):
    """A selection of measurements, read page by page, with excluded measurements on request."""

    excluded = excluded_field()
    quality = serializers.BooleanField(
        default=False,
        help_text="1: measurements of uncertain or bad quality say so.",
        error_messages=dict.fromkeys(("invalid", "null"), "expected '1' or '0'"),
    )


class EventPageSerializer(EnvelopeSerializer, PageSerializer):
    """A selection of events, read page by page."""

    open = serializers.BooleanField(
        required=False,
        help_text="true: only events that last; false: only those that are over.",
        error_messages=dict.fromkeys(("invalid", "null"), "expected 'true' or 'false'"),
    )
    detector = serializers.ChoiceField(
        choices=list(DETECTORS),
        required=False,
        help_text="Only what this detector found.",
        error_messages={"invalid_choice": f"expected one of {', '.join(DETECTORS)}"},
    )
    kind = serializers.CharField(required=False, help_text="Only events of this kind.")
    strength = serializers.ChoiceField(
        choices=list(STRENGTHS),
        required=False,
        help_text="Only events at least this strong: clear leaves out weak ones.",
        error_messages={"invalid_choice": f"expected one of {', '.join(STRENGTHS)}"},
    )

    @property
    def chosen_events(self) -> EventSelection:
        """Return the selection of events that the parameters describe."""
        chosen = self.validated_data
        return EventSelection(
            self.selection,
            chosen.get("open"),
            chosen.get("detector"),
            chosen.get("kind"),
            chosen.get("strength"),
        )


class TrendFormatField(serializers.ChoiceField):
    """The form of a trend. The names of DRF's renderers select the page or JSON, as on other routes."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the form; columns for the name of a renderer."""
        return COLUMNS_FORM if data in RENDERERS else super().to_internal_value(data)


class TrendSerializer(RangeSerializer):
    """One tag, or several as rows, and a time range; without a range, all stored measurements."""

    tag = serializers.ListField(
        child=serializers.CharField(error_messages={"blank": "expected the name of a tag, got none"}),
        max_length=MAX_TREND_TAGS,
        help_text=f"The tag; with format=rows it may be repeated, up to {MAX_TREND_TAGS} times.",
        error_messages={
            "required": "missing; expected the name of a tag",
            "max_length": f"expected at most {MAX_TREND_TAGS} tags in one request",
        },
    )
    points = whole_number(DEFAULT_POINTS, MAX_POINTS, "How many buckets of each tag at most.")
    format = TrendFormatField(
        choices=[COLUMNS_FORM, ROWS_FORM],
        default=COLUMNS_FORM,
        help_text="columns: an object of columns. rows: a list with one object for each bucket, oldest first,"
        f" for Grafana and spreadsheets; at most {MAX_TREND_ROWS} in all.",
        error_messages={"invalid_choice": f"expected '{COLUMNS_FORM}' or '{ROWS_FORM}'"},
    )

    def validate_tag(self, names: list[str]) -> list[str]:
        """Reject unknown tags."""
        return known_only(names)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject several tags as columns, and more rows than one answer may have."""
        attrs = super().validate(attrs)
        count = len(attrs["tag"])
        if count > 1 and attrs["format"] != ROWS_FORM:
            raise serializers.ValidationError({"tag": f"{several('tag', count)}, or use format={ROWS_FORM}"})
        if count * attrs["points"] > MAX_TREND_ROWS:
            raise serializers.ValidationError(
                {"points": f"expected at most {MAX_TREND_ROWS // count} with {count} tags"}
            )
        return attrs


def choice(names: Iterable[str], default: str, help_text: str) -> serializers.ChoiceField:
    """Return a field for one of the names."""
    return serializers.ChoiceField(
        choices=list(names),
        default=default,
        help_text=help_text,
        error_messages={"invalid_choice": f"expected one of {', '.join(names)}"},
    )


def choices(names: Iterable[str], help_text: str) -> serializers.ListField:
    """Return a field for several of the names: a parameter that may be repeated."""
    return serializers.ListField(
        child=serializers.ChoiceField(
            choices=list(names), error_messages={"invalid_choice": f"expected some of {', '.join(names)}"}
        ),
        required=False,
        help_text=help_text,
    )


class FileSerializer(serializers.Serializer[Any]):
    """The format of an exported table, and how its cells are written."""

    format = choice(
        FORMATS,
        "csv",
        "The file's format. .gz is a compressed file; parquet needs pyarrow installed; xlsx has at most "
        f"{FORMATS['xlsx'].most_rows} rows.",
    )
    zone = serializers.CharField(
        default="UTC", help_text="The time zone of the times in the file, such as Europe/Berlin."
    )
    decimal = choice(("point", "comma"), "point", "csv: comma also separates the cells by semicolons.")
    bom = serializers.BooleanField(
        default=False,
        help_text="csv: true begins with a byte order mark, by which Excel recognises UTF-8.",
        error_messages=dict.fromkeys(("invalid", "null"), "expected 'true' or 'false'"),
    )

    def validate_format(self, name: str) -> str:
        """Reject a format that needs a package which is not installed."""
        if FORMATS[name].is_missing:
            needs = FORMATS[name].needs
            raise serializers.ValidationError(
                f"{name} needs {needs}, which is not installed here; pip install {needs}, or use csv or jsonl"
            )
        return name

    def validate_zone(self, name: str) -> ZoneInfo | None:
        """Return the time zone; None for UTC. Reject an unknown one."""
        if name == "UTC":
            return None
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, ZoneInfoNotFoundError) as error:
            raise serializers.ValidationError(
                f"expected a time zone such as UTC or Europe/Berlin, got {shown(name)}"
            ) from error

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject parameters of CSV for other formats; to ignore one would surprise."""
        attrs = super().validate(attrs)
        is_csv = attrs["format"].startswith("csv")
        for name, is_given in (("decimal", attrs["decimal"] == "comma"), ("bom", attrs["bom"])):
            if is_given and not is_csv:
                raise serializers.ValidationError({name: "expected with csv only"})
        return attrs

    @property
    def file_style(self) -> Style:
        """Return how the cells are written."""
        chosen = self.validated_data
        return Style(
            chosen["zone"], decimal_comma=chosen["decimal"] == "comma", byte_order_mark=chosen["bom"]
        )


class ExportSerializer(FileSerializer, SelectionSerializer):
    """A selection of measurements, and the content and format of the exported file."""

    excluded = excluded_field()

    interval = choice(
        (RAW, AUTO, *INTERVALS_S),
        RAW,
        "raw: every measurement. Else aggregates over intervals of this length in UTC; auto: of the length "
        "that gives about as many rows as a chart has points, or raw if there are few measurements.",
    )
    aggregate = choices(
        AGGREGATES,
        f"With an interval: which aggregates; may be repeated. {', '.join(AGGREGATES)} if left out.",
    )
    shape = choice(
        ("long", "wide"),
        "long",
        "long: a row per measurement, or interval, and tag. wide: a row per time with a column per tag, "
        f"for at most {MOST_WIDE} tags.",
    )
    columns = choices(
        COLUMNS, "Also: the unit of each tag; why a measurement is an anomaly. May be repeated."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject parameters that have no meaning together; to ignore one would surprise."""
        attrs = super().validate(attrs)
        is_raw = attrs["interval"] == RAW
        rejections = {
            "columns": (
                "reasons" in attrs.get("columns", ()) and not is_raw,
                "reasons belong to single measurements; leave 'interval' out",
            ),
            "excluded": (
                "excluded" in attrs and not (is_raw and attrs["shape"] == "long"),
                "expected with single measurements in long shape; leave 'interval' and 'shape' out",
            ),
            "aggregate": ("aggregate" in attrs and is_raw, "expected together with 'interval'"),
        }
        for name, (is_rejected, text) in rejections.items():
            if is_rejected:
                raise serializers.ValidationError({name: text})
        return attrs

    @property
    def download(self) -> Download:
        """Return the table that the parameters describe."""
        chosen = self.validated_data
        wanted = chosen.get("aggregate", AGGREGATES)
        return Download(
            self.selection,
            interval=chosen["interval"],
            aggregates=tuple(name for name in AGGREGATES if name in wanted),
            is_wide=chosen["shape"] == "wide",
            with_units="unit" in chosen.get("columns", ()),
            with_reasons="reasons" in chosen.get("columns", ()),
        )


def reason_field() -> serializers.CharField:
    """Return the field for the reason, which is stored with the exclusion."""
    return serializers.CharField(
        max_length=LONGEST_REASON,
        help_text="Why; it stays on record.",
        error_messages=dict.fromkeys(("required", "blank", "null"), "missing; say why, for the record"),
    )


class ExcludeSerializer(RangeSerializer):
    """Measurements to exclude: all of a tag in a time range, or single measurements by id."""

    tag = serializers.CharField(required=False)
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID),
        required=False,
        max_length=MOST_IDS,
        help_text=f"Single measurements of one tag, up to {MOST_IDS}, instead of tag, from and to.",
    )
    reason = reason_field()
    dry_run = serializers.BooleanField(
        default=False, help_text="true: count what would be excluded, and change nothing."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject a request with both selections, by range and by ids, or without a complete one."""
        named = [name for name in ("tag", "from", "to") if name in attrs]
        if "ids" in attrs and named:
            raise serializers.ValidationError({named[0]: "expected either ids, or tag, from and to"})
        if "ids" not in attrs and len(named) < len(("tag", "from", "to")):
            missing = next(name for name in ("tag", "from", "to") if name not in attrs)
            raise serializers.ValidationError({missing: "missing; expected tag, from and to, or ids"})
        return super().validate(attrs)

    def validate_tag(self, name: str) -> str:
        """Reject an unknown tag."""
        return known_only([name])[0]


class RevokeSerializer(serializers.Serializer[Any]):
    """The reason for revoking an exclusion."""

    reason = reason_field()


class StreamSerializer(serializers.Serializer[Any]):
    """The tags and the start of a stream."""

    tag = tags_field()
    since = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_ID,
        help_text="Goes on behind the measurement with this id; from now on if left out.",
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value", "max_string_length"),
            "expected the id of a measurement",
        ),
    )

    def validate_tag(self, names: list[str]) -> list[str]:
        """Reject unknown tags."""
        return known_only(names)


def parameters(kind: type[SerializerT], request: Request, **instead: list[str]) -> SerializerT:
    """Validate the query parameters with the serializer ``kind``.

    ``instead`` replaces the values of the named parameters. An empty parameter counts as absent, except
    ``tag``: an empty tag is an error, because a response with all tags would be wrong.

    Raises:
        ValidationError: a parameter is invalid, or has several values where one is expected.
    """
    data: dict[str, Any] = {}
    for name, field in kind().fields.items():
        values = instead.get(name, request.query_params.getlist(name))
        is_list = isinstance(field, serializers.ListField)
        if given := values if is_list else one_of(name, values):
            data[name] = given
    query = kind(data=data)
    query.is_valid(raise_exception=True)
    return query


def one_of(name: str, values: list[str]) -> str:
    """Return the only value of a parameter, empty if the parameter is absent.

    Raises:
        ValidationError: the values differ; using the last value would hide the others.
    """
    if len(set(values)) > 1:
        raise serializers.ValidationError({name: several(name, len(values))})
    return values[0] if values else ""


def several(name: str, count: int) -> str:
    """Return the error message for a parameter with ``count`` values instead of one."""
    if name == "tag":
        return f"expected one tag, got {count}; send a request for each"
    return f"expected one value, got {count}; give '{name}' once"

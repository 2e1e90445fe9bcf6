"""Query parameters: what they may be, and what is said when they are not."""

from datetime import datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from monitoring.api.formats import FORMATS
from monitoring.domain.clock import parse_bound
from monitoring.domain.monitor import DETECTORS
from monitoring.domain.readings import known_tags, shown
from monitoring.ingest.exclusions import MOST_IDS
from monitoring.queries.events import EventSelection
from monitoring.queries.series import MAX_ID, Cursor, Excluded, Selection
from monitoring.queries.tags import find_tag, known_of, tag_names

MAX_PAGE = 10_000
DEFAULT_PAGE = 1_000
MAX_POINTS = 5_000
DEFAULT_POINTS = 600
MAX_FOLLOWED = 250
LONGEST_REASON = 500


def whole_number(default: int, highest: int, help_text: str) -> serializers.IntegerField:
    """A parameter from 1 to ``highest``."""
    messages: dict[str, Any] = dict.fromkeys(
        ("invalid", "min_value", "max_value", "max_string_length"),
        f"expected a whole number from 1 to {highest}",
    )
    return serializers.IntegerField(
        default=default, min_value=1, max_value=highest, help_text=help_text, error_messages=messages
    )


def excluded_field() -> serializers.ChoiceField:
    """A parameter that says whether excluded measurements are wanted."""
    return serializers.ChoiceField(
        choices=[Excluded.INCLUDE.value, Excluded.ONLY.value],
        required=False,
        help_text="include: excluded measurements, too; only: no others. Each then has `excluded`.",
        error_messages={"invalid_choice": "expected 'include' or 'only'"},
    )


@extend_schema_field(OpenApiTypes.DATETIME)
class BoundField(serializers.Field[datetime, str, str, Any]):
    """One end of a range of time, inclusive."""

    def __init__(self, *, end: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.end = end

    def to_internal_value(self, data: str) -> datetime:
        """The moment that the text names."""
        try:
            return parse_bound(str(data), end=self.end)
        except ValueError as error:
            raise serializers.ValidationError(
                f"expected ISO 8601, as in 2026-01-31T12:00:00Z or 2026-01-31, got {shown(data)}"
            ) from error


class CursorField(serializers.CharField):
    """Where the page before ended, as its Link header said."""

    def to_internal_value(self, data: str) -> Any:
        """The cursor of the text."""
        try:
            return Cursor.parse(super().to_internal_value(data))
        except ValueError as error:
            raise serializers.ValidationError("expected the cursor of a Link header") from error


class TaggedSerializer(serializers.Serializer[Any]):
    """``tag``: an empty one is as good as none."""

    tag = serializers.CharField(required=False, help_text="Only this tag; all tags if left out.")

    def validate_tag(self, name: str) -> str:
        """Refuses a tag that does not exist: an empty answer would hide the typing error."""
        if find_tag(name) is None:
            raise serializers.ValidationError(f"unknown tag {shown(name)}; {known_tags(tag_names())}")
        return name


class SelectionSerializer(TaggedSerializer):
    """``tag``, ``from`` and ``to``: empty ones are as good as none."""

    def get_fields(self) -> dict[str, Any]:
        """``from`` is a word of Python's own, so the two bounds are added by name."""
        return {
            **super().get_fields(),
            "from": BoundField(required=False, help_text="ISO 8601; UTC unless it has an offset. Inclusive."),
            "to": BoundField(
                required=False, end=True, help_text="As from. Inclusive; a date alone means its whole day."
            ),
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuses a range that ends before it begins."""
        if "from" in attrs and "to" in attrs and attrs["from"] > attrs["to"]:
            raise serializers.ValidationError({"from": "expected to be no later than 'to'"})
        return attrs

    @property
    def selection(self) -> Selection:
        """What the parameters select."""
        chosen = self.validated_data
        excluded = Excluded(chosen.get("excluded", Excluded.LEFT_OUT))
        return Selection(chosen.get("tag"), chosen.get("from"), chosen.get("to"), excluded=excluded)


class PageSerializer(SelectionSerializer):
    """A selection in pages."""

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


class DataPageSerializer(PageSerializer):
    """A selection of measurements in pages, with excluded ones if they are asked for."""

    excluded = excluded_field()


class EventPageSerializer(PageSerializer):
    """A selection of events in pages."""

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

    @property
    def chosen_events(self) -> EventSelection:
        """What the parameters select."""
        chosen = self.validated_data
        return EventSelection(self.selection, chosen.get("open"), chosen.get("detector"), chosen.get("kind"))


class TrendSerializer(SelectionSerializer):
    """One tag over a range of time, all that is stored of it if left out."""

    tag = serializers.CharField(
        help_text="The tag.", error_messages={"required": "missing; expected the name of a tag"}
    )
    points = whole_number(DEFAULT_POINTS, MAX_POINTS, "How many buckets at most.")


class ExportSerializer(SelectionSerializer):
    """A selection as a file."""

    excluded = excluded_field()

    format = serializers.ChoiceField(
        choices=list(FORMATS),
        default="csv",
        help_text="The file's format. .gz is a compressed file; parquet needs pyarrow installed.",
        error_messages={"invalid_choice": f"expected one of {', '.join(FORMATS)}"},
    )

    def validate_format(self, name: str) -> str:
        """Refuses what can't be written here."""
        if FORMATS[name].is_missing:
            needs = FORMATS[name].needs
            raise serializers.ValidationError(
                f"{name} needs {needs}, which is not installed here; pip install {needs}, or use csv or jsonl"
            )
        return name


def reason_field() -> serializers.CharField:
    """Why: for the record."""
    return serializers.CharField(
        max_length=LONGEST_REASON,
        help_text="Why; it stays on record.",
        error_messages=dict.fromkeys(("required", "blank", "null"), "missing; say why, for the record"),
    )


class ExcludeSerializer(SelectionSerializer):
    """Measurements to exclude: of a tag between two times, or single ones by their ids."""

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
        """Refuses what names measurements in both ways, or in none."""
        named = [name for name in ("tag", "from", "to") if name in attrs]
        if "ids" in attrs and named:
            raise serializers.ValidationError({named[0]: "expected either ids, or tag, from and to"})
        if "ids" not in attrs and len(named) < len(("tag", "from", "to")):
            missing = next(name for name in ("tag", "from", "to") if name not in attrs)
            raise serializers.ValidationError({missing: "missing; expected tag, from and to, or ids"})
        return super().validate(attrs)


class RevokeSerializer(serializers.Serializer[Any]):
    """An exclusion to revoke."""

    reason = reason_field()


class StreamSerializer(serializers.Serializer[Any]):
    """Where a stream begins, and of which tags: ``tag`` may be given more than once."""

    tag = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        max_length=MAX_FOLLOWED,
        help_text=f"Only this tag; may be given up to {MAX_FOLLOWED} times. All tags if left out.",
        error_messages={"max_length": f"expected at most {MAX_FOLLOWED} of them"},
    )

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
        """Refuses tags that do not exist, as everywhere."""
        known = known_of(names)
        for name in names:
            if name not in known:
                raise serializers.ValidationError(f"unknown tag {shown(name)}; {known_tags(tag_names())}")
        return names


def query_of(request: Request) -> dict[str, str]:
    """The request's parameters without empty ones."""
    return {name: str(value) for name, value in request.query_params.items() if value != ""}

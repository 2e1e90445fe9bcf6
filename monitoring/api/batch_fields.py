"""Validate query parameters and request bodies of the batches API, and define the shapes of its answers."""

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from monitoring.api import schemas
from monitoring.api.alarm_fields import ActSerializer, choices_field
from monitoring.api.fields import BoundField, CursorField, RangeSerializer, whole_number
from monitoring.api.schemas import Shape
from monitoring.batches.errors import BatchInputError, UnknownBatchError
from monitoring.batches.finding import find_recipe, find_vessel
from monitoring.batches.lifecycle import NewBatch, check_length
from monitoring.batches.reading import BatchSelection
from monitoring.history.keyset import MAX_ID
from monitoring.models import BatchState, MomentSource, Recipe

DEFAULT_BATCHES, MAX_BATCHES = 100, 1_000
LONGEST_REASON = 500
BATCH_ID = OpenApiParameter("id", int, OpenApiParameter.PATH, description="The batch's id.")
MOMENTS = ("start", "inoculation", "end", "phase")
YES_OR_NO: dict[str, Any] = dict.fromkeys(("invalid", "null"), "expected 'true' or 'false'")
HAS_CHANGED = OpenApiResponse(
    schemas.ErrorSerializer, "The batch has changed since, or does not allow this; the message tells why."
)
OVERLAPS = OpenApiResponse(
    schemas.ErrorSerializer,
    "The vessel has another batch then, which the message names; or the name is used.",
)


def version_field(help_text: str) -> serializers.IntegerField:
    """Return the field for a whole number from 1 on."""
    messages: dict[str, Any] = dict.fromkeys(
        ("null", "invalid", "min_value", "max_value", "max_string_length"),
        "expected a whole number from 1 on",
    )
    return serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_ID, help_text=help_text, error_messages=messages
    )


def time_field(help_text: str = "ISO 8601; now, if left out.", **options: Any) -> BoundField:
    """Return the field for a time of a batch."""
    return BoundField(required=False, help_text=help_text, **options)


class BatchListSerializer(RangeSerializer):
    """Criteria for batches, and the part of the list."""

    vessel = serializers.CharField(required=False, help_text="Only of this vessel.")
    recipe = serializers.CharField(required=False, help_text="Only of this recipe, any version.")
    state = choices_field(BatchState.values, "Only in this state.")
    golden = serializers.BooleanField(
        required=False, help_text="true: only golden batches; false: only others.", error_messages=YES_OR_NO
    )
    name = serializers.CharField(required=False, help_text="Only with this text in the name.")
    limit = whole_number(DEFAULT_BATCHES, MAX_BATCHES, "How many at most.")
    cursor = CursorField(
        required=False, help_text="Where the page before ended; take it from its Link header."
    )

    def validate_vessel(self, name: str) -> str:
        """Reject an unknown vessel; an empty response would hide the typing error."""
        return known_vessel(name)

    def validate_recipe(self, name: str) -> str:
        """Reject an unknown recipe."""
        if not Recipe.objects.filter(name=name).exists():
            raise serializers.ValidationError("unknown recipe; GET /recipes lists them")
        return name

    @property
    def selection(self) -> BatchSelection:
        """Return the selection of batches that the parameters describe."""
        chosen = self.validated_data
        return BatchSelection(
            vessel=chosen.get("vessel", ""),
            recipe=chosen.get("recipe", ""),
            states=tuple(chosen.get("state", ())),
            is_golden=chosen.get("golden"),
            start=chosen.get("from"),
            end=chosen.get("to"),
            name_part=chosen.get("name", ""),
        )


def known_vessel(name: str) -> str:
    """Return the name of a vessel that exists; a former name is replaced.

    Raises:
        ValidationError: there is no such vessel.
    """
    try:
        return find_vessel(name).name
    except UnknownBatchError as error:
        raise serializers.ValidationError(str(error)) from error


class HeaderSerializer(serializers.Serializer[Any]):
    """The header of a batch."""

    name = serializers.CharField(
        required=False, max_length=64, help_text="Unique. If left out: vessel and start."
    )
    recipe = serializers.CharField(required=False, allow_blank=True, max_length=64, help_text="Empty: none.")
    recipe_version = version_field("The newest that is offered, if left out.")
    product = serializers.CharField(required=False, allow_blank=True, max_length=100)
    strain = serializers.CharField(required=False, allow_blank=True, max_length=100)
    header = serializers.DictField(required=False, help_text="Further fields by name: texts or numbers.")
    by = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=100,
        help_text="Who acts, while Fermon asks for no login; recorded as unverified.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject an unknown recipe, and a version without a recipe."""
        name, version = attrs.get("recipe", ""), attrs.get("recipe_version")
        if version is not None and not name:
            raise serializers.ValidationError({"recipe_version": "expected together with 'recipe'"})
        try:
            if name:
                find_recipe(name, version)
        except UnknownBatchError as error:
            raise serializers.ValidationError({"recipe": str(error)}) from error
        return attrs


class StartBatchSerializer(HeaderSerializer):
    """A batch to start, to plan, or to record after the event."""

    vessel = serializers.CharField(max_length=64, error_messages={"required": "missing; expected a vessel"})
    start = time_field()
    inoculated_at = time_field("ISO 8601; later by an act, if left out.", allow_null=True)
    end = BoundField(
        required=False, allow_null=True, end=True, help_text="Of a past batch, which is complete then."
    )
    end_previous = serializers.BooleanField(
        default=False,
        help_text="true: end the batch that the vessel runs, at the start.",
        error_messages=YES_OR_NO,
    )
    planned = serializers.BooleanField(
        default=False, help_text="true: only plan the batch; start it later.", error_messages=YES_OR_NO
    )

    def validate_vessel(self, name: str) -> str:
        """Reject an unknown vessel."""
        return known_vessel(name)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject times of a planned batch, and a start so long ago that the year must be wrong."""
        attrs = super().validate(attrs)
        times = [name for name in ("start", "inoculated_at", "end") if attrs.get(name) is not None]
        if attrs["planned"] and times:
            raise serializers.ValidationError({times[0]: "a planned batch has no times yet"})
        if start := attrs.get("start"):
            try:
                check_length(start, attrs.get("end") or datetime.now(UTC), "start")
            except BatchInputError as error:
                raise serializers.ValidationError({error.field: str(error)}) from error
        return attrs

    def batch(self, source: str) -> NewBatch:
        """Return the batch that the body describes."""
        given = {
            name: value
            for name, value in self.validated_data.items()
            if name not in ("planned", "by") and value is not None
        }
        return NewBatch(**given, source=source)


class ChangeBatchSerializer(HeaderSerializer):
    """Fields of the header to change; fields that are left out stay."""

    revision = version_field("The revision that was seen; another one is answered 409.")


class BatchActSerializer(ActSerializer):
    """An act on a batch, as the caller saw it."""

    revision = version_field("The revision that was seen; another one is answered 409.")


class TimedActSerializer(BatchActSerializer):
    """An act at a time."""

    at = time_field()


class StartPlannedSerializer(TimedActSerializer):
    """The start of a planned batch."""

    end_previous = serializers.BooleanField(
        default=False, help_text="true: end the batch that the vessel runs.", error_messages=YES_OR_NO
    )


class EnterPhaseSerializer(TimedActSerializer):
    """The next phase."""

    phase = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=64,
        help_text="If left out: the next of the recipe.",
    )


class EndBatchSerializer(TimedActSerializer):
    """The end of a batch."""

    reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST_REASON, help_text="If any."
    )


class AbortBatchSerializer(TimedActSerializer):
    """The end of a batch before its time."""

    reason = serializers.CharField(
        max_length=LONGEST_REASON,
        help_text="Why; it stays on record.",
        error_messages=dict.fromkeys(("required", "blank", "null"), "missing; tell why the batch is aborted"),
    )


class MomentSerializer(BatchActSerializer):
    """A moment of a batch."""

    moment = serializers.ChoiceField(
        choices=MOMENTS,
        error_messages=dict.fromkeys(
            ("required", "null", "invalid_choice"), f"expected one of {', '.join(MOMENTS)}"
        ),
    )
    position = version_field("Of a phase: 1 for the first.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject a phase without a position."""
        if attrs.get("moment") == "phase" and "position" not in attrs:
            raise serializers.ValidationError({"position": "expected with a phase: 1 for the first"})
        return attrs


class MoveMomentSerializer(MomentSerializer):
    """A moment of a batch, and the time to move it to."""

    at = BoundField(
        allow_null=True,
        help_text="Null takes back the inoculation, the end (the batch runs again), or the last phase.",
        error_messages={"required": "missing; expected a time, or null"},
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject that a start is taken back."""
        if attrs["moment"] == "start" and attrs["at"] is None:
            raise serializers.ValidationError({"at": "expected a time: a start is not taken back"})
        return super().validate(attrs)


class ConfirmMomentsSerializer(MomentSerializer):
    """The moment to confirm."""

    moment = serializers.ChoiceField(
        choices=MOMENTS,
        required=False,
        help_text="All that rules have made, if left out.",
        error_messages=dict.fromkeys(("null", "invalid_choice"), f"expected one of {', '.join(MOMENTS)}"),
    )


class GoldenSerializer(BatchActSerializer):
    """Whether a batch is golden, or excluded from comparison."""

    golden = serializers.BooleanField(
        required=False, help_text="A good batch, for profiles.", error_messages=YES_OR_NO
    )
    excluded_reason = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=LONGEST_REASON,
        help_text="Why the batch is not to be compared with; empty: it is.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject a body without either field."""
        if not {"golden", "excluded_reason"} & set(attrs):
            raise serializers.ValidationError({"golden": "missing; expected 'true' or 'false'"})
        return attrs


class NamedVersionShape(Shape):
    """Name and version of a recipe or a profile."""

    name = serializers.CharField()
    version = serializers.IntegerField()


class BatchPhaseShape(Shape):
    """A phase of a batch. Each ends where the next begins."""

    position = serializers.IntegerField()
    name = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True, help_text="Null: it lasts.")
    source = serializers.ChoiceField(choices=MomentSource.choices)  # type: ignore[assignment]
    by = serializers.CharField()
    typical_duration_s = serializers.IntegerField(allow_null=True)


def source_shape() -> serializers.ChoiceField:
    """Return the field for the origin of a moment."""
    return serializers.ChoiceField(
        choices=MomentSource.choices,
        allow_null=True,
        help_text="Null: not yet. Moments by a rule follow late data until a person confirms them.",
    )


class ProcessBatchSerializer(Shape):
    """A batch: one run of a vessel."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    vessel = serializers.CharField()
    vessel_title = serializers.CharField()
    recipe = NamedVersionShape(allow_null=True)
    product = serializers.CharField()
    strain = serializers.CharField()
    header = serializers.DictField()
    state = serializers.CharField(help_text=f"One of {', '.join(BatchState.values)}.")
    start = serializers.DateTimeField(allow_null=True, help_text="Null: planned.")
    inoculated_at = serializers.DateTimeField(allow_null=True)
    end = serializers.DateTimeField(allow_null=True, help_text="Null: planned or running.")
    start_source = source_shape()
    inoculation_source = source_shape()
    end_source = source_shape()
    started_by = serializers.CharField()
    ended_by = serializers.CharField()
    end_reason = serializers.CharField()
    golden = serializers.BooleanField()
    excluded_reason = serializers.CharField()
    profile = NamedVersionShape(allow_null=True, help_text="The golden profile that it is compared with.")
    elapsed_h = serializers.FloatField(
        allow_null=True, help_text="Hours from the inoculation to the end, or to now."
    )
    phase = serializers.CharField(allow_null=True, help_text="The present one.")
    phases = BatchPhaseShape(many=True)
    revision = serializers.IntegerField(help_text="Grows with each change.")
    changed_at = serializers.DateTimeField()


START = OpenApiExample(
    "A batch starts now",
    value={
        "vessel": "reactor-1",
        "name": "run-1",
        "product": "GFP",
        "strain": "BL21",
        "header": {"medium": "M9"},
    },
    request_only=True,
)

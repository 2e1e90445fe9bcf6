"""Validate request bodies of samples, and define the shapes of their answers."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from monitoring.api.alarm_fields import ActSerializer
from monitoring.api.fields import LONGEST_REASON, BoundField
from monitoring.api.schemas import Shape
from monitoring.batches.analytes import LONGEST_UNIT, SLUG
from monitoring.batches.sampling import MOST_RESULTS, NewResult

LONGEST_COMMENT = 500
LONGEST_METHOD = 64
MISSING_REASON: dict[str, Any] = dict.fromkeys(
    ("required", "blank", "null"), "missing; say why, for the record"
)


@extend_schema_field(OpenApiTypes.DOUBLE)
class ValueField(serializers.Field[float, Any, float, Any]):
    """A measured value: a JSON number."""

    default_error_messages = dict.fromkeys(("required", "null"), "missing; expected a number")

    def to_internal_value(self, data: Any) -> float:
        """Return the number; raise ValidationError for texts, booleans and numbers beyond a float."""
        if isinstance(data, bool) or not isinstance(data, int | float):
            raise serializers.ValidationError("expected a number, as 12.5")
        try:
            return float(data)
        except OverflowError as error:
            raise serializers.ValidationError("expected a finite number") from error

    def to_representation(self, value: float) -> float:
        """Return the number."""
        return value


class SampleListSerializer(serializers.Serializer[Any]):
    """Criteria for the samples of a batch."""

    withdrawn = serializers.BooleanField(
        default=False,
        help_text="true: also samples that were withdrawn.",
        error_messages=dict.fromkeys(("invalid", "null"), "expected 'true' or 'false'"),
    )


class NewResultSerializer(serializers.Serializer[Any]):
    """A result to enter."""

    analyte = serializers.RegexField(
        rf"\A{SLUG.pattern}\Z",
        help_text="od600, dry_weight, glucose, acetate ..., or a name of your own: a-z, 0-9 and '_'.",
        error_messages=dict.fromkeys(
            ("required", "blank", "null", "invalid"),
            "expected a name as glucose: lower-case letters, digits and '_', up to 32",
        ),
    )
    value = ValueField()
    unit = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=LONGEST_UNIT,
        help_text="Left out: the unit of a known analyte. Values are not converted.",
    )
    method = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST_METHOD, help_text="How."
    )


def results_field(**options: Any) -> serializers.ListField:
    """Return the field for results to enter."""
    messages: dict[str, Any] = {
        "max_length": f"expected at most {MOST_RESULTS} results",
        "min_length": "expected at least one result",
        "empty": "expected at least one result",
        "required": "missing; expected a list of results",
        "not_a_list": "expected a list of results",
    }
    return serializers.ListField(
        child=NewResultSerializer(), max_length=MOST_RESULTS, error_messages=messages, **options
    )


class AddSampleSerializer(ActSerializer):
    """A sample to add."""

    taken_at = BoundField(required=False, help_text="ISO 8601; now, if left out. Within the batch.")
    comment = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST_COMMENT, help_text="Remark."
    )
    results = results_field(required=False, default=list, help_text="Those known so far; none is valid.")


class AddResultsSerializer(ActSerializer):
    """Results that came later."""

    results = results_field(min_length=1)


class CorrectResultSerializer(ActSerializer):
    """The right value of a result."""

    value = ValueField(help_text="In the unit of the result.")
    reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST_REASON, help_text="Why."
    )


class WithdrawSampleSerializer(ActSerializer):
    """Why a sample is withdrawn."""

    reason = serializers.CharField(max_length=LONGEST_REASON, error_messages=MISSING_REASON)


def new_results(given: list[dict[str, Any]]) -> list[NewResult]:
    """Return the results of a validated body."""
    return [NewResult(**each) for each in given]


class EntrySerializer(Shape):
    """A value as entered."""

    id = serializers.IntegerField()
    value = serializers.FloatField()
    entered_at = serializers.DateTimeField()
    entered_by = serializers.CharField()
    reason = serializers.CharField(allow_blank=True, help_text="Of the correction.")


class ResultSerializer(EntrySerializer):
    """A result in force, with the values before it."""

    analyte = serializers.CharField()
    title = serializers.CharField(help_text="The analyte for people.")
    unit = serializers.CharField(allow_blank=True)
    method = serializers.CharField(allow_blank=True)
    history = EntrySerializer(many=True, help_text="Values that were corrected, newest first.")


class SampleSerializer(Shape):
    """A sample of a batch."""

    number = serializers.IntegerField(help_text="1, 2, 3 ... within the batch.")
    taken_at = serializers.DateTimeField()
    elapsed_h = serializers.FloatField(help_text="Hours since the inoculation; before it since the start.")
    outside = serializers.BooleanField(help_text="The times of the batch were moved: it lies outside.")
    comment = serializers.CharField(allow_blank=True)
    entered_at = serializers.DateTimeField()
    entered_by = serializers.CharField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawn_by = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True, help_text="Of the withdrawal.")
    results = ResultSerializer(many=True)

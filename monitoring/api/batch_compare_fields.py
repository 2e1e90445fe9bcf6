"""Validate the parameters of a comparison of batches, and define the shape of the answer."""

from typing import Any

from rest_framework import serializers

from monitoring.api.batch_trend_fields import MEASURED_ROLES
from monitoring.api.fields import choice, known_only, whole_number
from monitoring.api.schemas import Shape, numbers
from monitoring.batches.compare import LEAST, MOST
from monitoring.batches.compare_aligning import Align
from monitoring.history.keyset import MAX_ID

MOST_POINTS = 2_000
HOW_MANY = f"expected {LEAST} to {MOST} batches: repeat 'batch'"


class CompareSerializer(serializers.Serializer[Any]):
    """The batches, the signal and the common axis."""

    batch = serializers.ListField(
        child=serializers.IntegerField(
            min_value=1,
            max_value=MAX_ID,
            error_messages=dict.fromkeys(
                ("invalid", "min_value", "max_value", "max_string_length"), "expected the id of a batch"
            ),
        ),
        min_length=LEAST,
        max_length=MOST,
        help_text=f"The id of a batch; {LEAST} to {MOST} times.",
        error_messages=dict.fromkeys(("required", "min_length", "max_length"), HOW_MANY),
    )
    tag = serializers.CharField(required=False, help_text="The tag: its data while bound to the vessels.")
    role = serializers.ChoiceField(
        choices=MEASURED_ROLES,
        required=False,
        help_text="Instead of a tag: the tags that measured this role in each batch.",
        error_messages={"invalid_choice": f"expected one of {', '.join(MEASURED_ROLES)}"},
    )
    align = choice(
        [each.value for each in Align],
        Align.ELAPSED.value,
        "elapsed: hours since the inoculation. phase: hours since the begin of each phase, phases laid one"
        " behind the other. maturity: percent of the golden profile of the recipe.",
    )
    points = whole_number(600, MOST_POINTS, "About how many buckets at most of each batch.")

    def validate_batch(self, ids: list[int]) -> list[int]:
        """Reject a batch that is named twice."""
        if len(set(ids)) < len(ids):
            raise serializers.ValidationError("expected each batch once")
        return ids

    def validate_tag(self, name: str) -> str:
        """Reject an unknown tag."""
        return known_only([name])[0]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject a request with both tag and role, or with none."""
        if ("tag" in attrs) == ("role" in attrs):
            raise serializers.ValidationError({"tag": "expected either 'tag' or 'role'"})
        return attrs


class CompareProfileSerializer(Shape):
    """The profile by which maturity is measured."""

    name = serializers.CharField()
    version = serializers.IntegerField()


class ComparePhaseSerializer(Shape):
    """The place of a phase on the axis, in hours."""

    name = serializers.CharField()
    start = serializers.FloatField()
    length = serializers.FloatField()


def maybe(help_text: str = "") -> serializers.FloatField:
    """Return the field for a number that may be missing."""
    return serializers.FloatField(allow_null=True, help_text=help_text)


class ComparedBatchSerializer(Shape):
    """A batch on the common axis, as columns of equal length; null interrupts the line."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    vessel = serializers.CharField()
    state = serializers.CharField()
    tag = serializers.CharField(allow_null=True, help_text="The tag; of a role, the one bound last.")
    title = serializers.CharField()
    unit = serializers.CharField()
    resolution_s = maybe("Length of the longest bucket.")
    x = numbers(serializers.FloatField(), "Place on the axis of the begin of each bucket.")
    min = numbers(serializers.FloatField(allow_null=True))
    mean = numbers(serializers.FloatField(allow_null=True))
    max = numbers(serializers.FloatField(allow_null=True))
    low = maybe("Lowest value of the batch.")
    average = maybe("Mean of all measurements.")
    high = maybe("Highest value of the batch.")
    last = maybe("Mean of the last bucket.")
    durations_s = serializers.DictField(
        child=serializers.IntegerField(), help_text="Duration of each phase by name; of the last up to now."
    )
    missing = serializers.CharField(help_text="Why the batch has no course; empty if it has.")


class CommonSubjectSerializer(Shape):
    """A role, or a tag without role, that all these batches have."""

    role = serializers.CharField(allow_null=True)
    tag = serializers.CharField(allow_null=True)
    title = serializers.CharField()


class ComparisonSerializer(Shape):
    """Batches on a common axis."""

    align = serializers.CharField()
    unit = serializers.CharField(help_text="Of the axis: h or %.")
    role = serializers.CharField(allow_null=True)
    tag = serializers.CharField(allow_null=True)
    profile = CompareProfileSerializer(allow_null=True, help_text="Of maturity; else null.")
    phases = ComparePhaseSerializer(many=True, help_text="With phase: the slots of the phases.")
    batches = ComparedBatchSerializer(many=True)
    common = CommonSubjectSerializer(many=True)

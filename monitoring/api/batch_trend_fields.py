"""Validate the parameters of a batch's trend, and define the shape of the answer."""

from typing import Any

from rest_framework import serializers

from monitoring.api.batch_fields import NamedVersionShape
from monitoring.api.fields import DEFAULT_POINTS, MAX_POINTS, RangeSerializer, known_only, whole_number
from monitoring.api.schemas import Shape, numbers
from monitoring.batches.vessel_roles import OTHER, ROLES

MEASURED_ROLES = [name for name in ROLES if name != OTHER]


class BatchTrendSerializer(RangeSerializer):
    """A tag or a role, and a part of the batch; without a range, the whole batch."""

    tag = serializers.CharField(
        required=False,
        help_text="The tag: its data while bound to the vessel.",
        error_messages={"blank": "expected the name of a tag, or 'role'"},
    )
    role = serializers.ChoiceField(
        choices=MEASURED_ROLES,
        required=False,
        help_text="Instead of a tag: the tags that measured this role.",
        error_messages={"invalid_choice": f"expected one of {', '.join(MEASURED_ROLES)}"},
    )
    points = whole_number(DEFAULT_POINTS, MAX_POINTS, "How many buckets at most.")

    def validate_tag(self, name: str) -> str:
        """Reject an unknown tag."""
        return known_only([name])[0]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject a request with both tag and role, or with none."""
        if ("tag" in attrs) == ("role" in attrs):
            raise serializers.ValidationError({"tag": "expected either 'tag' or 'role'"})
        return super().validate(attrs)


class StepsSerializer(Shape):
    """A held signal: each value lasts until the next time."""

    tag = serializers.CharField()
    t = numbers(serializers.IntegerField(), "Milliseconds since the epoch.")
    eft_h = numbers(serializers.FloatField(), "Elapsed time in hours.")
    value = numbers(serializers.FloatField())


def line(help_text: str) -> serializers.ListField:
    """Return the field for a column of the golden band."""
    return numbers(serializers.FloatField(allow_null=True), f"{help_text} Null where unknown.")


class BandSerializer(Shape):
    """The profile of golden batches at the progress that this batch has made at each time."""

    profile = NamedVersionShape()
    eft_h = numbers(serializers.FloatField(), "Elapsed time in hours.")
    median = line("The median of the golden batches.")
    low = line("Their lowest value, at least the usual tolerance apart.")
    high = line("Their highest value.")
    limit_low = line("Mean - 3 standard deviations of a new batch.")
    limit_high = line("Mean + 3 standard deviations.")


class BatchTrendColumnsSerializer(Shape):
    """Buckets in order of time, as columns of equal length. Buckets without a measurement are left out."""

    tag = serializers.CharField(help_text="The tag; of a role, the one bound last.")
    title = serializers.CharField()
    unit = serializers.CharField(allow_blank=True)
    role = serializers.CharField()
    resolution_s = serializers.FloatField(help_text="How long each bucket is, in seconds.")
    t = numbers(serializers.IntegerField(), "When each bucket begins, in milliseconds since the epoch.")
    eft_h = numbers(serializers.FloatField(), "The same as elapsed time: hours since the inoculation.")
    min = numbers(serializers.FloatField())
    max = numbers(serializers.FloatField())
    mean = numbers(serializers.FloatField())
    setpoint = StepsSerializer(
        allow_null=True, help_text="The setpoint of the role; null if no tag is bound as such."
    )
    golden = BandSerializer(
        allow_null=True,
        help_text="Of the profile of the batch, else of the newest profile of its recipe; null without one.",
    )

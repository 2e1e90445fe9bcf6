"""Validate requests of soft sensors and computed tags, and define the shapes of their answers."""

from typing import Any

from rest_framework import serializers

from monitoring.api.fields import DEFAULT_POINTS, MAX_POINTS, whole_number
from monitoring.api.schemas import Shape, numbers
from monitoring.batches.computed_tags import MOST
from monitoring.batches.expressions import LONGEST

MOST_SENSORS = 100
EXPRESSION_HELP = (
    "Numbers, tags, + - * / **, parentheses, abs, sqrt, log, exp, min, max, clip. A tag as {demo1.o2}; a name"
    " of letters, digits and '_' also without braces."
)


class SoftSensorsQuery(serializers.Serializer[Any]):
    """Which soft sensors of a batch, and how many values."""

    sensor = serializers.ListField(
        child=serializers.CharField(max_length=64),
        required=False,
        max_length=MOST_SENSORS,
        help_text="Only this soft sensor or computed tag; may be repeated. All if left out.",
        error_messages={"max_length": f"expected at most {MOST_SENSORS} names in one request"},
    )
    points = whole_number(DEFAULT_POINTS, MAX_POINTS, "How many values of each at most.")


class SensorConstantShape(Shape):
    """A constant of the formula."""

    name = serializers.CharField()
    title = serializers.CharField()
    unit = serializers.CharField()
    value = serializers.FloatField(allow_null=True, help_text="The value in use; null: none.")
    assumed = serializers.BooleanField(help_text="true: the vessel has none, this is the default.")


class LastValueShape(Shape):
    """The last value."""

    t = serializers.IntegerField(help_text="Milliseconds since the epoch.")
    eft_h = serializers.FloatField(help_text="Elapsed time in hours.")
    value = serializers.FloatField()


class SensorSeriesShape(Shape):
    """A soft sensor or a computed tag over a batch, as columns of equal length."""

    name = serializers.CharField()
    title = serializers.CharField()
    unit = serializers.CharField()
    decimals = serializers.IntegerField(allow_null=True, help_text="To show; null: as many as needed.")
    formula = serializers.CharField()
    source = serializers.CharField(help_text="The literature.")  # type: ignore[assignment]
    computed = serializers.BooleanField(help_text="true: a computed tag of the vessel.")
    inputs = serializers.ListField(
        child=serializers.CharField(), help_text="Roles; of a computed tag the tags."
    )
    constants = SensorConstantShape(many=True)
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="Sentences: why there are no values, and what to add."
    )
    remarks = serializers.ListField(
        child=serializers.CharField(), help_text="Sentences: what would make the values better."
    )
    last = LastValueShape(allow_null=True)
    t = numbers(serializers.IntegerField(), "Begin of the minute, in milliseconds since the epoch.")
    eft_h = numbers(serializers.FloatField(), "Elapsed time in hours; negative before the inoculation.")
    value = numbers(serializers.FloatField(allow_null=True), "Null in gaps.")


class SoftSensorsShape(Shape):
    """The soft sensors of a batch. Nothing is stored: late readings and new samples change the values."""

    batch = serializers.IntegerField()
    sensors = SensorSeriesShape(many=True)


class ComputedTagShape(Shape):
    """A computed tag of a vessel."""

    name = serializers.CharField()
    title = serializers.CharField(help_text="For people; empty: the name.")
    expression = serializers.CharField()
    unit = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField(), help_text="The tags in the expression.")


class ChangeComputedTag(serializers.Serializer[Any]):
    """The fields of a computed tag to change."""

    name = serializers.CharField(required=False, max_length=64)
    title = serializers.CharField(required=False, max_length=100, allow_blank=True)
    expression = serializers.CharField(required=False, max_length=LONGEST, help_text=EXPRESSION_HELP)
    unit = serializers.CharField(required=False, max_length=20, allow_blank=True, help_text="Of the result.")


class NewComputedTag(ChangeComputedTag):
    """A computed tag to add."""

    name = serializers.CharField(max_length=64, help_text=f"Unique on the vessel, which has at most {MOST}.")
    expression = serializers.CharField(max_length=LONGEST, help_text=EXPRESSION_HELP)

"""Validate the parameters of the watching of a batch, and define the shapes of the answers."""

from typing import Any

from rest_framework import serializers

from monitoring.api.batch_fields import NamedVersionShape
from monitoring.api.fields import MAX_POINTS, BoundField, whole_number
from monitoring.api.schemas import Shape, numbers


class WatchPartSerializer(serializers.Serializer[Any]):
    """A part of the batch; without a range, the whole batch."""

    start = BoundField(required=False, help_text="ISO 8601; UTC unless it has an offset. Inclusive.")
    end = BoundField(required=False, end=True, help_text="As start. Inclusive.")
    points = whole_number(MAX_POINTS, MAX_POINTS, "How many buckets of whole minutes at most.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject a range that ends before the start."""
        if "start" in attrs and "end" in attrs and attrs["start"] > attrs["end"]:
            raise serializers.ValidationError({"start": "expected to be no later than 'end'"})
        return attrs


class WatchedTimeSerializer(serializers.Serializer[Any]):
    """A time within the batch."""

    at = BoundField(
        help_text="ISO 8601, within the batch.",
        error_messages={"required": "expected a time within the batch"},
    )


class ContributionSerializer(Shape):
    """The largest ratio of a channel to its limit."""

    channel = serializers.CharField(help_text="A role, `other.` and a tag, or a balance.")
    title = serializers.CharField()
    unit = serializers.CharField(allow_blank=True)
    tag = serializers.CharField(allow_null=True, help_text="Null: a balance of several tags.")
    family = serializers.CharField(help_text="E: off course, S: changed, L: drifted, I: unpredicted.")
    ratio = serializers.FloatField(help_text="Share of the limit, which is 1.")
    statistic = serializers.FloatField(help_text="Positive: too high, or rising.")


class ContributionAtSerializer(ContributionSerializer):
    """A contribution with values, means of 5 minutes. Null: none is known."""

    value = serializers.FloatField(allow_null=True)
    usual = serializers.FloatField(allow_null=True, help_text="The mean of golden batches at this progress.")


class EstimateSerializer(Shape):
    """An estimate of a process variable that is independent of the others."""

    name = serializers.CharField()
    title = serializers.CharField()
    probe = serializers.CharField(allow_blank=True)
    difference = serializers.FloatField(allow_null=True, help_text="Share; of rW in g/min.")
    agrees = serializers.BooleanField(allow_null=True, help_text="Null: not known.")
    needs = serializers.ListField(child=serializers.CharField(), help_text="What is missing.")
    sentence = serializers.CharField(allow_blank=True)


class VerdictSerializer(Shape):
    """Whether the probe or the process is the cause of a deviation."""

    says = serializers.ChoiceField(choices=["probe", "process", "undecided"])
    about = serializers.CharField(allow_blank=True, help_text="do, o2, feed, culture ...; empty: undecided.")
    sentence = serializers.CharField()
    evidence = serializers.FloatField()
    at = serializers.DateTimeField(help_text="The minute of the strongest evidence.")
    is_shown = serializers.BooleanField(help_text="True from 10 minutes after the begin on.")
    missing = serializers.ListField(child=serializers.CharField(), help_text="What would help to decide.")
    estimates = EstimateSerializer(many=True)


class DeviationSerializer(Shape):
    """A time in which a batch is not like golden batches."""

    id = serializers.IntegerField()
    batch = serializers.IntegerField()
    batch_name = serializers.CharField()
    vessel = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True, help_text="Null while it lasts.")
    peak_at = serializers.DateTimeField()
    score = serializers.FloatField(help_text="The largest, as a share of the limit.")
    contributions = ContributionSerializer(many=True)
    sentence = serializers.CharField()
    verdict = VerdictSerializer(allow_null=True)
    profile = NamedVersionShape(allow_null=True)


class DeviationsSerializer(Shape):
    """The deviations of a batch, newest first."""

    results = DeviationSerializer(many=True)


def ratios() -> serializers.ListField:
    """Return the field for a column of ratios."""
    return numbers(serializers.FloatField(allow_null=True), "Null where nothing is compared.")


class FamiliesSerializer(Shape):
    """The largest ratio of each family in each bucket."""

    E = ratios()
    S = ratios()
    L = ratios()
    I = ratios()  # noqa: E741  # the name in the literature of the method
    F = serializers.ListField(
        child=serializers.FloatField(allow_null=True),
        required=False,
        help_text="Only of vessels that use an isolation forest.",
    )


class DisplaySerializer(Shape):
    """A statistic for charts, without alarms."""

    value = ratios()
    limit = serializers.FloatField()


class WatchSerializer(Shape):
    """How a batch compares with golden batches, as columns of equal length."""

    batch = serializers.IntegerField()
    profile = NamedVersionShape(allow_null=True)
    message = serializers.CharField(allow_blank=True, help_text="How far the batch is watched, and why.")
    resolution_s = serializers.IntegerField(help_text="Length of a bucket: its largest values are given.")
    limit = serializers.FloatField()
    t = numbers(serializers.IntegerField(), "When each bucket begins, in milliseconds since the epoch.")
    eft_h = numbers(serializers.FloatField(), "The same as elapsed time in hours.")
    maturity = numbers(
        serializers.FloatField(allow_null=True),
        "Percent of the golden profile done at the begin of each bucket; null outside of its phases.",
    )
    score = ratios()
    families = FamiliesSerializer()
    t2 = DisplaySerializer(allow_null=True, help_text="Hotelling's T².")
    spe = DisplaySerializer(allow_null=True, help_text="Squared prediction error.")
    deviations = DeviationSerializer(many=True)
    verdict = VerdictSerializer(allow_null=True, help_text="Of the newest deviation that lasts.")


class ContributionsSerializer(Shape):
    """The channels that differ most in one minute, the largest ratio first."""

    at = serializers.DateTimeField()
    eft_h = serializers.FloatField()
    score = serializers.FloatField(allow_null=True)
    sentence = serializers.CharField()
    contributions = ContributionAtSerializer(many=True)

"""Shapes of the report of a batch, for the OpenAPI schema."""

from typing import Any

from rest_framework import serializers

from monitoring.api.batch_watch_fields import ContributionSerializer, VerdictSerializer
from monitoring.api.schemas import (
    EventSerializer,
    ExclusionSerializer,
    GapSerializer,
    LimitsSerializer,
    QualitySpanSerializer,
    Shape,
    numbers,
)


class VersionedSerializer(Shape):
    """A recipe or profile with its version."""

    name = serializers.CharField()
    version = serializers.IntegerField()


class ReportProfileSerializer(VersionedSerializer):
    """The profile that the batch is compared with; `hash` is over its inputs."""

    hash = serializers.CharField()


class ReportHeadSerializer(Shape):
    """The batch. Sources of moments: person, api, rule, or empty while the moment is not set."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    vessel = serializers.CharField()
    vessel_title = serializers.CharField()
    recipe = VersionedSerializer(allow_null=True)
    product = serializers.CharField()
    strain = serializers.CharField()
    header = serializers.DictField(help_text="Further fields, by name.")
    state = serializers.CharField()
    start = serializers.DateTimeField()
    start_source = serializers.CharField()
    started_by = serializers.CharField()
    inoculated_at = serializers.DateTimeField(allow_null=True)
    inoculation_source = serializers.CharField()
    end = serializers.DateTimeField(allow_null=True, help_text="Null while the batch runs.")
    end_source = serializers.CharField()
    ended_by = serializers.CharField()
    end_reason = serializers.CharField()
    until = serializers.DateTimeField(help_text="The end of the data of this report, to the minute.")
    elapsed_h = serializers.FloatField(help_text="Hours from the inoculation, else from the start.")
    golden = serializers.BooleanField()
    excluded_reason = serializers.CharField()
    profile = ReportProfileSerializer(allow_null=True)


class ReportPhaseSerializer(Shape):
    """A phase of the batch."""

    name = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True)
    start_h = serializers.FloatField(help_text="Elapsed time at the begin.")
    duration_s = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment]  # DRF keeps fields apart from attributes
    by = serializers.CharField()


class ReportStatisticsSerializer(Shape):
    """Statistics of a tag in a phase, from minute values. Null: no measurement, or no limit."""

    phase = serializers.CharField(allow_null=True, help_text="Null: the whole batch.")
    count = serializers.IntegerField()
    min = serializers.FloatField(allow_null=True)
    mean = serializers.FloatField(allow_null=True)
    max = serializers.FloatField(allow_null=True)
    outside_s = serializers.IntegerField(
        allow_null=True,
        help_text="Seconds outside today's limits; of a minute on both sides of a limit its share of"
        " anomalies.",
    )
    measured_s = serializers.IntegerField(help_text="Seconds of the minutes with a measurement.")


class ReportCourseSerializer(Shape):
    """Buckets with at least one measurement, in order of time, as columns of equal length."""

    resolution_s = serializers.IntegerField()
    t = numbers(serializers.IntegerField(), "When each bucket begins, in milliseconds since the epoch.")
    min = numbers(serializers.FloatField())
    mean = numbers(serializers.FloatField())
    max = numbers(serializers.FloatField())


class ReportTagSerializer(Shape):
    """A tag of the batch, for the time in which it was bound to the vessel."""

    tag = serializers.CharField()
    title = serializers.CharField()
    unit = serializers.CharField()
    role = serializers.CharField()
    function = serializers.CharField()
    decimals = serializers.IntegerField(allow_null=True, help_text="Null: not set.")
    limits = LimitsSerializer()
    statistics = ReportStatisticsSerializer(many=True)
    missing_s = serializers.IntegerField(help_text="Seconds of the bound minutes without a measurement.")
    longest_gap_s = serializers.IntegerField()
    course = ReportCourseSerializer()


class ReportChangeSerializer(Shape):
    """A change of a setpoint. Changes that follow each other within 5 minutes are one, of several steps."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    to = serializers.FloatField()
    steps = serializers.IntegerField(help_text="Of those within a minute at most two are counted.")

    def get_fields(self) -> dict[str, Any]:
        """Add ``from`` by name, because it is a Python keyword."""
        return {**super().get_fields(), "from": serializers.FloatField(allow_null=True)}


class ReportSetpointSerializer(Shape):
    """The value of a setpoint at the start of the batch, and its changes."""

    tag = serializers.CharField()
    initial = serializers.FloatField(allow_null=True, help_text="Null: not known.")
    changes = ReportChangeSerializer(many=True)
    more_changes = serializers.IntegerField(help_text="Changes that are not listed.")


class ReportResultSerializer(Shape):
    """A measured value of a sample."""

    analyte = serializers.CharField()
    value = serializers.FloatField()
    unit = serializers.CharField()
    method = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()
    reason = serializers.CharField(help_text="Of the correction that made it.")


class ReportResultInForceSerializer(ReportResultSerializer):
    """A result in force, with the former ones that it supersedes, newest first."""

    corrected = ReportResultSerializer(many=True)


class ReportSampleSerializer(Shape):
    """A sample; a withdrawn one has the time of the withdrawal."""

    number = serializers.IntegerField()
    taken_at = serializers.DateTimeField()
    elapsed_h = serializers.FloatField()
    entered_at = serializers.DateTimeField()
    entered_by = serializers.CharField()
    comment = serializers.CharField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawn_by = serializers.CharField()
    reason = serializers.CharField()
    results = ReportResultInForceSerializer(many=True)


class ReportCommentSerializer(Shape):
    """A comment on an occurrence of an alarm."""

    at = serializers.DateTimeField()
    by = serializers.CharField()
    comment = serializers.CharField()


class ReportAlarmSerializer(Shape):
    """An occurrence of an alarm during the batch; ``tag`` is null for the alarm of the batch itself."""

    tag = serializers.CharField(allow_null=True)
    kind = serializers.CharField()
    priority = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True)
    setpoint = serializers.FloatField(allow_null=True)
    peak = serializers.FloatField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    acknowledged_by = serializers.CharField()
    annunciated = serializers.BooleanField()
    late = serializers.BooleanField()
    comments = ReportCommentSerializer(many=True)


class ReportNoteSerializer(Shape):
    """A note on the batch, on its vessel or on one of its tags. A version above 1 was corrected."""

    kind = serializers.CharField()
    tag = serializers.CharField(allow_null=True)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(help_text="The start again, of a note on a moment.")
    text = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()
    version = serializers.IntegerField()


class ReportLastSerializer(Shape):
    """The last value of a soft sensor."""

    t = serializers.IntegerField(help_text="Milliseconds since the epoch.")
    eft_h = serializers.FloatField()
    value = serializers.FloatField(allow_null=True)


class ReportSensorSerializer(Shape):
    """A soft sensor or computed tag; `missing` says why it has no value."""

    name = serializers.CharField()
    title = serializers.CharField()
    unit = serializers.CharField()
    decimals = serializers.IntegerField(allow_null=True)
    formula = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # as above
    last = ReportLastSerializer(allow_null=True)
    missing = serializers.ListField(child=serializers.CharField())
    remarks = serializers.ListField(child=serializers.CharField())


class ReportDeviationSerializer(Shape):
    """A deviation of the batch from golden batches."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True)
    peak_at = serializers.DateTimeField()
    score = serializers.FloatField()
    contributions = ContributionSerializer(many=True)
    sentence = serializers.CharField()
    verdict = VerdictSerializer(allow_null=True)
    profile = VersionedSerializer(allow_null=True)


class ReportSerializer(Shape):
    """The content of the report."""

    version = serializers.IntegerField(help_text="Of the form of this object.")
    batch = ReportHeadSerializer()
    all_tags = serializers.BooleanField(
        help_text="False: the token reads some tags only; records of no single tag are left out."
    )
    phases = ReportPhaseSerializer(many=True)
    tags = ReportTagSerializer(many=True)
    setpoints = ReportSetpointSerializer(many=True)
    soft_sensors = ReportSensorSerializer(many=True)
    deviations = ReportDeviationSerializer(many=True)
    samples = ReportSampleSerializer(many=True)
    events = EventSerializer(many=True)
    alarms = ReportAlarmSerializer(many=True)
    notes = ReportNoteSerializer(many=True)
    quality = QualitySpanSerializer(many=True)
    gaps = GapSerializer(many=True)
    exclusions = ExclusionSerializer(many=True)
    truncated = serializers.ListField(
        child=serializers.CharField(), help_text="The lists of which only the first 500 lines are here."
    )


class HashedReportSerializer(Shape):
    """The report with its hash; the time at which it was made is outside of the hash."""

    report = ReportSerializer()
    sha256 = serializers.CharField(
        help_text="SHA-256 of `report` as JSON with sorted names, without white space, in UTF-8."
    )
    made_at = serializers.DateTimeField()

"""Define the shapes of answers about alarms for the OpenAPI schema."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from monitoring.alarms.acts import RATINGS
from monitoring.alarms.kinds import Priority
from monitoring.alarms.state_machine import State
from monitoring.api.alarm_fields import CLASSES
from monitoring.api.schemas import ErrorSerializer, Shape

NOT_IN_THIS_STATE = OpenApiResponse(
    ErrorSerializer, "The alarm's state does not allow it, or it came again since; detail says what to do."
)
NO_ADVICE_NOW = OpenApiResponse(
    ErrorSerializer,
    "The database is away, or another advice is being worked out; Retry-After says when to try again.",
)
EXISTS_ALREADY = OpenApiResponse(ErrorSerializer, "The tag has an alarm of this kind already.")


def number(help_text: str = "") -> serializers.FloatField:
    """Return the field for a number that may be missing."""
    return serializers.FloatField(allow_null=True, help_text=help_text)


def moment(help_text: str = "") -> serializers.DateTimeField:
    """Return the field for a time that may be missing."""
    return serializers.DateTimeField(allow_null=True, help_text=help_text)


class AlarmSerializer(Shape):
    """An alarm as it is now."""

    id = serializers.IntegerField(help_text="That of the definition; it stays.")
    occurrence = serializers.IntegerField(
        allow_null=True, help_text="The newest: an acknowledgement names it. Null before the first."
    )
    tag = serializers.CharField(
        allow_null=True, help_text="Null for alarms of a vessel, a group or of Fermon itself."
    )
    vessel = serializers.CharField(allow_null=True, help_text="Name of the vessel of an alarm of batches.")
    group = serializers.CharField(allow_blank=True, help_text="Of an alarm of a vessel: the vessel's title.")
    unit = serializers.CharField(allow_blank=True)
    kind = serializers.CharField(
        help_text="HH, H, L, LL, DEV, ROC+, ROC-, BAD, DISCRETE, BATCH, EVENT:..., SYSTEM:..."
    )
    title = serializers.CharField(help_text="The kind in words.")
    condition = serializers.CharField(allow_blank=True, help_text="Such as: above 45 °C.")
    priority = serializers.ChoiceField(choices=list(Priority))
    state = serializers.ChoiceField(choices=list(State), help_text="After ISA-18.2.")
    state_text = serializers.CharField(help_text="The state in words.")
    active = serializers.BooleanField(help_text="Whether the condition holds.")
    acknowledged = serializers.BooleanField()
    setpoint = number("That of the newest occurrence.")
    value = number("The last value that was looked at.")
    peak = number("The value farthest outside in the newest occurrence.")
    active_at = moment("Since when the condition holds, or held, by the time of the data.")
    noticed_at = moment("When Fermon noticed it, by the server's clock.")
    cleared_at = moment("When the condition ended.")
    acknowledged_at = moment()
    acknowledged_by = serializers.CharField(allow_blank=True)
    no_data_since = moment("Set while the tag has no good data.")
    suppressed_until = moment("The end of a shelf or suppression.")
    suppressed_by = serializers.CharField(allow_blank=True)
    suppression_reason = serializers.CharField(allow_blank=True)
    first_out = serializers.BooleanField(help_text="The first of a flood in its group.")
    consequence = serializers.CharField(allow_blank=True)
    action = serializers.CharField(allow_blank=True)
    respond_until = moment("Until when an action still helps.")
    revision = serializers.IntegerField(help_text="Grows with each change over all alarms.")
    details = serializers.DictField()

    def get_fields(self) -> dict[str, Any]:
        """Add ``class`` by name, because ``class`` is a Python keyword."""
        return {**super().get_fields(), "class": serializers.ChoiceField(choices=CLASSES)}


class OccurrenceSerializer(Shape):
    """One time that the condition of an alarm became active."""

    id = serializers.IntegerField()
    active_at = serializers.DateTimeField()
    noticed_at = serializers.DateTimeField()
    cleared_at = moment()
    acknowledged_at = moment()
    acknowledged_by = serializers.CharField(allow_blank=True)
    via = serializers.CharField(allow_blank=True)
    priority = serializers.ChoiceField(choices=list(Priority))
    setpoint = number()
    value = number()
    peak = number()
    annunciated = serializers.BooleanField(help_text="False while suppressed, and for late data.")
    late = serializers.BooleanField(help_text="The measurements arrived after newer ones.")
    first_out = serializers.BooleanField()
    rating = serializers.ChoiceField(choices=[each for each in RATINGS if each], allow_blank=True)
    details = serializers.DictField()


class JournalLineSerializer(Shape):
    """A line of the journal: a transition, or the act of a person."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField(help_text="By the time of the data.")
    noticed_at = serializers.DateTimeField(help_text="By the server's clock.")
    act = serializers.CharField()
    alarm = serializers.IntegerField(allow_null=True)
    occurrence = serializers.IntegerField(allow_null=True)
    tag = serializers.CharField(allow_null=True)
    group = serializers.CharField(allow_blank=True)
    kind = serializers.CharField(allow_blank=True)
    priority = serializers.CharField(allow_blank=True)
    by = serializers.CharField(allow_blank=True)
    via = serializers.CharField(help_text="evaluator, login, token, or open: without a login.")
    address = serializers.CharField(allow_blank=True)
    to = serializers.CharField(allow_blank=True, help_text="The state after it.")
    value = number()
    reason = serializers.CharField(allow_blank=True)
    comment = serializers.CharField(allow_blank=True)
    changes = serializers.DictField(allow_null=True, help_text="By field: [old, new].")

    def get_fields(self) -> dict[str, Any]:
        """Add ``from`` by name, because ``from`` is a Python keyword."""
        before = serializers.CharField(allow_blank=True, help_text="The state before it.")
        return {**super().get_fields(), "from": before}


class AlarmInFullSerializer(AlarmSerializer):
    """An alarm as it is now, with its last occurrences and lines of the journal, newest first."""

    occurrences = OccurrenceSerializer(many=True)
    journal = JournalLineSerializer(many=True)


class AcknowledgedSerializer(Shape):
    """The outcome for one alarm of several."""

    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["acknowledged", "error"])
    error = serializers.CharField(required=False)


class AcknowledgedManySerializer(Shape):
    """The outcomes in the order of the request."""

    acknowledged = serializers.IntegerField()
    results = AcknowledgedSerializer(many=True)


class ResolvedSerializer(Shape):
    """The numbers in force where the definition follows the tag."""

    setpoint = number()
    deadband = serializers.FloatField()


class DefinitionSerializer(Shape):
    """An alarm definition."""

    id = serializers.IntegerField()
    tag = serializers.CharField(allow_null=True)
    vessel = serializers.CharField(allow_null=True)
    group = serializers.CharField(allow_blank=True)
    kind = serializers.CharField()
    setpoint = number("Null: follows the tag's limit.")
    deadband = number("Null: 2 % of the width between the tag's limits.")
    in_force = ResolvedSerializer()
    on_delay_s = serializers.FloatField()
    off_delay_s = serializers.FloatField()
    target = number()
    target_tag = serializers.CharField(allow_null=True)
    window_s = number()
    settle_s = number()
    priority = serializers.ChoiceField(choices=list(Priority))
    consequence = serializers.CharField(allow_blank=True)
    action = serializers.CharField(allow_blank=True)
    respond_within_s = serializers.IntegerField(allow_null=True)
    latching = serializers.BooleanField()
    acknowledgement_required = serializers.BooleanField()
    longest_shelf_min = serializers.IntegerField()
    realarm_after_s = serializers.IntegerField(allow_null=True)
    enabled = serializers.BooleanField()
    version = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        """Add ``class`` by name, because ``class`` is a Python keyword."""
        return {**super().get_fields(), "class": serializers.ChoiceField(choices=CLASSES)}


class VersionSerializer(Shape):
    """A version of a definition: who made it, when and why, and the values."""

    version = serializers.IntegerField()
    from_id = serializers.IntegerField(help_text="In force for measurements with higher ids.")
    at = serializers.DateTimeField()
    by = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    values = serializers.DictField()


class DefinitionInFullSerializer(DefinitionSerializer):
    """A definition with its last versions, newest first."""

    versions = VersionSerializer(many=True)


class FloodSerializer(Shape):
    """A flood: from more than 10 annunciations in 10 minutes until fewer than 5."""

    to = serializers.DateTimeField()

    def get_fields(self) -> dict[str, Any]:
        """Add ``from`` by name, because ``from`` is a Python keyword."""
        return {**super().get_fields(), "from": serializers.DateTimeField()}


class DayOfAlarmsSerializer(Shape):
    """Annunciations of a day by hour (UTC)."""

    day = serializers.DateField()
    hours = serializers.ListField(child=serializers.IntegerField())


class StaleDaySerializer(Shape):
    """The most alarms that were stale at one time of a day."""

    day = serializers.DateField()
    alarms = serializers.IntegerField()


class AlarmNameSerializer(Shape):
    """The alarm that a figure is about."""

    alarm = serializers.IntegerField()
    tag = serializers.CharField(allow_null=True)
    group = serializers.CharField(allow_blank=True)
    kind = serializers.CharField()


class FrequentSerializer(AlarmNameSerializer):
    """One of the ten most frequent alarms."""

    annunciations = serializers.IntegerField()


class ChatteringSerializer(AlarmNameSerializer):
    """An alarm that came too often within the time of the definition."""

    most = serializers.IntegerField(help_text="The most annunciations within that time.")
    index = serializers.FloatField(help_text="Chatter index in 1/s: sum of P_r / r.")
    above_cutoff = serializers.BooleanField(help_text="Whether the index reaches 0.05/s.")


class ChatteringDefinitionSerializer(Shape):
    """When an alarm chatters: FERMON_CHATTERING_COUNT, FERMON_CHATTERING_SECONDS."""

    count = serializers.IntegerField(help_text="So many annunciations or more.")
    within_s = serializers.IntegerField()


class ResponseSerializer(Shape):
    """How soon alarms were acknowledged, in seconds from the annunciation."""

    median_s = number()
    p95_s = number()
    unacknowledged = serializers.IntegerField()
    within_2_s = serializers.IntegerField(help_text="Too quick to have been read.")


class SuppressionSerializer(Shape):
    """How often, and for how many hours, alarms were suppressed in one way."""

    number = serializers.IntegerField()
    hours = serializers.FloatField()


class KpisSerializer(Shape):
    """Key figures of a period, with their targets."""

    to = serializers.DateTimeField()
    coverage = serializers.CharField(allow_blank=True, help_text="Such as: 12 of 30 days. Empty: all.")
    annunciations = serializers.IntegerField()
    average_per_10_min = serializers.FloatField()
    most_per_10_min = serializers.IntegerField(help_text="In one interval of 10 minutes on the clock.")
    share_above_10 = serializers.FloatField(help_text="Share of such intervals with more than 10.")
    flood_share = serializers.FloatField(help_text="Share of the period in flood.")
    floods = FloodSerializer(many=True)
    by_hour = DayOfAlarmsSerializer(many=True)
    top_10_share = serializers.FloatField()
    top_10 = FrequentSerializer(many=True)
    chattering = serializers.IntegerField()
    chattering_definition = ChatteringDefinitionSerializer()
    chattering_alarms = ChatteringSerializer(many=True)
    fleeting = serializers.IntegerField(help_text="Active for less than 10 s, and not again within 60 s.")
    stale = serializers.IntegerField(help_text="The most alarms at one time that were active for 24 h.")
    stale_by_day = StaleDaySerializer(many=True)
    priority_shares = serializers.DictField(child=serializers.FloatField())
    response = ResponseSerializer()
    suppression = serializers.DictField(child=SuppressionSerializer())
    overdue = serializers.IntegerField(help_text="Suppressions whose end has passed.")
    targets = serializers.DictField(child=serializers.FloatField())
    priority_targets = serializers.DictField(child=serializers.FloatField())

    def get_fields(self) -> dict[str, Any]:
        """Add ``from`` by name, because ``from`` is a Python keyword."""
        return {**super().get_fields(), "from": serializers.DateTimeField()}


class OutcomeSerializer(Shape):
    """Settings, and the alarms that they would have given."""

    setpoint = serializers.FloatField()
    on_delay_s = serializers.FloatField()
    off_delay_s = serializers.FloatField()
    deadband = serializers.FloatField()
    alarms = serializers.IntegerField()
    nuisance = serializers.IntegerField(
        help_text="Occurrences rated so, each once, and alarms over by themselves within 60 s."
    )
    real = serializers.IntegerField(
        help_text="Occurrences rated so, each once, and alarms as long as the time to respond, or 60 s."
    )
    unknown = serializers.IntegerField(help_text="Alarms without a rating, neither short nor lasting.")
    repeated = serializers.IntegerField(help_text="Further alarms within rated occurrences.")


class CurvePointSerializer(Shape):
    """The number of alarms with an on-delay."""

    on_delay_s = serializers.FloatField()
    alarms = serializers.IntegerField()


class AdviceAnswerSerializer(Shape):
    """Advice on one limit alarm."""

    alarm = serializers.IntegerField()
    kind = serializers.CharField()
    to = serializers.DateTimeField()
    readings = serializers.IntegerField()
    is_truncated = serializers.BooleanField(help_text="True: older readings in these days are left out.")
    excursions = serializers.IntegerField()
    real = serializers.IntegerField()
    present = OutcomeSerializer()
    proposed = OutcomeSerializer()
    curve = CurvePointSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        """Add ``from`` by name, because ``from`` is a Python keyword."""
        return {**super().get_fields(), "from": serializers.DateTimeField()}

"""Validate requests to the profiles API, and define the shapes of its answers."""

from typing import Any

from rest_framework import serializers

from monitoring.api.batch_fields import NamedVersionShape
from monitoring.api.fields import LONGEST_REASON
from monitoring.api.schemas import Shape
from monitoring.batches.golden.freezing import MOST_BATCHES
from monitoring.history.keyset import MAX_ID
from monitoring.models.vessel import SLUG

MISSING_BATCHES = f"expected a list of 1 to {MOST_BATCHES} ids of batches"
NO_BATCHES: dict[str, Any] = dict.fromkeys(
    ("required", "null", "not_a_list", "empty", "min_length", "max_length"), MISSING_BATCHES
)
ID_ERRORS: dict[str, Any] = dict.fromkeys(
    ("invalid", "null", "required", "min_value", "max_value", "max_string_length"), "expected the id of a row"
)


class ProfileListSerializer(serializers.Serializer[Any]):
    """Criteria for profiles."""

    recipe = serializers.CharField(required=False, help_text="Only profiles of any version of this recipe.")
    profile = serializers.CharField(required=False, help_text="Only versions of the profile of this name.")


class ChooseBatchesSerializer(serializers.Serializer[Any]):
    """The batches of a profile."""

    batches = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID, error_messages=ID_ERRORS),
        min_length=1,
        max_length=MOST_BATCHES,
        help_text="The ids of complete batches.",
        error_messages=NO_BATCHES,
    )
    recipe = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=64,
        help_text="The recipe's name; if left out, the recipe that all batches have.",
    )


class FreezeSerializer(ChooseBatchesSerializer):
    """A profile to freeze as the next version of its name."""

    name = serializers.CharField(
        max_length=64,
        validators=[SLUG],
        help_text="The name of the profile.",
        error_messages=dict.fromkeys(("required", "blank", "null"), "missing; name the profile"),
    )
    note = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST_REASON, help_text="What it is for."
    )


class ChooseProfileSerializer(serializers.Serializer[Any]):
    """The profile for a batch."""

    profile = serializers.IntegerField(min_value=1, max_value=MAX_ID, error_messages=ID_ERRORS)


class ProfileSerializer(Shape):
    """A frozen profile."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    recipe = NamedVersionShape(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    made_at = serializers.DateTimeField()
    made_by = serializers.CharField()
    batches = serializers.ListField(child=serializers.CharField(), help_text="The names of its batches.")


class LargestSerializer(Shape):
    """The largest deviation of a batch from the others, as a mean over 5 minutes."""

    channel = serializers.CharField()
    phase = serializers.CharField()
    eft_h = serializers.FloatField()
    z = serializers.FloatField(help_text="In standard deviations.")
    difference = serializers.FloatField(help_text="In the unit of the channel; positive: above the others.")


class ProfileMemberSerializer(Shape):
    """A batch of a profile, compared with the other ones."""

    batch = serializers.IntegerField()
    name = serializers.CharField()
    score = serializers.FloatField(
        allow_null=True, help_text="Mean of |z| over all channels and minutes; null: the only batch."
    )
    largest = LargestSerializer(allow_null=True)
    text = serializers.CharField(allow_blank=True, help_text="The largest deviation in words.")


class CoordinateSerializer(Shape):
    """A measure of progress within a phase."""

    coordinate = serializers.ChoiceField(choices=["time", "growth", "total"])
    channel = serializers.CharField(allow_blank=True)
    title = serializers.CharField()
    unit = serializers.CharField(allow_blank=True)


class SpreadSerializer(CoordinateSerializer):
    """The leave-one-out spread of the batches over a coordinate."""

    percent = serializers.FloatField(help_text="Of the range of the channels.")


class ProfilePhaseSerializer(CoordinateSerializer):
    """A phase of a profile, and why this coordinate aligns the batches."""

    name = serializers.CharField()
    members = serializers.IntegerField(help_text="The number of batches that had the phase.")
    length = serializers.FloatField(help_text="The coordinate at the end of the longest batch.")
    hours = serializers.FloatField(help_text="The mean time at the end of the phase.")
    reason = serializers.CharField()
    spreads = SpreadSerializer(many=True)


class ProfileChannelSerializer(Shape):
    """A channel of a profile: a role, or a tag without role."""

    name = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    unit = serializers.CharField(allow_blank=True)
    tolerance = serializers.FloatField(allow_null=True, help_text="Null: by the range of the batches.")
    is_total = serializers.BooleanField(help_text="Counted from the begin of the batch.")


class ProfileInFullSerializer(ProfileSerializer):
    """A profile with its batches, phases and channels."""

    inputs_hash = serializers.CharField(help_text="SHA-256 of all values and phases that it was made of.")
    inputs_changed = serializers.BooleanField(help_text="true: late data or corrections have changed them.")
    members = ProfileMemberSerializer(many=True)
    channels = ProfileChannelSerializer(many=True)
    phases = ProfilePhaseSerializer(many=True)


class ProfilePreviewSerializer(Shape):
    """A profile that is not stored."""

    recipe = NamedVersionShape(allow_null=True)
    inputs_hash = serializers.CharField()
    text = serializers.CharField(help_text="Which batch differs most, and in what.")
    members = ProfileMemberSerializer(many=True)
    channels = ProfileChannelSerializer(many=True)
    phases = ProfilePhaseSerializer(many=True)


class ChosenProfileSerializer(Shape):
    """A batch and the profile that it is compared with."""

    batch = serializers.IntegerField()
    profile = NamedVersionShape()

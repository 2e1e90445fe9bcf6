"""Validate request bodies of the API of vessels and recipes, and define the shapes of its answers."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from monitoring.api import schemas
from monitoring.api.batch_fields import ProcessBatchSerializer
from monitoring.api.fields import BoundField
from monitoring.api.schemas import Shape
from monitoring.batches.json_fields import FUNCTIONS, is_finite
from monitoring.batches.recipes import LONGEST_PHASE_S, MOST_PHASES, NewPhase
from monitoring.batches.vessel_roles import OTHER, ROLES
from monitoring.history.keyset import MAX_ID
from monitoring.models import Coordinate

MOST_GROUPS = 200
NAME_HELP = "A letter, then letters, digits, '_', '-' and '.': part of web addresses."
NAME_TAKEN = OpenApiResponse(schemas.ErrorSerializer, "Another vessel or recipe has, or had, this name.")
ROLE_TAKEN = OpenApiResponse(
    schemas.ErrorSerializer, "The tag or the role is bound at that time; the message names the other binding."
)
MOVED = OpenApiResponse(None, "A former name: Location has the address now.")
RULE = {"role": "feed_rate", "above": 0, "for_s": 180}


def text(
    help_text: str, longest: int, *, required: bool = False, blank: bool = True
) -> serializers.CharField:
    """Return the field for a text."""
    return serializers.CharField(
        required=required, allow_blank=blank, max_length=longest, help_text=help_text
    )


def boolean(help_text: str, **options: Any) -> serializers.BooleanField:
    """Return the field for yes or no."""
    messages: dict[str, Any] = dict.fromkeys(("invalid", "null"), "expected 'true' or 'false'")
    return serializers.BooleanField(help_text=help_text, error_messages=messages, **options)


def choice(names: Any, help_text: str, **options: Any) -> serializers.ChoiceField:
    """Return the field for one of the names."""
    expected = f"expected one of {', '.join(names)}"
    messages: dict[str, Any] = dict.fromkeys(("required", "null", "invalid_choice"), expected)
    return serializers.ChoiceField(
        choices=list(names), help_text=help_text, error_messages=messages, **options
    )


class FiniteField(serializers.FloatField):
    """A finite number from 0 on."""

    def to_internal_value(self, data: Any) -> float:
        """Reject all but numbers that a float holds."""
        if not is_finite(data) or data < 0:
            raise serializers.ValidationError("expected a finite number from 0 on, or null")
        return float(data)


class ChangeVesselSerializer(serializers.Serializer[Any]):
    """Fields of a vessel to change; fields that are left out stay."""

    name = text(f"{NAME_HELP} A former name keeps leading to the vessel.", 64, blank=False)
    title = text("For people; empty: the name.", 100)
    description = text("", 500)
    area = text("The part of the plant.", 64)
    working_volume_l = FiniteField(required=False, allow_null=True, help_text="Litres.")
    active = boolean("false: the vessel leaves the wall; batches stay.", required=False)
    rules = serializers.DictField(
        required=False,
        help_text="Rules by moment (start, inoculation, end), each as"
        ' {"role": "feed_rate", "above": 0, "for_s": 180} or'
        ' {"role": "weight", "falls_percent": 20, "within_s": 600}; "after_s": not before that long after the'
        " moment before.",
    )
    constants = serializers.DictField(required=False, help_text="Numbers for soft sensors, by name.")
    uses_forest = boolean(
        "true: an isolation forest watches batches too, as family F; needs the package scikit-learn.",
        required=False,
    )

    @property
    def changes(self) -> dict[str, Any]:
        """Return the given fields by the names of the table."""
        return {{"active": "is_active"}.get(name, name): value for name, value in self.validated_data.items()}


class MakeVesselSerializer(ChangeVesselSerializer):
    """A vessel to make."""

    name = text(NAME_HELP, 64, required=True, blank=False)


class ChangeBindingSerializer(serializers.Serializer[Any]):
    """Fields of a binding to change; fields that are left out stay."""

    role = choice(ROLES, "What the tag measures.", required=False)
    function = choice(FUNCTIONS, "Of the tag in the role.", required=False)
    tolerance = FiniteField(
        required=False, allow_null=True, help_text="How far good batches may differ; null: by role."
    )
    shared = boolean("Bound to several vessels at a time, as a common air supply.", required=False)
    begin = BoundField(required=False, allow_null=True, help_text="Since when; null: always.")
    end = BoundField(
        required=False, end=True, allow_null=True, help_text="Until when, exclusive; null: open."
    )

    @property
    def changes(self) -> dict[str, Any]:
        """Return the given fields by the names of the table."""
        return {{"shared": "is_shared"}.get(name, name): value for name, value in self.validated_data.items()}


class BindSerializer(ChangeBindingSerializer):
    """A tag to bind to a vessel."""

    tag = text("The tag.", 64, required=True, blank=False)
    role = choice(ROLES, "What the tag measures.", default=OTHER)


class OfGroupsSerializer(serializers.Serializer[Any]):
    """Groups of tags to make vessels of."""

    groups = serializers.ListField(
        child=serializers.CharField(max_length=64),
        required=False,
        max_length=MOST_GROUPS,
        help_text="Only these groups; all if left out.",
    )
    dry_run = boolean("true: show what would be made, and change nothing.", default=False)


class PhaseSerializer(serializers.Serializer[Any]):
    """A phase of a recipe to make."""

    name = text("", 64, required=True, blank=False)
    typical_duration_s = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LONGEST_PHASE_S
    )
    start_rule = serializers.DictField(
        required=False,
        allow_null=True,
        help_text="When the phase begins; null: a person begins it. Not of the first phase, which begins"
        " with the inoculation.",
    )
    coordinate = choice(
        Coordinate.values, "The progress over which batches are aligned.", default=Coordinate.TIME.value
    )
    coordinate_role = choice(
        [name for name in ROLES if name != OTHER],
        "With coordinate total: the role of the totaliser.",
        required=False,
        allow_blank=True,
    )


def phases_field(*, required: bool) -> Any:
    """Return the field for the phases of a recipe."""
    return PhaseSerializer(many=True, required=required, help_text=f"In order, 1 to {MOST_PHASES}.")


class ChangeRecipeSerializer(serializers.Serializer[Any]):
    """Fields of a recipe to change. A version that batches have used stays: the change makes the next one."""

    description = text("", 500)
    phases = phases_field(required=False)
    retired = boolean("true: not offered for new batches.", required=False)
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_ID, help_text="With retired: which version."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject a version without `retired`, and `retired` with other changes."""
        if ("version" in attrs) != ("retired" in attrs):
            raise serializers.ValidationError({"version": "expected together with 'retired'"})
        if "retired" in attrs and ("phases" in attrs or "description" in attrs):
            raise serializers.ValidationError({"retired": "expected alone, with 'version'"})
        return attrs


class MakeRecipeSerializer(serializers.Serializer[Any]):
    """A recipe to make."""

    name = text(NAME_HELP, 64, required=True, blank=False)
    description = text("", 500)
    phases = phases_field(required=True)


def new_phases(given: list[Mapping[str, Any]]) -> list[NewPhase]:
    """Return the phases of a validated body."""
    return [NewPhase(**phase) for phase in given]


class RecipeQuerySerializer(serializers.Serializer[Any]):
    """The version of a recipe."""

    version = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_ID, help_text="The newest if left out."
    )


class RecipeListSerializer(serializers.Serializer[Any]):
    """The recipes to list."""

    retired = boolean("true: also versions that are not offered.", default=False)


class VesselListSerializer(serializers.Serializer[Any]):
    """The vessels to list."""

    active = boolean("true: only vessels in use; false: only others.", required=False)


class BindingShape(Shape):
    """A tag that is bound to a vessel."""

    id = serializers.IntegerField()
    tag = serializers.CharField()
    role = serializers.CharField()
    function = serializers.CharField()
    tolerance = serializers.FloatField(allow_null=True, help_text="Null: by role.")
    shared = serializers.BooleanField()
    begin = serializers.DateTimeField(allow_null=True, help_text="Null: always.")
    end = serializers.DateTimeField(allow_null=True, help_text="Exclusive; null: open.")


class VesselSerializer(Shape):
    """A vessel with its tags and the running batch."""

    name = serializers.CharField()
    title = serializers.CharField(help_text="Empty: the name.")
    description = serializers.CharField()
    area = serializers.CharField()
    working_volume_l = serializers.FloatField(allow_null=True)
    active = serializers.BooleanField()
    rules = serializers.DictField()
    rules_problem = serializers.CharField(
        allow_null=True, help_text="Why the rules do not work, or what a person has to check."
    )
    constants = serializers.DictField(child=serializers.FloatField())
    uses_forest = serializers.BooleanField(help_text="An isolation forest watches batches too.")
    former_names = serializers.ListField(child=serializers.CharField())
    tags = BindingShape(many=True)
    batch = ProcessBatchSerializer(allow_null=True, help_text="The running one.")


class GuessShape(Shape):
    """A tag with the guessed role."""

    tag = serializers.CharField()
    role = serializers.CharField()
    function = serializers.CharField()


class VesselOfGroupShape(Shape):
    """A vessel of a group of tags."""

    group = serializers.CharField()
    name = serializers.CharField(help_text="Of the vessel.")
    problem = serializers.CharField(help_text="Why no vessel is made; empty: it is made.")
    tags = GuessShape(many=True)


class OfGroupsShape(Shape):
    """The vessels of groups: made, or shown by a dry run."""

    dry_run = serializers.BooleanField()
    vessels = VesselOfGroupShape(many=True)


class RecipePhaseShape(Shape):
    """A phase of a recipe."""

    position = serializers.IntegerField()
    name = serializers.CharField()
    typical_duration_s = serializers.IntegerField(allow_null=True)
    start_rule = serializers.DictField(allow_null=True)
    coordinate = serializers.CharField()
    coordinate_role = serializers.CharField()


class RecipeSerializer(Shape):
    """A version of a recipe."""

    name = serializers.CharField()
    version = serializers.IntegerField()
    description = serializers.CharField()
    retired = serializers.BooleanField()
    made_at = serializers.DateTimeField()
    made_by = serializers.CharField()
    phases = RecipePhaseShape(many=True)


VESSEL = OpenApiExample(
    "A vessel with a rule for the end",
    value={
        "name": "reactor-1",
        "title": "Reactor 1",
        "working_volume_l": 10,
        "rules": {"end": {"role": "weight", "falls_percent": 20, "within_s": 600}},
        "constants": {"tare_kg": 12.5},
    },
    request_only=True,
)
BINDING = OpenApiExample(
    "The temperature", value={"tag": "fermenter_temp", "role": "temperature"}, request_only=True
)
RECIPE = OpenApiExample(
    "A fed-batch",
    value={
        "name": "fed-batch",
        "phases": [
            {"name": "growth", "typical_duration_s": 28800},
            {"name": "feed", "typical_duration_s": 43200, "start_rule": RULE},
        ],
    },
    request_only=True,
)

"""Validate query parameters and request bodies about alarm definitions."""

from typing import Any

from rest_framework import serializers

from monitoring.alarms.definition_reading import API_NAMES
from monitoring.alarms.kinds import SECOND_LIMITS, Priority
from monitoring.alarms.suppression import LONGEST_SHELF_MIN
from monitoring.api.alarm_fields import ActSerializer, class_field, reason_field
from monitoring.api.fields import DEFAULT_PAGE, MAX_PAGE, CursorField, known_only, tags_field, whole_number
from monitoring.models import Tag

LONGEST_TEXT = 2_000
LONGEST_TIME_S = 2**31 - 1
MODEL_NAMES = {shown: name for name, shown in API_NAMES.items()}
# Beyond its second limit a process leaves little time. Other kinds have the defaults of the model.
OF_SECOND_LIMITS: dict[str, Any] = {"priority": Priority.CRITICAL.value, "on_delay_s": 2.0}


class DefinitionListSerializer(serializers.Serializer[Any]):
    """Criteria for definitions, and the part of the list."""

    tag = tags_field()
    kind = serializers.CharField(required=False, help_text="Only definitions of this kind.")
    limit = whole_number(DEFAULT_PAGE, MAX_PAGE, "How many at most.")
    cursor = CursorField(
        required=False, help_text="Where the page before ended; take it from its Link header."
    )

    def validate_tag(self, names: list[str]) -> list[str]:
        """Reject unknown tags."""
        return known_only(names)


def number(help_text: str, **options: Any) -> serializers.FloatField:
    """Return the field for an optional number; the rules of definitions check the range."""
    messages: dict[str, Any] = dict.fromkeys(("invalid", "max_string_length", "null"), "expected a number")
    return serializers.FloatField(required=False, help_text=help_text, error_messages=messages, **options)


def seconds(help_text: str) -> serializers.IntegerField:
    """Return the field for an optional time in whole seconds."""
    messages: dict[str, Any] = dict.fromkeys(
        ("invalid", "min_value", "max_value", "max_string_length"), "expected whole seconds, 1 or more"
    )
    return serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=LONGEST_TIME_S,
        help_text=help_text,
        error_messages=messages,
    )


def text(help_text: str) -> serializers.CharField:
    """Return the field for an optional text."""
    return serializers.CharField(
        required=False, allow_blank=True, max_length=LONGEST_TEXT, help_text=help_text
    )


class ChangeSerializer(ActSerializer):
    """Fields of a definition to change, and the reason. Fields that are left out stay."""

    setpoint = number("In the tag's unit. Null: follows the tag's limit.", allow_null=True)
    deadband = number(
        "How far back the value must be to end the alarm. Null: 2 % of the limits' width.", allow_null=True
    )
    on_delay_s = number("Seconds outside before the alarm is active.")
    off_delay_s = number("Seconds inside before the alarm ends.")
    target = number("Of a deviation alarm: the value wanted.", allow_null=True)
    target_tag = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="Of a deviation alarm: the tag with the target, such as a setpoint.",
    )
    settle_s = number(
        "Of a deviation from a tag: seconds after a move of that tag in which it does not count.",
        allow_null=True,
    )
    window_s = number("Of a rate-of-change alarm: seconds over which the slope counts.", allow_null=True)
    priority = serializers.ChoiceField(
        choices=list(Priority),
        required=False,
        error_messages={"invalid_choice": f"expected one of {', '.join(Priority)}"},
    )
    consequence = text("What happens if nobody acts.")
    action = text("What the operator does.")
    respond_within_s = seconds("Seconds in which an action still helps.")
    latching = serializers.BooleanField(required=False, help_text="true: a person resets the alarm.")
    acknowledgement_required = serializers.BooleanField(required=False)
    longest_shelf_min = whole_number(LONGEST_SHELF_MIN, LONGEST_SHELF_MIN, "Minutes.")
    realarm_after_s = seconds("Seconds after which an acknowledged alarm asks again. Null: never.")
    enabled = serializers.BooleanField(required=False, help_text="false: the alarm never occurs.")
    reason = reason_field()

    def get_fields(self) -> dict[str, Any]:
        """Add ``class`` by name, because ``class`` is a Python keyword."""
        return {**super().get_fields(), "class": class_field(help_text="Kind of trouble.")}

    def validate_target_tag(self, name: str | None) -> Tag | None:
        """Return the tag; reject an unknown name."""
        return None if name is None else Tag.objects.get(name=known_only([name])[0])

    @property
    def wanted(self) -> dict[str, Any]:
        """Return the given fields by the names of the model."""
        left_out = {"reason", "name", "tag", "kind"}
        given = {name: value for name, value in self.validated_data.items() if name not in left_out}
        return {
            MODEL_NAMES.get(name, name): value for name, value in given.items() if name in self.initial_data
        }


class DefineSerializer(ChangeSerializer):
    """A new definition of a tag, and the reason."""

    tag = serializers.CharField(
        error_messages=dict.fromkeys(("required", "blank", "null"), "missing; expected the name of a tag")
    )
    kind = serializers.CharField(
        max_length=40,
        help_text="HH, H, L, LL, DEV, ROC+, ROC-, BAD, DISCRETE, or EVENT: with the name of a detector."
        " HH and LL are critical, with an on-delay of 2 s, unless you say otherwise.",
        error_messages=dict.fromkeys(("required", "blank", "null"), "missing; expected the kind of alarm"),
    )

    def validate_tag(self, name: str) -> Tag:
        """Return the tag; reject an unknown name."""
        return Tag.objects.get(name=known_only([name])[0])

    @property
    def wanted(self) -> dict[str, Any]:
        """Return the given fields by the names of the model, with the defaults of the kind."""
        is_second = self.validated_data["kind"] in SECOND_LIMITS
        return (OF_SECOND_LIMITS if is_second else {}) | super().wanted

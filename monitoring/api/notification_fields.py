"""Validate query parameters and request bodies of the API of notifications."""

from typing import Any, TypeVar

from django.db.models import Model
from rest_framework import serializers

from monitoring.alarms.kinds import Priority
from monitoring.api.alarm_fields import CLASSES, id_field, reason_field
from monitoring.api.fields import (
    DEFAULT_PAGE,
    MAX_PAGE,
    BoundField,
    CursorField,
    RangeSerializer,
    known_only,
    whole_number,
)
from monitoring.models import (
    Channel,
    Delivery,
    MaintenanceWindow,
    Person,
    Route,
    RouteStep,
    Schedule,
    ScheduleMember,
    ScheduleOverride,
    Tag,
)
from monitoring.notifications.channels.registry import KINDS
from monitoring.notifications.delivery_log import DeliverySelection

MOST_STEPS = 50
MOST_MINUTES = 7 * 24 * 60
MOST_POSITION = 32_000
LONGEST_FIELD = 4_000
RowT = TypeVar("RowT", bound=Model)


def choice(values: Any, help_text: str, **options: Any) -> serializers.ChoiceField:
    """Return the field for one of some values; the message lists them."""
    names = [str(value) for value in values]
    messages: dict[str, Any] = dict.fromkeys(
        ("invalid_choice", "null", "blank", "required"), f"expected one of {', '.join(filter(None, names))}"
    )
    return serializers.ChoiceField(
        choices=names, help_text=help_text, error_messages=messages, **{"required": False, **options}
    )


def named(model: type[RowT], name: str | None) -> RowT | None:
    """Return the row with this name; None for None.

    Raises:
        ValidationError: no row has this name.
    """
    if name is None:
        return None
    row: RowT | None = model._default_manager.filter(name=name).first()
    if row is None:
        kind = model._meta.verbose_name
        raise serializers.ValidationError(f"there is no {kind} with this name")
    return row


def name_field(help_text: str, **options: Any) -> serializers.CharField:
    """Return the field for the name of a row, or for none."""
    return serializers.CharField(
        **{"required": False, "allow_null": True, "max_length": 100, "help_text": help_text, **options}
    )


class DeliveryListSerializer(RangeSerializer):
    """Criteria for deliveries, and the part of the list."""

    channel = id_field("Only by the channel with this id.", required=False)
    occurrence = id_field("Only about this occurrence of an alarm.", required=False)
    kind = choice([name for name, _ in Delivery.KINDS], "Only of this kind.")
    state = choice([name for name, _ in Delivery.STATES], "Only in this state.")
    limit = whole_number(DEFAULT_PAGE, MAX_PAGE, "How many at most.")
    cursor = CursorField(
        required=False, help_text="Where the page before ended; take it from its Link header."
    )

    @property
    def chosen_deliveries(self) -> DeliverySelection:
        """Return the selection that the parameters describe."""
        chosen = self.validated_data
        return DeliverySelection(
            start=chosen.get("from"),
            end=chosen.get("to"),
            channel=chosen.get("channel"),
            occurrence=chosen.get("occurrence"),
            states=[chosen["state"]] if "state" in chosen else [],
            kinds=[chosen["kind"]] if "kind" in chosen else [],
        )


class ChangeChannelSerializer(serializers.Serializer[Any]):
    """Changes of a channel; fields that are left out stay."""

    name = serializers.CharField(required=False, max_length=100)
    person = name_field("Whose it is, by name. Null: a place that several people read.")
    position = serializers.IntegerField(required=False, min_value=1, max_value=MOST_POSITION)
    fields = serializers.DictField(  # type: ignore[assignment]
        required=False,
        child=serializers.CharField(allow_blank=True, max_length=LONGEST_FIELD, trim_whitespace=True),
        help_text="The fields of the kind, also secret ones, which are never answered.",
    )
    allows_local = serializers.BooleanField(required=False)
    enabled = serializers.BooleanField(required=False)

    def validate_person(self, name: str | None) -> Person | None:
        """Return the person."""
        return named(Person, name)


class MakeChannelSerializer(ChangeChannelSerializer):
    """A channel to make."""

    kind = serializers.CharField(max_length=16, help_text="email, webhook, ...; an error lists them.")

    def validate_kind(self, name: str) -> str:
        """Reject an unknown kind."""
        if name not in KINDS:
            raise serializers.ValidationError(f"expected one of {', '.join(KINDS)}")
        return name


class StepInputSerializer(serializers.Serializer[Any]):
    """A step: a person, a schedule or a channel, by name; none: everybody."""

    after_min = serializers.IntegerField(default=0, min_value=0, max_value=MOST_MINUTES)
    person = name_field("A person.")
    schedule = name_field("Who is on duty by this schedule.")
    channel = name_field("A channel.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Replace the names by rows."""
        models: dict[str, type[Model]] = {"person": Person, "schedule": Schedule, "channel": Channel}
        return {**attrs, **{key: named(model, attrs.get(key)) for key, model in models.items()}}


class ChangeRouteSerializer(serializers.Serializer[Any]):
    """Changes of a route; fields that are left out stay. `steps` replace those before."""

    name = serializers.CharField(required=False, max_length=100)
    position = serializers.IntegerField(required=False, min_value=1, max_value=MOST_POSITION)
    group = serializers.CharField(required=False, allow_blank=True, max_length=64, help_text="Empty: any.")
    priority = choice(["", *Priority], "Empty: any.", allow_blank=True)
    repeat_after_min = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_MINUTES
    )
    digest_at = serializers.CharField(
        required=False, allow_blank=True, max_length=100, help_text="As 07:00 19:00. Empty: at once."
    )
    enabled = serializers.BooleanField(required=False)
    steps = serializers.ListField(required=False, child=StepInputSerializer(), max_length=MOST_STEPS)

    def get_fields(self) -> dict[str, Any]:
        """Add ``class`` by name, because ``class`` is a Python keyword."""
        return {**super().get_fields(), "class": choice(["", *CLASSES], "Empty: any.", allow_blank=True)}

    def apply(self, route: Route) -> list[RouteStep] | None:
        """Set the given fields; return the steps, None if none are given."""
        given = dict(self.validated_data)
        steps = given.pop("steps", None)
        names = {"class": "alarm_class", "enabled": "is_enabled"}
        for key, value in given.items():
            setattr(route, names.get(str(key), str(key)), value)
        return None if steps is None else [RouteStep(**step) for step in steps]


class MakeRouteSerializer(ChangeRouteSerializer):
    """A route to make."""

    name = serializers.CharField(max_length=100)


class OverrideInputSerializer(serializers.Serializer[Any]):
    """A stand-in, by name."""

    person = serializers.CharField(max_length=100)
    start = BoundField()
    end = BoundField(end=True)

    def validate_person(self, name: str) -> Person | None:
        """Return the person."""
        return named(Person, name)


class ChangeScheduleSerializer(serializers.Serializer[Any]):
    """Changes of a schedule. `members` and `overrides` replace those before."""

    name = serializers.CharField(required=False, max_length=100)
    time_zone = serializers.CharField(
        required=False, allow_blank=True, max_length=64, help_text="As Europe/Berlin. Empty: the plant's."
    )
    starts_on = serializers.DateField(required=False)
    hands_over_at = serializers.TimeField(required=False)
    rotation_days = serializers.IntegerField(required=False, min_value=1, max_value=366)
    members = serializers.ListField(
        required=False, child=serializers.CharField(max_length=100), max_length=MOST_STEPS
    )
    overrides = serializers.ListField(required=False, child=OverrideInputSerializer(), max_length=MOST_STEPS)

    def validate_members(self, names: list[str]) -> list[Person | None]:
        """Return the people, in order."""
        return [named(Person, name) for name in names]

    def apply(self, schedule: Schedule) -> tuple[list[ScheduleMember] | None, list[ScheduleOverride] | None]:
        """Set the given fields; return members and overrides, None where none are given."""
        given = dict(self.validated_data)
        members, overrides = given.pop("members", None), given.pop("overrides", None)
        for key, value in given.items():
            setattr(schedule, key, value)
        return (
            None
            if members is None
            else [ScheduleMember(person=each, position=place) for place, each in enumerate(members, 1)],
            None if overrides is None else [ScheduleOverride(**each) for each in overrides],
        )


class MakeScheduleSerializer(ChangeScheduleSerializer):
    """A schedule to make."""

    name = serializers.CharField(max_length=100)
    starts_on = serializers.DateField()


class ChangeWindowSerializer(serializers.Serializer[Any]):
    """Changes of a window that is not over."""

    end = BoundField(required=False, end=True, help_text="ISO 8601, in the future.")
    reason = reason_field(required=False)
    ended = serializers.BooleanField(required=False, help_text="true: end the window at once.")


class PlanWindowSerializer(serializers.Serializer[Any]):
    """A window to plan, of a tag, a group or the whole plant."""

    tag = serializers.CharField(required=False, allow_blank=True, default="", help_text="Of which tag.")
    group = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=64, help_text="Of which group (vessel)."
    )
    start = BoundField(required=False, help_text="ISO 8601; now, if left out.")
    end = BoundField(end=True, help_text="ISO 8601.")
    reason = reason_field()

    def validate_tag(self, name: str) -> Tag | None:
        """Return the tag; reject an unknown name."""
        return Tag.objects.get(name=known_only([name])[0]) if name else None

    def window(self, **fields: Any) -> MaintenanceWindow:
        """Return the window, not stored yet."""
        return MaintenanceWindow(**{**fields, **self.validated_data})

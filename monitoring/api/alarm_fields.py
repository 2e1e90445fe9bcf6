"""Validate query parameters and request bodies of the alarm API."""

from datetime import UTC, datetime, timedelta
from typing import Any

from rest_framework import serializers

from monitoring.alarms.acts import MOST_AT_ONCE, RATINGS
from monitoring.alarms.journal import JournalSelection
from monitoring.alarms.kinds import Priority
from monitoring.alarms.kpis import FULL_DAYS
from monitoring.alarms.reading import PRESENT, AlarmSelection
from monitoring.alarms.state_machine import State
from monitoring.alarms.suppression import LONGEST_SHELF_MIN
from monitoring.api.fields import (
    DEFAULT_PAGE,
    LONGEST_REASON,
    MAX_PAGE,
    BoundField,
    PageSerializer,
    RangeSerializer,
    known_only,
    tags_field,
    whole_number,
)
from monitoring.history.keyset import MAX_ID
from monitoring.kernel.clock import EPOCH
from monitoring.models import AlarmDefinition

LONGEST_COMMENT = 2_000
MOST_ALARMS = 100_000
MOST_GROUPS = 100
# The work grows with the readings and with the alarms that settings give: mostly 0.1 s an alarm for a day at
# a reading a second and 1 s for the most readings, but some 20 s where every second reading gives an alarm.
DEFAULT_ADVICE_DAYS = 1
LONGEST_ADVICE_DAYS = 7
LONGEST_PERIOD = timedelta(days=366)
EARLIEST = EPOCH + timedelta(days=60)  # no alarm is older, and times before it can be computed with
CLASSES = [name for name, _ in AlarmDefinition.CLASSES]


def choices_field(names: list[str], help_text: str) -> serializers.ListField:
    """Return the field for a repeatable parameter with a choice of values."""
    messages: dict[str, Any] = {"invalid_choice": f"expected one of {', '.join(names)}"}
    return serializers.ListField(
        child=serializers.ChoiceField(choices=names, error_messages=messages),
        required=False,
        max_length=len(names),
        help_text=f"{help_text} May be repeated.",
    )


def class_field(**options: Any) -> serializers.ChoiceField:
    """Return the field for the class of an alarm."""
    messages: dict[str, Any] = {"invalid_choice": f"expected one of {', '.join(CLASSES)}"}
    return serializers.ChoiceField(choices=CLASSES, required=False, error_messages=messages, **options)


def id_field(help_text: str, **options: Any) -> serializers.IntegerField:
    """Return the field for the id of a row."""
    messages: dict[str, Any] = dict.fromkeys(
        ("required", "null", "invalid", "min_value", "max_value", "max_string_length"), "expected an id"
    )
    return serializers.IntegerField(
        min_value=1, max_value=MAX_ID, help_text=help_text, error_messages=messages, **options
    )


def reason_field(**options: Any) -> serializers.CharField:
    """Return the field for the reason of an act, which stays in the journal."""
    return serializers.CharField(
        max_length=LONGEST_REASON,
        help_text="Why; it stays in the journal.",
        error_messages=dict.fromkeys(("required", "blank", "null"), "missing; say why, for the journal"),
        **options,
    )


def comment_field() -> serializers.CharField:
    """Return the field for an optional comment."""
    return serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST_COMMENT, help_text="For the journal."
    )


class AlarmListSerializer(serializers.Serializer[Any]):
    """Criteria for alarms, and the part of the list."""

    state = choices_field([*State, "all"], "Only alarms in this state; all: each defined alarm.")
    priority = choices_field(list(Priority), "Only alarms of this priority.")
    group = serializers.CharField(required=False, help_text="Only alarms of this group (vessel).")
    vessel = serializers.CharField(
        required=False,
        max_length=64,
        help_text="Only alarms of this vessel, by name, and of the tags that are bound to it now.",
    )
    tag = tags_field()
    after_revision = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_ID,
        help_text="Only alarms that changed after this revision, also those that are normal by now.",
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value", "max_string_length"), "expected the revision of an alarm"
        ),
    )
    limit = whole_number(DEFAULT_PAGE, MAX_PAGE, "How many at most.")
    offset = serializers.IntegerField(
        default=0,
        min_value=0,
        max_value=MOST_ALARMS,
        help_text="How many to skip; take it from the Link header of the page before.",
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value", "max_string_length"),
            f"expected a whole number from 0 to {MOST_ALARMS}",
        ),
    )

    def get_fields(self) -> dict[str, Any]:
        """Add ``class`` by name, because ``class`` is a Python keyword."""
        return {**super().get_fields(), "class": class_field(help_text="Only alarms of this class.")}

    def validate_tag(self, names: list[str]) -> list[str]:
        """Reject unknown tags."""
        return known_only(names)

    @property
    def alarms(self) -> AlarmSelection:
        """Return the selection of alarms that the parameters describe."""
        chosen = self.validated_data
        changed = chosen.get("after_revision")
        states = chosen.get("state", () if changed is not None else PRESENT)
        return AlarmSelection(
            states=() if "all" in states else [State(each) for each in states],
            priorities=chosen.get("priority", ()),
            tags=chosen.get("tag", ()),
            group=chosen.get("group"),
            vessel=chosen.get("vessel"),
            alarm_class=chosen.get("class"),
            after_revision=changed,
        )


class JournalSerializer(PageSerializer):
    """Criteria for the journal, and the form of the answer."""

    alarm = id_field("Only lines of the alarm with this id.", required=False)
    act = serializers.ListField(
        child=serializers.CharField(max_length=20),
        required=False,
        max_length=30,
        help_text="Only lines of this act, such as active, acknowledge or shelve. May be repeated.",
    )
    priority = choices_field(list(Priority), "Only lines about alarms of this priority.")
    group = serializers.CharField(required=False, help_text="Only lines of this group (vessel).")
    format = serializers.ChoiceField(
        choices=["json", "csv", "jsonl"],
        default="json",
        help_text="json: a page. csv, jsonl: all of it, as a file.",
        error_messages={"invalid_choice": "expected json, csv or jsonl"},
    )

    @property
    def lines(self) -> JournalSelection:
        """Return the selection of lines that the parameters describe."""
        chosen = self.validated_data
        return JournalSelection(
            start=chosen.get("from"),
            end=chosen.get("to"),
            alarm=chosen.get("alarm"),
            tags=chosen.get("tag", ()),
            group=chosen.get("group"),
            acts=chosen.get("act", ()),
            priorities=chosen.get("priority", ()),
        )


class KpiSerializer(RangeSerializer):
    """A period, and the groups of an operator position."""

    group = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        max_length=MOST_GROUPS,
        help_text="Only alarms of this group (vessel). May be repeated.",
    )

    @property
    def period(self) -> tuple[datetime, datetime]:
        """Return start and end; by default the last 30 days."""
        end = max(self.validated_data.get("to", datetime.now(UTC)), EARLIEST)
        start = self.validated_data.get("from", end - timedelta(days=FULL_DAYS))
        return max(start, EARLIEST - timedelta(days=FULL_DAYS)), end

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject a period that is too long."""
        if "from" in attrs and attrs.get("to", datetime.now(UTC)) - attrs["from"] > LONGEST_PERIOD:
            raise serializers.ValidationError(
                {"from": f"expected at most {LONGEST_PERIOD.days} days in one request"}
            )
        return super().validate(attrs)


class AdviceSerializer(serializers.Serializer[Any]):
    """A tag, and how many days of its past to look at."""

    tag = serializers.CharField(
        help_text="The tag.", error_messages={"required": "missing; expected the name of a tag"}
    )
    days = whole_number(DEFAULT_ADVICE_DAYS, LONGEST_ADVICE_DAYS, "How many days of the past.")

    def validate_tag(self, name: str) -> str:
        """Reject an unknown tag."""
        return known_only([name])[0]


class ActSerializer(serializers.Serializer[Any]):
    """The name of a person without a login, while Fermon is open; recorded as not verified."""

    name = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=100,
        help_text="Who acts, while Fermon asks for no login; recorded as unverified.",
    )


class CommentedSerializer(ActSerializer):
    """An act with an optional comment."""

    comment = comment_field()


def rating_field(**options: Any) -> serializers.ChoiceField:
    """Return the field for the rating of an occurrence."""
    messages: dict[str, Any] = dict.fromkeys(
        ("required", "null", "invalid_choice"), "expected 'nuisance', 'real' or an empty text"
    )
    choices = [each for each in RATINGS if each]
    return serializers.ChoiceField(choices=choices, allow_blank=True, error_messages=messages, **options)


class SeenOccurrenceSerializer(CommentedSerializer):
    """The occurrence that was seen, and a comment."""

    occurrence = id_field("The occurrence that was seen, as GET /alarms has it.")


class AcknowledgeSerializer(SeenOccurrenceSerializer):
    """The occurrence that was seen, a comment, and whether the alarm was of use."""

    rating = rating_field(
        required=False, default="", help_text="Whether the alarm was of use; the advisor uses it."
    )


class SeenSerializer(serializers.Serializer[Any]):
    """An alarm and the occurrence that was seen."""

    id = id_field("The alarm's id.")
    occurrence = id_field("The occurrence that was seen.")


class AcknowledgeManySerializer(CommentedSerializer):
    """Alarms with the occurrences that were seen, and a comment."""

    alarms = SeenSerializer(many=True, allow_empty=False, help_text=f"At most {MOST_AT_ONCE}.")

    def validate_alarms(self, seen: list[dict[str, int]]) -> list[tuple[int, int]]:
        """Reject too many alarms: a person acknowledges what was seen."""
        if len(seen) > MOST_AT_ONCE:
            raise serializers.ValidationError(f"expected at most {MOST_AT_ONCE}, got {len(seen)}")
        return [(each["id"], each["occurrence"]) for each in seen]


class CommentSerializer(ActSerializer):
    """A comment on an alarm."""

    comment = serializers.CharField(
        max_length=LONGEST_COMMENT,
        error_messages=dict.fromkeys(("required", "blank", "null"), "missing; expected a text"),
    )


class RateSerializer(SeenOccurrenceSerializer):
    """A rating of an occurrence."""

    rating = rating_field(help_text="Whether the alarm was of use; empty: take the rating back.")


class ShelveSerializer(ActSerializer):
    """The length of a shelf, and the reason."""

    minutes = serializers.IntegerField(
        min_value=1,
        max_value=LONGEST_SHELF_MIN,
        help_text="How long; a critical alarm at most 60.",
        error_messages=dict.fromkeys(
            ("required", "null", "invalid", "min_value", "max_value", "max_string_length"),
            f"expected a whole number of minutes from 1 to {LONGEST_SHELF_MIN}",
        ),
    )
    reason = reason_field()
    one_shot = serializers.BooleanField(
        default=False, help_text="true: the shelf also ends when the alarm's condition does."
    )


class EndSerializer(ActSerializer):
    """The end of a shelf or a suppression, with an optional reason."""

    reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST_REASON, help_text="For the journal."
    )


class SuppressSerializer(ActSerializer):
    """The reason for a suppression, and an end."""

    reason = reason_field()
    until = BoundField(required=False, help_text="ISO 8601. Left out: until an engineer ends it.")

"""Validate query parameters and request bodies of the notes API, and define the shapes of its answers."""

from collections.abc import Callable
from typing import Any, TypeVar

from rest_framework import serializers

from monitoring.alarms.note_reading import NoteSelection
from monitoring.alarms.note_subjects import NoteInputError, batch_of, vessel_of
from monitoring.alarms.notes import CORRECTABLE
from monitoring.api.alarm_fields import LONGEST_COMMENT, ActSerializer
from monitoring.api.fields import (
    DEFAULT_PAGE,
    LONGEST_REASON,
    MAX_PAGE,
    BoundField,
    CursorField,
    PageSerializer,
    choice,
    known_only,
    whole_number,
)
from monitoring.api.schemas import Shape
from monitoring.history.keyset import MAX_ID
from monitoring.models import NoteKind

MISSING_TEXT: dict[str, Any] = dict.fromkeys(
    ("required", "blank", "null"), "missing; write what is to be known"
)
LONGEST_SEARCH = 200
MISSING_VERSION = "expected the version of the note that was seen"
SubjectT = TypeVar("SubjectT", str, int)


def kind_field(**options: Any) -> serializers.ChoiceField:
    """Return the field for the kind of a note."""
    return serializers.ChoiceField(
        choices=NoteKind.choices,
        help_text="What the note is.",
        error_messages={"invalid_choice": f"expected one of {', '.join(NoteKind.values)}"},
        **options,
    )


def withdrawn_field() -> serializers.BooleanField:
    """Return the field that selects whether withdrawn notes are listed."""
    return serializers.BooleanField(
        default=False,
        help_text="true: also notes that were withdrawn.",
        error_messages=dict.fromkeys(("invalid", "null"), "expected 'true' or 'false'"),
    )


def vessel_field(help_text: str) -> serializers.CharField:
    """Return the field for the name of a vessel."""
    return serializers.CharField(required=False, max_length=64, help_text=help_text)


def batch_field(help_text: str, **options: Any) -> serializers.IntegerField:
    """Return the field for the id of a batch."""
    messages: dict[str, Any] = dict.fromkeys(
        ("invalid", "min_value", "max_value", "max_string_length"), "expected the id of a batch"
    )
    return serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_ID,
        help_text=help_text,
        error_messages=messages,
        **options,
    )


def known_subject(given: SubjectT, find: Callable[[SubjectT], Any]) -> SubjectT:
    """Return the name or id as given.

    Raises:
        ValidationError: there is no such vessel or batch; an empty response would hide the typing error.
    """
    try:
        find(given)
    except NoteInputError as error:
        raise serializers.ValidationError(str(error)) from error
    return given


class NoteListSerializer(PageSerializer):
    """Criteria for notes, and the part of the list."""

    group = serializers.CharField(required=False, help_text="Only notes on this group or its tags.")
    withdrawn = withdrawn_field()
    vessel = vessel_field("Only notes on this vessel and its batches.")
    batch = batch_field("Only notes on this batch, and those on its vessel in the time of the batch.")
    kind = kind_field(required=False)
    search = serializers.CharField(
        required=False, max_length=LONGEST_SEARCH, help_text="Only notes whose text contains this."
    )

    def validate_vessel(self, name: str) -> str:
        """Reject an unknown vessel."""
        return known_subject(name, vessel_of)

    def validate_batch(self, pk: int) -> int:
        """Reject an unknown batch."""
        return known_subject(pk, batch_of)

    def chosen_notes(self, *, is_own_only: bool) -> NoteSelection:
        """Return the selection of notes that the parameters describe."""
        chosen = self.validated_data
        return NoteSelection(
            self.selection,
            group=chosen.get("group", ""),
            with_withdrawn=chosen["withdrawn"],
            is_own_only=is_own_only,
            vessel=chosen.get("vessel", ""),
            batch=chosen.get("batch"),
            kind=chosen.get("kind", ""),
            search=chosen.get("search", ""),
        )


class SpanSerializer(ActSerializer):
    """The moment or span of a note."""

    start = BoundField(required=False, help_text="ISO 8601. When writing: now, if left out.")
    end = BoundField(required=False, end=True, allow_null=True, help_text="Null or left out: a moment.")


class AnnotationListSerializer(serializers.Serializer[Any]):
    """Criteria for the notes of a batch, and the part of the list."""

    kind = kind_field(required=False)
    withdrawn = withdrawn_field()
    limit = whole_number(DEFAULT_PAGE, MAX_PAGE, "How many at most.")
    order = choice(("asc", "desc"), "asc", "asc: oldest first. desc: newest first.")
    cursor = CursorField(
        required=False, help_text="Where the page before ended; take it from its Link header."
    )


class WriteAnnotationSerializer(SpanSerializer):
    """A note to write on a batch, and on one of its tags."""

    text = serializers.CharField(max_length=LONGEST_COMMENT, error_messages=MISSING_TEXT)
    kind = kind_field(default=NoteKind.NOTE.value)
    tag = serializers.CharField(required=False, allow_blank=True, default="", help_text="Of which tag.")

    def validate_tag(self, name: str) -> str:
        """Reject an unknown tag."""
        return known_only([name])[0] if name else ""


class WriteNoteSerializer(WriteAnnotationSerializer):
    """A note to write, on a tag, a group, a vessel, a batch, or the whole plant."""

    group = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=64, help_text="Of which group."
    )
    vessel = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=64, help_text="Of which vessel."
    )
    batch = batch_field("Of which batch: an id.", allow_null=True, default=None)


def version_field() -> serializers.IntegerField:
    """Return the field for the version that the caller has seen."""
    return serializers.IntegerField(
        min_value=1,
        max_value=MAX_ID,
        help_text="The version that was seen.",
        error_messages=dict.fromkeys(
            ("required", "null", "invalid", "min_value", "max_value", "max_string_length"), MISSING_VERSION
        ),
    )


class CorrectNoteSerializer(SpanSerializer):
    """What to change in a note; fields that are left out stay."""

    version = version_field()
    text = serializers.CharField(required=False, max_length=LONGEST_COMMENT, error_messages=MISSING_TEXT)
    kind = kind_field(required=False)
    reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST_REASON, help_text="Why."
    )

    @property
    def changes(self) -> dict[str, Any]:
        """Return the fields to change."""
        return {name: self.validated_data[name] for name in CORRECTABLE if name in self.validated_data}


class WithdrawNoteSerializer(ActSerializer):
    """Why a note is withdrawn."""

    version = version_field()
    reason = serializers.CharField(
        max_length=LONGEST_REASON,
        error_messages=dict.fromkeys(("required", "blank", "null"), "missing; say why, for the record"),
    )


class NoteSerializer(Shape):
    """A note as it stands."""

    id = serializers.IntegerField()
    tag = serializers.CharField(allow_null=True, help_text="Null: of a group, or of the whole plant.")
    group = serializers.CharField(allow_blank=True)
    vessel = serializers.CharField(allow_null=True, help_text="The name of the vessel.")
    batch = serializers.IntegerField(allow_null=True, help_text="The id of the batch.")
    batch_name = serializers.CharField(allow_null=True)
    tags = serializers.ListField(
        child=serializers.CharField(), help_text="Of a note on a vessel: the tags bound to it at that time."
    )
    kind = kind_field()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True, help_text="Null: a moment.")
    text = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField(help_text="When it was written, by the server's clock.")
    version = serializers.IntegerField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)


class NoteVersionSerializer(Shape):
    """A note as written, corrected or withdrawn."""

    version = serializers.IntegerField()
    act = serializers.ChoiceField(choices=["write", "correct", "withdraw"])
    tag = serializers.CharField(allow_blank=True)
    vessel = serializers.CharField(allow_blank=True, help_text="The name of the vessel then.")
    batch = serializers.CharField(allow_blank=True, help_text="The name of the batch then.")
    kind = kind_field()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True)
    text = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    by = serializers.CharField()
    via = serializers.CharField()
    at = serializers.DateTimeField()


class NoteInFullSerializer(NoteSerializer):
    """A note with all versions, newest first."""

    versions = NoteVersionSerializer(many=True)

"""Validate query parameters and request bodies of the notes API, and define the shapes of its answers."""

from typing import Any

from rest_framework import serializers

from monitoring.alarms.note_reading import NoteSelection
from monitoring.api.alarm_fields import LONGEST_COMMENT, ActSerializer
from monitoring.api.fields import LONGEST_REASON, BoundField, PageSerializer, known_only
from monitoring.api.schemas import Shape
from monitoring.history.keyset import MAX_ID

MISSING_TEXT: dict[str, Any] = dict.fromkeys(
    ("required", "blank", "null"), "missing; write what is to be known"
)
MISSING_VERSION = "expected the version of the note that was seen"


class NoteListSerializer(PageSerializer):
    """Criteria for notes, and the part of the list."""

    group = serializers.CharField(required=False, help_text="Only notes on this group (vessel) or its tags.")
    withdrawn = serializers.BooleanField(
        default=False,
        help_text="true: also notes that were withdrawn.",
        error_messages=dict.fromkeys(("invalid", "null"), "expected 'true' or 'false'"),
    )

    def chosen_notes(self, *, is_own_only: bool) -> NoteSelection:
        """Return the selection of notes that the parameters describe."""
        chosen = self.validated_data
        return NoteSelection(self.selection, chosen.get("group", ""), chosen["withdrawn"], is_own_only)


class SpanSerializer(ActSerializer):
    """The moment or span of a note."""

    start = BoundField(required=False, help_text="ISO 8601. When writing: now, if left out.")
    end = BoundField(required=False, end=True, allow_null=True, help_text="Null or left out: a moment.")


class WriteNoteSerializer(SpanSerializer):
    """A note to write, on a tag, a group, or the whole plant."""

    text = serializers.CharField(max_length=LONGEST_COMMENT, error_messages=MISSING_TEXT)
    tag = serializers.CharField(required=False, allow_blank=True, default="", help_text="Of which tag.")
    group = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=64, help_text="Of which group (vessel)."
    )

    def validate_tag(self, name: str) -> str:
        """Reject an unknown tag."""
        return known_only([name])[0] if name else ""


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
    reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST_REASON, help_text="Why."
    )

    @property
    def changes(self) -> dict[str, Any]:
        """Return the fields to change."""
        return {
            name: self.validated_data[name]
            for name in ("text", "start", "end")
            if name in self.validated_data
        }


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

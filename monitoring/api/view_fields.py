"""Validate request bodies of the saved views API, and define the shapes of its answers."""

from typing import Any

from rest_framework import serializers

from monitoring.api.fields import known_only
from monitoring.api.schemas import Shape
from monitoring.history.saved_views import MOST_CHARTS, MOST_COMPARED, RANGES, SHOWS

LONGEST_NAME = 80


def name_field(*, required: bool) -> serializers.CharField:
    """Return the field for the name of a view."""
    messages: dict[str, Any] = dict.fromkeys(
        ("required", "blank", "null"), "missing; say how the view is to be called"
    )
    return serializers.CharField(required=required, max_length=LONGEST_NAME, error_messages=messages)


def tags_field(most: int, help_text: str) -> serializers.ListField:
    """Return the field for a list of tags."""
    messages: dict[str, Any] = {
        "not_a_list": "expected a list of tags",
        "max_length": f"expected at most {most} tags",
    }
    return serializers.ListField(
        child=serializers.CharField(max_length=64),
        required=False,
        max_length=most,
        help_text=help_text,
        error_messages=messages,
    )


def choice_field(choices: tuple[str, ...], help_text: str) -> serializers.ChoiceField:
    """Return the field for one of a few words, or an empty text."""
    expected = f"expected one of {', '.join(choices)}, or an empty text"
    return serializers.ChoiceField(
        choices=choices,
        required=False,
        allow_blank=True,
        help_text=help_text,
        error_messages={"invalid_choice": expected, "null": expected},
    )


class ViewContentSerializer(serializers.Serializer[Any]):
    """What a saved view shows."""

    group = serializers.CharField(
        required=False, allow_blank=True, max_length=64, help_text="Only this group (vessel); empty: all."
    )
    charts = tags_field(
        MOST_CHARTS, "Tags in the order of their charts; empty: all tags of the group, by urgency."
    )
    compare = tags_field(MOST_COMPARED, "Tags that share one chart.")
    show = choice_field(SHOWS, "Charts, or values side by side; empty: as many tags as there are decide.")
    range = choice_field(RANGES, "Length of time up to now; empty: 5 min.")

    def validate_charts(self, names: list[str]) -> list[str]:
        """Reject unknown tags; drop duplicates."""
        return known_only(names) if names else names

    def validate_compare(self, names: list[str]) -> list[str]:
        """Reject unknown tags; drop duplicates."""
        return known_only(names) if names else names


class SaveViewSerializer(ViewContentSerializer):
    """A view to save."""

    name = name_field(required=True)


class ChangeViewSerializer(ViewContentSerializer):
    """What to change in a saved view; fields that are left out stay."""

    name = name_field(required=False)


class SavedViewSerializer(Shape):
    """A saved view of the dashboard."""

    slug = serializers.CharField(help_text="The view's address: /dashboard?view=<slug>.")
    name = serializers.CharField()
    group = serializers.CharField(allow_blank=True)
    charts = serializers.ListField(child=serializers.CharField())
    compare = serializers.ListField(child=serializers.CharField())
    show = serializers.ChoiceField(choices=SHOWS, allow_blank=True)
    range = serializers.ChoiceField(choices=RANGES, allow_blank=True)
    by = serializers.CharField(help_text="Who saved or changed the view last.")
    at = serializers.DateTimeField()
    link = serializers.URLField(help_text="The dashboard with this view.")

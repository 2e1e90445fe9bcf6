"""The forms of the page of notifications: a channel of any kind, a person, a maintenance window."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError

from monitoring.kernel.clock import parse_timestamp
from monitoring.models import Channel, MaintenanceWindow, Person, Tag
from monitoring.notifications.channel_settings import (
    Address,
    ChannelInputError,
    address_of,
    check_address,
    free_name,
    secrets_shown,
    store_channel,
)
from monitoring.notifications.channels.kind import ChannelKind, Field
from monitoring.notifications.window_planning import WindowInputError, plan_window

PREFIX, CLEAR = "field_", "clear_"  # before the names of the kind's fields
LONGEST_FIELD = 4_000
LONGEST_REASON = 500
DEFAULT_LENGTH = timedelta(hours=2)
TIME_HELP = "UTC"

if TYPE_CHECKING:
    PersonModelForm = forms.ModelForm[Person]
else:  # Django's class is not generic at runtime
    PersonModelForm = forms.ModelForm


class ChannelForm(forms.Form):
    """A channel with the fields of its kind. Secrets are write-only."""

    person = forms.CharField(
        required=False,
        max_length=100,
        help_text="A new name makes a new person. Empty: a place that several people read.",
        widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off"}),
    )
    name = forms.CharField(
        required=False,
        max_length=100,
        label="Name of the channel",
        help_text="Empty: named after person and kind.",
    )
    position = forms.IntegerField(
        min_value=1,
        max_value=32_000,
        initial=1,
        label="Place among the person's channels",
        help_text="The first is tried first, the next one if it fails.",
    )
    is_enabled = forms.BooleanField(required=False, initial=True, label="Switched on")
    allows_local = forms.BooleanField(
        required=False,
        label="Allow targets on this machine and its own link",
        help_text="For a server beside Fermon. Refused otherwise.",
    )

    def __init__(
        self, *args: Any, kind: ChannelKind, channel: Channel | None, is_trusted: bool, **kwargs: Any
    ) -> None:
        self.kind, self.channel, self.is_trusted = kind, channel, is_trusted
        initial = {**(initial_of(channel) if channel else {}), **kwargs.pop("initial", {})}
        super().__init__(*args, **{**kwargs, "initial": initial, "label_suffix": "", "auto_id": "%s"})
        stored = secrets_shown(channel) if channel else {}
        for field in kind.fields:
            self.fields[PREFIX + field.name] = form_field(field, stored.get(field.name, ""))
            if field.is_secret and stored.get(field.name) and not field.is_required:
                self.fields[CLEAR + field.name] = forms.BooleanField(
                    required=False, label=f"Forget the stored {field.label.lower()}"
                )
        if not is_trusted:
            del self.fields["allows_local"]
        if channel is None:
            del self.fields["is_enabled"]

    @property
    def first(self) -> list[forms.BoundField]:
        """Return the fields that every channel of the kind needs."""
        required = [PREFIX + field.name for field in self.kind.fields if field.is_required]
        return [self[name] for name in (*required, "person")]

    @property
    def more(self) -> list[forms.BoundField]:
        """Return the other fields."""
        shown = {field.name for field in self.first}
        optional = [name for name in self.fields if name.startswith((PREFIX, CLEAR)) and name not in shown]
        return [
            self[name]
            for name in (*optional, "name", "position", "is_enabled", "allows_local")
            if name in self.fields
        ]

    @property
    def has_error_in_more(self) -> bool:
        """Return whether the folded part has an error, which must be seen."""
        return any(field.errors for field in self.more)

    def clean_name(self) -> str:
        """Return the name.

        Raises:
            ValidationError: another channel has this name.
        """
        name: str = self.cleaned_data["name"]
        own = self.channel.pk if self.channel else 0
        if Channel.objects.filter(name=name).exclude(pk=own).exists():
            raise ValidationError("Another channel has this name.")
        return name

    def clean(self) -> dict[str, Any]:
        """Check the fields by the rules of the kind; add the ``address``."""
        data: dict[str, Any] = super().clean() or {}
        data["address"] = self.address(data)
        allows_local = data.get("allows_local", bool(self.channel and self.channel.allows_local))
        data["allows_local"] = allows_local
        try:
            check_address(
                self.kind,
                data["address"],
                self.channel,
                allows_local=allows_local,
                is_trusted=self.is_trusted,
            )
        except ChannelInputError as error:
            for name, text in error.problems.items():
                known = next((each for each in (PREFIX + name, name) if each in self.fields), None)
                if known not in self.errors:
                    self.add_error(known, text)
        return data

    def address(self, data: Mapping[str, Any]) -> Address:
        """Return the address that the fields give."""
        given = {
            name.removeprefix(PREFIX): data.get(name, "") for name in self.fields if name.startswith(PREFIX)
        }
        cleared = [name.removeprefix(CLEAR) for name in data if name.startswith(CLEAR) and data[name]]
        return address_of(self.kind, given, self.channel, cleared)

    def save(self) -> Channel:
        """Store the channel, and the person if the name is new."""
        data = self.cleaned_data
        channel = self.channel or Channel(kind=self.kind.name)
        channel.person = Person.objects.get_or_create(name=data["person"])[0] if data["person"] else None
        owner = f"{channel.person}: " if channel.person else ""
        channel.name = data["name"] or channel.name or free_name(f"{owner}{self.kind.label}")
        channel.position, channel.allows_local = data["position"], data["allows_local"]
        channel.is_enabled = data.get("is_enabled", True)
        store_channel(channel, data["address"])
        return channel


def initial_of(channel: Channel) -> dict[str, Any]:
    """Return the content of the form for a stored channel."""
    return {
        "person": channel.person.name if channel.person else "",
        "name": channel.name,
        "position": channel.position,
        "is_enabled": channel.is_enabled,
        "allows_local": channel.allows_local,
        **{PREFIX + name: text for name, text in channel.settings.items()},
    }


def form_field(field: Field, stored: str) -> forms.Field:
    """Return the form's field for a field of a kind; ``stored`` is the public part of a stored secret."""
    help_text = field.help_text
    if field.is_secret:
        if stored:
            known = "Stored" if stored == "stored" else f"Stored: {stored}"
            help_text = f"{known}; type to replace. {help_text}".strip()
        widget: forms.Widget = forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    else:
        widget = forms.TextInput(attrs={"autocapitalize": "off", "spellcheck": "false"})
    is_required = field.is_required and not stored
    return forms.CharField(
        label=field.label,
        help_text=help_text,
        required=is_required,
        max_length=LONGEST_FIELD,
        widget=widget,
    )


class PersonForm(PersonModelForm):
    """A person with time zone and quiet hours."""

    class Meta:
        model = Person
        fields = ("name", "time_zone", "quiet_for", "quiet_from", "quiet_until", "is_enabled")
        widgets = {
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": "", "auto_id": "%s"})

    def clean_time_zone(self) -> str:
        """Return the name of the zone.

        Raises:
            ValidationError: no zone has this name.
        """
        name: str = self.cleaned_data["time_zone"]
        if name and name not in available_timezones():
            raise ValidationError("Expected a name of the time zone database, as Europe/Berlin.")
        return name


class UtcField(forms.CharField):
    """A time in UTC, from a browser's field for date and time or in ISO 8601."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"type": "datetime-local"})
        super().__init__(**{"max_length": 40, "widget": widget, "help_text": TIME_HELP, **kwargs})

    def clean(self, value: Any) -> Any:
        """Return the time; None if empty.

        Raises:
            ValidationError: the text is not a time.
        """
        text = super().clean(value)
        try:
            return parse_timestamp(text) if text else None
        except ValueError as error:
            raise ValidationError("Expected a time as 2026-01-31T12:30.") from error


class WindowForm(forms.Form):
    """A maintenance window of a tag, a group or the whole plant."""

    tag = forms.ModelChoiceField(
        Tag.objects.none(), required=False, to_field_name="name", empty_label="of a group or the plant"
    )
    group = forms.ChoiceField(required=False)
    start = UtcField(required=False, label="From", help_text="UTC. Empty: now.")
    end = UtcField(label="To")
    reason = forms.CharField(max_length=LONGEST_REASON, help_text="Why; it stays in the journal.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": "", "auto_id": "%s"})
        cast("forms.ModelChoiceField[Tag]", self.fields["tag"]).queryset = Tag.objects.order_by("name")
        groups = Tag.objects.exclude(group="").order_by("group").values_list("group", flat=True).distinct()
        cast("forms.ChoiceField", self.fields["group"]).choices = [
            ("", "whole plant, or a tag"),
            *((name, name) for name in groups),
        ]
        until = datetime.now(UTC) + DEFAULT_LENGTH
        self.fields["end"].initial = until.strftime("%Y-%m-%dT%H:%M")

    def save(self, *, by: str) -> MaintenanceWindow | None:
        """Store the window; None with errors in the form if it is invalid."""
        data, now = self.cleaned_data, datetime.now(UTC)
        window = MaintenanceWindow(
            tag=data["tag"],
            group=data["group"],
            start=data["start"] or now,
            end=data["end"],
            reason=data["reason"],
            by=by,
        )
        try:
            plan_window(window, now=now)
        except WindowInputError as error:
            self.add_error(error.field, f"{str(error)[:1].upper()}{str(error)[1:]}.")
            return None
        return window

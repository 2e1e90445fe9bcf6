"""The forms of a source and of a mapping, for any protocol."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from django import forms

from monitoring.kernel.tag_definition import TagKind
from monitoring.models import Source, SourceMapping, Tag
from monitoring.models.source import NAME
from monitoring.sources.kind import Field, SourceKind
from monitoring.sources.mapping_settings import UNKNOWN_TAG, MappingInput, MappingInputError, input_of
from monitoring.sources.secrets import STORED
from monitoring.sources.settings import (
    LONGEST_LINE,
    LONGEST_TEXT,
    Rights,
    SourceInputError,
    check_source,
    fields_of,
    secrets_shown,
    store_source,
)

PREFIX, CLEAR, OPTION = "field_", "clear_", "option_"
REFERENCE_HELP = "Or env:NAME of the server's environment, or file:/path on the server."
NOT_YOURS = "Set by an administrator."
TIME_FORMATS = [
    ("", "the time of receipt"),
    ("iso", "ISO 8601"),
    ("s", "seconds since 1970"),
    ("ms", "milliseconds since 1970"),
    ("us", "microseconds since 1970"),
    ("ns", "nanoseconds since 1970"),
]
MAPPED = ("address", "tag", "value_pointer", "time_pointer", "time_format", "zone")
NEW_TAG = ("unit", "valid_min", "valid_max")
SMALL = {"autocapitalize": "off", "autocomplete": "off", "spellcheck": "false"}


class SourceForm(forms.Form):
    """A source with the fields of its protocol. Secrets are write-only."""

    name = forms.CharField(
        max_length=64,
        validators=[NAME],
        help_text="Letters, digits, '_', '-' and '.': mfcs_hall_2.",
        widget=forms.TextInput(attrs=SMALL),
    )
    group = forms.CharField(
        required=False, max_length=64, help_text="The vessel or unit of tags that are made from its points."
    )
    uses_receive_time = forms.BooleanField(
        required=False,
        label="Use the time of receipt",
        help_text="For a source with a wrong clock that cannot be set. Otherwise its own times count.",
    )

    def __init__(
        self, *args: Any, kind: SourceKind, source: Source | None, rights: Rights, **kwargs: Any
    ) -> None:
        self.kind, self.source, self.rights = kind, source, rights
        initial = {**(initial_of(source) if source else {}), **kwargs.pop("initial", {})}
        super().__init__(*args, **{**kwargs, "initial": initial, "label_suffix": "", "auto_id": "%s"})
        stored = secrets_shown(source) if source else {}
        for field in kind.fields:
            self._add(field, stored.get(field.name, ""))

    def _add(self, field: Field, stored: str) -> None:
        made = form_field(field, stored, may_refer=self.rights.may_refer)
        if (field.is_trust or field.is_secret) and not self.rights.may_set_up:
            made.disabled, made.required, made.help_text = True, False, NOT_YOURS
        elif field.is_secret and stored and not field.is_required:
            label = f"Forget the stored {field.label.lower()}"
            self.fields[CLEAR + field.name] = forms.BooleanField(required=False, label=label)
        self.fields[PREFIX + field.name] = made

    @property
    def first(self) -> list[forms.BoundField]:
        """Return the name, required fields, and the fields of the connection."""
        needed = [
            PREFIX + each.name
            for each in self.kind.fields
            if each.is_required or (each.is_trust and not each.lines)
        ]
        return [self[name] for name in ("name", *needed)]

    @property
    def more(self) -> list[forms.BoundField]:
        """Return the other fields, in the order of the protocol."""
        shown = {field.name for field in self.first}
        own = [name for each in self.kind.fields for name in (PREFIX + each.name, CLEAR + each.name)]
        names = [name for name in (*own, "group", "uses_receive_time") if name in self.fields]
        return [self[name] for name in names if name not in shown]

    @property
    def has_error_in_more(self) -> bool:
        """Return whether the folded part has an error, which must be seen."""
        return any(field.errors for field in self.more)

    def save(self) -> Source | None:
        """Store the source; return None, with errors in the form, if a field is invalid."""
        data = self.cleaned_data
        before = Source.objects.get(pk=self.source.pk) if self.source else None
        source = self.source or Source(protocol=self.kind.name)
        source.name, source.group = data["name"], data["group"]
        source.uses_receive_time = data["uses_receive_time"]
        given = {
            name.removeprefix(PREFIX): data[name]
            for name, field in self.fields.items()
            if name.startswith(PREFIX) and not field.disabled
        }
        cleared = [name.removeprefix(CLEAR) for name in data if name.startswith(CLEAR) and data[name]]
        fields = fields_of(self.kind, given, before, cleared)
        try:
            check_source(self.kind, source, fields, before, self.rights)
            store_source(source, fields)
        except SourceInputError as error:
            self._add_problems(error.problems)
            return None
        return source

    def _add_problems(self, problems: Mapping[str, str]) -> None:
        for name, text in problems.items():
            known = next((each for each in (PREFIX + name, name) if each in self.fields), None)
            self.add_error(known, text)


def initial_of(source: Source) -> dict[str, Any]:
    """Return the content of the form for a stored source."""
    return {
        "name": source.name,
        "group": source.group,
        "uses_receive_time": source.uses_receive_time,
        **{PREFIX + name: text for name, text in source.settings.items()},
    }


def form_field(field: Field, stored: str = "", *, may_refer: bool = False) -> forms.Field:
    """Return the form's field for a field of a protocol; ``stored`` is the public part of a stored secret."""
    parts = [field.help_text]
    if field.is_secret and stored:
        parts.insert(0, "Stored; type to replace." if stored == STORED else f"Stored: {stored}.")
    if field.is_secret and may_refer:
        parts.append(REFERENCE_HELP)
    options: dict[str, Any] = {
        "label": field.label,
        "help_text": " ".join(filter(None, parts)),
        "required": field.is_required and not stored,
    }
    if field.choices:
        return forms.ChoiceField(choices=field.choices, initial=field.default, **options)
    longest = LONGEST_TEXT if field.lines or field.is_secret else LONGEST_LINE
    initial = "" if field.is_secret else field.default
    return forms.CharField(max_length=longest, initial=initial, widget=widget_of(field), **options)


def widget_of(field: Field) -> forms.Widget:
    """Return the widget; one of a secret never shows a value."""
    if field.is_secret and not field.lines:
        return forms.PasswordInput(attrs={**SMALL, "autocomplete": "new-password"})
    if field.lines:
        return SecretText(attrs={**SMALL, "rows": 4}) if field.is_secret else forms.Textarea({"rows": 4})
    return forms.TextInput(attrs=SMALL)


class SecretText(forms.Textarea):
    """A text of several lines that is write-only, as a private key."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Return the context without the value, as Django's field for passwords does."""
        return super().get_context(name, None, attrs)


class MappingForm(forms.Form):
    """A mapping, with the options of the protocol."""

    address = forms.CharField(max_length=500, widget=forms.TextInput(attrs=SMALL))
    tag = forms.CharField(
        max_length=128,
        help_text="An existing tag, or a pattern with parts of the address: {unit}.{name}.",
        widget=forms.TextInput(attrs={**SMALL, "list": "tags"}),
    )
    value_pointer = forms.CharField(
        required=False,
        max_length=200,
        label="Value at",
        help_text="JSON pointer, as /od. Empty: the payload is the value.",
        widget=forms.TextInput(attrs=SMALL),
    )
    time_pointer = forms.CharField(
        required=False,
        max_length=200,
        label="Time at",
        help_text="JSON pointer, as /timestamp. Empty: the time of receipt.",
        widget=forms.TextInput(attrs=SMALL),
    )
    time_format = forms.ChoiceField(required=False, choices=TIME_FORMATS, label="Format of the time")
    zone = forms.CharField(
        required=False,
        max_length=64,
        help_text="Of times without an offset, as Europe/Berlin. Empty: UTC.",
        widget=forms.TextInput(attrs={**SMALL, "list": "zones"}),
    )
    factor = forms.FloatField(required=False, initial=1.0, help_text="Stored is value × factor + offset.")
    offset = forms.FloatField(required=False, initial=0.0)
    # Of a tag that is made along with the mapping.
    unit = forms.CharField(required=False, max_length=20, help_text="As it is shown: °C, pH, rpm.")
    valid_min = forms.FloatField(required=False, label="Valid from")
    valid_max = forms.FloatField(
        required=False, label="Valid to", help_text="A reading outside is impossible and is refused."
    )

    def __init__(self, *args: Any, kind: SourceKind, mapping: SourceMapping | None, **kwargs: Any) -> None:
        self.kind, self.mapping, self.lacks_tag = kind, mapping, False
        initial = {**(mapping_initial(mapping) if mapping else {}), **kwargs.pop("initial", {})}
        super().__init__(*args, **{**kwargs, "initial": initial, "label_suffix": "", "auto_id": "%s"})
        self.fields["address"].label = kind.address_label
        self.fields["address"].help_text = kind.address_help
        for name in kind.unused:
            del self.fields[name]
        for option in kind.options:
            self.fields[OPTION + option.name] = form_field(option)

    @property
    def first(self) -> list[forms.BoundField]:
        """Return the fields that every mapping needs."""
        needed = [OPTION + each.name for each in self.kind.options if each.is_required]
        names = ("address", "tag", "value_pointer", *needed)
        return [self[name] for name in names if name in self.fields]

    @property
    def more(self) -> list[forms.BoundField]:
        """Return the other fields."""
        shown = {*NEW_TAG, *(field.name for field in self.first)}
        return [self[name] for name in self.fields if name not in shown]

    @property
    def of_new_tag(self) -> list[forms.BoundField]:
        """Return the fields of a tag that is made along, once the form has met a tag that does not exist."""
        is_wanted = self.lacks_tag or any(self[name].errors for name in NEW_TAG)
        return [self[name] for name in NEW_TAG] if is_wanted else []

    @property
    def choice(self) -> dict[str, Any]:
        """Return the mapping with its new tag, for ``sources.making``."""
        return {
            **self.row.columns,
            "kind": TagKind.ANALOG,
            **{name: self.cleaned_data[name] for name in NEW_TAG},
        }

    @property
    def has_error_in_more(self) -> bool:
        """Return whether the folded part has an error, which must be seen."""
        return any(field.errors for field in self.more)

    @property
    def row(self) -> MappingInput:
        """Return the mapping that the form gives; call once the form is valid."""
        data = self.cleaned_data
        options = {each.name: data.get(OPTION + each.name, "") for each in self.kind.options}
        return MappingInput(
            **{name: data.get(name, "") for name in MAPPED},
            factor=1.0 if data["factor"] is None else data["factor"],
            offset=data["offset"] or 0.0,
            options={name: text for name, text in options.items() if text},
        )

    def add_problems(self, error: MappingInputError) -> None:
        """Show the errors of the only row beside their fields."""
        problems = error.problems[0]
        self.lacks_tag = problems.get("tag") == UNKNOWN_TAG.format(self.cleaned_data["tag"])
        for name, text in problems.items():
            self.add_error(name if name in self.fields else None, text)


def mapping_initial(mapping: SourceMapping) -> dict[str, Any]:
    """Return the content of the form for a stored mapping."""
    columns = input_of(mapping).columns
    options = columns.pop("options")
    return {**columns, **{OPTION + name: text for name, text in options.items()}}


def suggestions_for_mapping() -> dict[str, Sequence[str]]:
    """Return the names of tags and of time zones that the form offers."""
    return {
        "tags": list(Tag.objects.filter(active=True).order_by("name").values_list("name", flat=True)[:1000]),
        "zones": sorted(available_timezones()),
    }

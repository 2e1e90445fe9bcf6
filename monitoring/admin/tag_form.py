"""Form of a tag, with checkboxes for disabled detectors and a text area for detector parameters."""

from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString

from monitoring.archive.place import ArchiveError, archive_place, arrow
from monitoring.detection.detectors import trees
from monitoring.detection.detectors.overrides import override_lines, parse_overrides, refusal
from monitoring.detection.detectors.settings import OPTIONAL, defaults
from monitoring.detection.monitor import DETECTORS, DetectionSettings, SettingError
from monitoring.kernel.optional_packages import MissingPackageError
from monitoring.kernel.tag_definition import states_of
from monitoring.models import Tag

if TYPE_CHECKING:
    TagModelForm = forms.ModelForm[Tag]
else:  # Django's class is not generic at runtime
    TagModelForm = forms.ModelForm

FormT = TypeVar("FormT", bound=forms.BaseForm)


class ParametersField(forms.CharField):
    """Edit overridden detector parameters as text: ``detector.parameter = value``, one per line."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 50, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """Convert a dict of parameters to lines; return typed text unchanged."""
        return "\n".join(override_lines(value)) if isinstance(value, dict) else value

    def clean(self, value: Any) -> Any:
        """Convert lines to a dict of parameters.

        Raises:
            ValidationError: a line is malformed, or sets a parameter twice.
        """
        try:
            return parse_overrides(super().clean(value).splitlines())
        except SettingError as error:
            raise forms.ValidationError(refusal(error)) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether the lines differ from the lines of the stored parameters."""
        return super().has_changed(self.prepare_value(initial or {}), data)


def parameters_help() -> SafeString:
    """Return the help text: the syntax, and all parameters with defaults."""
    return format_html(
        "<code>detector.parameter = value</code>, one a line, where a detector's own does not do."
        "<details><summary>All of them with their defaults</summary><pre>{}</pre></details>",
        "\n".join(override_lines(defaults())),
    )


class StatesField(forms.CharField):
    """Edit the names of a discrete tag's values as text: ``number = name``, one per line."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 30, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """Convert the stored names to lines; return typed text unchanged."""
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{number} = {name}" for number, name in ordered(value))

    def clean(self, value: Any) -> Any:
        """Convert lines to names by number; the tag checks numbers and names.

        Raises:
            ValidationError: a line is malformed, or names a state twice.
        """
        found: dict[str, str] = {}
        for line in filter(None, map(str.strip, super().clean(value).splitlines())):
            number, is_set, name = (part.strip() for part in line.partition("="))
            if not is_set:
                raise forms.ValidationError(f"Expected number = name, as in 0 = idle, not {line!r}.")
            if number in found:
                raise forms.ValidationError(f"State {number} is named twice; expected each once.")
            found[number] = name
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether the lines differ from the lines of the stored names."""
        return super().has_changed(self.prepare_value(initial or {}), data)


def ordered(named: dict[str, str]) -> list[tuple[str, str]]:
    """Return the names in order of the numbers: databases keep no order."""
    return [(str(number), name) for number, name in states_of(named)]


KIND: Any = Tag._meta.get_field("kind")
ON_CONFLICT: Any = Tag._meta.get_field("on_conflict")


class TagForm(TagModelForm):
    """Edit a tag, including detector settings and a reason for the audit trail."""

    kind = forms.ChoiceField(
        choices=KIND.choices,
        required=False,
        help_text=f"{KIND.help_text} Anomalies that are stored stay when the kind changes, until"
        " manage.py recompute_flags corrects them.",
    )
    states = StatesField(
        required=False,
        help_text="Of a discrete tag: <code>number = name</code>, one a line, as in <code>0 = idle</code>.",
    )
    on_conflict = forms.ChoiceField(
        choices=ON_CONFLICT.choices, required=False, help_text=ON_CONFLICT.help_text
    )

    detectors_off = forms.MultipleChoiceField(
        choices=[(name, name) for name in DETECTORS if name not in OPTIONAL],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Those that are ticked find nothing for this tag.",
    )
    detectors_on = forms.MultipleChoiceField(
        choices=[(name, name) for name in sorted(OPTIONAL)],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="optional detectors",
        help_text="Those that are ticked are used too. The isolation forest needs the package scikit-learn.",
    )
    detection_parameters = ParametersField(required=False, label="Parameters", help_text=parameters_help())

    reason = forms.CharField(
        label="reason for change",
        required=False,
        max_length=200,
        help_text="Kept in the audit trail beside what was changed.",
    )

    class Meta:
        model = Tag
        fields = "__all__"

    def clean_detectors_on(self) -> list[str]:
        """Return the optional detectors.

        Raises:
            ValidationError: their package is not installed.
        """
        given: list[str] = self.cleaned_data["detectors_on"]
        try:
            trees.check_packages(given)
        except MissingPackageError as error:
            raise forms.ValidationError(str(error)) from error
        return given

    def clean_archive_after_days(self) -> int | None:
        """Return the age of archived measurements.

        Raises:
            ValidationError: the package that writes the files is not installed, or the address is wrong.
        """
        given: int | None = self.cleaned_data["archive_after_days"]
        try:
            if given is not None and given != self.instance.archive_after_days:
                arrow()
                archive_place()
        except ArchiveError as error:
            raise forms.ValidationError(str(error)) from error
        return given

    def clean_sensitivity(self) -> float:
        """Return the sensitivity; 1.0 for an empty field."""
        given: float | None = self.cleaned_data["sensitivity"]
        return 1.0 if given is None else given

    def clean_kind(self) -> str:
        """Return the choice, or the tag's present kind if the field is missing, as in older scripts."""
        given: str = self.cleaned_data["kind"]
        return given or self.instance.kind

    def clean_on_conflict(self) -> str:
        """Return the choice, or the tag's present setting if the field is missing, as in older scripts."""
        given: str = self.cleaned_data["on_conflict"]
        return given or self.instance.on_conflict

    def clean(self) -> dict[str, Any]:
        """Add a form error for parameters that the detectors reject."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            DetectionSettings(parameters=data.get("detection_parameters") or {})
        except SettingError as error:
            self.add_error("detection_parameters", refusal(error))
        return data


def tried_settings(query: QueryDict) -> dict[str, Any]:
    """Return the detection settings in the query string, unvalidated: the form validates on saving."""
    return {
        "detectors_off": query.getlist("detectors_off"),
        "detectors_on": query.getlist("detectors_on"),
        "sensitivity": query["sensitivity"],
        "detection_parameters": query.get("detection_parameters", ""),
    }


def filled_in(form: type[FormT], values: dict[str, Any]) -> type[FormT]:
    """Return a subclass of the form, with these initial values in place of the stored ones."""

    class FilledIn(form):  # type: ignore[misc, valid-type]  # base class known only at runtime
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs, initial=values)

    return FilledIn

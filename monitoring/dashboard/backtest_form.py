"""The form for a backtest of other detection settings."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms

from monitoring.detection.backtest.requests import Question
from monitoring.detection.detectors import trees
from monitoring.detection.detectors.overrides import override_lines, parse_overrides, refusal
from monitoring.detection.detectors.settings import OPTIONAL
from monitoring.detection.monitor import DETECTORS, DetectionSettings, SettingError
from monitoring.kernel.clock import expected_bound, iso_utc, parse_bound
from monitoring.kernel.optional_packages import MissingPackageError

LENGTHS = (("1", "The last day"), ("3", "The last 3 days"), ("7", "The last 7 days"), ("", "From – to"))
USUAL_LENGTH = "7"
# With more tags, the form has a text input in place of a list.
MOST_TO_CHOOSE = 200
TYPED = "%Y-%m-%dT%H:%M:%S"


class MomentField(forms.CharField):
    """A time in UTC: accepts a browser's time input or other ISO 8601, returns ISO 8601."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format=TYPED)

    def __init__(self, *, is_end: bool, label: str) -> None:
        super().__init__(required=False, label=label)
        self.is_end = is_end

    def prepare_value(self, value: Any) -> Any:
        """Return the value in the format of the browser's time input; an invalid value unchanged."""
        try:
            return f"{parse_bound(str(value or ''), end=self.is_end):{TYPED}}"
        except ValueError:
            return value

    def clean(self, value: Any) -> str:
        """Return the time as ISO 8601 in UTC; empty if omitted.

        Raises:
            ValidationError: the text is not a time.
        """
        text = super().clean(value)
        try:
            return iso_utc(parse_bound(text, end=self.is_end)) if text else ""
        except ValueError as error:
            expected = expected_bound(text, "2026-01-31T12:00:00")
            raise forms.ValidationError(f"{expected[0].upper()}{expected[1:]}, got {text!r}.") from error


class BacktestForm(forms.Form):
    """Tag, time range and settings; the field names are also the parameters of the page's address."""

    tag = forms.ChoiceField()
    days = forms.ChoiceField(choices=LENGTHS, required=False, label="Time")
    sensitivity = forms.FloatField(
        min_value=0.1, max_value=10, widget=forms.NumberInput(attrs={"step": "any"})
    )
    off = forms.MultipleChoiceField(
        choices=[(name, name) for name in DETECTORS if name not in OPTIONAL],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Detectors switched off",
    )
    on = forms.MultipleChoiceField(
        choices=[(name, name) for name in sorted(OPTIONAL)],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Optional detectors",
    )
    parameters = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "placeholder": "spike.threshold = 6"}),
    )

    def __init__(self, *args: Any, tags: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        self.fields["from"] = MomentField(is_end=False, label="From (UTC)")
        self.fields["to"] = MomentField(is_end=True, label="To (UTC)")
        choice = cast("forms.ChoiceField", self.fields["tag"])
        if len(tags) > MOST_TO_CHOOSE:
            choice.widget = forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off"})
        choice.choices = [(name, name) for name in tags]

    def clean_on(self) -> list[str]:
        """Return the optional detectors.

        Raises:
            ValidationError: their package is not installed.
        """
        given: list[str] = self.cleaned_data["on"]
        try:
            trees.check_packages(given)
        except MissingPackageError as error:
            raise forms.ValidationError(str(error)) from error
        return given

    def clean_parameters(self) -> dict[str, float]:
        """Convert the lines to parameters by name.

        Raises:
            ValidationError: a line is invalid.
        """
        try:
            return parse_overrides(self.cleaned_data["parameters"].splitlines())
        except SettingError as error:
            raise forms.ValidationError(refusal(error)) from error

    def clean(self) -> dict[str, Any]:
        """Add errors for invalid settings and for a time range without both ends; add ``settings``."""
        data: dict[str, Any] = super().clean() or {}
        if not data.get("days") and not (data.get("from") and data.get("to")) and not self.errors:
            self.add_error("days", "Both ends are needed, each with its date and time.")
        if not self.errors:
            try:
                data["settings"] = DetectionSettings(
                    off=frozenset(data["off"]),
                    sensitivity=data["sensitivity"],
                    parameters=data["parameters"],
                    on=frozenset(data["on"]),
                )
            except SettingError as error:
                self.add_error("parameters", refusal(error))
        return data

    def question(self) -> Question:
        """Return the question of a valid form."""
        data = self.cleaned_data
        bounds = {} if data["days"] else {"start": data["from"], "end": data["to"]}
        return Question(data["tag"], data["settings"], data["days"], **bounds)


def initial_for(tag: str, present: DetectionSettings) -> dict[str, Any]:
    """Return the initial values of the form: the present settings of the tag, and the last 7 days."""
    return {
        "tag": tag,
        "days": USUAL_LENGTH,
        "off": sorted(present.off),
        "on": sorted(present.on),
        "sensitivity": f"{present.sensitivity:.15g}",
        "parameters": "\n".join(override_lines(present.parameters)),
    }


def bounds_of(question: Question, now: datetime) -> tuple[datetime, datetime]:
    """Return start and end of the time range; the end is at most ``now``."""
    if question.days:
        return now - timedelta(days=int(question.days)), now
    return parse_bound(question.start), min(parse_bound(question.end), now)

"""The forms of the alarm advisor: which alarm and time, and which settings to try."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from django import forms

from monitoring.alarms.definition import InForce
from monitoring.alarms.definition_rules import DefinitionError, check_condition
from monitoring.alarms.kinds import LIMIT_KINDS
from monitoring.alarms.wording import title_of
from monitoring.dashboard.backtest_form import MOST_TO_CHOOSE
from monitoring.kernel.tag_definition import TagDefinition

LENGTHS = (("1", "last day"), ("3", "last 3 days"), ("7", "last 7 days"))
TRIED = {"setpoint": "Limit", "deadband": "Deadband", "on_delay_s": "On-delay", "off_delay_s": "Off-delay"}


class AlarmChoiceForm(forms.Form):
    """The tag, the kind of its limit alarm, and how many days of the past to look at."""

    tag = forms.ChoiceField()
    kind = forms.ChoiceField(
        choices=[(str(kind), f"{kind}: {title_of(kind)}") for kind in sorted(LIMIT_KINDS)]
    )
    days = forms.ChoiceField(choices=LENGTHS, label="Time")

    def __init__(self, *args: Any, tags: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": "", "auto_id": "%s"})
        choice = cast("forms.ChoiceField", self.fields["tag"])
        if len(tags) > MOST_TO_CHOOSE:
            choice.widget = forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off"})
        choice.choices = [(name, name) for name in tags]


class TriedSettingsForm(forms.Form):
    """Settings to try; an empty field keeps the setting in force."""

    def __init__(self, *args: Any, in_force: InForce, tag: TagDefinition, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": "", "auto_id": "%s"})
        self.in_force, self.tag = in_force, tag
        for name, label in TRIED.items():
            unit = "s" if name.endswith("_s") else tag.unit
            widget = forms.NumberInput(attrs={"step": "any"})
            label = f"{label} ({unit})" if unit else label
            self.fields[name] = forms.FloatField(required=False, label=label, widget=widget)

    def clean(self) -> dict[str, Any]:
        """Check the settings as a definition's form does; add them as ``settings``."""
        data: dict[str, Any] = super().clean() or {}
        given = {name: data[name] for name in TRIED if data.get(name) is not None}
        if self.errors or not given:
            return data
        settings = replace(self.in_force, **given)
        try:
            check_condition(settings, self.tag, {})
        except DefinitionError as error:
            self.add_error(error.field if error.field in self.fields else None, f"{error}.")
        else:
            data["settings"] = settings
        return data

"""The forms of samples: a new one, later results, a correction, a withdrawal."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.html import format_html

from monitoring.batches import sampling
from monitoring.batches.analytes import (
    ANALYTES,
    LONGEST_UNIT,
    SLUG,
    analyte_title,
    checked_unit,
    checked_value,
    slug_of,
)
from monitoring.batches.errors import BatchInputError
from monitoring.batches.sample_reading import offered_analytes
from monitoring.batches.sampling import MOST_RESULTS, NewResult
from monitoring.dashboard.batch_words import sentence
from monitoring.dashboard.entry_forms import EntryForm, NumberField, TimedForm
from monitoring.kernel.actor import Actor
from monitoring.models import Batch

VALUE, UNIT = "value_", "unit_"  # before the name of an analyte
SHOWN_FIRST = 3
LONGEST_COMMENT, LONGEST_REASON = 500, 500


class ResultsForm(EntryForm):
    """Results of a sample: a field an analyte, those of the last samples first, and a free analyte."""

    other_name = forms.CharField(
        required=False,
        max_length=60,
        label="Another analyte",
        widget=forms.TextInput(attrs={"list": "analytes", "autocapitalize": "off", "autocomplete": "off"}),
    )
    other_value = NumberField(required=False, label="Value")
    other_unit = forms.CharField(required=False, max_length=LONGEST_UNIT, label="Unit")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, unit in {**units_of(self.batch), **units_sent(self.data)}.items():
            self.fields[VALUE + name] = NumberField(name, unit, required=False, label=label_of(name, unit))

    @property
    def first(self) -> list[forms.BoundField]:
        """Return the fields that are shown at once."""
        return self.rows[:SHOWN_FIRST]

    @property
    def more(self) -> list[forms.BoundField]:
        """Return the fields that are folded."""
        return self.rows[SHOWN_FIRST:]

    @property
    def is_more_open(self) -> bool:
        """Return whether a folded field has an entry or an error, which must be seen."""
        others = [self["other_name"], self["other_value"], self["other_unit"]]
        return any(field.errors or field.value() for field in (*self.more, *others))

    @property
    def rows(self) -> list[forms.BoundField]:
        """Return the fields of analytes."""
        return [self[name] for name in self.fields if name.startswith(VALUE)]

    @property
    def known(self) -> list[str]:
        """Return the titles of the analytes that the free field offers."""
        return [each.title for each in ANALYTES.values() if VALUE + each.name not in self.fields]

    def clean(self) -> dict[str, Any]:
        """Set ``results``."""
        data: dict[str, Any] = super().clean() or {}
        data["results"] = [
            NewResult(name.removeprefix(VALUE), data[name], field.unit)
            for name, field in self.fields.items()
            if name.startswith(VALUE) and isinstance(field, NumberField) and data.get(name) is not None
        ]
        if data.get("other_name") or data.get("other_value") is not None:
            self.add_other(data)
        return data

    def add_other(self, data: dict[str, Any]) -> None:
        """Add the result of the free analyte to ``results``."""
        name, value = slug_of(data.get("other_name") or ""), data.get("other_value")
        if not SLUG.fullmatch(name):
            self.add_error("other_name", "Name the analyte, beginning with a letter: Lactate.")
        elif value is None:
            if "other_value" not in self.errors:
                self.add_error("other_value", "Enter the value.")
        else:
            self.check_other(name, value, data)

    def check_other(self, name: str, value: float, data: dict[str, Any]) -> None:
        """Check value and unit of the free analyte by its name."""
        try:
            unit = checked_unit(name, (data.get("other_unit") or "").strip())
            data["results"].append(NewResult(name, checked_value(name, value), unit))
        except BatchInputError as error:
            self.add_error(f"other_{error.field}", sentence(error))


class SampleForm(TimedForm, ResultsForm):
    """A new sample."""

    comment = forms.CharField(required=False, max_length=LONGEST_COMMENT, label="Remark")

    def store(self, actor: Actor) -> Any:
        """Store the sample."""
        data = self.cleaned_data
        return sampling.add_sample(
            self.batch.pk,
            taken_at=data["time"],
            results=data["results"],
            actor=actor,
            comment=data["comment"],
        )


class LaterResultsForm(ResultsForm):
    """Results that came later; ``number`` is the sample's."""

    number = 0

    def store(self, actor: Actor) -> Any:
        """Store the results."""
        return sampling.add_results(self.batch.pk, self.number, self.cleaned_data["results"], actor=actor)


class CorrectForm(EntryForm):
    """The right value of a result; ``number`` is the sample's."""

    number = 0
    result = forms.IntegerField(min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    value = NumberField(label="Right value")
    reason = forms.CharField(required=False, max_length=LONGEST_REASON, label="Why")

    def store(self, actor: Actor) -> Any:
        """Store the correction."""
        data = self.cleaned_data
        return sampling.correct_result(
            self.batch.pk, self.number, data["result"], data["value"], actor=actor, reason=data["reason"]
        )


class WithdrawForm(EntryForm):
    """The reason of a withdrawal; ``number`` is the sample's."""

    number = 0
    reason = forms.CharField(max_length=LONGEST_REASON, label="Why")

    def store(self, actor: Actor) -> Any:
        """Withdraw the sample."""
        return sampling.withdraw_sample(
            self.batch.pk, self.number, actor=actor, reason=self.cleaned_data["reason"]
        )


def label_of(name: str, unit: str) -> str:
    """Return the label: the page shows the unit behind the input, and a screen reader reads it here."""
    hidden = format_html('<span class="unseen">, {}</span>', unit) if unit else ""
    return format_html("{}{}", analyte_title(name), hidden)


def units_of(batch: Batch) -> dict[str, str]:
    """Return the units of the analytes to offer."""
    return {each.name: each.unit for each in offered_analytes(batch)}


def units_sent(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the units of the analytes that were sent: the offer may have changed since."""
    names = [key.removeprefix(VALUE) for key, value in data.items() if key.startswith(VALUE) and value]
    valid = [name for name in names if SLUG.fullmatch(name)][:MOST_RESULTS]
    return {name: unit_sent(name, str(data.get(UNIT + name, ""))) for name in valid}


def unit_sent(name: str, unit: str) -> str:
    """Return the unit; of a known analyte its own."""
    known = ANALYTES.get(name)
    return known.unit if known else unit.replace("\0", "").strip()[:LONGEST_UNIT]

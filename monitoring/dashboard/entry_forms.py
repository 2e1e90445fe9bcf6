"""Forms of entries of a batch: with a time, a number, a name; the form of a note.

They work without scripts, and keep the entry on errors.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from monitoring.alarms import notes
from monitoring.alarms.note_subjects import NoteInputError
from monitoring.alarms.notes import Draft
from monitoring.batches.analytes import checked_value, number_of
from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.sampling import REPEATED_WITHIN
from monitoring.dashboard.alarm_pages import time_of
from monitoring.dashboard.batch_words import sentence
from monitoring.dashboard.notes import KIND_WORDS
from monitoring.dashboard.notification_forms import UtcField
from monitoring.dashboard.quick_times import QuickTime, quick_times
from monitoring.kernel.actor import Actor
from monitoring.kernel.clock import iso_utc
from monitoring.models import Batch, Note, NoteKind

STALE = timedelta(minutes=15)
LONGEST_TEXT = 2_000
# Fields of the domain that have another name in the forms.
RENAMED = {"taken_at": "when", "start": "when", "analyte": "other_name", "unit": "other_unit"}
TIME = {"type": "datetime-local", "step": "1"}
NUMBER = {"inputmode": "decimal", "autocomplete": "off", "enterkeyhint": "next"}


class NumberField(forms.CharField):
    """A number with decimal point or comma; ``analyte`` gives the plausible range."""

    def __init__(self, analyte: str = "", unit: str = "", **kwargs: Any) -> None:
        self.analyte, self.unit = analyte, unit
        super().__init__(**{"max_length": 30, "widget": forms.TextInput(attrs=NUMBER), **kwargs})

    def clean(self, value: Any) -> Any:
        """Return the number; None if empty.

        Raises:
            ValidationError: the text is no plausible number.
        """
        text = super().clean(value)
        try:
            return checked_value(self.analyte, number_of(text)) if text else None
        except BatchInputError as error:
            raise ValidationError(sentence(error)) from error


class EntryForm(forms.Form):
    """A form of a batch, with the name of a writer without a login."""

    def __init__(self, *args: Any, batch: Batch, is_anonymous: bool, **kwargs: Any) -> None:
        self.batch = batch
        super().__init__(*args, **{"label_suffix": "", "auto_id": "%s", **kwargs})
        if is_anonymous:
            self.fields["name"] = forms.CharField(
                required=False,
                max_length=100,
                label="Your name",
                help_text="Recorded as unverified: nobody is signed in.",
                widget=forms.TextInput(attrs={"autocomplete": "name"}),
            )

    def perform(self, actor: Actor) -> Any:
        """Store the entry; return the stored row, or None with the reason in the form if refused."""
        try:
            return self.store(actor)
        except (BatchInputError, NoteInputError) as error:
            name = RENAMED.get(error.field, error.field)
            self.add_error(name if name in self.fields else None, sentence(error))
        except (BatchConflictError, UnknownBatchError) as error:
            self.add_error(None, sentence(error))
        return None

    def focus(self, first: str) -> None:
        """Let the page open at the first field with an error, else at the field of this name."""
        wrong = next((name for name in self.fields if name in self.errors), first)
        if wrong in self.fields:
            self.fields[wrong].widget.attrs["autofocus"] = True

    def store(self, actor: Actor) -> Any:
        """Store the entry.

        Raises:
            BatchInputError, BatchConflictError, UnknownBatchError, NoteInputError: it is refused.
        """
        raise NotImplementedError


class TimedForm(EntryForm):
    """A form with a time: one of the quick ones, or another one, which wins if given.

    ``opened`` is when the times were offered: a phone may show the page for an hour.
    """

    when = forms.CharField(required=False, max_length=40)
    opened = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    at = UtcField(required=False, label="Another time", widget=forms.TextInput(attrs=TIME))

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now, self.chosen = now, time_of(self.data.get("when", ""))
        opened = time_of(self.data.get("opened", ""))
        self.is_stale = opened is not None and now - opened > STALE
        self.offered_at = now if opened is None or self.is_stale or opened > now else opened
        self.times: list[QuickTime] = quick_times(self.batch, self.offered_at, self.chosen)
        if not self.times and self.batch.end:
            self.initial["at"] = f"{self.batch.end:%Y-%m-%dT%H:%M:%S}"

    @property
    def opened_text(self) -> str:
        """Return when the times were offered, for the hidden field."""
        return iso_utc(self.offered_at)

    @property
    def at_text(self) -> str:
        """Return the other time as the input takes it, in UTC; a text that is no time stays."""
        text = str(self["at"].value() or "")
        time = time_of(text)
        return f"{time:%Y-%m-%dT%H:%M:%S}" if time else text

    @property
    def chosen_value(self) -> str:
        """Return the value of the quick time that is chosen; now at first."""
        return iso_utc(self.chosen) if self.chosen else self.times[0].value if self.times else ""

    def clean(self) -> dict[str, Any]:
        """Set ``time``."""
        data: dict[str, Any] = super().clean() or {}
        if "at" in self.errors:
            return data
        data["time"] = data.get("at") or self.chosen
        if data["time"] is None:
            self.add_error("when", "Choose the time, or enter another one.")
        elif data.get("at") is None and self.is_stale:
            self.add_error("when", "This page was open for a while: is this the time? Then save again.")
        return data


class NoteForm(TimedForm):
    """A new note on a batch."""

    text = forms.CharField(
        max_length=LONGEST_TEXT,
        label="Note",
        error_messages={"required": "Write what is to be known."},
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    kind = forms.ChoiceField(choices=list(KIND_WORDS.items()), initial=NoteKind.NOTE, label="Kind")

    def store(self, actor: Actor) -> Any:
        """Store the note. The same note sent again just now (a double tap) is stored once."""
        data = self.cleaned_data
        same = {"batch": self.batch, "text": data["text"], "kind": data["kind"], "start": data["time"]}
        since = datetime.now(UTC) - REPEATED_WITHIN
        found = Note.objects.filter(**same, by=actor.by, at__gte=since, withdrawn_at=None).first()
        if found:
            return found.pk
        draft = Draft(data["text"], data["time"], batch=self.batch.pk, kind=data["kind"])
        return notes.write(draft, actor=actor)

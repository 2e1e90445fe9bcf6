"""The page on which an operator edits the header of a batch: name, recipe, product, strain, free fields."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.forms.formsets import formset_factory
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from monitoring.access.roles import CONDUCT
from monitoring.batches.corrections import as_seen, edit_batch
from monitoring.batches.errors import BatchInputError
from monitoring.batches.json_fields import LONGEST_TEXT, MOST_ENTRIES, checked_header, is_finite
from monitoring.batches.reading import read_recipes
from monitoring.dashboard.acts import act, actor_of
from monitoring.dashboard.alarm_pages import shared
from monitoring.dashboard.batch_entries import batch_of
from monitoring.dashboard.batch_words import header_text, sentence
from monitoring.dashboard.form_rows import FormRows, RowsForm
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Recipe

BLANK_ROWS = 2
LONGEST_NUMBER = 15  # characters: a longer one is a text, as a serial number
NO_RECIPE = ("", "none")
LARGEST_REVISION = 2**31 - 1


class FieldForm(forms.Form):
    """A further field of a header: name and value."""

    name = forms.CharField(required=False, widget=forms.TextInput(attrs={"maxlength": 64}))
    value = forms.CharField(required=False)

    def __init__(self, *args: Any, stored: Mapping[str, Any], **kwargs: Any) -> None:
        self.stored = stored
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        if "\n" in str(self["value"].value() or ""):
            self.fields["value"].widget = forms.Textarea(attrs={"rows": 3})
        self.fields["value"].widget.attrs["maxlength"] = LONGEST_TEXT

    @property
    def entry(self) -> tuple[str, Any] | None:
        """Return name and value of a valid row; None for a row without a value.

        A value that is shown as it was stored stays as stored, also if it is yes, no or nothing.
        """
        name, text = (self.cleaned_data.get(field, "") for field in ("name", "value"))
        text = lines_of(text)
        if name in self.stored and lines_of(header_text(self.stored[name])) == text:
            return name, self.stored[name]
        return (name, value_of(text)) if text else None

    def clean(self) -> dict[str, Any]:
        """Check name and value as the header does."""
        data = super().clean() or {}
        if {"name", "value"} <= set(data) and (entry := self.entry):
            try:
                checked_header(dict([entry]))
            except BatchInputError as error:
                self.add_error(error.part or None, sentence(error))
        return data


class FieldRows(FormRows):
    """The further fields of a header; those without a value are left out."""

    def clean(self) -> None:
        """Refuse a name that two rows have: one of the values would be lost."""
        names: set[str] = set()
        for row in self.forms:
            entry = row.entry if row.is_valid() else None
            if entry and entry[0] in names:
                row.add_error("name", "Another row has this name: choose another one, or empty the value.")
            names |= {entry[0]} if entry else set()

    @property
    def header(self) -> dict[str, Any]:
        """Return the fields of valid rows by name."""
        return dict(row.entry for row in self.forms if row.entry)


FIELD_ROWS: Any = formset_factory(
    FieldForm, formset=FieldRows, max_num=MOST_ENTRIES, absolute_max=MOST_ENTRIES + 10
)


class HeaderForm(RowsForm):
    """The header of a batch as it was seen, with the further fields in ``rows``."""

    name_of_act = "header"
    name = forms.CharField(max_length=64, help_text="Letters, digits, '_', '-' and '.'.")
    recipe = forms.ChoiceField(required=False)
    product = forms.CharField(required=False, max_length=100)
    strain = forms.CharField(required=False, max_length=100)
    revision = forms.IntegerField(min_value=1, max_value=LARGEST_REVISION, widget=forms.HiddenInput)

    def __init__(self, *args: Any, batch: Batch, **kwargs: Any) -> None:
        self.batch = batch
        stored = {name: getattr(batch, name) for name in ("name", "product", "strain", "revision")}
        stored["recipe"] = recipe_key(batch.recipe)
        super().__init__(*args, **{"initial": stored, **kwargs})
        offered = {recipe_key(each): str(each) for each in (batch.recipe, *read_recipes()) if each}
        self.fields["recipe"].choices = [NO_RECIPE, *offered.items()]  # type: ignore[attr-defined]

    def act(self, actor: Actor) -> None:
        """Store what differs from the stored header."""
        data, batch = self.cleaned_data, self.batch
        given = {name: data[name] for name in ("name", "product", "strain")} | {"header": self.rows.header}
        changes = {name: value for name, value in given.items() if value != getattr(batch, name)}
        if data["recipe"] != recipe_key(batch.recipe):
            name, _, version = data["recipe"].partition("/")
            changes |= {"recipe": name, "recipe_version": int(version) if version else None}
        if changes:  # none: the form was sent twice
            with as_seen(batch.pk, data["revision"]):
                edit_batch(batch.pk, changes, actor=actor)


def recipe_key(recipe: Recipe | None) -> str:
    """Return the choice of a version of a recipe; empty for none."""
    return f"{recipe.name}/{recipe.version}" if recipe else ""


def lines_of(text: str) -> str:
    """Return a text as a form sends it back: lines end alike, no blanks around."""
    return "\n".join(text.splitlines()).strip()


def value_of(text: str) -> Any:
    """Return a number where the text is one and reads the same, else the text: "0042" stays a lot number."""
    for kind in (int, float) if len(text) <= LONGEST_NUMBER else ():
        try:
            number = kind(text)
        except ValueError:
            continue
        if str(number) == text and is_finite(number):
            return number
    return text


def rows_of(batch: Batch) -> FormRows:
    """Return the rows of the stored fields, and of those that the batch before had, without a value."""
    stored = [{"name": name, "value": header_text(value)} for name, value in sorted(batch.header.items())]
    usual = [{"name": name} for name in usual_names(batch)]
    rows: FormRows = FIELD_ROWS(
        initial=[*stored, *usual], blank=BLANK_ROWS, form_kwargs={"stored": batch.header}
    )
    return rows


def usual_names(batch: Batch) -> list[str]:
    """Return the fields that this batch lacks of the newest other batch of its recipe, else of its vessel."""
    others = Batch.objects.exclude(pk=batch.pk).exclude(header={})
    is_alike = {"recipe__name": batch.recipe.name} if batch.recipe else {"vessel": batch.vessel}
    newest = others.filter(**is_alike).order_by("-id").first()
    return sorted(set(newest.header) - set(batch.header)) if newest else []


@act(CONDUCT)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_header(request: HttpRequest, id: int) -> HttpResponse:
    """Show and take the form of a header; ``act`` "more" shows the form as sent, with a further row.

    Raises:
        Http404: no batch has this id.
    """
    batch, sent = batch_of(id), request.POST or None
    rows = FIELD_ROWS(sent, form_kwargs={"stored": batch.header}) if sent else rows_of(batch)
    form = HeaderForm(sent, batch=batch, rows=rows)
    if request.POST.get("act") == "more":
        form = HeaderForm(initial=form.entries, batch=batch, rows=rows.more())
    elif form.is_valid() and form.perform(actor_of(request)):
        return redirect(f"{reverse('batch', args=[batch.pk])}#header")
    form.focus_error()
    context = shared(request, datetime.now(UTC)) | {"form": form, "batch": batch}
    return render(request, "batches/header.html", context, status=400 if form.is_bound else 200)

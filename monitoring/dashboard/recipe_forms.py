"""The forms of a recipe: its description, and its phases as rows that are added, moved and removed."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.forms.formsets import formset_factory

from monitoring.batches.errors import BatchConflictError, BatchInputError
from monitoring.batches.finding import newest_version
from monitoring.batches.json_fields import known_roles
from monitoring.batches.recipes import (
    LONGEST_PHASE_S,
    MOST_PHASES,
    NewPhase,
    is_equal,
    make_recipe,
    revise_recipe,
)
from monitoring.batches.vessel_roles import ROLES, role_title
from monitoring.dashboard.batch_words import sentence
from monitoring.dashboard.form_rows import FormRows, RowsForm
from monitoring.dashboard.rule_fields import (
    CONDITION_WORDS,
    PLACEHOLDER,
    RuleFields,
    StoredRule,
    role_choices,
    rule_initial,
    seconds_of,
    shown,
)
from monitoring.kernel.actor import Actor
from monitoring.kernel.clock import LAST_MICROS, from_micros, to_micros
from monitoring.models import Coordinate, Recipe

HOUR_S = 3_600
ROWS_OF_NEW = 3
PHASE_FIELD = re.compile(r"phases\.([0-9]+)\.(\w+)")
RULE = ("condition", "role", "function", "limit", "minutes", "after")
PROGRESS = ("coordinate", "coordinate_role")
OF_CONDITION = ("role", "limit", "minutes", "after")  # mean nothing without a condition
NO_CONDITION = "Choose a condition, or empty the other fields of the rule."


class PhaseForm(RuleFields):
    """A phase of a recipe, with the rule for its begin."""

    name = forms.CharField(max_length=64)
    hours = forms.FloatField(
        required=False,
        label="Typical duration (h)",
        widget=forms.NumberInput(attrs={"step": "any", "min": 0}),
    )
    position = forms.FloatField(required=False, widget=forms.NumberInput(attrs={"step": "any"}))
    condition = forms.ChoiceField(
        required=False,
        label="The phase begins",
        choices=[
            ("", "without a rule: a person or a script begins it"),
            *((name, f"when the tag {words}") for name, words in CONDITION_WORDS.items()),
        ],
    )
    coordinate = forms.ChoiceField(
        required=False, label="Progress is measured by", choices=Coordinate.choices, initial=Coordinate.TIME
    )
    coordinate_role = forms.ChoiceField(required=False, label="Totaliser")

    def __init__(
        self, *args: Any, number: int, stored: StoredRule = None, is_stale: bool = False, **kwargs: Any
    ) -> None:
        self.number = number  # of the row, from 1 on
        self.stored, self.is_stale = stored, is_stale
        super().__init__(*args, **kwargs)
        totalisers = sorted(known_roles(), key=lambda name: not ROLES[name].is_total)
        offered = [PLACEHOLDER, *((name, role_title(name)) for name in totalisers)]
        self.fields["role"].choices = role_choices()  # type: ignore[attr-defined]
        self.fields["coordinate_role"].choices = offered  # type: ignore[attr-defined]

    @property
    def first(self) -> list[forms.BoundField]:
        """Return the fields that every phase has."""
        return [self[name] for name in ("name", "hours", "position")]

    @property
    def of_rule(self) -> list[forms.BoundField]:
        """Return the fields of the rule."""
        return [self[name] for name in RULE]

    @property
    def of_progress(self) -> list[forms.BoundField]:
        """Return the fields of the progress."""
        return [self[name] for name in PROGRESS]

    @property
    def has_rule(self) -> bool:
        """Return whether the fields of the rule must be seen: there is a rule, or an error."""
        return bool(self["condition"].value()) or any(field.errors for field in self.of_rule)

    @property
    def has_progress(self) -> bool:
        """Return whether the fields of the progress must be seen."""
        is_usual = self["coordinate"].value() in (Coordinate.TIME, "")
        return not is_usual or any(each.errors for each in self.of_progress)

    def clean(self) -> dict[str, Any]:
        """Refuse a new entry for a rule without a condition. The stored entries go with their rule.

        In a stale form, sent twice for instance, it is unknown which entries are new.
        """
        data = self.cleaned_data
        if data.get("condition") == "" and not self.is_stale and any(map(self.is_entered, OF_CONDITION)):
            self.add_error("condition", NO_CONDITION)
        return data

    def is_entered(self, name: str) -> bool:
        """Return whether a field has an entry that the stored rule does not have."""
        return self.cleaned_data.get(name) not in (None, "") and self.differs(name)

    @property
    def place(self) -> tuple[float, int]:
        """Return the key of the order: a row that moves up precedes, one that moves down follows."""
        position = self.cleaned_data["position"]
        if position is None:
            return (self.number, 0)
        return (position, (position > self.number) - (position < self.number))

    def phase(self) -> NewPhase:
        """Return the phase of a valid form, not checked yet."""
        data = self.cleaned_data
        return NewPhase(
            data["name"],
            seconds_of(data["hours"], HOUR_S),  # type: ignore[arg-type]  # an infinite one is refused
            self.rule(),
            data["coordinate"] or Coordinate.TIME.value,
            data["coordinate_role"],
        )

    def show(self, error: BatchInputError, name: str) -> None:
        """Show an error of the phase's field ``name`` beside the field of the form."""
        if name == "start_rule":
            self.add_rule_error(error)
        elif name == "typical_duration_s":
            self.add_error("hours", f"Enter hours up to {LONGEST_PHASE_S // HOUR_S}, or none.")
        else:
            self.add_error(name if name in self.fields else None, sentence(error))


class PhaseRows(FormRows):
    """The phases of a recipe; rows that are empty or removed are left out."""

    def __init__(
        self, *args: Any, rules: Sequence[StoredRule] = (), is_stale: bool = False, **kwargs: Any
    ) -> None:
        self.rules, self.is_stale = rules, is_stale  # the stored rules of the first rows
        super().__init__(*args, **kwargs)

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """Number the rows, and give each the stored rule."""
        place = index or 0
        stored = self.rules[place] if place < len(self.rules) else None
        return {"number": place + 1, "label_suffix": "", "stored": stored, "is_stale": self.is_stale}

    def add_fields(self, form: Any, index: int | None) -> None:
        """Word the field that removes a row."""
        super().add_fields(form, index)
        form.fields["DELETE"].label = "Remove this phase"

    @property
    def chosen(self) -> list[PhaseForm]:
        """Return the rows that are phases, in their new order."""
        rows = [row for row in self.forms if row.has_changed() and row not in self.deleted_forms]
        return sorted(rows, key=lambda row: row.place)


PHASE_ROWS: Any = formset_factory(
    PhaseForm, formset=PhaseRows, can_delete=True, max_num=MOST_PHASES, absolute_max=MOST_PHASES + 10
)


def rows_of(recipe: Recipe | None) -> FormRows:
    """Return the rows of the stored phases, or empty ones for a new recipe."""
    if recipe is None:
        return PHASE_ROWS(blank=ROWS_OF_NEW)  # type: ignore[no-any-return]
    rows: FormRows = PHASE_ROWS(
        initial=[
            {
                "name": phase.name,
                "hours": shown(phase.typical_duration_s, HOUR_S),
                "position": phase.position,
                "coordinate": phase.coordinate,
                "coordinate_role": phase.coordinate_role,
                **rule_initial(phase.start_rule),
            }
            for phase in recipe.phases.all()
        ],
        blank=1,
    )
    return rows


def rows_sent(sent: Mapping[str, Any], recipe: Recipe | None) -> FormRows:
    """Return the rows as sent for a recipe to change, or a new one."""
    if recipe is None:
        return PHASE_ROWS(sent)  # type: ignore[no-any-return]
    rows: FormRows = PHASE_ROWS(
        sent,
        rules=[phase.start_rule for phase in recipe.phases.all()],
        is_stale=sent.get("seen") != str(to_micros(recipe.made_at)),
    )
    return rows


class RecipeForm(RowsForm):
    """A recipe with its phases in ``rows``."""

    name_of_act = "recipe"
    description = forms.CharField(required=False, max_length=500)

    chosen: Sequence[PhaseForm] = ()  # the rows that are phases

    def act(self, actor: Actor) -> None:
        """Store the recipe with the phases in the rows."""
        self.chosen = self.rows.chosen
        self.store([row.phase() for row in self.chosen], actor)

    def store(self, phases: Sequence[NewPhase], actor: Actor) -> None:
        """Store the recipe.

        Raises:
            BatchInputError, BatchConflictError, UnknownBatchError: it is refused.
        """
        raise NotImplementedError

    def show(self, error: BatchInputError) -> None:
        """Show an error of a phase in its row."""
        found = PHASE_FIELD.fullmatch(error.field)
        if found:
            self.chosen[int(found[1]) - 1].show(error, found[2])
        else:
            super().show(error)


class NewRecipeForm(RecipeForm):
    """A recipe to make."""

    name = forms.CharField(max_length=64, help_text="Part of addresses: letters, digits, '_', '-' and '.'.")
    field_order = ("name", "description")

    def store(self, phases: Sequence[NewPhase], actor: Actor) -> None:
        """Make the recipe. A form that is sent twice makes it once."""
        name, text = self.cleaned_data["name"], self.cleaned_data["description"]
        try:
            make_recipe(name, phases, description=text, actor=actor)
        except BatchConflictError:
            newest = newest_version(name)
            if newest is None or not is_equal(newest, phases, text):
                raise


class ChangeRecipeForm(RecipeForm):
    """A recipe to change; ``seen`` tells which state was shown."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=LAST_MICROS)

    def __init__(self, *args: Any, recipe: Recipe, **kwargs: Any) -> None:
        self.recipe = recipe
        stored = {"description": recipe.description, "seen": to_micros(recipe.made_at)}
        super().__init__(*args, **{"initial": stored, **kwargs})

    def store(self, phases: Sequence[NewPhase], actor: Actor) -> None:
        """Change the recipe: a version that batches have used stays, and the change makes the next."""
        text, seen = self.cleaned_data["description"], from_micros(self.cleaned_data["seen"])
        revise_recipe(self.recipe.name, phases=phases, description=text, seen=seen, actor=actor)

"""Recipes in the admin: edited through the checks of the API."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from monitoring.admin.designed import CheckedForm, Designed, ListInline, actor_of, errors_as_answers
from monitoring.batches import recipes
from monitoring.batches.errors import BatchInputError
from monitoring.batches.recipes import NewPhase
from monitoring.models import Recipe, RecipePhase


class RecipeForm(CheckedForm):
    """Edit a recipe, with the phases as JSON."""

    phases = forms.JSONField(
        help_text='In order, as [{"name": "growth", "typical_duration_s": 28800}, {"name": "feed",'
        ' "start_rule": {"role": "feed_rate", "above": 0, "for_s": 180}}].',
        widget=forms.Textarea(attrs={"rows": 12, "cols": 80}),
    )

    class Meta:
        model = Recipe
        fields = ("name", "description", "is_retired")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Show the phases so far; a version before the newest has no field for them."""
        super().__init__(*arguments, **options)
        if self.instance.pk and has_newer(self.instance):
            del self.fields["phases"]
        elif self.instance.pk:
            self.initial["phases"] = [as_json(phase) for phase in recipes.phases_of(self.instance)]

    def check(self) -> None:
        """Check the phases, and the name of a new recipe.

        Raises:
            BatchInputError, BatchConflictError: one is invalid.
        """
        if "phases" not in self.cleaned_data:
            return
        phases = self.cleaned_data["phases"] = phases_of(self.cleaned_data["phases"])
        recipes.check_phases(phases)
        if not self.instance.pk and Recipe.objects.filter(name=self.instance.name).exists():
            raise BatchInputError("there is a recipe of this name already: change that one", "name")


def as_json(phase: NewPhase) -> dict[str, Any]:
    """Return a phase as JSON, without fields that have no value."""
    return {name: value for name, value in asdict(phase).items() if value not in (None, "")}


def phases_of(given: Any) -> list[NewPhase]:
    """Return the phases of the form.

    Raises:
        BatchInputError: they are no list of objects with the fields of phases.
    """
    try:
        return [NewPhase(**phase) for phase in given]
    except TypeError as error:
        names = ", ".join(NewPhase.__dataclass_fields__)
        raise BatchInputError(f"expected a list of objects with the fields {names}", "phases") from error


class RecipePhaseInline(ListInline):
    """List the phases of a recipe."""

    model = RecipePhase
    fields = readonly_fields = (
        *("position", "name", "typical_duration_s", "start_rule", "coordinate", "coordinate_role"),
    )


@admin.register(Recipe)
class RecipeAdmin(Designed):
    """List, make, revise and retire recipes. A version that batches have used stays: a change is the next."""

    form = RecipeForm
    list_display = ("name", "version", "description", "is_retired", "made_by", "made_at")
    list_filter = ("is_retired",)
    search_fields = ("name", "description")
    inlines = (RecipePhaseInline,)

    def get_fields(self, request: HttpRequest, obj: Recipe | None = None) -> tuple[str, ...]:
        """Offer phases and description of the newest version."""
        is_newest = obj is None or not has_newer(obj)
        offered = ("name", "description", "phases", "is_retired", "version", "made_by", "made_at")
        return offered if is_newest else tuple(name for name in offered if name != "phases")

    def get_readonly_fields(self, request: HttpRequest, obj: Recipe | None = None) -> tuple[str, ...]:
        """Let only the newest version change, and the mark of retired ones."""
        made: tuple[str, ...] = ("version", "made_by", "made_at")
        if obj is None:
            return (*made, "is_retired")
        return ("name", *made, "description") if has_newer(obj) else ("name", *made)

    def save_model(self, request: HttpRequest, obj: Recipe, form: Any, change: bool) -> None:
        """Store the recipe, as the next version if batches have used this one."""
        actor, given = actor_of(request), form.cleaned_data
        text = given.get("description", obj.description)
        with errors_as_answers():
            if not change:
                obj.pk = recipes.make_recipe(obj.name, given["phases"], description=text, actor=actor).pk
                return
            recipes.retire_recipe(obj.name, obj.version, is_retired=given["is_retired"], actor=actor)
            if "phases" in given:
                recipes.revise_recipe(obj.name, phases=given["phases"], description=text, actor=actor)


def has_newer(recipe: Recipe) -> bool:
    """Return whether the recipe has a newer version."""
    return Recipe.objects.filter(name=recipe.name, version__gt=recipe.version).exists()

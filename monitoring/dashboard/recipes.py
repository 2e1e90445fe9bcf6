"""The pages of recipes: the list with phases and rules, and the forms of engineers. No scripts needed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import groupby

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from monitoring.access.roles import DESIGN
from monitoring.batches.errors import REFUSALS
from monitoring.batches.finding import newest_version
from monitoring.batches.recipes import retire_recipe
from monitoring.dashboard.acts import act, actor_of, may
from monitoring.dashboard.alarm_pages import id_of, page_of_alarms, shared
from monitoring.dashboard.batch_words import rule_text, seconds_text, sentence
from monitoring.dashboard.moments import Moment, moment
from monitoring.dashboard.recipe_forms import (
    ChangeRecipeForm,
    NewRecipeForm,
    RecipeForm,
    rows_of,
    rows_sent,
)
from monitoring.models import Recipe, RecipePhase

OFFERS = {"retire": True, "offer": False}  # acts, and whether the version is retired then
BY_HAND = "begun by a person or a script"
FIRST = "begins with the inoculation"


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """A phase in words: name, typical duration (empty: unknown), how it begins."""

    name: str
    duration: str
    begin: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a recipe; ``batches`` is how many batches have used it."""

    recipe: Recipe
    made_at: Moment
    phases: list[PhaseLine]
    batches: int


@dataclass(frozen=True, slots=True)
class RecipeRow:
    """A recipe with the newest version and the older ones, newest first."""

    name: str
    newest: VersionRow
    older: list[VersionRow]


@page_of_alarms
def recipe_list(request: HttpRequest) -> HttpResponse:
    """List the recipes with their phases and rules."""
    return list_page(request)


def list_page(request: HttpRequest, *, refused: str = "", status: int = 200) -> HttpResponse:
    """Return the page of all recipes; ``refused`` is the reason why an act was refused."""
    now = datetime.now(UTC)
    context = {"rows": recipe_rows(now), "refused": refused, "may_design": may(request, DESIGN)}
    return render(request, "recipes/list.html", shared(request, now) | context, status=status)


def recipe_rows(now: datetime) -> list[RecipeRow]:
    """Return all recipes by name, with all their versions."""
    versions = Recipe.objects.annotate(used=Count("batches")).prefetch_related("phases")
    rows = []
    for name, group in groupby(versions.order_by("name", "-version"), lambda recipe: recipe.name):
        newest, *older = (version_row(each, now) for each in group)
        rows.append(RecipeRow(name, newest, older))
    return rows


def version_row(recipe: Recipe, now: datetime) -> VersionRow:
    """Return a version in words."""
    used: int = recipe.used  # type: ignore[attr-defined]  # see ``recipe_rows``
    return VersionRow(recipe, moment(recipe.made_at, now), phase_lines(list(recipe.phases.all())), used)


def phase_lines(phases: Sequence[RecipePhase]) -> list[PhaseLine]:
    """Return the phases of a version in words, in order."""
    return [
        PhaseLine(
            phase.name,
            seconds_text(phase.typical_duration_s) if phase.typical_duration_s else "",
            FIRST if place == 0 else rule_text(phase.start_rule) if phase.start_rule else BY_HAND,
        )
        for place, phase in enumerate(phases)
    ]


@act(DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def add_recipe(request: HttpRequest) -> HttpResponse:
    """Show and take the form of a new recipe."""
    return edit(request, NewRecipeForm, None)


@act(DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def change_recipe(request: HttpRequest, name: str) -> HttpResponse:
    """Show and take the form of a recipe's newest version.

    Raises:
        Http404: no recipe has this name.
    """
    recipe = newest_or_404(name)
    return edit(request, partial(ChangeRecipeForm, recipe=recipe), recipe)


def edit(request: HttpRequest, make: Callable[..., RecipeForm], recipe: Recipe | None) -> HttpResponse:
    """Store a valid form and go to the recipe; ``act`` "more" shows the form as sent, with a further row."""
    sent = request.POST or None
    form = make(sent, rows=rows_sent(sent, recipe) if sent else rows_of(recipe))
    if request.POST.get("act") == "more":
        form = make(initial=form.entries, rows=form.rows.more())
    elif form.is_valid() and form.perform(actor_of(request)):
        name = recipe.name if recipe else form.cleaned_data["name"]
        return redirect(f"{reverse('recipes')}#recipe-{name}")
    form.focus_error()
    context = {
        "form": form,
        "title": f"Change recipe {recipe.name}" if recipe else "Make a recipe",
        "recipe": recipe,
        "is_used": recipe is not None and (recipe.batches.exists() or recipe.profiles.exists()),
    }
    return render(
        request,
        "recipes/form.html",
        shared(request, datetime.now(UTC)) | context,
        status=400 if form.is_bound else 200,
    )


@act(DESIGN)
@require_POST
def offer_recipe(request: HttpRequest, name: str) -> HttpResponse:
    """Offer a version no longer for new batches (``act`` "retire"), or again ("offer").

    Raises:
        Http404: no recipe has this name, or there is no such act.
    """
    which, version = request.POST.get("act", "")[:40], id_of(request.POST.get("version", "")) or 0
    if which not in OFFERS:
        raise Http404(f"There is no act {which}.")
    recipe = newest_or_404(name)
    try:
        retire_recipe(recipe.name, version, is_retired=OFFERS[which], actor=actor_of(request))
    except REFUSALS as error:
        return list_page(request, refused=sentence(error), status=400)
    return redirect(f"{reverse('recipes')}#recipe-{recipe.name}")


def newest_or_404(name: str) -> Recipe:
    """Return the newest version of a recipe, offered or not.

    Raises:
        Http404: no recipe has this name.
    """
    found = newest_version(name)
    if found is None:
        raise Http404(f"There is no recipe {name[:64]}.")
    return found

"""The page on which an engineer sets the rule for a moment of a vessel's batches."""

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from monitoring.access.roles import DESIGN
from monitoring.batches.errors import BatchInputError
from monitoring.batches.json_fields import MOMENTS, START
from monitoring.batches.reading import read_recipes
from monitoring.batches.vessels import change_rule, rule_as_json, rule_as_seen
from monitoring.dashboard.acts import act, actor_of
from monitoring.dashboard.alarm_pages import shared
from monitoring.dashboard.batch_forms import ActForm
from monitoring.dashboard.batch_words import RULE_TITLES, problem_text
from monitoring.dashboard.rule_fields import RuleFields, role_choices, rule_initial
from monitoring.dashboard.vessel_tiles import present_bindings
from monitoring.dashboard.vessels import vessel_or_404
from monitoring.kernel.actor import Actor
from monitoring.models import Vessel

NO_RECIPE = ("", "none: phases are named as they begin")
# When the moment is found, for the head of the page.
MEANINGS = {
    "start": "A batch starts when this becomes true: it must have been false since the last batch.",
    "inoculation": "A running batch is inoculated when this is true; its first phase begins then.",
    "end": "A running batch ends when this is true after its last phase has begun.",
}


class VesselRuleForm(RuleFields, ActForm):
    """The rule for a moment of a vessel's batches."""

    name_of_act = "rule"
    is_removed = False
    recipe = forms.ChoiceField(
        required=False, label="Recipe of the batches", help_text="In the newest version offered then."
    )
    seen = forms.Field(required=False, widget=forms.HiddenInput)  # the rule that the page showed

    def __init__(self, *args: Any, vessel: Vessel, moment: str, **kwargs: Any) -> None:
        self.vessel, self.moment = vessel, moment
        self.stored = stored = vessel.rules.get(moment) or {}
        initial = rule_initial(stored) | {"seen": rule_as_json(vessel.rules.get(moment))}
        super().__init__(*args, initial=initial, **kwargs)
        bound = {each.role for each in present_bindings(vessel, datetime.now(UTC))}
        self.fields["role"].choices = role_choices(bound)  # type: ignore[attr-defined]
        if f"rules.{moment}" == START:
            names = {recipe.name for recipe in read_recipes()} | {stored.get("recipe") or ""} - {""}
            choices = [NO_RECIPE, *((name, name) for name in sorted(names))]
            self.fields["recipe"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["recipe"]

    def full_clean(self) -> None:
        """Check the fields; those of a rule that is removed need not be valid."""
        super().full_clean()
        if self.is_removed:
            self._errors = ErrorDict()

    def act(self, actor: Actor) -> None:
        """Store the rule, or remove it, unless it has changed since the page was opened."""
        rule = None if self.is_removed else self.rule()
        seen = (self.data.get("seen", ""), rule_as_json(rule))  # the same rule: the form was sent twice
        vessel, moment = self.vessel.name, self.moment
        with rule_as_seen(vessel, moment, *seen) if "seen" in self.data else nullcontext():
            change_rule(vessel, moment, rule, actor=actor)

    def show(self, error: BatchInputError) -> None:
        """Show an error of this rule beside its field, another one above the form."""
        if error.field == f"rules.{self.moment}":
            self.add_rule_error(error)
        elif error.field.startswith("rules."):
            self.add_error(
                None, f"{problem_text(f'{error.field}: {error}')} Change or remove that rule first."
            )
        else:
            super().show(error)


@act(DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_rule(request: HttpRequest, name: str, moment: str) -> HttpResponse:
    """Show and take the form of a rule; with ``act`` "delete", remove the rule.

    Raises:
        Http404: no vessel has this name, or rules know no such moment.
    """
    vessel = vessel_or_404(name)
    if moment not in MOMENTS:
        raise Http404(f"There is no rule for {moment[:40]}.")
    back = f"{reverse('vessel', args=[vessel.name])}#rules"
    form = VesselRuleForm(request.POST or None, vessel=vessel, moment=moment)
    form.is_removed = request.POST.get("act") == "delete"
    if form.is_valid() and form.perform(actor_of(request)):
        return redirect(back)
    context = shared(request, datetime.now(UTC)) | {
        "form": form,
        "vessel": vessel,
        "title": f"{RULE_TITLES[moment]} of batches by rule",
        "meaning": MEANINGS[moment],
        "is_stored": bool(vessel.rules.get(moment)),
        "back": back,
    }
    return render(request, "vessels/rule.html", context, status=400 if form.errors else 200)

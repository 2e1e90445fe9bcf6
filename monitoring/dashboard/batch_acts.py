"""Acts of people on the pages of vessels and batches: conduct, bind, rename, mark golden batches."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from monitoring.access.roles import CONDUCT, DESIGN
from monitoring.batches.corrections import confirm, mark_golden
from monitoring.batches.errors import REFUSALS
from monitoring.batches.vessels import change_binding, unbind
from monitoring.batches.vessels_of_groups import make_of_groups
from monitoring.dashboard.acts import act, actor_of
from monitoring.dashboard.alarm_pages import id_of, shared
from monitoring.dashboard.batch_forms import (
    ACTS,
    ActForm,
    BindForm,
    NewVesselForm,
    RenameForm,
    VesselSettingsForm,
    running_batch,
)
from monitoring.dashboard.batch_words import sentence
from monitoring.dashboard.batches import batch_or_404, batch_page
from monitoring.dashboard.vessels import list_page, vessel_or_404, vessel_page
from monitoring.models import Vessel

DESIGN_FORMS: dict[str, type[Any]] = {"bind": BindForm, "rename": RenameForm, "change": VesselSettingsForm}


def name_of_act(request: HttpRequest) -> str:
    """Return the act that the form names, at most 40 characters."""
    return request.POST.get("act", "")[:40]


@act(CONDUCT)
@require_POST
def conduct(request: HttpRequest, name: str) -> HttpResponse:
    """Start, inoculate, move on, end or abort the batch of a vessel; ``act`` names the act.

    Raises:
        Http404: no vessel has this name, or there is no such act.
    """
    vessel, which = vessel_or_404(name), name_of_act(request)
    if which not in ACTS:
        raise Http404(f"There is no act {which}.")
    form = ACTS[which].form(request.POST, vessel=vessel, batch=running_batch(vessel))
    return answer(request, vessel, form, "state")


@act(DESIGN)
@require_POST
def design(request: HttpRequest, name: str) -> HttpResponse:
    """Bind, unbind, rename or change a vessel; ``act`` names the act.

    Raises:
        Http404: no vessel has this name, or there is no such act.
    """
    vessel, which = vessel_or_404(name), name_of_act(request)
    if which in ("unbind", "forget"):
        return end_binding(request, vessel, which)
    if which not in DESIGN_FORMS:
        raise Http404(f"There is no act {which}.")
    form = DESIGN_FORMS[which](request.POST)
    form.vessel = vessel
    return answer(request, vessel, form, "tags" if which == "bind" else "settings")


def answer(request: HttpRequest, vessel: Vessel, form: ActForm, place: str) -> HttpResponse:
    """Do the act of a form and go back to the vessel; show the form again if it is refused."""
    if form.is_valid() and form.perform(actor_of(request)):
        name = getattr(form, "vessel", vessel).name
        return redirect(f"{reverse('vessel', args=[name])}#{place}")
    return vessel_page(request, vessel, bound={form.name_of_act: form}, status=400)


def end_binding(request: HttpRequest, vessel: Vessel, which: str) -> HttpResponse:
    """End a binding now ("unbind"), or delete one that was a mistake ("forget")."""
    pk = id_of(request.POST.get("binding", "")) or 0
    try:
        if which == "forget":
            unbind(vessel.name, pk, actor=actor_of(request))
        else:
            change_binding(vessel.name, pk, {"end": datetime.now(UTC)}, actor=actor_of(request))
    except REFUSALS as error:
        return vessel_page(request, vessel, bound={"refused": sentence(error)}, status=400)
    return redirect(f"{reverse('vessel', args=[vessel.name])}#tags")


@act(DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def add_vessel(request: HttpRequest) -> HttpResponse:
    """Show and take the form of a new vessel."""
    form = NewVesselForm(request.POST or None)
    if form.is_valid() and form.perform(actor_of(request)):
        return redirect("vessel", form.cleaned_data["name"])
    context = {"form": form, "title": "Make a vessel"}
    return render(
        request,
        "vessels/add.html",
        shared(request, datetime.now(UTC)) | context,
        status=400 if form.errors else 200,
    )


@act(DESIGN)
@require_POST
def make_vessels(request: HttpRequest) -> HttpResponse:
    """Make a vessel of each group of tags that has none."""
    try:
        make_of_groups(actor=actor_of(request))
    except REFUSALS as error:
        return list_page(request, refused=sentence(error), status=400)
    return redirect("vessels")


@act(DESIGN)
@require_POST
def mark_batch(request: HttpRequest, id: int) -> HttpResponse:
    """Mark a batch as golden, or take the mark away (``act`` is "golden" or "plain").

    Raises:
        Http404: no batch has this id, or there is no such act.
    """
    which = name_of_act(request)
    if which not in ("golden", "plain"):
        raise Http404(f"There is no act {which}.")
    return change_batch(request, id, lambda pk: mark_golden(pk, which == "golden", actor=actor_of(request)))


@act(CONDUCT)
@require_POST
def confirm_moments(request: HttpRequest, id: int) -> HttpResponse:
    """Confirm all moments of a batch that rules have found: late data no longer move them.

    Raises:
        Http404: no batch has this id.
    """
    return change_batch(request, id, lambda pk: confirm(pk, actor=actor_of(request)))


def change_batch(request: HttpRequest, id: int, change: Callable[[int], Any]) -> HttpResponse:
    """Change a batch and go back to its page; show the page with the reason if the change is refused."""
    batch = batch_or_404(id)
    try:
        change(batch.pk)
    except REFUSALS as error:
        return batch_page(request, batch, refused=sentence(error), status=400)
    return redirect("batch", batch.pk)

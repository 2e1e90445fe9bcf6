"""The pages of vessels: the wall of all vessels, and one vessel with its tags, acts and batches.

``?part=tiles`` and ``?part=state`` answer the part of a page that a script replaces every few seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from monitoring.access.roles import CONDUCT, DESIGN
from monitoring.batches.errors import UnknownBatchError
from monitoring.batches.finding import find_vessel
from monitoring.batches.reading import BatchSelection, all_vessels, read_batches
from monitoring.batches.soft_sensors.constants import CONSTANTS
from monitoring.batches.soft_sensors.missing import gain_of
from monitoring.batches.vessel_roles import OTHER, ROLES, role_title
from monitoring.batches.vessels_of_groups import preview_of_groups
from monitoring.dashboard.acts import may
from monitoring.dashboard.alarm_pages import page_of_alarms, shared
from monitoring.dashboard.batch_forms import ACTS, BindForm, RenameForm, VesselSettingsForm, forms_of
from monitoring.dashboard.batch_rows import batch_row, batch_table
from monitoring.dashboard.batch_words import FUNCTION_WORDS, ROLE_GAINS, RULE_TITLES, rule_text
from monitoring.dashboard.moments import Moment, moment
from monitoring.dashboard.vessel_tiles import (
    forecasts_of,
    is_bound,
    present_bindings,
    read_readings,
    read_tiles,
    tile_of,
)
from monitoring.models import RuleProblem, Tag, TagFunction, Vessel, VesselTag

HISTORY = 20
WITHOUT_GAIN = "no calculation uses this role yet"


@dataclass(frozen=True, slots=True)
class BindingRow:
    """A bound tag in words; ``begin`` and ``end`` are None where open."""

    binding: VesselTag
    role: str
    function: str
    begin: Moment | None
    end: Moment | None
    is_present: bool


@dataclass(frozen=True, slots=True)
class MissingRole:
    """A role without a tag: what a tag would add, and the soft sensors that lack this role alone."""

    title: str
    gain: str
    completes: list[str]


@page_of_alarms
def vessel_list(request: HttpRequest) -> HttpResponse:
    """Show a tile for each vessel; ``?wall=1`` without navigation, in large type."""
    return list_page(request)


def list_page(request: HttpRequest, *, refused: str = "", status: int = 200) -> HttpResponse:
    """Return the page of all vessels; ``refused`` is the reason why an act was refused."""
    now = datetime.now(UTC)
    may_design = may(request, DESIGN)
    context = {
        "tiles": read_tiles(now),
        "is_wall": request.GET.get("wall") == "1",
        "may_design": may_design,
        "groups": [each for each in preview_of_groups() if not each.problem] if may_design else [],
        "refused": refused,
        "resting": Vessel.objects.filter(is_active=False),
    }
    template = "vessels/_tiles.html" if request.GET.get("part") == "tiles" else "vessels/list.html"
    return render(request, template, shared(request, now) | context, status=status)


@page_of_alarms
def vessel_detail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one vessel; a former name leads to the present one.

    Raises:
        Http404: no vessel has or had this name.
    """
    vessel = vessel_or_404(name)
    if vessel.name != name:
        return redirect("vessel", vessel.name)  # not permanent: the vessel may get the old name back
    return vessel_page(request, vessel)


def vessel_or_404(name: str) -> Vessel:
    """Return the vessel with all that its page shows.

    Raises:
        Http404: no vessel has or had this name.
    """
    try:
        return all_vessels().get(pk=find_vessel(name).pk)
    except UnknownBatchError as error:
        raise Http404(f"There is no vessel {name[:64]}.") from error


def vessel_page(
    request: HttpRequest, vessel: Vessel, *, bound: Mapping[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """Return the page of a vessel; ``bound`` are forms with errors, by name of the act."""
    now, part = datetime.now(UTC), request.GET.get("part", "")
    present = present_bindings(vessel, now)
    running = [each.pk for each in vessel.running]  # type: ignore[attr-defined]
    readings = read_readings({vessel.pk: present}, now, running)
    tile = tile_of(vessel, present, replace(readings, forecasts=forecasts_of([vessel], now)))
    context = {"vessel": vessel, "tile": tile, "row": tile.batch and batch_row(tile.batch, now)}
    if part == "state":
        return render(request, "vessels/_state.html", shared(request, now) | context)
    return render(
        request,
        "vessels/detail.html",
        shared(request, now) | context | details_of(request, vessel, dict(bound or {}), now),
        status=status,
    )


def details_of(
    request: HttpRequest, vessel: Vessel, bound: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return the part of the context that does not change by itself: forms, tags, roles, rules, history."""
    may_conduct, may_design = may(request, CONDUCT), may(request, DESIGN)
    history = read_batches(BatchSelection(vessel=vessel.name), limit=HISTORY)
    return {
        "acts": forms_of(vessel, bound) if may_conduct else [],
        "act_words": ACTS,
        "may_conduct": may_conduct,
        "may_design": may_design,
        "bindings": [binding_row(each, now) for each in vessel.bindings.all()],
        "missing": missing_roles(vessel, present_bindings(vessel, now)),
        "rules": rules_of(vessel),
        "rule_problem": rule_problem(vessel, now),
        "constants": constant_rows(vessel),
        "history": batch_table(history.batches, now),
        "has_more": history.next is not None,
        **(design_forms(vessel, bound) if may_design else {}),
    }


def design_forms(vessel: Vessel, bound: Mapping[str, Any]) -> dict[str, Any]:
    """Return the forms of engineers, those with errors as they were sent."""
    return {
        "bind_form": bound.get("bind") or BindForm(),
        "rename_form": bound.get("rename") or RenameForm(initial={"name": vessel.name}),
        "vessel_form": bound.get("change") or VesselSettingsForm.of(vessel),
        "open_forms": list(bound),
        "refused": bound.get("refused", ""),
        "tag_names": list(
            Tag.objects.filter(active=True).order_by("name").values_list("name", flat=True)[:1000]
        ),
    }


def binding_row(binding: VesselTag, now: datetime) -> BindingRow:
    """Return a bound tag in words."""
    return BindingRow(
        binding=binding,
        role=role_title(binding.role),
        function=FUNCTION_WORDS.get(binding.function, binding.function),
        begin=moment(binding.begin, now) if binding.begin else None,
        end=moment(binding.end, now) if binding.end else None,
        is_present=is_bound(binding, now),
    )


def constant_rows(vessel: Vessel) -> list[tuple[str, str, str]]:
    """Return title, value with unit, and name of each constant, in the order of the titles."""
    rows = []
    for name, value in vessel.constants.items():
        known = CONSTANTS.get(name)
        rows.append(
            (known.title if known else name, f"{value:g} {known.unit if known else ''}".rstrip(), name)
        )
    return sorted(rows)


def missing_roles(vessel: Vessel, present: Sequence[VesselTag]) -> list[MissingRole]:
    """Return the roles without a measured tag, in the order of the roles."""
    known = {each.role for each in present if each.function == TagFunction.MEASURED}
    return [
        MissingRole(
            role.title,
            ROLE_GAINS.get(role.name, WITHOUT_GAIN),
            gain_of(role.name, known, vessel.constants),
        )
        for role in ROLES.values()
        if role.name not in known and role.name != OTHER
    ]


def rules_of(vessel: Vessel) -> list[tuple[str, str, str]]:
    """Return moment, title and rule in words (empty: none) of each moment that a rule may find."""
    stored = vessel.rules
    return [
        (name, title, rule_text(stored[name]) if stored.get(name) else "")
        for name, title in RULE_TITLES.items()
    ]


def rule_problem(vessel: Vessel, now: datetime) -> tuple[str, Moment] | None:
    """Return the problem of the rules that a person has to solve, and since when; None without one."""
    stored: RuleProblem | None = getattr(vessel, "rule_problem", None)
    return (stored.text, moment(stored.since, now)) if stored else None

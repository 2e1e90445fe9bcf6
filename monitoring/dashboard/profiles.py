"""The pages of golden profiles: choose batches, preview their scores, freeze, read. No scripts needed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from monitoring.access.roles import DESIGN
from monitoring.batches.elapsed import elapsed_of
from monitoring.batches.errors import REFUSALS, UnknownBatchError
from monitoring.batches.finding import find_profile, newest_profile
from monitoring.batches.golden.freezing import MOST_BATCHES, NewProfile, freeze, preview, set_profile
from monitoring.batches.golden.profile_reading import preview_json, profile_in_full, read_profiles
from monitoring.batches.watch.expected import expected_false_alarms, expected_found
from monitoring.dashboard.acts import act, actor_of, may
from monitoring.dashboard.alarm_pages import id_of, page_of_alarms, shared
from monitoring.dashboard.batch_words import sentence
from monitoring.dashboard.moments import Moment, moment
from monitoring.kernel.clock import parse_timestamp
from monitoring.models import Batch, BatchState, Profile

MOST_OFFERED = 200
ENOUGH_MEMBERS = 10


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A profile in the list."""

    profile: Profile
    at: Moment
    batches: str


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A golden batch to choose; ``hours`` is its elapsed time at the end."""

    batch: Batch
    start: Moment | None
    hours: float
    is_chosen: bool


@page_of_alarms
def profile_list(request: HttpRequest) -> HttpResponse:
    """List the profiles, and the golden batches for a new one."""
    now = datetime.now(UTC)
    context = shared(request, now) | {
        "rows": [
            ProfileRow(
                each,
                moment(each.made_at, now),
                ", ".join(member.batch.name for member in each.members.all()),
            )
            for each in read_profiles()
        ],
        "offered": batch_rows(chosen_ids(request), now),
        "most": MOST_BATCHES,
        "may_design": may(request, DESIGN),
    }
    return render(request, "profiles/list.html", context)


def batch_rows(chosen: Sequence[int], now: datetime) -> list[CandidateRow]:
    """Return the newest golden batches that are complete and not excluded."""
    golden = Batch.objects.filter(state=BatchState.COMPLETE, is_golden=True, excluded_reason="")
    return [
        CandidateRow(
            batch, moment(batch.start, now) if batch.start else None, hours_of(batch), batch.pk in chosen
        )
        for batch in golden.select_related("vessel", "recipe")[:MOST_OFFERED]
    ]


def hours_of(batch: Batch) -> float:
    """Return the elapsed time at the end of a complete batch in hours."""
    return elapsed_of(batch, batch.end) if batch.end else 0.0


def chosen_ids(request: HttpRequest) -> list[int]:
    """Return the ids of the batches that are ticked; texts that are no ids choose nothing."""
    given = [*request.GET.getlist("batch"), *request.POST.getlist("batch")]
    return [pk for pk in map(id_of, given) if pk is not None]


@act(DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def new_profile(request: HttpRequest) -> HttpResponse:
    """Preview the profile of the ticked batches (GET); freeze it and go to its page (POST)."""
    refused, status = "", 200
    if request.method == "POST":
        text = {name: request.POST.get(name, "").strip() for name in ("name", "note")}
        new = NewProfile(text["name"], chosen_ids(request), note=text["note"][:500])
        made = tried(lambda: freeze(new, actor=actor_of(request)))
        if isinstance(made, Profile):
            return redirect("profile", made.pk)
        refused, status = made, 400
    return preview_page(request, refused, status)


def preview_page(request: HttpRequest, refused: str, status: int) -> HttpResponse:
    """Return the page with scores and coordinates, and the form to freeze."""
    chosen = chosen_ids(request)
    found = tried(lambda: preview_json(preview(chosen))) if chosen else "Tick at least one batch."
    is_known = isinstance(found, dict)
    context = shared(request, datetime.now(UTC)) | {
        "found": found if is_known else None,
        "refused": refused or ("" if is_known else found),
        "chosen": chosen,
        "name": request.POST.get("name", "") or suggested_name(found if isinstance(found, dict) else {}),
        "note": request.POST.get("note", ""),
        "back": f"{reverse('profiles')}?{urlencode({'batch': chosen}, doseq=True)}#choose",
    }
    return render(request, "profiles/new.html", context, status=status if is_known else 400)


def suggested_name(found: dict[str, Any]) -> str:
    """Return the name of the recipe, if the batches have one."""
    return str((found.get("recipe") or {}).get("name", ""))


def tried(act: Callable[[], Any]) -> Any:
    """Return the result of an act, or the reason of its refusal as a sentence."""
    try:
        return act()
    except REFUSALS as error:
        return sentence(error)


@page_of_alarms
def profile_detail(request: HttpRequest, id: int) -> HttpResponse:
    """Show one profile.

    Raises:
        Http404: there is none of this id.
    """
    return detail_page(request, id)


@act(DESIGN)
@require_POST
def use_profile(request: HttpRequest, id: int) -> HttpResponse:
    """Compare a running or planned batch with this profile from now on."""
    chosen = chosen_ids(request)
    made = tried(lambda: set_profile(chosen[0], id, actor=actor_of(request))) if chosen else ""
    if isinstance(made, Batch):
        return redirect("profile", id)
    return detail_page(request, id, refused=made or "Choose a batch.", status=400)


def detail_page(request: HttpRequest, id: int, *, refused: str = "", status: int = 200) -> HttpResponse:
    """Return the page of a profile.

    Raises:
        Http404: there is none of this id.
    """
    try:
        profile = find_profile(id)
    except UnknownBatchError as error:
        raise Http404("There is no such profile.") from error
    now, found = datetime.now(UTC), profile_in_full(profile)
    users, others = open_batches(profile)
    context = shared(request, now) | {
        "profile": profile,
        "found": found,
        "made_at": moment(parse_timestamp(found["made_at"]), now),
        "expected": expected_text(len(found["members"])),
        "others": others,
        "users": users,
        "refused": refused,
        "may_design": may(request, DESIGN),
    }
    return render(request, "profiles/detail.html", context, status=status)


def expected_text(members: int) -> str:
    """Return what to expect of watching with so many golden batches; empty without any."""
    if not members:
        return ""
    batches = "1 golden batch" if members == 1 else f"{members} golden batches"
    more = " More golden batches find more." if members < ENOUGH_MEMBERS else ""
    return (
        f"Watching with {batches} has about {expected_false_alarms(members):.1f} false alarms a batch,"
        f" and finds about {100 * expected_found(members):.0f} % of faults within 4 h."
        f" Measured on simulated vessels: yours may differ.{more}"
    )


def open_batches(profile: Profile) -> tuple[list[Batch], list[Batch]]:
    """Return the running and planned batches that are compared with the profile, and the other ones."""
    rows = Batch.objects.filter(state__in=(BatchState.RUNNING, BatchState.PLANNED))
    found = list(rows.select_related("recipe", "profile").order_by("name")[:MOST_OFFERED])
    newest, name = newest_profile(profile.recipe), profile.recipe and profile.recipe.name
    users = [batch for batch in found if batch.profile == profile]
    if newest == profile:
        users += [each for each in found if not each.profile and each.recipe and each.recipe.name == name]
    return users, [batch for batch in found if batch.profile != profile]

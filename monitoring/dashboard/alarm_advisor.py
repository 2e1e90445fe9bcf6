"""The page of the alarm advisor: alarms that other delays, deadbands and limits would have given."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from monitoring.access.pages import RETRY_AFTER_S
from monitoring.access.roles import DEFINE
from monitoring.alarms.advice_outcomes import Outcome
from monitoring.alarms.advice_reading import AdviceInFull, read_advice_in_full
from monitoring.alarms.advice_turn import AdviceBusyError
from monitoring.alarms.kinds import Kind
from monitoring.alarms.resolving import resolved_now
from monitoring.alarms.wording import title_of
from monitoring.dashboard.acts import may
from monitoring.dashboard.advisor_form import LENGTHS, TRIED, AlarmChoiceForm, TriedSettingsForm
from monitoring.dashboard.alarm_pages import page_of_alarms, shared
from monitoring.dashboard.moments import moment
from monitoring.history.tags import tag_names
from monitoring.kernel.number_format import AS_TYPED
from monitoring.models import AlarmDefinition

NOT_ALLOWED = "The alarm advisor is for the role engineer. An administrator gives roles in the admin."
DEFAULT_DAYS = "1"
BAR_WIDTH = 100  # of the longest bar, in the units of the drawing


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """Settings with the alarms they would have given; ``use`` and ``attempt`` are addresses, or empty."""

    name: str
    outcome: Outcome
    limit: str
    deadband: str
    bar: float
    use: str
    attempt: str


@page_of_alarms
def alarm_advisor(request: HttpRequest) -> HttpResponse:
    """Show the advice on one limit alarm, and the outcome of the settings in the address.

    Raises:
        PermissionDenied: the visitor may not define alarms.
    """
    if not may(request, DEFINE):
        raise PermissionDenied(NOT_ALLOWED)
    now, names = datetime.now(UTC), tag_names()
    initial = {"tag": next(iter(names), ""), "kind": Kind.HIGH.value, "days": DEFAULT_DAYS}
    choice = AlarmChoiceForm({**initial, **request.GET.dict()}, tags=names)
    context = shared(request, now) | {"choice": choice}
    try:
        if "tag" in request.GET and choice.is_valid():
            context |= advice_context(request, choice.cleaned_data, now)
    except AdviceBusyError as error:
        answer = render(request, "alarms/advisor.html", context | {"missing": f"{error}."}, status=503)
        answer["Retry-After"] = str(RETRY_AFTER_S)
        return answer
    return render(request, "alarms/advisor.html", context)


def advice_context(request: HttpRequest, chosen: dict[str, str], now: datetime) -> dict[str, Any]:
    """Return the part of the template context that depends on the alarm; ``missing`` if it has no advice."""
    row = (
        AlarmDefinition.objects.select_related("tag", "target_tag")
        .filter(tag__name=chosen["tag"], kind=chosen["kind"], is_enabled=True)
        .first()
    )
    if row is None or row.tag is None:
        return {"missing": f"{chosen['tag']} has no enabled alarm {title_of(chosen['kind'])}."}
    in_force, tag = resolved_now(row), row.tag.definition()
    form = TriedSettingsForm(request.GET, in_force=in_force, tag=tag)
    tried = form.cleaned_data.get("settings") if form.is_valid() else None
    found = read_advice_in_full(row, tried, days=int(chosen["days"]), now=now)
    if found is None:
        return {"missing": f"Nothing is stored of {chosen['tag']} in this time, or the alarm has no limit."}
    if not any(request.GET.get(name) for name in TRIED):
        initial = numbers_of(found.advice.proposed if found.advice.excursions else found.advice.present)
        form = TriedSettingsForm(initial=initial, in_force=in_force, tag=tag)
    return {
        "definition": row,
        "name": f"{chosen['tag']}: {title_of(row.kind)}",
        "unit": tag.unit,
        "found": found,
        "bounds": [moment(time, now) for time in (found.start, found.end)],
        "form": form,
        "chosen": chosen,
        **tables_of(row, found, chosen),
    }


def tables_of(row: AlarmDefinition, found: AdviceInFull, chosen: dict[str, str]) -> dict[str, Any]:
    """Return the tables of outcomes: the settings themselves, and on-delays, deadbands, limits.

    Without an excursion, any settings would do: nothing is proposed.
    """
    advice = found.advice
    proposed = advice.proposed if advice.excursions else None
    named = {"in force": advice.present, "proposed": proposed, "tried": found.tried}
    shown = {name: outcome for name, outcome in named.items() if outcome is not None}
    most = max([1, *(alarms for _, alarms in advice.curve)])
    tables = {"settings": shown, "deadbands": numbered(found.deadbands), "limits": numbered(found.limits)}
    return {
        "curve": [(delay, alarms, BAR_WIDTH * alarms / most) for delay, alarms in advice.curve],
        **{
            title: [outcome_row(name, outcome, row, found, chosen) for name, outcome in outcomes.items()]
            for title, outcomes in tables.items()
        },
    }


def numbered(outcomes: list[Outcome]) -> dict[str, Outcome]:
    """Return outcomes of a series by number."""
    return {str(number): outcome for number, outcome in enumerate(outcomes)}


def outcome_row(
    name: str, outcome: Outcome, row: AlarmDefinition, found: AdviceInFull, chosen: dict[str, str]
) -> OutcomeRow:
    """Return settings as a row; those in force cannot be used again. The bar compares with those in force."""
    settings, present = numbers_of(outcome), found.advice.present
    unit = row.tag.unit if row.tag else ""
    return OutcomeRow(
        name,
        outcome,
        limit=f"{AS_TYPED.trimmed(outcome.setpoint)} {unit}".strip(),
        deadband=f"{AS_TYPED.trimmed(outcome.deadband)} {unit}".strip(),
        bar=min(BAR_WIDTH, BAR_WIDTH * outcome.alarms / max(1, present.alarms)),
        use=use_address(row, outcome, found, chosen) if settings != numbers_of(present) else "",
        attempt=f"?{urlencode({**chosen, **settings})}#outcome",
    )


def numbers_of(outcome: Outcome) -> dict[str, str]:
    """Return the settings as texts for forms and addresses."""
    return {name: f"{getattr(outcome, name):.12g}" for name in TRIED}


def use_address(row: AlarmDefinition, outcome: Outcome, found: AdviceInFull, chosen: dict[str, str]) -> str:
    """Return the address of the definition's form with these settings and a reason filled in.

    A limit that stays the same is left out: an empty one follows the tag's limit.
    """
    settings, present = numbers_of(outcome), found.advice.present
    if settings["setpoint"] == numbers_of(present)["setpoint"]:
        del settings["setpoint"]
    period = dict(LENGTHS)[chosen["days"]]
    reason = f"Advisor, {period}: {outcome.alarms} alarms in place of {present.alarms}"
    query = urlencode({**settings, "reason": reason})
    return f"{reverse('admin:monitoring_alarmdefinition_change', args=[row.pk])}?{query}"

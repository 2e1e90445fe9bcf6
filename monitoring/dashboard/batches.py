"""The pages of batches: the list with filters, and one batch over elapsed time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from monitoring.access.roles import CONDUCT, DESIGN, NOTE
from monitoring.batches.elapsed import origin_us
from monitoring.batches.finding import bindings_between
from monitoring.batches.forecast.reading import read_forecast
from monitoring.batches.reading import (
    BatchSelection,
    all_batches,
    read_batches,
    read_recipes,
)
from monitoring.batches.vessel_roles import OTHER, ROLES, role_title
from monitoring.batches.watch.extent import NO_PROFILE
from monitoring.batches.watch.wording import FAMILY_WORDS
from monitoring.dashboard.acts import may
from monitoring.dashboard.alarm_pages import cursor_of, cursor_text, page_of_alarms, shared, time_of
from monitoring.dashboard.batch_deviations import FAMILY_TITLES, ComparedBatch, read_compared
from monitoring.dashboard.batch_marks import Happenings, read_happenings
from monitoring.dashboard.batch_rows import (
    batch_row,
    batch_table,
    hours_since,
    moments_of,
    phases_of,
    regions_of,
)
from monitoring.dashboard.batch_words import STATE_WORDS, header_text
from monitoring.dashboard.forecast_lines import forecast_lines
from monitoring.dashboard.sample_rows import note_rows, sample_rows
from monitoring.dashboard.scripts import ScriptTag, chart_script
from monitoring.dashboard.vessel_tiles import expected_of, progress_of
from monitoring.history.number_formats import read_formats
from monitoring.kernel.clock import from_micros
from monitoring.models import Batch, BatchState, TagFunction, Vessel, VesselTag

PAGE = 50
FILTERS = ("vessel", "recipe", "state", "golden", "from", "to", "name")
MOST_COMPARED = 8
LONGEST_NAME = 64
LARGEST_ID = 2**63 - 1
REFRESH_MS = 15_000
USUAL_DECIMALS = 2
MOST_FORECASTS = 10
ADDRESSES = {
    "trend": "trend",
    "soft-sensors": "soft-sensors",
    "watch": "watch",
    "contributions": "watch/contributions",
}


@page_of_alarms
def batch_list(request: HttpRequest) -> HttpResponse:
    """List batches, newest first, in keyset pages; a filter that cannot be read is ignored."""
    query, now = request.GET.dict(), datetime.now(UTC)
    selection, after = selection_of(query), cursor_of(query)
    page = read_batches(selection, limit=PAGE, after=after)
    kept = {name: query[name] for name in FILTERS if query.get(name)}
    context = {
        "rows": batch_table(page.batches, now),
        "older": f"?{urlencode(kept | {'cursor': cursor_text(page.next)})}" if page.next else "",
        "is_first": after is None,
        "query": query,
        "is_filtered": bool(kept),
        "vessels": Vessel.objects.all(),
        "recipes": list(dict.fromkeys(recipe.name for recipe in read_recipes(with_retired=True))),
        "states": STATE_WORDS,
        "most_compared": MOST_COMPARED,
    }
    return render(request, "batches/list.html", shared(request, now) | context)


def selection_of(query: Mapping[str, str]) -> BatchSelection:
    """Return the batches that the parameters select; invalid parameters are ignored."""
    vessel, recipe, name, state = (
        query.get(field, "").replace("\0", "")[:LONGEST_NAME]
        for field in ("vessel", "recipe", "name", "state")
    )
    return BatchSelection(
        vessel=vessel,
        recipe=recipe,
        states=(state,) if state in STATE_WORDS else (),
        is_golden={"yes": True, "no": False}.get(query.get("golden", "")),
        start=time_of(query.get("from", "")),
        end=time_of(query.get("to", "")),
        name_part=name,
    )


@page_of_alarms
def batch_detail(request: HttpRequest, id: int) -> HttpResponse:
    """Show one batch.

    Raises:
        Http404: no batch has this id.
    """
    return batch_page(request, batch_or_404(id))


def batch_or_404(id: int) -> Batch:
    """Return the batch with all that its page shows.

    Raises:
        Http404: no batch has this id.
    """
    found = all_batches().filter(pk=id).first() if id <= LARGEST_ID else None
    if found is None:
        raise Http404(f"There is no batch {id}.")
    return found


def batch_page(request: HttpRequest, batch: Batch, *, refused: str = "", status: int = 200) -> HttpResponse:
    """Return the page of a batch; ``refused`` is the reason why an act was refused."""
    now = datetime.now(UTC)
    origin = from_micros(origin_us(batch))
    happenings = read_happenings(batch, origin, now)
    compared = read_compared(batch, request.GET.get("deviation", ""), origin, now)
    context = live_context(batch, happenings, compared, origin, now) | {
        "header": [(name, header_text(value)) for name, value in sorted(batch.header.items())],
        "may_conduct": may(request, CONDUCT),
        "may_note": may(request, NOTE),
        "may_design": may(request, DESIGN),
        "refused": refused,
    }
    script = chart_script()
    page = shared(request, now) | context | {"script": script, "figures": figures_of(batch, now)}
    page["batch_settings"] = settings_of(batch, script)
    return render(request, "batches/detail.html", page, status=status)


def live_context(
    batch: Batch, happenings: Happenings, compared: ComparedBatch, origin: datetime, now: datetime
) -> dict[str, Any]:
    """Return the part of the context that changes while the batch runs."""
    phases = phases_of(batch, now)
    moments = moments_of(batch, now)
    forecast = read_forecast(batch, now=now)
    return {
        "batch": batch,
        "row": batch_row(batch, now),
        "moments": moments,
        "is_guessed": any(each.is_guessed for each in moments) or any(each.is_guessed for each in phases),
        "phases": phases,
        "expected": expected_of(batch, now, forecast) if batch.state == BatchState.RUNNING else None,
        "forecasts": forecast_lines(forecast, now, most=MOST_FORECASTS),
        "happenings": happenings,
        "compared": compared,
        "no_profile": NO_PROFILE,
        "family_titles": FAMILY_TITLES.items(),
        "samples": sample_rows(batch, now),
        "notes": note_rows(batch, now),
        "batch_marks": happenings.as_json(origin)
        | compared.as_json()
        | {
            "zeroMs": int(origin.timestamp() * 1000),
            "isRunning": batch.state == BatchState.RUNNING,
            "regions": regions_of(phases, origin, now),
            "range": range_of(batch, origin, now),
            "now": hours_since(origin, batch.end or now),
        },
    }


def range_of(batch: Batch, origin: datetime, now: datetime) -> dict[str, float]:
    """Return the ends of the charts in hours: of a running batch at least the typical length."""
    first = hours_since(origin, batch.start or origin)
    last = hours_since(origin, batch.end or now)
    typical = progress_of(batch, now).typical if batch.state == BatchState.RUNNING else None
    return {"from": first, "to": max(last, typical or last, first + 1 / 60)}


def figures_of(batch: Batch, now: datetime) -> list[dict[str, Any]]:
    """Return the charts of a batch: one for each measured tag, known roles first."""
    if batch.start is None:
        return []
    bindings = bindings_between(batch.vessel, batch.start, batch.end or now)
    measured = [each for each in bindings if each.function == TagFunction.MEASURED]
    order = list(ROLES)
    measured.sort(key=lambda each: order.index(each.role) if each.role in order else len(order))
    formats = read_formats(each.tag.definition() for each in measured)
    return [figure_of(binding, formats) for binding in {each.tag.name: each for each in measured}.values()]


def figure_of(binding: VesselTag, formats: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a chart for the scripts."""
    tag = binding.tag.definition()
    number = formats.get(tag.name)
    title = tag.shown_name if binding.role == OTHER else role_title(binding.role)
    return {
        "tag": tag.name,
        "title": title,
        "unit": tag.unit,
        "decimals": number.decimals if number else USUAL_DECIMALS,
        "stepped": tag.kind in ("setpoint", "discrete"),
    }


def settings_of(batch: Batch, script: ScriptTag) -> dict[str, Any]:
    """Return the constant settings of the scripts of a batch's page."""
    address = reverse("batch", args=[batch.pk])
    return {
        "everyMs": REFRESH_MS,
        "chart": script.as_json(),
        "urls": {name: f"{address}/{path}" for name, path in ADDRESSES.items()},
        "families": {
            name: [title, *FAMILY_WORDS.get(name, ("", ""))] for name, title in FAMILY_TITLES.items()
        },
    }

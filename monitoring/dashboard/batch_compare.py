"""The page that compares batches. The address carries all; tables have the same content without scripts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode

from monitoring.access.replica_reads import from_replica, tell_lag
from monitoring.batches.compare import LEAST, MOST, ComparedSignal, common_subjects, compare
from monitoring.batches.compare_aligning import Align
from monitoring.batches.errors import BatchInputError
from monitoring.batches.vessel_roles import OTHER, ROLES
from monitoring.dashboard.alarm_pages import page_of_alarms, shared
from monitoring.dashboard.scripts import chart_script
from monitoring.dashboard.words import duration_text
from monitoring.history.keyset import MAX_ID
from monitoring.kernel.number_format import NumberFormat, format_for
from monitoring.models import Batch, BatchState

POINTS = 600
OFFERED = 30  # batches to add, newest first
ROWS = 25  # of the table of the course
ALIGN_WORDS = {
    Align.ELAPSED: "elapsed time",
    Align.PHASE: "phases",
    Align.MATURITY: "maturity",
}
AXIS_WORDS = {
    Align.ELAPSED: "Elapsed time (EFT), h",
    Align.PHASE: "Phases laid end to end, h",
    Align.MATURITY: "Maturity, % of the golden profile",
}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CompareLink:
    """A link to the same comparison with one choice changed."""

    text: str
    address: str
    is_present: bool


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A batch in the table of differences, as texts; ``without`` is the address without the batch."""

    place: int
    pk: int
    name: str
    vessel: str
    durations: list[str]
    numbers: list[str]
    missing: str
    without: str


@dataclass(frozen=True, slots=True)
class CompareChoice:
    """The choices in the address."""

    batches: Sequence[Batch]
    subject: ComparedSignal
    align: Align

    def address(self, **changed: Any) -> str:
        """Return the query string, with some choices changed."""
        subject = changed.get("subject", self.subject)
        pairs = [("batch", batch.pk) for batch in changed.get("batches", self.batches)]
        pairs += [(name, value) for name, value in (("role", subject.role), ("tag", subject.tag)) if value]
        return f"?{urlencode([*pairs, ('align', changed.get('align', self.align))])}"


@page_of_alarms
def batch_compare(request: HttpRequest) -> HttpResponse:
    """Show 2 to 8 batches on a common axis; with fewer, offer batches to add."""
    now = datetime.now(UTC)
    asked = list(dict.fromkeys(request.GET.getlist("batch")))
    batches = chosen_batches(asked)
    common = common_subjects(batches, now) if batches else []
    choice = CompareChoice(batches, subject_of(request.GET, common), align_of(request.GET.get("align", "")))
    found, problem = comparison_of(request, choice, now)
    context = shared(request, now) | {
        "batches": batches,
        "problem": problem,
        "left_out": len(asked) - len(batches),
        "subjects": subject_links(choice, common),
        "aligns": align_links(choice),
        "offered": offered(batches) if len(batches) < MOST else [],
        "choice": choice,
        "most": MOST,
        "axis": AXIS_WORDS[choice.align],
        "script": chart_script(),
    }
    if found:
        context |= comparison_context(choice, found)
    page = render(request, "batches/compare.html", context, status=400 if problem else 200)
    return tell_lag(request, page)


def comparison_of(request: HttpRequest, choice: CompareChoice, now: datetime) -> tuple[Json | None, str]:
    """Return the comparison, or None and the remedy."""
    if len(choice.batches) < LEAST:
        return None, ""
    if choice.subject == ComparedSignal():
        return None, "These batches have no measured role and no tag in common."
    call = partial(compare, choice.batches, choice.subject, align=choice.align, points=POINTS, now=now)
    try:
        return from_replica(request, call), ""  # a problem is one only if the primary has it, too
    except BatchInputError as error:
        text = str(error)
        return None, f"{text[:1].upper()}{text[1:]}."


def chosen_batches(texts: Sequence[str]) -> list[Batch]:
    """Return the batches that exist, each once, at most ``MOST``, in the order of the address."""
    pks = [int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 19]
    related = Batch.objects.select_related("vessel", "recipe", "profile")
    found = related.prefetch_related("phases", "recipe__phases").in_bulk(
        [pk for pk in dict.fromkeys(pks) if pk <= MAX_ID][: 2 * MOST]
    )
    return [found[pk] for pk in dict.fromkeys(pks) if pk in found][:MOST]


def subject_of(query: Mapping[str, str], common: Sequence[Json]) -> ComparedSignal:
    """Return the chosen role or tag; the first common one if none is chosen."""
    role, tag = query.get("role", ""), query.get("tag", "")
    if role in ROLES and role != OTHER:
        return ComparedSignal(role=role)
    if tag:
        return ComparedSignal(tag=tag)
    return common_subject(common[0]) if common else ComparedSignal()


def common_subject(item: Json) -> ComparedSignal:
    """Return the subject of an item of the common ones."""
    return ComparedSignal(item["role"] or "", item["tag"] or "")


def align_of(text: str) -> Align:
    """Return the chosen axis; elapsed time if none, or an unknown one, is chosen."""
    return Align(text) if text in list(Align) else Align.ELAPSED


def subject_links(choice: CompareChoice, common: Sequence[Json]) -> list[CompareLink]:
    """Return a link for each common role or tag."""
    return [
        CompareLink(
            each["title"],
            choice.address(subject=common_subject(each)),
            common_subject(each) == choice.subject,
        )
        for each in common
    ]


def align_links(choice: CompareChoice) -> list[CompareLink]:
    """Return a link for each axis."""
    return [
        CompareLink(text, choice.address(align=align), align == choice.align)
        for align, text in ALIGN_WORDS.items()
    ]


def offered(batches: Sequence[Batch]) -> list[Batch]:
    """Return the newest batches that can be added: of the recipe of the first one, if it has one."""
    rows = Batch.objects.select_related("vessel").exclude(state=BatchState.PLANNED)
    rows = rows.exclude(pk__in=[batch.pk for batch in batches])
    if batches and batches[0].recipe:
        rows = rows.filter(recipe__name=batches[0].recipe.name)
    return list(rows.order_by("-start", "-id")[:OFFERED])


def comparison_context(choice: CompareChoice, found: Json) -> Json:
    """Return title, tables and the settings of the chart."""
    known = [each for each in found["batches"] if not each["missing"]]
    number = format_for(None, [value for each in known for value in each["mean"] if value is not None])
    names = list(dict.fromkeys(name for each in found["batches"] for name in each["durations_s"]))
    units = list(dict.fromkeys(each["unit"] for each in known))
    return {
        "title": known[0]["title"],
        "unit": units[0] if len(units) == 1 else "",
        "units": units,
        "phases": names,
        "rows": [
            row_of(place, each, names, number.uniform, choice) for place, each in enumerate(found["batches"])
        ],
        "course": course_rows(found["batches"], number.uniform),
        "comparison": {
            "xTitle": AXIS_WORDS[choice.align],
            "xUnit": found["unit"],
            "unit": units[0] if len(units) == 1 else "",
            "decimals": number.uniform.decimals,
            "regions": [
                {"from": each["start"], "to": each["start"] + each["length"], "label": each["name"]}
                for each in found["phases"]
            ],
            "batches": [
                {name: each[name] for name in ("id", "name", "x", "min", "mean", "max")}
                for each in found["batches"]
            ],
            "chart": chart_script().as_json(),
        },
    }


def row_of(
    place: int, item: Json, phases: Sequence[str], number: NumberFormat, choice: CompareChoice
) -> ComparedRow:
    """Return a batch as a row of the table of differences."""
    durations = item["durations_s"]
    others = [batch for batch in choice.batches if batch.pk != item["id"]]
    return ComparedRow(
        place=place,
        pk=item["id"],
        name=item["name"],
        vessel=item["vessel"],
        durations=[duration_text(durations[name]) if name in durations else "" for name in phases],
        numbers=[
            "" if item[name] is None else number.text(item[name])
            for name in ("last", "low", "average", "high")
        ],
        missing=item["missing"],
        without=choice.address(batches=others),
    )


def course_rows(batches: Sequence[Json], number: NumberFormat) -> list[list[str]]:
    """Return the means of all batches at even steps of the axis, as texts; the axis in the first column."""
    ends = [value for each in batches for value in each["x"]]
    if not ends:
        return []
    places = np.linspace(min(ends), max(ends), ROWS)
    reach = (max(ends) - min(ends)) / (ROWS - 1) / 2
    columns = [nearest_means(each, places, reach) for each in batches]
    return [
        [f"{place:.2f}", *("" if value is None else number.text(value) for value in row)]
        for place, *row in zip(places.tolist(), *columns, strict=True)
    ]


def nearest_means(item: Json, places: Any, reach: float) -> list[float | None]:
    """Return the mean of the bucket nearest to each place; None if none is within ``reach``."""
    known = [(x, mean) for x, mean in zip(item["x"], item["mean"], strict=True) if mean is not None]
    if not known:
        return [None] * len(places)
    xs, means = np.array(known).T
    nearest = np.abs(xs[None, :] - places[:, None]).argmin(axis=1)
    return [
        float(means[at]) if abs(xs[at] - place) <= reach else None
        for at, place in zip(nearest.tolist(), places.tolist(), strict=True)
    ]

"""The page Arriving: values of sources that feed no tag yet. Tick them and make tags, or ignore them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from monitoring.access.pages import database_unavailable
from monitoring.access.roles import MAP_SOURCES
from monitoring.dashboard import words
from monitoring.dashboard.acts import may, who
from monitoring.dashboard.alarm_pages import page_number, shared
from monitoring.dashboard.moments import Moment, moment
from monitoring.history.tags import tag_names
from monitoring.kernel.tag_definition import TagKind
from monitoring.models import PointState, Source, SourcePoint
from monitoring.sources.making import MakingError, ignore_points, make_tags, restore_points
from monitoring.sources.point_reading import rate_of, read_points, sources_with_points
from monitoring.sources.suggesting import completed

ROWS = 100  # on a page: a form has at most 1000 fields
TEXTS = ("tag", "unit", "valid_min", "valid_max")
LABELS = {"tag": "Tag", "unit": "Unit", "valid_min": "Valid from", "valid_max": "Valid to"}
KINDS = [str(kind) for kind in TagKind]
NOT_ALLOWED = "Points are mapped by the role engineer. An administrator gives roles in the admin."
NOTHING_TICKED = "Nothing is ticked. Tick the points whose values you want to store, or to ignore."
STATES = {str(PointState.UNMAPPED): "waiting", str(PointState.IGNORED): "ignored"}


@dataclass(slots=True)
class Cell:
    """A text field of a row."""

    name: str
    label: str
    value: str
    error: str = ""


@dataclass(slots=True)
class PointRow:
    """A point with the tag to make, as the form has it; ``errors`` by field."""

    point: SourcePoint
    at: Moment
    age: str
    rate: str
    texts: dict[str, str]
    kind: str
    is_ticked: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def cells(self) -> list[Cell]:
        """Return the text fields."""
        return [Cell(name, LABELS[name], self.texts[name], self.errors.get(name, "")) for name in TEXTS]

    @property
    def other_errors(self) -> str:
        """Return the errors of other fields."""
        return " ".join(text for name, text in self.errors.items() if name not in TEXTS)

    def as_choice(self) -> dict[str, Any]:
        """Return the choice for ``make_tags``; note in ``errors`` which bounds are no numbers."""
        bounds: dict[str, float] = {}
        for name in ("valid_min", "valid_max"):
            try:
                bounds[name] = float(self.texts[name].replace(",", "."))
            except ValueError:
                self.errors[name] = "Expected a number."
        suggested = {**self.point.suggestion, "address": self.point.address, "kind": self.kind}
        return {**suggested, "tag": self.texts["tag"], "unit": self.texts["unit"], **bounds}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def arriving(request: HttpRequest) -> HttpResponseBase:
    """Show the points of a source, and follow the choices of the form.

    Raises:
        PermissionDenied: the visitor may not map sources.
    """
    try:
        if not may(request, MAP_SOURCES):
            raise PermissionDenied(NOT_ALLOWED)
        sources = sources_with_points()
        source = chosen_source(request.POST if request.method == "POST" else request.GET, sources)
        if request.method == "POST" and source is not None:
            return follow(request, source, sources)
        return points_page(request, source, sources)
    except DatabaseError:
        return database_unavailable(request)


def chosen_source(query: QueryDict, sources: list[Source]) -> Source | None:
    """Return the source that the parameters name; else the first one with points, if any."""
    named = [source for source in sources if source.name == query.get("source")]
    return next(iter([*named, *sources]), None)


def follow(request: HttpRequest, source: Source, sources: list[Source]) -> HttpResponse:
    """Make tags of the ticked points, ignore or restore them; show the form again if that is not possible."""
    rows = ticked_rows(source, request.POST)
    act = request.POST.get("act", "make")
    if not rows:
        return points_page(request, source, sources, refused=NOTHING_TICKED)
    if act in ("ignore", "restore"):
        change = ignore_points if act == "ignore" else restore_points
        number = change(source, [row.point.address for row in rows], who(request))
        return back_to(source, {"ignored" if act == "ignore" else "restored": number})
    choices = [row.as_choice() for row in rows]
    if not any(row.errors for row in rows):
        try:
            make_tags(source, choices, who(request), of_points=True)
        except MakingError as error:
            for place, problems in error.problems.items():
                rows[place].errors |= problems
        else:
            return back_to(source, {"made": len(rows)})
    refused = "No tag was made; the fields below say why."
    return points_page(request, source, sources, refused=refused, ticked=rows)


def back_to(source: Source, done: Mapping[str, int]) -> HttpResponse:
    """Return the redirect to the points of the source, with the number of those done."""
    query: dict[str, str | int] = {"source": source.name, **done}
    return redirect(f"{reverse('arriving')}?{urlencode(query)}")


def points_page(
    request: HttpRequest,
    source: Source | None,
    sources: list[Source],
    *,
    refused: str = "",
    ticked: list[PointRow] | None = None,
) -> HttpResponse:
    """Return the page: of the ticked rows alone, if these have errors."""
    now, query = datetime.now(UTC), request.GET.dict()
    state = query.get("state", "") if query.get("state") in STATES else str(PointState.UNMAPPED)
    number = page_number(query)
    page = read_points(source, state, limit=ROWS, offset=(number - 1) * ROWS)
    pages = max(1, -(-page.found // ROWS))
    kept: dict[str, str | int] = {"source": source.name if source else "", "state": state}
    context = {
        "rows": ticked or [row_of(point, now) for point in page.points],
        "found": page.found,
        "source": source,
        "sources": sources,
        "state": state,
        "states": STATES,
        "refused": refused,
        "done": done_text(query),
        "kinds": KINDS,
        "tags": tag_names(),
        "before": f"?{urlencode(kept | {'page': number - 1})}" if number > 1 else "",
        "after": f"?{urlencode(kept | {'page': number + 1})}" if number < pages else "",
    }
    code = 400 if refused else 200
    return render(request, "sources/arriving.html", shared(request, now) | context, status=code)


def done_text(query: Mapping[str, str]) -> str:
    """Return what the last act did, from the parameters of its redirect; empty without one."""
    sentences = {
        "made": "{} now stored. New values are on the dashboard within seconds.",
        "ignored": "{} ignored.",
        "restored": "{} listed again.",
    }
    for name, sentence in sentences.items():
        number = query.get(name, "")
        if number.isascii() and number.isdecimal() and len(number) < 6:
            return sentence.format("1 point is" if number == "1" else f"{number} points are")
    return ""


def row_of(point: SourcePoint, now: datetime) -> PointRow:
    """Return a point with the suggested tag."""
    suggestion = completed(point.suggestion, point.last_raw)
    rate = rate_of(point)
    return PointRow(
        point=point,
        at=moment(point.last_seen, now),
        age=words.duration_text(max(0.0, (now - point.last_seen).total_seconds())),
        rate=rate_text(rate) if rate else "",
        texts={name: text_of(suggestion.get(name, "")) for name in TEXTS},
        kind=str(suggestion.get("kind") or TagKind.ANALOG),
    )


def rate_text(rate: float) -> str:
    """Return a rate with the unit in which a person would say it."""
    for unit, per_unit in (("s", rate), ("min", rate * 60)):
        if per_unit >= 0.95:
            return f"{per_unit:.2g} a {unit}" if per_unit < 100 else f"{per_unit:.0f} a {unit}"
    return f"{rate * 3600:.2g} an hour"


def text_of(value: object) -> str:
    """Return a suggested value as a person would type it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def ticked_rows(source: Source, posted: QueryDict) -> list[PointRow]:
    """Return the ticked points with the fields of the form."""
    keys = [int(key) for key in posted.getlist("tick") if key.isascii() and key.isdecimal() and len(key) < 19]
    now = datetime.now(UTC)
    rows = [row_of(point, now) for point in SourcePoint.objects.filter(source=source, pk__in=keys[:ROWS])]
    for row in rows:
        row.is_ticked = True
        row.texts = {name: posted.get(f"{name}-{row.point.pk}", "").strip() for name in TEXTS}
        row.kind = posted.get(f"kind-{row.point.pk}", row.kind)
    return rows

"""Acts of people on the pages of sources: add, change, test, map, make tags, enable, delete."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from monitoring.access.callers import has_by_login
from monitoring.access.roles import MAP_SOURCES, SET_UP_SOURCES
from monitoring.dashboard.acts import REFUSED, act, may, who
from monitoring.dashboard.alarm_pages import shared
from monitoring.dashboard.point_table import PointTable, ticked_rows
from monitoring.dashboard.source_forms import MappingForm, SourceForm, suggestions_for_mapping
from monitoring.dashboard.sources import detail_page, kinds_to_add
from monitoring.models import Source, SourceMapping, SourcePoint
from monitoring.models.source import LONGEST_ADDRESS
from monitoring.sources.job_requests import (
    DISCOVER,
    FOLDER,
    JOB_KINDS,
    LISTEN,
    JobRefusedError,
    TooSoonError,
    newest_job,
    request_job,
    results_of,
)
from monitoring.sources.kind import SourceKind
from monitoring.sources.libraries import REMEDY, missing_libraries
from monitoring.sources.loading import rule_of
from monitoring.sources.making import make_tags
from monitoring.sources.mapping_settings import MappingInputError, delete_mapping, store_mapping
from monitoring.sources.preview import preview
from monitoring.sources.registry import KINDS
from monitoring.sources.settings import Rights, SourceInputError, delete_source, switch, trust

FOR_ADMINISTRATORS = ("delete", "trust")
SAMPLES = 20


@act(SET_UP_SOURCES)
@require_http_methods(["GET", "HEAD", "POST"])
def add_source(request: HttpRequest) -> HttpResponse:
    """Show and take the form of a new source; without a known protocol, offer the protocols."""
    kind = KINDS.get(request.GET.get("protocol", ""))
    if kind is None:
        return form_page(request, None, "Add a source", kinds=kinds_to_add(), remedy=REMEDY)
    form = SourceForm(request.POST or None, kind=kind, source=None, rights=rights_of(request))
    return edit(request, form, f"Add: {kind.label}")


@act(MAP_SOURCES)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_source(request: HttpRequest, id: int) -> HttpResponse:
    """Show and take the form of a source. The connection is changed by administrators only.

    Raises:
        Http404: no source has this id, or its protocol is no longer known.
    """
    source, kind = source_and_kind(id)
    form = SourceForm(request.POST or None, kind=kind, source=source, rights=rights_of(request))
    return edit(request, form, f"Change {source.name}")


def edit(request: HttpRequest, form: SourceForm, title: str) -> HttpResponse:
    """Store a valid form and go to the source; show the form otherwise."""
    if form.is_valid() and (source := form.save()) is not None:
        return redirect("source", source.pk)
    missing = missing_libraries(form.kind)
    back = reverse("source", args=[form.source.pk]) if form.source else reverse("sources")
    return form_page(request, form, title, missing=missing, remedy=REMEDY, back=back)


@act(MAP_SOURCES)
@require_POST
def act_on_source(request: HttpRequest, id: int) -> HttpResponse:
    """Enable, disable, test, trust or delete a source; ``act`` names the act.

    Raises:
        PermissionDenied: the act is for administrators.
        Http404: no source has this id, or there is no such act.
    """
    source, name = get_object_or_404(Source, pk=id), request.POST.get("act", "")
    if name in FOR_ADMINISTRATORS and not may(request, SET_UP_SOURCES):
        raise PermissionDenied(REFUSED[SET_UP_SOURCES])
    if name == "delete":
        delete_source(source)
        return redirect("sources")
    try:
        place = perform(request, source, name)
    except (SourceInputError, JobRefusedError, TooSoonError) as error:
        text = next(iter(error.problems.values())) if isinstance(error, SourceInputError) else str(error)
        return detail_page(request, source, refused=text, status=400)
    return redirect(f"{reverse('source', args=[source.pk])}{place}")


def perform(request: HttpRequest, source: Source, name: str) -> str:
    """Do the act; return the part of the page to go to.

    Raises:
        Http404: there is no such act.
        SourceInputError, JobRefusedError, TooSoonError: the act is refused.
    """
    if name in ("enable", "disable"):
        switch(source, on=name == "enable")
        return ""
    if name == "trust":
        trust(source, request.POST.get("fingerprint", ""))
        return ""
    if name not in JOB_KINDS:
        raise Http404(f"There is no act {name[:40]}.")
    kind = KINDS.get(source.protocol)
    asked = kind.parameters if kind and name == DISCOVER else ()
    given = {field.name: short_text(request, f"parameter_{field.name}") for field in asked}
    parameters = {name: text for name, text in given.items() if text}
    request_job(source, name, parameters, by=who(request), now=datetime.now(UTC))
    return "#job"


@act(MAP_SOURCES)
@require_POST
def make_tags_of_points(request: HttpRequest, id: int) -> HttpResponse:
    """Make the tags of the points that are ticked, or open the folder that was pressed.

    Raises:
        Http404: no source has this id.
    """
    source = get_object_or_404(Source, pk=id)
    if FOLDER in request.POST:
        return browse(request, source)
    job = newest_job(source)
    rows = ticked_rows(source, job, request.POST.dict()) if job and job.kind == DISCOVER else []
    error = "" if rows else "Tick the points whose values you want to store."
    if rows:
        error = "Nothing was made; below is why."
        try:
            names = make_tags(source, [row.as_choice() for row in rows], who(request))
        except MappingInputError as refused:
            for place, problems in refused.problems.items():
                rows[place].errors |= problems
        except ValueError:
            pass  # the rows have the errors
        else:
            return redirect(f"{reverse('source', args=[source.pk])}?made={len(names)}#mappings")
    points = PointTable(rows, found=len(rows), error=error)
    return detail_page(request, source, points=points, status=400)


def short_text(request: HttpRequest, name: str) -> str:
    """Return a posted text, cut to the length of an address, without the character NUL."""
    return request.POST.get(name, "").replace("\0", "").strip()[:LONGEST_ADDRESS]


def browse(request: HttpRequest, source: Source) -> HttpResponse:
    """Ask for the points in a folder."""
    try:
        node = short_text(request, FOLDER)
        parameters = {FOLDER: node} if node else {}
        request_job(source, DISCOVER, parameters, by=who(request), now=datetime.now(UTC))
    except (JobRefusedError, TooSoonError) as error:
        return detail_page(request, source, refused=str(error), status=400)
    return redirect(f"{reverse('source', args=[source.pk])}#job")


@act(MAP_SOURCES)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_mapping(request: HttpRequest, id: int) -> HttpResponse:
    """Show and take the form of a mapping, new or stored (``?mapping=``); ``?part=preview`` previews it.

    Raises:
        Http404: no source or mapping has this id, or the protocol is no longer known.
    """
    source, kind = source_and_kind(id)
    number = request.GET.get("mapping", "")
    mapping = None
    if number:
        key = int(number) if number.isdecimal() and len(number) < 19 else 0
        mapping = get_object_or_404(SourceMapping, source=source, pk=key)
    if request.method == "POST" and request.POST.get("act") == "delete" and mapping:
        delete_mapping(mapping)
        return redirect(f"{reverse('source', args=[source.pk])}#mappings")
    initial = {"address": request.GET.get("address", "")} if not mapping else {}
    form = MappingForm(request.POST or None, kind=kind, mapping=mapping, initial=initial)
    if request.GET.get("part") == "preview":
        return preview_part(request, source, MappingForm(request.GET, kind=kind, mapping=mapping))
    if form.is_valid():
        try:
            if request.POST.get("act") == "make" and not mapping:
                make_tags(source, [form.choice], who(request))
            else:
                store_mapping(source, form.row, mapping)
        except MappingInputError as error:
            form.add_problems(error)
        else:
            return redirect(f"{reverse('source', args=[source.pk])}#mappings")
    title = f"Change the mapping of {mapping.address}" if mapping else f"Map a value of {source.name}"
    return form_page(
        request,
        form,
        title,
        source=source,
        mapping=mapping,
        may_listen=kind.can_listen,
        back=f"{reverse('source', args=[source.pk])}#mappings",
        template="sources/mapping.html",
        **suggestions_for_mapping(),
    )


def preview_part(request: HttpRequest, source: Source, form: MappingForm) -> HttpResponse:
    """Return the tag and value that the mapping in the form makes of the last messages or points."""
    form.is_valid()
    for name in ("address", "tag", "value_pointer", "time_pointer", "time_format", "zone"):
        form.cleaned_data.setdefault(name, "")
    form.cleaned_data = {"factor": 1.0, "offset": 0.0, **form.cleaned_data}
    rule = rule_of(SourceMapping(source=source, **form.row.columns))
    made_of = partial(preview, rule, uses_receive_time=source.uses_receive_time)
    found = [(address, raw, made_of(address, raw)) for address, raw in samples_of(source)]
    found.sort(key=lambda sample: sample[2] is None)  # those of the mapping come first
    return render(request, "sources/_preview.html", {"samples": found, "has_address": bool(rule.address)})


def samples_of(source: Source) -> list[tuple[str, str]]:
    """Return address and payload of the last messages; without any, of the last points."""
    messages = results_of(newest_job(source, LISTEN), "messages")[-SAMPLES:]
    if messages:
        return [(str(row.get("address", "")), str(row.get("raw", ""))) for row in reversed(messages)]
    points = SourcePoint.objects.filter(source=source).order_by("-last_seen")[:SAMPLES]
    return list(points.values_list("address", "last_raw"))


def source_and_kind(id: int) -> tuple[Source, SourceKind]:
    """Return the source and the description of its protocol.

    Raises:
        Http404: no source has this id, or its protocol is no longer known.
    """
    source = get_object_or_404(Source, pk=id)
    kind = KINDS.get(source.protocol)
    if kind is None:
        raise Http404(f"This version of Fermon does not know the protocol {source.protocol}.")
    return source, kind


def rights_of(request: HttpRequest) -> Rights:
    """Return the rights of the visitor."""
    return Rights(may_set_up=may(request, SET_UP_SOURCES), may_refer=has_by_login(request, SET_UP_SOURCES))


def form_page(
    request: HttpRequest, form: Any, title: str, template: str = "sources/form.html", **context: Any
) -> HttpResponse:
    """Return the page with the form; 400 if the form has errors."""
    now = datetime.now(UTC)
    status = 400 if form is not None and form.errors else 200
    return render(
        request, template, shared(request, now) | {"form": form, "title": title, **context}, status=status
    )

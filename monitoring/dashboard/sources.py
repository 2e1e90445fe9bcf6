"""The pages of field sources: the list, and one source with its status, jobs and mappings.

``?part=`` answers the part of a page that a script replaces every two seconds.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from monitoring.access.roles import MAP_SOURCES, SET_UP_SOURCES
from monitoring.dashboard import source_words as words
from monitoring.dashboard.acts import may
from monitoring.dashboard.alarm_pages import page_number, page_of_alarms, shared
from monitoring.dashboard.moments import Moment, moment
from monitoring.dashboard.point_table import TAG_KINDS, PointTable, point_table
from monitoring.models import PointState, Source, SourceGap, SourceJob
from monitoring.sources.job_requests import (
    DISCOVER,
    LISTEN,
    OPEN,
    TEST,
    newest_job,
    obstacle,
    offered_fingerprint,
    results_of,
)
from monitoring.sources.kind import Field, SourceKind
from monitoring.sources.libraries import REMEDY, missing_libraries
from monitoring.sources.loading import rule_of
from monitoring.sources.preview import preview
from monitoring.sources.reading import SourceView, read_sources
from monitoring.sources.registry import ALL, KINDS
from monitoring.sources.session import State
from monitoring.sources.settings import secrets_shown

MAPPINGS = 100  # on a page
MESSAGES = 20
GAPS = 5
NEEDS_A_PERSON = (State.FAILED, State.STANDBY)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source in words."""

    view: SourceView
    shape: str
    state: str
    since: Moment | None
    rate: str
    lag: str
    clock: str
    gaps: str
    error_at: Moment | None
    newest: Moment | None
    needs_a_person: bool

    @property
    def notices(self) -> list[str]:
        """Return the sentences for a person."""
        return [str(text) for text in self.view.status.notices] if self.view.status else []


@dataclass(frozen=True, slots=True)
class Message:
    """A message that has arrived, and the tag and value that the mappings make of it."""

    address: str
    raw: str
    outcomes: list[str]


@page_of_alarms
def source_list(request: HttpRequest) -> HttpResponse:
    """List the sources with their status."""
    now = datetime.now(UTC)
    context = {
        "rows": [source_row(view, now) for view in read_sources(now)],
        "may_set_up": may(request, SET_UP_SOURCES),
        "may_map": may(request, MAP_SOURCES),
    }
    template = "sources/_states.html" if request.GET.get("part") == "states" else "sources/list.html"
    return render(request, template, shared(request, now) | context)


@page_of_alarms
def source_detail(request: HttpRequest, id: int) -> HttpResponse:
    """Show one source. Settings, jobs and mappings are for the role engineer.

    Raises:
        Http404: no source has this id.
    """
    source = get_object_or_404(Source, pk=id)
    return detail_page(request, source)


def detail_page(request: HttpRequest, source: Source, **extra: Any) -> HttpResponse:
    """Return the page of a source, or the part that the address names."""
    now, part = datetime.now(UTC), request.GET.get("part", "")
    [view] = read_sources(now, [source])
    context = shared(request, now) | {
        "source": source,
        "row": source_row(view, now),
        "may_set_up": may(request, SET_UP_SOURCES),
        "may_map": may(request, MAP_SOURCES),
    }
    if part == "status":
        return render(request, "sources/_status.html", context)
    if part and not context["may_map"]:
        raise Http404(f"There is no part {part}.")
    if context["may_map"]:
        context |= job_context(request, source, now, extra.pop("points", None))
    if part == "job":
        return render(request, "sources/_job.html", context)
    if context["may_map"]:
        context |= map_context(request, source, now)
    return render(request, "sources/detail.html", context | extra, status=extra.pop("status", 200))


def source_row(view: SourceView, now: datetime) -> SourceRow:
    """Return a source in words."""
    shape, state = words.state_words(view)
    status = view.status
    since = status.since if status and view.state == status.state else None
    return SourceRow(
        view=view,
        shape=shape,
        state=state,
        since=moment(since, now) if since else None,
        rate=words.rate_text(status.rate) if status else "",
        lag=words.milliseconds_text(status.lag_ms) if status else "",
        clock=words.clock_text(status.clock_offset_ms) if status else "",
        gaps=words.gaps_text(view),
        error_at=moment(status.error_at, now) if status and status.error_at else None,
        newest=moment(status.newest, now) if status and status.newest else None,
        needs_a_person=view.is_collected and view.state in NEEDS_A_PERSON,
    )


def job_context(
    request: HttpRequest, source: Source, now: datetime, points: PointTable | None = None
) -> dict[str, Any]:
    """Return the newest job with its steps, and the points or messages that it found."""
    job = newest_job(source)
    is_over = job is not None and job.state not in OPEN
    kind = KINDS.get(source.protocol)
    context: dict[str, Any] = {"job": job, "job_is_over": is_over or job is None, "kind": kind}
    if job is None:
        return context
    context |= {
        "job_text": words.job_words(job, now),
        "asked": moment(job.asked_at, now),
        "steps": [step for step in job.steps if isinstance(step, dict)],
        "fingerprint": offered_fingerprint(source) if job.kind == TEST else "",
    }
    if job.kind == DISCOVER and job.state == SourceJob.State.DONE:
        context["points"] = points or point_table(source, job, request.GET)
        context["tag_kinds"] = TAG_KINDS
    if job.kind == LISTEN:
        context["messages"] = messages_of(source, job)
    return context


def map_context(request: HttpRequest, source: Source, now: datetime) -> dict[str, Any]:
    """Return mappings, settings, gaps, and the buttons that the protocol has."""
    kind = KINDS.get(source.protocol)
    mappings = source.mappings.all()
    found = mappings.count()
    pages = max(1, -(-found // MAPPINGS))
    page = min(pages, page_number(request.GET.dict()))
    gaps = SourceGap.objects.filter(source=source).select_related("tag")[:GAPS]
    return {
        "settings_shown": settings_shown(source, kind),
        "mappings": [
            (mapping, words.scale_text(mapping.factor, mapping.offset))
            for mapping in mappings[(page - 1) * MAPPINGS : page * MAPPINGS]
        ],
        "found": found,
        "page": page,
        "pages": range(1, pages + 1) if pages > 1 else [],
        "unmapped": source.points.filter(state=PointState.UNMAPPED).count(),
        "jobs": [
            (name, label)
            for name, label in (("test", "Test connection"), ("discover", "Discover"), ("listen", "Listen"))
            if not obstacle(source, name)
        ],
        "parameters": parameters_of(source, kind),
        "missing": missing_libraries(kind) if kind else [],
        "remedy": REMEDY,
        "offered": offered_fingerprint(source),
        "made": made_text(request.GET.get("made", "")),
        "gap_rows": [
            (gap, moment(gap.begin, now), moment(gap.end, now) if gap.end else None) for gap in gaps
        ],
    }


def parameters_of(source: Source, kind: SourceKind | None) -> list[tuple[Field, str]]:
    """Return the parameters of discovery, each with the value of the last time."""
    last = newest_job(source, DISCOVER)
    given = last.parameters if last else {}
    return [(field, str(given.get(field.name, field.default))) for field in (kind.parameters if kind else ())]


def made_text(number: str) -> str:
    """Return how many tags were made just now; empty if the address does not say so."""
    if not re.fullmatch("[0-9]{1,4}", number):
        return ""
    if number == "0":
        return "The points are mapped to tags that existed."
    return "1 tag was made." if number == "1" else f"{number} tags were made."


def settings_shown(source: Source, kind: SourceKind | None) -> list[tuple[str, str]]:
    """Return the label and the text of each field that is set; of secrets where they come from."""
    if kind is None:
        return []
    values = {**source.settings, **secrets_shown(source)}
    rows = []
    for field in kind.fields:
        text = str(values.get(field.name, ""))
        if text and field.lines and not field.is_secret:
            text = f"{len(text.splitlines())} lines"
        rows.append((field.label, dict(field.choices).get(text, text)))
    return [(label, text) for label, text in rows if text]


def messages_of(source: Source, job: SourceJob) -> list[Message]:
    """Return the newest messages of a job that listens, with the outcome by each mapping."""
    rules = [rule_of(mapping) for mapping in source.mappings.all()]
    made_of = partial(preview, uses_receive_time=source.uses_receive_time)
    found = []
    for row in reversed(results_of(job, "messages")[-MESSAGES:]):
        address, raw = str(row.get("address", "")), str(row.get("raw", ""))
        outcomes = filter(None, (made_of(rule, address, raw) for rule in rules))
        texts = [f"{each.tag}: {each.problem or f'{each.value:g}'}" for each in outcomes]
        found.append(Message(address, raw, texts))
    return found


def kinds_to_add() -> list[tuple[SourceKind, list[str]]]:
    """Return the protocols, each with the libraries that are missing."""
    kinds = {kind.name: kind for kind in (*ALL, *KINDS.values())}
    return [(kind, missing_libraries(kind)) for kind in kinds.values()]

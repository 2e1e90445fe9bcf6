"""The page that requests backtests of other detection settings; the worker computes the results."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_q.tasks import async_task

from monitoring.access.pages import signed_in_as
from monitoring.dashboard import words
from monitoring.dashboard.backtest_form import BacktestForm, bounds_of, initial_for
from monitoring.dashboard.moments import Moment, age_s, moment
from monitoring.detection.backtest import requests
from monitoring.detection.backtest.compare import WARM_UP
from monitoring.detection.backtest.data import BacktestError, find_stretch, find_subject
from monitoring.detection.backtest.requests import Asked, CrowdedError, Question
from monitoring.detection.backtest.worker import ROWS
from monitoring.detection.detectors.overrides import override_lines
from monitoring.detection.detectors.settings import defaults
from monitoring.history.heartbeats import heartbeat
from monitoring.history.tags import tag_names
from monitoring.kernel.clock import from_micros, iso_utc
from monitoring.kernel.lease_names import DETECTION

# Slightly more than one week at one reading per second.
MOST_READINGS = 650_000
TASK = "monitoring.tasks.run_backtests"
# Longer than the waiting backtests may take in total: one task runs all of them in sequence.
TASK_S = 3600
WORKER_QUIET_S = 15
CROWDED = "Others wait for theirs already. Try again in a minute or two."
AWAY = "The database is away, so nothing can be tried. Nothing is lost; try again soon."


@dataclass(frozen=True, slots=True)
class FoundRow:
    """An event found with the tried settings; ``address`` links to the measurements of that time."""

    kind: str
    detector: str
    start: Moment
    until: Moment | None
    score: str
    explanation: str
    address: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def backtest(request: HttpRequest) -> HttpResponse:
    """Show form and result (GET), or request a backtest and redirect to this page (POST)."""
    try:
        return posted(request) if request.method == "POST" else shown(request)
    except DatabaseError:
        return render(request, "error.html", {"code": 503, "detail": AWAY}, status=503)


@never_cache
@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """Return the progress of the user's backtest as JSON; ``share`` is from 0 to 1."""
    try:
        asked = last_asked(request)
    except DatabaseError:
        return JsonResponse({"detail": AWAY}, status=503)
    is_over = asked is None or asked.outcome is not None
    return JsonResponse({"is_over": is_over, "share": asked.share if asked else 1.0, "told": told(asked)})


def posted(request: HttpRequest) -> HttpResponse:
    """Request the backtest and redirect (303), or return the page with the form's errors (400)."""
    form, now = BacktestForm(request.POST, tags=tag_names()), datetime.now(UTC)
    if form.is_valid():
        question = form.question()
        try:
            start, end = bounds_of(question, now)
            find_stretch(find_subject(question.tag), start, end, at_most=MOST_READINGS)
            requests.ask(asker_of(request), question, start, end, now=now)
        except (BacktestError, CrowdedError) as error:
            form.add_error(None, str(error) or CROWDED)
        else:
            async_task(TASK, group="fermon.backtests", q_options={"timeout": TASK_S})
            return HttpResponseRedirect(f"{reverse('backtest')}?{query_of(question)}#outcome", status=303)
    return render(request, "dashboard/backtest.html", page_of(form, request), status=400)


def shown(request: HttpRequest) -> HttpResponse:
    """Return the page with the form filled in from the address.

    Include the result only if the form matches the user's last request.
    """
    names = tag_names()
    if "sensitivity" not in request.GET:
        tag = request.GET.get("tag", "")
        tag = tag if tag in names else next(iter(names), "")
        initial = initial_for(tag, find_subject(tag).present) if tag else {}
        return answer(request, BacktestForm(initial=initial, tags=names))
    form = BacktestForm(request.GET, tags=names)
    asked = last_asked(request)
    if not form.is_valid() or asked is None or asked.question != form.question().as_json():
        asked = None
    return answer(request, form, asked)


def answer(request: HttpRequest, form: BacktestForm, asked: Asked | None = None) -> HttpResponse:
    """Render the page with this form and this backtest, if any."""
    context = page_of(form, request) | {"asked": asked, "told": told(asked)}
    if asked is not None and asked.outcome is not None:
        context |= outcome_of(asked, datetime.now(UTC))
    return render(request, "dashboard/backtest.html", context)


def page_of(form: BacktestForm, request: HttpRequest) -> dict[str, Any]:
    """Return the part of the template context that does not depend on a backtest."""
    return {
        "form": form,
        "defaults": override_lines(defaults()),
        "tag": str(form["tag"].value() or ""),
        "open": settings.FERMON_OPEN,
        "signed_in_as": signed_in_as(request),
    }


def outcome_of(asked: Asked, now: datetime) -> dict[str, Any]:
    """Return the result of a finished backtest, or the error, as template context."""
    outcome = asked.outcome or {}
    if "error" in outcome:
        return {"failure": outcome["error"]}
    tag = asked.question["tag"]
    return {
        "headline": headline(outcome["events"], outcome["present"]),
        "readings": f"{outcome['readings']:,}",
        "warm_up": f"{WARM_UP:,}",
        "bounds": [moment(time, now) for time in (asked.start, asked.end)],
        "rows": [found_row(tag, row, now, asked.end) for row in outcome["rows"]],
        "left_out": max(0, outcome["events"] - ROWS),
        "settings_address": settings_address(asked.question),
    }


def headline(events: int, present: int) -> str:
    """Return a sentence with the number of events for the tried and for the present settings."""
    found = f"{events or 'no'} event{'' if events == 1 else 's'}"
    return f"These settings would have given {found}; the present ones give {present or 'none'}."


def found_row(tag: str, row: list[Any], now: datetime, last: datetime) -> FoundRow:
    """Convert a stored row of the result; ``last`` ends the linked time range of an open event."""
    start_us, end_us, detector, kind, score, explanation = row
    start, end = from_micros(start_us), None if end_us is None else from_micros(end_us)
    shown = {"tag": tag, "from": iso_utc(start - words.AROUND), "to": iso_utc((end or last) + words.AROUND)}
    return FoundRow(
        kind=words.kind_text(kind),
        detector=detector,
        start=moment(start, now),
        until=moment(end, now) if end else None,
        score=f"{score:.3g}",
        explanation=explanation,
        address=f"{reverse('dashboard')}?{urlencode(shown)}",
    )


def settings_address(question: dict[str, Any]) -> str:
    """Return the address of the tag's admin form, with the tried settings filled in."""
    filled = {
        "detectors_off": question["off"],
        "detectors_on": question.get("on", []),
        "sensitivity": f"{question['sensitivity']:.15g}",
        "detection_parameters": "\n".join(override_lines(question["parameters"])),
    }
    tag = find_subject(question["tag"]).pk
    return f"{reverse('admin:monitoring_tag_change', args=[tag])}?{urlencode(filled, doseq=True)}"


def query_of(question: Question) -> str:
    """Return the query string of this page for the question."""
    tried = question.settings
    asked = question.as_json() | {
        "sensitivity": f"{tried.sensitivity:.15g}",
        "parameters": "\n".join(override_lines(tried.parameters)),
    }
    return urlencode({name: value for name, value in asked.items() if value or name == "days"}, doseq=True)


def told(asked: Asked | None) -> str:
    """Return the progress in words; empty without a backtest and after the end."""
    if asked is None or asked.outcome is not None:
        return ""
    if asked.is_begun:
        return f"Working: {asked.share:.0%}"
    seen = heartbeat(DETECTION)
    if seen is None or age_s(seen, datetime.now(UTC)) > WORKER_QUIET_S:
        return "It waits for the worker, which does not run: start manage.py qcluster."
    return "It waits for the worker."


def last_asked(request: HttpRequest) -> Asked | None:
    """Return the user's last request; None if there is none."""
    if not request.user.is_authenticated and request.session.session_key is None:
        return None
    return requests.last_asked(asker_of(request))


def asker_of(request: HttpRequest) -> str:
    """Return the key of the user, or of the browser session without a login; create a missing session."""
    if request.user.is_authenticated:
        return f"user {request.user.pk}"
    if request.session.session_key is None:
        request.session.create()
    return f"session {request.session.session_key}"

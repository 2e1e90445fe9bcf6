"""The pages of file imports: the list with the drop zone; one import from the preview to the result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from monitoring.access.pages import database_unavailable
from monitoring.access.roles import IMPORT
from monitoring.dashboard.acts import may, who
from monitoring.dashboard.alarm_pages import shared
from monitoring.dashboard.file_import_form import SettingsForm, posted_targets, target_rows, zone_names
from monitoring.dashboard.moments import Moment, age_s, moment
from monitoring.dashboard.words import duration_text
from monitoring.history.heartbeats import heartbeat
from monitoring.history.tags import tag_names
from monitoring.kernel.clock import parse_timestamp
from monitoring.kernel.lease_names import DETECTION
from monitoring.kernel.reason_words import reason_text
from monitoring.models import FileImport
from monitoring.sources.file_import import jobs
from monitoring.sources.file_import.errors import ImportInputError
from monitoring.sources.file_import.files import KEPT_DAYS
from monitoring.sources.file_import.jobs import AT_WORK, ENDED, PIECE, WrongStateError
from monitoring.sources.file_import.limits import MOST_BYTES

NOT_ALLOWED = "Files are imported by the role engineer. An administrator gives roles in the admin."
SHOWN = 100
WORKER_QUIET_S = 15
REASONS = {
    "skipped_hour": "at a time that clocks skip",
    "repeated_hour": "at a time that clocks show twice",
    "bad_timestamp": "time cannot be read",
}
MANY_TAGS = 500  # offered in the list of a field
DOING = {"reading": "Reading the file", "checking": "Checking", "importing": "Importing"}


@dataclass(frozen=True, slots=True)
class ImportRow:
    """An import in the list."""

    row: FileImport
    at: Moment
    counts: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The rejected rows of one reason: how many, and the first."""

    reason: str
    count: int
    examples: list[dict[str, Any]]


def page_of_imports(
    *methods: str,
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponseBase]]:
    """Make a view a page for the role engineer, which answers 503 while the database is away."""

    def decorated(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
        @never_cache
        @require_http_methods(["GET", "HEAD", *methods])
        @wraps(view)
        def page(request: HttpRequest, **named: Any) -> HttpResponseBase:
            try:
                if not may(request, IMPORT):
                    raise PermissionDenied(NOT_ALLOWED)
                return view(request, **named)
            except DatabaseError:
                return database_unavailable(request)
            except FileImport.DoesNotExist as error:
                raise Http404("There is no such import.") from error

        return page

    return decorated


@page_of_imports()
def import_list(request: HttpRequest) -> HttpResponse:
    """Show the drop zone and the last imports."""
    now = datetime.now(UTC)
    rows = FileImport.objects.defer("analysis", "targets", "check_result")[:SHOWN]
    context = shared(request, now) | {
        "rows": [ImportRow(row, moment(row.created_at, now), counts_text(row.counts)) for row in rows],
        "most_mib": MOST_BYTES // 2**20,
        "most_bytes": MOST_BYTES,
        "piece": PIECE,
        "kept_days": KEPT_DAYS,
    }
    return render(request, "file_import/list.html", context)


@page_of_imports("POST")
def import_detail(request: HttpRequest, id: int) -> HttpResponse:
    """Show one import (GET), or act on it and lead back to it (POST)."""
    if request.method == "POST":
        return posted(request, id)
    return shown(request, FileImport.objects.get(pk=id))


@page_of_imports()
@require_safe
def import_progress(request: HttpRequest, id: int) -> HttpResponse:
    """Return state and progress as JSON; ``share`` is from 0 to 1."""
    row = FileImport.objects.defer("analysis", "targets").get(pk=id)
    return JsonResponse({"state": row.state, "share": share_of(row), "told": told(row, datetime.now(UTC))})


def posted(request: HttpRequest, id: int) -> HttpResponse:
    """Act on an import and redirect to its page; show the page with the reason if the act is refused."""
    act = request.POST.get("act", "")
    try:
        if act == "cancel":
            jobs.cancel(id)
        elif act == "import":
            jobs.start(id, by=who(request))
        else:
            apply(request, id, is_check=act == "check")
    except WrongStateError as error:
        return shown(request, FileImport.objects.get(pk=id), refused=f"{error}.", status=409)
    except ImportInputError as error:
        row = FileImport.objects.get(pk=id)
        return shown(
            request, row, refused=sentence(error), wrong=error.field, posted=request.POST, status=400
        )
    return redirect("file-import", id=id)


def apply(request: HttpRequest, id: int, *, is_check: bool) -> None:
    """Store the settings and targets of the form; then check, unless the file is read again.

    Raises:
        ImportInputError: a field is impossible.
        WrongStateError: the import is in another state.
    """
    row = FileImport.objects.get(pk=id)
    settings: dict[str, Any] = {}
    if row.format:
        form = SettingsForm(row, request.POST)
        if not form.is_valid():
            name, errors = next(iter(form.errors.items()))
            raise ImportInputError(str(errors[0]), name)
        settings = form.changed()
    row = jobs.change(id, settings or None, posted_targets(row, request.POST))
    if is_check and row.state == "ready":
        jobs.request_check(id)


def sentence(error: ImportInputError) -> str:
    """Return an error as a sentence."""
    text = str(error)
    return f"{text[0].upper()}{text[1:]}."


def shown(
    request: HttpRequest,
    row: FileImport,
    *,
    refused: str = "",
    wrong: str = "",
    posted: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return the page of an import, as its state is."""
    now = datetime.now(UTC)
    context = shared(request, now) | {
        "row": row,
        "refused": refused,
        "at": moment(row.created_at, now),
        "is_at_work": row.state in AT_WORK,
        "is_over": row.state in ENDED,
        "may_change": row.state in ("ready", "checked") or (row.state == "failed" and row.has_file),
        "doing": DOING.get(row.state, ""),
        "told": told(row, now),
        "share": share_of(row),
        "check": result_of(row.check_result, now),
        "result": result_of(row.counts, now),
        "kept_days": KEPT_DAYS,
    }
    if context["may_change"] and row.format:
        context |= form_context(row, wrong, posted)
    return render(request, "file_import/detail.html", context, status=status)


def form_context(row: FileImport, wrong: str, posted: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the part of the context with the form, the series and the preview."""
    names = tag_names()
    form = SettingsForm(row)
    if posted is not None:
        form.initial = {**form.initial, **{name: posted[name] for name in form.fields if name in posted}}
    return {
        "form": form,
        "unsure": [jobs.UNSURE[name] for name in form.unsure],
        "targets": target_rows(row, wrong, posted),
        "tags": names[:MANY_TAGS],
        "zones": zone_names(),
        "header": row.analysis["header"],
        "preview": row.analysis["preview"],
    }


def result_of(counts: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    """Return counts as the template shows them; None without any."""
    if not counts:
        return None
    rejected = sorted(counts["rejected"].items(), key=lambda item: -item[1])
    bounds = [
        moment(parse_timestamp(counts[name]), now) if counts.get(name) else None for name in ("first", "last")
    ]
    return {
        "figures": figures(counts),
        "rejected": [
            Rejected(REASONS.get(reason) or reason_text(reason), count, counts["examples"].get(reason, []))
            for reason, count in rejected
        ],
        "bounds": bounds if all(bounds) else [],
        "new": counts["new"],
    }


def figures(counts: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return the counts with their names; those that are usually 0 only where they are not."""
    rare = [("replaced", "replace a stored value"), ("kept_first", "dropped, the first value stays")]
    return [
        ("new", counts["new"]),
        ("duplicate", counts["duplicate"]),
        ("rejected", counts["rejected_total"]),
        *((label, counts[name]) for name, label in rare if counts[name]),
        ("empty or not mapped", counts["skipped"]),
    ]


def counts_text(counts: Mapping[str, Any]) -> str:
    """Return the counts of an import in a few words; empty without any."""
    if not counts:
        return ""
    return f"{counts['new']:,} new, {counts['duplicate']:,} duplicate, {counts['rejected_total']:,} rejected"


def share_of(row: FileImport) -> float:
    """Return the share of rows that are done, from 0 to 1."""
    return min(row.position / row.rows, 1.0) if row.rows else 0.0


def told(row: FileImport, now: datetime) -> str:
    """Return the progress in words; empty if no work is asked for."""
    if row.state not in AT_WORK:
        return ""
    if row.renewed_at is None:
        seen = heartbeat(DETECTION)
        if seen is None or age_s(seen, now) > WORKER_QUIET_S:
            return "It waits for the worker, which does not run: start manage.py qcluster."
        return "It waits for the worker."
    if not row.rows or not row.position:
        return f"{DOING[row.state]}."
    done = f"{DOING[row.state]}: {row.position:,} of {row.rows:,} rows"
    seconds = (now - row.begun_at).total_seconds() if row.state == "importing" and row.begun_at else 0.0
    if seconds < 1:
        return f"{done}."
    rate = row.position / seconds
    return f"{done}, {rate:,.0f} a second, about {duration_text((row.rows - row.position) / rate)} left."

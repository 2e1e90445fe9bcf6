"""The page of the report of a batch: a document that the browser prints, without scripts."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from monitoring.access.replica_reads import from_replica, tell_lag
from monitoring.batches.errors import BatchConflictError, UnknownBatchError
from monitoring.batches.finding import find_batch
from monitoring.batches.report import hash_of, read_report
from monitoring.dashboard.alarm_pages import page_of_alarms, shared
from monitoring.dashboard.report_document import document_of


@page_of_alarms
def batch_report(request: HttpRequest, id: int) -> HttpResponse:
    """Show the report of a batch.

    Raises:
        Http404: there is no such batch, or it has not started.
    """
    now, zone = datetime.now(UTC), zone_of(request.GET.get("zone", ""))
    try:
        report = from_replica(request, lambda: read_report(find_batch(id), now=now, covers=lambda _: True))
    except (UnknownBatchError, BatchConflictError) as error:
        raise Http404(str(error)) from error
    context = {
        "document": document_of(report, zone),
        "id": id,
        "hash": hash_of(report),
        "zone": str(zone),
        "made_at": f"{now.astimezone(zone):%Y-%m-%d %H:%M:%S}",
    }
    return tell_lag(request, render(request, "batches/report.html", shared(request, now) | context))


def zone_of(name: str) -> tzinfo:
    """Return the time zone of this name; UTC if there is none."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return UTC

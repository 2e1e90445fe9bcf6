"""Requests to the collector: a connection test, discovery, a look at what arrives."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from monitoring.database.write_lock import write_lock
from monitoring.models import Source, SourceJob, SourceStatus
from monitoring.sources.libraries import REMEDY, missing_libraries
from monitoring.sources.registry import KINDS
from monitoring.sources.session import State

TEST, DISCOVER, LISTEN = JOB_KINDS = ("test", "discover", "listen")
FOLDER = "node"  # the parameter of discovery that names the folder to open
PAUSE = timedelta(seconds=1)  # a test connects outwards: nobody scans a network by it
OPEN = (SourceJob.State.WAITING, SourceJob.State.RUNNING)
CERTIFICATE = "certificate"  # the name of the step that finds a certificate that nobody has trusted
FINGERPRINT = re.compile(r"\b(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}\b|\b[0-9A-Fa-f]{64}\b")


class JobRefusedError(ValueError):
    """The source or the machine cannot do this job; the message gives the remedy."""


class TooSoonError(ValueError):
    """Less than a second after another request."""


def request_job(
    source: Source, kind: str, parameters: Mapping[str, Any], *, by: str, now: datetime
) -> SourceJob:
    """Store a job for the collector, which takes jobs also of sources that are disabled.

    Raises:
        JobRefusedError: the protocol has no such job, or a library is missing.
        TooSoonError: another job was asked for less than a second ago.
    """
    if reason := obstacle(source, kind):
        raise JobRefusedError(reason)
    with write_lock(), transaction.atomic():
        newest = SourceJob.objects.select_for_update().order_by("-id").first()
        if newest and timedelta(0) <= now - newest.asked_at < PAUSE:
            raise TooSoonError("One test a second: try again.")
        return SourceJob.objects.create(
            source=source, kind=kind, parameters=dict(parameters), asked_by=by[:200], asked_at=now
        )


def obstacle(source: Source, job: str) -> str:
    """Return why the source cannot do the job; empty if it can."""
    kind = KINDS.get(source.protocol)
    if kind is None:
        return f"This version of Fermon does not know the protocol {source.protocol}."
    if missing := missing_libraries(kind):
        return f"{kind.label} needs {', '.join(missing)}. {REMEDY}"
    allowed = {
        TEST: kind.is_collected,
        DISCOVER: kind.is_collected and kind.can_discover,
        LISTEN: kind.can_listen,
    }
    return "" if allowed.get(job) else f"{kind.label} has no {job}."


def newest_job(source: Source, *kinds: str) -> SourceJob | None:
    """Return the newest job of the source, of these kinds or of any."""
    jobs = SourceJob.objects.filter(source=source)
    return (jobs.filter(kind__in=kinds) if kinds else jobs).order_by("-id").first()


def results_of(job: SourceJob | None, key: str) -> list[dict[str, Any]]:
    """Return the list of points or messages in the result of a job."""
    result = job.result if job else None
    rows = result.get(key) if isinstance(result, dict) else result
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def offered_fingerprint(source: Source) -> str:
    """Return the fingerprint of a server certificate that was met and is not trusted; empty without one.

    Taken from the newest connection test, else from the error of a source that fails, and the notices.
    """
    job, texts = newest_job(source, TEST), []
    if job:
        result = job.result if isinstance(job.result, dict) else {}
        texts.append(str(result.get("fingerprint", "")))
        texts += [str(step.get("text", "")) for step in job.steps if is_refused_certificate(step)]
    if status := SourceStatus.objects.filter(source=source).first():
        texts += [status.error if status.state == State.FAILED else "", *map(str, status.notices)]
    found = [each.replace(":", "").lower() for each in FINGERPRINT.findall(" ".join(texts))]
    return next((each for each in found if each != source.trusted_certificate), "")


def is_refused_certificate(step: Mapping[str, Any]) -> bool:
    """Return whether a step of a connection test has met a certificate that is not trusted."""
    return str(step.get("name", "")).lower() == CERTIFICATE and step.get("is_done") is False

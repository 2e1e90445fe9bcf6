"""Troubles of the system that can be seen from stored data and this machine, for the alarms."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection

from monitoring.history.heartbeats import detection_lease, oldest_waiting
from monitoring.kernel.lease_names import SIMULATOR
from monitoring.models import Lease
from monitoring.notifications.problems import delivery_problems
from monitoring.operations.health import (
    Seen,
    detection_problems,
    free_bytes,
    is_detection_overdue,
    seconds_since,
    worker_problems,
)
from monitoring.sources.problems import failing_sources
from monitoring.spool import spool_files
from monitoring.storage import backups

BACKUP_OLD = timedelta(hours=49)  # one of the daily backups is missing
WAITED = timedelta(minutes=2)


def current_troubles() -> dict[str, str]:
    """Return the troubles that exist now: name and sentence with the remedy.

    Raises:
        django.db.Error: the database is away.
    """
    now = datetime.now(UTC)
    worker, detection = Lease.objects.filter(source=SIMULATOR).first(), detection_lease()
    worker_age = seconds_since(worker.renewed_at if worker else None, now)
    seen = Seen(
        "connected",
        lease=worker,
        detection=detection,
        detection_overdue=is_detection_overdue(detection, now),
        oldest_waiting=oldest_waiting(),
    )
    found = {
        "worker": " ".join(worker_problems(worker_age, None, simulator_on=False)),
        "detection": " ".join(detection_problems(seen, worker_age, now)),
        "disk": disk_trouble(),
        "spool": spool_trouble(now),
        "backup": backup_trouble(now),
        "notifications": " ".join(delivery_problems(now)),
        "sources": " ".join(failing_sources(now)),
    }
    return {name: text for name, text in found.items() if text}


def disk_trouble() -> str:
    """Return that the data directory's disk is full; empty if it is not."""
    free = free_bytes()
    if free >= settings.FERMON_DISK_RESERVE_BYTES:
        return ""
    return f"The disk is full: {free / 2**20:.0f} MiB are left. Make room."


def spool_trouble(now: datetime) -> str:
    """Return that readings have waited on disk for long; empty if none have."""
    since = spool_files.pending_since()
    if since is None or now - since < WAITED:
        return ""
    return "Readings have waited on disk for minutes to be stored: see /health."


def backup_trouble(now: datetime) -> str:
    """Return that the newest backup of this machine is old; empty if it is not, or none was ever made.

    On PostgreSQL the server's own tools make the backups, elsewhere.
    """
    if connection.vendor != "sqlite":
        return ""
    newest = next(iter(backups.list_backups()), None)
    if newest is None:
        return ""
    age = now - datetime.fromtimestamp(newest.stat().st_mtime, UTC)
    return (
        f"The newest backup is {age / timedelta(hours=1):.0f} h old: see the log." if age > BACKUP_OLD else ""
    )

"""Heartbeats of the workers."""

from datetime import datetime

from monitoring.models import Lease


def heartbeat(source: str) -> datetime | None:
    """Return the time at which a worker last renewed the source's lease (once a second); None for never."""
    return Lease.objects.values_list("renewed_at", flat=True).filter(source=source).first()

"""Heartbeats of the workers."""

from datetime import datetime

from monitoring.models import Lease


def heartbeat(source: str) -> datetime | None:
    """Return the time at which a worker last renewed the source's lease; None if no worker ever has.

    A worker renews the lease once a second.
    """
    return Lease.objects.values_list("renewed_at", flat=True).filter(source=source).first()

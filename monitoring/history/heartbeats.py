"""Whether the workers work."""

from datetime import datetime

from monitoring.models import Lease


def heartbeat(source: str) -> datetime | None:
    """When a worker last renewed the source's lease, which it does each second; None if never."""
    return Lease.objects.values_list("renewed_at", flat=True).filter(source=source).first()

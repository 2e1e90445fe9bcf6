"""Heartbeats of the workers."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from django.db.models import Min, Q, QuerySet

from monitoring.kernel.lease_names import DETECTION
from monitoring.models import Lease, Measurement

Known = TypeVar("Known", int, datetime)


def heartbeat(source: str) -> datetime | None:
    """Return the time at which a worker last renewed the source's lease; None if no worker ever has.

    A worker renews the lease once a second.
    """
    return Lease.objects.values_list("renewed_at", flat=True).filter(source=source).first()


def detection_leases() -> QuerySet[Lease]:
    """Return the leases of all shards of detection, in the order of their names."""
    is_shard = Q(source=DETECTION) | Q(source__startswith=f"{DETECTION}.")
    return Lease.objects.filter(is_shard).order_by("source")


def detection_lease() -> Lease | None:
    """Return the lease of detection, unsaved; of several shards the oldest heartbeat and progress.

    A shard that has never caught up does not hide the lag of the others; see ``oldest_waiting``.
    Return None if detection has never run.
    """
    shards = list(detection_leases())
    if not shards:
        return None
    return Lease(
        source=DETECTION,
        renewed_at=earliest([one.renewed_at for one in shards]),
        written_until=min((one.written_until for one in shards if one.written_until), default=None),
    )


def oldest_waiting() -> datetime | None:
    """Return the time of the first measurement that waits for a shard that runs but has never caught up.

    Return None if each shard has caught up once, or nothing waits.
    """
    behind = detection_leases().filter(written_until=None, renewed_at__isnull=False)
    position = behind.order_by().aggregate(least=Min("position"))["least"]
    if position is None:
        return None
    waiting = Measurement.objects.filter(id__gt=position).order_by("id")
    return waiting.values_list("timestamp", flat=True).first()


def detection_position() -> int | None:
    """Return the id up to which detection has processed all measurements; None before the first run."""
    return earliest(list(detection_leases().values_list("position", flat=True)))


def earliest(found: Sequence[Known | None]) -> Known | None:
    """Return the smallest; None if one is not known, or there is none."""
    known = [one for one in found if one is not None]
    return min(known) if known and len(known) == len(found) else None

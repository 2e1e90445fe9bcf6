"""Leases: the exclusive right of a worker to run a source, with an expiry and a watermark."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from monitoring.models import Lease

LONGEST = timedelta(minutes=1)
# A process that stands still in a transaction for this long is stopped, not slow.
STOPPED_AFTER = timedelta(seconds=8)


class LeaseLostError(Exception):
    """Another process holds the lease or has held the lease meanwhile: discard all that was not written."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A lease held by an owner. ``written_until`` is the last moment written, None before the first.

    ``position`` is the id of the last measurement processed, for sources that follow ids.
    """

    source: str
    owner: str
    written_until: datetime | None
    position: int | None = None


def valid_at(now: datetime) -> Q:
    """Return a condition for valid leases; an expiry beyond ``LONGEST`` predates a change of the clock."""
    return Q(expires_at__gt=now, expires_at__lte=now + LONGEST)


def limit_standstill(duration: timedelta) -> None:
    """On PostgreSQL, end the current transaction if its process stands still in it for longer than its lease.

    A process that was stopped there (a paused machine or container) keeps the lease's row locked; without a
    limit no other could take the lease. The limit is at least ``STOPPED_AFTER``. Inside a savepoint, that of
    the transaction stays. The process gets a ``django.db.InternalError`` when it goes on.
    """
    if connection.vendor == "postgresql" and not connection.savepoint_ids:
        longest_ms = int(max(duration, STOPPED_AFTER) / timedelta(milliseconds=1))
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = {longest_ms}")


def is_free(source: str, owner: str, *, now: datetime) -> bool:
    """Return whether the owner may hold the lease now; changes nothing."""
    return not Lease.objects.exclude(owner=owner).filter(valid_at(now), source=source).exists()


def hold(source: str, owner: str, *, now: datetime, duration: timedelta) -> Hold | None:
    """Take or renew the lease, in the caller's transaction; return None if another owner holds it."""
    limit_standstill(duration)
    Lease.objects.get_or_create(source=source)
    mine_or_expired = Q(owner=owner) | Q(expires_at=None) | ~valid_at(now)
    taken = Lease.objects.filter(mine_or_expired, source=source).update(
        owner=owner, expires_at=now + duration, renewed_at=now
    )
    if not taken:
        return None
    return Hold(source, owner, *Lease.objects.values_list("written_until", "position").get(source=source))


def renew(source: str, owner: str, *, now: datetime, duration: timedelta) -> Hold | None:
    """Renew the lease, in the caller's transaction; return None if another owner has taken it, or it is gone.

    A lease that has expired is renewed, too, if it was neither taken nor released since.
    """
    limit_standstill(duration)
    mine = Lease.objects.filter(source=source, owner=owner)
    if not mine.update(expires_at=now + duration, renewed_at=now):
        return None
    return Hold(source, owner, *mine.values_list("written_until", "position").get())


@contextmanager
def holding(source: str, owner: str, *, now: datetime, duration: timedelta) -> Iterator[Hold | None]:
    """Take or renew the lease in a transaction around the block; yield None if another owner holds it.

    While another owner holds it, only read: standing by takes no lock.
    """
    if not is_free(source, owner, now=now):
        yield None
        return
    with transaction.atomic():
        yield hold(source, owner, now=now, duration=duration)


def advance(held: Hold, written_until: datetime) -> None:
    """Move the watermark, in the transaction that wrote up to that moment."""
    Lease.objects.filter(source=held.source, owner=held.owner).update(written_until=written_until)


def keep_position(held: Hold, position: int) -> None:
    """Save the position, in the transaction that wrote the results."""
    Lease.objects.filter(source=held.source, owner=held.owner).update(position=position)


def position_of(source: str) -> int | None:
    """Return the id of the last measurement that the source has processed; None before the first."""
    return Lease.objects.values_list("position", flat=True).filter(source=source).first()


def release(source: str, owner: str) -> None:
    """Release the lease, so that the next worker need not wait for the expiry."""
    Lease.objects.filter(source=source, owner=owner).update(owner="", expires_at=None)

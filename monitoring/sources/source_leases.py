"""The leases of sources: one collector runs a source, others stand by."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction

from monitoring.database.leases import (
    LeaseLostError,
    hold,
    is_free,
    limit_standstill,
    release,
    valid_at,
)
from monitoring.database.write_lock import limit_row_wait, write_lock
from monitoring.kernel.lease_names import SOURCE
from monitoring.models import Lease

RENEWED_EVERY_S = 2.0
EXPIRES_AFTER = timedelta(seconds=8)


def lease_name(source: int) -> str:
    """Return the name of a source's lease."""
    return f"{SOURCE}{source}"


def renew(owner: str, sources: Collection[int], now: datetime) -> set[int]:
    """Renew the leases of sources, in the caller's transaction; return those that the owner still holds.

    A lease that has expired is renewed, too, if nobody has taken it.
    """
    if not sources:
        return set()
    limit_standstill(EXPIRES_AFTER)
    mine = Lease.objects.filter(owner=owner, source__in=[*map(lease_name, sources)])
    if connection.vendor == "postgresql":  # in order, as the writer locks them
        list(mine.order_by("source").select_for_update(no_key=True).values_list("source"))
    mine.update(expires_at=now + EXPIRES_AFTER, renewed_at=now)
    return {int(name.removeprefix(SOURCE)) for name in mine.values_list("source", flat=True)}


def take(owner: str, source: int, now: datetime) -> bool:
    """Take the lease of a source if it is free. While another collector holds it, only read.

    Raises:
        django.db.Error: the database is away, or another process has locked the lease.
    """
    name = lease_name(source)
    if not is_free(name, owner, now=now):
        return False
    with write_lock(), transaction.atomic():
        limit_row_wait()  # a stopped collector may have locked the row in the middle of a transaction
        return hold(name, owner, now=now, duration=EXPIRES_AFTER) is not None


def held_by_others(owner: str, now: datetime) -> set[int]:
    """Return the sources whose leases other collectors hold."""
    rows = Lease.objects.exclude(owner=owner).filter(valid_at(now), source__startswith=SOURCE)
    return {int(name.removeprefix(SOURCE)) for name in rows.values_list("source", flat=True)}


class SourcesLostError(LeaseLostError):
    """Other processes hold the leases of ``sources``."""

    def __init__(self, sources: set[int]) -> None:
        super().__init__(f"lost the leases of sources {sorted(sources)}")
        self.sources = sources


def check_held(owner: str, sources: Iterable[int]) -> None:
    """Keep others from taking the leases until the caller's transaction ends.

    Raises:
        SourcesLostError: others have taken some.
    """
    wanted = set(sources)
    limit_standstill(EXPIRES_AFTER)
    rows = Lease.objects.filter(owner=owner, source__in=[*map(lease_name, wanted)]).order_by("source")
    if connection.vendor == "postgresql":
        rows = rows.select_for_update(no_key=True)
    held = {int(name.removeprefix(SOURCE)) for name in rows.values_list("source", flat=True)}
    if lost := wanted - held:
        raise SourcesLostError(lost)


def release_all(owner: str, sources: Iterable[int]) -> None:
    """Release the leases of sources, so that another collector need not wait for the expiry."""
    for source in sources:
        release(lease_name(source), owner)

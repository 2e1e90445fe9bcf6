"""Who runs a source, and how far it has come: a lease that expires, and a watermark."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from monitoring.models import Lease

LONGEST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Hold:
    """A lease in hand; ``written_until`` is the last moment that is written, None before the first.

    ``position`` is the last measurement's id that is done with, where the source goes by those.
    """

    source: str
    owner: str
    written_until: datetime | None
    position: int | None = None


def valid_at(now: datetime) -> Q:
    """The leases that hold now. One that would hold for long is left from before the clock was set back."""
    return Q(expires_at__gt=now, expires_at__lte=now + LONGEST)


def is_free(source: str, owner: str, *, now: datetime) -> bool:
    """Whether the owner may hold the lease now; a cheap look that changes nothing."""
    return not Lease.objects.exclude(owner=owner).filter(valid_at(now), source=source).exists()


def hold(source: str, owner: str, *, now: datetime, duration: timedelta) -> Hold | None:
    """Takes or renews the lease, in the caller's transaction; None if another owner has it."""
    Lease.objects.get_or_create(source=source)
    mine_or_expired = Q(owner=owner) | Q(expires_at=None) | ~valid_at(now)
    taken = Lease.objects.filter(mine_or_expired, source=source).update(
        owner=owner, expires_at=now + duration, renewed_at=now
    )
    if not taken:
        return None
    return Hold(source, owner, *Lease.objects.values_list("written_until", "position").get(source=source))


def advance(held: Hold, written_until: datetime) -> None:
    """Moves the watermark, in the transaction that wrote up to there."""
    Lease.objects.filter(source=held.source, owner=held.owner).update(written_until=written_until)


def keep_position(held: Hold, position: int) -> None:
    """Keeps how far the source is done, in the transaction that wrote what came of it."""
    Lease.objects.filter(source=held.source, owner=held.owner).update(position=position)


def position_of(source: str) -> int | None:
    """The last measurement's id that the source is done with, whoever holds it; None before the first."""
    return Lease.objects.values_list("position", flat=True).filter(source=source).first()


def release(source: str, owner: str) -> None:
    """Gives the lease up, so that the next worker need not wait for it to expire."""
    Lease.objects.filter(source=source, owner=owner).update(owner="", expires_at=None)

"""Divide detection into shards: each tag belongs to one, and a process runs one or several under leases.

A shard has a lease with a position of its own. Of a shard of one, that is the lease of an undivided
detection. Any process may take over a shard, since all state is in the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from monitoring.database import leases
from monitoring.history.heartbeats import detection_leases, earliest
from monitoring.kernel.lease_names import DETECTION
from monitoring.live.changes import newest_id
from monitoring.models import Lease

LEASE = timedelta(seconds=10)
# The first run starts this many measurements a tag ago: a day of a reading a second.
FIRST_READINGS_A_TAG = 86_400
SCATTER = 2_654_435_761  # Fibonacci hashing, Knuth, The Art of Computer Programming 6.4
BITS = 32
LAYOUT_LOCK = 0x6665726D6F6F  # key of PostgreSQL's advisory lock


def is_of_shard(column: str) -> str:
    """Return SQL for ``Shard.has``; the parameters are the number of shards and the index."""
    return f"(({column} * {SCATTER} & {2**BITS - 1}) * %s >> {BITS}) = %s"


ROWS = """
    SELECT id, timestamp, tag, value FROM measurements
    WHERE id > %s AND id <= %s ORDER BY id LIMIT %s
"""
ROWS_OF_SHARD = f"""
    SELECT id, timestamp, tag, value FROM measurements
    WHERE id > %s AND id <= %s AND {is_of_shard("tag")} ORDER BY id LIMIT %s
"""  # noqa: S608 - our own words

# A measurement: id, microseconds since 1970, id of the tag, value.
Row = tuple[int, int, int, float]


@dataclass(frozen=True, slots=True)
class Shard:
    """The tags of one of ``count`` shards.

    The hash spreads consecutive ids evenly, and also every n-th id: vessels have tags of the same kinds in
    the same order.
    """

    index: int = 0
    count: int = 1

    @property
    def lease(self) -> str:
        """Return the name of the lease."""
        return lease_name(self.index)

    def has(self, tag: int) -> bool:
        """Return whether the tag with this id belongs to the shard."""
        scattered: int = tag * SCATTER & (2**BITS - 1)
        return scattered * self.count >> BITS == self.index


WHOLE = Shard()


def lease_name(index: int) -> str:
    """Return the name of a shard's lease."""
    return f"{DETECTION}.{index}" if index else DETECTION


def read_rows(shard: Shard, *, after: int, upto: int, limit: int) -> tuple[Sequence[Row], int]:
    """Return at most ``limit`` measurements of the shard with ids above ``after``, by id.

    Return with them the id up to which there are no others, at most ``upto``.
    """
    parameters: tuple[int, ...] = (after, upto, limit)
    if shard.count > 1:
        # A bound in place of the limit alone: the planner of PostgreSQL expects few rows of a shard, and
        # might sort all that wait.
        upto = min(upto, after + 2 * limit * shard.count)
        parameters = (after, upto, shard.count, shard.index, limit)
    with connection.cursor() as cursor:
        cursor.execute(ROWS_OF_SHARD if shard.count > 1 else ROWS, parameters)
        rows = cursor.fetchall()
    return rows, rows[-1][0] if len(rows) == limit else upto


def take(shard: Shard, owner: str, *, now: datetime) -> leases.Hold | None:
    """Take the lease of a shard; return None if another process holds it.

    Divide the tags anew if the last processes ran another number of shards, and none of them runs now.

    Raises:
        django.db.Error: the database is away.
    """
    if not leases.is_free(shard.lease, owner, now=now):
        return None
    with transaction.atomic():
        leases.limit_standstill(LEASE)  # the layout is locked before the lease
        lock_layout()
        if not has_layout(shard.count) and not divide(shard.count, now=now):
            return None
        return leases.hold(shard.lease, owner, now=now, duration=LEASE)


def lock_layout() -> None:
    """Let no other process take a shard, until the caller's transaction ends."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LAYOUT_LOCK])


def has_layout(count: int) -> bool:
    """Return whether the leases are those of this number of shards; one shard needs none yet."""
    names = set(detection_leases().values_list("source", flat=True))
    return (names or {DETECTION}) == {lease_name(index) for index in range(count)}


def divide(count: int, *, now: datetime) -> bool:
    """Make the leases of ``count`` shards in place of the present ones; return False if one is held.

    All begin at the earliest position of the shards before. Measurements after that which a tag's saved
    state has are skipped by the tag's own position, so none is lost and none counts twice. A process that
    wakes up late finds that it no longer owns the lease.
    """
    before = detection_leases()
    if connection.vendor == "postgresql":
        before = before.select_for_update()
    rows = list(before)
    if any(row.owner and is_valid(row, now) for row in rows):
        return False
    start, newest = earliest([row.position for row in rows]), newest_id()
    if start is None or start > newest:
        start = first_position(newest)
    written_until = min((row.written_until for row in rows if row.written_until), default=None)
    detection_leases().delete()
    Lease.objects.bulk_create(
        Lease(
            source=lease_name(index),
            position=start,
            written_until=written_until,
            renewed_at=max((row.renewed_at for row in rows if row.renewed_at), default=None),
        )
        for index in range(count)
    )
    return True


def is_valid(row: Lease, now: datetime) -> bool:
    """Return what ``leases.valid_at`` asks for."""
    return row.expires_at is not None and now < row.expires_at <= now + leases.LONGEST


def first_position(newest: int) -> int:
    """Return the id after which the first run begins: not at the beginning of years."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tags WHERE active")
        return max(0, newest - FIRST_READINGS_A_TAG * int(cursor.fetchone()[0]))


def renew(shard: Shard, owner: str, *, now: datetime) -> leases.Hold | None:
    """Renew the lease in the caller's transaction; return None if the owner has lost it."""
    return leases.renew(shard.lease, owner, now=now, duration=LEASE)


def renew_all(owner: str, *, now: datetime) -> set[str]:
    """Renew the leases of all shards of the owner, during long work; return their names."""
    with transaction.atomic():
        leases.limit_standstill(LEASE)
        mine = detection_leases().filter(owner=owner)
        mine.update(expires_at=now + LEASE, renewed_at=now)
        return set(mine.values_list("source", flat=True))


def configured_count() -> int:
    """Return into how many shards detection is divided."""
    return int(settings.FERMON_DETECTION_SHARDS)

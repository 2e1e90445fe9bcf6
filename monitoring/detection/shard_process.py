"""Run a fair share of the shards in this process: as many as in any other process, or one less.

A process takes the shards that are free. One that has fewer than another by two or more asks for one, with a
lease whose position is how many it has. A process with two or more shards more than that gives one up, and
counts the position up.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import F

from monitoring.database import leases
from monitoring.database.connections import close_if_replaced
from monitoring.detection.follower import LEAVE_S, Follower, new_outage
from monitoring.detection.shards import Shard, configured_count, is_valid, renew_all
from monitoring.history.heartbeats import detection_leases
from monitoring.kernel.lease_names import DETECTION_REQUEST
from monitoring.kernel.stop_flag import interruptible_sleep
from monitoring.live.lease_follower import POLL_S, new_owner
from monitoring.models import Lease

SHARED_EVERY = RENEWED_EVERY = timedelta(seconds=1)
ASKED_FOR = timedelta(seconds=3)  # that a request counts
HANDOVER_S = 4.0  # of the 10 s of a lease: the other shards of this process wait meanwhile


class ShardProcess:
    """Followers of the shards, in one thread, one after another. Those with a runner are at work."""

    def __init__(self, count: int) -> None:
        self.owner = new_owner()
        self._outage = new_outage()
        self.followers = [
            Follower(Shard(index, count), owner=self.owner, outage=self._outage) for index in range(count)
        ]
        self._has_asked = False
        self._share_at: datetime | None = None
        self._renew_at: datetime | None = None

    @property
    def working(self) -> list[Follower]:
        """Return the followers of the shards that this process holds."""
        return [follower for follower in self.followers if follower.runner]

    def step(self, now: datetime) -> bool:
        """Process a page of each shard. Return whether more waits."""
        if is_due(self._share_at, now, SHARED_EVERY):
            self._share_at = now + SHARED_EVERY
            self._safely(lambda: self._share(now))
        is_more = False
        for follower in self.working:
            is_more |= follower.step_safely()
            self._keep_alive(datetime.now(UTC))
        return is_more

    def leave(self) -> None:
        """Save what was processed and release the leases."""
        working = self.working
        for follower in working:
            follower.leave_s = LEAVE_S / len(working)
            follower.leave()
        self._safely(self._withdraw)

    def _safely(self, act: Callable[[], object]) -> None:
        """Do something in the database; log a failure once."""
        try:
            close_if_replaced()
            act()
        except DatabaseError as error:
            self._outage.begin(error)
            connection.close()

    def _keep_alive(self, now: datetime) -> None:
        """Renew the leases once a second, also of shards that have to wait for the others."""
        if is_due(self._renew_at, now, RENEWED_EVERY):
            self._renew_at = now + RENEWED_EVERY
            self._safely(lambda: renew_all(self.owner, now=now))

    def _share(self, now: datetime) -> None:
        """Take free shards, ask for one, or give one up.

        Raises:
            django.db.Error: the database is away.
        """
        rows = {row.source: row for row in detection_leases()}
        held = Counter(row.owner for row in rows.values() if row.owner and is_valid(row, now))
        mine = held[self.owner] = len(self.working)
        if rows.keys() != {follower.shard.lease for follower in self.followers}:
            if not held.total():  # the tags are divided anew once no process runs another number of shards
                self._take_one(self.followers, now)
            return
        # After a failure there is no runner, although this process goes on to renew the lease. No other can
        # take such a shard, not even one that asks.
        if orphans := [one for one in self.followers if is_without_runner(one, rows[one.shard.lease])]:
            self._take_one(orphans, now)
            return
        asked = self._asked(now)
        if held.total() < len(self.followers) and (asked is None or mine <= asked):
            self._take_one(self.followers, now)
        elif asked is not None and mine - asked >= 2:
            self._give_up_one()
        elif max(held.values(), default=0) - mine >= 2:
            self._ask(mine, now)
        else:
            self._withdraw()

    def _asked(self, now: datetime) -> int | None:
        """Return how many shards the process has that asks for one; None if none asks."""
        row = Lease.objects.filter(leases.valid_at(now), source=DETECTION_REQUEST).exclude(owner=self.owner)
        return row.values_list("position", flat=True).first()

    def _take_one(self, followers: Sequence[Follower], now: datetime) -> None:
        """Take a shard that is free, and look for another one at the next step."""
        for follower in followers:
            if follower.runner is None:
                follower.step(now)
                if follower.runner is not None:
                    self._share_at = None
                    return

    def _ask(self, mine: int, now: datetime) -> None:
        with leases.holding(DETECTION_REQUEST, self.owner, now=now, duration=ASKED_FOR) as held:
            if held is not None:
                leases.keep_position(held, mine)
                self._has_asked = True

    def _withdraw(self) -> None:
        """End the request, so that another process need not wait for its expiry."""
        if self._has_asked:
            leases.release(DETECTION_REQUEST, self.owner)
            self._has_asked = False

    def _give_up_one(self) -> None:
        """Hand over a shard; the process that asked has one more then."""
        follower = self.working[-1]
        follower.leave_s = HANDOVER_S
        follower.leave()
        Lease.objects.filter(source=DETECTION_REQUEST).update(position=F("position") + 1)


def is_without_runner(follower: Follower, row: Lease) -> bool:
    """Return whether the process of this follower holds the lease but does not run the shard."""
    return follower.runner is None and row.owner == follower.owner


def is_due(at: datetime | None, now: datetime, every: timedelta) -> bool:
    """Return whether the time has come; a time further away than usual predates a change of the clock."""
    return at is None or not now < at <= now + every


def run(*, should_stop: Callable[[], bool]) -> None:
    """Detect events in new measurements, or stand by, until ``should_stop``; then save and leave."""
    count = configured_count()
    if count == 1:
        Follower().run(should_stop=should_stop)
        return
    process = ShardProcess(count)
    try:
        while not should_stop():
            if not process.step(datetime.now(UTC)):
                interruptible_sleep(POLL_S, should_stop)
        process.leave()
    finally:
        connection.close()

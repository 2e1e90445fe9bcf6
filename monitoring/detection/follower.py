"""Follow the stored measurements, page by page in the order of their ids, and detect events in them."""

import time
from datetime import datetime

from monitoring.database.leases import LeaseLostError
from monitoring.detection.detection_runner import DetectionRunner
from monitoring.detection.shards import WHOLE, Shard, read_rows
from monitoring.kernel.outages import Outage
from monitoring.live.changes import make_watch
from monitoring.live.lease_follower import LeaseFollower

# Readings, some 0.4 s of work, and at most 1 s: further ones of a tag in a page cost two thirds of the first.
PAGE, LARGEST_PAGE = 20_000, 50_000
READINGS_A_TAG = 4
LEAVE_S = 2.0  # of the 4 s in which the process has to end


class Follower(LeaseFollower[DetectionRunner]):
    """Feed stored measurements of a shard to a DetectionRunner for as long as this process holds the lease.

    ``leave_s`` is how long to save states before the lease is released.
    """

    def __init__(
        self, shard: Shard = WHOLE, *, owner: str | None = None, outage: Outage | None = None
    ) -> None:
        super().__init__(outage or new_outage(), owner)
        self.shard = shard
        self.leave_s = LEAVE_S

    @property
    def has_worked(self) -> bool:
        """Return whether the runner has written since the outage."""
        return self.runner is not None and self.runner.has_written

    def work(self, now: datetime) -> bool:
        """See ``LeaseFollower``: detect in one page, and look for missing readings once caught up."""
        runner = self.runner = self.runner or self._begin(now)
        if runner is None:
            return False
        runner.refresh()
        upto = self.settled()
        if upto is not None:
            self._read_into(runner, upto, now)
        is_caught_up = runner.position == upto
        if is_caught_up:
            runner.check_silence(now)
        if runner.is_to_commit():
            runner.commit(now=now, is_caught_up=is_caught_up)
        return upto is not None and runner.position < upto

    def close(self, runner: DetectionRunner, now: datetime) -> None:
        """See ``LeaseFollower``: save the states that can be saved within ``leave_s``."""
        runner.close(now=now, until=time.monotonic() + self.leave_s)

    def _begin(self, now: datetime) -> DetectionRunner | None:
        self.watch, self._settled = make_watch(), None
        return DetectionRunner.begin(self.owner, now=now, shard=self.shard)

    def _read_into(self, runner: DetectionRunner, upto: int, now: datetime) -> None:
        if upto < runner.position:  # another database took the place of this one
            raise LeaseLostError
        if upto > runner.position:
            limit = max(PAGE, min(LARGEST_PAGE, READINGS_A_TAG * len(runner.pool.tags)))
            rows, end = read_rows(self.shard, after=runner.position, upto=upto, limit=limit)
            runner.update(rows, end, now=now)


def new_outage() -> Outage:
    """Return what is logged when the database goes away and comes back."""
    return Outage(began="measurements can't be judged", ended="measurements are judged again")

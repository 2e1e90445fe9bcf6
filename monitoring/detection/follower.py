"""Follow the stored measurements, page by page in the order of their ids, and detect events in them."""

import time
from collections.abc import Callable
from datetime import datetime

from monitoring.database.leases import LeaseLostError
from monitoring.detection.detection_runner import DetectionRunner
from monitoring.kernel.outages import Outage
from monitoring.live.changes import make_watch, newest_id, read_changes
from monitoring.live.lease_follower import LeaseFollower

PAGE = 2_000
LEAVE_S = 2.0  # of the 4 s in which the process has to end


class Follower(LeaseFollower[DetectionRunner]):
    """Feed stored measurements to a DetectionRunner for as long as this process holds the lease."""

    def __init__(self) -> None:
        super().__init__(Outage(began="measurements can't be judged", ended="measurements are judged again"))

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
        """See ``LeaseFollower``: save the states that can be saved within LEAVE_S."""
        runner.close(now=now, until=time.monotonic() + LEAVE_S)

    def _begin(self, now: datetime) -> DetectionRunner | None:
        self.watch, self._settled = make_watch(), None
        return DetectionRunner.begin(self.owner, now=now, newest_id=newest_id())

    def _read_into(self, runner: DetectionRunner, upto: int, now: datetime) -> None:
        if upto < runner.position:  # another database took the place of this one
            raise LeaseLostError
        if upto > runner.position:
            rows = read_changes(after=runner.position, upto=upto, limit=PAGE)
            runner.update(rows, rows[-1][0] if len(rows) == PAGE else upto, now=now)


def run(*, should_stop: Callable[[], bool]) -> None:
    """Detect events in new measurements, or stand by, until ``should_stop``; then save and leave."""
    Follower().run(should_stop=should_stop)

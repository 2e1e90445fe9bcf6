"""Follow the stored measurements, page by page in the order of their ids, and evaluate the alarms."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from monitoring.alarms.runner import AlarmRunner, StaleRunnerError
from monitoring.alarms.system_watch import Troubles, no_troubles
from monitoring.kernel.outages import Outage
from monitoring.live.changes import make_watch
from monitoring.live.lease_follower import LeaseFollower


class Evaluator(LeaseFollower[AlarmRunner]):
    """Feed stored measurements to an AlarmRunner for as long as this process holds the lease."""

    stand_by_s = 0.5  # another process takes over within 5 s, of which the lease lasts 3 s

    def __init__(self, troubles: Troubles = no_troubles) -> None:
        super().__init__(Outage(began="alarms can't be evaluated", ended="alarms are evaluated again"))
        self._troubles = troubles

    def step(self, now: datetime | None = None) -> bool:
        """See ``LeaseFollower``; begin again at the stored position if the runner is stale."""
        try:
            return super().step(now)
        except StaleRunnerError:
            self.runner = None
            return True

    def work(self, now: datetime) -> bool:
        """See ``LeaseFollower``: evaluate one page, and the clock once a second."""
        runner = self.runner = self.runner or self._begin(now)
        if runner is None:
            return False
        upto = self.settled()
        if upto is not None:
            runner.read(upto, now)
        is_caught_up = upto is not None and runner.position >= upto
        is_more = runner.is_to_commit(is_caught_up=is_caught_up) and runner.commit(
            now=now, is_caught_up=is_caught_up
        )
        return is_more or (upto is not None and runner.position < upto)

    def close(self, runner: AlarmRunner, now: datetime) -> None:
        """See ``LeaseFollower``: save the evaluated state."""
        with suppress(StaleRunnerError):
            runner.close(now=now)

    def _begin(self, now: datetime) -> AlarmRunner | None:
        self.watch = make_watch()
        self._settled = self.watch.settled()
        return AlarmRunner.begin(self.owner, now=now, settled=self._settled, troubles=self._troubles)


def run(*, should_stop: Callable[[], bool], troubles: Troubles = no_troubles) -> None:
    """Evaluate the alarms, or stand by, until ``should_stop``; then save and leave."""
    Evaluator(troubles).run(should_stop=should_stop)

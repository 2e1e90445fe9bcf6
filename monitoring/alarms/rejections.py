"""Rejected readings of a tag: three within a minute make its measurements doubtful."""

from collections import defaultdict, deque
from datetime import datetime, timedelta

from monitoring.alarms.evaluation import Evaluation
from monitoring.alarms.kinds import Priority
from monitoring.alarms.state_machine import Act
from monitoring.alarms.watched import Finding, WatchedAlarm
from monitoring.alarms.wording import REFUSED
from monitoring.ingest.validate import RejectionReason
from monitoring.kernel.clock import SECOND_US, to_micros
from monitoring.models import Refusal

FEWEST = 3
WITHIN = timedelta(seconds=60)
WITHIN_US = 60 * SECOND_US
# Reasons that speak against the sensor or its source; a repeated or an old reading does not.
IMPLAUSIBLE = (
    RejectionReason.BELOW_VALID_RANGE,
    RejectionReason.ABOVE_VALID_RANGE,
    RejectionReason.NOT_A_NUMBER,
    RejectionReason.BAD_TIMESTAMP,
    RejectionReason.IN_FUTURE,
)


class RejectionWatch:
    """Follow the rejected readings by id, and raise and end BAD alarms."""

    def __init__(self, bad: dict[str, WatchedAlarm]) -> None:
        self._bad = bad  # by the tag's name
        self._refused = {name for name, alarm in bad.items() if alarm.is_refused}
        self._times: dict[str, deque[int]] = defaultdict(deque)
        self._seen: int | None = None

    def look(self, evaluation: Evaluation, now: datetime) -> None:
        """Read the new rejections; note the alarms that begin and end."""
        self._read(now)
        now_us = to_micros(now)
        for name in [*self._times, *sorted(self._refused - self._times.keys())]:
            times = self._times[name]
            ended_us = times[-FEWEST] + WITHIN_US if len(times) >= FEWEST else now_us
            while times and not now_us - WITHIN_US < times[0] <= now_us:  # old, or the clock was set back
                times.popleft()
            self._judge(name, evaluation, times, ended_us)
        self._times = defaultdict(deque, {name: times for name, times in self._times.items() if times})

    def _read(self, now: datetime) -> None:
        rows = Refusal.objects.filter(reason__in=IMPLAUSIBLE, received_at__lte=now)
        if self._seen is None:
            self._seen = 0
            rows = rows.filter(received_at__gt=now - 2 * WITHIN)  # also those that end an alarm now
        rows = rows.filter(id__gt=self._seen).order_by("id")
        for pk, name, received_at in rows.values_list("id", "tag", "received_at"):
            self._seen = pk
            if name in self._bad:
                self._times[name].append(to_micros(received_at))

    def _judge(self, name: str, evaluation: Evaluation, times: deque[int], ended_us: int) -> None:
        alarm, is_refused = self._bad[name], len(times) >= FEWEST
        if is_refused == alarm.is_refused:
            return
        alarm.is_refused = is_refused
        (self._refused.add if is_refused else self._refused.discard)(name)
        if is_refused and alarm.is_on:  # it was silent before
            reason = "readings are rejected as impossible"
            evaluation.findings.append(
                Finding(
                    alarm,
                    Act.REALARM,
                    times[FEWEST - 1],
                    reason=reason,
                    priority=Priority.HIGH,
                    details={"cause": REFUSED},
                )
            )
        else:
            evaluation.settle_bad(alarm, times[FEWEST - 1] if is_refused else ended_us)

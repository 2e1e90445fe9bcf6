"""Troubles of the system itself as conditions of alarms. The command that runs the evaluator knows them."""

import time
from collections.abc import Callable, Mapping

from monitoring.alarms.common_cause import judge_condition
from monitoring.alarms.evaluation import Evaluation
from monitoring.alarms.kinds import Kind
from monitoring.alarms.state_machine import Act
from monitoring.alarms.watched import WatchedAlarm

LOOKED_AFTER_S = 3.0

# The troubles that exist now: name (as "disk"), and the text with the remedy.
Troubles = Callable[[], Mapping[str, str]]


def no_troubles() -> Mapping[str, str]:
    """Return none."""
    return {}


class SystemWatch:
    """Ask for the system's troubles every few seconds; judge them with the delays of their alarms."""

    def __init__(self, alarms: list[WatchedAlarm], troubles: Troubles) -> None:
        self._alarms = {alarm.kind.removeprefix(Kind.SYSTEM): alarm for alarm in alarms}
        self._troubles = troubles
        self._now: Mapping[str, str] = {}
        self._asked = -LOOKED_AFTER_S

    def ask(self) -> None:
        """Ask again, if it is time to. Call outside of transactions."""
        if time.monotonic() - self._asked >= LOOKED_AFTER_S:
            self._asked = time.monotonic()
            self._now = self._troubles()

    def look(self, evaluation: Evaluation, now_us: int) -> None:
        """Note the alarms that begin and end."""
        for name, alarm in self._alarms.items():
            text = self._now.get(name)
            begin_us = None
            if text is not None:
                before_us = alarm.memory.outside_since
                begin_us = (
                    now_us if before_us is None else min(now_us, before_us)
                )  # or the clock was set back
            finding = judge_condition(alarm, begin_us, is_lasting=text is not None, now_us=now_us)
            if finding is not None:
                if finding.act is Act.ACTIVE:
                    finding.details, finding.reason = {"text": text}, text or ""
                evaluation.findings.append(finding)

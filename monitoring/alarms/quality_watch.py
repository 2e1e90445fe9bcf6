"""Open spans of bad quality: the source itself says that a tag has no good value."""

from monitoring.alarms.evaluation import BY_CLOCK, Evaluation
from monitoring.alarms.tag_table import NOWHERE, TagTable
from monitoring.alarms.watched import WatchedAlarm
from monitoring.kernel.clock import to_micros
from monitoring.models import QualitySpan
from monitoring.models.source import Quality


class QualityWatch:
    """Follow the open spans of bad quality, and raise and end BAD alarms.

    An alarm is due as long after the begin of the span as after a last measurement. So a failure of many
    tags is first an alarm of their group, as for silence. The alarm begins and ends with the span.
    """

    def __init__(self, table: TagTable) -> None:
        self._table = table
        self._marked = {alarm for alarm in table.bad if alarm is not None and alarm.is_marked}

    def look(self, evaluation: Evaluation, now_us: int) -> None:
        """Read the open spans; note the alarms that begin and end."""
        spans = {
            tag: (to_micros(begin), word)
            for tag, begin, word in QualitySpan.objects.filter(end=None, quality=Quality.BAD)
            .order_by("-begin")
            .values_list("tag", "begin", "word")
        }
        for over in [alarm for alarm in self._marked if alarm.tag not in spans]:
            self._end(over, evaluation, now_us)
        for tag, (begin_us, word) in spans.items():
            slot = self._table.slot_of(tag)
            alarm = self._table.bad[slot] if slot != NOWHERE else None
            if alarm is not None:
                alarm.quality_word = word
                self._marked.add(alarm)
                if not alarm.is_marked and now_us - begin_us >= self._table.gap_us[slot]:
                    alarm.is_marked = True
                    evaluation.settle_bad(alarm, begin_us, by=BY_CLOCK)

    def _end(self, alarm: WatchedAlarm, evaluation: Evaluation, now_us: int) -> None:
        """Note that the source has a good value again."""
        self._marked.discard(alarm)
        alarm.quality_word = None
        if alarm.is_marked:
            alarm.is_marked = False
            ends = QualitySpan.objects.filter(tag=alarm.tag, quality=Quality.BAD, end__isnull=False)
            end = ends.order_by("-end").values_list("end", flat=True).first()
            evaluation.settle_bad(alarm, now_us if end is None else min(now_us, to_micros(end)))

"""Detection with a source that reports changes only: silence is none while the source confirms the value."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.detection.detection_runner import DetectionRunner
from monitoring.detection.shards import WHOLE, read_rows
from monitoring.ingest.pipeline import ingest_readings
from monitoring.live.changes import newest_id
from monitoring.models import Event, Source, SourceStatus, SourceTag, Tag
from monitoring.sources.holding import HeldValues

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TEMP = "fermenter_temp"
S = 1_000_000

pytestmark = pytest.mark.django_db


class Line:
    """Detection and a source of one tag, at times that the test gives in seconds after noon."""

    def __init__(self) -> None:
        source = Source.objects.create(name="plc", protocol="fake", changed_at=NOON)
        SourceTag.objects.create(source=source, tag=Tag.objects.get(name=TEMP))
        SourceStatus.objects.create(source=source, state="connected", since=NOON)
        self.runner = DetectionRunner.begin("a test", now=NOON)

    def at(self, second: float) -> datetime:
        return NOON + timedelta(seconds=second)

    def store(self, readings: list[tuple[float, float]]) -> None:
        items = [
            {"timestamp": self.at(second).isoformat(), "tag": TEMP, "value": value}
            for second, value in readings
        ]
        ingest_readings(items, source="plc", now=self.at(readings[-1][0]))

    def detect(self, second: float, *, is_confirmed: bool) -> None:
        if is_confirmed:
            SourceStatus.objects.update(confirmed_until=self.at(second))
        assert self.runner is not None
        rows, _ = read_rows(WHOLE, after=self.runner.position, upto=newest_id(), limit=10_000)
        self.runner.update(rows, newest_id(), now=self.at(second))
        self.runner._silence_checked_from = 0
        self.runner.check_silence(self.at(second))
        self.runner.commit(now=self.at(second), is_caught_up=True)


def silences() -> list[tuple[datetime, datetime | None]]:
    return list(Event.objects.filter(detector="missing").order_by("start").values_list("start", "end"))


def test_a_confirmed_reading_is_not_missing_and_one_that_is_not_is() -> None:
    line = Line()
    line.store([(second, 37 + second * 37 % 11 / 100) for second in range(120)])
    for second in range(120, 400, 5):
        line.detect(second, is_confirmed=True)
    line.store([(401, 37.0)])
    line.detect(402, is_confirmed=True)
    assert silences() == []
    for second in range(405, 500, 5):
        line.detect(second, is_confirmed=False)
    ((start, end),) = silences()
    assert (start, end) == (line.at(403), None)
    line.detect(510, is_confirmed=True)
    ((_, end),) = silences()
    assert end is not None


def test_a_constant_node_for_ten_minutes_has_no_event() -> None:
    """Ten values a second, then the held value on its grid."""
    line = Line()
    line.store([(second / 10, 37.0) for second in range(1_200)])
    line.detect(120, is_confirmed=True)
    held = HeldValues()
    noon_us = int(NOON.timestamp()) * S
    held.take([(TEMP, noon_us + 119_900_000, 37.0)])
    for second in range(121, 721):
        held.confirm(noon_us + second * S)
        due = held.due({TEMP: 10 * S})
        if due:
            line.store([((sample.time_us - noon_us) / S, sample.value) for sample in due if sample.time_us])
        line.detect(second, is_confirmed=True)
    assert list(Event.objects.values_list("detector", "explanation")) == []

"""The thread that stores: leases checked in the transaction, faults of one source apart from the others."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError

from monitoring.ingest.pipeline import ingest_deliveries
from monitoring.models import Measurement, Refusal
from monitoring.sources import writer
from monitoring.sources.config import SourceConfig
from monitoring.sources.live_session import LiveSession, Queue, SourceLog
from monitoring.sources.sample_queue import SampleQueue
from monitoring.sources.session import Malformed, Sample
from monitoring.sources.source_leases import SourcesLostError
from monitoring.sources.writer import Writer
from monitoring.spool import spool_files
from monitoring.spool.replay import replay

pytestmark = pytest.mark.django_db
TAG = "fermenter_temp"
BEGIN_S = int(time.time()) - 3_600


class Line:
    """A queue, its writer, and sessions by name; ``lost`` are the sources whose lease others have."""

    def __init__(self) -> None:
        self.queue: Queue = SampleQueue()
        self.lost: set[int] = set()
        self.writer = Writer(self.queue, self.guard)
        self.stored: list[str] = []

    def guard(self, sources: Iterable[int]) -> None:
        if found := self.lost & set(sources):
            raise SourcesLostError(found)

    def session(self, number: int) -> LiveSession:
        async def newest(source: int, tags: Sequence[str]) -> dict[str, int]:
            return {}

        config = SourceConfig(number, f"s{number}", "fake", {})
        return LiveSession(config, SourceLog(number), self.queue, newest)

    def offer(self, session: LiveSession, *items: Sample | Malformed) -> None:
        name = session.config.name
        assert session.offer(items, lambda: self.stored.append(name))

    def write(self) -> None:
        entries = self.queue.drain()
        self.writer.store(entries)
        self.queue.finish(entries)


@pytest.fixture
def line() -> Line:
    return Line()


def sample(second: int, value: float = 37.0) -> Sample:
    return Sample(TAG, (BEGIN_S + second) * 1_000_000, value)


def test_nothing_is_stored_for_a_source_that_another_process_holds(line: Line) -> None:
    held, lost = line.session(1), line.session(2)
    line.offer(held, sample(1))
    line.offer(lost, sample(2), Malformed(TAG, "nan", "no number"))
    line.lost = {2}
    line.write()
    assert (line.stored, Measurement.objects.count(), Refusal.objects.count()) == (["s1"], 1, 0)
    assert (held.is_held, lost.is_held) == (True, False)
    assert not lost.offer([sample(3)])


def test_an_error_of_one_source_leaves_the_others(
    line: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(messages: Sequence[Malformed], source: str, received: Any) -> None:
        if source == "s2":
            raise ValueError("a mistake")

    monkeypatch.setattr(writer, "remember", fail)
    for number in (1, 2, 3):
        line.offer(line.session(number), sample(number), Malformed(TAG, "nan", "no number"))
    line.write()
    assert sorted(line.stored) == ["s1", "s3"]
    assert "readings of source s2 dropped" in caplog.text
    assert line.queue.items == 0


def test_an_error_of_the_database_by_one_source_stores_each_alone(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_together(collect: Any, **options: Any) -> Any:
        if len(collect()) > 1:
            raise IntegrityError("of one of them")
        return ingest_deliveries(collect, **options)

    monkeypatch.setattr("monitoring.spool.accept.ingest_deliveries", fail_together)
    for number in (1, 2):
        line.offer(line.session(number), sample(number))
    line.write()
    assert sorted(line.stored) == ["s1", "s2"]
    assert Measurement.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_all_is_kept_on_disk(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*arguments: Any, **options: Any) -> None:
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr("monitoring.spool.accept.ingest_deliveries", away)
        patch.setattr("monitoring.sources.malformed.remember_rejections", away)
        line.offer(line.session(1), sample(1), sample(2), Malformed(TAG, "nan", "expected a number"))
        line.write()
    assert line.stored == ["s1"]
    assert spool_files.pending_count() == 2
    assert Measurement.objects.count() == 0
    replay()
    assert Measurement.objects.count() == 2
    assert list(Refusal.objects.values_list("source", "tag", "message")) == [("s1", TAG, "expected a number")]


def test_held_values_are_no_measure_of_lag(line: Line) -> None:
    session = line.session(1)
    line.offer(session, sample(-7_000))
    session.confirm(sample(-7_000).time_us or 0)
    session.confirm(sample(3_600).time_us or 0)
    session.hold({TAG: 1_000_000_000})
    line.write()
    figures = session.log.meter.figures()
    assert figures.readings == Measurement.objects.count() > 5
    assert figures.newest_us == sample(-7_000).time_us
    assert figures.lag_ms is not None
    assert figures.lag_ms > 10_000_000

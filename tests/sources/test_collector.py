"""The collector with drivers of a fake protocol, in this process."""

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connections

from monitoring.kernel.clock import from_micros, to_micros
from monitoring.models import (
    Lease,
    Measurement,
    QualitySpan,
    Refusal,
    Source,
    SourceGap,
    SourceJob,
    SourcePoint,
    SourceStatus,
    SourceTag,
    Tag,
)
from monitoring.sources import collector as collecting
from monitoring.sources import registry
from monitoring.sources.collector import Collector
from monitoring.sources.rounds import CollectorRounds
from monitoring.sources.secrets import seal
from tests.patience import stretched
from tests.sources.fake import driver
from tests.sources.fake.kind import KIND, LACKING, PUSHED

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.threads]
LONG_S = 60.0


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (KIND, LACKING, PUSHED):
        monkeypatch.setitem(registry.KINDS, kind.name, kind)
    monkeypatch.setattr(collecting, "EVERY_S", 0.1)
    driver.acknowledged.clear()


@pytest.fixture(autouse=True)
def own_connections() -> Iterator[None]:
    yield
    connections.close_all()


def add_source(name: str, does: str, protocol: str = "fake", **fields: Any) -> Source:
    return Source.objects.create(
        name=name,
        protocol=protocol,
        settings={"does": does},
        is_enabled=True,
        changed_at=from_micros(0),
        **fields,
    )


Look = Callable[[], Any]


def collect(*looks: Look) -> list[Any]:
    """Run a collector until each look has found something, one after the other; what they found."""
    found: list[Any] = []
    is_done = threading.Event()

    def look() -> None:
        try:
            for each in looks:
                end = time.monotonic() + LONG_S
                while not (seen := each()):
                    assert time.monotonic() < end, f"not within {LONG_S} s: {each}"
                    time.sleep(0.05)
                found.append(seen)
        finally:
            is_done.set()
            connections.close_all()

    thread = threading.Thread(target=look)
    thread.start()
    asyncio.run(Collector().run(is_done.is_set))
    thread.join()
    assert len(found) == len(looks)
    return found


def status_of(source: Source, state: str) -> Look:
    return lambda: SourceStatus.objects.filter(source=source, state=state).first()


def test_all_that_a_driver_tells_is_written() -> None:
    Tag.objects.filter(name="fermenter_temp").update(decimals=2)
    source = add_source("broker", "tell")
    rows = SourceStatus.objects.filter(source=source, rejected=3)
    (status,) = collect(lambda: next((row for row in rows.all() if "True" in row.notices), None))
    assert (status.state, status.readings) == ("connected", 1)
    assert status.newest == status.confirmed_until
    assert status.clock_offset_ms == 3_000
    assert status.notices[0].startswith("The source's clock is 3 s ahead")
    assert status.notices[1:] == ["The broker keeps nothing on disk.", "True"]
    (row,) = Measurement.objects.all()
    assert (row.value, row.timestamp) == (37.12, status.newest)
    assert set(Refusal.objects.values_list("source", "reason", "tag")) == {
        ("broker", "not_a_reading", "fermenter_temp"),
        ("broker", "not_a_number", "fermenter_temp"),
        ("broker", "unknown_tag", "unknown_tag"),
    }
    (span,) = QualitySpan.objects.all()
    assert (span.word, span.code, span.end - span.begin) == ("no sensor", 4, timedelta(seconds=3))
    (gap,) = SourceGap.objects.all()
    assert gap.reason == "The broker forgot its queue."
    (point,) = SourcePoint.objects.all()
    assert (point.address, point.seen, point.suggestion["unit"]) == ("unit/other", 1, "K")
    assert [fed.tag.name for fed in SourceTag.objects.all()] == ["fermenter_temp"]
    newest = partial(CollectorRounds("test").newest, source.pk)
    assert (
        newest([])
        == newest(["fermenter_temp", "agitator_rpm"])
        == {"fermenter_temp": to_micros(row.timestamp)}
    )
    assert CollectorRounds("test").newest(add_source("other", "count").pk, []) == {}
    status.refresh_from_db()
    assert status.state == "standby"
    assert Lease.objects.get(source=f"source:{source.pk}").owner == ""


def test_one_source_that_fails_ends_no_other_and_tells_no_secret() -> None:
    refused = add_source("refused", "refuse", secrets={"password": seal("hunter2")})
    crashed, counting = add_source("crashed", "crash"), add_source("counting", "count")
    lacking, keyless = add_source("lacking", "count", "lacking"), add_source("keyless", "count")
    Source.objects.filter(pk=keyless.pk).update(secrets={"password": "env:NO_SUCH_VARIABLE"})
    pushed = add_source("pushed", "count", "pushed")
    found = collect(
        status_of(refused, "failed"),
        status_of(crashed, "failed"),
        status_of(lacking, "failed"),
        status_of(keyless, "failed"),
        lambda: Measurement.objects.count() > 5,
    )
    assert found[0].error == "Login refused with ***."
    assert found[1].error == "Unexpected error RuntimeError: no such register. The log has the details."
    assert "no-such-package==1.0" in found[2].error
    assert "pip install -r requirements-sources.lock" in found[2].error
    assert "NO_SUCH_VARIABLE" in found[3].error
    assert status_of(counting, "standby")()
    assert not SourceStatus.objects.filter(source=pushed).exists()


def test_a_changed_source_starts_again_and_a_disabled_or_deleted_one_ends() -> None:
    changed, disabled, deleted = (add_source(name, "stubborn") for name in ("changed", "disabled", "deleted"))
    kept = add_source("kept", "stubborn")
    states = [status_of(each, "connected") for each in (changed, disabled, deleted, kept)]

    def edit() -> bool:
        Source.objects.filter(pk=changed.pk).update(settings={"does": "refuse"}, revision=2)
        Source.objects.filter(pk=disabled.pk).update(is_enabled=False)
        deleted.delete()
        return True

    since = status_of(kept, "connected")
    *_, before, _, _, off, after = collect(
        *states, since, edit, status_of(changed, "failed"), status_of(disabled, "off"), since
    )
    assert off.rate == 0
    assert before.since == after.since
    assert Lease.objects.get(source=f"source:{disabled.pk}").owner == ""


def test_a_mapping_that_is_gone_feeds_its_tag_no_longer() -> None:
    source = add_source("broker", "stubborn")
    source.mappings.create(address="{unit}/t", tag="{unit}_temp")
    for name in ("fermenter_temp", "fermenter_ph"):
        SourceTag.objects.create(source=source, tag=Tag.objects.get(name=name))
    collect(status_of(source, "connected"))
    assert [fed.tag.name for fed in SourceTag.objects.all()] == ["fermenter_temp"]


def test_a_flooding_source_keeps_no_other_from_its_time() -> None:
    add_source("flood", "flood")
    counting = add_source("counting", "count")
    rows = Measurement.objects.filter(tag__name="fermenter_temp")
    collect(lambda: rows.count() > 100)
    counted = SourceStatus.objects.get(source=counting)
    assert counted.rejected == 0
    assert Measurement.objects.filter(tag__name="agitator_rpm").count() > 1_000


def test_a_disk_and_a_database_that_fail_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from monitoring.sources import writer
    from monitoring.spool.accept import accept_guarded
    from monitoring.spool.spool_files import SpoolFullError

    failures = iter(range(3))

    def fail(*arguments: Any) -> Any:
        if next(failures, None) is None:
            return accept_guarded(*arguments)
        raise SpoolFullError("no room")

    monkeypatch.setattr(writer, "accept_guarded", fail)
    add_source("receiving", "receive")
    collect(lambda: len(driver.acknowledged) > 300)
    acknowledged = driver.acknowledged
    assert acknowledged == list(range(len(acknowledged)))
    assert Measurement.objects.count() >= len(acknowledged)


def test_a_lost_lease_is_noticed_before_anything_is_stored() -> None:
    """The lease is taken away in the middle of a run; a writer that goes on stores nothing."""
    source = add_source("receiving", "receive")
    lease = Lease.objects.filter(source=f"source:{source.pk}")
    counts: list[int] = []

    def rob() -> bool:
        now = datetime.now(UTC)
        lease.update(owner="robber", expires_at=now + timedelta(seconds=50))
        counts.append(Measurement.objects.count())
        return True

    def look_twice() -> bool:
        time.sleep(1)
        return True

    collect(lambda: Measurement.objects.count() > 20, rob, look_twice)
    assert Measurement.objects.count() == counts[0]
    assert lease.get().owner == "robber"


def test_another_takes_a_free_lease_and_continues() -> None:
    source = add_source("counting", "count")
    other = Lease.objects.create(
        source=f"source:{source.pk}", owner="gone", expires_at=datetime.now(UTC) + timedelta(seconds=1)
    )
    collect(lambda: Measurement.objects.count() > 5)
    other.refresh_from_db()
    assert other.owner == ""


def test_the_last_records_have_the_time_that_no_driver_takes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    leave = CollectorRounds.leave

    def leave_late(*arguments: Any) -> None:
        time.sleep(0.2)
        leave(*arguments)

    monkeypatch.setattr(collecting, "END_RECORDS_S", 0.01)
    monkeypatch.setattr(collecting, "END_S", stretched(20))
    monkeypatch.setattr(CollectorRounds, "leave", leave_late)
    source = add_source("counting", "count")
    collect(status_of(source, "connected"))
    assert Lease.objects.get(source=f"source:{source.pk}").owner == ""
    assert "they expire" not in caplog.text


def job_of(source: Source, kind: str) -> Look:
    job = SourceJob.objects.create(source=source, kind=kind, asked_at=datetime.now(UTC))
    return lambda: SourceJob.objects.filter(pk=job.pk).exclude(ended_at=None).first()


def test_jobs_run_also_for_sources_that_are_off() -> None:
    source = add_source("broker", "tell", secrets={"password": seal("hunter2")})
    refused = add_source("refused", "refuse")
    Source.objects.update(is_enabled=False)
    old = SourceJob.objects.create(
        source=source, kind="test", state="done", asked_at=datetime.now(UTC) - timedelta(days=2)
    )
    jobs = [(source, "test"), (source, "discover"), (source, "listen"), (source, "dance")]
    found = collect(
        *(job_of(each, kind) for each, kind in jobs), job_of(refused, "discover"), job_of(refused, "test")
    )
    test, discover, listen, dance, refusal, failed = found
    assert (test.state, failed.state) == ("done", "failed")
    assert test.steps == [
        {"name": "Name", "is_done": True, "text": "resolved"},
        {"name": "Login", "is_done": True, "text": "with ***"},
    ]
    assert [point["address"] for point in discover.result["points"]] == ["folder", "folder/a", "folder/b"]
    assert set(source.points.values_list("address", "seen")) == {("folder/a", 0), ("folder/b", 0)}
    assert [message["raw"] for message in listen.result["messages"]] == ["1", "2"]
    assert (dance.state, refusal.state) == ("failed", "failed")
    assert refusal.steps[-1]["text"] == "Login refused."
    assert not SourceJob.objects.filter(pk=old.pk).exists()


def test_a_job_that_takes_too_long_and_one_whose_collector_died_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from monitoring.sources import jobs

    monkeypatch.setitem(jobs.LIMIT_S, "test", stretched(1))  # long enough for the step before
    source = add_source("broker", "stubborn")
    dead = SourceJob.objects.create(
        source=source, kind="test", state="running", asked_at=datetime.now(UTC) - timedelta(minutes=10)
    )
    late, _ = collect(
        job_of(source, "test"), lambda: SourceJob.objects.filter(pk=dead.pk, state="failed").exists()
    )
    assert late.steps[0] == {"name": "Name", "is_done": True, "text": "resolved"}
    assert "Not finished after" in late.steps[1]["text"]


def test_starting_and_ending_leaves_no_thread_and_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    source = add_source("stubborn", "stubborn")
    before = set(threading.enumerate())  # those of earlier tests may end meanwhile

    async def cycles() -> set[asyncio.Task[Any]]:
        collector = Collector()
        collector._writer.start()
        for _ in range(20):
            await until(collector, lambda: bool(collector.runs))
            Source.objects.filter(pk=source.pk).update(is_enabled=False)
            await until(collector, lambda: not collector.runs)
            Source.objects.filter(pk=source.pk).update(is_enabled=True)
        await collector._leave()
        return asyncio.all_tasks() - {asyncio.current_task()}

    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    assert asyncio.run(cycles()) == set()
    end = time.monotonic() + LONG_S
    while set(threading.enumerate()) - before and time.monotonic() < end:
        time.sleep(0.05)
    gc.collect()
    assert set(threading.enumerate()) <= before


async def until(collector: Collector, condition: Callable[[], bool]) -> None:
    """Do rounds until the condition holds, and let the driver begin."""
    while not condition():
        await collector.round()
        await asyncio.sleep(0.01)

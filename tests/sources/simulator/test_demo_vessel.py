"""The demo vessel in the database: made once, its past in pieces, its batches as they go on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client

from monitoring.batches.lifecycle import end_batch
from monitoring.database import leases
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.actor import Actor
from monitoring.kernel.runtime import Runtime
from monitoring.models import (
    Batch,
    Lease,
    Measurement,
    Profile,
    Recipe,
    Sample,
    SampleResult,
    Tag,
    Vessel,
    VesselTag,
)
from monitoring.sources.simulator import source
from monitoring.sources.simulator.demo_tags import unused_names
from monitoring.sources.simulator.demo_vessel import keeping, past, records
from monitoring.sources.simulator.demo_vessel.keeping import keep_demo_vessel, record_due
from monitoring.sources.simulator.demo_vessel.making import is_live, make_once
from monitoring.sources.simulator.demo_vessel.records import name_of, record_batch
from monitoring.sources.simulator.vessel import cycle
from monitoring.sources.simulator.vessel.channels import NAMES
from monitoring.sources.simulator.vessel.cycle import inoculation_of, vessel_readings
from monitoring.sources.simulator.vessel.faults import fault_of

SEED = source.SEED
NUMBER = 20_500  # the batch at NOW, whose number tells that it has no fault
INOCULATION = datetime.fromtimestamp(inoculation_of(NUMBER), UTC)
HOUR = timedelta(hours=1)
NOW = INOCULATION + 9 * HOUR
MEMORY = cycle.VesselMemory()
PERSON = Actor(by="eva")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def short_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """One past batch and a reading each ten minutes; all tests share the simulated blocks."""
    monkeypatch.setattr(cycle, "KEPT_BLOCKS", 1000)
    Runtime.current.parts[cycle.VesselMemory] = MEMORY
    monkeypatch.setattr(past, "PAST_BATCHES", 1)
    monkeypatch.setattr(past, "SPACING_S", 600)


def keep(now: datetime = NOW, should_stop: Callable[[], bool] = lambda: False) -> bool:
    return keep_demo_vessel(seed=SEED, should_stop=should_stop, clock=lambda: now)


def everything() -> tuple[object, ...]:
    """All that belongs to the vessel, without ids and the times of entry."""
    measurements = Measurement.objects.order_by("tag__name", "timestamp")
    batches = Batch.objects.order_by("start")
    return (
        list(measurements.values_list("tag__name", "timestamp", "value", "is_anomaly")),
        list(batches.values_list("name", "state", "start", "inoculated_at", "end", "is_golden", "header")),
        list(batches.values_list("phases__name", "phases__start", "phases__end")),
        list(SampleResult.objects.order_by("sample__taken_at", "analyte").values_list("analyte", "value")),
        *(model.objects.count() for model in (Tag, Vessel, VesselTag, Recipe, Sample)),
    )


def test_the_first_start_makes_vessel_tags_recipe_past_and_batches(client: Client) -> None:
    assert keep()
    assert client.get("/tags").json()["tags"] == ["fermenter_temp", "fermenter_ph", "agitator_rpm", *NAMES]
    vessel = Vessel.objects.get(name="demo-1")
    roles = {row.tag.name: (row.role, row.function) for row in vessel.bindings.select_related("tag")}
    assert list(roles) == list(NAMES)
    assert roles["demo1.feed_sp"] == ("feed_rate", "setpoint")
    assert {tag.kind for tag in Tag.objects.filter(name__endswith="_sp")} == {"setpoint"}
    complete, running = vessel.batches.order_by("start")
    assert (complete.state, running.state) == ("complete", "running")
    assert complete.end - complete.inoculated_at == 20 * HOUR
    assert [phase.name for phase in complete.phases.all()] == ["growth", "feed"]
    assert complete.samples.count() == 10


def test_stored_readings_are_those_of_the_simulated_second() -> None:
    keep()
    rows = Measurement.objects.filter(tag__name="demo1.weight").order_by("timestamp")
    seconds = [int(row.timestamp.timestamp()) for row in rows]
    assert np.diff(seconds).tolist() == [600] * (len(seconds) - 1)
    expected = vessel_readings(SEED, seconds[0], seconds[-1] + 1)[::600, NAMES.index("demo1.weight")]
    assert [row.value for row in rows] == expected.tolist()


def test_the_same_again_changes_nothing() -> None:
    keep()
    before = everything()
    assert keep()
    assert everything() == before


def stored_seconds() -> set[tuple[int, ...]]:
    """The times of each tag, which must be the same for all."""
    times: dict[str, list[int]] = {}
    for name, at in Measurement.objects.order_by("timestamp").values_list("tag__name", "timestamp"):
        times.setdefault(name, []).append(int(at.timestamp()))
    assert set(times) == set(NAMES)
    return {tuple(each) for each in times.values()}


def test_a_worker_that_dies_in_the_middle_is_followed_by_one_that_continues(monkeypatch) -> None:
    advance, calls = leases.advance, iter(range(2))

    def die_at_the_third(held: leases.Hold, until: datetime) -> None:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        advance(held, until)

    with monkeypatch.context() as dying:
        dying.setattr(leases, "advance", die_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            keep()
    (begun,) = stored_seconds()
    assert 0 < len(begun) < 150
    assert not is_live()
    assert keep(NOW + timedelta(minutes=1))  # the lease of the dead has expired
    (all_of_them,) = stored_seconds()
    assert set(np.diff(all_of_them)) == {600}
    assert all_of_them[: len(begun)] == begun
    assert Batch.objects.count() == 2


def test_while_the_past_is_stored_old_readings_raise_no_alarm() -> None:
    keep()
    stored = Tag.objects.get(name="demo1.ph")
    assert stored.stale_after_s > 300 * 24 * 3600
    assert stored.detectors_off == ["missing"]
    keep(NOW + timedelta(minutes=1))
    live = Tag.objects.get(name="demo1.ph")
    assert live.stale_after_s is None
    assert live.detectors_off == []
    assert Tag.objects.get(name="demo1.air").detectors_off == ["saturation", "stuck"]  # 0 for hours


def test_the_past_waits_for_detection_that_is_far_behind_but_not_for_ever(monkeypatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    now = datetime.now(UTC)
    Lease.objects.create(source="judge", renewed_at=now, written_until=now)
    past.wait_for_detection(lambda: False)
    assert not pauses
    Lease.objects.update(written_until=now - timedelta(seconds=40))
    past.wait_for_detection(lambda: len(pauses) == 3)
    assert len(pauses) == 3
    with monkeypatch.context() as slow:
        slow.setattr(past, "LONGEST_WAIT_S", 0)
        past.wait_for_detection(lambda: False)
    Lease.objects.update(renewed_at=now - HOUR)  # it has stopped
    past.wait_for_detection(lambda: False)
    assert len(pauses) == 3


def test_a_second_worker_beside_the_first_stores_nothing() -> None:
    make_once()
    leases.hold("demo_vessel", "another", now=NOW, duration=timedelta(seconds=30))
    assert not keep()
    assert not Measurement.objects.exists()


def test_a_worker_that_is_to_stop_ends_after_the_piece_and_the_next_one_continues() -> None:
    asked = iter([False, True])
    assert not keep(should_stop=lambda: next(asked))
    assert Measurement.objects.filter(tag__name="demo1.ph").count() == 30
    assert keep()
    assert Measurement.objects.filter(tag__name="demo1.ph").count() == (24 * 6 + 9 * 6 + 3)


def test_a_deleted_tag_stays_deleted_and_the_others_go_on() -> None:
    make_once()
    Tag.objects.get(name="demo1.press").delete()
    keep()
    assert not Tag.objects.filter(name="demo1.press").exists()
    assert Measurement.objects.filter(tag__name="demo1.air").exists()


@pytest.mark.parametrize("switch", ["FERMON_SIMULATOR", "FERMON_DEMO_VESSEL"])
def test_switched_off_nothing_is_made(settings, client: Client, switch: str) -> None:
    setattr(settings, switch, False)
    assert not keep()
    assert client.get("/tags").json()["tags"] == ["fermenter_temp", "fermenter_ph", "agitator_rpm"]
    assert not Vessel.objects.exists()


def test_a_vessel_of_people_with_the_same_name_gets_no_demo_batches() -> None:
    Vessel.objects.create(name="demo-1", made_at=NOW)
    keep()
    assert not Batch.objects.exists()


def test_switched_off_later_the_tags_leave_the_page_and_the_running_batch_is_aborted(settings) -> None:
    keep()
    Lease.objects.update_or_create(source="simulator", defaults={"written_until": NOW})
    settings.FERMON_SIMULATOR = False
    assert set(NAMES) <= unused_names()
    assert not keep(NOW + HOUR)
    running = Batch.objects.get(name=name_of(NUMBER))
    assert (running.state, running.end_reason) == ("aborted", "The simulator is off.")


def test_live_readings_of_all_tags_come_in_one_tick_once_the_past_is_there() -> None:
    make_once()
    source.tick("a", now=NOW, write=ingest_readings)
    assert Measurement.objects.count() == 3
    Lease.objects.filter(source="demo_vessel").update(position=NUMBER)
    second = NOW + timedelta(seconds=1)
    source.tick("a", now=second, write=ingest_readings)
    rows = Measurement.objects.filter(timestamp=second)
    assert rows.count() == 3 + len(NAMES)
    expected = vessel_readings(SEED, int(second.timestamp()), int(second.timestamp()) + 1)[0]
    assert [rows.get(tag__name=name).value for name in NAMES] == expected.tolist()


def test_a_batch_goes_through_its_moments() -> None:
    make_once()
    begin, end = INOCULATION - HOUR / 2, INOCULATION + 20 * HOUR

    def at(now: datetime) -> Batch:
        record_batch(NUMBER, seed=SEED, now=now)
        return Batch.objects.get(name=name_of(NUMBER))

    assert not record_batch(NUMBER, seed=SEED, now=begin - HOUR)
    assert not Batch.objects.exists()
    assert at(begin).inoculated_at is None
    assert at(INOCULATION).inoculated_at == INOCULATION
    assert at(INOCULATION + HOUR).samples.count() == 0  # the laboratory takes 15 min
    assert at(INOCULATION + 1.25 * HOUR).samples.count() == 1
    feeding = at(INOCULATION + 9 * HOUR).phases.get(name="feed")
    assert 5 * HOUR < feeding.start - INOCULATION < 9 * HOUR
    assert "fault" not in at(end - HOUR).header
    ended = at(end)
    assert (ended.state, ended.end, ended.header["fault"]) == ("complete", end, "none")
    assert [sample.number for sample in ended.samples.order_by("taken_at")] == list(range(1, 11))
    revision = ended.revision
    assert at(end + HOUR).revision == revision


def test_samples_show_the_growth() -> None:
    make_once()
    record_batch(NUMBER, seed=SEED, now=INOCULATION + 21 * HOUR)
    results = SampleResult.objects.order_by("sample__taken_at")
    weights = list(results.filter(analyte="dry_weight").values_list("value", flat=True))
    densities = list(results.filter(analyte="od600").values_list("value", flat=True))
    assert weights[0] < 1 < 30 < weights[-1]
    assert np.array(densities) * 0.36 == pytest.approx(np.array(weights), rel=0.2, abs=0.3)


def test_a_batch_that_a_person_has_ended_is_left_alone() -> None:
    make_once()
    record_batch(NUMBER, seed=SEED, now=NOW)
    batch = Batch.objects.get()
    end_batch(batch.pk, at=NOW, actor=PERSON)
    Lease.objects.filter(source="demo_vessel").update(position=NUMBER)
    record_due(seed=SEED, now=NOW + HOUR)
    assert Batch.objects.get().ended_by == "eva"
    assert leases.position_of("demo_vessel") == NUMBER + 1


def test_another_batch_in_the_vessel_is_not_disturbed(caplog) -> None:
    make_once()
    keep(NOW)
    other = Batch.objects.get(state="running")
    other.name = "mine"
    other.save()
    assert record_batch(NUMBER, seed=SEED, now=NOW)
    assert Batch.objects.filter(state="running").count() == 1


def test_a_batch_of_the_past_is_recorded_as_a_whole_while_a_later_one_runs() -> None:
    make_once()
    record_batch(NUMBER + 1, seed=SEED, now=NOW + 24 * HOUR)
    assert record_batch(NUMBER, seed=SEED, now=NOW + 24 * HOUR)
    at_once = Batch.objects.get(name=name_of(NUMBER))
    spans = list(at_once.phases.values_list("name", "start", "end"))
    assert [name for name, _, _ in spans] == ["growth", "feed"]
    assert spans[0][1] == INOCULATION
    assert spans[0][2] == spans[1][1]
    assert spans[1][2] == at_once.end == INOCULATION + 20 * HOUR
    assert at_once.samples.count() == 10
    assert at_once.header["fault"] == "none"


def test_a_batch_during_which_the_simulator_was_off_is_not_recorded() -> None:
    make_once()
    Lease.objects.filter(source="demo_vessel").update(position=NUMBER - 3)
    record_due(seed=SEED, now=NOW)
    assert [batch.name for batch in Batch.objects.all()] == [name_of(NUMBER)]


def test_three_of_the_first_five_batches_are_golden_and_faults_are_told(monkeypatch) -> None:
    make_once()
    numbers = range(NUMBER, NUMBER + 5)
    monkeypatch.setattr(records, "feed_begin", lambda seed, number, now: None)
    monkeypatch.setattr(records, "add_samples", lambda *batch: None)  # both would simulate 100 hours
    for number in numbers:
        records.store_complete(number, seed=SEED)
    batches = {number: Batch.objects.get(name=name_of(number)) for number in numbers}
    golden = [number for number, batch in batches.items() if batch.is_golden]
    assert len(golden) == 3
    assert all(fault_of(SEED, number) is None for number in golden)
    assert [number for number in numbers if fault_of(SEED, number) is None][:3] == golden
    (faulty,) = [batch for number, batch in batches.items() if fault_of(SEED, number)]
    assert faulty.header["fault of"] in ("probe", "process")
    assert faulty.header["fault from"].endswith(" h")


def test_golden_batches_become_the_profile_of_the_running_batch_once(monkeypatch) -> None:
    monkeypatch.setattr(past, "SPACING_S", 60)
    monkeypatch.setattr(records, "GOLDEN", 1)
    monkeypatch.setattr(keeping, "GOLDEN", 1)
    assert keep(INOCULATION + 24 * HOUR)
    profile = Profile.objects.get()
    assert [member.batch.name for member in profile.members.all()] == [name_of(NUMBER)]
    assert Batch.objects.get(state="running").profile == profile
    keep(INOCULATION + 48 * HOUR)
    assert Profile.objects.count() == 1


def test_generated_history_of_the_vessel_has_its_batches_too(capsys) -> None:
    until = INOCULATION + HOUR
    call_command("generate_history", "--days", "1", "--until", until.isoformat(), "--tags", "demo1.ph")
    assert Measurement.objects.count() == 86_400
    assert "86400 of 86400 readings stored" in capsys.readouterr().out
    assert [batch.name for batch in Batch.objects.all()] == [name_of(NUMBER)]


def test_an_unavailable_database_is_left_to_the_next_run(monkeypatch) -> None:
    def away(*columns: object) -> None:
        raise OperationalError("disk I/O error")

    monkeypatch.setattr(past, "ingest_columns", away)
    with pytest.raises(OperationalError):
        keep()
    monkeypatch.undo()
    assert not is_live()

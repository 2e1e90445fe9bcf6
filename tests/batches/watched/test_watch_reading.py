"""Stored batches as minutes to watch."""

from datetime import timedelta

import numpy as np
import pytest

from monitoring.batches.watched.reading import ReadMinutes, prepare, read_minutes, settled
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Batch, Tag, Vessel
from tests.batches.watch_plant import MINUTE, NOON

pytestmark = pytest.mark.django_db
LENGTH = 20
# name: role, function, unit, kind, tolerance, first value
TAGS = {
    "w.temp": ("temperature", "measured", "K", "analog", 0.5, 310.15),
    "w.ph": ("ph", "measured", "pH", "analog", None, 7.0),
    "w.acid": ("acid_total", "measured", "mL", "counter", None, 3.0),
    "w.antifoam": ("antifoam_total", "measured", "mL", "counter", None, 1.0),
    "w.rpm": ("agitation", "measured", "1/s", "analog", 1.0, 10.0),
    "w.rpm_sp": ("agitation", "setpoint", "1/s", "setpoint", None, 10.0),
    "w.rpm_out": ("agitation", "output", "%", "analog", None, 50.0),
    "w.do": ("dissolved_oxygen", "measured", "mV", "analog", None, 40.0),
    "w.base": ("base_total", "measured", "drops", "analog", None, 5.0),
    "w.colour": ("other", "measured", "", "analog", 2.0, 1.0),
    "w.drops": ("other", "measured", "", "counter", None, 8.0),
    "w.valve": ("other", "measured", "", "discrete", None, 1.0),
    "w.silent": ("weight", "measured", "kg", "analog", None, None),
}


@pytest.fixture
def batch() -> Batch:
    vessel = Vessel.objects.create(name="w", made_at=NOON, constants={"tare_kg": 4.0})
    for name, (role, function, unit, kind, tolerance, _) in TAGS.items():
        tag = Tag.objects.create(name=name, unit=unit, kind=kind, valid_min=-1e6, valid_max=1e6)
        vessel.bindings.create(tag=tag, role=role, function=function, tolerance=tolerance)
    batch = Batch.objects.create(
        vessel=vessel, name="b", start=NOON, inoculated_at=NOON + 6 * MINUTE, changed_at=NOON
    )
    batch.phases.create(position=1, name="growth", start=NOON + 6 * MINUTE)
    for name, (_, function, *_, first) in TAGS.items():
        if first is not None:
            minutes = (-3, 10) if function == "setpoint" else range(LENGTH)
            put(name, {minute: first + minute for minute in minutes})
    return batch


def put(tag: str, values: dict[int, float]) -> None:
    ingest_readings(
        [
            {"timestamp": (NOON + minute * MINUTE + half).isoformat(), "tag": tag, "value": value + more}
            for minute, value in values.items()
            for half, more in ((timedelta(seconds=5), -0.1), (timedelta(seconds=35), 0.1))
        ]
    )


def read(batch: Batch, minutes: int = LENGTH) -> ReadMinutes:
    return read_minutes(prepare(batch, NOON + minutes * MINUTE + timedelta(seconds=15)))


def test_measured_roles_are_in_the_units_of_the_roles(batch: Batch) -> None:
    found = read(batch)
    minute = np.arange(LENGTH)
    measured = found.minutes.inputs.measured
    assert set(measured) == {"temperature", "ph", "acid_total", "antifoam_total", "agitation"}
    np.testing.assert_allclose(measured["temperature"], 37 + minute)
    np.testing.assert_allclose(measured["agitation"], 60 * (10 + minute))
    np.testing.assert_allclose(measured["acid_total"], 3 + minute + 0.1, err_msg="of totals the maximum")
    assert found.minutes.inputs.constants["tare_kg"] == 4
    assert found.minutes.tolerances == {"temperature": 0.5, "agitation": 60, "other.w.colour": 2}


def test_tags_without_a_usable_role_are_watched_by_name(batch: Batch) -> None:
    found = read(batch)
    others = found.minutes.others
    assert set(others) == {"other.w.do", "other.w.base", "other.w.colour", "other.w.drops"}
    assert found.minutes.other_totals == {"other.w.base", "other.w.drops"}
    np.testing.assert_allclose(others["other.w.drops"], 8 + np.arange(LENGTH) + 0.1)
    assert found.tags["other.w.do"].name == "w.do"
    assert (found.tags["temperature"].name, found.tags["temperature"].unit) == ("w.temp", "K")


def test_a_setpoint_holds_until_the_next_also_from_before_the_batch(batch: Batch) -> None:
    setpoints = read(batch).minutes.setpoints
    assert list(setpoints) == ["agitation"]
    np.testing.assert_allclose(setpoints["agitation"], np.where(np.arange(LENGTH) < 10, 420, 1_200))


def test_phases_elapsed_time_and_samples(batch: Batch) -> None:
    batch.samples.create(number=1, taken_at=NOON + 12 * MINUTE, entered_at=NOON, entered_by="ann")
    batch.samples.create(
        number=2, taken_at=NOON + 13 * MINUTE, entered_at=NOON, entered_by="ann", withdrawn_at=NOON
    )
    found = read(batch).minutes
    assert found.phases == ("growth",)
    assert found.phase.tolist() == [-1] * 6 + [0] * (LENGTH - 6)
    assert found.inputs.hour[[0, 6]].tolist() == [-0.1, 0]
    assert [sample.hour for sample in found.inputs.samples] == [0.1]


def test_the_minute_that_lasts_does_not_count(batch: Batch) -> None:
    assert len(read(batch, 12).start_us) == 12
    assert settled(NOON + 12 * MINUTE + timedelta(seconds=9)) == NOON + 11 * MINUTE
    found = read(batch, 12)
    assert (found.time(0), found.time(12)) == (NOON, NOON + 12 * MINUTE)


def test_the_digest_changes_with_anything_that_the_minutes_follow_from(batch: Batch) -> None:
    def digest() -> str:
        return prepare(Batch.objects.get(pk=batch.pk), NOON + LENGTH * MINUTE).digest()

    seen = [digest()]
    assert digest() == seen[0]
    put("w.silent", {19: 4.0})
    seen.append(digest())
    Tag.objects.filter(name="w.rpm").update(unit="rpm")
    seen.append(digest())
    batch.vessel.bindings.filter(role="ph").update(tolerance=0.3)
    seen.append(digest())
    batch.phases.update(name="feed")
    seen.append(digest())
    Vessel.objects.update(constants={"tare_kg": 5.0})
    seen.append(digest())
    batch.samples.create(number=1, taken_at=NOON, entered_at=NOON, entered_by="ann")
    seen.append(digest())
    Batch.objects.update(inoculated_at=NOON)
    seen.append(digest())
    assert len(set(seen)) == len(seen)


def test_a_vessel_without_tags_has_minutes_without_values() -> None:
    vessel = Vessel.objects.create(name="empty", made_at=NOON)
    batch = Batch.objects.create(vessel=vessel, name="e", start=NOON, changed_at=NOON)
    found = read(batch).minutes
    assert (dict(found.inputs.measured), dict(found.others), len(found.phase)) == ({}, {}, LENGTH)

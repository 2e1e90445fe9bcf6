"""Soft sensors and computed tags of a batch, from stored readings."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitoring.batches.computed_tags import add_computed_tag
from monitoring.batches.errors import BatchInputError
from monitoring.batches.lifecycle import NewBatch, end_batch, inoculate, plan_batch, start_batch
from monitoring.batches.sampling import NewResult, add_sample
from monitoring.batches.sensor_series import BatchSensors, SensorSeries, sensors_json
from monitoring.batches.soft_sensor_series import gains_of, read_soft_sensors
from monitoring.batches.soft_sensors.catalogue import SOFT_SENSORS
from monitoring.batches.soft_sensors.thinning import thinned
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Tag, Vessel
from tests.batches.made_course import CONSTANTS, MadeCourse

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SOMEBODY = Actor("somebody", "login", "")
MADE = MadeCourse()
UNITS = {"air_flow": "L/min", "offgas_o2": "%", "offgas_co2": "%", "weight": "kg", "temperature": "°C"}
MINUTES = range(0, 240)

pytestmark = pytest.mark.django_db


@pytest.fixture
def vessel() -> Vessel:
    """A vessel with tags for the gas balance, and without data."""
    made = Vessel.objects.create(name="v1", made_at=NOON, constants=CONSTANTS)
    for role, unit in UNITS.items():
        tag = Tag.objects.create(name=f"v1.{role}", unit=unit, valid_min=-100, valid_max=1000)
        made.bindings.create(tag=tag, role=role)
    return made


@pytest.fixture
def batch(vessel: Vessel) -> Batch:
    """A batch of four hours, inoculated at once, whose readings follow the made course."""
    started = start_batch(NewBatch("v1", "b1", start=NOON), actor=SOMEBODY)
    inoculate(started.pk, at=NOON, actor=SOMEBODY)
    for role in UNITS:
        store(f"v1.{role}", MINUTES, MADE.inputs.measured[role])
    return end_batch(started.pk, at=NOON + 240 * MINUTE, actor=SOMEBODY)


def store(tag: str, minutes: range, values: np.ndarray) -> None:
    ingest_readings(
        [
            {"timestamp": (NOON + each * MINUTE).isoformat(), "tag": tag, "value": float(values[each])}
            for each in minutes
        ]
    )


def series(found: BatchSensors, name: str) -> SensorSeries:
    return next(each for each in found.series if each.name == name)


def test_values_follow_the_stored_readings(batch: Batch) -> None:
    found = read_soft_sensors(batch, ["our", "rq"])
    assert [each.name for each in found.series] == ["our", "rq"]
    assert found.hour[[0, 60]].tolist() == [0, 1]
    np.testing.assert_allclose(series(found, "our").values[60:], MADE.our[60:240], rtol=0.02)
    assert all(each.missing == () for each in found.series)


def test_samples_calibrate_biomass_and_a_late_reading_moves_values(batch: Batch, vessel: Vessel) -> None:
    before = series(read_soft_sensors(batch, ["biomass"]), "biomass")
    assert before.remarks[0].startswith("No sample")
    result = NewResult("dry_weight", float(2 * MADE.biomass[200]))
    add_sample(batch.pk, taken_at=NOON + 200 * MINUTE, results=[result], actor=SOMEBODY)
    after = series(read_soft_sensors(batch, ["biomass"]), "biomass")
    assert after.values[200] == pytest.approx(2 * MADE.biomass[200], rel=0.1)
    assert not any(each.startswith("No sample") for each in after.remarks)

    old = series(read_soft_sensors(batch, ["our"]), "our").values[100]
    moment = (NOON + 100 * MINUTE + timedelta(seconds=30)).isoformat()
    ingest_readings([{"timestamp": moment, "tag": "v1.offgas_o2", "value": 15.0}])
    assert series(read_soft_sensors(batch, ["our"]), "our").values[100] > old


def test_what_is_missing_is_said(batch: Batch, vessel: Vessel) -> None:
    found = read_soft_sensors(batch)
    assert {each.name for each in found.series} == set(SOFT_SENSORS)
    kla = series(found, "kla")
    assert "role agitation" in kla.missing[0]
    assert np.isnan(kla.values).all()
    assert kla.remarks == ()
    constants = {each["name"]: each for each in kla.constants}
    assert (constants["kla_a"]["value"], constants["kla_a"]["assumed"]) == (0.002, True)
    assert (constants["tare_kg"]["value"], constants["tare_kg"]["assumed"]) == (4.0, False)
    assert constants["working_volume_l"]["value"] is None


def test_unknown_units_and_tags_without_values_are_said(batch: Batch, vessel: Vessel) -> None:
    Tag.objects.filter(name="v1.weight").update(unit="stone")
    spare = Tag.objects.create(name="v1.rpm", unit="rpm", valid_min=0, valid_max=2000)
    vessel.bindings.create(tag=spare, role="agitation")
    found = read_soft_sensors(batch, ["our", "kla", "weight_rate"])
    assert series(found, "weight_rate").missing[0].startswith("The unit 'stone' of v1.weight is unknown")
    assert "No values of v1.rpm in this batch." in series(found, "kla").missing


def test_units_are_converted_and_wrong_constants_are_remarked(batch: Batch, vessel: Vessel) -> None:
    before = series(read_soft_sensors(batch, ["broth_volume"]), "broth_volume")
    Tag.objects.filter(name="v1.weight").update(unit="g")
    vessel.constants = {**CONSTANTS, "tare_kg": -4.0, "kla_a": -1, "note": "x"}
    vessel.save()
    after = series(read_soft_sensors(Batch.objects.get(pk=batch.pk), ["broth_volume"]), "broth_volume")
    np.testing.assert_allclose(after.values, (before.values * 1.01 / 1000 + 4.004) / 1.01, rtol=1e-6)
    assert [remark.split(":")[0] for remark in after.remarks] == [
        "The vessel's constant kla_a (factor a of the kLa law)"
    ]


def test_a_computed_tag_is_arithmetic_on_minute_values_with_gaps(batch: Batch, vessel: Vessel) -> None:
    add_computed_tag("v1", {"name": "loss", "expression": "20.95 - {v1.offgas_o2}", "unit": "%"})
    add_computed_tag("v1", {"name": "quotient", "title": "Q", "expression": "1 / ({v1.air_flow} - 6)"})
    found = read_soft_sensors(batch, ["loss", "quotient"])
    loss, quotient = found.series
    np.testing.assert_allclose(loss.values, 20.95 - MADE.inputs.measured["offgas_o2"][:240], rtol=1e-6)
    assert (loss.title, loss.unit, loss.is_computed, loss.inputs) == ("loss", "%", True, ("v1.offgas_o2",))
    assert quotient.title == "Q"
    assert np.isnan(quotient.values).all()
    assert quotient.missing == ("The expression gives no finite number at any minute of this batch.",)
    assert read_soft_sensors(batch).series[-1].name == "quotient"


def test_a_computed_tag_says_what_is_missing(batch: Batch, vessel: Vessel) -> None:
    Tag.objects.create(name="spare", valid_min=0, valid_max=1)
    vessel.computed_tags.create(name="empty", expression="spare * 2")
    vessel.computed_tags.create(name="gone", expression="{no.such} * 2")
    vessel.computed_tags.create(name="odd", expression="2 *")
    empty, gone, odd = read_soft_sensors(batch, ["empty", "gone", "odd"]).series
    assert empty.missing == ("No values of spare in this batch.",)
    assert gone.missing == ("There is no tag no.such: change the expression.",)
    assert odd.missing == ("The expression cannot be read: change it.",)


def test_without_growth_there_is_no_quotient_and_that_is_said(batch: Batch) -> None:
    for role, value in (("offgas_o2", 20.95), ("offgas_co2", 0.04)):
        tag = Tag.objects.create(name=f"calm.{role}", unit="%", valid_min=-1, valid_max=100)
        batch.vessel.bindings.filter(role=role).update(tag=tag)
        store(tag.name, MINUTES, np.full(240, value))
    (quotient,) = read_soft_sensors(batch, ["rq"]).series
    assert quotient.missing == ("All inputs are there, but the formula gives no value yet.",)


def test_an_unknown_name_is_refused_with_those_that_exist(batch: Batch) -> None:
    with pytest.raises(BatchInputError, match=r"unknown soft sensor 'out'; expected one of our, cer"):
        read_soft_sensors(batch, ["out"])


def test_planned_running_and_very_long_batches(vessel: Vessel) -> None:
    planned = plan_batch(NewBatch("v1", "later"), actor=SOMEBODY)
    assert np.isnan(series(read_soft_sensors(planned), "our").values).all()
    running = start_batch(NewBatch("v1", "b1", start=NOON), actor=SOMEBODY)
    store("v1.weight", range(30), MADE.inputs.measured["weight"])
    found = read_soft_sensors(running, ["weight_rate"], now=NOON + 30 * MINUTE)
    assert len(found.hour) == 30
    assert found.hour[0] == 0
    found = read_soft_sensors(running, ["weight_rate"], now=NOON + timedelta(days=61))
    assert len(found.hour) == 60 * 24 * 60
    assert "longer than 60 days" in found.series[0].remarks[0]


def test_json_has_null_in_gaps_and_no_nan(batch: Batch) -> None:
    add_computed_tag("v1", {"name": "twice", "expression": "{v1.weight} * 2"})
    found = read_soft_sensors(batch)
    found.series[0].values[50:60] = np.nan
    shown = sensors_json(found, 600)
    assert "NaN" not in json.dumps(shown)
    our = shown[0]
    assert our["value"][50:60] == [None] * 10
    assert len(our["t"]) == len(our["eft_h"]) == len(our["value"]) == 240
    assert our["t"][1] - our["t"][0] == 60_000
    assert our["last"] == {"t": our["t"][-1], "eft_h": our["eft_h"][-1], "value": our["value"][-1]}
    kla = next(each for each in shown if each["name"] == "kla")
    assert (kla["t"], kla["value"], kla["last"]) == ([], [], None)


def test_gains_are_what_one_more_tag_or_constant_completes(vessel: Vessel) -> None:
    vessel.bindings.filter(role="offgas_co2").delete()
    found = {gain["name"]: gain for gain in gains_of(vessel, NOON)}
    assert SOFT_SENSORS["rq"].title in found["offgas_co2"]["adds"]
    assert found["offgas_co2"]["kind"] == "role"
    assert "jacket_temperature" not in found


class TestThinning:
    def test_extremes_and_gaps_stay(self) -> None:
        values = np.random.default_rng(1).normal(0, 1, 10_000)
        values[1234], values[7777] = 50, -50
        values[4000:6000] = np.nan
        index = thinned(values, 100)
        assert len(index) <= 100
        assert {1234, 7777} <= set(index.tolist())
        assert np.isnan(values[index]).any()
        assert (np.diff(index) > 0).all()

    @pytest.mark.parametrize("points", [1, 2, 3, 7])
    def test_never_more_than_asked(self, points: int) -> None:
        assert 1 <= len(thinned(np.arange(50.0), points)) <= points

    def test_few_values_all_stay_and_none_without_any(self) -> None:
        assert thinned(np.array([np.nan, 1.0]), 2).tolist() == [0, 1]
        assert len(thinned(np.full(9, np.nan), 5)) == 0

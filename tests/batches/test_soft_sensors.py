"""Soft sensors against a batch by formula: the truth comes back; gaps stay gaps; what is missing is said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from monitoring.batches.soft_sensors.catalogue import SOFT_SENSORS, compute
from monitoring.batches.soft_sensors.constants import CONSTANTS, constant_error
from monitoring.batches.soft_sensors.growth import biomass_samples, calibrate
from monitoring.batches.soft_sensors.inputs import LabResult, SensorInputs
from monitoring.batches.soft_sensors.missing import gain_of, missing_for, remarks_for
from monitoring.batches.soft_sensors.role_units import UNITS, conversion_of, unit_error
from monitoring.batches.vessel_roles import ROLES
from tests.batches.made_course import RQ, YIELD, MadeCourse

MADE = MadeCourse()
EVERY_ROLE = set(UNITS)


def changed(**roles: np.ndarray) -> SensorInputs:
    """Return the made course with other values of some roles."""
    return replace(MADE.inputs, measured={**MADE.inputs.measured, **roles}, derived={})


def with_gap(role: str, gap: slice) -> SensorInputs:
    """Return the made course with a gap in a role."""
    values = MADE.inputs.measured[role].copy()
    values[gap] = np.nan
    return changed(**{role: values})


def largest_error(name: str, truth: np.ndarray, after_h: float = 1.0) -> float:
    """Return the largest relative error of a soft sensor, the minutes after the change of growth left out."""
    is_steady = (MADE.hour > after_h) & (np.abs(MADE.hour - 6.1) > 0.2)
    return float(np.nanmax(np.abs(compute(name, MADE.inputs)[is_steady] / truth[is_steady] - 1)))


@pytest.mark.parametrize(
    ("name", "truth", "bound"),
    [
        ("our", MADE.our, 0.02),
        ("cer", RQ * MADE.our, 0.02),
        ("rq", np.full_like(MADE.our, RQ), 0.001),
        ("our_kla", MADE.our, 0.03),
        ("our_heat", MADE.our, 0.05),
        ("base_demand", 0.15 * MADE.our, 0.06),
        ("broth_volume", MADE.volume, 0.001),
        ("oxygen_consumed", np.cumsum(MADE.our * MADE.volume) / 60_000, 0.04),
        ("biomass", MADE.biomass, 0.04),
        ("growth_rate", MADE.growth, 0.06),
    ],
)
def test_truth_comes_back(name, truth, bound):
    assert largest_error(name, truth) < bound


def test_both_transfer_coefficients_agree():
    assert largest_error("kla_observed", compute("kla", MADE.inputs), after_h=0.2) < 0.01


def test_samples_calibrate_the_yield():
    fit = calibrate(MADE.inputs)
    assert fit.per_mmol == pytest.approx(YIELD, rel=0.05)
    assert fit.samples == len(MADE.inputs.samples)


def test_without_samples_the_usual_yield_counts_once_oxygen_is_consumed():
    inputs = replace(MADE.inputs, samples=(), derived={})
    values = compute("biomass", inputs)
    first = np.isfinite(values).argmax()
    consumed = np.cumsum(MADE.our) / 60
    assert consumed[first] == pytest.approx(50, rel=0.1)
    assert values[-1] == pytest.approx(MADE.biomass[-1] * 0.04 / YIELD, rel=0.05)
    known = replace(inputs, constants={**inputs.constants, "inoculum_g_l": 0.3}, derived={})
    assert np.isfinite(compute("biomass", known)).all()


@pytest.mark.parametrize(
    ("samples", "inoculum", "per_mmol"),
    [
        ([(3.0, 0.1), (10.0, float(MADE.biomass[600]))], 0.0, pytest.approx(0.03, rel=0.4)),
        ([(0.0, 100.0), (15.0, 1.0)], pytest.approx(10, rel=0.9), 0.0),
    ],
)
def test_neither_inoculum_nor_yield_is_negative(samples, inoculum, per_mmol):
    results = [LabResult(hour, "dry_weight", value) for hour, value in samples]
    inputs = replace(MADE.inputs, samples=results, derived={})
    fit = calibrate(inputs)
    assert (fit.inoculum_g, fit.per_mmol) == (inoculum, per_mmol)
    assert np.nanmin(compute("biomass", inputs)) > 0


def test_heat_stored_in_a_warming_broth_counts():
    warmer = {name: MADE.inputs.measured[name] + MADE.hour for name in ("temperature", "jacket_temperature")}
    more = compute("metabolic_heat", changed(**warmer)) - compute("metabolic_heat", MADE.inputs)
    stored = MADE.volume * 4180 / 3600
    lost = 1.2 * MADE.hour
    np.testing.assert_allclose(more[60:], (stored + lost)[60:], rtol=0.02)


def test_no_transfer_coefficient_near_saturation():
    saturated = MADE.inputs.measured["offgas_o2"] / 20.95 * 100
    near = compute("kla_observed", changed(dissolved_oxygen=0.97 * saturated))
    away = compute("kla_observed", changed(dissolved_oxygen=0.90 * saturated))
    assert np.isnan(near).all()
    assert np.isfinite(away).all()


def test_samples_outside_the_course_or_in_a_gap_calibrate_nothing():
    outside = [
        LabResult(-5, "dry_weight", 1.0),
        LabResult(99, "dry_weight", 50.0),
        LabResult(8.0, "od600", 20),
    ]
    inputs = replace(with_gap("offgas_o2", slice(475, 490)), samples=outside)
    assert calibrate(inputs).samples == 0


def test_dry_weight_goes_before_density_and_gives_its_factor():
    results = [
        LabResult(1, "od600", 2.0),
        LabResult(2, "od600", 10.0),
        LabResult(2, "dry_weight", 4.0),
        LabResult(3, "glucose", 7.0),
        LabResult(4, "od600", 0.0),
    ]
    assert biomass_samples(results, 0.36) == pytest.approx(np.array([(1, 0.8), (2, 4.0)]))
    assert biomass_samples(results[:1], 0.36) == pytest.approx(np.array([(1, 0.72)]))


@pytest.mark.parametrize("name", SOFT_SENSORS)
def test_a_gap_stays_a_gap_and_leaves_other_times_alone(name):
    gap = slice(300, 320)
    whole = compute(name, MADE.inputs)
    for role in SOFT_SENSORS[name].roles:
        if role in MADE.inputs.measured and role not in ("pressure", "volume"):
            values = compute(name, with_gap(role, gap))
            is_needed = any(way == (role,) for need in SOFT_SENSORS[name].needs for way in need.ways)
            assert not (is_needed and np.isfinite(values[gap]).any())
            assert not np.isinf(values).any()
            assert values[500] == pytest.approx(whole[500], rel=0.05, nan_ok=True)


def test_a_total_ends_at_a_gap_that_is_too_long_to_bridge():
    values = compute("oxygen_consumed", with_gap("offgas_o2", slice(300, 380)))
    assert np.isfinite(values[299])
    assert np.isnan(values[380:]).all()


def test_nothing_counts_before_inoculation():
    early = replace(MADE.inputs, hour=MADE.hour - 2, derived={})
    assert np.isnan(compute("oxygen_consumed", early)[:120]).all()
    assert compute("oxygen_consumed", early)[120] == pytest.approx(0, abs=0.001)


@pytest.mark.parametrize("name", SOFT_SENSORS)
def test_without_tags_there_are_no_values_and_no_errors(name):
    nothing = SensorInputs(MADE.hour, {}, {})
    assert np.isnan(compute(name, nothing)).all()
    assert compute(name, SensorInputs(np.zeros(0), {}, {})).shape == (0,)


@examples(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 90), st.floats(0, 1), st.sampled_from([1.0, 100.0, 1e100]))
def test_any_readings_and_samples_give_finite_values_or_gaps(seed, minutes, share_missing, size):
    random = np.random.default_rng(seed)

    def readings() -> np.ndarray:
        values = random.choice([-1.0, 0.0, 1e-300, 1.0, 21.0], minutes) * size * random.random(minutes)
        return np.where(random.random(minutes) < share_missing, np.nan, values)

    samples = [LabResult(random.uniform(-1, 2), "dry_weight", size * random.random()) for _ in range(3)]
    inputs = SensorInputs(
        np.arange(minutes) / 60 - 0.5, {role: readings() for role in UNITS}, MADE.inputs.constants, samples
    )
    for name in SOFT_SENSORS:
        values = compute(name, inputs)
        assert values.shape == (minutes,)
        assert not np.isinf(values).any()


@pytest.mark.parametrize("name", SOFT_SENSORS)
def test_what_is_missing_is_what_is_needed(name):
    """Without a role or constant that the sentences name, there are no values; with all, there are."""
    sensor = SOFT_SENSORS[name]
    all_constants = {**MADE.inputs.constants, "working_volume_l": 6.0}
    assert missing_for(name, EVERY_ROLE, all_constants) == []
    feeding = changed(feed_rate=np.full_like(MADE.hour, 1.0))
    assert np.isfinite(compute(name, feeding)).any()
    for need in sensor.needs:
        if len(need.ways) == 1:
            (lost,) = need.ways[0]
            roles = {role: values for role, values in feeding.measured.items() if role != lost}
            constants = {key: value for key, value in MADE.inputs.constants.items() if key != lost}
            assert lost in " ".join(missing_for(name, roles, constants))
            assert np.isnan(compute(name, SensorInputs(MADE.hour, roles, constants))).all()


def test_sentence_names_all_ways_to_a_volume():
    assert missing_for("broth_volume", {"weight"}, {}) == [
        "Add a tag with the role volume (Volume, L), or the vessel's constant tare_kg"
        " (weight of the empty vessel, kg), or the vessel's constant working_volume_l (working volume, L):"
        " needed for the volume."
    ]


def test_remarks_say_what_is_done_without():
    assert remarks_for("biomass", EVERY_ROLE, samples=False)[0].startswith(
        "No sample of dry weight or OD600 yet"
    )
    assert remarks_for("biomass", EVERY_ROLE, samples=True) == []
    assert "role pressure" in remarks_for("our_kla", set(), samples=True)[0]


def test_gain_of_a_role_or_constant_is_what_it_completes():
    roles, constants = EVERY_ROLE - {"offgas_co2"}, {"tare_kg": 4.0}
    assert SOFT_SENSORS["rq"].title in gain_of("offgas_co2", roles, constants)
    assert gain_of("offgas_co2", roles - {"offgas_o2"}, constants) == []
    assert gain_of("feed_g_l", EVERY_ROLE, constants) == [SOFT_SENSORS["carbon_fed"].title]


def test_units_of_tags_become_those_of_the_formulas():
    assert conversion_of("air_flow", "m³/h") == pytest.approx((1000 / 60, 0))
    assert conversion_of("temperature", "K") == (1.0, -273.15)
    assert conversion_of("weight", "") == (1.0, 0.0)
    assert conversion_of("weight", "stone") is None
    assert "kg" in unit_error("weight", "scale", "stone")
    for role, units in UNITS.items():
        assert conversion_of(role, ROLES[role].unit) == (1.0, 0.0), role
        assert units


def test_constants_have_bounds_that_their_defaults_keep():
    for name, constant in CONSTANTS.items():
        assert constant.default is None or constant_error(name, constant.default) is None
    assert "expected one of" in constant_error("tara", 1)
    assert "expected a number from 0.5 to 2 kg/L, not 'x'" in constant_error("density_kg_l", "x")
    assert constant_error("density_kg_l", True) is not None
    assert constant_error("density_kg_l", float("nan")) is not None


def test_the_documentation_has_each_sensor_with_its_formula_each_constant_and_each_role():
    pages = "".join(page.read_text() for page in (Path(__file__).parents[2] / "docs").glob("*.md"))
    for sensor in SOFT_SENSORS.values():
        assert f"| `{sensor.name}` | {sensor.title}" in pages
        assert sensor.formula in pages
    for name in (*CONSTANTS, *UNITS):
        assert f"| `{name}` |" in pages

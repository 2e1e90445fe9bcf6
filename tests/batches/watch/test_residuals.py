"""Residuals of the balances, and control errors."""

from dataclasses import replace

import numpy as np
import pytest

from monitoring.batches.soft_sensors.inputs import SensorInputs
from monitoring.batches.watch.residuals import BALANCES, CONTROL_ERRORS, RESIDUALS, residuals
from tests.batches.made_course import RQ, MadeCourse

NO_SETPOINTS: dict[str, np.ndarray] = {}


@pytest.fixture
def made() -> MadeCourse:
    course = MadeCourse()
    course.inputs = with_roles(course.inputs, feed_rate=np.zeros(len(course.hour)))
    return course


def with_roles(inputs: SensorInputs, **changed: np.ndarray) -> SensorInputs:
    return replace(inputs, measured={**inputs.measured, **changed}, derived={})


def without(inputs: SensorInputs, *roles: str) -> SensorInputs:
    left = {name: values for name, values in inputs.measured.items() if name not in roles}
    return replace(inputs, measured=left, derived={})


def growing(made: MadeCourse) -> np.ndarray:
    """Minutes with clear growth and constant rates; the growth rate changes at 6 h."""
    return (made.our > 15) & ((made.hour < 6) | (made.hour > 7))


def test_balances_that_close_have_no_residual(made: MadeCourse) -> None:
    found = residuals(made.inputs, NO_SETPOINTS)
    during = growing(made)
    for name in ("rK", "rH", "rB"):
        assert np.abs(found[name][during]).max() < 0.03, name
    np.testing.assert_allclose(found["rQ"][during], np.log(RQ), atol=0.01)


def test_order_and_shape(made: MadeCourse) -> None:
    found = residuals(made.inputs, NO_SETPOINTS)
    assert tuple(found) == tuple(RESIDUALS) == (*BALANCES, *CONTROL_ERRORS)
    assert {row.shape for row in found.values()} == {made.hour.shape}


def test_a_wrong_oxygen_probe_moves_only_its_own_residual(made: MadeCourse) -> None:
    right = residuals(made.inputs, NO_SETPOINTS)
    fouled = with_roles(made.inputs, dissolved_oxygen=made.inputs.measured["dissolved_oxygen"] - 20)
    wrong = residuals(fouled, NO_SETPOINTS)
    moved = {name for name in BALANCES if not np.allclose(wrong[name], right[name], equal_nan=True)}
    assert moved == {"rK"}
    assert (wrong["rK"] - right["rK"])[growing(made)].min() > 0.05


def test_quotients_are_zero_at_rest(made: MadeCourse) -> None:
    found = residuals(made.inputs, NO_SETPOINTS)
    at_rest = made.our < 5
    assert at_rest.any()
    for name in ("rK", "rH", "rB", "rQ", "rF"):
        known = np.isfinite(found[name])
        assert not found[name][at_rest & known].any(), name
    assert not found["rF"].any()  # no feed


def test_quotients_have_no_step_at_the_end_of_the_rest(made: MadeCourse) -> None:
    rising = residuals(made.inputs, NO_SETPOINTS)["rQ"][(made.our > 5) & (made.our < 13)]
    assert (np.abs(np.diff(rising)) < 0.01).all()
    assert rising[-1] > 0.9 * np.log(RQ)


def test_weight_that_pumps_do_not_explain(made: MadeCourse) -> None:
    minute = np.arange(len(made.hour))
    fed = np.full(len(minute), 2.0)  # mL/min
    weight = 10 + minute * (2 * 1.01 - 0.044 * 6 + 1.5) / 1000
    base = np.zeros(len(minute))
    found = residuals(with_roles(made.inputs, feed_rate=fed, weight=weight, base_total=base), NO_SETPOINTS)
    np.testing.assert_allclose(found["rW"][20:], 1.5, atol=1e-6)


def test_control_errors_need_a_setpoint(made: MadeCourse) -> None:
    found = residuals(made.inputs, {"agitation": made.rpm + 10, "temperature": np.full_like(made.rpm, 36.5)})
    np.testing.assert_allclose(found["eN"], -10)
    np.testing.assert_allclose(found["eT"], 0.5)
    assert all(np.isnan(found[name]).all() for name in ("eDO", "eA", "eJ", "ePH"))


@pytest.mark.parametrize(
    ("role", "lost"),
    [
        ("offgas_o2", {"rK", "rH", "rB", "rQ", "rF"}),
        ("dissolved_oxygen", {"rK"}),
        ("jacket_temperature", {"rH"}),
        ("base_total", {"rB", "rW"}),
        ("feed_rate", {"rF", "rW"}),
        ("weight", {"rW"}),
    ],
)
def test_a_missing_role_takes_its_residuals(made: MadeCourse, role: str, lost: set[str]) -> None:
    inputs = replace(without(made.inputs, role), constants={**made.inputs.constants, "working_volume_l": 6.0})
    found = residuals(inputs, NO_SETPOINTS)
    assert {name for name in BALANCES if np.isnan(found[name]).all()} == lost


def test_gaps_stay_gaps(made: MadeCourse) -> None:
    gas = made.inputs.measured["offgas_o2"].copy()
    gas[500:520] = np.nan
    found = residuals(with_roles(made.inputs, offgas_o2=gas), NO_SETPOINTS)
    assert np.isnan(found["rQ"][500:520]).all()
    assert np.isfinite(found["rQ"][400:500]).all()

"""Batches by formula in which all balances close, with noise; golden ones and faulty ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from monitoring.batches.soft_sensors.inputs import SensorInputs
from monitoring.batches.watch.channels import BatchMinutes
from tests.batches.made_course import MadeCourse

GROWTH, FEED = "growth", "feed"
FEED_H, FAULT_H = 6.0, 10.0
NEW = 100  # the seed of a batch that is not golden
NOISE = {
    "temperature": 0.003,
    "ph": 0.001,
    "air_flow": 0.004,
    "offgas_o2": 0.002,
    "offgas_co2": 0.002,
    "weight": 0.0003,
    "dissolved_oxygen": 0.1,
    "jacket_temperature": 0.01,
    "agitation": 0.5,
}
SETPOINTS = ("temperature", "ph", "air_flow", "agitation", "jacket_temperature")


def course(seed: int) -> BatchMinutes:
    """A batch of growth and feed, with setpoints of all controlled roles."""
    made = MadeCourse()
    fed = np.where(made.hour >= FEED_H, 0.02 * made.our, 0.0)
    exact = {**made.measured(), "ph": np.full_like(made.hour, 7.0), "feed_rate": fed}
    pumped = 1000 * np.cumsum(fed) / 1e6 * 1.01 + exact["base_total"] * 1.01 / 1000
    exact["weight"] = 10.06 + pumped - 0.044 * 6 * np.arange(len(made.hour)) / 1000
    exact["antifoam_total"] = np.zeros_like(made.hour)
    rng = np.random.default_rng(seed)
    measured = {
        role: values + NOISE.get(role, 0.0) * rng.standard_normal(len(values))
        for role, values in exact.items()
    }
    return BatchMinutes(
        SensorInputs(made.hour, measured, dict(made.inputs.constants)),
        (made.hour >= FEED_H).astype(np.int64),
        (GROWTH, FEED),
        {role: exact[role] for role in SETPOINTS},
    )


def golden(number: int = 4) -> Sequence[BatchMinutes]:
    return [course(seed) for seed in range(1, number + 1)]


def minute_of(hour: float) -> int:
    return round(60 * hour)


def with_measured(batch: BatchMinutes, **measured: np.ndarray) -> BatchMinutes:
    """The batch with other values of some roles."""
    inputs = SensorInputs(batch.inputs.hour, {**batch.inputs.measured, **measured}, batch.inputs.constants)
    return replace(batch, inputs=inputs)


def faulty(
    batch: BatchMinutes, role: str, change: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> BatchMinutes:
    """The batch with ``change(values, minutes since)`` of a role from ``FAULT_H`` on."""
    first = minute_of(FAULT_H)
    values = batch.inputs.measured[role].copy()
    values[first:] = change(values[first:], np.arange(len(values) - first))
    return with_measured(batch, **{role: values})


def warmed(batch: BatchMinutes, jacket_k: float) -> BatchMinutes:
    """The batch with a warmer jacket, and the temperature that follows with V rho cp / UA."""
    minutes = 6.3 * 4180 / 40 / 60
    jacket = faulty(batch, "jacket_temperature", lambda values, since: values + jacket_k)
    return faulty(
        jacket, "temperature", lambda values, since: values + jacket_k * (1 - np.exp(-since / minutes))
    )


def without(batch: BatchMinutes, *roles: str) -> BatchMinutes:
    """The batch without some roles, and without their setpoints."""
    left = {role: values for role, values in batch.inputs.measured.items() if role not in roles}
    setpoints = {role: values for role, values in batch.setpoints.items() if role not in roles}
    inputs = SensorInputs(batch.inputs.hour, left, batch.inputs.constants)
    return replace(batch, inputs=inputs, setpoints=setpoints)


def begin_of(batch: BatchMinutes, length: int) -> BatchMinutes:
    """The first minutes of a batch, as it looked while it ran."""

    def cut(rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {role: values[:length] for role, values in rows.items()}

    inputs = SensorInputs(batch.inputs.hour[:length], cut(batch.inputs.measured), batch.inputs.constants)
    return replace(batch, inputs=inputs, phase=batch.phase[:length], setpoints=cut(batch.setpoints))


def without_setpoints(batch: BatchMinutes) -> BatchMinutes:
    return replace(batch, setpoints={})

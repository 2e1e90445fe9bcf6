"""Six independent estimates of what the culture does, side by side, each against the gas balance or pumps."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monitoring.batches.soft_sensors.catalogue import SOFT_SENSORS
from monitoring.batches.soft_sensors.definition import lacking
from monitoring.batches.soft_sensors.feeds import base_demand
from monitoring.batches.soft_sensors.gas import oxygen_uptake
from monitoring.batches.verdict.case import Case
from monitoring.batches.watch.balances import WAYS
from monitoring.kernel.arrays import FloatArray

USUAL_SDS = 3.0
LEAST_RATE = 3.0  # mmol/L/h, in shares


@dataclass(frozen=True, slots=True)
class Estimate:
    """One estimate, at the minute of the verdict.

    ``difference`` is its change against golden batches: a share, for rW in g/min; NaN if unknown.
    ``agrees`` is None if unknown. ``needs`` are roles and constants of the vessel that are missing for it.
    """

    name: str
    title: str
    probe: str
    difference: float
    agrees: bool | None
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """An estimate: its title, the instrument that only it depends on, and the soft sensors it compares."""

    title: str
    probe: str
    sensors: tuple[str, ...]
    pumps: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "rK": Kind("O2 uptake by transfer (kLa, DO)", "DO probe", ("our", "our_kla")),
    "rH": Kind("O2 uptake by heat", "temperature probe (broth or jacket)", ("our", "our_heat")),
    "rB": Kind("acid made, by base", "pH probe", ("our", "base_demand")),
    "rQ": Kind("CO2 made", "CO2 analyser", ("our", "cer")),
    "rF": Kind("carbon fed", "feed pump", ("our", "carbon_fed")),
    "rW": Kind("change of weight", "scale", ("weight_rate",), ("feed_rate", "base_total")),
}


def estimates_at(case: Case, minute: int) -> tuple[Estimate, ...]:
    """Return the six estimates at a minute."""
    return tuple(estimate_at(case, name, minute) for name in KINDS)


def estimate_at(case: Case, name: str, minute: int) -> Estimate:
    """Return one estimate at a minute."""
    kind, inputs = KINDS[name], case.batch.inputs
    change, in_sds = change_at(case, name, minute)
    share = share_at(case, name, change, minute)
    if np.isnan(change):
        needs = needs_of(kind, frozenset(inputs.measured), frozenset(inputs.constants))
        return Estimate(name, kind.title, kind.probe, share, None, needs)
    return Estimate(name, kind.title, kind.probe, share, bool(abs(in_sds) <= USUAL_SDS), ())


def needs_of(kind: Kind, roles: frozenset[str], constants: frozenset[str]) -> tuple[str, ...]:
    """Return the roles and constants that are missing: of needs with several ways, the first way's."""
    given = dict.fromkeys(constants, 1.0)
    unmet = [
        need
        for sensor in kind.sensors
        for need in SOFT_SENSORS[sensor].needs
        if not need.is_met(roles, given)
    ]
    found = [name for need in unmet for name in lacking(need.ways[0], roles, given)]
    return tuple(dict.fromkeys([*found, *(role for role in kind.pumps if role not in roles)]))


def change_at(case: Case, name: str, minute: int) -> tuple[float, float]:
    """Return the change of a balance at a minute, and that in standard deviations: of the larger family.

    NaN without a value, and where nothing can have changed yet: in the first 30 minutes of a phase, and rF
    without feed.
    """
    spread, bin_ = case.model.balances, case.bins[minute]
    if name not in spread.names or bin_ < 0:
        return np.nan, np.nan
    row = spread.names.index(name)
    changes = np.array([case.changes[way][row, minute] for way in WAYS])
    in_sds = changes / np.array([spread.sd[way][row, bin_] for way in WAYS])
    if not np.isfinite(changes).any() or not changes.any():
        return np.nan, np.nan
    larger = int(np.nan_to_num(np.abs(in_sds)).argmax())
    return float(changes[larger]), float(in_sds[larger])


def share_at(case: Case, name: str, change: float, minute: int) -> float:
    """Return a change of a residual as a share of the usual rate; of rW in g/min."""
    if name == "rW":
        return change
    if name in ("rK", "rQ", "rF"):
        return float(np.exp(change) - 1)
    uptake = max(value_at(oxygen_uptake(case.batch.inputs), minute), LEAST_RATE)
    if name == "rH":
        return change * (uptake + 20) / uptake
    extra = change * (uptake + 15)
    usual = value_at(base_demand(case.batch.inputs), minute) - extra
    return extra / max(usual, LEAST_RATE)


def value_at(values: FloatArray, minute: int) -> float:
    """Return the value at a minute."""
    return float(values[minute])

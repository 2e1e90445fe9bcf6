"""Faults of the demo vessel: one in every third batch, with labels, and their effects."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from monitoring.sources.simulator.vessel.parameters import HOUR_S, batch_rng

EVERY = 3  # batches
OF_FAULT = 999_998  # in place of a block's number, in the seed of the random numbers
TRIP_S = 600
FOULING_S = 2 * HOUR_S
PROBE_LAG_S = 18.0
FOULED_LAG_S = 60.0


class VesselFaultKind(StrEnum):
    """The kind of a fault, of a probe or of the process."""

    PH_DRIFT = "ph_drift"
    OXYGEN_FOULING = "oxygen_fouling"
    TEMPERATURE_STUCK = "temperature_stuck"
    TEMPERATURE_OFFSET = "temperature_offset"
    GAS_DRIFT = "gas_drift"
    SCALE_DRIFT = "scale_drift"
    AGITATOR_TRIP = "agitator_trip"
    AIR_LOSS = "air_loss"
    FEED_BLOCK = "feed_block"
    OVERFEED = "overfeed"
    COOLING_LOSS = "cooling_loss"
    BASE_EMPTY = "base_empty"
    CONTAMINATION = "contamination"
    ANTIFOAM_OVERDOSE = "antifoam_overdose"
    SETPOINT_STEP = "setpoint_step"


PROBE_FAULTS = frozenset(list(VesselFaultKind)[:6])


@dataclass(frozen=True, slots=True)
class VesselFault:
    """A fault of one batch. ``onset_s`` counts from inoculation; ``size`` is in the unit of the label."""

    kind: VesselFaultKind
    onset_s: int
    size: float = 1.0

    @property
    def is_of_probe(self) -> bool:
        """Return whether a probe is faulty, not the process."""
        return self.kind in PROBE_FAULTS

    @property
    def label(self) -> str:
        """Return the truth in words."""
        return LABELS[self.kind].format(size=self.size, percent=100 * self.size)


LABELS = {
    VesselFaultKind.PH_DRIFT: "pH probe drifts by {size:+.2f} an hour",
    VesselFaultKind.OXYGEN_FOULING: "DO probe fouls: {percent:.0f} % less and slower after two hours",
    VesselFaultKind.TEMPERATURE_STUCK: "Temperature probe is stuck",
    VesselFaultKind.TEMPERATURE_OFFSET: "Temperature probe is off by {size:+.2f} °C",
    VesselFaultKind.GAS_DRIFT: "Off-gas O2 analyser drifts by {size:+.2f} % an hour",
    VesselFaultKind.SCALE_DRIFT: "Scale drifts by {size:+.2f} kg an hour",
    VesselFaultKind.AGITATOR_TRIP: "Agitator stops for 10 min",
    VesselFaultKind.AIR_LOSS: "Air flow falls to {percent:.0f} %",
    VesselFaultKind.FEED_BLOCK: "Feed line is blocked",
    VesselFaultKind.OVERFEED: "Feed pump delivers {percent:.0f} % of its setpoint",
    VesselFaultKind.COOLING_LOSS: "Cooling falls to {percent:.0f} %",
    VesselFaultKind.BASE_EMPTY: "Base bottle is empty",
    VesselFaultKind.CONTAMINATION: "Contamination by an acid producer, {size:.1f} g/L",
    VesselFaultKind.ANTIFOAM_OVERDOSE: "Too much antifoam: kLa falls by 30 %",
    VesselFaultKind.SETPOINT_STEP: "Temperature setpoint is off by {size:+.1f} °C",
}

# Range of sizes; True: of either sign.
SIZES: dict[VesselFaultKind, tuple[float, float, bool]] = {
    VesselFaultKind.PH_DRIFT: (0.06, 0.12, True),
    VesselFaultKind.OXYGEN_FOULING: (0.25, 0.40, False),
    VesselFaultKind.TEMPERATURE_OFFSET: (0.4, 0.8, True),
    VesselFaultKind.GAS_DRIFT: (0.08, 0.15, True),
    VesselFaultKind.SCALE_DRIFT: (0.06, 0.12, True),
    VesselFaultKind.AIR_LOSS: (0.4, 0.6, False),
    VesselFaultKind.OVERFEED: (1.25, 1.40, False),
    VesselFaultKind.COOLING_LOSS: (0.0, 0.15, False),
    VesselFaultKind.CONTAMINATION: (0.7, 1.3, False),
    VesselFaultKind.SETPOINT_STEP: (0.7, 1.2, True),
}
ONSETS_H = {
    VesselFaultKind.FEED_BLOCK: (11, 15),
    VesselFaultKind.OVERFEED: (11, 15),
    VesselFaultKind.CONTAMINATION: (5, 11),
}
ONSET_H = (5, 15)


def fault_of(seed: int, number: int) -> VesselFault | None:
    """Return the fault of batch ``number``: one in every third batch, else None."""
    if number % EVERY:
        return None
    rng = batch_rng(seed, number, OF_FAULT)
    kinds = list(VesselFaultKind)
    return draw_fault(kinds[int(rng.integers(len(kinds)))], rng)


def draw_fault(kind: VesselFaultKind, rng: np.random.Generator) -> VesselFault:
    """Return a fault of this kind with an onset and a size at random."""
    start, stop = ONSETS_H.get(kind, ONSET_H)
    onset = int(rng.integers(start * HOUR_S, stop * HOUR_S))
    low, high, is_signed = SIZES.get(kind, (1.0, 1.0, False))
    size = float(rng.uniform(low, high))
    return VesselFault(kind, onset, -size if is_signed and rng.random() < 0.5 else size)


@dataclass(slots=True)
class Effects:
    """Effects of a fault in one second; as built, none. Shifts are in the unit of the probe."""

    setpoint_shift: float = 0.0
    is_tripped: bool = False
    air: float = 1.0
    feed: float = 1.0
    base: float = 1.0
    cooling: float = 1.0
    contaminant: float = 0.0  # g/L that arrives in this second
    antifoam: float = 0.0  # share of kLa that is lost in this second
    ph_shift: float = 0.0
    temperature_shift: float = 0.0
    is_stuck: bool = False
    gas_shift: float = 0.0
    weight_shift: float = 0.0
    oxygen_gain: float = 1.0
    oxygen_lag_s: float = PROBE_LAG_S


NO_EFFECTS = Effects()


def fouling(size: float, elapsed_s: int) -> Effects:
    """Return the effects of a fouled DO probe, which grow over two hours."""
    share = min(1.0, elapsed_s / FOULING_S)
    return Effects(
        oxygen_gain=1 - size * share, oxygen_lag_s=PROBE_LAG_S + (FOULED_LAG_S - PROBE_LAG_S) * share
    )


EFFECTS: dict[VesselFaultKind, Callable[[float, int], Effects]] = {
    VesselFaultKind.PH_DRIFT: lambda size, elapsed: Effects(ph_shift=size * elapsed / HOUR_S),
    VesselFaultKind.OXYGEN_FOULING: fouling,
    VesselFaultKind.TEMPERATURE_STUCK: lambda size, elapsed: Effects(is_stuck=True),
    VesselFaultKind.TEMPERATURE_OFFSET: lambda size, elapsed: Effects(temperature_shift=size),
    VesselFaultKind.GAS_DRIFT: lambda size, elapsed: Effects(gas_shift=size * elapsed / HOUR_S),
    VesselFaultKind.SCALE_DRIFT: lambda size, elapsed: Effects(weight_shift=size * elapsed / HOUR_S),
    VesselFaultKind.AGITATOR_TRIP: lambda size, elapsed: Effects(is_tripped=elapsed < TRIP_S),
    VesselFaultKind.AIR_LOSS: lambda size, elapsed: Effects(air=size),
    VesselFaultKind.FEED_BLOCK: lambda size, elapsed: Effects(feed=0.0),
    VesselFaultKind.OVERFEED: lambda size, elapsed: Effects(feed=size),
    VesselFaultKind.COOLING_LOSS: lambda size, elapsed: Effects(cooling=size),
    VesselFaultKind.BASE_EMPTY: lambda size, elapsed: Effects(base=0.0),
    VesselFaultKind.CONTAMINATION: lambda size, elapsed: Effects(contaminant=0.0 if elapsed else 0.8 * size),
    VesselFaultKind.ANTIFOAM_OVERDOSE: lambda size, elapsed: Effects(antifoam=0.0 if elapsed else 0.30),
    VesselFaultKind.SETPOINT_STEP: lambda size, elapsed: Effects(setpoint_shift=size),
}


def effects_at(fault: VesselFault | None, second: int) -> Effects:
    """Return the effects of a fault in a second after inoculation."""
    if fault is None or second < fault.onset_s:
        return NO_EFFECTS
    return EFFECTS[fault.kind](fault.size, second - fault.onset_s)

"""Slow random disturbances: Ornstein-Uhlenbeck processes at 1 s."""

import math
from collections.abc import Sequence

from monitoring.sources.simulator.vessel.state import VesselState


def coefficients(deviation: float, time_s: float) -> tuple[float, float]:
    """Return the decay a second and the gain of the noise for a stationary standard deviation."""
    decay = math.exp(-1 / time_s)
    return decay, deviation * math.sqrt(1 - decay * decay)


UPTAKE_DECAY, UPTAKE_GAIN = coefficients(0.02, 3600)
TRANSFER_DECAY, TRANSFER_GAIN = coefficients(0.02, 1800)
AIR_DECAY, AIR_GAIN = coefficients(0.008, 600)
AMBIENT_DECAY, AMBIENT_GAIN = coefficients(0.8, 7200)
DISTURBANCES = 4


def disturb(state: VesselState, draws: Sequence[float]) -> None:
    """Advance the disturbances by one second with four standard normal numbers."""
    uptake, transfer, air, ambient = draws
    state.uptake_noise = UPTAKE_DECAY * state.uptake_noise + UPTAKE_GAIN * uptake
    state.transfer_noise = TRANSFER_DECAY * state.transfer_noise + TRANSFER_GAIN * transfer
    state.air_noise = AIR_DECAY * state.air_noise + AIR_GAIN * air
    state.ambient_noise = AMBIENT_DECAY * state.ambient_noise + AMBIENT_GAIN * ambient

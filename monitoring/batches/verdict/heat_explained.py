"""Changes of the temperature that the heat balance does not explain."""

import numpy as np

from monitoring.batches.soft_sensors.gas import oxygen_uptake
from monitoring.batches.soft_sensors.heat import CAPACITY_J_L_K, O2_W_H_PER_MMOL, heat_gained
from monitoring.batches.soft_sensors.inputs import SensorInputs, broth_volume
from monitoring.batches.watch.changes import Sums
from monitoring.kernel.arrays import FloatArray

JUMP_MINUTES = 3
GAS_LAG_MINUTES = 2.3  # smoothing of OUR 90 s, analyser 20 s, head space 30 s
BIAS_FROM, BIAS_TO = 35, 5  # minutes ago
LARGEST_BIAS_K = 0.05  # a minute


def explained_change(inputs: SensorInputs) -> FloatArray:
    """Return the change of the temperature in K that heat explains in each minute, shape (n,)."""
    uptake = oxygen_uptake(inputs)
    prompt = uptake + GAS_LAG_MINUTES * np.diff(uptake, prepend=np.nan)
    heat = O2_W_H_PER_MMOL * prompt * broth_volume(inputs) + heat_gained(inputs)
    found: FloatArray = 60 * heat / (broth_volume(inputs) * CAPACITY_J_L_K)
    return found


def unexplained_change(inputs: SensorInputs) -> FloatArray:
    """Return the change of the temperature over 3 minutes in K that heat does not explain, shape (n,).

    Wrong constants of the vessel make a lasting difference: its mean 5 to 35 minutes ago is subtracted.
    """
    explained = explained_change(inputs)
    change = np.diff(inputs.role("temperature"), prepend=np.nan)
    surprise = change - (explained + np.concatenate(([np.nan], explained[:-1]))) / 2
    minute = np.arange(len(surprise))
    usual = Sums(np.clip(surprise, -LARGEST_BIAS_K, LARGEST_BIAS_K)[None])
    bias = usual.mean(np.maximum(minute - BIAS_FROM, 0), np.maximum(minute - BIAS_TO, 0))[0]
    recent = Sums(surprise[None]).mean(np.maximum(minute + 1 - JUMP_MINUTES, 0), minute + 1)[0]
    found: FloatArray = JUMP_MINUTES * (recent - np.nan_to_num(bias))
    return found

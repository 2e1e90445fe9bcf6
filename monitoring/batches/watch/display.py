"""T² and SPE of a batch, for charts. Deviations are by the score, which finds more with fewer alarms."""

from dataclasses import dataclass

import numpy as np

from monitoring.batches.watch.changes import exponential_mean
from monitoring.batches.watch.channels import BatchMinutes, watched
from monitoring.batches.watch.families import MEAN_MINUTES, standardised, track_of
from monitoring.batches.watch.model import WatchModel
from monitoring.kernel.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Display:
    """T² and SPE in each minute of a batch, shape (n,), with their limits.

    NaN outside of the model's phases and in minutes without any value.
    """

    t2: FloatArray
    t2_limit: float
    spe: FloatArray
    spe_limit: float


def display_statistics(model: WatchModel, batch: BatchMinutes) -> Display:
    """Return T² and SPE of the deviations of a batch from the model."""
    member = watched(batch).member
    track = track_of(member, model.phases)
    values = member.matrix(model.channels)[:, track.minute]
    z = standardised(values, track, model.comparison.references)
    t2, spe = np.full((2, len(member.hour)), np.nan)
    t2[track.minute], spe[track.minute] = model.plane.t2_and_spe(exponential_mean(z, MEAN_MINUTES))
    return Display(t2, model.plane.t2_limit, spe, model.plane.spe_limit)

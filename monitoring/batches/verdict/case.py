"""A batch with a deviation, in the minutes that the verdict is drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from monitoring.batches.verdict.heat_explained import unexplained_change
from monitoring.batches.watch.balances import (
    WAYS,
    balance_rows,
    beyond_usual,
    change_of,
    fed_minutes,
    growth_beyond,
)
from monitoring.batches.watch.channels import BatchMinutes
from monitoring.batches.watch.families import DRIFTED, Track
from monitoring.batches.watch.limits import bins_of
from monitoring.batches.watch.model import WatchModel
from monitoring.batches.watch.watching import WatchResult, over_batch
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray

MEMORY = 70  # minutes
DOSE_ML = 0.5  # of antifoam


@dataclass(frozen=True)
class Case:
    """The minutes ``first`` to ``last``, inclusive, of a batch that is compared with golden ones.

    Methods return arrays (n,) or (rows, n) for all minutes of the batch, NaN where nothing is known.
    """

    model: WatchModel
    batch: BatchMinutes
    result: WatchResult
    first: int
    last: int

    @property
    def window(self) -> slice:
        """Return the minutes that the verdict is drawn from."""
        return slice(self.first, self.last + 1)

    @cached_property
    def row(self) -> Mapping[str, int]:
        """Return the place of each channel."""
        return {channel.name: place for place, channel in enumerate(self.result.channels)}

    def nothing(self) -> FloatArray:
        """Return NaN for all minutes."""
        return np.full(len(self.result.hour), np.nan)

    def measured(self, role: str) -> FloatArray:
        """Return the values of a role."""
        return self.batch.inputs.role(role)

    def usual(self, channel: str) -> FloatArray:
        """Return the golden mean of a channel at the same progress."""
        return self.result.usual[self.row[channel]] if channel in self.row else self.nothing()

    def setpoint(self, role: str) -> FloatArray:
        """Return the setpoint of a role; without one, its usual value."""
        found = self.batch.setpoints.get(role)
        return self.usual(role) if found is None else found

    def error(self, role: str) -> FloatArray:
        """Return measured - setpoint of a role; without a setpoint, measured - usual value."""
        return self.measured(role) - self.setpoint(role)

    @cached_property
    def track(self) -> Track:
        """Return the part of the track from the begin of the window's first phase to the end of the window.

        Changes begin anew in each phase and are causal, so that no other minutes count.
        """
        track = self.result.track
        stop = int(np.searchsorted(track.minute, self.last + 1))
        first = int(np.searchsorted(track.minute, self.first))
        begin = max((part.start for _, part in track.runs() if part.start <= first), default=0)
        return Track(track.minute[begin:stop], track.phase[begin:stop], track.along[begin:stop])

    @cached_property
    def recent(self) -> Track:
        """Return the part of the track that matters for all but slow changes."""
        begin = int(np.searchsorted(self.track.minute, self.first - MEMORY))
        return Track(self.track.minute[begin:], self.track.phase[begin:], self.track.along[begin:])

    @cached_property
    def residuals(self) -> tuple[FloatArray, FloatArray]:
        """Return the residuals of the balances and their golden course."""
        rows = balance_rows(self.result.channels)
        return self.result.values[rows], self.result.usual[rows]

    @cached_property
    def beyond(self) -> FloatArray:
        """Return balance - golden course of the balances of the model, shape (k, n)."""
        track = self.track
        references = [phase.reference for phase in self.model.phases]
        growth = growth_beyond(self.batch.inputs, self.model.balances.uptake, references, track)
        values, usual = (rows[:, track.minute] for rows in self.residuals)
        along = beyond_usual(values, usual, growth, self.model.balances.names)
        return over_batch(along, track, len(self.result.hour))

    @cached_property
    def changes(self) -> Mapping[str, FloatArray]:
        """Return the differences of the balances from the golden course by way, shape (k, n)."""
        minutes, found = len(self.result.hour), {}
        for way in WAYS:
            track = self.track if way == DRIFTED else self.recent
            rows = change_of(way, self.beyond[:, track.minute], track)
            found[way] = over_batch(rows, track, minutes)
        return found

    @cached_property
    def known_balances(self) -> IntArray:
        """Return the places of the balances that most minutes of the window have, of those of the model."""
        values = self.beyond[:, self.window]
        return np.flatnonzero(np.isfinite(values).sum(axis=1) * 2 > values.shape[1])

    @cached_property
    def is_fed(self) -> BoolArray:
        """Return the minutes in which the batch is fed, or golden ones are, shape (n,)."""
        return fed_minutes(*self.residuals, self.model.balances.names)

    @cached_property
    def unexplained(self) -> FloatArray:
        """Return the change of the temperature over 3 minutes that heat does not explain, in K."""
        return unexplained_change(self.batch.inputs)

    @cached_property
    def doses(self) -> list[int]:
        """Return the minutes in which antifoam was dosed."""
        found: list[int] = np.flatnonzero(np.diff(self.measured("antifoam_total")) > DOSE_ML).tolist()
        return found

    @cached_property
    def bins(self) -> IntArray:
        """Return the bin of progress of each minute, shape (n,); -1 outside of the model's phases."""
        found = np.full(len(self.result.hour), -1)
        found[self.track.minute] = bins_of(self.track, self.model.phases)
        return found

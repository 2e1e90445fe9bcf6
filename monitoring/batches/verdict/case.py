"""A batch with a deviation, in the minutes that the verdict is drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from monitoring.batches.watch.balances import changes_of
from monitoring.batches.watch.channels import BatchMinutes
from monitoring.batches.watch.limits import bins_of
from monitoring.batches.watch.model import WatchModel
from monitoring.batches.watch.watching import WatchResult
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray


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
    def known_balances(self) -> BoolArray:
        """Return the balances that most minutes of the window have, shape (k,) of those of the model."""
        values = self.result.values[self.model.balances.rows, self.window]
        found: BoolArray = np.isfinite(values).sum(axis=1) * 2 > values.shape[1]
        return found

    @cached_property
    def beyond(self) -> FloatArray:
        """Return residual - golden mean of the balances, shape (k, n)."""
        rows = self.model.balances.rows
        found: FloatArray = self.result.values[rows] - self.result.usual[rows]
        return found

    @cached_property
    def changes(self) -> Mapping[str, FloatArray]:
        """Return the changes of the balances by family, shape (k, n)."""
        track, found = self.result.track, {}
        for family, rows in changes_of(self.beyond[:, track.minute], track).items():
            found[family] = np.full(self.beyond.shape, np.nan)
            found[family][:, track.minute] = rows
        return found

    @cached_property
    def bins(self) -> IntArray:
        """Return the bin of progress of each minute, shape (n,); -1 outside of the model's phases."""
        found = np.full(len(self.result.hour), -1)
        found[self.result.track.minute] = bins_of(self.result.track, self.model.phases)
        return found

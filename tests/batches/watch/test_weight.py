"""The weight as a channel: its course since the begin."""

import numpy as np

from monitoring.batches.soft_sensors.inputs import SensorInputs
from monitoring.batches.watch.channels import BatchMinutes, watched


def test_filling_changes_nothing() -> None:
    weight = 10 + np.arange(120) / 100
    phase = np.zeros(120, dtype=np.int64)
    rows = []
    for filled in (0.0, 0.4):
        inputs = SensorInputs(np.arange(120) / 60, {"weight": weight + filled})
        found = watched(BatchMinutes(inputs, phase, ("growth",)))
        rows.append(found.member.matrix(found.tags)[0])
    np.testing.assert_allclose(rows[0], weight - 10)
    np.testing.assert_allclose(rows[0], rows[1])

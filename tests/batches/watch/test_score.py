"""From scores to deviations."""

import numpy as np
import pytest

from monitoring.batches.watch.score import alarm_minutes, deviation_spans

NAN = float("nan")
QUIET = [0.1] * 5
CALM = [0.5] * 10


@pytest.mark.parametrize(
    ("score", "alarms"),
    [
        ([0.9, 1.1, 0.9], []),  # one minute is chance
        ([0.9, 1.1, 1.2, 1.3], [2, 3]),
        ([0.9, 1.6, 0.9], [1]),  # far beyond the limit: at once
        ([1.2, NAN, 1.2], []),
        ([1.0, 1.0], []),
        ([], []),
    ],
)
def test_alarms(score: list[float], alarms: list[int]) -> None:
    assert alarm_minutes(np.array(score)).nonzero()[0].tolist() == alarms


@pytest.mark.parametrize(
    ("score", "spans"),
    [
        (QUIET, []),
        ([*QUIET, 2.0, *CALM, *QUIET], [(5, 16)]),
        ([*QUIET, 2.0, *CALM[:9]], [(5, None)]),  # not ten minutes yet
        ([*QUIET, 2.0, *CALM[:9], 0.9, *CALM], [(5, 26)]),
        ([*QUIET, 2.0, *CALM[:9], NAN, *CALM], [(5, 26)]),
        ([*QUIET, 2.0, *CALM, 2.0, *CALM], [(5, 16), (16, 27)]),
        ([*QUIET, 2.0, *CALM[:5], 2.0, *CALM], [(5, 22)]),
        ([2.0, *QUIET], []),  # within the warm-up
        ([2.0, 2.0, 2.0, 2.0, *CALM], [(3, 14)]),
    ],
)
def test_deviations_end_after_ten_clear_minutes(
    score: list[float], spans: list[tuple[int, int | None]]
) -> None:
    assert list(deviation_spans(np.array(score), warm_up=3)) == spans

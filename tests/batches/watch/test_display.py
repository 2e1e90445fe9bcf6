"""T² and SPE of a batch, for charts."""

import numpy as np
import pytest

from monitoring.batches.watch.channels import BatchMinutes
from monitoring.batches.watch.display import display_statistics
from monitoring.batches.watch.model import WatchModel, fit_watch
from monitoring.batches.watch.plane import chi_square, fit_plane, spe_limit
from monitoring.kernel.arrays import FloatArray
from tests.batches.watch.made_batches import LATE_H, NEW, at, changed, golden, minutes


@pytest.fixture(scope="module")
def model() -> WatchModel:
    return fit_watch(golden(5))


@pytest.fixture
def good() -> BatchMinutes:
    return minutes(NEW)


def together(minutes: int, seed: int) -> FloatArray:
    """Three channels that move as one, and a fourth of its own; shape (4, minutes)."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=minutes)
    return np.stack([*(common + 0.1 * rng.normal(size=(3, minutes))), rng.normal(size=minutes)])


def test_a_good_batch_stays_below_both_limits(model: WatchModel, good: BatchMinutes) -> None:
    found = display_statistics(model, good)
    in_phases = good.phase >= 0
    assert np.isfinite(found.t2).tolist() == np.isfinite(found.spe).tolist() == in_phases.tolist()
    assert (found.t2[in_phases] < found.t2_limit).mean() > 0.99
    assert (found.spe[in_phases] < found.spe_limit).mean() > 0.99


def test_a_step_crosses_a_limit(model: WatchModel, good: BatchMinutes) -> None:
    step = at(good, LATE_H)
    found = display_statistics(model, changed(good, "temperature", lambda values: values + 3, step))
    is_out = (found.t2 > found.t2_limit) | (found.spe > found.spe_limit)
    assert not is_out[step - 60 : step].any()
    assert is_out[step + 10 : step + 60].all()


def test_t2_is_in_the_usual_direction_and_spe_off_it() -> None:
    plane = fit_plane([together(2_000, seed) for seed in range(5)])
    along, across = np.array([[4.0], [4], [4], [0]]), np.array([[4.0], [-4], [0], [0]])
    t2, spe = plane.t2_and_spe(np.hstack((along, across)))
    assert t2[0] > 10 * t2[1]
    assert spe[1] > 10 * spe[0]


def test_limits_hold_9995_of_10000_normal_minutes() -> None:
    plane = fit_plane([together(2_000, seed) for seed in range(5)])
    t2, spe = plane.t2_and_spe(together(40_000, 9))
    assert (t2 > plane.t2_limit).mean() < 0.001
    assert (spe > plane.spe_limit).mean() < 0.001


def test_a_missing_value_counts_as_usual_and_a_minute_without_any_has_none() -> None:
    plane = fit_plane([together(500, seed) for seed in range(3)])
    t2, spe = plane.t2_and_spe(np.array([[np.nan, np.nan], [0, np.nan], [0, np.nan], [0, np.nan]]))
    assert (t2[0], spe[0]) == (0, 0)
    assert np.isnan([t2[1], spe[1]]).all()


def test_one_golden_batch_has_a_plane(good: BatchMinutes) -> None:
    found = display_statistics(fit_watch(golden(1)), good)
    assert np.nanmedian(found.t2) < found.t2_limit


@pytest.mark.parametrize(
    ("df", "quantile", "error"), [(1, 12.116, 0.05), (5, 22.105, 0.02), (20, 47.498, 0.01)]
)
def test_quantile_of_chi_square(df: int, quantile: float, error: float) -> None:
    assert chi_square(df) == pytest.approx(quantile, rel=error)


def test_a_plane_of_all_channels_leaves_no_spe() -> None:
    assert spe_limit(np.zeros(0)) == 0

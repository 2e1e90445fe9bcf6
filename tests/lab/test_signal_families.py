"""Clean signals: pure functions of seed and length, with the noise and the shape that they promise."""

import numpy as np
import pytest

from monitoring.kernel.tag_definition import DEFAULT_TAGS
from monitoring.lab.signal_families import DAY_S, FAMILIES, HOUR_S, default_signal

every_family = pytest.mark.parametrize("family", FAMILIES)
SEEDS = range(12)


def differences(family: str, seed: int, lag: int = 1) -> np.ndarray:
    """Between readings ``lag`` seconds apart, in σ."""
    signal = FAMILIES[family](seed, DAY_S)
    return (signal.values[lag:] - signal.values[:-lag]) / signal.noise


def smooth(family: str, seed: int, width: int = 60) -> np.ndarray:
    """Means over a minute, in σ."""
    signal = FAMILIES[family](seed, DAY_S)
    return signal.values.reshape(-1, width).mean(axis=1) / signal.noise


@every_family
def test_the_same_seed_and_length_give_the_same_signal(family: str) -> None:
    first, second, other = (FAMILIES[family](seed, 5000) for seed in (1, 1, 2))
    assert np.array_equal(first.values, second.values)
    assert (first.noise, first.amplitude) == (second.noise, second.amplitude)
    assert not np.array_equal(first.values, other.values)


@every_family
@pytest.mark.parametrize("length", [1, 100, DAY_S + HOUR_S])
def test_it_has_as_many_finite_readings_as_asked_for(family: str, length: int) -> None:
    signal = FAMILIES[family](3, length)
    assert signal.values.shape == (length,)
    assert np.isfinite(signal.values).all()
    assert signal.noise > 0
    assert signal.amplitude >= 0


@pytest.mark.parametrize(
    "family", sorted(set(FAMILIES) - {"ar1", "heavy_tails", "quantised", "random_walk", "waves"})
)
def test_the_noise_is_white_and_as_large_as_it_says(family: str) -> None:
    for seed in SEEDS:
        spread = np.quantile(np.abs(differences(family, seed)), 0.5) / 0.6745  # unmoved by jumps
        assert spread == pytest.approx(np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("family", ["white_noise", "heavy_tails", "ar1"])
def test_noise_alone_has_its_standard_deviation(family: str) -> None:
    spreads = [FAMILIES[family](seed, DAY_S).values.std() / FAMILIES[family](seed, 1).noise for seed in SEEDS]
    assert np.mean(spreads) == pytest.approx(1, rel=0.1)


def test_the_default_family_is_each_default_tag_at_its_resolution() -> None:
    for seed, tag in enumerate(DEFAULT_TAGS):
        signal = FAMILIES["default"](seed, DAY_S)
        assert signal.noise == tag.profile.noise
        assert np.array_equal(signal.values, signal.values.round(tag.profile.decimals))
        assert tag.profile.low <= signal.values.min() <= signal.values.max() <= tag.profile.high
        middle = (tag.profile.low + tag.profile.high) / 2
        assert signal.values.max() - middle == pytest.approx(signal.amplitude, abs=5 * signal.noise)


def test_a_phase_is_a_time_of_the_wave() -> None:
    tag = DEFAULT_TAGS[0]
    top = default_signal(tag, seed=1, phase_s=int(tag.profile.period_s) // 4, length=60)
    assert top.values.mean() == pytest.approx(37.5 + top.amplitude, abs=tag.profile.noise)


def test_waves_are_at_most_as_steep_as_promised() -> None:
    for seed in SEEDS:
        steepest = np.abs(np.diff(smooth("waves", seed))).max() / 60
        assert 0.01 < steepest < 0.33


def test_heavy_tails_are_heavy() -> None:
    values = FAMILIES["heavy_tails"](1, DAY_S).values
    centred = np.abs(values - values.mean()) / values.std()
    assert (centred > 6).sum() > 20


def test_setpoints_are_held_for_an_hour_at_least() -> None:
    for seed in SEEDS:
        level = smooth("setpoint_changes", seed)
        moved = np.flatnonzero(np.abs(level[20:] - level[:-20]) > 3)  # a lag takes up to 20 min
        episodes = 1 + (np.diff(moved) > 1).sum()
        assert 5 <= episodes <= 24


def test_a_random_walk_leads_away() -> None:
    far = [np.ptp(smooth("random_walk", seed)) for seed in SEEDS]
    assert np.median(far) > 50


def test_batches_grow_by_twenty_to_sixty_sigma_and_begin_again() -> None:
    for seed in SEEDS:
        course = smooth("batch_sigmoid", seed)
        assert 15 < np.ptp(course) < 61
        assert np.median(np.diff(course)) > -0.1


def test_a_fed_batch_has_level_rising_and_falling_phases() -> None:
    slopes = np.concatenate([np.diff(smooth("fed_batch", seed, width=600)) for seed in SEEDS])
    assert (np.abs(slopes) < 0.1).mean() > 0.1
    assert (slopes > 0.3).mean() > 0.3
    assert (slopes < -3).mean() > 0.005


def test_the_next_value_of_ar1_hangs_on_the_one_before() -> None:
    for seed in SEEDS:
        values = FAMILIES["ar1"](seed, DAY_S).values
        assert 0.45 < np.corrcoef(values[1:], values[:-1])[0, 1] < 1


def test_square_cycles_have_two_levels_and_a_sawtooth_all_between() -> None:
    for family, in_the_middle in (("square_cycles", 0.1), ("sawtooth", 0.7)):
        signal = FAMILIES[family](2, DAY_S)
        low, high = np.quantile(signal.values, (0.01, 0.99))
        share = np.mean((signal.values > low + (high - low) / 8) & (signal.values < high - (high - low) / 8))
        assert (share > 0.5) == (in_the_middle > 0.5)


def test_quantised_signals_have_few_levels() -> None:
    for seed in SEEDS:
        assert 3 <= len(np.unique(FAMILIES["quantised"](seed, DAY_S).values)) <= 25

"""Faults of every kind: they change what their labels say, by as much as their severity says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.kernel.tag_definition import DEFAULT_TAGS
from monitoring.lab.fault_kinds import FAULTS, inject, labels
from monitoring.lab.signal_families import default_signal

LENGTH = 1800
NOISE = DEFAULT_TAGS[0].profile.noise
CLEAN = default_signal(DEFAULT_TAGS[0], seed=1, phase_s=0, length=LENGTH).values


def faulty(kind: str, severity: float, start: int = 600, stop: int = 1200, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return inject(kind, severity, CLEAN, start=start, stop=stop, noise=NOISE, rng=rng)


@given(st.sampled_from(sorted(FAULTS)), st.floats(1, 20), st.integers(0, LENGTH - 1), st.integers(1, LENGTH))
def test_nothing_changes_without_a_label(kind: str, severity: float, start: int, duration: int) -> None:
    stop = min(start + duration, LENGTH)
    values = faulty(kind, severity, start, stop)
    label = labels(kind, LENGTH, start=start, stop=stop)
    assert np.array_equal(values[label == ""], CLEAN[label == ""])
    assert set(label) <= {"", kind}
    assert label[start] == kind


@pytest.mark.parametrize("kind", sorted(set(FAULTS) - {"clipped", "stuck"}))
def test_every_reading_with_a_label_changes(kind: str) -> None:
    label = labels(kind, LENGTH, start=600, stop=1200)
    assert (faulty(kind, 3) != CLEAN).tolist() == (label == kind).tolist()


def test_the_same_chance_gives_the_same_fault() -> None:
    assert np.array_equal(faulty("noise", 2), faulty("noise", 2))
    assert not np.array_equal(faulty("noise", 2), faulty("noise", 2, seed=2))


def test_the_clean_signal_stays_as_it_is() -> None:
    before = CLEAN.copy()
    faulty("stuck", 0)
    assert np.array_equal(CLEAN, before)


def test_spikes_and_steps_go_up_and_down() -> None:
    for kind in ("spike", "step"):
        jumps = [float((faulty(kind, 8, seed=seed) - CLEAN)[600]) for seed in range(20)]
        assert {round(jump, 9) for jump in jumps} == {8 * NOISE, -8 * NOISE}


def test_a_step_is_as_far_off_all_the_while() -> None:
    off = (faulty("step", 3) - CLEAN)[600:1200]
    assert np.allclose(off, off[0])
    assert abs(off[0]) == pytest.approx(3 * NOISE)


def test_a_drift_grows_by_its_severity_each_second() -> None:
    off = np.abs(faulty("drift", 0.005) - CLEAN)
    assert off[600] == pytest.approx(0.005 * NOISE)
    assert off[1199] == pytest.approx(600 * 0.005 * NOISE)


def test_a_stuck_sensor_holds_its_first_value() -> None:
    assert set(faulty("stuck", 0)[600:1200]) == {CLEAN[600]}


def test_noise_grows_by_its_factor() -> None:
    wave = CLEAN * 0
    values = inject("noise", 2, wave, start=0, stop=LENGTH, noise=NOISE, rng=np.random.default_rng(1))
    assert np.hypot(values.std(), NOISE) == pytest.approx(2 * NOISE, rel=0.05)


def test_noise_never_shrinks() -> None:
    with pytest.raises(ValueError, match=r"expected a severity of 1 or more, got 0\.5"):
        faulty("noise", 0.5)


def test_dropout_is_zero_and_missing_is_no_reading() -> None:
    assert set(faulty("dropout", 0, 600, 605)[600:605]) == {0.0}
    assert np.isnan(faulty("missing", 0)[600:1200]).all()


@pytest.mark.parametrize("severity", [0, 1, 3])
def test_a_pegged_sensor_sits_as_many_ranges_beyond_its_extremes(severity: float) -> None:
    reach = severity * np.ptp(CLEAN)
    held = {float(faulty("pegged", severity, seed=seed)[600]) for seed in range(20)}
    assert held == {CLEAN.max() + reach, CLEAN.min() - reach}


def test_a_clipped_signal_stays_within_half_of_its_usual_range() -> None:
    low, high = np.quantile(CLEAN, (0.02, 0.98))
    values = faulty("clipped", 0.5)[600:1200]
    assert values.min() == pytest.approx(low + (high - low) / 4)
    unclipped = (values > values.min()) & (values < values.max())
    assert np.array_equal(values[unclipped], CLEAN[600:1200][unclipped])


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 5), (6, 5), (0, LENGTH + 1)])
def test_a_fault_lies_within_the_signal(start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="does not lie within 1800 readings"):
        faulty("step", 3, start, stop)


def test_a_kind_that_there_is_not_is_an_error() -> None:
    with pytest.raises(KeyError, match="gremlin"):
        faulty("gremlin", 1)

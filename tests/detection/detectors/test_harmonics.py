"""The sinusoids that a signal is made of are found, and none where there are none."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.detection.detectors.harmonics import fit_harmonics, harmonics_at

SECONDS = np.asarray(np.arange(1024) * 8.0 + 3.5, dtype=np.float64)
NOISE = np.random.default_rng(1).normal(0, 0.05, len(SECONDS))


@settings(max_examples=20)
@given(st.floats(200, 6000), st.floats(-math.pi, math.pi), st.floats(-1e3, 1e3))
def test_a_sinusoid_is_found_with_its_period_and_phase(period_s, phase, level):
    clean = np.sin(2 * np.pi * SECONDS / period_s + phase)
    fit = fit_harmonics(level + clean + NOISE, SECONDS)
    assert 2 * math.pi / fit.harmonics[0][0] == pytest.approx(period_s, rel=5e-3)
    assert [harmonics_at(fit.harmonics, time) for time in SECONDS[::100]] == pytest.approx(
        clean[::100], abs=0.05
    )
    assert fit.rest.mean() == pytest.approx(level, abs=0.05)


def test_two_sinusoids_are_told_apart():
    values = 3 * np.sin(2 * np.pi * SECONDS / 2000) + np.sin(2 * np.pi * SECONDS / 300) + NOISE
    periods = sorted(2 * math.pi / harmonic[0] for harmonic in fit_harmonics(values, SECONDS).harmonics)
    assert periods == pytest.approx([300, 2000], rel=1e-2)


@pytest.mark.parametrize("values", [NOISE, np.zeros(1024), np.full(1024, 7.0)])
def test_noise_and_rest_have_no_cycles(values):
    fit = fit_harmonics(values, SECONDS)
    assert fit.harmonics == ()
    assert fit.rest == pytest.approx(values)

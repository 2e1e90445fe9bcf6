"""Limits local in progress."""

import numpy as np
import pytest

from monitoring.batches.watch.families import OFF_COURSE, SURPRISE
from monitoring.batches.watch.limits import BINS, HALF, fit_limits, local_limits, local_maxima, room_of


def test_local_maxima_reach_six_bins_within_a_phase() -> None:
    statistic, bins = np.zeros((1, 2 * BINS)), np.arange(2 * BINS)
    statistic[0, BINS - 1] = -3.0  # the last bin of the first phase
    found = local_maxima(statistic, bins, 2)[0]
    assert found.nonzero()[0].tolist() == list(range(BINS - 1 - HALF, BINS))
    assert found.max() == 3.0


def test_several_minutes_of_a_bin_count_once_by_the_largest() -> None:
    statistic = np.array([[1.0, 5.0, 2.0, np.nan]])
    assert local_maxima(statistic, np.array([50, 50, 51, 52]), 1)[0, 45] == 5.0


def test_limits_are_shrunk_to_the_mean_of_the_phase() -> None:
    squares = np.zeros((1, BINS))
    squares[0, 10] = 2 * 16.0  # of two batches
    found = local_limits(squares, 2, 0.0)[0]
    mean = 16 / BINS
    assert found[10] ** 2 == pytest.approx((2 * 16 + 3 * mean) / 5)
    assert found[50] ** 2 == pytest.approx(3 * mean / 5)


def test_floors_are_higher_for_few_batches() -> None:
    quiet = [np.zeros((1, 200))] * 4
    bins = [np.arange(200) * BINS // 200] * 4
    assert fit_limits(OFF_COURSE, quiet[:1], bins[:1], 1).local.min() == 2.0
    assert fit_limits(OFF_COURSE, quiet, bins, 1).local.min() == 1.25


def test_the_scale_of_a_family_stays_between_its_bounds() -> None:
    bins = [np.arange(200) * BINS // 200] * 4
    quiet, wild = [np.zeros((1, 200))] * 4, [np.zeros((1, 200)) for _ in range(4)]
    for place, statistic in enumerate(wild):
        statistic[0, 100 + 20 * place] = 100.0  # each batch alone at its place
    assert fit_limits(SURPRISE, quiet, bins, 1).scale == 1.8
    assert fit_limits(SURPRISE, wild, bins, 1).scale == 3.0
    assert fit_limits(SURPRISE, quiet[:2], bins[:2], 1).scale == 3.0
    assert fit_limits(SURPRISE, quiet[:1], bins[:1], 1).maxima == ()


def test_the_first_hour_counts_not_for_the_scale() -> None:
    bins = [np.arange(200) * BINS // 200] * 3
    early = [np.zeros((1, 200)) for _ in range(3)]
    early[0][0, 30] = 1e3
    assert max(fit_limits(OFF_COURSE, early, bins, 1).maxima) == 0.0


def test_more_golden_batches_need_less_room() -> None:
    assert [room_of(members) for members in (1, 5, 10, 30)] == [1.9, 1.35, 1.05, 1.05]

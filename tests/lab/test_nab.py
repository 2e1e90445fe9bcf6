"""The benchmark's score, by hand and by its plain definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.lab.evaluation.nab import LOW_FN, LOW_FP, STANDARD, Profile, ScoredSeries, evaluate

LENGTH = 200
WINDOW = (100, 103)


def scored(*places: int, windows: tuple[tuple[int, int], ...] = (WINDOW,)) -> ScoredSeries:
    """A series of 200 readings, of which those at ``places`` have the score 1, the others 0."""
    scores = np.zeros(LENGTH)
    scores[list(places)] = 1
    return ScoredSeries(scores, windows)


def sigma(distance: float) -> float:
    return 2 / (1 + math.exp(5 * distance)) - 1


def plainly(series: list[ScoredSeries], profile: Profile) -> float:
    """The definition, threshold by threshold."""
    windows = sum(len(one.windows) for one in series)
    thresholds = [math.inf, *sorted({float(score) for one in series for score in one.scores})]
    best = max(sum(total(one, threshold, profile) for one in series) for threshold in thresholds)
    return 100 * (best + profile.missed * windows) / ((1 + profile.missed) * windows)


def total(one: ScoredSeries, threshold: float, profile: Profile) -> float:
    """What the detections of one series come to."""
    begin = min(int(0.15 * len(one.scores)), 750)
    detected = [i for i in range(begin, len(one.scores)) if one.scores[i] >= threshold]
    answer = 0.0
    for a, b in one.windows:
        inside = [sigma(-(b - i + 1) / (b - a + 1)) / sigma(-1) for i in detected if a <= i <= b]
        answer += max(inside) if inside else -profile.missed if b >= begin else 0
    for i in detected:
        before = [(a, b) for a, b in one.windows if b < i]
        if not any(a <= i <= b for a, b in one.windows):
            distance = (i - before[-1][1]) / max(before[-1][1] - before[-1][0], 1e-12) if before else 9.0
            answer += profile.outside * (sigma(distance) if distance <= 3 else -1)
    return answer


@st.composite
def many_series(draw: st.DrawFn) -> list[ScoredSeries]:
    """One to three series of few different scores, each with up to three windows."""
    series = []
    for _ in range(draw(st.integers(1, 3))):
        scores = draw(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=60))
        edges = draw(st.lists(st.integers(0, len(scores) - 1), max_size=6, unique=True).map(sorted))
        windows = [(edges[i], edges[i + 1]) for i in range(0, len(edges) - 1, 2)]
        series.append(ScoredSeries(np.array(scores), windows))
    return series


@given(many_series(), st.sampled_from([STANDARD, LOW_FP, LOW_FN]))
def test_it_is_the_plain_definition(series: list[ScoredSeries], profile: Profile) -> None:
    if any(one.windows for one in series):
        assert evaluate(series, profile).score == pytest.approx(plainly(series, profile), abs=1e-9)


@given(many_series())
def test_only_the_order_of_scores_counts(series: list[ScoredSeries]) -> None:
    other = [ScoredSeries(np.expm1(one.scores) / 7, one.windows) for one in series]
    assert evaluate(other).score == pytest.approx(evaluate(series).score)


def test_no_detection_is_nothing_and_the_first_reading_of_every_window_is_perfect() -> None:
    assert evaluate([scored()]).score == 0
    assert evaluate([scored(100)]).score == 100
    assert evaluate([scored(100, 101, 102, 103), scored(100)]).score == 100


def test_it_is_best_to_detect_nothing_where_all_scores_are_the_same() -> None:
    assert evaluate([ScoredSeries(np.ones(1000), [(500, 510)])]).threshold == math.inf


@pytest.mark.parametrize(("place", "distance"), [(101, -0.75), (102, -0.5), (103, -0.25)])
def test_a_window_is_worth_less_the_later_it_is_found(place: int, distance: float) -> None:
    worth = sigma(distance) / sigma(-1)
    assert evaluate([scored(place)]).score == pytest.approx(100 * (worth + 1) / 2)


@pytest.mark.parametrize(("place", "worth"), [(50, -1), (104, sigma(1 / 3)), (109, sigma(2)), (113, -1)])
def test_a_false_detection_costs_less_just_behind_a_window(place: int, worth: float) -> None:
    assert evaluate([scored(100, place)]).score == pytest.approx(100 * (1 + 0.11 * worth + 1) / 2)


def test_profiles_weigh_false_and_missed_detections() -> None:
    false, missed = [scored(50, 100)], [scored(100), scored()]
    assert evaluate(false, LOW_FP).score == pytest.approx(100 * (2 - 0.22) / 2)
    assert evaluate(missed, STANDARD).score == pytest.approx(100 * (1 - 1 + 2) / 4)
    assert evaluate(missed, LOW_FN).score == pytest.approx(100 * (1 - 2 + 4) / 6)


def test_the_first_readings_do_not_count() -> None:
    assert evaluate([scored(0, 1, 29, 100)]).score == 100  # 15 % of 200 are 30
    assert evaluate([scored(30, 100)]).score == pytest.approx(94.5)


def test_one_threshold_is_for_all() -> None:
    low = ScoredSeries(scored(100).scores / 2, [WINDOW])
    noisy = ScoredSeries(np.full(LENGTH, 0.5), ())
    assert evaluate([scored(100), low]).score == 100
    assert evaluate([scored(100), low, *[noisy] * 9]).threshold == 1


def test_without_a_window_there_is_nothing_to_score() -> None:
    assert evaluate([scored(50, windows=())]).score == 0
    assert evaluate([]).score == 0

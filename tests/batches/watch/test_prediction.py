"""One-step predictions of several channels."""

import numpy as np
import pytest

from monitoring.batches.watch.prediction import ORDER, PredictorFitting, filled, lagged

NAN = float("nan")
TOLERANCE = np.array([0.3, 8.0])


def course(seed: int, length: int = 300) -> np.ndarray:
    """Two random walks; the second also follows the first after three minutes."""
    walks = np.cumsum(np.random.default_rng(seed).standard_normal((2, length + 3)), axis=1)
    return np.stack((37 + 0.1 * walks[0, 3:], 0.5 * walks[0, :-3] + walks[1, 3:]))


def fitting(*values: np.ndarray) -> PredictorFitting:
    return PredictorFitting(values, values, TOLERANCE)


def test_errors_have_standard_deviation_one() -> None:
    predictor = fitting(course(1), course(2)).all()
    new = course(3)
    errors = predictor.errors(new, new)
    assert np.isnan(errors[:, :ORDER]).all()
    np.testing.assert_allclose(errors[:, ORDER:].std(axis=1), 1, atol=0.2)


def test_a_jump_is_a_surprise_once() -> None:
    predictor = fitting(course(1), course(2)).all()
    new = course(3)
    new[1, 200:] += 10
    errors = predictor.errors(new, new)
    assert errors[1, 200] > 8
    assert np.abs(errors[1, 215:]).max() < 5


def test_all_but_one_is_the_fit_of_the_others() -> None:
    three = [course(seed) for seed in (1, 2, 3)]
    left = fitting(*three).all_but(1)
    moments = fitting(*three)
    own = moments.fitted(moments.each[0] + moments.each[2])
    np.testing.assert_allclose(left.coefficients, own.coefficients, rtol=1e-4, atol=1e-6)
    alone = fitting(three[0])
    np.testing.assert_array_equal(alone.all_but(0).coefficients, alone.all().coefficients)


def test_predictions_are_the_product_of_lags_and_coefficients() -> None:
    predictor = fitting(course(1)).all()
    scaled = (course(2) - predictor.centre[:, None]) / predictor.scale[:, None]
    np.testing.assert_allclose(predictor.predicted(scaled), (lagged(scaled) @ predictor.coefficients).T)


def test_a_gap_is_no_surprise() -> None:
    predictor = fitting(course(1), course(2)).all()
    new = course(3)
    usual = np.full_like(new, 37.0)
    new[0, 100:130] = np.nan
    errors = predictor.errors(new, usual)
    assert np.isnan(errors[0, 100 : 130 + ORDER]).all()
    assert np.isfinite(errors[1, ORDER:130]).all()  # by the held deviation of the first channel
    assert np.isnan(errors[:, 130 : 130 + ORDER]).all()  # its return is a step
    assert np.isfinite(errors[:, 131 + ORDER :]).all()


def test_missing_values_are_as_far_from_the_usual_course_as_the_last_known_one() -> None:
    values = np.array([[NAN, 3.0, NAN, NAN, 5.0]])
    usual = np.array([[1.0, 2.0, 3.0, 4.0, 5.0]])
    assert filled(values, usual).tolist() == [[1.0, 3.0, 4.0, 5.0, 5.0]]


def test_a_constant_channel_has_an_error_by_its_tolerance() -> None:
    values = np.stack((np.full(100, 7.0), course(1, 100)[1]))
    predictor = fitting(values).all()
    values[0, 50] = 7.03
    assert predictor.errors(values, values)[0, 50] == pytest.approx(10, rel=0.01)
    assert not predictor.errors(values[:, :50], values[:, :50])[0, ORDER:].any()


def test_fewer_minutes_than_lags_have_no_errors() -> None:
    predictor = fitting(course(1)).all()
    assert np.isnan(predictor.errors(course(2)[:, :ORDER], course(2)[:, :ORDER])).all()

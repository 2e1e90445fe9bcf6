"""Golden profiles of synthetic batches: alignment, medians, limits, leave-one-out scores, the stored form."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.batches.golden import choosing
from monitoring.batches.golden.blob import description_of, pack, unpack
from monitoring.batches.golden.coordinates import BY_GROWTH, BY_TIME, TOTAL, Coordinate, progress
from monitoring.batches.golden.curves import bridged, resampled, smoothed
from monitoring.batches.golden.fitting import FittedProfile, fit_profile
from monitoring.batches.golden.members import Member
from monitoring.batches.golden.references import POINTS
from monitoring.batches.golden.words import preview_text
from tests.batches.golden_batches import CHANNELS, FEED, GROWTH, batch

TEMPERATURE, OXYGEN = 0, 1
BY_BASE = Coordinate(TOTAL, "base_total")


@pytest.fixture(scope="module")
def three() -> FittedProfile:
    return fit_profile([batch(seed, rate=0.4 + seed / 10) for seed in range(3)], CHANNELS, {})


def with_values(member: Member, name: str, values: np.ndarray) -> Member:
    return replace(member, values={**member.values, name: values}, cache={})


def test_the_median_is_the_common_course(three: FittedProfile) -> None:
    growth, feed = three.phases
    assert np.abs(growth.median[TEMPERATURE] - 37).max() < 0.06
    # u = (OUR - start)/rate - hours: at the end of growth OUR is 60, whatever the rate
    assert growth.median[OXYGEN, -1] == pytest.approx(35, abs=3)
    assert feed.median[OXYGEN, -1] == pytest.approx(35 - 2 * 6, abs=1)


def test_batches_of_other_speed_align_by_growth_and_not_by_time(three: FittedProfile) -> None:
    growth, feed = three.phases
    spreads = growth.choice.spreads
    assert growth.choice.coordinate == BY_GROWTH
    assert spreads[BY_GROWTH] < 0.7 * spreads[BY_TIME]
    assert feed.choice.coordinate == BY_TIME  # as good as any: the batches feed at the same speed


def test_without_off_gas_a_totaliser_aligns_and_without_that_time() -> None:
    slow = [batch(seed, with_gas=False) for seed in range(2)]
    assert fit_profile(slow, CHANNELS, {}).phases[0].choice.coordinate == BY_BASE
    names = [channel for channel in CHANNELS if channel.name != "base_total"]
    bare = [batch(seed, with_gas=False, channels=names) for seed in range(2)]
    assert fit_profile(bare, names, {}).phases[0].choice.coordinate == BY_TIME


def test_the_wish_of_a_recipe_counts_for_few_batches() -> None:
    wishes = {FEED: BY_BASE}
    phases = fit_profile([batch(0), batch(1)], CHANNELS, wishes).phases
    assert [phase.choice.coordinate for phase in phases] == [BY_GROWTH, BY_BASE]
    assert "too few" in phases[1].choice.reason


@pytest.mark.parametrize(
    ("by_growth", "coordinate", "reason"),
    [(0.088, BY_TIME, "the usual one"), (0.100, BY_TIME, "least"), (0.086, BY_GROWTH, "least")],
)
def test_the_usual_coordinate_is_taken_if_about_as_good(
    monkeypatch: pytest.MonkeyPatch, by_growth: float, coordinate: Coordinate, reason: str
) -> None:
    spreads = {BY_GROWTH: by_growth, BY_TIME: 0.1}
    monkeypatch.setattr(choosing, "spread", lambda members, phase, each, *_: spreads.get(each, 0.2))
    choice = fit_profile([batch(seed) for seed in range(3)], CHANNELS, {}).phases[1].choice
    assert choice.coordinate == coordinate
    assert choice.reason.startswith(reason)


def test_leave_one_out_finds_the_odd_batch() -> None:
    members = [*(batch(seed, rate=0.5) for seed in range(4)), batch(9, rate=0.5, offset=15)]
    scores = fit_profile(members, CHANNELS, {}).scores
    assert all(score is not None for score in scores)
    means = [score.mean for score in scores if score]
    assert int(np.argmax(means)) == 4
    assert scores[4] is not None
    largest = scores[4].largest
    assert (largest.channel, largest.phase) == ("dissolved_oxygen", FEED)
    assert largest.difference == pytest.approx(15, abs=1)
    text = preview_text(list("abcde"), scores, ["", "", "", "", "DO above"])
    assert text == "Batch e differs most: DO above."


def test_one_batch_has_no_score_and_a_band_of_its_tolerances() -> None:
    fitted = fit_profile([batch(0)], CHANNELS, {})
    assert fitted.scores == (None,)
    growth = fitted.phases[0]
    assert growth.high[TEMPERATURE] - growth.median[TEMPERATURE] == pytest.approx(0.3)
    assert (growth.reference.sd[TEMPERATURE] > 0.1).all()


def test_a_totaliser_counts_from_the_begin_of_the_batch(three: FittedProfile) -> None:
    base = 2
    assert abs(three.phases[0].median[base, 0]) < 1
    assert three.phases[0].median[base, -1] > 50


def test_a_missing_phase_and_batches_of_other_length() -> None:
    short = batch(1, feed_hours=0.05)  # 3 minutes of feed: none
    members = [batch(0), short, batch(2, feed_hours=3), batch(3, feed_hours=8)]
    fitted = fit_profile(members, CHANNELS, {})
    growth, feed = fitted.phases
    assert (growth.members, feed.members) == (4, 3)
    assert feed.reference.grid[-1] == pytest.approx(8, abs=0.1)
    assert np.isfinite(feed.reference.sd).all()
    assert all(score is not None for score in fitted.scores)


def test_gaps_leave_no_trace_but_wider_limits_where_all_have_one() -> None:
    members = []
    for seed in range(3):
        member = batch(seed, rate=0.5)
        values = member.values["temperature"].copy()
        values[120:240] = np.nan
        member = with_values(member, "temperature", values)
        members.append(with_values(member, "other.colour", np.full(len(values), np.nan)))
    fitted = fit_profile(members, CHANNELS, {})
    colour = 3
    growth = fitted.phases[0]
    assert np.isfinite(growth.median[TEMPERATURE]).all()
    assert np.abs(growth.median[TEMPERATURE] - 37).max() < 0.06
    assert np.isnan(growth.median[colour]).all()
    assert all(score is not None and np.isfinite(score.mean) for score in fitted.scores)


def test_ten_batches_have_narrower_limits_than_one() -> None:
    few, many = (
        fit_profile([batch(seed, rate=0.5) for seed in range(n)], CHANNELS, {}).phases[1] for n in (1, 10)
    )
    assert many.reference.sd[OXYGEN].mean() < 0.5 * few.reference.sd[OXYGEN].mean()


def test_a_new_good_batch_lies_within_the_limits(three: FittedProfile) -> None:
    growth = three.phases[0]
    member = batch(77)
    along = progress(member, GROWTH, growth.choice.coordinate)
    assert along is not None
    z = growth.reference.standardised(member.matrix(CHANNELS)[:, member.during(GROWTH)], along)
    assert np.abs(z).max() < 3.5


def test_leaving_one_out_is_the_reference_of_the_others() -> None:
    members = [batch(seed) for seed in range(4)]
    fitted = [fit_profile(chosen, CHANNELS, {}) for chosen in (members, members[:3])]
    score = fitted[0].scores[3]
    reference = fitted[1].phases[1].reference
    along = progress(members[3], FEED, BY_TIME)
    assert score is not None
    assert along is not None
    values = members[3].matrix(CHANNELS)[:, members[3].during(FEED)]
    assert np.abs(reference.standardised(values, along)).mean() == pytest.approx(score.mean, abs=0.15)


def test_a_profile_survives_storing(three: FittedProfile) -> None:
    stored = pack(three)
    again = unpack(description_of(three), stored)
    assert again.channels == three.channels
    for before, after in zip(three.phases, again.phases, strict=True):
        assert after.choice.coordinate == before.choice.coordinate
        np.testing.assert_allclose(after.median, before.median, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(after.reference.sd, before.reference.sd, rtol=2e-3)
        assert after.reference.grid.shape == (POINTS,)
    assert pack(three) == stored
    assert len(stored) < 300_000


@given(st.integers(0, 99), st.floats(0.3, 0.8), st.lists(st.integers(0, 500), max_size=5))
def test_progress_never_decreases_whatever_is_missing(seed: int, rate: float, lost: list[int]) -> None:
    member = batch(seed, rate=rate)
    assert member.uptake is not None
    uptake, total = member.uptake.copy(), member.values["base_total"].copy()
    for at in lost:
        uptake[at : at + 30] = np.nan
        total[at : at + 30] = np.nan
        total[at:] -= 100  # a reset
    member = replace(with_values(member, "base_total", total), uptake=uptake)
    for coordinate in (BY_TIME, BY_GROWTH, BY_BASE):
        along = progress(member, GROWTH, coordinate)
        assert along is not None
        assert along[0] == pytest.approx(0, abs=0.05)
        assert (np.diff(along) >= 0).all()


@given(st.floats(0.35, 0.75), st.floats(0.35, 0.75))
def test_the_same_growth_at_two_speeds_is_the_same_curve_by_progress(one: float, other: float) -> None:
    """u is ∫OUR dt, so ln(1 + u/0.5) shifts by the logarithm of the rates only, and time by their ratio."""
    curves = []
    for rate in (one, other):
        member = batch(0, rate=rate, noise=0)
        along = progress(member, GROWTH, BY_GROWTH)
        assert along is not None
        curves.append(along[-1])
    assert abs(curves[0] - curves[1]) < 1.2 * abs(np.log(one / other)) + 0.1


@given(st.lists(st.one_of(st.floats(-5, 5), st.just(float("nan"))), min_size=2, max_size=60))
def test_curves_stay_within_their_values(given_values: list[float]) -> None:
    values = np.array(given_values)
    finite = values[np.isfinite(values)]
    along, grid = np.arange(len(values)).astype(np.float64), np.linspace(0, len(values), 50)
    for found in (
        bridged(values),
        smoothed(values),
        resampled(values[None], along, grid),
    ):
        known = found[np.isfinite(found)]
        if len(known):
            assert finite.min() - 1e-9 <= known.min()
            assert known.max() <= finite.max() + 1e-9

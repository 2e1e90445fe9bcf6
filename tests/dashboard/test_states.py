"""The state of a tag's card when the page is first painted."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.dashboard.states import is_outside, state_of
from monitoring.history.events import StoredEvent
from monitoring.history.measurements import Point
from monitoring.kernel.tag_definition import TagDefinition

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAG = TagDefinition("temp", "°C", 30, 50, lower_limit=35, upper_limit=45, stale_after_s=15)
WHY = "above the limit 45"


def newest(value: float = 37.0, *, is_anomaly: bool = False, age_s: float = 1) -> Point:
    return Point(1, NOW - timedelta(seconds=age_s), "temp", value, is_anomaly)


def event(kind: str = "stuck") -> StoredEvent:
    return StoredEvent(1, "temp", kind, kind, NOW, None, 1.0, "temp stays at 37")


def test_without_a_measurement_the_card_is_empty() -> None:
    assert state_of(TAG, None, NOW, [], []).state == "empty"


def test_a_usual_value_is_normal_and_not_urgent() -> None:
    state = state_of(TAG, newest(), NOW, [], [])
    assert (state.state, state.urgency) == ("normal", 0)


@pytest.mark.parametrize(("age_s", "expected"), [(15, "normal"), (15.1, "stale"), (3600, "stale")])
def test_a_value_is_stale_after_the_time_of_its_tag(age_s: float, expected: str) -> None:
    assert state_of(TAG, newest(age_s=age_s), NOW, [], []).state == expected


def test_a_value_outside_a_limit_is_urgent_and_one_outside_the_band_is_not() -> None:
    outside = state_of(TAG, newest(46.0, is_anomaly=True), NOW, [WHY], [])
    unusual = state_of(TAG, newest(44.0, is_anomaly=True), NOW, ["outside the band"], [])
    assert (outside.state, outside.detail) == ("anomaly", WHY)
    assert outside.urgency > unusual.urgency == 0


def test_an_open_event_says_more_than_an_anomaly() -> None:
    state = state_of(TAG, newest(46.0, is_anomaly=True), NOW, [WHY], [event(), event("drift")])
    assert (state.state, state.since) == ("event", NOW)
    assert state.detail == f"stays at 37; value {WHY}; 1 more"


def test_a_stale_value_is_no_basis_for_an_event() -> None:
    assert state_of(TAG, newest(age_s=60), NOW, [], [event()]).state == "stale"


@pytest.mark.parametrize(("value", "expected"), [(34.9, True), (35, False), (45, False), (45.1, True)])
def test_limits_themselves_are_inside(value: float, expected: bool) -> None:
    assert is_outside(TAG, value) is expected


def test_without_limits_nothing_is_outside() -> None:
    assert not is_outside(TagDefinition("level", "%", 0, 100), 100)

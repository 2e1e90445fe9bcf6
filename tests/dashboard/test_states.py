"""The state of a tag's card when the page is first painted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.alarms.kinds import Priority
from monitoring.alarms.reading import PresentAlarm, present
from monitoring.alarms.state_machine import State
from monitoring.dashboard import words
from monitoring.dashboard.alarm_words import alarm_line, alarm_urgency, texts_for_scripts
from monitoring.dashboard.cards import card_of
from monitoring.dashboard.states import Evidence, outside_side, state_of
from monitoring.history.ahead import Ahead
from monitoring.history.events import StoredEvent
from monitoring.history.measurements import Point, Reason
from monitoring.kernel.incident_event import STRENGTHS
from monitoring.kernel.number_format import NumberFormat
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.models import AlarmDefinition, AlarmOccurrence, AlarmState, Tag
from tests.page_cases import cases

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAG = TagDefinition("temp", "°C", 30, 50, lower_limit=35, upper_limit=45, stale_after_s=15)
WHY = "above the limit 45"


def newest(value: float = 37.0, *, is_anomaly: bool = False, age_s: float = 1) -> Point:
    return Point(1, NOW - timedelta(seconds=age_s), "temp", value, is_anomaly)


def event(kind: str = "stuck") -> StoredEvent:
    return StoredEvent(1, "temp", kind, kind, NOW, None, 2.0, "temp stays at 37")


def alarm(kind: str = "H", **changes: object) -> PresentAlarm:
    """A high alarm that has been active for nine minutes, and waits for a person."""
    definition = AlarmDefinition(tag=Tag(name="temp", unit="°C"), kind=kind, priority="high", setpoint=45)
    since = NOW - timedelta(minutes=9)
    occurrence = AlarmOccurrence(definition=definition, active_at=since, setpoint=45, priority="high")
    row = AlarmState(
        definition=definition, is_active=True, is_acknowledged=False, occurrence=occurrence, revision=1
    )
    return replace(present(row), **changes)  # type: ignore[arg-type]


def before(seconds: float | None) -> datetime | None:
    return None if seconds is None else NOW - timedelta(seconds=seconds)


def alarm_in(case: dict[str, Any]) -> PresentAlarm | None:
    """The alarm of a shared case."""
    given = case["alarm"]
    return given and replace(
        alarm(given["kind"]),
        **{name: given[name] for name in ("title", "condition", "priority")},
        state=State(given["state"]),
        is_active=given["active"],
        is_acknowledged=given["acknowledged"],
        active_at=before(given["activeS"]),
        cleared_at=before(given["clearedS"]),
    )


def event_in(found: dict[str, Any]) -> StoredEvent:
    """An open event of a shared case."""
    start, score = NOW - timedelta(seconds=found["ageS"]), STRENGTHS[found["strength"]] + 1
    return StoredEvent(1, "fermenter_temp", "x", found["kind"], start, None, score, found["explanation"])


@pytest.mark.parametrize("case", cases("cards.json", "cards"), ids=lambda case: case["name"])
def test_a_card_of_one_measurement_is_as_the_scripts_make_it(case: dict[str, Any]) -> None:
    tag = TagDefinition("fermenter_temp", "°C", 20, 50, lower_limit=30, upper_limit=40, stale_after_s=15)
    point = Point(1, NOW - timedelta(seconds=case["ageS"]), tag.name, case["value"], case["anomaly"])
    evidence = Evidence(
        reasons=words.reasons_texts([Reason(**found) for found in case["reasons"]], NumberFormat(2, 2)),
        events=[event_in(found) for found in case["events"]],
        alarm=alarm_in(case),
        outside_since=before(case["outsideS"]),
        confirmed=before(case.get("confirmedS")),
        is_wall=case["isWall"],
    )
    card = card_of(
        tag,
        None if case["value"] is None else point,
        NOW,
        evidence=evidence,
        normal_since=before(case["normalS"]),
    )
    detail = case["detail"].replace("{time}", words.moment_text(point.timestamp, NOW))
    assert (card.state, card.word, card.urgency, card.detail, card.lasting) == (
        *(case["state"], case["word"], case["urgency"]),
        *(detail, case["lasting"]),
    )
    if card.alarm:
        sent = texts_for_scripts(card.alarm)
        assert {name: case["alarm"][name] for name in ("word", "detail", "urgency")} == {
            name: sent[name] for name in ("word", "detail", "urgency")
        }


@pytest.mark.parametrize("case", [case for case in cases("cards.json", "ahead") if case["count"]])
def test_readings_ahead_of_time_are_counted_as_the_scripts_count_them(case: dict[str, Any]) -> None:
    assert Ahead("temp", case["count"], case["seconds"]).text == case["text"]


def test_without_a_measurement_the_card_is_empty() -> None:
    assert state_of(TAG, None, NOW).state == "empty"


def test_a_usual_value_is_normal_and_not_urgent() -> None:
    state = state_of(TAG, newest(), NOW)
    assert (state.state, state.urgency) == ("normal", 0)


@pytest.mark.parametrize(("age_s", "expected"), [(15, "normal"), (15.1, "stale"), (3600, "stale")])
def test_a_value_is_stale_after_the_time_of_its_tag(age_s: float, expected: str) -> None:
    assert state_of(TAG, newest(age_s=age_s), NOW).state == expected


def test_a_value_outside_a_limit_is_urgent_and_one_outside_the_band_is_not() -> None:
    since = NOW - timedelta(minutes=9)
    reasons = [WHY, "outside rolling mean ± 3σ (36 to 38)"]
    outside = state_of(TAG, newest(46.0, is_anomaly=True), NOW, Evidence(reasons, outside_since=since))
    unusual = state_of(TAG, newest(44.0, is_anomaly=True), NOW, Evidence(["outside the band"]))
    assert (outside.state, outside.detail, outside.since) == ("outside", WHY, since)
    assert (unusual.state, unusual.detail) == ("unusual", "outside the band")
    assert outside.urgency > unusual.urgency == 0


def test_a_limit_outranks_an_event_and_missing_data_and_all_are_said() -> None:
    evidence = Evidence([WHY], [event(), event("drift")])
    outside = state_of(TAG, newest(46.0, is_anomaly=True), NOW, evidence)
    stale = state_of(TAG, newest(46.0, is_anomaly=True, age_s=60), NOW, evidence)
    assert (outside.state, outside.detail) == ("outside", f"{WHY}; Stuck")
    assert (stale.state, stale.detail) == ("outside", f"{WHY}; no reading since 11:59:00 UTC")


def test_an_open_event_precedes_a_violation_of_the_3_sigma_rule() -> None:
    state = state_of(TAG, newest(44.0, is_anomaly=True), NOW, Evidence([], [event(), event("drift")]))
    assert (state.state, state.since, state.is_past) == ("event", NOW, False)
    assert state.detail == "stays at 37; 1 more"


def test_an_event_of_a_moment_is_of_some_time_ago_and_a_spike_is_over() -> None:
    assert state_of(TAG, newest(), NOW, Evidence(events=[event("step_up")])).is_past
    spike = state_of(TAG, newest(), NOW, Evidence(events=[event("spike")]))
    lasting = state_of(TAG, newest(44, is_anomaly=True), NOW, Evidence(events=[event("spike")]))
    assert (spike.word, spike.is_past, spike.detail) == ("Spike", True, "back to normal; stays at 37")
    assert lasting.detail == "stays at 37"


def test_a_stale_value_is_no_basis_for_an_event() -> None:
    assert state_of(TAG, newest(age_s=60), NOW, Evidence(events=[event()])).state == "stale"


def test_an_alarm_precedes_all_and_says_what_it_waits_for() -> None:
    waiting = state_of(TAG, newest(46, is_anomaly=True), NOW, Evidence([WHY], [event()], alarm()))
    assert (waiting.state, waiting.word, waiting.since) == (
        *("alarm", "Alarm: High"),
        NOW - timedelta(minutes=9),
    )
    assert waiting.detail == "above 45 °C; not acknowledged"
    seen = alarm(is_acknowledged=True, state=State.ACKNOWLEDGED)
    assert state_of(TAG, newest(), NOW, Evidence(alarm=seen)).detail == "above 45 °C; acknowledged"


def test_an_alarm_that_has_returned_is_of_some_time_ago() -> None:
    over = alarm(is_active=False, state=State.RETURNED, cleared_at=NOW - timedelta(minutes=1))
    state = state_of(TAG, newest(), NOW, Evidence(alarm=over))
    assert (state.word, state.since, state.is_past) == (
        *("Alarm: High, returned", NOW - timedelta(minutes=1)),
        True,
    )


def test_an_alarm_hides_neither_missing_data_nor_another_limit() -> None:
    stuck = alarm("EVENT:stuck", title="Stuck", condition="")
    state = state_of(TAG, newest(46, is_anomaly=True, age_s=60), NOW, Evidence(alarm=stuck))
    assert state.detail == f"not acknowledged; out of limit, {WHY}; no reading since 11:59:00 UTC"
    assert state_of(TAG, None, NOW, Evidence(alarm=stuck)).detail == "not acknowledged"


def test_the_scripts_get_the_words_and_the_urgency_of_an_alarm() -> None:
    state = state_of(TAG, newest(), NOW, Evidence(alarm=alarm()))
    assert texts_for_scripts(alarm()) == {
        "word": state.word,
        "detail": state.detail,
        "line": "temp: High, above 45 °C",
        "urgency": state.urgency,
    }
    assert alarm_line(alarm(condition="")) == "temp: High"


def test_alarms_that_nobody_has_acknowledged_are_the_most_urgent_then_the_priority_counts() -> None:
    found = [alarm_urgency(each, is_acknowledged=seen) for seen in (False, True) for each in Priority]
    assert found == [11, 10, 9, 8, 7, 6, 5, 4]


@pytest.mark.parametrize(("value", "expected"), [(34.9, "below"), (35, ""), (45, ""), (45.1, "above")])
def test_limits_themselves_are_inside(value: float, expected: str) -> None:
    assert outside_side(TAG, value) == expected


def test_without_limits_nothing_is_outside() -> None:
    assert outside_side(TagDefinition("level", "%", 0, 100), 100) == ""

"""What the address chooses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.dashboard.view_state import DEFAULT_PRESET, PRESETS, ViewState, chosen_of, past_of
from monitoring.kernel.clock import iso_utc
from tests.page_cases import cases

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_nothing_chosen_is_all_tags_and_the_default() -> None:
    chosen = chosen_of({}, {"co2": ""}, NOW)
    assert chosen.as_json() == {
        "tag": "",
        "range": DEFAULT_PRESET,
        "from": None,
        "to": None,
        "group": "",
        "compare": [],
        "anomaly": None,
        "event": None,
        "charts": [],
        "show": "",
    }


@pytest.mark.parametrize(
    ("query", "preset"),
    [
        ({"range": "30d"}, "30d"),
        ({"window": "2m"}, "5m"),
        ({"window": "10m", "range": "24h"}, "24h"),
        ({"range": "30 d"}, DEFAULT_PRESET),
    ],
)
def test_presets(query: dict[str, str], preset: str) -> None:
    assert chosen_of(query, {}, NOW).preset == preset


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, {"temp", "ph", "co2"}),
        ({"group": "F1"}, {"temp", "ph"}),
        ({"group": "nothing"}, {"temp", "ph", "co2"}),
        ({"tag": "ph", "group": "F1"}, {"ph"}),
        ({"tag": "co2", "group": "F1"}, {"co2"}),
    ],
)
def test_which_cards_are_shown(query: dict[str, str], shown: set[str]) -> None:
    groups = {"temp": "F1", "ph": "F1", "co2": "Other"}
    chosen = chosen_of(query, groups, NOW)
    assert {tag for tag, group in groups.items() if chosen.shows(tag, group)} == shown


@pytest.mark.parametrize(
    ("names", "compared"),
    [("", ()), ("b,a", ("b", "a")), ("a,x,a,b", ("a", "b")), ("e,d,c,b,a", ("e", "d", "c", "b"))],
)
def test_what_is_compared(names: str, compared: tuple[str, ...]) -> None:
    assert chosen_of({"compare": names}, dict.fromkeys("abcde", ""), NOW).compare == compared


@pytest.mark.parametrize(("text", "found"), [("17", 17), ("", None), ("-1", None), ("9" * 30, None)])
def test_which_anomaly_or_event_is_pointed_out(text: str, found: int | None) -> None:
    assert chosen_of({"anomaly": text}, {}, NOW).anomaly == found
    assert chosen_of({"event": text}, {}, NOW).event == found


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("", ""),
        ("2026-01-31", ""),
        ("yesterday", "today"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:01Z", "2026-01-31T12:00:00Z"),
        ("2026-11-23T12:00:00Z", "2026-11-24T12:00:00Z"),
        ("2026-01-31\x00", "2026-02-01"),
        ("0001-01-01", "2026-01-01"),
    ],
)
def test_bounds_that_bound_nothing_are_none(start: str, end: str) -> None:
    assert past_of(start, end, NOW) is None


def test_a_day_is_all_of_it_and_the_future_is_cut_off() -> None:
    past = past_of("2026-11-22", "2026-11-23", NOW)
    assert past
    assert (past.start, past.end) == (datetime(2026, 11, 22, tzinfo=UTC), NOW)


@given(st.timedeltas(timedelta(1), timedelta(9_000)), st.timedeltas(timedelta(microseconds=1), timedelta(1)))
def test_a_range_of_the_past_is_what_it_says(age: timedelta, length: timedelta) -> None:
    begin = NOW - age
    past = past_of(iso_utc(begin), iso_utc(begin + length), NOW)
    assert past
    assert (past.start, past.end) == (begin, begin + length)


def test_each_preset_is_longer_than_the_one_before() -> None:
    lengths = [preset.seconds for preset in PRESETS.values()]
    assert lengths == sorted(set(lengths))


@pytest.mark.parametrize("case", cases("layout.json", "cases"), ids=lambda case: case["layout"])
def test_cards_have_the_layout_that_the_scripts_give_them(case: dict[str, Any]) -> None:
    charts = tuple(f"tag-{number}" for number in range(case["charts"]))
    chosen = ViewState(case["tag"], DEFAULT_PRESET, None, charts=charts, show=case["show"])
    assert chosen.layout(case["shown"], case["headings"]) == case["layout"]


def test_charts_are_chosen_in_order_and_without_unknown_ones() -> None:
    chosen = chosen_of({"charts": "ph,co9,co2,ph"}, {"co2": "", "ph": "", "od": ""}, NOW)
    assert chosen.charts == ("ph", "co2")
    assert [chosen.shows(name, "") for name in ("co2", "ph", "od")] == [True, True, False]

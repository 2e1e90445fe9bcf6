"""Wall clocks: times that they skip, and times that they show twice."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.kernel.clock import MICROSECOND, from_micros
from monitoring.sources.file_import.repeated_hours import RepeatedHours
from monitoring.sources.file_import.zones import PLAIN, REPEATED, SKIPPED, ZoneTable

ZERO = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock's time
MINUTE_US = 60_000_000
CHANGES = ["2026-03-08T01:00", "2026-03-29T01:00", "2026-10-04T01:00", "2026-10-25T01:00"]
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana"]


def wall_us(*texts: str) -> np.ndarray:
    return np.array([(datetime.fromisoformat(text) - ZERO) // MICROSECOND for text in texts], dtype=np.int64)


def test_both_days_of_the_year_in_berlin() -> None:
    spring = ("2026-03-29T01:59:59", "2026-03-29T02:30", "2026-03-29T03:00")
    found = ZoneTable("Europe/Berlin").to_utc(wall_us(*spring, "2026-10-25T02:30", "2026-10-25T03:00"))
    assert found.kind.tolist() == [PLAIN, SKIPPED, PLAIN, REPEATED, PLAIN]
    first = [from_micros(micros).isoformat() for micros in found.first_us.tolist()]
    assert first[0] == "2026-03-29T00:59:59+00:00"
    assert first[2:] == [
        "2026-03-29T01:00:00+00:00",
        "2026-10-25T00:30:00+00:00",
        "2026-10-25T02:00:00+00:00",
    ]
    assert from_micros(int(found.second_us[3])) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_a_zone_may_be_an_offset() -> None:
    found = ZoneTable("-03:30").to_utc(wall_us("2026-01-31T12:00"))
    assert found.kind[0] == PLAIN
    assert from_micros(int(found.first_us[0])) == datetime(2026, 1, 31, 15, 30, tzinfo=UTC)


@given(
    st.sampled_from(ZONES),
    st.one_of(
        st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
        # around the changes of a year
        st.sampled_from(CHANGES).flatmap(
            lambda text: st.integers(-120, 300).map(
                lambda minutes: datetime.fromisoformat(text) + timedelta(minutes=minutes)
            )
        ),
    ),
)
def test_the_way_to_utc_and_back_agrees_with_the_time_zone_database(name: str, wall: datetime) -> None:
    zone = ZoneInfo(name)
    found = ZoneTable(name).to_utc(np.array([(wall - ZERO) // MICROSECOND]))
    ways = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    real = {moment for moment in ways if moment.astimezone(zone).replace(tzinfo=None) == wall}
    kind = {0: SKIPPED, 1: PLAIN, 2: REPEATED}[len(real)]
    assert found.kind[0] == kind
    if kind != SKIPPED:
        assert [from_micros(int(found.first_us[0])), from_micros(int(found.second_us[0]))] == ways


def of_order(minutes: list[int], *, is_forward: bool) -> list[bool | None]:
    """Whether rows at these minutes of the repeated hour are after the change, by their order."""
    hours = RepeatedHours()
    ends = (-60, 120) if is_forward else (120, -60)
    hours.see("", ends[0] * MINUTE_US, ends[1] * MINUTE_US)
    hours.add("", [(row, minute * MINUTE_US) for row, minute in enumerate(minutes, 10)])
    return [hours.is_second("", row) for row in range(10, 10 + len(minutes))]


@pytest.mark.parametrize(
    ("minutes", "is_forward", "expected"),
    [
        ([0, 20, 40, 0, 20, 40], True, [False] * 3 + [True] * 3),
        ([40, 20, 0, 40, 20, 0], False, [True] * 3 + [False] * 3),
        ([30, 30], True, [False, True]),
        ([30, 30], False, [True, False]),
        ([0, 20, 40], True, [None] * 3),
        ([0, 20, 0, 20, 0], True, [None] * 5),
        ([0, 0, 20, 20], True, [None] * 4),
        ([59, 1], True, [False, True]),
    ],
)
def test_the_order_of_rows_says_which_hour_it_is_or_not(
    minutes: list[int], is_forward: bool, expected: list[bool | None]
) -> None:
    assert of_order(minutes, is_forward=is_forward) == expected


def test_each_night_and_each_series_is_on_its_own() -> None:
    hours = RepeatedHours()
    year_us = 365 * 24 * 60 * MINUTE_US
    for series in ("a", "b"):
        hours.see(series, 0, 2 * year_us)
    hours.add("a", [(1, 10 * MINUTE_US), (3, 0), (9, year_us), (10, year_us + MINUTE_US)])
    hours.add("b", [(2, 10 * MINUTE_US), (4, 20 * MINUTE_US)])
    assert [hours.is_second("a", row) for row in (1, 3, 9, 10)] == [False, True, None, None]
    assert [hours.is_second("b", row) for row in (2, 4)] == [None, None]
    assert hours.is_second("c", 1) is None

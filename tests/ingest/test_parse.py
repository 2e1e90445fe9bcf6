"""Many readings at once: read column by column, they are what they are one by one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.ingest import parse
from monitoring.ingest.definition_columns import definition_columns
from monitoring.ingest.parse import FEW, named_tags, validate
from monitoring.ingest.validate import ReadingRejectedError, read_item
from monitoring.kernel.tag_definition import DEFAULT_TAGS, TagDefinition

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAGS = {tag.definition.name: tag.definition for tag in DEFAULT_TAGS} | {
    "off": TagDefinition("off", "", 0, 100, active=False),
    "too_wide": TagDefinition("too_wide", "", -1e308, 1e308),
    "short_past": TagDefinition("short_past", "", 0, 100, raw_from=NOW - timedelta(days=1)),
}
INDICES = {name: index for index, name in enumerate(TAGS)}
COLUMNS = definition_columns([*TAGS.values()])

around_now = st.integers(-600_000_000, 600_000_000).map(lambda us: NOW + timedelta(microseconds=us))
plain_texts = st.builds(
    lambda moment, timespec: f"{moment.replace(tzinfo=None).isoformat(timespec=timespec)}Z",
    st.datetimes(timezones=st.just(UTC)) | around_now,
    st.sampled_from(["seconds", "milliseconds", "microseconds"]),
)
odd_texts = st.sampled_from(
    [
        *("", "now", "NaT", "2026-W05-6", "2026-01-31 12:00:00", "2026-01-31T13:00:00+01:00"),
        *("0000-01-01T00:00:00Z", "2026-02-30T12:00:00Z", "2026-01-31T12:00:60Z", "2026-01-31T12:00:0xZ"),
        *("2026-01-31T12:00:00z", "2026-01-31T12:00:00.1234567Z", "٢٠٢٦-01-31T12:00:00Z"),
    ]
)
plain_numbers = around_now.map(datetime.timestamp) | around_now.map(lambda now: int(now.timestamp() * 1000))
odd_numbers = st.sampled_from([0, -0.0, 1, -1.5, 1e11, -1e11, 2**53 + 1, 10**400, 1769860800 * 10**6])
junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())
good_items = st.fixed_dictionaries(
    {"timestamp": plain_texts | plain_numbers, "tag": st.sampled_from([*TAGS]), "value": st.floats(0, 700)}
)
any_items = st.fixed_dictionaries(
    {},
    optional={
        "timestamp": plain_texts | plain_numbers | odd_texts | odd_numbers | junk,
        "tag": st.sampled_from([*TAGS, "unknown"]) | junk,
        "value": st.floats() | st.integers() | junk,
    },
)


def one_by_one(items: list[Any]) -> tuple[dict[int, tuple[str, int, float]], dict[int, str]]:
    """The readings, and the words of the rejections, by position."""
    readings, rejections = {}, {}
    for position, item in enumerate(items):
        try:
            found = read_item(item, TAGS, now=NOW, known=TAGS)
        except ReadingRejectedError as error:
            rejections[position] = str(error)
        else:
            readings[position] = (found.tag, found.time_us, found.value)
    return readings, rejections


def all_at_once(items: list[Any]) -> tuple[dict[int, tuple[str, int, float]], dict[int, str]]:
    """The same, of ``validate``."""
    found, rejections = validate(items, TAGS, now=NOW)
    names = list(TAGS)
    readings = {
        position: (names[tag], time_us, value)
        for tag, position, time_us, value in zip(
            found.tag.tolist(),
            found.position.tolist(),
            found.time_us.tolist(),
            found.value.tolist(),
            strict=True,
        )
    }
    return readings, {position: rejection.message for position, rejection in rejections.items()}


@given(st.lists(good_items, min_size=FEW, max_size=40))
def test_usual_readings_are_read_as_one_by_one(items: list[Any]) -> None:
    assert all_at_once(items) == one_by_one(items)


@given(st.lists(any_items | junk, max_size=20), st.lists(good_items, min_size=FEW, max_size=20))
def test_whatever_stands_among_them_changes_nothing(odd: list[Any], good: list[Any]) -> None:
    items = [item for pair in zip(good, odd, strict=False) for item in pair] + good + odd
    assert all_at_once(items) == one_by_one(items)


@given(plain_texts | plain_numbers, st.sampled_from([*TAGS]), st.floats(0, 700))
def test_readings_of_one_form_need_no_second_look(timestamp: Any, tag: str, value: float) -> None:
    items = [{"timestamp": timestamp, "tag": tag, "value": value}] * FEW
    _, is_read = parse.parse_columns(items, INDICES, COLUMNS, now=NOW)
    assert is_read.all() == bool(one_by_one(items)[0])


def test_readings_keep_the_order_in_which_they_came() -> None:
    times = ["12:00:02", "12:00:00", "12:00:02", "12:00:01"]
    items = [{"timestamp": f"2026-01-30T{time}Z", "tag": "fermenter_ph", "value": 7.0} for time in times]
    only = validate(items * FEW, TAGS, now=NOW)[0]
    assert only.position.tolist() == list(range(4 * FEW))
    assert np.diff(only.time_us[:4]).tolist() == [-2_000_000, 2_000_000, -1_000_000]


@pytest.mark.parametrize("items", [[], [None, 3, {"tag": 7}, {"tag": "b"}, {"tag": "a"}, {"tag": "b"}]])
def test_the_names_that_readings_give(items: list[Any]) -> None:
    assert named_tags(items) == {item["tag"] for item in items[3:]}


@pytest.mark.parametrize("value", [-1.1e100, 1.1e100, 1e308])
@pytest.mark.parametrize("count", [1, FEW])
def test_what_no_sum_could_hold_is_refused_whatever_the_valid_range_says(value: float, count: int) -> None:
    items = [{"timestamp": "2026-01-31T12:00:00Z", "tag": "too_wide", "value": value}] * count
    taken, rejections = validate(items, TAGS, now=NOW)
    assert not len(taken.value)
    assert "too_wide's valid range -1e+100 to 1e+100" in rejections[0].message

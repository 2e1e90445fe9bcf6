"""Timestamps: ISO 8601 in, UTC out, exact to the microsecond."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitoring.kernel.clock import (
    DAY_US,
    FIRST_MICROS,
    LAST_MICROS,
    expected_bound,
    from_micros,
    is_number_text,
    iso_texts,
    iso_utc,
    length_of,
    parse_bound,
    parse_timestamp,
    to_micros,
)
from monitoring.kernel.timestamp_arrays import parse_plain_timestamps

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
moments = st.datetimes(timezones=st.just(UTC))
dates = st.dates()
clock_times = st.from_regex(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,9})?)?", fullmatch=True)
OFFSETS = [
    *[("", 0), ("Z", 0), ("z", 0), (" Z", 0), ("-00:00", 0), ("+02:00", 7200), ("-0530", -19_800)],
    *[(" +02", 7200), (" +0200", 7200), ("-23:59", -86_340), ("+23:59", 86_340)],
]
ALPHABET = "0123456789-:.,TtZz+ W\n\x00"
# Some character of a timestamp is another, left out, or one too many.
almost_times = st.builds(
    lambda text, place, other, kept: text[:place] + other + text[place + kept :],
    st.sampled_from(
        [
            "2026-01-31T12:00:00.250Z",
            "2026-01-31 12:00+02:00",
            "20260131T120000.5-0530",
            "2026-01-31T12:00:00",
        ]
    ),
    st.integers(0, 24),
    st.text(ALPHABET, max_size=2),
    st.integers(0, 2),
) | st.text(ALPHABET, max_size=30)
plain_times = moments.map(iso_utc)


def micros_of_clock(text: str) -> int:
    """Microseconds since midnight of HH:MM:SS.fff, digit by digit."""
    clock, _, fraction = text.replace(",", ".").partition(".")
    hours, minutes, seconds = [*map(int, clock.split(":")), 0][:3]
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0"))


def read_digit_by_digit(text: str) -> int:
    """Microseconds of a timestamp, read without any pattern; fails where it is no such text."""
    is_basic = text[4] != "-"
    day, clock = (text[:8], text[9:]) if is_basic else (text[:4] + text[5:7] + text[8:10], text[11:])
    assert text[len(text) - len(clock) - 1] in ("T", "t", " "[: not is_basic])
    clock, sign, offset = clock.rstrip("Zz").replace("-", " -").replace("+", " +").partition(" ")
    offset = (sign + offset).strip()
    if is_basic:
        clock = ":".join(filter(None, [clock[:2], clock[2:4], clock[4:]]))
    east = int(offset[:3] or 0) * 60 + int(f"{offset[:1]}{offset[3:].strip(':') or 0}" if offset else 0)
    days = (date(int(day[:4]), int(day[4:6]), int(day[6:])) - date(1970, 1, 1)).days
    return days * DAY_US + micros_of_clock(clock) - east * 60_000_000


def read_alone(text: str) -> int | None:
    """The text's microseconds, None if it is no timestamp."""
    try:
        return to_micros(parse_timestamp(text))
    except ValueError:
        return None


def read_at_once(texts: list[str]) -> list[int | None]:
    """The same of many texts, read in columns."""
    micros, is_read = parse_plain_timestamps(texts)
    return [found if read else None for found, read in zip(micros.tolist(), is_read.tolist(), strict=True)]


@given(moments)
def test_microseconds_hold_a_moment_exactly(moment: datetime) -> None:
    assert from_micros(to_micros(moment)) == moment


@given(moments)
def test_what_is_written_is_read_back(moment: datetime) -> None:
    assert parse_timestamp(iso_utc(moment)) == moment


@given(st.lists(moments | moments.map(lambda moment: moment.replace(microsecond=0))))
def test_many_moments_are_written_as_each_of_them(several: list[datetime]) -> None:
    time_us = np.array([to_micros(moment) for moment in several], dtype=np.int64)
    assert iso_texts(time_us) == [iso_utc(moment) for moment in several]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00Z",
        "2026-01-31 12:00:00+00:00",
        "2026-01-31T14:00:00+02:00",
        "2026-01-31T06:30:00.000000-05:30",
    ],
)
def test_an_offset_is_heeded_and_none_means_utc(text: str) -> None:
    assert parse_timestamp(text) == NOON


NOT_A_TIMESTAMP = [
    *("", " ", "soon", "now", "NaT", "12:00", "2026", "2026-01", "2026-01-31", "20260131", "2026-01-31T"),
    *("1712010112000", "1712010112", "1712010112.5", "-1712010112", "17120101T12000", "20260131120000"),
    *("2026-01-31-12-05", "2026-01-31-12:05", "2026-01-31T12-05", "2026-01-31T12.05", "2026-01-31x12:00"),
    *("2026-W05-6T12:00", "2026W056T1200", "2026-031T12:00", "2026031T1200", "20260131 120000"),
    *("2026-01-31T12", "2026-01-31T1200", "20260131T12:00", "2026-01-31T12:00:0", "2026-1-31T12:00"),
    *("2026-01-31T12:00:00.", "2026-01-31T12:00.5", "2026-01-31T12:00:00;5", "26-01-31T12:00"),
    *("2026-01-31T24:00", "2026-01-31T24:00:00Z", "2026-01-31T23:59:60Z", "2026-01-31T12:60"),
    *("2026-13-01T00:00", "2026-00-01T00:00", "2026-01-00T00:00", "2026-02-30T00:00:00", "2025-02-29T00:00"),
    *("0000-01-01T00:00Z", "99999-01-01T00:00Z", "-2026-01-31T12:00", "+2026-01-31T12:00"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-00:01"),
    *("2026-01-31T12:00+24:00", "2026-01-31T12:00+01:60", "2026-01-31T12:00+1", "2026-01-31T12:00+01:00:30"),
    *("2026-01-31T12:00+", "2026-01-31T12:00 CET", "2026-01-31T12:00  Z", "2026-01-31T12:00ZZ"),
    *("2026-01-31T12:00Z\n", "\n2026-01-31T12:00Z", " 2026-01-31T12:00Z", "2026-01-31T12:00Z "),
    *("2026-01-31T12:00\x00", "2026-01-31\x0012:00", "2026-01-31T12:00\x00Z", "2026-01-31\t12:00"),
    *(
        "２０２６-01-31T12:00",
        "2026-01-31T12:0０",
        "٢٠٢٦-01-31T12:00",
        "2026‐01‐31T12:00",
        "2026-01-31T12：00",
    ),
    *("2026-01-31T12:00−02:00", "1" * 100_000, "2026-01-31T12:00:00." + "0" * 100_000, "\ud800"),
]


@pytest.mark.parametrize("text", NOT_A_TIMESTAMP, ids=lambda text: ascii(text)[:40])
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_timestamp(text)


@given(dates, clock_times, st.sampled_from(["T", "t", " "]), st.sampled_from(OFFSETS))
def test_each_form_of_a_time_is_that_time(
    day: date, clock: str, separator: str, offset: tuple[str, int]
) -> None:
    written, east_s = offset
    text = f"{day.isoformat()}{separator}{clock}{written}"
    expected_us = (day - date(1970, 1, 1)).days * DAY_US + micros_of_clock(clock) - east_s * 1_000_000
    basic = f"{day.isoformat()}T{clock.replace(':', '')}{written}".replace("-", "", 2)
    for form in (text, basic):
        if FIRST_MICROS <= expected_us <= LAST_MICROS:
            assert to_micros(parse_timestamp(form)) == expected_us
        else:
            with pytest.raises(ValueError, match="years 1 to 9999"):
                parse_timestamp(form)


@given(almost_times)
@example("2026-01-31-12-05")
def test_any_text_is_refused_or_has_one_of_the_documented_forms(text: str) -> None:
    try:
        moment = parse_timestamp(text)
    except ValueError:
        return
    assert to_micros(moment) == read_digit_by_digit(text)


@given(st.from_regex(r"[+-]?[0-9]{1,20}([.,][0-9]{0,9})?", fullmatch=True))
def test_no_number_in_a_text_is_a_time(text: str) -> None:
    for parse in (parse_timestamp, parse_bound):
        with pytest.raises(ValueError, match=r".+"):
            parse(text)
    assert is_number_text(text)
    assert "not a number" in expected_bound(text)


@given(st.lists(plain_times | st.sampled_from(NOT_A_TIMESTAMP) | almost_times, min_size=1, max_size=8))
def test_many_texts_are_read_as_each_of_them(texts: list[str]) -> None:
    assert read_at_once(texts) == [read_alone(text) for text in texts]


@given(almost_times, st.integers(1, 4))
@example("2026-01-31T24:00:00Z", 2)
@example("2026-01-31T12:00:60Z", 2)
@example("0000-01-01T00:00:00Z", 2)
@example("2026-01-31T12:00:00.000Z\x00", 2)
def test_many_texts_of_one_form_are_read_as_each_of_them(text: str, count: int) -> None:
    assert read_at_once([text] * count) == [read_alone(text)] * count


def written(moment: datetime, separator: str, decimals: int, zone: str) -> str:
    """The local time in a form that gateways send, with 0 to 9 decimals."""
    fraction = f".{moment.microsecond:06}789"[: decimals + 1] if decimals else ""
    return f"{moment:%H:%M:%S}".join([f"{moment.date().isoformat()}{separator}", f"{fraction}{zone}"])


@given(
    st.lists(moments, min_size=1, max_size=6),
    st.sampled_from("Tt "),
    st.integers(0, 9),
    st.sampled_from(["", "Z", "z", "+02:00", "-05:30", "+00:00", "-23:59", "+24:00"]),
    st.none() | st.tuples(st.integers(0, 5), st.integers(0, 30), st.text(ALPHABET, max_size=2)),
)
@example([NOON, NOON], "T", 0, "Z", (1, 5, "02"))
def test_texts_of_one_form_are_read_at_once_as_each_of_them(
    several: list[datetime], separator: str, decimals: int, zone: str, change: tuple[int, int, str] | None
) -> None:
    texts = [written(moment, separator, decimals, zone) for moment in several]
    if change:
        row, place, other = change[0] % len(texts), change[1], change[2]
        texts[row] = texts[row][:place] + other + texts[row][place + len(other) :]
    assert read_at_once(texts) == [read_alone(text) for text in texts]


def test_a_text_that_ends_where_the_next_begins_is_two_bad_texts() -> None:
    assert read_at_once(["2026-01-31T12:00:00", "Z2026-01-31T12:00:00Z"]) == [to_micros(NOON), None]


@pytest.mark.parametrize("digits", ["9", "99", "123456", "1234567", "999999999", "9" * 30])
def test_digits_beyond_microseconds_are_cut_off(digits: str) -> None:
    moment = parse_timestamp(f"2026-01-31T12:00:00,{digits}Z")
    assert moment == NOON + timedelta(microseconds=int(digits[:6].ljust(6, "0")))


def test_a_bound_heals_a_plus_that_a_url_has_eaten() -> None:
    assert parse_bound("2026-01-31T14:00:00 02:00") == NOON
    assert parse_bound("2026-01-31 14:00:00 02:00") == NOON
    assert parse_bound("2026-01-31 12:00") == NOON


@pytest.mark.parametrize(
    "text", ["20260131", "2026-W05-6", "2026-031", "2026-01-31\n", "2026-02-30", "1712010112000"]
)
def test_a_bound_is_no_more_guessed_at_than_a_timestamp(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_bound(text)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("2026-01-31", timedelta(days=1)),
        ("2026-01-31T12:30", timedelta(minutes=1)),
        ("2026-01-31 12:30+02:00", timedelta(minutes=1)),
        ("20260131T1230Z", timedelta(minutes=1)),
        ("20260131T120000Z", timedelta(seconds=1)),
        ("2026-01-31T12:30:15.5", timedelta(seconds=1)),
    ],
)
def test_how_long_holds_what_a_text_names(text: str, length: timedelta) -> None:
    assert length_of(text) == length


def test_a_date_alone_is_its_whole_day() -> None:
    day = datetime(2026, 1, 31, tzinfo=UTC)
    assert parse_bound("2026-01-31") == day
    assert parse_bound("2026-01-31", end=True) == day + timedelta(days=1, microseconds=-1)


def test_answers_are_in_utc_whatever_the_zone() -> None:
    assert iso_utc(NOON.astimezone(timezone(timedelta(hours=9)))) == "2026-01-31T12:00:00Z"

"""A user's own CSV: what it may look like, what is said if it does not, and what comes of it."""

from collections.abc import Iterable

import pytest

from monitoring.detection.monitor import TagMonitor
from monitoring.lab.evaluation.recording import Piece, RecordingError, read_pieces, watch

NOON_US = 1_769_860_800_000_000
HEADER = "timestamp,value"


def piece(*lines: str) -> Piece:
    """All readings of a short file."""
    (only,) = read_pieces(lines)
    return only


def changing(count: int) -> list[float]:
    """Values of which no two follow each other."""
    return [37 + 0.1 * (place % 7) for place in range(count)]


def pieces_of(times_s: Iterable[int], values: Iterable[float]) -> list[Piece]:
    return [Piece([NOON_US + time * 1_000_000 for time in times_s], list(values))]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31 12:00:00",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00Z",
        "2026-01-31T13:00:00+01:00",
        "2026-01-31 12:00:00.000000",
    ],
)
def test_a_timestamp_is_iso_8601_and_utc_unless_it_says_otherwise(text: str) -> None:
    assert piece(HEADER, f"{text},1.5") == Piece([NOON_US], [1.5])


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("value,timestamp", "1.5,2026-01-31T12:00:00Z"),
        (" Timestamp , VALUE ", "2026-01-31T12:00:00Z, 1.5 "),
        ("tag,timestamp,value,note", 'a,2026-01-31T12:00:00Z,1.5,"one, two"'),
    ],
)
def test_columns_are_found_by_their_names(header: str, row: str) -> None:
    assert piece(header, row) == Piece([NOON_US], [1.5])


def test_a_row_without_a_value_is_no_reading() -> None:
    rows = ["2026-01-31T12:00:00Z,", "2026-01-31T12:00:01Z,NaN", "", "2026-01-31T12:00:02Z,3"]
    assert piece(HEADER, *rows) == Piece([NOON_US + 2_000_000], [3.0], empty=2)


def test_a_long_file_comes_in_pieces() -> None:
    rows = [f"2026-01-31T12:{place // 60:02}:{place % 60:02}Z,{place}" for place in range(2500)]
    pieces = list(read_pieces([HEADER, *rows]))
    assert [len(one.values) for one in pieces] == [1000, 1000, 500]
    assert [value for one in pieces for value in one.values] == list(range(2500))


@pytest.mark.parametrize(
    ("lines", "match"),
    [
        ([], "line 1: expected a header with the columns timestamp and value, got ''"),
        (["2026-01-31,1"], "line 1: expected a header .*, got '2026-01-31,1'"),
        (["time,value"], "line 1: expected a header .*, got 'time,value'"),
        ([HEADER, "2026-01-31,1", "soon,2"], "line 3: timestamp: expected ISO 8601, as in .*, got 'soon'"),
        ([HEADER, "", "2026-01-31,warm"], "line 3: value: expected a finite number, got 'warm'"),
        ([HEADER, "2026-01-31,inf"], "line 2: value: expected a finite number, got 'inf'"),
        ([HEADER, "2026-01-31"], "line 2: expected a timestamp and a value, got '2026-01-31'"),
        ([HEADER, "x" * 200_000], "line 2: expected CSV, got field larger than field limit"),
    ],
)
def test_a_line_that_is_not_as_expected_is_named(lines: list[str], match: str) -> None:
    with pytest.raises(RecordingError, match=match):
        list(read_pieces(lines))


def test_late_and_doubled_readings_are_left_out_and_counted() -> None:
    findings = watch(pieces_of([0, 1, 2, 2, 1, 3], changing(6)), TagMonitor("r"))
    assert (findings.readings, findings.late, findings.doubled) == (4, 1, 1)


def test_they_are_counted_across_pieces() -> None:
    pieces = [*pieces_of([0, 1], [1, 2]), *pieces_of([1, 0, 2], [2, 1, 3])]
    findings = watch(pieces, TagMonitor("r"))
    assert (findings.readings, findings.late, findings.doubled) == (3, 1, 1)


def test_an_event_is_told_once_as_it_was_at_last() -> None:
    values = [*changing(300), *[37.05] * 60, *changing(300)]
    events = watch(pieces_of(range(len(values)), values), TagMonitor("r")).events
    stuck = [event for event in events if event.detector == "stuck"]
    assert len(stuck) == 1
    assert stuck[0].end_us is not None
    assert events == sorted(events, key=lambda event: event.start_us)

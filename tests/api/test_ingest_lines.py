"""POST /ingest/batch with a reading per line: JSON lines and CSV."""

import gzip
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from monitoring.api.line_parsers import item_of_row, number_or_text
from monitoring.api.parsers import parse_json
from monitoring.kernel.request_limits import MAX_ITEMS
from monitoring.models import Measurement, Refusal

pytestmark = pytest.mark.django_db

NDJSON, CSV = "application/x-ndjson", "text/csv"
TIMES = [f"2026-01-31T12:00:0{second}Z" for second in range(4)]
BOM = b"\xef\xbb\xbf"


@pytest.fixture
def send(client: Client) -> Callable[..., Any]:
    """Posts a batch of some content type."""

    def post(body: str | bytes, kind: str, query: str = "", **headers: str) -> Any:
        return client.post(f"/ingest/batch{query}", body, content_type=kind, headers=headers)

    return post


def json_lines(count: int) -> list[str]:
    """Readings of consecutive seconds."""
    return [
        json.dumps({"timestamp": TIMES[number], "tag": "fermenter_temp", "value": 37.5 + number})
        for number in range(count)
    ]


def stored() -> list[tuple[str, float]]:
    """Time and value of each measurement."""
    rows = Measurement.objects.order_by("timestamp").values_list("timestamp", "value")
    return [(f"{moment:%Y-%m-%dT%H:%M:%SZ}", value) for moment, value in rows]


@pytest.mark.parametrize(
    "body",
    [
        "\n".join(json_lines(3)),
        "\r\n".join(json_lines(3)) + "\r\n",
        "\n\n  \n" + "\n\n".join(json_lines(3)) + "\n \n",
        BOM + "\n".join(json_lines(3)).encode(),
    ],
    ids=["lines", "CRLF", "blank lines", "byte order mark"],
)
def test_each_json_line_is_a_reading(send: Callable[..., Any], body: str | bytes) -> None:
    answer = send(body, NDJSON)
    assert answer.status_code == 201
    assert [result["status"] for result in answer.json()["results"]] == ["success"] * 3
    assert stored() == [(TIMES[0], 37.5), (TIMES[1], 38.5), (TIMES[2], 39.5)]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('{"timestamp": ', "reading: expected an object"),
        ('{"a": 1},{"b": 2}', "reading: expected an object"),
        ("[1]", "reading: expected an object"),
        ("\x00", "reading: expected an object"),
        (b'"\xff"', "reading: expected an object"),
        ("[" * 100_000, "reading: expected an object"),
        (f'{{"timestamp": "{TIMES[3]}", "tag": "fermenter_temp", "value": NaN}}', "value: expected a finite"),
    ],
    ids=["cut", "two", "list", "NUL", "not UTF-8", "nested", "NaN"],
)
def test_a_bad_json_line_costs_no_neighbour(send: Callable[..., Any], line: str | bytes, error: str) -> None:
    bad = line.encode() if isinstance(line, str) else line
    first, second = (text.encode() for text in json_lines(2))
    answer = send(b"\n".join([first, bad, second]), NDJSON)
    assert answer.status_code == 201
    results = answer.json()["results"]
    assert [result["status"] for result in results] == ["success", "error", "success"]
    assert results[1]["error"].startswith(error)
    assert len(stored()) == 2
    assert Refusal.objects.get().message.startswith(error)


@pytest.mark.parametrize(
    "body",
    [
        "timestamp,tag,value\n{0},fermenter_temp,37.5\n{1},fermenter_temp,38\n",
        "value,timestamp,tag\r\n37.5,{0},fermenter_temp\r\n\r\n38e0,{1},fermenter_temp",
        "Tag , note, VALUE,Timestamp\nfermenter_temp,hot,37.5, {0}\nfermenter_temp,,38 ,{1}",
        '"tag","value","timestamp"\n"fermenter_temp","37.5","{0}"\nfermenter_temp, "38",{1}',
        'tag,value,note,timestamp\nfermenter_temp,37.5,"a, ""b""",{0}\nfermenter_temp,38,,{1}',
    ],
    ids=["plain", "CRLF", "other columns", "quoted", "quoted comma"],
)
@pytest.mark.parametrize("mark", [b"", BOM], ids=["", "byte order mark"])
def test_each_csv_row_is_a_reading(send: Callable[..., Any], body: str, mark: bytes) -> None:
    answer = send(mark + body.format(*TIMES).encode(), CSV)
    assert answer.status_code == 201, answer.json()
    assert stored() == [(TIMES[0], 37.5), (TIMES[1], 38.0)]


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("{3},fermenter_temp,37,5", "value: expected a finite number, got '2026-01-31T12:00:03Z,fermenter"),
        ("{3},fermenter_temp", "value: missing"),
        ("{3},fermenter_temp,", "value: missing"),
        ("{3},,37", "tag: missing"),
        (",fermenter_temp,37", "timestamp: missing"),
        ("{3},fermenter_temp,NaN", "value: expected a finite number, got 'NaN'"),
        ("{3},fermenter_temp,Infinity", "value: expected a finite number, got 'Infinity'"),
        ("{3},fermenter_temp,1e999", "value: expected a finite number, got inf"),
        ("{3},fermenter_temp,037", "value: expected a finite number, got '037'"),
        ("{3},fermenter_temp,+37", "value: expected a finite number, got '+37'"),
        ("{3},fermenter_temp,true", "value: expected a finite number, got 'true'"),
        ('{3},"fermenter_temp,37', "reading: expected an object"),
        ("{3};fermenter_temp;37", "tag: missing"),
        ("soon,fermenter_temp,37", "timestamp: expected ISO 8601"),
    ],
)
def test_a_bad_csv_row_costs_no_neighbour(send: Callable[..., Any], row: str, error: str) -> None:
    body = f"timestamp,tag,value\n{{0}},fermenter_temp,37.5\n{row}\n{{1}},fermenter_temp,38\n"
    results = send(body.format(*TIMES), CSV).json()["results"]
    assert [result["status"] for result in results] == ["success", "error", "success"]
    assert results[1]["error"].startswith(error)
    assert len(stored()) == 2


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("", "lacks timestamp and tag and value"),
        ("timestamp;tag;value", "lacks timestamp and tag and value"),
        ("time,tag,value", "lacks timestamp"),
        ("timestamp,tag,value,Value", "has value twice"),
        ('timestamp,tag,"value', "lacks timestamp and tag and value"),
        (f"{TIMES[0]},fermenter_temp,37", "lacks timestamp and tag and value"),
    ],
)
def test_a_bad_header_is_refused_with_the_way_out(send: Callable[..., Any], header: str, fault: str) -> None:
    answer = send(f"{header}\n{TIMES[0]},fermenter_temp,37\n" if header else "\n \n", CSV)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"body: the CSV header {fault}; expected a first line")
    assert "timestamp,tag,value" in answer.json()["detail"]
    assert not stored()


@pytest.mark.parametrize(
    ("body", "kind"),
    [("tag,value\nfermenter_temp,37.5\n", CSV), ('{"tag": "fermenter_temp", "value": 37.5}', NDJSON)],
)
def test_a_logger_without_a_clock_sends_no_time(send: Callable[..., Any], body: str, kind: str) -> None:
    assert send(body, kind, "?now=1").json()["results"][0]["status"] == "success"
    assert [value for _, value in stored()] == [37.5]


@pytest.mark.parametrize(("line", "kind"), [("x", NDJSON), ("x,fermenter_temp,1", CSV)])
def test_limits_are_those_of_json(send: Callable[..., Any], line: str, kind: str) -> None:
    header = "timestamp,tag,value\n" if kind == CSV else ""
    most = header + f"{line}\n" * MAX_ITEMS
    assert send(most, kind).json()["processed"] == MAX_ITEMS
    many = send(most + line, kind)
    assert many.status_code == 413
    assert many.json()["detail"].startswith("body: expected at most 10000 readings, got more")
    packed = gzip.compress(b" " * (8 * 2**20 + 1))
    assert send(packed, kind, **{"Content-Encoding": "gzip"}).status_code == 413


def test_a_day_without_signs_is_no_number_of_seconds(send: Callable[..., Any]) -> None:
    body = "timestamp,tag,value\n20260131,fermenter_temp,37.5\n"
    (result,) = send(body, CSV).json()["results"]
    assert result["status"] == "error"
    assert not stored()


def test_a_cell_over_several_lines_is_refused(send: Callable[..., Any]) -> None:
    body = 'note,timestamp,tag,value\n"line\n9,2026-01-31T12:00:00Z,fermenter_temp,37\n"\n'
    answer = send(body, CSV)
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "body: a quoted CSV cell spans lines; send each reading on one line",
    )
    assert not stored()


def test_a_decimal_comma_under_an_unnamed_column_is_refused(send: Callable[..., Any]) -> None:
    body = "timestamp,tag,value,\n2026-01-31T12:00:00Z,fermenter_temp,37,5\n"
    assert send(body, CSV).json()["results"][0]["status"] == "error"
    assert not stored()


def test_lines_may_be_compressed(send: Callable[..., Any]) -> None:
    packed = gzip.compress("\n".join(json_lines(2)).encode())
    assert send(packed, NDJSON, **{"Content-Encoding": "gzip"}).status_code == 201
    assert len(stored()) == 2


@pytest.mark.parametrize(
    ("path", "kind"), [("/ingest", CSV), ("/ingest", NDJSON), ("/ingest/batch", "text/plain")]
)
def test_other_types_are_refused(client: Client, path: str, kind: str) -> None:
    assert client.post(path, "timestamp,tag,value\n", content_type=kind).status_code == 415


@given(st.text("0123456789+-.eE_ ", max_size=8) | st.floats().map(str) | st.integers().map(str))
@example("1" * 5000)
@example("٣")
def test_a_cell_is_a_number_exactly_where_json_has_one(cell: str) -> None:
    read = number_or_text(cell)
    try:
        expected = parse_json(cell.encode())
    except Exception:  # noqa: BLE001 - whatever is no JSON
        expected = cell
    if cell != cell.strip() or (isinstance(expected, float) and math.isnan(expected)):
        expected = cell
    assert (type(read), read) == (type(expected), expected) or read == float(cell)


def test_a_column_after_the_value_does_not_hide_a_decimal_comma() -> None:
    row = f"{TIMES[0]},fermenter_temp,37,5,hot".encode()
    item = item_of_row(row, ["timestamp", "tag", "value", "note"])
    assert item == {"timestamp": TIMES[0], "tag": "fermenter_temp", "value": row.decode()}

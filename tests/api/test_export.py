"""GET /export: measurements as a file, which is sent while it is read."""

import csv
import gzip
import json
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from pyarrow import parquet
from pytest_django import DjangoAssertNumQueries, Settings

from monitoring.api.export import ExportView
from monitoring.history import export, export_formats, export_intervals
from monitoring.history.export import read_pages
from monitoring.history.export_formats import FORMATS
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Measurement, Tag

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
HEADER = "id,timestamp,tag,value,is_anomaly"
VALUES = {"fermenter_temp": 37.0, "fermenter_ph": 7.0, "agitator_rpm": 400.0}

pytestmark = pytest.mark.django_db


def at(minute: float, tag: str = "fermenter_temp", value: float | None = None) -> dict[str, Any]:
    """A reading so many minutes after noon."""
    moment = NOON + timedelta(minutes=minute)
    return {"timestamp": moment.isoformat(), "tag": tag, "value": VALUES[tag] if value is None else value}


def file_of(answer: Any) -> bytes:
    """The whole file."""
    assert answer.status_code == 200
    return b"".join(answer)


def lines(client: Client, query: str = "", **headers: str) -> list[str]:
    """The lines of a CSV file below its header."""
    header, *found = file_of(client.get(f"/export?{query}", headers=headers)).decode().splitlines()
    assert header == HEADER
    return found


def sheet_of(content: bytes) -> list[list[str]]:
    """The texts of the cells of a workbook's sheet, read as XML: no reader of workbooks is installed."""
    with ZipFile(BytesIO(content)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    return [["".join(cell.itertext()) for cell in row] for row in sheet.iter(f"{main}row")]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two measurements a page."""
    for name, each in list(FORMATS.items()):
        monkeypatch.setitem(FORMATS, name, replace(each, rows=2))


def test_a_line_has_five_fields(client: Client) -> None:
    (first, second) = ingest_readings([at(0, value=46), at(0.5, "fermenter_ph", 7.25)])
    assert lines(client) == [
        f"{first.id},2024-01-31T12:00:00Z,fermenter_temp,46.0,true",
        f"{second.id},2024-01-31T12:00:30Z,fermenter_ph,7.25,false",
    ]


@pytest.mark.parametrize("value", [0.1 + 36, 37.123456789012345, 30.000000000000004, 50, 1 / 3 + 40])
def test_a_value_reads_back_as_itself(client: Client, value: float) -> None:
    ingest_readings([at(0, value=value)])
    (row,) = csv.DictReader([HEADER, *lines(client)])
    assert float(row["value"]) == value


@pytest.mark.parametrize(
    ("query", "minutes"),
    [
        ("tag=fermenter_ph", ["12:02", "12:03"]),
        ("tag=agitator_rpm&tag=fermenter_ph", ["12:02", "12:03"]),
        ("tag=fermenter_temp&tag=fermenter_ph", ["12:00", "12:01", "12:02", "12:02", "12:03"]),
        ("from=2024-01-31T12:01:00Z&to=2024-01-31T12:02:00Z", ["12:01", "12:02", "12:02"]),
        ("tag=fermenter_temp&from=2024-01-31T14:01:00+02:00", ["12:01", "12:02"]),
        ("from=2024-01-31&to=2024-01-31&format=", ["12:00", "12:01", "12:02", "12:02", "12:03"]),
        ("from=2025-01-01", []),
    ],
)
@pytest.mark.usefixtures("small_pages")
def test_what_is_asked_for_comes_oldest_first(client: Client, query: str, minutes: list[str]) -> None:
    ingest_readings([at(2), at(1), at(0), at(3, "fermenter_ph"), at(2, "fermenter_ph")])
    assert [line.split(",")[1][11:16] for line in lines(client, query)] == minutes


def test_a_line_of_jsonl_is_an_item_of_data(client: Client) -> None:
    ingest_readings([at(minute / 7, value=36 + minute) for minute in range(11)])
    answer = client.get("/export?format=jsonl")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    items = [json.loads(line) for line in file_of(answer).splitlines()]
    assert items == client.get("/data?order=asc").json()


def test_parquet_holds_the_same_with_types_of_its_own(client: Client) -> None:
    ingest_readings([at(minute / 7, tag) for minute in range(5) for tag in VALUES])
    answer = client.get("/export?format=parquet")
    assert answer.headers["Content-Type"] == "application/vnd.apache.parquet"
    table = parquet.read_table(BytesIO(file_of(answer)))
    assert [str(field.type) for field in table.schema] == [
        "int64",
        "timestamp[us, tz=UTC]",
        "dictionary<values=string, indices=int32, ordered=0>",
        "double",
        "bool",
    ]
    data = client.get("/data?order=asc").json()
    for item in data:
        item["timestamp"] = datetime.fromisoformat(item["timestamp"])
    assert table.to_pylist() == data


@pytest.mark.parametrize("plain", ["csv", "jsonl"])
def test_a_compressed_file_is_the_plain_one_within(client: Client, plain: str) -> None:
    ingest_readings([at(minute) for minute in range(9)])
    answer = client.get(f"/export?format={plain}.gz", headers={"accept-encoding": "gzip"})
    assert answer.headers["Content-Type"] == "application/gzip"
    assert "Content-Encoding" not in answer.headers
    assert gzip.decompress(file_of(answer)) == file_of(client.get(f"/export?format={plain}"))


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("plain", ["csv", "jsonl"])
def test_a_plain_file_is_compressed_on_its_way_for_who_takes_that(client: Client, plain: str) -> None:
    ingest_readings([at(minute) for minute in range(9)])
    answer = client.get(f"/export?format={plain}", headers={"accept-encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert gzip.decompress(file_of(answer)) == file_of(client.get(f"/export?format={plain}"))


@pytest.mark.parametrize("ending", list(FORMATS))
def test_a_file_of_nothing_is_a_file(client: Client, ending: str) -> None:
    content = file_of(client.get(f"/export?format={ending}"))
    if ending == "parquet":
        assert parquet.read_table(BytesIO(content)).num_rows == 0
    elif ending == "xlsx":
        assert sheet_of(content) == [["id", "timestamp (UTC)", "tag", "value", "is_anomaly"]]
    else:
        text = gzip.decompress(content) if ending.endswith(".gz") else content
        assert text.decode() == (f"{HEADER}\n" if ending.startswith("csv") else "")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "fermon-all-oldest-newest.csv"),
        ("tag=fermenter_ph&format=jsonl.gz", "fermon-fermenter_ph-oldest-newest.jsonl.gz"),
        ("from=2024-01-31&to=2024-01-31", "fermon-all-20240131T000000Z-20240131T235959Z.csv"),
        ("to=2024-01-31T14:00:00%2B02:00&format=parquet", "fermon-all-oldest-20240131T120000Z.parquet"),
    ],
)
def test_the_file_is_named_after_what_is_in_it(client: Client, query: str, name: str) -> None:
    answer = client.get(f"/export?{query}")
    file_of(answer)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("ending", [ending for ending in FORMATS if ending != "xlsx"])
def test_it_is_read_page_by_page_as_it_is_sent(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, ending: str
) -> None:
    ingest_readings([at(minute) for minute in range(5)])
    with django_assert_num_queries(2):  # the page, and whether the simulator has written
        answer = client.get(f"/export?format={ending}")
    pieces = iter(answer)
    with django_assert_num_queries(0):
        next(pieces)
    with django_assert_num_queries(2):
        assert list(pieces)


def test_it_takes_the_memory_of_a_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def peak() -> int:
        """The most memory that is in use at once while the file goes by, in bytes."""
        tracemalloc.start()
        for _ in client.get("/export"):
            pass
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    monkeypatch.setitem(FORMATS, "csv", replace(FORMATS["csv"], rows=50))
    ingest_readings([at(minute / 60) for minute in range(100)])
    peak()
    few = peak()
    ingest_readings([at(minute / 60) for minute in range(100, 2_000)])
    assert peak() < 1.5 * few


@pytest.mark.usefixtures("small_pages")
def test_what_arrives_meanwhile_doubles_and_hides_nothing(client: Client) -> None:
    ingest_readings([at(minute) for minute in range(6)])
    pieces = iter(client.get("/export"))
    first = next(pieces)
    ingest_readings([at(0.5), at(2.5), at(6), at(1, "fermenter_ph")])
    minutes = [line.split(",")[1][11:19] for line in (first + b"".join(pieces)).decode().splitlines()[1:]]
    assert minutes == sorted(minutes)
    assert set(minutes) >= {f"12:0{minute}:00" for minute in range(6)}
    assert minutes.count("12:00:30") == 0
    assert minutes.count("12:02:30") == 1


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("headers", [{}, {"accept-encoding": "gzip"}])
@pytest.mark.parametrize("ending", list(FORMATS))
def test_what_fails_on_the_way_does_not_end_as_if_complete(
    client: Client, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], ending: str
) -> None:
    def fail_after_one(*args: Any, **options: Any) -> Any:
        yield next(read_pages(*args, **options))
        raise OperationalError("disk I/O error")

    ingest_readings([at(minute) for minute in range(5)])
    monkeypatch.setattr(export, "read_pages", fail_after_one)
    received: list[bytes] = []
    with pytest.raises(OperationalError):
        received.extend(client.get(f"/export?format={ending}", headers=headers))
    if ending.endswith(".gz") or (headers and FORMATS[ending].plain):
        with pytest.raises(EOFError):
            gzip.decompress(b"".join(received))
    else:
        assert bool(received) == (ending != "xlsx")  # a workbook is sent when all of it is written


@pytest.mark.usefixtures("small_pages")
def test_head_tells_the_file_without_reading_it(
    rf: RequestFactory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ingest_readings([at(minute) for minute in range(5)])
    with django_assert_num_queries(2):  # the page, and whether the simulator has written
        answer = ExportView.as_view()(rf.head("/export?format=jsonl"))
        assert file_of(answer) == b""
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert "fermon-all" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("tag=nowhere", "tag"),
        ("tag=%00", "tag"),
        ("from=soon", "from"),
        ("to=2024-02-30", "to"),
        ("from=2024-02-01&to=2024-01-31", "from"),
        ("format=xls", "format"),
        ("format=json", "format"),
        ("format=CSV", "format"),
        ("interval=2m", "interval"),
        ("aggregate=mean", "aggregate"),
        ("interval=1m&aggregate=sum", "aggregate"),
        ("interval=1m&columns=reasons", "columns"),
        ("interval=1m&excluded=include", "excluded"),
        ("shape=wide&excluded=only", "excluded"),
        ("zone=Mars/Base", "zone"),
        ("zone=../etc/passwd", "zone"),
        ("decimal=comma&format=jsonl", "decimal"),
        ("bom=true&format=parquet", "bom"),
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "text/csv", "application/json"])
def test_bad_parameters_are_named_in_json(client: Client, query: str, field: str, accept: str) -> None:
    answer = client.get(f"/export?{query}", headers={"accept": accept})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["field"] == field
    assert answer.json()["detail"].startswith(f"{field}: ")


def test_without_pyarrow_there_is_no_parquet(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_formats, "find_spec", lambda name: None)
    answer = client.get("/export?format=parquet")
    assert answer.status_code == 400
    assert answer.json()["detail"] == (
        "format: parquet needs pyarrow, which is not installed here; pip install pyarrow, or use csv or jsonl"
    )
    assert lines(client) == []


@pytest.mark.parametrize("accept", ["text/csv", "application/gzip", "image/png", "text/html", "garbage"])
def test_a_file_is_a_file_whatever_is_accepted(client: Client, accept: str) -> None:
    assert lines(client, accept=accept) == []


def test_a_browser_gets_a_page_for_an_error(client: Client) -> None:
    answer = client.get("/export?format=xls", headers={"accept": "text/html"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")


def test_it_is_only_read(client: Client) -> None:
    assert client.post("/export").status_code == 405
    assert "description" in client.options("/export").json()


def test_closed_a_stranger_does_not_read(client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    assert client.get("/export").status_code == 401


def test_while_the_database_is_away_readers_are_told_to_wait(client: Client, database_away: None) -> None:
    answer = client.get("/export")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def text_of(client: Client, query: str) -> list[str]:
    """The lines of a text file."""
    return file_of(client.get(f"/export?{query}")).decode().splitlines()


def test_an_interval_has_aggregates_and_outlives_the_measurements(client: Client) -> None:
    ingest_readings([at(0.2, value=36), at(0.8, value=46), at(1, value=38), at(1.5, "fermenter_ph", 7.25)])
    expected = [
        "timestamp,tag,mean,min,max,count,anomalies",
        "2024-01-31T12:00:00Z,fermenter_temp,41.0,36.0,46.0,2,1",
        "2024-01-31T12:01:00Z,fermenter_temp,38.0,38.0,38.0,1,0",
        "2024-01-31T12:01:00Z,fermenter_ph,7.25,7.25,7.25,1,0",
    ]
    assert text_of(client, "interval=1m") == expected
    Measurement.objects.all().delete()
    assert text_of(client, "interval=1m") == expected
    assert text_of(client, "interval=1h&tag=fermenter_temp&aggregate=max&columns=unit") == [
        "timestamp,tag,max,count,anomalies,unit",
        "2024-01-31T12:00:00Z,fermenter_temp,46.0,3,1,°C",
    ]


def test_intervals_of_any_range_are_read_window_by_window(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = [0, 1, 2, 7, 40_000, 40_001, 90_000]
    ingest_readings([at(minute, value=36 + minute / 20_000) for minute in minutes])
    whole = text_of(client, "interval=1m&tag=fermenter_temp")
    assert len(whole) == 1 + len(minutes)
    monkeypatch.setattr(export_intervals, "SOURCE_ROWS", 3)
    assert text_of(client, "interval=1m&tag=fermenter_temp") == whole
    within = "from=2024-01-31T12:01:30Z&to=2024-01-31T12:07:00Z"
    assert text_of(client, f"interval=1m&tag=fermenter_temp&{within}") == [whole[0], *whole[2:5]]
    assert text_of(client, "interval=1m&tag=fermenter_ph") == whole[:1]
    assert text_of(client, "interval=1m&tag=fermenter_temp&from=2030-01-01") == whole[:1]


@pytest.mark.usefixtures("small_pages")
def test_wide_has_a_column_a_tag_and_a_row_a_time(client: Client) -> None:
    ingest_readings(
        [at(0), at(1, value=46), at(1, "fermenter_ph"), at(2, "fermenter_ph"), at(2, "agitator_rpm"), at(2)]
    )
    assert text_of(client, "shape=wide&tag=fermenter_ph&tag=fermenter_temp&columns=unit&columns=reasons") == [
        "timestamp,fermenter_ph (pH),fermenter_ph reasons,fermenter_temp (°C),fermenter_temp reasons",
        "2024-01-31T12:00:00Z,,,37.0,",
        "2024-01-31T12:01:00Z,7.0,,46.0,above_limit",
        "2024-01-31T12:02:00Z,7.0,,37.0,",
    ]
    assert text_of(client, "shape=wide&interval=1h&aggregate=min&aggregate=max&tag=fermenter_temp") == [
        "timestamp,fermenter_temp min,fermenter_temp max",
        "2024-01-31T12:00:00Z,37.0,46.0",
    ]
    assert text_of(client, "shape=wide")[0] == "timestamp,fermenter_temp,fermenter_ph,agitator_rpm"


def test_times_of_the_repeated_hour_have_their_offset(client: Client) -> None:
    ingest_readings([{**at(0), "timestamp": f"2023-10-29T0{hour}:30:00Z"} for hour in (0, 1)])
    times = [line.split(",")[1] for line in text_of(client, "zone=Europe/Berlin")[1:]]
    assert times == ["2023-10-29T02:30:00+02:00", "2023-10-29T02:30:00+01:00"]


def test_a_spreadsheet_with_decimal_comma_reads_csv(client: Client) -> None:
    ingest_readings([at(0, value=46.5)])
    content = file_of(client.get("/export?decimal=comma&bom=true&columns=unit&columns=reasons"))
    assert content.startswith(b"\xef\xbb\xbfid;timestamp;tag;value;is_anomaly;unit;reasons\n")
    assert content.decode().splitlines()[1].split(";")[1:] == [
        "2024-01-31T12:00:00Z",
        "fermenter_temp",
        "46,5",
        "true",
        "°C",
        "above_limit",
    ]


def test_auto_is_raw_for_few_measurements_and_about_a_chart_for_many(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest_readings([at(minute) for minute in range(60)])
    assert len(text_of(client, "interval=auto&tag=fermenter_temp")) == 61
    monkeypatch.setattr(export_intervals, "AUTO_ROWS", 12)
    answer = client.get("/export?interval=auto&tag=fermenter_temp")
    assert "oldest-newest-5m.csv" in answer.headers["Content-Disposition"]
    assert len(file_of(answer).splitlines()) == 13
    assert len(text_of(client, "interval=auto&tag=fermenter_ph")) == 1


def test_a_workbook_has_dates_numbers_and_no_formulas(client: Client) -> None:
    tag = Tag.objects.get(name="fermenter_temp")
    Tag.objects.filter(pk=tag.pk).update(unit="=1+1")
    ingest_readings([at(0, value=46.5)])
    answer = client.get("/export?format=xlsx&zone=Europe/Berlin&columns=unit&columns=reasons")
    assert answer.headers["Content-Type"].endswith("spreadsheetml.sheet")
    content = file_of(answer)
    head, row = sheet_of(content)
    assert head[1] == "timestamp (Europe/Berlin)"
    noon = NOON.replace(hour=13) - datetime(1899, 12, 30, tzinfo=UTC)  # in Berlin, as days of Excel
    assert float(row[1]) == pytest.approx(noon / timedelta(days=1), abs=1e-9)
    assert row[2:] == ["fermenter_temp", "46.5", "1", "=1+1", "above_limit"]
    with ZipFile(BytesIO(content)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize(
    ("query", "rows"),
    [("", 5), ("shape=wide", 4), ("interval=1m", 5), ("interval=1m&shape=wide", 4), ("interval=1h", 2)],
)
def test_more_rows_than_a_sheet_holds_are_refused_in_words(
    client: Client, monkeypatch: pytest.MonkeyPatch, query: str, rows: int
) -> None:
    ingest_readings([at(minute) for minute in range(4)] + [at(2, "fermenter_ph")])
    monkeypatch.setitem(FORMATS, "xlsx", replace(FORMATS["xlsx"], most_rows=rows))
    assert len(sheet_of(file_of(client.get(f"/export?format=xlsx&{query}")))) == 1 + rows
    monkeypatch.setitem(FORMATS, "xlsx", replace(FORMATS["xlsx"], most_rows=rows - 1))
    answer = client.get(f"/export?format=xlsx&{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"] == (
        f"format: a sheet has at most {rows - 1} rows below its header, this selection has {rows} or more; "
        "take csv or parquet, an interval, a shorter time or fewer tags"
    )


def test_wide_is_for_so_many_tags_only(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST_WIDE", 2)
    assert client.get("/export?shape=wide").json()["detail"] == (
        "shape: wide has a column for at most 2 tags, not for 3; name some tags"
    )
    assert len(text_of(client, "shape=wide&tag=fermenter_ph&tag=fermenter_temp")) == 1


def test_parquet_has_aggregates_in_the_zone(client: Client) -> None:
    ingest_readings([at(0), at(1, "fermenter_ph")])
    content = file_of(client.get("/export?format=parquet&interval=1m&shape=wide&zone=Asia/Kolkata"))
    table = parquet.read_table(BytesIO(content))
    assert str(table.schema.field("timestamp").type) == "timestamp[us, tz=Asia/Kolkata]"
    assert table.column("fermenter_temp mean").to_pylist() == [37.0, None]
    assert table.column("fermenter_ph max").to_pylist() == [None, 7.0]

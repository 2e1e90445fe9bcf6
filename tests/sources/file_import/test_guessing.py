"""What is understood of files as instruments write them."""

import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from monitoring.kernel.tag_definition import TagDefinition
from monitoring.sources.file_import.analysis import Analysis, analyse
from monitoring.sources.file_import.columns import FileSeries, new_tag_name, suggest_tag, suggested_range
from monitoring.sources.file_import.errors import ImportInputError

DEFAULTS: dict[str, Any] = {"encoding": "utf-8", "decimal": ".", "skip_rows": 0, "header_rows": 1}
DEFAULTS |= {"layout": "wide", "time_column": 0, "clock_column": None, "time_form": "iso"}
GERMAN = "Zeit;Temperatur [°C];pH\n31.01.2026 12:00:00;36,5;7,123\n31.01.2026 12:00:01;36,6;7,1\n"
LOGGER = """# Logger 5
Serial;123

Datum;Uhrzeit;T;pH
;;°C;-
31.01.26;12:00:00;36,5;7,1
31.01.26;12:00:01;36,6;7,1
"""
NOON = "2026-01-31T12:00:00Z"


def read(folder: Path, data: bytes, **chosen: Any) -> Analysis:
    path = folder / "file"
    path.write_bytes(data)
    return analyse(path, folder / "sheet.tsv", chosen)


@pytest.mark.parametrize(
    ("data", "expected", "series"),
    [
        (
            b"timestamp,temp,ph\n2026-01-31T12:00:00Z,36.5,7.1\n2026-01-31T12:00:01Z,36.6,7\n",
            {"separator": ","},
            ["temp", "ph"],
        ),
        (
            GERMAN.encode("cp1252"),
            {"separator": ";", "decimal": ",", "encoding": "cp1252", "time_form": "dmy"},
            ["Temperatur °C", "pH"],
        ),
        (
            LOGGER.encode("utf-16"),
            {"separator": ";", "decimal": ",", "encoding": "utf-16", "time_form": "dmy", "skip_rows": 3}
            | {"header_rows": 2, "clock_column": 1},
            ["T °C", "pH"],
        ),
        (
            "Datum\tTemp\n31.01.26 12:00\t36,5\n31.01.26 12:01\t36,6\n".encode("utf-16-be"),
            {"separator": "\t", "decimal": ",", "encoding": "utf-16-be", "time_form": "dmy"},
            ["Temp"],
        ),
        (
            b"\xef\xbb\xbfDate,Time,Temp (C)\n1/31/2026,12:00:00 PM,36.5\n1/31/2026,12:01:00 PM,36.6\n",
            {"separator": ",", "encoding": "utf-8-sig", "time_form": "mdy", "clock_column": 1},
            ["Temp C"],
        ),
        (
            b"time,signal,value\n2026-01-31 12:00:00,a,1\n2026-01-31 12:00:00,b,2\n2026-01-31 12:00:01,a,1\n"
            b"2026-01-31 12:00:01,b,2\n",
            {"separator": ",", "layout": "long", "tag_column": 1, "value_column": 2},
            ["a", "b"],
        ),
        (
            b"1769860800;36.5\n1769860801;36.6\n",
            {"separator": ";", "header_rows": 0, "time_form": "epoch_s"},
            ["column 2"],
        ),
        (
            b'"t [ms]"|"x, y"\n1769860800000|"1,234"\n1769860801000|"1,235.5"\n',
            {"separator": "|", "time_form": "epoch_ms"},
            ["x, y"],
        ),
        (
            b"Sample,Date,OD\n1,46053.5,0.1\n2,46053.6,0.2\n",
            {"separator": ",", "time_form": "serial", "time_column": 1},
            ["Sample", "OD"],
        ),
    ],
)
def test_files_of_instruments_are_understood(
    tmp_path: Path, data: bytes, expected: dict[str, Any], series: list[str]
) -> None:
    found = read(tmp_path, data)
    expected = DEFAULTS | expected
    assert {name: getattr(found.form, name) for name in expected} == expected
    assert [f"{each.name} {each.unit}".strip() for each in found.series] == series
    assert found.preview[0]["time"] == NOON
    assert found.unsure == []


def test_a_comma_with_three_digits_is_decimal_where_cells_have_another_separator(tmp_path: Path) -> None:
    assert read(tmp_path, b"t;x\n2026-01-31;7,123\n2026-02-01;7,124\n").form.decimal == ","
    assert read(tmp_path, b't,x\n2026-01-31,"7,123"\n2026-02-01,"7,124"\n').form.decimal == "."


def test_days_and_months_that_may_be_swapped_are_unsure_until_chosen(tmp_path: Path) -> None:
    data = b"t,x\n1/2/2026 12:00,1\n1/2/2026 12:01,1\n2/2/2026 12:01,1\n"
    found = read(tmp_path, data)
    assert (found.form.time_form, found.unsure) == ("dmy", ["time_form"])  # a day apart, not a month
    chosen = read(tmp_path, data, time_form="mdy")
    assert (chosen.preview[0]["time"], chosen.unsure) == ("2026-01-02T12:00:00Z", [])


def test_other_columns_are_found_with_another_separator_or_header(tmp_path: Path) -> None:
    data = b"a|b;c\n2026-01-31|1;2026-01-31\n2026-02-01|2;2026-02-01\n"
    assert [each.name for each in read(tmp_path, data, separator="|").series] == ["b;c"]
    assert [each.name for each in read(tmp_path, data, separator=";").series] == ["a|b"]
    bare = read(tmp_path, data, separator="|", header_rows=0, skip_rows=1)
    assert ([each.name for each in bare.series], bare.rows) == (["column 2"], 2)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"zone": "Nowhere"}, "expected a name of the time zone database"),
        ({"time_column": 7}, "expected a column up to 2, got 8"),
        ({"separator": "x"}, "expected one of"),
        ({"header_rows": True}, "expected one of"),
        ({"skip_rows": -1}, "expected a whole number"),
        ({"sheet": "a\0b"}, "expected the name of a sheet"),
        ({"nope": 1}, "unknown setting"),
    ],
)
def test_impossible_settings_are_refused(tmp_path: Path, chosen: dict[str, Any], said: str) -> None:
    with pytest.raises(ImportInputError, match=said):
        read(tmp_path, b"t,x\n2026-01-31,1\n2026-02-01,2\n", **chosen)


def workbook(folder: Path) -> bytes:
    path = folder / "run.xlsx"
    with xlsxwriter.Workbook(path) as book:
        stamp = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet = book.add_worksheet("Run 1")
        sheet.write_row(0, 0, ["Time", "Temp", "pH"])
        sheet.write_row(1, 0, ["", "°C", ""])
        for place in range(3):
            sheet.write_datetime(2 + place, 0, datetime(2026, 1, 31) + timedelta(hours=12 * place), stamp)  # noqa: DTZ001
            sheet.write(2 + place, 1, 36.123 + place)
            sheet.write(2 + place, 2, "7,1")
        book.add_worksheet("Empty")
    return path.read_bytes()


def test_a_workbook_is_read_with_its_times_and_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, workbook(tmp_path))
    assert (found.sheets, found.form.sheet, found.form.header_rows) == (["Run 1", "Empty"], "Run 1", 2)
    assert [row["time"] for row in found.preview] == [
        "2026-01-31T00:00:00Z",  # arrives as a date
        "2026-01-31T12:00:00Z",
        "2026-02-01T00:00:00Z",
    ]
    series = [(each.name, each.unit, each.lowest) for each in found.series]
    assert series == [("Temp", "°C", 36.123), ("pH", "", 7.1)]


def test_sheets_that_are_empty_or_not_there(tmp_path: Path) -> None:
    data = workbook(tmp_path)
    with pytest.raises(ImportInputError, match="no row of data"):
        read(tmp_path, data, sheet="Empty")
    with pytest.raises(ImportInputError, match="expected one of Run 1, Empty"):
        read(tmp_path, data, sheet="Run 2")


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, 1)
    with pytest.raises(ImportInputError, match="unpacks to"):
        read(tmp_path, packed_again(path))


def packed_again(path: Path) -> bytes:
    """The same package with a part of many zeros."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/zeros.bin", bytes(50_000_000))
    return path.read_bytes()


def test_a_workbook_with_one_cell_far_away_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "a")
        sheet.write(1_048_575, 16_383, 1)
    with pytest.raises(ImportInputError, match="too much time or memory"):
        read(tmp_path, path.read_bytes())


def tag(name: str, unit: str = "", display: str = "", group: str = "") -> TagDefinition:
    return TagDefinition(name, unit, 0, 1, display_name=display, group=group)


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("fermenter temp", "°C", "fermenter_temp"),
        ("Temperature", "°C", "fermenter_temp"),
        ("Temperature", "bar", ""),
        ("pH", "", "fermenter_ph"),
        ("Dissolved oxygen", "", "r1_do"),
        ("R1 Speed", "", "r1_n"),
        ("Remarks", "", ""),
        ("T", "", ""),
    ],
)
def test_a_tag_is_suggested_by_name_display_name_group_and_unit(name: str, unit: str, expected: str) -> None:
    tags = [tag("fermenter_temp", "°C"), tag("fermenter_ph", "pH"), tag("r1_do", "%", "Dissolved oxygen")]
    tags.append(tag("r1_n", "rpm", "Speed", "R1"))
    assert suggest_tag(FileSeries("1", name, unit), tags) == expected


def test_no_tag_is_suggested_where_several_are_alike() -> None:
    assert suggest_tag(FileSeries("1", "pH"), [tag("a_ph"), tag("b_ph")]) == ""


@pytest.mark.parametrize(
    ("lowest", "highest"), [(36.1, 37.2), (0.0, 0.0), (-5.0, 12.0), (None, None), (1e5, 2e5)]
)
def test_a_suggested_range_has_room(lowest: float | None, highest: float | None) -> None:
    low, high = suggested_range(FileSeries("1", "x", "", lowest, highest))
    assert low <= (lowest or 0) <= (highest or 0) < high
    assert new_tag_name("Reactor 1 / DO [%]") == "reactor_1_do"
    assert new_tag_name("9 lives") == "tag_9_lives"

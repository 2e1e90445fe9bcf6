"""Tables as an Excel workbook of one sheet."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook

from monitoring.history.export_table import Column, Kind, Table
from monitoring.kernel.clock import DAY_US, MICROSECOND, from_micros

MOST_ROWS = 2**20 - 1  # of a sheet, below the header
PIECE_BYTES = 64 * 1024
EPOCH_DAYS = 25_569  # from 1899-12-30, the day 0 of Excel, to 1970-01-01
FIRST_DAYS = 61  # Excel counts 1900-02-29, a day that never was; earlier times are written as text
TIME_FORMAT = "yyyy-mm-dd hh:mm:ss.000"
WIDEST, NARROWEST = 60, 10


def write_xlsx(table: Table, zone: ZoneInfo | None) -> Iterator[bytes]:
    """Write the workbook to a temporary file row by row, then yield the file; memory stays constant.

    Times are dates of Excel, which have no zone: the heading names ``zone`` (None: UTC).
    """
    with TemporaryDirectory() as folder, TemporaryFile() as file:
        options = {"constant_memory": True, "tmpdir": folder}
        with Workbook(file, options) as book:
            sheet, bold = book.add_worksheet("Data"), book.add_format({"bold": True})
            write = {**plain_writers(sheet), Kind.TIME: time_writer(sheet, book, zone)}
            headings = [heading_of(column, zone) for column in table.columns]
            for place, (column, heading) in enumerate(zip(table.columns, headings, strict=True)):
                width = 24 if column.kind is Kind.TIME else min(WIDEST, max(NARROWEST, len(heading) + 2))
                sheet.set_column(place, place, width)
                sheet.write_string(0, place, heading, bold)
            sheet.freeze_panes(1, 0)
            writers = [write[column.kind] for column in table.columns]
            line = 0
            for rows in table.batches:
                for line, row in enumerate(rows, start=line + 1):  # noqa: B020 - goes on from the last batch
                    for place, cell in enumerate(row):
                        if cell is not None:
                            writers[place](line, place, cell)
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece


def heading_of(column: Column, zone: ZoneInfo | None) -> str:
    """Return the heading; that of times names the zone."""
    return f"{column.name} ({zone.key if zone else 'UTC'})" if column.kind is Kind.TIME else column.name


def plain_writers(sheet: Any) -> dict[Kind, Callable[[int, int, Any], Any]]:
    """Return the method for each kind of cell. A text is never a formula."""
    return {
        Kind.TEXT: sheet.write_string,
        Kind.NUMBER: sheet.write_number,
        Kind.WHOLE: sheet.write_number,
        Kind.FLAG: sheet.write_boolean,
    }


def time_writer(sheet: Any, book: Workbook, zone: ZoneInfo | None) -> Callable[[int, int, int], Any]:
    """Return the method for times: dates in the zone, or text before Excel's first date."""
    shown = book.add_format({"num_format": TIME_FORMAT})

    def write(line: int, place: int, micros: int) -> None:
        offset = zone.utcoffset(from_micros(micros).astimezone(zone)) if zone else None
        days = EPOCH_DAYS + (micros + (offset or timedelta()) // MICROSECOND) / DAY_US
        if days < FIRST_DAYS:
            sheet.write_string(line, place, from_micros(micros).astimezone(zone).isoformat())
        else:
            sheet.write_number(line, place, days, shown)

    return write

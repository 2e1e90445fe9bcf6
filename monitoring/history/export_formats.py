"""Export formats: convert tables of measurements to pieces of a file, with one batch in memory."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO, StringIO
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson
from django.utils.text import compress_sequence

from monitoring.history.export_table import Kind, Table
from monitoring.history.export_xlsx import MOST_ROWS, write_xlsx
from monitoring.history.spreadsheet import inert
from monitoring.kernel.clock import from_micros, iso_texts

ROWS = 5_000
GROUP_ROWS = 50_000  # few groups: the Parquet footer describes each group and stays in memory until the end
BYTE_ORDER_MARK = "\ufeff".encode()  # Excel reads a CSV file without one in the code page of the computer

TRUE_OR_FALSE = {True: "true", False: "false"}


@dataclass(frozen=True, slots=True)
class Style:
    """Time zone of the times (None: UTC), and for CSV decimal comma and byte order mark."""

    zone: ZoneInfo | None = None
    decimal_comma: bool = False
    byte_order_mark: bool = False


Write = Callable[[Table, Style], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Format:
    """A file format; responses in ``plain`` formats can be compressed for the transfer.

    ``needs`` is a package that must be installed, ``rows`` the number of rows of a page, ``most_rows`` the
    number of rows that a file can have (None: any).
    """

    media_type: str
    write: Write
    rows: int = ROWS
    plain: bool = False
    needs: str = ""
    most_rows: int | None = None

    @property
    def is_missing(self) -> bool:
        """Return whether the needed package is missing."""
        return bool(self.needs) and find_spec(self.needs) is None


def write_csv(table: Table, style: Style) -> Iterator[bytes]:
    """Write a header and a line per row; each value reads back exactly.

    With a decimal comma, semicolons separate the cells.
    """
    lines = StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n", delimiter=";" if style.decimal_comma else ",")
    writer.writerow(inert(name) for name in table.names)
    if style.byte_order_mark:
        yield BYTE_ORDER_MARK
    for rows in table.batches:
        columns = zip(*rows, strict=True) if rows else ()
        cells = [
            csv_cells(cells, column.kind, style)
            for column, cells in zip(table.columns, columns, strict=False)
        ]
        writer.writerows(zip(*cells, strict=True))
        yield lines.getvalue().encode()
        lines.seek(0)
        lines.truncate()


def csv_cells(cells: Sequence[Any], kind: Kind, style: Style) -> Sequence[Any]:
    """Return the cells of a column as text or as numbers."""
    if kind is Kind.TIME:
        return time_texts(cells, style.zone)
    if kind is Kind.TEXT:
        return [inert(cell) if cell else cell for cell in cells]
    if kind is Kind.FLAG:
        return [TRUE_OR_FALSE[cell] for cell in cells]
    if kind is Kind.NUMBER and style.decimal_comma:
        return ["" if cell is None else repr(cell).replace(".", ",") for cell in cells]
    return cells


def time_texts(time_us: Sequence[int], zone: ZoneInfo | None) -> list[str]:
    """Return times in ISO 8601: in UTC with Z, or in a zone with the offset of each time."""
    if zone is None:
        return iso_texts(np.array(time_us, dtype=np.int64))
    return [from_micros(micros).astimezone(zone).isoformat() for micros in time_us]


def write_jsonl(table: Table, style: Style) -> Iterator[bytes]:
    """Write an object per row; a row per measurement is an item of ``/data``."""
    names = table.names
    place = next(i for i, column in enumerate(table.columns) if column.kind is Kind.TIME)
    for rows in table.batches:
        texts = time_texts([row[place] for row in rows], style.zone)
        items = (
            dict(zip(names, (*row[:place], text, *row[place + 1 :]), strict=True))
            for row, text in zip(rows, texts, strict=True)
        )
        yield b"".join(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in items)


def write_parquet(table: Table, style: Style) -> Iterator[bytes]:
    """Write a row group per batch; the footer locates the groups, so a truncated file is invalid."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    types = {
        Kind.TIME: pa.timestamp("us", tz=style.zone.key if style.zone else "UTC"),
        Kind.TEXT: pa.dictionary(pa.int32(), pa.string()),
        Kind.NUMBER: pa.float64(),
        Kind.WHOLE: pa.int64(),
        Kind.FLAG: pa.bool_(),
    }
    schema = pa.schema([(column.name, types[column.kind]) for column in table.columns])
    sink = BytesIO()
    with ParquetWriter(sink, schema) as writer:
        for rows in table.batches:
            columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
            arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            yield taken(sink)
    yield taken(sink)


def taken(sink: BytesIO) -> bytes:
    """Return the bytes written since the last call."""
    piece = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return piece


def compressed(write: Write) -> Write:
    """Return a writer of the same content as a gzip file."""
    return lambda table, style: compress_sequence(write(table, style))


FORMATS = {
    "csv": Format("text/csv", write_csv, plain=True),
    "jsonl": Format("application/x-ndjson", write_jsonl, plain=True),
    "csv.gz": Format("application/gzip", compressed(write_csv)),
    "jsonl.gz": Format("application/gzip", compressed(write_jsonl)),
    "parquet": Format("application/vnd.apache.parquet", write_parquet, rows=GROUP_ROWS, needs="pyarrow"),
    "xlsx": Format(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        lambda table, style: write_xlsx(table, style.zone),
        most_rows=MOST_ROWS,
    ),
}

"""Export formats: convert pages of measurements to pieces of a file, with one page in memory."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO, StringIO
from itertools import chain
from typing import Any

import orjson
from django.utils.text import compress_sequence

from monitoring.history.measurements import MeasurementPage, timestamps
from monitoring.history.spreadsheet import inert

ROWS = 5_000
GROUP_ROWS = 50_000  # few groups: the Parquet footer describes each group and stays in memory until the end

TRUE_OR_FALSE = {True: "true", False: "false"}

Write = Callable[[Iterable[MeasurementPage]], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Format:
    """A file format; responses in ``plain`` formats can be compressed for the transfer.

    ``needs`` is a package that must be installed, ``rows`` the number of rows of a page.
    """

    media_type: str
    write: Write
    rows: int = ROWS
    plain: bool = False
    needs: str = ""

    @property
    def is_missing(self) -> bool:
        """Return whether the needed package is missing."""
        return bool(self.needs) and find_spec(self.needs) is None


def write_csv(pages: Iterable[MeasurementPage]) -> Iterator[bytes]:
    """Write a header and a line per measurement; each value reads back exactly."""
    lines = StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    is_first = True
    for page in pages:
        if is_first:
            writer.writerow(page.fields)
            is_first = False
        writer.writerows(
            (row, text, inert(tag), value, *map(TRUE_OR_FALSE.get, flags))
            for (row, _, tag, value, *flags), text in zip(rows_of(page), timestamps(page.rows), strict=True)
        )
        yield lines.getvalue().encode()
        lines.seek(0)
        lines.truncate()


def rows_of(page: MeasurementPage) -> Iterable[tuple[Any, ...]]:
    """Return the rows of the page, each with its exclusion if requested."""
    if page.excluded is None:
        return page.rows
    return [(*row, row[0] in page.excluded) for row in page.rows]


def write_jsonl(pages: Iterable[MeasurementPage]) -> Iterator[bytes]:
    """Write a line per measurement, each an item of ``/data``."""
    for page in pages:
        yield b"".join(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in page.as_json())


def write_parquet(pages: Iterable[MeasurementPage]) -> Iterator[bytes]:
    """Write a row group per page; the footer locates the groups, so a truncated file is invalid."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    tags = pa.dictionary(pa.int32(), pa.string())
    rest = iter(pages)
    first = next(rest)
    flags = [pa.bool_()] * (1 if first.excluded is None else 2)
    types = (pa.int64(), pa.timestamp("us", tz="UTC"), tags, pa.float64(), *flags)
    schema = pa.schema(list(zip(first.fields, types, strict=True)))
    sink = BytesIO()
    with ParquetWriter(sink, schema) as writer:
        for page in chain([first], rest):
            columns = zip(*rows_of(page), strict=True) if page.rows else ((),) * len(types)
            arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
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
    return lambda pages: compress_sequence(write(pages))


FORMATS = {
    "csv": Format("text/csv", write_csv, plain=True),
    "jsonl": Format("application/x-ndjson", write_jsonl, plain=True),
    "csv.gz": Format("application/gzip", compressed(write_csv)),
    "jsonl.gz": Format("application/gzip", compressed(write_jsonl)),
    "parquet": Format("application/vnd.apache.parquet", write_parquet, rows=GROUP_ROWS, needs="pyarrow"),
}

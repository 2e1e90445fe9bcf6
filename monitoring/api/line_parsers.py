"""Parse batches with a reading per line: JSON lines (``application/x-ndjson``) and CSV (``text/csv``).

Each line that is not blank becomes an item, as in a JSON list of readings. A line that cannot be parsed
becomes an item that validation rejects, so that it affects no other line.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from monitoring.access.body_limits import PayloadTooLarge
from monitoring.api.parsers import parse_json, read_body, whole_number
from monitoring.kernel.quoting import shown
from monitoring.kernel.request_limits import MAX_ITEMS

BOM = b"\xef\xbb\xbf"
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")  # as in JSON
DATE = re.compile("[0-9]{8}")  # 20260131 is a day, and as epoch seconds it would lie in 1970
FIELDS = ("timestamp", "tag", "value")
EXAMPLE = "timestamp,tag,value"


class NdjsonParser(BaseParser):
    """Parse a JSON object per line into a list of items."""

    media_type = "application/x-ndjson"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the items; a line that is not JSON becomes an item of its text.

        Raises:
            APIException: as ``read_body`` and ``lines_of``.
        """
        return [item_of_json(line) for line in lines_of(read_body(stream, parser_context))]


class CsvParser(BaseParser):
    """Parse CSV with a header row into a list of items."""

    media_type = "text/csv"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return an item for each row after the header.

        With ``?now=1`` the column ``timestamp`` may be missing.

        Raises:
            APIException: as ``read_body`` and ``lines_of``.
            ParseError: the header lacks a column, or has one twice.
        """
        lines = lines_of(read_body(stream, parser_context), headers=1)
        is_timed = "now" in (parser_context or {})["request"].query_params
        header = next(lines, b"")
        columns = columns_of(header, FIELDS[1:] if is_timed else FIELDS)
        rows = list(lines)
        refuse_cells_over_lines(rows)
        return [item_of_row(row, columns) for row in rows]


def refuse_cells_over_lines(rows: Sequence[bytes]) -> None:
    """Refuse a body in which a quoted cell spans lines: parts of it could pass for readings.

    One line with a quote that is not closed costs that line alone.

    Raises:
        ParseError: two lines or more have an odd number of quotes.
    """
    if sum(row.count(b'"') % 2 for row in rows if b'"' in row) > 1:
        raise ParseError("body: a quoted CSV cell spans lines; send each reading on one line")


def lines_of(body: bytes, *, headers: int = 0) -> Iterator[bytes]:
    """Return the lines that are not blank, without a byte order mark and white space around them.

    Raises:
        PayloadTooLarge: the body has more than ``MAX_ITEMS`` lines and ``headers`` lines.
    """
    found = (match[0].strip() for match in re.finditer(rb"[^\n]+", body.removeprefix(BOM)))
    lines = list(islice(filter(None, found), MAX_ITEMS + headers + 1))
    if len(lines) > MAX_ITEMS + headers:
        raise PayloadTooLarge(f"body: expected at most {MAX_ITEMS} readings, got more; send smaller batches")
    return iter(lines)


def item_of_json(line: bytes) -> Any:
    """Return the JSON value in a line, or the text of the line if it is not JSON."""
    try:
        return parse_json(line)
    except ParseError:
        return text_of(line)


def text_of(line: bytes) -> str:
    """Return the text of a line, with a replacement character for each byte that is not UTF-8."""
    return line.decode("utf-8", "replace")


def columns_of(header: bytes, required: Sequence[str]) -> list[str]:
    """Return the names of the columns in lower case.

    Raises:
        ParseError: a required column is missing, or one of ``FIELDS`` occurs twice.
    """
    names = [name.strip().lower() for name in cells_of(text_of(header)) or []]
    lacking = [name for name in required if name not in names]
    twice = [name for name in FIELDS if names.count(name) > 1]
    if lacking or twice:
        fault = f"lacks {' and '.join(lacking)}" if lacking else f"has {' and '.join(twice)} twice"
        raise ParseError(
            f"body: the CSV header {fault}; expected a first line with comma-separated column names,"
            f" as in {EXAMPLE} (any order, other columns are ignored), got {shown(text_of(header))}"
        )
    return names


def cells_of(line: str) -> list[str] | None:
    """Return the cells of a CSV line; None if a quote is not closed."""
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line], strict=True, skipinitialspace=True))
    except csv.Error:
        return None


def item_of_row(line: bytes, columns: Sequence[str]) -> Any:
    """Return the row as a reading.

    A row with too many cells, as of ``37,5`` for 37.5, gets the whole row as its value, which is rejected.
    A row with broken quotes becomes an item of its text.
    """
    text = text_of(line)
    cells = cells_of(text)
    if cells is None:
        return text
    item: dict[str, Any] = {}
    for name, cell in zip(columns, map(str.strip, cells), strict=False):
        if name in FIELDS and cell:
            is_text = name == "tag" or (name == "timestamp" and DATE.fullmatch(cell))
            item[name] = cell if is_text else number_or_text(cell)
    is_unnamed = any(cell.strip() for name, cell in zip(columns, cells, strict=False) if not name)
    if is_unnamed or len(cells) > len(columns):
        item["value"] = text
    return item


def number_or_text(cell: str) -> int | float | str:
    """Return the number if the cell has one as JSON writes it, else the text."""
    number = NUMBER.fullmatch(cell)
    if number is None:
        return cell
    return float(cell) if number[1] or number[2] else whole_number(cell)

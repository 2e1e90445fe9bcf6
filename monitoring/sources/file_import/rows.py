"""The rows of a text file, read as a stream."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from monitoring.sources.file_import.errors import ImportInputError
from monitoring.sources.file_import.file_format import FileFormat

Row = list[str]
Rows = Iterator[Row]


@contextmanager
def open_rows(path: Path, form: FileFormat, *, skip: int = 0) -> Iterator[Rows]:
    """Open a file and yield an iterator over its rows after the first ``skip``; bytes that fit no character
    are replaced.

    Raises:
        ImportInputError: the file is gone, or a cell does not end.
    """
    try:
        with path.open(encoding=form.encoding, errors="replace", newline="") as file:
            lines = (line.replace("\0", "") for line in file)  # which no database takes
            rows = csv.reader(lines, delimiter=form.separator)
            next(islice(rows, skip, skip), None)
            yield rows
    except FileNotFoundError as error:
        raise ImportInputError("the file is no longer there; upload it again") from error
    except csv.Error as error:
        raise ImportInputError(
            f"a row cannot be read ({error}); expected one line a row, and quotes that are closed"
        ) from error


def column(rows: Sequence[Row], index: int) -> list[str]:
    """Return a column; rows that are too short have an empty cell."""
    try:
        return [row[index] for row in rows]
    except IndexError:
        return [row[index] if index < len(row) else "" for row in rows]

"""A pass over the rows of a file, in chunks with about as many readings as a transaction should have."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from monitoring.kernel.chunks import chunks
from monitoring.sources.file_import.file_format import LONG, FileFormat
from monitoring.sources.file_import.readings import ParsedRows, RowReader
from monitoring.sources.file_import.repeated_hours import RepeatedHours
from monitoring.sources.file_import.rows import open_rows
from monitoring.sources.file_import.targets import Targets

READINGS_A_BATCH = 5000  # a live reading waits for one such transaction at most
ROWS_A_LOOK = 5000
# Of these zones clocks are never set back.
EVEN_ZONES = ("UTC", "Etc/UTC", "GMT")
OnRows = Callable[[int], None]


def reader_for(text: Path, form: FileFormat, targets: Targets, on_rows: OnRows) -> RowReader:
    """Return a reader that knows the repeated hours of the whole file, if there may be any."""
    reader = RowReader(form, targets, RepeatedHours())
    if form.time_form.startswith("epoch") or form.zone in EVEN_ZONES or form.zone[0] in "+-":
        return reader
    with open_rows(text, form, skip=form.rows_before) as rows:
        first = form.rows_before + 1
        for chunk in chunks(rows, ROWS_A_LOOK):
            reader.learn_repeated(chunk, first)
            first += len(chunk)
            on_rows(first - form.rows_before - 1)
    return reader


@contextmanager
def parsed_batches(
    text: Path, reader: RowReader, *, position: int = 0
) -> Iterator[Iterator[tuple[int, ParsedRows]]]:
    """Open a file and yield its batches after ``position`` rows, as (rows so far, parsed rows)."""
    form = reader.form
    series = 1 if form.layout == LONG else max(len(reader.targets), 1)
    size = max(READINGS_A_BATCH // series, 1)
    with open_rows(text, form, skip=form.rows_before + position) as rows:

        def batches() -> Iterator[tuple[int, ParsedRows]]:
            done = position
            for chunk in chunks(rows, size):
                parsed = reader.read(chunk, form.rows_before + done + 1)
                done += len(chunk)
                yield done, parsed

        yield batches()

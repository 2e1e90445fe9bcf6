"""A user's own data: one tag's readings from CSV, and the events that the detectors find in them."""

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from monitoring.detection.monitor import TagMonitor
from monitoring.kernel.clock import DAY
from monitoring.kernel.incident_event import Event
from monitoring.kernel.timestamp_arrays import parse_plain_timestamps

COLUMNS = ("timestamp", "value")
ROWS_A_PIECE = 1000


class RecordingError(ValueError):
    """The data cannot be read; the message names the line and what was expected."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Readings in the order of the file: times in µs since 1970, values; both of length n.

    ``empty`` counts rows without a value; such a row is no reading.
    """

    times_us: list[int]
    values: list[float]
    empty: int = 0


@dataclass(slots=True)
class Findings:
    """Result of a recording: events in the order of their start, and counts of readings.

    ``empty`` rows have no value, ``late`` readings lie before the newest, ``doubled`` ones at the same time
    as the newest: these are left out.
    """

    readings: int = 0
    empty: int = 0
    late: int = 0
    doubled: int = 0
    events: list[Event] = field(default_factory=list)


def watch(pieces: Iterable[Piece], monitor: TagMonitor) -> Findings:
    """Run the monitor on a recording from beginning to end."""
    findings = Findings()
    events: dict[tuple[str, int], Event] = {}
    for piece in pieces:
        count_untimely(piece, monitor.last_us, findings)
        for event in monitor.update(piece.times_us, piece.values):
            events[event.detector, event.start_us] = event
    findings.events = sorted(events.values(), key=lambda event: (event.start_us, event.detector))
    return findings


def count_untimely(piece: Piece, newest_us: int | None, findings: Findings) -> None:
    """Count the piece's readings: in the order of time, late, or doubled."""
    findings.empty += piece.empty
    for time_us in piece.times_us:
        if newest_us is None or time_us > newest_us:
            newest_us = time_us
            findings.readings += 1
        elif time_us == newest_us:
            findings.doubled += 1
        else:
            findings.late += 1


def read_pieces(lines: Iterable[str]) -> Iterator[Piece]:
    """Yield the readings of a CSV with a header, columns ``timestamp`` and ``value``; ignore other columns.

    Timestamps are ISO 8601, also with a space, in UTC unless they carry an offset.

    Raises:
        RecordingError: a line is not as expected.
    """
    rows = csv.reader(lines)
    try:
        indices = column_indices(next(rows, []))
        while numbered := [(rows.line_num, row) for row in islice(rows, ROWS_A_PIECE)]:
            yield piece_of([(line, row) for line, row in numbered if row], indices)
    except csv.Error as error:
        raise RecordingError(f"line {rows.line_num}: expected CSV, got {error}") from error


def column_indices(header: list[str]) -> tuple[int, int]:
    """Return the indices of the columns timestamp and value."""
    names = [name.strip().lower() for name in header]
    if any(name not in names for name in COLUMNS):
        raise RecordingError(
            f"line 1: expected a header with the columns timestamp and value, got {','.join(header)!r}"
        )
    time, value = map(names.index, COLUMNS)
    return time, value


def piece_of(numbered: list[tuple[int, list[str]]], indices: tuple[int, int]) -> Piece:
    """Return the readings of rows with their line numbers."""
    time, value = indices
    for line, row in numbered:
        if len(row) <= max(indices):
            raise RecordingError(f"line {line}: expected a timestamp and a value, got {','.join(row)!r}")
    texts = [row[time].strip() for _, row in numbered]
    micros, readable = parse_plain_timestamps([begin_of_day(text) for text in texts])
    if not readable.all():
        first = int(np.argmin(readable))
        raise RecordingError(
            f"line {numbered[first][0]}: timestamp: expected ISO 8601, as in 2026-01-31T12:00:00Z or"
            f" 2026-01-31 12:00:00, got {texts[first]!r}"
        )
    values = [parse_value(row[value], line) for line, row in numbered]
    there = [index for index, one in enumerate(values) if one is not None]
    kept = [one for one in values if one is not None]
    return Piece(micros[there].tolist(), kept, len(values) - len(kept))


def begin_of_day(text: str) -> str:
    """Return the timestamp of a cell: a date alone, as in recordings of a reading a day, means midnight."""
    return f"{text}T00:00" if DAY.fullmatch(text) else text


def parse_value(text: str, line: int) -> float | None:
    """Return the value; None where the cell is empty or NaN, as programs write missing values."""
    try:
        value = float(text) if text.strip() else math.nan
    except ValueError:
        value = math.inf
    if math.isinf(value):
        raise RecordingError(f"line {line}: value: expected a finite number, got {text!r}")
    return None if math.isnan(value) else value

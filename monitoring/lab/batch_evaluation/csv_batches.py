"""Batches of a user from wide CSV files: a row a time, a column a tag.

The first column, or that named ``timestamp``, is the time: ISO 8601, or hours as numbers. ``batch`` has
names, if a file has several batches; ``phase`` has phases, else a batch is one phase. A column named like a
role, or with a role by choice, is in the unit of that role. Other columns of numbers are tags without a role.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitoring.batches.soft_sensors.inputs import SensorInputs
from monitoring.batches.vessel_roles import OTHER, ROLES
from monitoring.batches.watch.channels import BatchMinutes
from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.timestamp_arrays import parse_plain_timestamps
from monitoring.lab.evaluation.evaluating import EvaluationError, reading
from monitoring.lab.evaluation.recording import RecordingError

TIME, BATCH, PHASE, ELAPSED = "timestamp", "batch", "phase", "elapsed_h"
ONE_PHASE = "batch"
MINUTE_US, HOUR_MINUTES = 60_000_000, 60
LONGEST = 60 * 24 * 60  # minutes
ROUNDING = 0.05  # minutes: hours with three decimals are still in their minute
LEAST_KNOWN = 0.1  # share of the minutes, of a column that is no sample or remark
MEAN_UNIT = re.compile(r"( mean)?( \([^()]*\))?$")  # as in the files of GET /batches/<id>/export


@dataclass(frozen=True)
class CsvBatch:
    """A batch of a file."""

    name: str
    minutes: BatchMinutes


Columns = Mapping[str, Sequence[str]]  # the cells of each column


def read_batches(paths: Iterable[Path], roles: Mapping[str, str]) -> list[CsvBatch]:
    """Read all batches of some files; ``roles`` has roles by column.

    Raises:
        EvaluationError: a file is missing, or not as expected; the message names the file.
    """
    found: list[CsvBatch] = []
    for path in paths:
        with reading(path) as lines:
            found += batches_of(list(csv.reader(lines)), path.stem, roles)
    names = [each.name for each in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise EvaluationError(f"Several files have a batch {min(twice)}: give each batch a name of its own.")
    return found


def batches_of(rows: Sequence[list[str]], name: str, roles: Mapping[str, str]) -> Iterator[CsvBatch]:
    """Yield the batches of a file; ``name`` is that of the only batch of a file without names."""
    columns = columns_of(rows)
    if unknown := roles.keys() - {tag_name(column) for column in columns}:
        raise RecordingError(f"has no column {min(unknown)}, for which a role is given")
    names = np.array(columns.get(BATCH, [name] * (len(rows) - 1)))
    time = TIME if TIME in columns else next(iter(columns))
    minute = minutes_of(columns[time])
    for each in dict.fromkeys(names.tolist()):
        own = np.flatnonzero(names == each)
        parts = {
            column: [cells[row] for row in own.tolist()]
            for column, cells in columns.items()
            if column != time
        }
        yield CsvBatch(each, batch_of(parts, minute[own], roles))


def columns_of(rows: Sequence[list[str]]) -> Columns:
    """Return the cells of each column; short rows are filled with empty cells."""
    if len(rows) < 2 or len(rows[0]) < 2:
        raise RecordingError("needs a header with a time and at least one tag, and rows below")
    header = [cell.strip() for cell in rows[0]]
    if len(set(header)) < len(header):
        raise RecordingError("has two columns of one name")
    body = [[*row, *[""] * (len(header) - len(row))] for row in rows[1:]]
    return {column: [row[place].strip() for row in body] for place, column in enumerate(header)}


def minutes_of(cells: Sequence[str]) -> IntArray:
    """Return the number of the minute of each time, shape (n,)."""
    micros, is_known = parse_plain_timestamps(cells)
    if is_known.all():
        found: IntArray = micros // MINUTE_US
        return found
    try:
        hours = np.array([float(cell) for cell in cells])
        if not np.isfinite(hours).all():
            raise ValueError
    except ValueError:
        wrong = next(cell for cell, known in zip(cells, is_known, strict=True) if not known)
        raise RecordingError(
            f"has the time {wrong!r}: expected ISO 8601, as 2026-01-31T12:00:00Z, or hours"
        ) from None
    return np.floor(hours * HOUR_MINUTES + ROUNDING).astype(np.int64)


def batch_of(columns: Columns, minute: IntArray, roles: Mapping[str, str]) -> BatchMinutes:
    """Return the minutes of one batch from its rows."""
    place = minute - minute.min()
    length = int(place.max()) + 1
    if length > LONGEST:
        raise RecordingError(f"has a batch of {length // 1440} days: expected 60 at most")
    measured: dict[str, FloatArray] = {}
    others: dict[str, FloatArray] = {}
    for column, values in numbers_of(columns):
        name = tag_name(column)
        role = roles.get(name, name if name in ROLES else OTHER)
        is_total = role != OTHER and ROLES[role].is_total
        by_minute = per_minute(values, place, length, is_total=is_total)
        if np.isfinite(by_minute).mean() < LEAST_KNOWN:
            continue
        if role == OTHER:
            others[name] = by_minute
        else:
            measured[role] = by_minute
    phase, phases = phases_of(columns.get(PHASE, [ONE_PHASE] * len(place)), place, length)
    inputs = SensorInputs(np.arange(length) / HOUR_MINUTES, measured)
    return BatchMinutes(inputs, phase, phases, others=others)


def tag_name(column: str) -> str:
    """Return the column without ``mean`` and unit."""
    return MEAN_UNIT.sub("", column)


def numbers_of(columns: Columns) -> Iterator[tuple[str, FloatArray]]:
    """Yield each column of numbers, NaN in empty cells; columns with texts are left out."""
    for column, cells in columns.items():
        if column not in (BATCH, PHASE, ELAPSED):
            with suppress(ValueError):
                yield column, np.array([float(cell) if cell else np.nan for cell in cells])


def per_minute(values: FloatArray, place: IntArray, length: int, *, is_total: bool) -> FloatArray:
    """Return the mean of each minute, of totalisers the maximum; shape (length,), NaN without a value."""
    known = np.isfinite(values)
    values, place = values[known], place[known]
    count = np.bincount(place, minlength=length)
    if is_total:
        largest = np.full(length, -np.inf)
        np.maximum.at(largest, place, values)
        return np.where(count > 0, largest, np.nan)
    total = np.bincount(place, values, minlength=length)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def phases_of(cells: Sequence[str], place: IntArray, length: int) -> tuple[IntArray, tuple[str, ...]]:
    """Return the phase of each minute, shape (length,), and the names; minutes without a row continue."""
    phases = tuple(dict.fromkeys(cell for cell in cells if cell))
    found = np.full(length, -2)
    found[place] = [phases.index(cell) if cell else -1 for cell in cells]
    last = np.maximum.accumulate(np.where(found > -2, np.arange(length), 0))
    return found[last], phases

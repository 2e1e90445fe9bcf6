"""Content of a file, as shown before a person maps the columns: settings, series, first rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from monitoring.kernel.chunks import chunks
from monitoring.sources.file_import.columns import FileSeries, header_key, header_of, value_columns
from monitoring.sources.file_import.errors import ImportInputError
from monitoring.sources.file_import.file_format import LONG, FileFormat
from monitoring.sources.file_import.files import convert_sheet, is_workbook
from monitoring.sources.file_import.guessing import SAMPLE, guess_columns, guess_format, guess_rest
from monitoring.sources.file_import.limits import MOST_CELLS, MOST_SERIES
from monitoring.sources.file_import.numbers import read_numbers
from monitoring.sources.file_import.readings import RowReader
from monitoring.sources.file_import.rows import Row, column, open_rows

PREVIEW = 50
CHUNK = 5000
SHOWN_CHARACTERS = 60
SHOWN_COLUMNS = 100


@dataclass(frozen=True, slots=True)
class Analysis:
    """The settings and series understood; ``preview`` has the first rows with their times in UTC."""

    form: FileFormat
    unsure: list[str]
    header: list[tuple[str, str]]
    header_key: str
    series: list[FileSeries]
    rows: int
    preview: list[dict[str, Any]] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the analysis without the format, as stored."""
        stored = asdict(self)
        del stored["form"]
        return stored


def analyse(
    source: Path,
    sheet_text: Path,
    chosen: Mapping[str, Any],
    *,
    on_rows: Callable[[int], None] = lambda rows: None,
    most_cells: int | None = MOST_CELLS,
) -> Analysis:
    """Read a file through; guess all settings that are not ``chosen``. ``most_cells``: None for any number.

    Raises:
        ImportInputError: the file is empty, too large, or no table.
    """
    book, sheets, text = is_workbook(source), [], source
    if book:
        result = convert_sheet(source, sheet_text, str(chosen.get("sheet", "")), lambda: on_rows(0))
        sheets, text = result["sheets"], sheet_text
        chosen = {**chosen, "sheet": result["sheet"]}
    form, unsure, rows = settled_format(text, chosen, is_book=book)
    if not rows[form.rows_before :]:
        raise ImportInputError("the file has no row of data; choose another file, or fewer rows to skip")
    check_columns(form, rows)
    header = header_of(rows, form)
    count, names = scan(text, form, on_rows, most_cells)
    body = rows[form.rows_before :]
    series = named_series(names, body, form) if form.layout == LONG else column_series(header, body, form)
    return Analysis(
        form=form,
        unsure=[name for name in unsure if name not in chosen],
        header=header,
        header_key=header_key(header, form),
        series=series,
        rows=count,
        preview=preview_rows(body[:PREVIEW], form),
        sheets=sheets,
    )


def settled_format(
    text: Path, chosen: Mapping[str, Any], *, is_book: bool
) -> tuple[FileFormat, tuple[str, ...], list[Row]]:
    """Return the format with the chosen settings, unsure settings, and the first rows.

    Guess again all that depends on a chosen setting: with another separator, all columns differ.
    """
    form = guess_format(text, is_workbook=is_book, encoding=str(chosen.get("encoding", ""))).form
    if "separator" in chosen:
        form = form.changed({"separator": chosen["separator"]})
    rows = first_rows(text, form)
    guess = guess_rest(rows, form)
    head = {name: chosen[name] for name in ("skip_rows", "header_rows") if name in chosen}
    if head:
        form = guess.form.changed({"skip_rows": guess.form.skip_rows, **head})
        guess = guess_columns(rows, form)
    return guess.form.changed(chosen), guess.unsure, rows


def first_rows(text: Path, form: FileFormat) -> list[Row]:
    """Return the first rows of a file."""
    with open_rows(text, form) as rows:
        return list(islice(rows, SAMPLE))


def check_columns(form: FileFormat, rows: Sequence[Row]) -> None:
    """Check that the columns of the settings exist.

    Raises:
        ImportInputError: a column lies beyond the last one.
    """
    width = max(map(len, rows), default=0)
    named = ["time_column", *(["tag_column", "value_column"] if form.layout == LONG else [])]
    if form.clock_column is not None:
        named.append("clock_column")
    for name in named:
        if getattr(form, name) >= width:
            raise ImportInputError(
                f"expected a column up to {width}, got {getattr(form, name) + 1}; is the separator right?",
                name,
            )
    if width < 2:
        raise ImportInputError("the file has one column only; choose another separator", "separator")


def scan(
    text: Path, form: FileFormat, on_rows: Callable[[int], None], most_cells: int | None
) -> tuple[int, list[str]]:
    """Read the file through: return the number of rows, and in the long layout the names of the series.

    Raises:
        ImportInputError: there are too many cells or series.
    """
    count = cells = 0
    names: dict[str, None] = {}
    with open_rows(text, form, skip=form.rows_before) as rows:
        for chunk in chunks(rows, CHUNK):
            count, cells = count + len(chunk), cells + sum(map(len, chunk))
            if form.layout == LONG:
                names.update(dict.fromkeys(name.strip() for name in column(chunk, form.tag_column)))
            check_size(cells, len(names), most_cells)
            on_rows(count)
    names.pop("", None)
    return count, list(names)


def check_size(cells: int, names: int, most_cells: int | None) -> None:
    """Check the numbers of cells and of series.

    Raises:
        ImportInputError: there are too many.
    """
    if most_cells is not None and cells > most_cells:
        raise ImportInputError(
            f"the file has more than {most_cells:,} cells; split it, or use manage.py import_file"
        )
    if names > MOST_SERIES:
        raise ImportInputError(
            f"the tag column has more than {MOST_SERIES:,} different names; is it another column?",
            "tag_column",
        )


def column_series(
    header: Sequence[tuple[str, str]], body: Sequence[Row], form: FileFormat
) -> list[FileSeries]:
    """Return the series of the wide layout: all columns but those of the time."""
    return [
        FileSeries(str(index), *header[index], *extremes(column(body, index), form))
        for index in value_columns(len(header), form)
    ]


def named_series(names: Iterable[str], body: Sequence[Row], form: FileFormat) -> list[FileSeries]:
    """Return the series of the long layout."""
    series, values = column(body, form.tag_column), column(body, form.value_column)
    cells: dict[str, list[str]] = {}
    for name, value in zip(series, values, strict=True):
        cells.setdefault(name.strip(), []).append(value)
    return [FileSeries(name, name, "", *extremes(cells.get(name, []), form)) for name in names]


def extremes(cells: Sequence[str], form: FileFormat) -> tuple[float | None, float | None]:
    """Return the lowest and the highest number of cells; None without one."""
    numbers, _ = read_numbers(cells, form.decimal, plain_first=form.is_workbook)
    known = numbers[~np.isnan(numbers)]
    return (float(known.min()), float(known.max())) if len(known) else (None, None)


def preview_rows(rows: Sequence[Row], form: FileFormat) -> list[dict[str, Any]]:
    """Return the first rows as cells, each with its time in UTC or the reason why there is none."""
    times = RowReader(form, {}).preview_times(rows, form.rows_before + 1)
    return [
        {
            "row": form.rows_before + 1 + index,
            "time": time,
            "fault": fault,
            "cells": [cell[:SHOWN_CHARACTERS] for cell in row[:SHOWN_COLUMNS]],
        }
        for index, (row, (time, fault)) in enumerate(zip(rows, times, strict=True))
    ]

"""Guess the settings of a file from the first rows: separator, decimal sign, header, columns, dates."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from monitoring.sources.file_import.encodings import guess_encoding
from monitoring.sources.file_import.file_format import (
    DMY,
    EPOCH_MS,
    EPOCH_S,
    ISO,
    LONG,
    MDY,
    MOST_SKIPPED,
    SERIAL,
    WIDE,
    FileFormat,
)
from monitoring.sources.file_import.numbers import EMPTY, FORMS, read_numbers
from monitoring.sources.file_import.rows import Row, column
from monitoring.sources.file_import.times import BAD, read_times

SAMPLE = 500  # rows
BY_PREFERENCE = ("\t", ";", "|", ",")
COMMENT = ("#", "//", "%")
MOSTLY = 0.8
CLOCK = re.compile(
    r"\s*(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T)?[0-9]{1,2}:[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?(?:\s*[AaPp]\.?[Mm]\.?)?\s*"
)
TIME_WORDS = re.compile(r"time|date|zeit|datum|stamp|tag|uhr|heure|fecha|hora|utc", re.IGNORECASE)
TAG_WORDS = re.compile(r"tag|name|signal|channel|sensor|variable|kanal|parameter|point", re.IGNORECASE)
VALUE_WORDS = re.compile(r"value|wert|reading|valeur|valor|\by\b", re.IGNORECASE)
GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+")
COMMA, POINT = re.compile(r"[+-]?(?:[0-9]+|[0-9.' ]+),[0-9]+"), re.compile(r"[+-]?[0-9,' ]+\.[0-9]+")
# Of numbers that are times: seconds and milliseconds from 1990 to 2100, days from 1982 to 2064.
NUMBER_TIMES = ((EPOCH_S, 6.3e8, 4.1e9), (EPOCH_MS, 6.3e11, 4.1e12), (SERIAL, 30_000.0, 60_000.0))


@dataclass(frozen=True, slots=True)
class Guess:
    """A guessed format; ``unsure`` names the settings that a person has to confirm."""

    form: FileFormat
    unsure: tuple[str, ...] = ()


def guess_format(path: Path, *, is_workbook: bool = False, encoding: str = "") -> Guess:
    """Return how a file is probably to be read."""
    form = FileFormat(is_workbook=is_workbook, encoding=encoding or guess_encoding(path))
    with path.open(encoding=form.encoding, errors="replace", newline="") as file:
        lines = list(islice(file, SAMPLE))
    separator = "\t" if is_workbook else guess_separator(lines)
    form = replace(form, separator=separator)
    return guess_rest(list(csv.reader(lines, delimiter=separator)), form)


def guess_rest(rows: Sequence[Row], form: FileFormat) -> Guess:
    """Return the format with header, decimal sign, layout and times guessed from the first rows."""
    return guess_columns(rows, with_header(rows, form))


def guess_columns(rows: Sequence[Row], form: FileFormat) -> Guess:
    """Return the format with all that follows the header guessed from the first rows."""
    body = [row for row in rows[form.rows_before :] if any(row)]
    form = replace(form, decimal=guess_decimal(body, form))
    form, unsure = with_times(rows, body, form)
    return Guess(with_layout(rows, body, form), unsure)


def guess_separator(lines: Sequence[str]) -> str:
    """Return the separator that gives most rows the same number of cells, at least two."""
    best, share = ",", 0.0
    for separator in BY_PREFERENCE:
        counts = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if row)
        counts.pop(1, None)
        alike = max(counts.values(), default=0) / max(len(lines), 1)
        if alike > share + 0.1:
            best, share = separator, alike
    return best


def with_header(rows: Sequence[Row], form: FileFormat) -> FileFormat:
    """Return the format with the rows before the data: comments, then names, then units."""
    width = usual_width(rows)
    before = next((place for place, row in enumerate(rows) if is_data(row, width)), len(rows))
    skipped = 0
    while skipped < before and not is_header(rows[skipped], width):
        skipped += 1
    return replace(form, skip_rows=min(skipped, MOST_SKIPPED), header_rows=min(before - skipped, 2))


def usual_width(rows: Sequence[Row]) -> int:
    """Return how many cells most rows have."""
    return max(Counter(map(len, rows)).items(), key=lambda item: (item[1], item[0]), default=(1, 0))[0]


def is_header(row: Row, width: int) -> bool:
    """Return whether a row may hold names: as many cells as the others, most of them filled, no comment."""
    filled = sum(1 for cell in row if cell.strip())
    return len(row) >= width and 2 * filled > len(row) and not row[0].lstrip().startswith(COMMENT)


def is_data(row: Row, width: int) -> bool:
    """Return whether a row holds measurements: a number or a time in it, and no name of a column."""
    cells = [cell.strip() for cell in row if cell.strip().lower() not in EMPTY]
    if len(row) < min(width, 2) or not cells or row[0].lstrip().startswith(COMMENT):
        return False
    plain = [cell for cell in cells if is_number(cell) or is_time(cell)]
    return len(plain) >= 2 or (len(plain) == 1 and len(cells) == 1)


def is_number(cell: str) -> bool:
    """Return whether a cell is a number by either decimal sign."""
    return any(map(str.isdigit, cell)) and any(form.fullmatch(cell) for form in FORMS.values())


def is_time(cell: str) -> bool:
    """Return whether a cell is a written time or a time of day."""
    return bool(CLOCK.fullmatch(cell)) or any(
        read_times([cell], form, ".")[1][0] != BAD for form in (ISO, DMY, MDY)
    )


def guess_decimal(body: Sequence[Row], form: FileFormat) -> str:
    """Return the decimal sign of the numbers; where all may be thousands, the one that fits the separator."""
    cells = [cell.strip() for row in body for cell in row]
    commas = sum(1 for cell in cells if COMMA.fullmatch(cell) and not GROUPED.fullmatch(cell))
    points = sum(1 for cell in cells if POINT.fullmatch(cell))
    grouped = sum(1 for cell in cells if GROUPED.fullmatch(cell))
    if form.is_workbook:  # its numbers have a point anyway: only texts count
        return "," if commas else "."
    if grouped and not commas and not points:
        return "." if form.separator == "," else ","
    return "," if commas > points else "."


def with_times(
    rows: Sequence[Row], body: Sequence[Row], form: FileFormat
) -> tuple[FileFormat, tuple[str, ...]]:
    """Return the format with the columns and the form of the times, and the uncertain ones of these."""
    names = header_names(rows, form)
    for index in range(usual_width(body)):
        cells = filled_cells(body, index)
        found = written_form(cells) or number_form(cells, names.get(index, ""), form)
        if not cells or found is None:
            continue
        form = replace(form, time_column=index, time_form=found[0], clock_column=clock_column(body, index))
        return form, ("time_form",) if found[1] else ()
    return form, ("time_column",)


def header_names(rows: Sequence[Row], form: FileFormat) -> dict[int, str]:
    """Return the names of the columns by number."""
    return dict(enumerate(rows[form.skip_rows])) if form.header_rows and len(rows) > form.skip_rows else {}


def filled_cells(body: Sequence[Row], index: int) -> list[str]:
    """Return the cells of a column that hold something."""
    return [cell for cell in column(body, index) if cell.strip().lower() not in EMPTY]


def written_form(cells: Sequence[str]) -> tuple[str, bool] | None:
    """Return the form of written times, and whether day and month may be the other way; None if none fits."""
    shares = {}
    for form in (ISO, DMY, MDY):
        micros, kinds = read_times(cells, form, ".")
        shares[form] = (float(np.mean(kinds != BAD)) if cells else 0.0, micros[kinds != BAD])
    form = max((ISO, DMY, MDY), key=lambda each: shares[each][0])
    if shares[form][0] < MOSTLY:
        return None
    if form == ISO or shares[DMY][0] != shares[MDY][0]:
        return form, False
    if any(re.match(r"\s*[0-9]+\.", cell) or re.search("[A-Za-z]{3}", cell) for cell in cells[:1]):
        return DMY, False
    return closest_form(shares[DMY][1], shares[MDY][1]), True


def closest_form(dmy_us: np.ndarray, mdy_us: np.ndarray) -> str:
    """Return the form by which the times of the first rows lie closer together."""
    return DMY if np.ptp(dmy_us) < np.ptp(mdy_us) else MDY


def number_form(cells: Sequence[str], name: str, form: FileFormat) -> tuple[str, bool] | None:
    """Return the form of times that are numbers; None if the column has other numbers, or none."""
    numbers, _ = read_numbers(cells, form.decimal, plain_first=form.is_workbook)
    if not cells or np.isnan(numbers).mean() > 1 - MOSTLY:
        return None
    known = numbers[~np.isnan(numbers)]
    for found, lowest, highest in NUMBER_TIMES:
        if ((known >= lowest) & (known <= highest)).mean() >= MOSTLY:
            is_certain = found != SERIAL or bool(TIME_WORDS.search(name))
            return (found, False) if is_certain else None
    return None


def clock_column(body: Sequence[Row], day_column: int) -> int | None:
    """Return the column with the time of day, if the times have days only; None otherwise."""
    days = filled_cells(body, day_column)
    if any(":" in cell and not cell.strip().endswith("T00:00:00") for cell in days):
        return None
    for index in range(usual_width(body)):
        cells = filled_cells(body, index)
        if (
            index != day_column
            and cells
            and sum(map(bool, map(CLOCK.fullmatch, cells))) >= MOSTLY * len(cells)
        ):
            return index
    return None


def with_layout(rows: Sequence[Row], body: Sequence[Row], form: FileFormat) -> FileFormat:
    """Return the format with its layout: long if one column holds names and another one values."""
    names = header_names(rows, form)
    others = [
        index for index in range(usual_width(body)) if index not in (form.time_column, form.clock_column)
    ]
    cells = {index: filled_cells(body, index) for index in others}
    texts = [index for index in others if is_text(cells[index])]
    numbers = [index for index in others if cells[index] and not is_text(cells[index])]
    tags = [index for index in texts if repeats(cells[index]) or TAG_WORDS.search(names.get(index, ""))]
    if not tags or not numbers or len(numbers) > 2:
        return replace(form, layout=WIDE)
    tag = next((index for index in tags if TAG_WORDS.search(names.get(index, ""))), tags[0])
    value = next((index for index in numbers if VALUE_WORDS.search(names.get(index, ""))), numbers[0])
    return replace(form, layout=LONG, tag_column=tag, value_column=value)


def is_text(cells: Sequence[str]) -> bool:
    """Return whether most cells of a column are words."""
    return bool(cells) and sum(map(is_number, (cell.strip() for cell in cells))) < (1 - MOSTLY) * len(cells)


def repeats(cells: Sequence[str]) -> bool:
    """Return whether the same few words come again and again."""
    return len(set(cells)) <= max(1, len(cells) // 2)

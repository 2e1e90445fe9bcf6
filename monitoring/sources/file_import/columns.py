"""The series of a file, each to become a tag: a column, or in the long layout a name in the tag column."""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any

from monitoring.kernel.tag_definition import TagDefinition
from monitoring.sources.file_import.file_format import FileFormat
from monitoring.sources.file_import.rows import Row

UNIT_IN_NAME = re.compile(r"\s*(?P<name>.*?)\s*[\[(](?P<unit>[^\[\]()]{0,20})[\])]\s*")
SIGNS = re.compile(r"[\W_]+")
ALIKE, CLEARLY = 0.75, 0.03
WORDS_ALIKE = 0.8  # of a name whose words all stand in the other one, perhaps shortened
SHORTEST_SHORT = 3  # letters of a shortened word


@dataclass(frozen=True, slots=True)
class FileSeries:
    """A series of a file; ``key`` is the column's number, or the name in the tag column.

    ``lowest`` and ``highest`` are of the first rows; None without a number there.
    """

    key: str
    name: str
    unit: str = ""
    lowest: float | None = None
    highest: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the series as stored."""
        return asdict(self)


def series_of(stored: Iterable[dict[str, Any]]) -> list[FileSeries]:
    """Return the series as stored."""
    return [FileSeries(**each) for each in stored]


def header_of(rows: Sequence[Row], form: FileFormat) -> list[tuple[str, str]]:
    """Return name and unit of each column, from the rows of the header."""
    header = rows[form.skip_rows : form.rows_before]
    names = header[0] if header else []
    units = header[1] if len(header) > 1 else []
    width = max((len(row) for row in rows[form.skip_rows :]), default=0)
    found = []
    for index in range(width):
        name = names[index].strip() if index < len(names) else ""
        unit = units[index].strip().strip("[]()") if index < len(units) else ""
        match = UNIT_IN_NAME.fullmatch(name)
        if match and match["name"] and not unit:
            name, unit = match["name"], match["unit"].strip()
        found.append((name or f"column {index + 1}", "" if unit == "-" else unit[:20]))
    return found


def value_columns(width: int, form: FileFormat) -> list[int]:
    """Return the columns of the wide layout that may hold values."""
    return [index for index in range(width) if index not in (form.time_column, form.clock_column)]


def header_key(header: Sequence[tuple[str, str]], form: FileFormat) -> str:
    """Return a digest by which the next file with the same header is recognised."""
    text = json.dumps([form.layout, form.sheet if form.is_workbook else "", header])
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def suggest_tag(series: FileSeries, tags: Iterable[TagDefinition]) -> str:
    """Return the tag that a series probably is, by name, display name and unit.

    Return an empty text if none is alike, or several are.
    """
    ranked = sorted(((likeness(series, tag), tag.name) for tag in tags), reverse=True)
    if not ranked or ranked[0][0] < ALIKE:
        return ""
    is_alone = len(ranked) == 1 or ranked[0][0] - ranked[1][0] >= CLEARLY
    return ranked[0][1] if is_alone else ""


def likeness(series: FileSeries, tag: TagDefinition) -> float:
    """Return from 0 to 1.1 how alike name and unit of a series and a tag are."""
    given = plain(series.name)
    names = [tag.name, tag.display_name, f"{tag.group} {tag.display_name}", f"{tag.group} {tag.name}"]
    best = max(
        max(SequenceMatcher(None, given, plain(name)).ratio(), WORDS_ALIKE * has_words(series.name, name))
        for name in filter(str.strip, names)
    )
    if series.unit and tag.unit:
        best += 0.1 if plain(series.unit) == plain(tag.unit) else -0.15
    return best


def has_words(name: str, other: str) -> bool:
    """Return whether each word of a name stands in the other name, whole or shortened."""
    words, others = (SIGNS.sub(" ", text.casefold()).split() for text in (name, other))
    return bool(words) and all(any(is_same_word(word, each) for each in others) for word in words)


def is_same_word(one: str, other: str) -> bool:
    """Return whether two words are equal, or one is the other shortened, as temp and temperature."""
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= SHORTEST_SHORT and long.startswith(short))


def plain(text: str) -> str:
    """Return a text without signs, in lower case."""
    return SIGNS.sub("", text.casefold())


def new_tag_name(name: str) -> str:
    """Return a possible name of a tag for a series."""
    text = re.sub(r"[^A-Za-z0-9_.-]+", "_", name.strip()).strip("_").lower()[:64]
    return text if text[:1].isalpha() else f"tag_{text}"[:64]


def suggested_range(series: FileSeries) -> tuple[float, float]:
    """Return a valid range with room around the values of the first rows, for a person to confirm."""
    lowest, highest = series.lowest or 0.0, series.highest or 0.0
    room = max(highest - lowest, abs(highest), abs(lowest), 1.0)
    low = 0.0 if lowest >= 0 else round_out(lowest - room, up=False)
    return low, round_out(highest + room, up=True)


def round_out(value: float, *, up: bool) -> float:
    """Return the value rounded to one significant digit, away from the values inside."""
    if value == 0:
        return 0.0
    step = 10.0 ** math.floor(math.log10(abs(value)))
    return (math.ceil if up else math.floor)(value / step) * step

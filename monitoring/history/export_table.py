"""Tables of measurements for files: a row per measurement, or a row per time with a column per tag."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from monitoring.history.measurements import MeasurementPage, reasons_of

Row = tuple[Any, ...]


class Kind(StrEnum):
    """The kind of a column's cells. A time is in microseconds since 1970; None is an empty cell."""

    TIME = "time"
    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: heading and kind of the cells."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, and the rows in batches that are read on demand; at least one batch, possibly empty."""

    columns: tuple[Column, ...]
    batches: Iterator[Sequence[Row]]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the headings."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class Extra:
    """Optional columns. ``units`` has the unit of each tag by name; None: no units."""

    units: Mapping[str, str] | None = None
    reasons: bool = False
    excluded: bool = False


TIMESTAMP = Column("timestamp", Kind.TIME)
TAG = Column("tag", Kind.TEXT)
UNIT = Column("unit", Kind.TEXT)
REASONS = Column("reasons", Kind.TEXT)
MEASUREMENT = (
    Column("id", Kind.WHOLE),
    TIMESTAMP,
    TAG,
    Column("value", Kind.NUMBER),
    Column("is_anomaly", Kind.FLAG),
)
EXCLUDED = Column("excluded", Kind.FLAG)


def long_table(pages: Iterable[MeasurementPage], extra: Extra) -> Table:
    """Return a row per measurement."""
    optional = ((EXCLUDED, extra.excluded), (UNIT, extra.units is not None), (REASONS, extra.reasons))
    columns = (*MEASUREMENT, *(column for column, is_wanted in optional if is_wanted))
    return Table(columns, (long_rows(page, extra) for page in pages))


def long_rows(page: MeasurementPage, extra: Extra) -> list[Row]:
    """Return the rows of a page, with the optional cells appended."""
    rows: list[Row] = list(page.rows)
    if page.excluded is not None:
        rows = [(*row, row[0] in page.excluded) for row in rows]
    if (units := extra.units) is not None:
        rows = [(*row, units.get(row[2], "")) for row in rows]
    if extra.reasons:
        reasons = reason_texts(page)
        rows = [(*row, reasons.get(row[0], "")) for row in rows]
    return rows


def reason_texts(page: MeasurementPage) -> dict[int, str]:
    """Return the violated rules of the page's anomalies by id, each as ``above_limit; rolling_3sigma``."""
    anomalies = [row[:3] for row in page.rows if row[4]]
    return {
        row: "; ".join(found.reason for found in reasons) for row, reasons in reasons_of(anomalies).items()
    }


def wide_table(pages: Iterable[MeasurementPage], tags: Sequence[str], extra: Extra) -> Table:
    """Return a row per time with the value of each tag; empty where a tag has no measurement."""
    columns = [TIMESTAMP]
    for tag in tags:
        columns.append(Column(heading(tag, extra.units), Kind.NUMBER))
        if extra.reasons:
            columns.append(Column(f"{tag} reasons", Kind.TEXT))
    return Table(tuple(columns), wide_batches(pages, tags, with_reasons=extra.reasons))


def heading(tag: str, units: Mapping[str, str] | None, aggregate: str = "") -> str:
    """Return the heading of a tag's column, such as ``fermenter_temp mean (°C)``."""
    unit = (units or {}).get(tag, "")
    return " ".join(filter(None, (tag, aggregate, unit and f"({unit})")))


def wide_batches(
    pages: Iterable[MeasurementPage], tags: Sequence[str], *, with_reasons: bool
) -> Iterator[list[Row]]:
    """Yield the rows of each page; the last time of a page waits, since the next page may have the same."""
    width = 2 if with_reasons else 1
    places = {tag: 1 + width * i for i, tag in enumerate(tags)}
    waiting: list[Any] | None = None
    for page in pages:
        reasons = reason_texts(page) if with_reasons else {}
        rows = [] if waiting is None else [waiting]
        for micros, found in groupby(page.rows, key=lambda row: row[1]):
            if not rows or rows[-1][0] != micros:
                rows.append([micros, *[None] * (width * len(tags))])
            for row in found:
                place = places[row[2]]
                rows[-1][place] = row[3]
                if with_reasons:
                    rows[-1][place + 1] = reasons.get(row[0])
        waiting = rows.pop() if rows and page.next is not None else None
        yield [tuple(row) for row in rows]

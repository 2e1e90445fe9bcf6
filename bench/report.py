"""Format the printed table."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A line: name of the measurement, figure with unit, and a note with the comparison."""

    name: str
    figure: str
    note: str = ""


def table(title: str, rows: Iterable[Row]) -> str:
    """Return the rows as text in columns."""
    lines = [title, "-" * len(title)]
    lines += [f"{row.name:<52} {row.figure:>22}  {row.note}".rstrip() for row in rows]
    return "\n".join(lines)

"""The table that is printed."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A line: what was measured, the figure with its unit, and what it is held against."""

    what: str
    figure: str
    beside: str = ""


def table(title: str, rows: Iterable[Row]) -> str:
    """The rows as text in columns."""
    lines = [title, "-" * len(title)]
    lines += [f"{row.what:<52} {row.figure:>22}  {row.beside}".rstrip() for row in rows]
    return "\n".join(lines)

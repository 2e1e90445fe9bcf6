"""Keyset paging: a page continues after the last row of the page before, in order of (time, id).

An offset would read the rows of all earlier pages again, and skip or repeat rows when others are stored.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Q

from monitoring.kernel.clock import FIRST_MICROS, LAST_MICROS, from_micros, to_micros

MAX_ID = 2**63 - 1
CURSOR = re.compile("(-?[0-9]{1,18})_([0-9]{1,19})")
RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page; the next page begins after this row."""

    timestamp: datetime
    id: int

    def __str__(self) -> str:
        return f"{to_micros(self.timestamp)}_{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Parse a cursor.

        Raises:
            ValueError: the text is not a cursor, or the time or the id is out of range.
        """
        match = CURSOR.fullmatch(text)
        micros, row = map(int, match.groups()) if match else (0, -1)
        if not (FIRST_MICROS <= micros <= LAST_MICROS and 0 <= row <= MAX_ID):
            raise ValueError(f"{text[:80]!r} is not a cursor")
        return cls(from_micros(micros), row)


def after_cursor(column: str, cursor: Cursor, *, ascending: bool) -> Q:
    """Return the condition for the rows after the cursor, in order of ``column`` and id.

    The condition is complete only together with the bound ``column`` >= ``cursor.timestamp`` (<= if not
    ascending), which the caller sets in place of the selection's own bound on that side: given two, SQLite
    starts at the first of them and reads the rows of earlier pages again.
    """
    comparison = "gt" if ascending else "lt"
    return Q(**{f"{column}__{comparison}": cursor.timestamp}) | Q(**{f"id__{comparison}": cursor.id})


def split_page(
    found: list[RowT], limit: int, cursor_of: Callable[[RowT], Cursor]
) -> tuple[list[RowT], Cursor | None]:
    """Return the first ``limit`` of up to ``limit`` + 1 rows, and the cursor (None: no next page)."""
    if len(found) <= limit:
        return found, None
    return found[:limit], cursor_of(found[limit - 1])

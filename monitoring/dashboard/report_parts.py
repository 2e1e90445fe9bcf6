"""Parts of the document of a batch: tables, headings, texts of times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from monitoring.dashboard.report_chart import (
    ElapsedHours,
)
from monitoring.kernel.clock import parse_timestamp

LASTS = "lasts"
CUT = "Only the first 500 lines are listed."
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a column; numbers are right-aligned, and only sentences are broken into lines."""

    text: str
    is_number: bool = False
    is_sentence: bool = False

    @property
    def look(self) -> str:
        """Return the class of the cells."""
        return "number" if self.is_number else "sentence" if self.is_sentence else "word"


@dataclass(frozen=True, slots=True)
class DocumentTable:
    """A section with a table; without rows the text ``none`` stands in its place."""

    id: str
    title: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[str]]
    none: str = "None."
    note: str = ""

    @property
    def cells(self) -> list[list[tuple[str, str]]]:
        """Return the rows as texts, each with its class."""
        return [
            [(text, heading.look) for text, heading in zip(row, self.headings, strict=True)]
            for row in self.rows
        ]


@dataclass(frozen=True, slots=True)
class DocumentTimes:
    """Texts of times in the zone of the document."""

    zone: tzinfo
    hours: ElapsedHours

    def text(self, time: str | None, missing: str = "") -> str:
        """Return a time to the second; ``missing`` for None."""
        if time is None:
            return missing
        return f"{parse_timestamp(time).astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def elapsed(self, time: str) -> str:
        """Return the elapsed time in hours."""
        return hours_text(self.hours.of(time))


def cut_text(report: Json, name: str) -> str:
    """Return the note on a list that was cut."""
    return CUT if name in report["truncated"] else ""


def hours_text(hours: float) -> str:
    """Return elapsed hours with two decimals: 36 s."""
    return f"{hours:.2f}"

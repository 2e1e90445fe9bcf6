"""How a file is read: encoding, separator, header, layout, columns of time, zone."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from zoneinfo import available_timezones

from monitoring.kernel.quoting import shown
from monitoring.sources.file_import.errors import ImportInputError

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
SEPARATORS = (",", ";", "\t", "|")
DECIMALS = (".", ",")
LONG, WIDE = "long", "wide"
LAYOUTS = (WIDE, LONG)
# ISO 8601 and other year-month-day forms, day.month.year, month/day/year, days of Excel, numbers since 1970.
ISO, DMY, MDY, SERIAL, EPOCH_S, EPOCH_MS = "iso", "dmy", "mdy", "serial", "epoch_s", "epoch_ms"
TIME_FORMS = (ISO, DMY, MDY, SERIAL, EPOCH_S, EPOCH_MS)
BY_ORDER, FIRST, SECOND = "order", "first", "second"
REPEATED_HOURS = (BY_ORDER, FIRST, SECOND)
CHOICES: dict[str, tuple[Any, ...]] = {
    "encoding": ENCODINGS,
    "separator": SEPARATORS,
    "decimal": DECIMALS,
    "header_rows": (0, 1, 2),
    "layout": LAYOUTS,
    "time_form": TIME_FORMS,
    "repeated_hour": REPEATED_HOURS,
}
MOST_SKIPPED = 1000
MOST_COLUMNS = 1000
LONGEST_SHEET = 200
FIXED_ZONE = re.compile(r"[+-](?:0[0-9]|1[0-4]):[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class FileFormat:
    """The settings by which a file is read. Columns are numbered from 0.

    ``clock_column`` holds the time of day where ``time_column`` holds the date alone. ``zone`` is that of
    times without an offset; ``repeated_hour`` says which of both hours is meant when clocks are set back.
    ``header_rows``: 0 none, 1 names, 2 names and units; ``skip_rows`` come before these.
    """

    is_workbook: bool = False
    sheet: str = ""
    encoding: str = "utf-8"
    separator: str = ","
    decimal: str = "."
    skip_rows: int = 0
    header_rows: int = 1
    layout: str = WIDE
    time_column: int = 0
    clock_column: int | None = None
    time_form: str = ISO
    tag_column: int = 1
    value_column: int = 2
    zone: str = "UTC"
    repeated_hour: str = BY_ORDER

    @property
    def rows_before(self) -> int:
        """Return how many rows come before the first row of data."""
        return self.skip_rows + self.header_rows

    def as_json(self) -> dict[str, Any]:
        """Return the settings as stored."""
        return asdict(self)

    def changed(self, given: Mapping[str, Any]) -> "FileFormat":
        """Return the format with other settings.

        Raises:
            ImportInputError: a setting is unknown or has an impossible value.
        """
        known = {field.name for field in fields(self)} - {"is_workbook"}
        for name, value in given.items():
            if name not in known:
                raise ImportInputError(f"unknown setting; expected one of {', '.join(sorted(known))}", name)
            check_setting(name, value)
        return replace(self, **given)


def format_of(stored: Mapping[str, Any]) -> FileFormat:
    """Return the format of stored settings."""
    return FileFormat(**stored)


def check_setting(name: str, value: Any) -> None:
    """Check one setting.

    Raises:
        ImportInputError: the value is impossible.
    """
    if name in CHOICES:
        allowed = CHOICES[name]
        if value not in allowed or isinstance(value, bool):
            raise ImportInputError(
                f"expected one of {', '.join(map(shown, allowed))}, got {shown(value)}", name
            )
    elif name == "zone":
        check_zone(value)
    elif name == "sheet":
        if not isinstance(value, str) or not value.isprintable() or len(value) > LONGEST_SHEET:
            raise ImportInputError(f"expected the name of a sheet, got {shown(value)}", name)
    elif not (name == "clock_column" and value is None):
        check_number(name, value)


def check_number(name: str, value: Any) -> None:
    """Check a count of rows or the number of a column.

    Raises:
        ImportInputError: the value is no whole number in range.
    """
    most = MOST_SKIPPED if name == "skip_rows" else MOST_COLUMNS - 1
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ImportInputError(f"expected a whole number from 0 to {most}, got {shown(value)}", name)


def check_zone(name: Any) -> None:
    """Check the name of a zone.

    Raises:
        ImportInputError: no zone has this name.
    """
    if not isinstance(name, str) or not (FIXED_ZONE.fullmatch(name) or name in available_timezones()):
        raise ImportInputError(
            f"expected a name of the time zone database, as Europe/Berlin, or an offset, as +01:00;"
            f" got {shown(name)}",
            "zone",
        )

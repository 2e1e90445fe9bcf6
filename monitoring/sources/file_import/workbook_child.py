"""Write a sheet of a workbook as text; run as a process of its own, with bounded memory and time.

    python -m monitoring.sources.file_import.workbook_child WORKBOOK TEXT SHEET

Print the names of the sheets as JSON, or {"error": ...}. A hostile workbook costs this process alone. Links
to other files are never followed: formulas have the values that were saved with them.
"""

import csv
import json
import sys
import zipfile
from contextlib import suppress
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

from monitoring.sources.file_import.limits import (
    MOST_CELLS,
    MOST_RATIO,
    MOST_UNPACKED,
    WORKBOOK_MEMORY,
    WORKBOOK_SECONDS,
)

OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


class WorkbookError(ValueError):
    """A workbook cannot be imported; the message names the remedy."""


def main() -> int:
    """Convert the sheet and print the result; return the exit code."""
    limit_process()
    try:
        result = convert(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    except MemoryError:
        result = {"error": "the workbook needs too much memory; save the sheet as CSV and import that"}
    except (WorkbookError, OSError, ValueError, zipfile.BadZipFile) as error:
        result = {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - calamine has an error class for each part of a file
        result = {"error": f"the workbook cannot be read ({error}); save it again, or save the sheet as CSV"}
    sys.stdout.write(json.dumps(result))
    return 1 if "error" in result else 0


def limit_process() -> None:
    """Bound memory and processor time of this process, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    bounds = ((resource.RLIMIT_AS, WORKBOOK_MEMORY), (resource.RLIMIT_CPU, WORKBOOK_SECONDS))
    for kind, most in bounds:
        with suppress(ValueError, OSError):  # macOS knows no bound of the address space
            resource.setrlimit(kind, (most, most))


def convert(source: Path, target: Path, sheet: str) -> dict[str, Any]:
    """Write the sheet, or the first one without a name, as text; return its name and those of all.

    Raises:
        WorkbookError: the workbook breaks a bound, or has no such sheet.
    """
    check_package(source)
    with CalamineWorkbook.from_path(str(source)) as workbook:
        names = list(workbook.sheet_names)
        if not names:
            raise WorkbookError("the workbook has no sheet")
        chosen = sheet or names[0]
        if chosen not in names:
            raise WorkbookError(f"there is no sheet {sheet!r}; expected one of {', '.join(names)}")
        write_rows(workbook.get_sheet_by_name(chosen).iter_rows(), target)
    return {"sheets": names, "sheet": chosen}


def check_package(source: Path) -> None:
    """Check the unpacked size of a workbook, before anything is unpacked.

    Raises:
        WorkbookError: a bound is broken, or the file is no workbook.
    """
    with source.open("rb") as file:
        if file.read(4) == OLD_WORKBOOK:
            raise WorkbookError(
                "this is a workbook of an old version of Excel, or has a password; save it as .xlsx"
            )
    with zipfile.ZipFile(source) as package:
        unpacked = sum(each.file_size for each in package.infolist())
        packed = max(sum(each.compress_size for each in package.infolist()), 1)
    if unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * packed:
        raise WorkbookError(
            f"the workbook unpacks to {unpacked:,} bytes, {unpacked // packed} times its size; expected at"
            f" most {MOST_RATIO} times and {MOST_UNPACKED:,} bytes: save the sheet as CSV and import that"
        )


def write_rows(rows: Any, target: Path) -> None:
    """Write rows as text, cells separated by tabs.

    Raises:
        WorkbookError: there are too many cells.
    """
    cells = 0
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        for row in rows:
            cells += len(row)
            if cells > MOST_CELLS:
                raise WorkbookError(f"the sheet has more than {MOST_CELLS:,} cells; split it")
            writer.writerow([cell_text(cell) for cell in row])


def cell_text(cell: Any) -> str:
    """Return a cell as text: times in ISO 8601, numbers with a decimal point.

    A datetime at midnight arrives as a date.
    """
    if isinstance(cell, datetime | time):
        return cell.isoformat()
    if isinstance(cell, date):
        return f"{cell.isoformat()}T00:00:00"
    return str(cell)


if __name__ == "__main__":
    sys.exit(main())

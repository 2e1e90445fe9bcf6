"""The files of imports in the data directory: private, bounded, deleted some days later."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from monitoring.sources.file_import.errors import ImportInputError
from monitoring.sources.file_import.limits import WORKBOOK_SECONDS

FOLDER = "imports"
KEPT_DAYS = 7
MOST_STORED = 2**30  # bytes of all files together
PACKAGE = b"PK\x03\x04"
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
ROOT = Path(__file__).resolve().parents[3]


class StoredFiles:
    """The files of one import: as received, a workbook's sheet as text, and the rejected rows."""

    def __init__(self, pk: int) -> None:
        self.folder = Path(settings.FERMON_DATA_DIR) / FOLDER / str(pk)
        self.received = self.folder / "received"
        self.sheet = self.folder / "sheet.tsv"
        self.rejected = self.folder / "rejected.csv"

    def make(self) -> None:
        """Make the folder, for this user alone."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def append(self, piece: bytes, offset: int) -> None:
        """Write a piece of the file at its place.

        Raises:
            ImportInputError: the disk is too full.
        """
        self.make()
        check_disk(self.folder, len(piece))
        with os.fdopen(os.open(self.received, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.seek(offset)
            file.truncate()
            file.write(piece)

    def delete_source(self) -> None:
        """Delete the file itself; the rejected rows stay."""
        for path in (self.received, self.sheet):
            path.unlink(missing_ok=True)

    def delete(self) -> None:
        """Delete all files of the import."""
        shutil.rmtree(self.folder, ignore_errors=True)


def check_disk(folder: Path, more: int) -> None:
    """Check that the disk has room.

    Raises:
        ImportInputError: the reserve of the disk would be used.
    """
    if shutil.disk_usage(folder).free - more < settings.FERMON_DISK_RESERVE_BYTES:
        raise ImportInputError(f"the disk of {folder.parent} is full; make room, then upload the file again")


def is_workbook(path: Path) -> bool:
    """Return whether a file is a workbook, new or old, by its first bytes.

    Raises:
        ImportInputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(4) in (PACKAGE, OLD_WORKBOOK)
    except OSError as error:
        raise ImportInputError(f"{path.name} cannot be read: {error.strerror}") from error


def convert_sheet(workbook: Path, text: Path, sheet: str, on_wait: Callable[[], None]) -> dict[str, Any]:
    """Write a sheet of a workbook as text in a process of its own; return the sheet and all names.

    Raises:
        ImportInputError: the workbook cannot be read, or breaks a bound.
    """
    command = [sys.executable, "-m", "monitoring.sources.file_import.workbook_child"]
    process = subprocess.Popen(  # noqa: S603 - no shell, and paths of our own
        [*command, str(workbook), str(text), sheet],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    try:
        result: dict[str, Any] = json.loads(answer_of(process, on_wait))
    except ValueError as error:
        raise ImportInputError(
            "the workbook cannot be read: it needs too much time or memory; save the sheet as CSV"
        ) from error
    finally:
        process.kill()
        process.wait()
    if "error" in result:
        raise ImportInputError(result["error"], "sheet" if "no sheet" in result["error"] else "file")
    return result


def answer_of(process: subprocess.Popen[bytes], on_wait: Callable[[], None]) -> bytes:
    """Return the output of a process; call ``on_wait`` each second. Empty if the time is up."""
    for _ in range(2 * WORKBOOK_SECONDS):
        try:
            return process.communicate(timeout=1)[0]
        except subprocess.TimeoutExpired:
            on_wait()
    return b""

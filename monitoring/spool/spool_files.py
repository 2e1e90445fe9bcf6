"""The store-and-forward spool: readings that wait on disk for the database, as JSON lines.

``save`` appends to ``pending.jsonl`` and syncs the file before the source gets an answer. A replay (see
``replay.py``) first renames the file to ``replaying.jsonl``, so that no process appends to a file that is
being read. A lock file keeps processes apart. ``replaying.done`` holds the number of lines that are already
stored, for the count of waiting readings. A line has the time of arrival, the source and the reading.
Readings that were rejected at once wait in ``refused.jsonl``, with the reason, to be recorded as rejected.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from filelock import FileLock, Timeout

from monitoring.kernel.clock import iso_utc
from monitoring.kernel.durability import sync_directory
from monitoring.kernel.failpoints import failpoint
from monitoring.kernel.runtime import part

LOCK_TIMEOUT_S = 10
BLOCK = 1024 * 1024
HEAD = 64
PENDING, REPLAYING = "pending.jsonl", "replaying.jsonl"
REFUSED, REMEMBERING = "refused.jsonl", "remembering.jsonl"


class SpoolFullError(Exception):
    """The readings cannot be saved: the disk, or the share of the disk for the spool, is full."""


@dataclass(frozen=True, slots=True)
class SpooledReading:
    """A line of the spool. ``refused`` has ``reason`` and ``message`` of a rejected reading, else nothing."""

    kept_at: str
    source: str
    reading: Any
    refused: dict[str, str]


class Counted(NamedTuple):
    """The number of lines in the first ``size`` bytes of a file.

    ``head`` identifies the file, since each begins with a timestamp: a new file may reuse an inode.
    """

    head: bytes
    size: int
    lines: int


class LineCounts:
    """The lines that this process has counted, by file."""

    def __init__(self) -> None:
        self.by_file: dict[Path, Counted] = {}


def directory() -> Path:
    """Return the directory of the spool."""
    return Path(settings.FERMON_DATA_DIR) / "dead_letters"


@contextmanager
def locked(name: str, *, timeout_s: float) -> Iterator[Path]:
    """Hold one of the locks of the spool; yield the directory.

    Raises:
        filelock.Timeout: another process holds the lock.
        OSError: the directory can't be made.
    """
    spool = directory()
    spool.mkdir(parents=True, exist_ok=True)
    with FileLock(spool / f"{name}.lock", timeout=timeout_s):
        yield spool


def save(readings: Iterable[SpooledReading]) -> None:
    """Append readings to the spool; on return they are on the disk.

    Raises:
        SpoolFullError: none of them is saved.
    """
    lines: dict[str, list[str]] = {PENDING: [], REFUSED: []}
    for one in readings:
        lines[REFUSED if one.refused else PENDING].append(json.dumps(asdict(one)) + "\n")
    texts = {name: "".join(part).encode() for name, part in lines.items() if part}
    try:
        with locked("append", timeout_s=LOCK_TIMEOUT_S) as spool:
            check_space(spool, sum(map(len, texts.values())))
            for name, text in texts.items():
                failpoint("dead_letters.before_write")
                append(spool / name, text)
    except (OSError, Timeout) as error:
        raise SpoolFullError(f"{directory()} can't be written: {error}") from error


def check_space(spool: Path, more: int) -> None:
    """Raise SpoolFullError if ``more`` bytes exceed the limit of the spool or the reserve of the disk."""
    if total_size() + more > settings.FERMON_DEAD_LETTER_BYTES:
        raise SpoolFullError(f"{spool} holds as much as FERMON_DEAD_LETTER_BYTES allows")
    if shutil.disk_usage(spool).free - more < settings.FERMON_DISK_RESERVE_BYTES:
        raise SpoolFullError(f"the disk of {spool} has no more than FERMON_DISK_RESERVE_BYTES left")


def total_size() -> int:
    """Return the size of all files of the spool in bytes."""
    return sum(size(directory() / name) for name in (PENDING, REPLAYING, REFUSED, REMEMBERING))


def size(path: Path) -> int:
    """Return the size of a file in bytes, 0 if there is none."""
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def append(path: Path, lines: bytes) -> None:
    """Append whole lines and sync the file; undo a write that fails half-way."""
    with path.open("ab", buffering=0) as file:
        before = file.tell()
        torn = before > 0 and not ends_in_newline(path)
        try:
            write_all(file.fileno(), b"\n" + lines if torn else lines)
            failpoint("dead_letters.before_sync")
            os.fsync(file.fileno())
        except OSError:
            file.truncate(before)  # no half line, and no line that was never acknowledged
            raise
    if not before:
        sync_directory(path.parent)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte; one call of ``os.write`` may write fewer."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def ends_in_newline(path: Path) -> bool:
    """Return whether the last line is complete; a power failure may have torn the line."""
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def anything_waits() -> bool:
    """Return whether readings wait to be stored or to be recorded as rejected."""
    return any(size(directory() / name) for name in (PENDING, REPLAYING, REFUSED, REMEMBERING))


def pending_count() -> int:
    """Return how many readings wait to be stored."""
    pending, replaying = directory() / PENDING, directory() / REPLAYING
    return line_count(pending) + max(0, line_count(replaying) - done_count(replaying))


def note_done(path: Path, lines: int) -> None:
    """Note that the first lines of a file are stored; optional, and impossible on a full disk."""
    note = path.with_suffix(".done.new")
    with suppress(OSError):
        note.write_text(str(lines), encoding="ascii")
        note.replace(path.with_suffix(".done"))


def done_count(path: Path) -> int:
    """Return how many lines of the file are stored according to ``note_done``."""
    try:
        return int(path.with_suffix(".done").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def line_count(path: Path) -> int:
    """Return the number of complete lines, 0 without a file; read only bytes added since the last count."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
            counted = part(LineCounts).by_file.get(path, Counted(head, 0, 0))
            if counted.head != head or counted.size > os.fstat(file.fileno()).st_size:
                counted = Counted(head, 0, 0)
            file.seek(counted.size)
            lines, end = counted.lines, counted.size
            while block := file.read(BLOCK):
                lines, end = lines + block.count(b"\n"), end + len(block)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    part(LineCounts).by_file[path] = Counted(head, end, lines)
    return lines


def pending_since() -> datetime | None:
    """Return the time of arrival of the first waiting reading; None if none waits."""
    for name in (REPLAYING, PENDING):
        try:
            with (directory() / name).open("rb") as file:
                return datetime.fromisoformat(json.loads(file.readline())["kept_at"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def spooled(
    reading: Any, *, source: str, now: datetime, refused: dict[str, str] | None = None
) -> SpooledReading:
    """Return a reading that arrived now as a line of the spool."""
    return SpooledReading(iso_utc(now), source, reading, refused or {})

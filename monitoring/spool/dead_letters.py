"""Readings that could not be stored yet: JSON lines on disk, each synced before anybody is told.

``pending.jsonl`` takes new ones. A replay (see ``replay.py``) first renames it to
``replaying.jsonl``, so that nobody appends to what is being read. A lock file keeps processes
apart. ``replaying.done`` says how many of its lines are done with, for whoever counts what waits.
A line holds when and from whom the reading came, and the reading. What was refused at once waits,
with the reason, in ``refused.jsonl`` to be remembered as refused.
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
from monitoring.kernel.failpoints import crash_point

LOCK_TIMEOUT_S = 10
BLOCK = 1024 * 1024
HEAD = 64
PENDING, REPLAYING = "pending.jsonl", "replaying.jsonl"
REFUSED, REMEMBERING = "refused.jsonl", "remembering.jsonl"


class DeadLettersFullError(Exception):
    """The readings could not be kept: the disk, or the share of it that they may use, is full."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A reading on disk. ``refused`` is empty, or why it was refused (``reason``, ``message``)."""

    kept_at: str
    source: str
    reading: Any
    refused: dict[str, str]


class Counted(NamedTuple):
    """How many lines the first ``size`` bytes of a file have.

    A file is known by how it begins, which is with a moment: a new one may get the number of an old.
    """

    head: bytes
    size: int
    lines: int


_counted: dict[Path, Counted] = {}


def directory() -> Path:
    """Where the dead letters lie."""
    return Path(settings.FERMON_DATA_DIR) / "dead_letters"


@contextmanager
def locked(name: str, *, timeout_s: float) -> Iterator[Path]:
    """The directory, with one of its locks held.

    Raises:
        filelock.Timeout: another process holds it.
        OSError: the directory can't be made.
    """
    place = directory()
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / f"{name}.lock", timeout=timeout_s):
        yield place


def keep(letters: Iterable[DeadLetter]) -> None:
    """Appends the letters; when this returns they are on the disk.

    Raises:
        DeadLettersFullError: they are not.
    """
    lines: dict[str, list[str]] = {PENDING: [], REFUSED: []}
    for one in letters:
        lines[REFUSED if one.refused else PENDING].append(json.dumps(asdict(one)) + "\n")
    texts = {name: "".join(part).encode() for name, part in lines.items() if part}
    try:
        with locked("append", timeout_s=LOCK_TIMEOUT_S) as place:
            refuse_if_full(place, sum(map(len, texts.values())))
            for name, text in texts.items():
                crash_point("dead_letters.before_write")
                append(place / name, text)
    except (OSError, Timeout) as error:
        raise DeadLettersFullError(f"{directory()} can't be written: {error}") from error


def refuse_if_full(place: Path, more: int) -> None:
    """Raises DeadLettersFullError if so many more bytes go beyond what the letters may take."""
    taken = sum(size(place / name) for name in (PENDING, REPLAYING, REFUSED, REMEMBERING))
    if taken + more > settings.FERMON_DEAD_LETTER_BYTES:
        raise DeadLettersFullError(f"{place} holds as much as FERMON_DEAD_LETTER_BYTES allows")
    if shutil.disk_usage(place).free - more < settings.FERMON_DISK_RESERVE_BYTES:
        raise DeadLettersFullError(f"the disk of {place} has no more than FERMON_DISK_RESERVE_BYTES left")


def size(path: Path) -> int:
    """The file's bytes, 0 if there is none."""
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def append(path: Path, lines: bytes) -> None:
    """Adds whole lines and syncs them; a write that fails half-way is undone."""
    with path.open("ab", buffering=0) as file:
        before = file.tell()
        torn = before > 0 and not ends_in_newline(path)
        try:
            write_all(file.fileno(), b"\n" + lines if torn else lines)
            crash_point("dead_letters.before_sync")
            os.fsync(file.fileno())
        except OSError:
            file.truncate(before)  # no half line, and no line that nobody was told is safe
            raise
    if not before:
        sync_directory(path.parent)


def write_all(descriptor: int, data: bytes) -> None:
    """Writes every byte: the system may take fewer at once than it is given."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def ends_in_newline(path: Path) -> bool:
    """Whether the last line is whole (it is not if the power went while it was written)."""
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def anything_waits() -> bool:
    """Whether there is anything to replay or to remember."""
    return any(size(directory() / name) for name in (PENDING, REPLAYING, REFUSED, REMEMBERING))


def pending_count() -> int:
    """How many readings wait to be replayed."""
    pending, replaying = directory() / PENDING, directory() / REPLAYING
    return line_count(pending) + max(0, line_count(replaying) - done_count(replaying))


def note_done(path: Path, lines: int) -> None:
    """Notes that so many lines of a file are done with; that can't be written on a full disk, nor need be."""
    note = path.with_suffix(".done.new")
    with suppress(OSError):
        note.write_text(str(lines))
        note.replace(path.with_suffix(".done"))


def done_count(path: Path) -> int:
    """How many of the file's lines are done with, as far as that was noted."""
    try:
        return int(path.with_suffix(".done").read_text())
    except (OSError, ValueError):
        return 0


def line_count(path: Path) -> int:
    """The file's whole lines, 0 if there is no file. Reads only what has come since it last looked."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
            counted = _counted.get(path, Counted(head, 0, 0))
            if counted.head != head or counted.size > os.fstat(file.fileno()).st_size:
                counted = Counted(head, 0, 0)
            file.seek(counted.size)
            lines, end = counted.lines, counted.size
            while block := file.read(BLOCK):
                lines, end = lines + block.count(b"\n"), end + len(block)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    _counted[path] = Counted(head, end, lines)
    return lines


def pending_since() -> datetime | None:
    """When the first of those that wait was kept; None if none waits."""
    for name in (REPLAYING, PENDING):
        try:
            with (directory() / name).open("rb") as file:
                return datetime.fromisoformat(json.loads(file.readline())["kept_at"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def letter(reading: Any, *, source: str, now: datetime, refused: dict[str, str] | None = None) -> DeadLetter:
    """A letter of a reading that came just now."""
    return DeadLetter(iso_utc(now), source, reading, refused or {})

"""Readings that could not be stored yet: JSON lines on disk, replayed until they are.

``pending.jsonl`` takes new ones. A replay first renames it to ``replaying.jsonl``, so that nobody
appends to what is being read, and deletes that only when all of it is committed elsewhere. What
the database will never take moves to ``refused.jsonl`` with its reason. A lock file keeps
processes apart; every append is fsynced before anybody is told that it is safe.
"""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from filelock import FileLock, Timeout

from monitoring.ingest.pipeline import Outcome, Status, ingest_readings

logger = logging.getLogger(__name__)

CHUNK = 1000
LOCK_TIMEOUT_S = 10


class DeadLettersFullError(Exception):
    """The readings could not be kept: the disk, or the share of it that they may use, is full."""


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


def keep(items: Sequence[object]) -> None:
    """Appends the readings; when this returns they are on the disk.

    Raises:
        DeadLettersFullError: they are not.
    """
    lines = "".join(json.dumps(item) + "\n" for item in items).encode()
    try:
        with locked("append", timeout_s=LOCK_TIMEOUT_S) as place:
            path = place / "pending.jsonl"
            if size(path) + size(place / "replaying.jsonl") + len(lines) > settings.FERMON_DEAD_LETTER_BYTES:
                raise DeadLettersFullError(f"{place} holds as much as FERMON_DEAD_LETTER_BYTES allows")
            append(path, lines)
    except (OSError, Timeout) as error:
        raise DeadLettersFullError(f"{directory()} can't be written: {error}") from error


def size(path: Path) -> int:
    """The file's bytes, 0 if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def append(path: Path, lines: bytes) -> None:
    """Adds whole lines and syncs them; a write that fails half-way is undone."""
    with path.open("ab", buffering=0) as file:
        before = file.tell()
        torn = before > 0 and not ends_in_newline(path)
        try:
            file.write(b"\n" + lines if torn else lines)
            os.fsync(file.fileno())
        except OSError:
            file.truncate(before)
            raise
    if not before:
        sync_directory(path.parent)


def ends_in_newline(path: Path) -> bool:
    """Whether the last line is whole (it is not if the power went while it was written)."""
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def sync_directory(path: Path) -> None:
    """Makes a new file's name as durable as its content; Windows does so by itself."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def pending_count() -> int:
    """How many readings wait to be replayed."""
    return sum(line_count(directory() / name) for name in ("pending.jsonl", "replaying.jsonl"))


def refused_count() -> int:
    """How many readings the database will never take."""
    return line_count(directory() / "refused.jsonl")


def line_count(path: Path) -> int:
    """The file's lines, 0 if there is no file."""
    try:
        with path.open("rb") as file:
            return sum(1 for line in file if line.strip())
    except (FileNotFoundError, NotADirectoryError):
        return 0


def replay() -> int:
    """Stores what waits, oldest first; how many readings are done with. Repeating it is harmless.

    Raises:
        django.db.Error: the database is still away; what is not committed is kept.
    """
    if not pending_count():
        return 0
    try:
        with locked("replay", timeout_s=0) as place:
            with locked("append", timeout_s=LOCK_TIMEOUT_S):
                if not (place / "replaying.jsonl").exists():
                    (place / "pending.jsonl").replace(place / "replaying.jsonl")
            return replay_file(place / "replaying.jsonl")
    except Timeout:
        return 0  # another process is at it


def replay_file(path: Path) -> int:
    """Ingests the file's readings in order of time, then deletes it."""
    items = sorted(read_lines(path), key=lambda item: str(item.get("timestamp", "")))
    for start in range(0, len(items), CHUNK):
        chunk = items[start : start + CHUNK]
        set_aside(path.parent / "refused.jsonl", chunk, ingest_readings(chunk))
    path.unlink()
    logger.info("dead letters replayed", extra={"readings": len(items)})
    return len(items)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The file's whole lines; a torn one was never acknowledged and is left out."""
    items = []
    with path.open("rb") as file:
        for line in file:
            try:
                item = json.loads(line)
            except ValueError:
                item = None
            if isinstance(item, dict):
                items.append(item)
            elif line.strip():
                logger.warning("torn dead letter left out", extra={"line": repr(line[:200])})
    return items


def set_aside(path: Path, items: Sequence[dict[str, Any]], outcomes: Sequence[Outcome]) -> None:
    """Keeps those that can never be stored, each with the reason."""
    refused = [
        {"reading": item, "reason": outcome.error}
        for item, outcome in zip(items, outcomes, strict=True)
        if outcome.status in {Status.REJECTED, Status.CONFLICT}
    ]
    if refused:
        append(path, "".join(json.dumps(row) + "\n" for row in refused).encode())
        logger.warning("dead letters refused", extra={"readings": len(refused), "first": refused[0]})

"""Stores the dead letters, oldest first, and sets aside what can't be stored.

Nothing leaves the disk before it is committed: as a measurement, as a reading that a person has
to look at, or as a refusal that is only remembered. Being repeated does no harm.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from django.db import DataError, IntegrityError, transaction
from filelock import Timeout

from monitoring.ingest.outcomes import Outcome, Status
from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.rejections import remember_refusals
from monitoring.ingest.validate import Reason, tag_of
from monitoring.kernel.durability import sync_directory
from monitoring.kernel.failpoints import crash_point
from monitoring.models import SetAsideReading
from monitoring.spool.dead_letters import (
    LOCK_TIMEOUT_S,
    PENDING,
    REFUSED,
    REMEMBERING,
    REPLAYING,
    DeadLetter,
    anything_waits,
    locked,
    note_done,
)

logger = logging.getLogger(__name__)

CHUNK = 1000


def replay() -> int:
    """Stores what waits on disk; how many readings are done with.

    Raises:
        django.db.Error: the database is still away; what is not committed stays on disk.
        OSError: the disk can't be read.
    """
    if not anything_waits():
        return 0
    done = 0
    try:
        with locked("replay", timeout_s=0) as place:
            for source, target in ((REFUSED, REMEMBERING), (PENDING, REPLAYING)):
                done += commit_file(place / target)  # left by a replay that was cut short
                take_over(place / source, place / target)
                done += commit_file(place / target)
    except Timeout:
        return done  # another process is at it
    logger.info("dead letters replayed", extra={"readings": done})
    return done


def take_over(source: Path, target: Path) -> None:
    """Renames the file that is appended to, so that nobody appends to what is read."""
    with locked("append", timeout_s=LOCK_TIMEOUT_S):
        if source.exists():
            source.replace(target)
            crash_point("replay.after_rename")
            sync_directory(target.parent)


def commit_file(path: Path) -> int:
    """Commits the file's letters chunk by chunk, then deletes it; how many there were."""
    if not path.exists():
        return 0
    done = 0
    letters = read_letters(path)
    while chunk := list(islice(letters, CHUNK)):
        commit(chunk)
        crash_point("replay.after_chunk")
        done += len(chunk)
        note_done(path, done)
    crash_point("replay.before_unlink")
    path.with_suffix(".done").unlink(missing_ok=True)  # first: it must not be taken for the next file's
    path.unlink()
    crash_point("replay.after_unlink")
    sync_directory(path.parent)
    return done


def read_letters(path: Path) -> Iterator[DeadLetter]:
    """The file's letters; a torn line was never acknowledged and is left out."""
    with path.open("rb") as file:
        for line in file:
            try:
                yield DeadLetter(**json.loads(line))
            except (ValueError, TypeError):
                if line.strip():
                    logger.warning("torn dead letter left out", extra={"line": repr(line[:200])})


def commit(letters: Sequence[DeadLetter]) -> None:
    """Takes the letters into the database, all that belongs to them in one transaction.

    Letters that the database itself can't take are parted from their neighbours and set aside.
    """
    try:
        with transaction.atomic():
            waiting = [letter for letter in letters if not letter.refused]
            outcomes = ingest_readings(
                [letter.reading for letter in waiting], senders=[letter.source for letter in waiting]
            )
            set_aside(waiting, outcomes)
            remember([letter for letter in letters if letter.refused])
            crash_point("replay.before_commit")
    except (DataError, IntegrityError) as error:
        if len(letters) > 1:
            middle = len(letters) // 2
            commit(letters[:middle])
            commit(letters[middle:])
        else:
            keep_aside(letters[0], f"the database can't take it: {error}")


def set_aside(letters: Sequence[DeadLetter], outcomes: Iterable[Outcome]) -> None:
    """Sets those aside that were refused: they were acknowledged, so a person has to decide."""
    for letter, outcome in zip(letters, outcomes, strict=True):
        if outcome.reason is not None:
            keep_aside(letter, outcome.error)


def keep_aside(letter: DeadLetter, message: str) -> None:
    """Sets one letter aside; a second time it changes nothing."""
    text = json.dumps(letter.reading, sort_keys=True)
    SetAsideReading.objects.get_or_create(
        digest=hashlib.sha256(text.encode()).hexdigest(),
        defaults={
            "reading": storable(letter.reading),
            "source": letter.source,
            "kept_at": datetime.fromisoformat(letter.kept_at),
            "set_aside_at": datetime.now(UTC),
            "message": message,
        },
    )
    logger.warning("reading set aside", extra={"reading": text[:200], "reason": message})


def storable(reading: Any) -> Any:
    """The reading as a JSON column takes it, which knows no NaN."""
    return json.loads(json.dumps(reading), parse_constant=str)


def remember(letters: Sequence[DeadLetter]) -> None:
    """Remembers what had been refused while the database was away, as much at once as came at once."""
    for (source, kept_at), group in groupby(letters, key=lambda letter: (letter.source, letter.kept_at)):
        together = list(group)
        remember_refusals(
            source,
            [(letter.reading, refusal_of(letter)) for letter in together],
            now=datetime.fromisoformat(kept_at),
        )


def refusal_of(letter: DeadLetter) -> Outcome:
    """What the source of a refused letter was told."""
    return Outcome(
        tag_of(letter.reading),
        Status.REJECTED,
        reason=Reason(letter.refused["reason"]),
        error=letter.refused["message"],
    )


def retry(row: SetAsideReading) -> Outcome:
    """Tries once more to store a reading that was set aside; if that works it is so no longer.

    Raises:
        django.db.Error: the database did not take it; it stays set aside.
    """
    with transaction.atomic():
        (outcome,) = ingest_readings([row.reading], senders=[row.source])
        if outcome.reason is None:
            row.delete()
        else:
            row.message = outcome.error
            row.save(update_fields=["message"])
    return outcome

"""Store spooled readings, oldest first; readings that can't be stored become dead letters.

A reading leaves the disk only after a commit: as a measurement, as a dead letter for a person to decide, or
as the record of a rejection. Repeating a replay does no harm.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import DataError, IntegrityError, transaction
from filelock import Timeout

from monitoring.ingest.outcomes import Outcome, Status
from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.rejections import RejectedReading, remember_rejections
from monitoring.ingest.validate import RejectionReason, tag_of
from monitoring.kernel.durability import sync_directory
from monitoring.kernel.failpoints import failpoint
from monitoring.models import SetAsideReading
from monitoring.spool.spool_files import (
    LOCK_TIMEOUT_S,
    PENDING,
    REFUSED,
    REMEMBERING,
    REPLAYING,
    SpooledReading,
    anything_waits,
    locked,
    note_done,
)

logger = logging.getLogger(__name__)

CHUNK = 1000


def replay() -> int:
    """Store the readings that wait on disk; return how many left the disk.

    Raises:
        django.db.Error: the database is still unavailable; readings without a commit stay on disk.
        OSError: the disk can't be read.
    """
    if not anything_waits():
        return 0
    done = 0
    try:
        with locked("replay", timeout_s=0) as spool:
            for source, target in ((REFUSED, REMEMBERING), (PENDING, REPLAYING)):
                done += commit_file(spool / target)  # left by an interrupted replay
                take_over(spool / source, spool / target)
                done += commit_file(spool / target)
    except Timeout:
        return done  # another process replays
    logger.info("dead letters replayed", extra={"readings": done})
    return done


def take_over(source: Path, target: Path) -> None:
    """Rename the file that takes new readings, so that no process appends to a file that is being read."""
    with locked("append", timeout_s=LOCK_TIMEOUT_S):
        if source.exists():
            source.replace(target)
            failpoint("replay.after_rename")
            sync_directory(target.parent)


def commit_file(path: Path) -> int:
    """Commit the readings of a file chunk by chunk, then delete the file; return how many."""
    if not path.exists():
        return 0
    done = 0
    readings = read_file(path)
    while chunk := list(islice(readings, CHUNK)):
        commit(chunk)
        failpoint("replay.after_chunk")
        done += len(chunk)
        note_done(path, done)
    failpoint("replay.before_unlink")
    path.with_suffix(".done").unlink(missing_ok=True)  # first: the next file must not inherit the count
    path.unlink()
    failpoint("replay.after_unlink")
    sync_directory(path.parent)
    return done


def read_file(path: Path) -> Iterator[SpooledReading]:
    """Yield the readings of a file; skip a torn line, which was never acknowledged."""
    with path.open("rb") as file:
        for line in file:
            try:
                yield SpooledReading(**json.loads(line))
            except (ValueError, TypeError):
                if line.strip():
                    logger.warning("torn dead letter left out", extra={"line": repr(line[:200])})


def commit(readings: Sequence[SpooledReading]) -> None:
    """Store readings, with dead letters and recorded rejections, in one transaction.

    If the database rejects a reading, split the sequence until that reading is alone and becomes a dead
    letter.
    """
    try:
        with transaction.atomic():
            waiting = [one for one in readings if not one.refused]
            outcomes = ingest_readings(
                [one.reading for one in waiting], senders=[one.source for one in waiting]
            )
            add_dead_letters(waiting, outcomes)
            record_rejections([one for one in readings if one.refused])
            failpoint("replay.before_commit")
    except (DataError, IntegrityError) as error:
        if len(readings) > 1:
            middle = len(readings) // 2
            commit(readings[:middle])
            commit(readings[middle:])
        else:
            add_dead_letter(readings[0], f"the database can't take it: {error}")


def add_dead_letters(readings: Sequence[SpooledReading], outcomes: Iterable[Outcome]) -> None:
    """Keep rejected readings as dead letters: they were acknowledged, so a person has to decide."""
    for spooled, outcome in zip(readings, outcomes, strict=True):
        if outcome.reason is not None:
            add_dead_letter(spooled, outcome.error)


def add_dead_letter(spooled: SpooledReading, message: str) -> None:
    """Keep a reading as a dead letter, once even if repeated."""
    text = json.dumps(spooled.reading, sort_keys=True)
    SetAsideReading.objects.get_or_create(
        digest=hashlib.sha256(text.encode()).hexdigest(),
        defaults={
            "reading": json_without_nan(spooled.reading),
            "source": spooled.source,
            "kept_at": datetime.fromisoformat(spooled.kept_at),
            "set_aside_at": datetime.now(UTC),
            "message": message,
        },
    )
    logger.warning("reading set aside", extra={"reading": text[:200], "reason": message})


def json_without_nan(reading: Any) -> Any:
    """Return the reading for a JSON column; NaN and infinities become texts."""
    return json.loads(json.dumps(reading), parse_constant=str)


def record_rejections(readings: Sequence[SpooledReading]) -> None:
    """Record the rejections made during the outage, with the times of arrival."""
    remember_rejections(
        [
            RejectedReading(one.reading, rejection_of(one), one.source, datetime.fromisoformat(one.kept_at))
            for one in readings
        ]
    )


def rejection_of(spooled: SpooledReading) -> Outcome:
    """Return the outcome that the source of a rejected reading received."""
    return Outcome(
        tag_of(spooled.reading),
        Status.REJECTED,
        reason=RejectionReason(spooled.refused["reason"]),
        error=spooled.refused["message"],
    )


def retry(row: SetAsideReading) -> Outcome:
    """Try again to store a dead letter; delete the dead letter on success.

    Raises:
        django.db.Error: the database failed; the dead letter stays.
    """
    with transaction.atomic():
        (outcome,) = ingest_readings([row.reading], senders=[row.source])
        if outcome.reason is None:
            row.delete()
        else:
            row.message = outcome.error
            row.save(update_fields=["message"])
    return outcome

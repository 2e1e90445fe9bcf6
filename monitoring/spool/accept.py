"""The write path for sources that can't send again: store, or else keep safe on disk."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from django.db import Error as DatabaseError
from django.db import connection

from monitoring.ingest.outcomes import Outcome, Outcomes, Status
from monitoring.ingest.parse import validate
from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.tags import last_known_definitions
from monitoring.ingest.validate import Rejection, tag_of
from monitoring.kernel import outages
from monitoring.kernel.failpoints import crash_point
from monitoring.spool import dead_letters
from monitoring.spool.dead_letters import DeadLetter, DeadLettersFullError, letter
from monitoring.spool.replayer import replayer_runs, wake_replayer


def take_in(items: Sequence[object], *, source: str) -> Outcomes:
    """Stores what a source sent, or keeps it on disk while the database is away.

    During an outage it goes to the disk at once: the replayer finds out when the outage is over,
    and no source waits for a lock that the one before has waited for in vain.

    Raises:
        DeadLettersFullError: neither was possible; the source has to send it again.
    """
    if outages.storing.since and replayer_runs():
        with suppress(DeadLettersFullError):
            return keep_valid(items, source=source)
    try:
        outcomes = ingest_readings(items, source=source)
    except DatabaseError as error:
        outages.storing.begin(error)
        connection.close()
        return keep_valid(items, source=source)
    crash_point("ingest.before_answer")
    outages.storing.end()
    outages.keeping.end()
    return outcomes


def keep_valid(items: Sequence[object], *, source: str) -> Outcomes:
    """Keeps on disk what may be valid by the tags as last seen; refuses what certainly is not.

    What is refused goes to the disk too, marked, to be remembered as refused later.
    """
    now = datetime.now(UTC)
    rejections = certain_rejections(items, now=now)
    try:
        dead_letters.keep(
            as_letter(item, rejections.get(position), source=source, now=now)
            for position, item in enumerate(items)
        )
    except DeadLettersFullError as error:
        outages.keeping.begin(error)
        raise
    outages.keeping.end()
    crash_point("dead_letters.before_answer")
    wake_replayer()
    outcomes = Outcomes(len(items))
    outcomes.others = {place: Outcome(tag_of(item), Status.KEPT) for place, item in enumerate(items)}
    outcomes.refuse(rejections)
    return outcomes


def as_letter(item: object, rejection: Rejection | None, *, source: str, now: datetime) -> DeadLetter:
    """The item as it is kept."""
    refused = {"reason": str(rejection.reason), "message": rejection.message} if rejection else None
    return letter(plain_fields(item), source=source, now=now, refused=refused)


def plain_fields(item: object) -> dict[str, object]:
    """What makes the item a reading, without what else it carries.

    Anything nested is left out: the replay refuses it in any case, and deep nesting can't be written.
    """
    fields = item if isinstance(item, Mapping) else {}
    return {
        name: fields[name]
        for name in ("timestamp", "tag", "value")
        if isinstance(fields.get(name), str | int | float)
    }


def certain_rejections(items: Sequence[object], *, now: datetime) -> dict[int, Rejection]:
    """What is refused whatever the database would say, by position.

    A process that has never seen the tags can refuse only what is no object; the replay does the rest.
    """
    tags = last_known_definitions()
    rejections = validate(items, tags or {}, now=now)[1]
    if tags is None:
        rejections = {position: why for position, why in rejections.items() if why.field == "reading"}
    return rejections

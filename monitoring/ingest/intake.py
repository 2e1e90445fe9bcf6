"""The write path for sources that can't send again: store, or else keep safe on disk."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from django.db import Error as DatabaseError
from django.db import connection

from monitoring.domain.readings import Rejection, tag_of, validate
from monitoring.ingest import dead_letters
from monitoring.ingest.pipeline import Outcome, Status, in_order, ingest_readings
from monitoring.ingest.tags import last_known_definitions

logger = logging.getLogger(__name__)


def take_in(items: Sequence[object]) -> list[Outcome]:
    """Stores what a source sent, or keeps it on disk while the database is away.

    Raises:
        DeadLettersFullError: neither was possible; the source has to send it again.
    """
    try:
        return ingest_readings(items)
    except DatabaseError as error:
        logger.warning(
            "database away, readings kept on disk", extra={"error": str(error), "readings": len(items)}
        )
        connection.close()
        return keep_valid(items)


def keep_valid(items: Sequence[object]) -> list[Outcome]:
    """Keeps on disk what may be valid by the tags as last seen; refuses what certainly is not."""
    rejections = certain_rejections(items)
    kept = [position for position in range(len(items)) if position not in rejections]
    dead_letters.keep([plain_fields(items[position]) for position in kept])
    outcomes = {position: Outcome(tag_of(items[position]), Status.KEPT) for position in kept}
    return in_order(len(items), outcomes, rejections)


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


def certain_rejections(items: Sequence[object]) -> dict[int, Rejection]:
    """What is refused whatever the database would say, by position.

    A process that has never seen the tags can refuse only what is no object; the replay does the rest.
    """
    tags = last_known_definitions()
    rejections = validate(items, tags or {}, now=datetime.now(UTC))[1]
    if tags is None:
        rejections = {position: why for position, why in rejections.items() if why.field == "reading"}
    return rejections

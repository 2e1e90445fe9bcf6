"""Alarms as a source of changes for the stream; many changes at once are one message."""

from collections.abc import Sequence

import orjson

from monitoring.alarms.reading import changed_alarms, newest_revision, read_counts
from monitoring.live.ring import StreamMessage
from monitoring.models import AlarmState

MOST_SINGLE = 50
ALARM = b"event: alarm\ndata: %b\n\n"
ALARMS = b"event: alarms\ndata: %b\n\n"


class AlarmChanges:
    """The alarms, as a source of changes: ``alarm`` for a single one, ``alarms`` for many at once.

    A flood must not be thousands of messages to each subscriber; ``alarms`` has counts and a revision, and
    subscribers read the list anew. Subscribers to some tags get ``alarms`` without counts, which are totals.
    """

    name = "alarm"

    def newest_revision(self) -> int:
        """See ``ChangeSource``."""
        return newest_revision()

    def read_changed(self, *, after: int, limit: int) -> list[StreamMessage]:
        """See ``ChangeSource``."""
        rows = AlarmState.objects.filter(revision__gt=after).order_by("revision")
        changed = list(rows.values_list("revision", "definition__tag__name"))
        if len(changed) > MOST_SINGLE:
            revisions, tags = zip(*changed, strict=True)
            return [message_of_many(revisions, frozenset(filter(None, tags)))]
        return [
            StreamMessage(alarm.revision, alarm.tag, ALARM % orjson.dumps(alarm.as_json()))
            for alarm in changed_alarms(after=after, limit=MOST_SINGLE)
        ]


def message_of_many(revisions: Sequence[int], tags: frozenset[str]) -> StreamMessage:
    """Return the message that many alarms have changed, with the revision before the first of them."""
    about = {"changed": len(revisions), "after_revision": revisions[0] - 1, "revision": revisions[-1]}
    return StreamMessage(
        revisions[-1],
        "",
        ALARMS % orjson.dumps({**about, "counts": read_counts().as_json()}),
        tags=tags,
        excerpt=ALARMS % orjson.dumps({name: about[name] for name in ("after_revision", "revision")}),
    )

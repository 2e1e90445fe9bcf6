"""Rows and events as messages of the stream."""

from collections.abc import Sequence

import orjson
from django.db import OperationalError, connection

from monitoring.database.connections import close_if_replaced, identity_of
from monitoring.history.events import StoredEvent, changed_events, newest_revision
from monitoring.history.measurements import MeasurementPage, Row
from monitoring.live.ring import StreamMessage


def messages_of(rows: Sequence[Row]) -> list[StreamMessage]:
    """Return each row as a server-sent event ``measurement``, with the row's id as event id."""
    return [
        StreamMessage(
            item["id"],
            item["tag"],
            b"event: measurement\nid: %d\ndata: %b\n\n" % (item["id"], orjson.dumps(item)),
        )
        for item in MeasurementPage(list(rows), None).as_json()
    ]


def message_of_change(revision: int, event: StoredEvent) -> StreamMessage:
    """Return an event of the detectors as a server-sent event ``event``.

    The text has no ``id`` line: in the stream, only ids of measurements are offsets.
    """
    return StreamMessage(revision, event.tag, b"event: event\ndata: %b\n\n" % orjson.dumps(event.as_json()))


class EventChanges:
    """The events of the detectors, as a source of changes."""

    name = "event"

    def newest_revision(self) -> int:
        """See ``ChangeSource``."""
        return newest_revision()

    def read_changed(self, *, after: int, limit: int) -> list[StreamMessage]:
        """See ``ChangeSource``."""
        return [message_of_change(*changed) for changed in changed_events(after=after, limit=limit)]


def reopen_if_replaced() -> None:
    """Close the connection if the database file was replaced.

    Raises:
        OperationalError: the database file is missing; SQLite would create an empty one.
    """
    close_if_replaced()
    if connection.vendor == "sqlite" and connection.connection is None and identity_of(connection) is None:
        raise OperationalError("the database file is gone")

"""The process's one feed: rows and events as stream messages, read once for all subscribers."""

from collections.abc import Sequence

import orjson
from django.db import OperationalError, connection

from monitoring.database.connections import close_if_replaced, identity_of
from monitoring.history.events import StoredEvent
from monitoring.history.measurements import Page, Row
from monitoring.live.feed import Feed
from monitoring.live.ring import Event


def events_of(rows: Sequence[Row]) -> list[Event]:
    """The rows as they go over the wire."""
    return [
        Event(
            item["id"],
            item["tag"],
            b"event: measurement\nid: %d\ndata: %b\n\n" % (item["id"], orjson.dumps(item)),
        )
        for item in Page(list(rows), None).as_json()
    ]


def change_of(revision: int, event: StoredEvent) -> Event:
    """An event of the detectors as it goes over the wire. Without an id: those are places in the stream."""
    return Event(revision, event.tag, b"event: event\ndata: %b\n\n" % orjson.dumps(event.as_json()))


def reopen_if_replaced() -> None:
    """Leaves a database file that is one no longer.

    Raises:
        OperationalError: there is none now, and SQLite would make an empty one.
    """
    close_if_replaced()
    if connection.vendor == "sqlite" and connection.connection is None and identity_of(connection) is None:
        raise OperationalError("the database file is gone")


feed = Feed(render=events_of, render_change=change_of, refresh=reopen_if_replaced)

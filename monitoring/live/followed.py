"""Rows that change, such as events of detectors: each change is a message, in order of a revision."""

from collections.abc import Callable
from typing import Protocol

from monitoring.live.ring import Ring, StreamMessage

CHANGES_KEPT = 2_000


class ChangeSource(Protocol):
    """A table whose rows have a revision that grows with each change."""

    @property
    def name(self) -> str:
        """Return the name of the source, unique in the feed."""

    def newest_revision(self) -> int:
        """Return the highest revision; 0 before the first row.

        Raises:
            django.db.Error: the database is unavailable.
        """

    def read_changed(self, *, after: int, limit: int) -> list[StreamMessage]:
        """Return the first ``limit`` rows with a revision above ``after``, as messages; or all as one.

        Raises:
            django.db.Error: the database is unavailable.
        """


class FollowedChanges:
    """A source, and a buffer of its newest messages."""

    def __init__(self, source: ChangeSource, kept: int) -> None:
        self.source = source
        self.ring = Ring(kept)

    def start(self) -> None:
        """Begin at the newest revision."""
        self.ring.start(self.source.newest_revision())

    def read_new(self, *, limit: int, should_stop: Callable[[], bool], wake: Callable[[], None]) -> None:
        """Add the changes since the last call to the buffer, and wake the subscribers after each page."""
        newest = self.source.newest_revision()
        if newest < self.ring.head.id:  # the database was replaced
            self.ring.start(newest)
        while self.ring.head.id < newest and not should_stop():
            found = self.source.read_changed(after=self.ring.head.id, limit=limit)
            self.ring.add(found, found[-1].id if found else newest)  # none found: deleted since
            wake()

"""The one thread of the collector that stores: drains the queue, stores, and calls the drivers back."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from django.db import Error as DatabaseError
from django.db import connections

from monitoring.database.connections import close_if_replaced
from monitoring.ingest.deliveries import Delivery
from monitoring.ingest.outcomes import Outcomes
from monitoring.ingest.reading_columns import ReadingColumns
from monitoring.ingest.tags import tag_cache
from monitoring.kernel.clock import current_micros
from monitoring.sources.live_session import LiveSession, Queue, timed
from monitoring.sources.malformed import remember
from monitoring.sources.rounding import columns_of
from monitoring.sources.sample_queue import Entry
from monitoring.sources.session import Malformed
from monitoring.sources.source_leases import SourcesLostError
from monitoring.spool.accept import accept_guarded
from monitoring.spool.spool_files import SpoolFullError

logger = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0

# Raises SourcesLostError if others hold the lease of a source, in the transaction that stores.
Guard = Callable[[Iterable[int]], None]


@dataclass(slots=True)
class Load:
    """The drained entries of one session, as columns and malformed messages. ``is_stored`` in part."""

    session: LiveSession
    entries: list[Entry[LiveSession]]
    columns: ReadingColumns
    malformed: list[Malformed]
    live: int  # the first so many readings are live, the others are held values


class Writer:
    """Stores what the sessions of all sources offer, until ``stop``."""

    def __init__(self, queue: Queue, guard: Guard) -> None:
        self._queue, self._guard = queue, guard
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="collector-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, within_s: float) -> bool:
        """Store what is enqueued and end the thread; return False if that takes too long."""
        self._queue.close()
        self._thread.join(within_s)
        if self._thread.is_alive():
            self._is_stopping.set()
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while entries := self._queue.drain():
                began = time.monotonic()
                try:
                    self.store(entries)
                finally:
                    self._queue.finish(entries)
                self._queue.wait_for_more(began)
        finally:
            connections.close_all()

    def store(self, entries: Sequence[Entry[LiveSession]]) -> None:
        """Store entries; try again, with growing pauses, for as long as database and disk fail."""
        pause_s = FIRST_PAUSE_S
        loads = [load for load in loads_of(entries) if load.session.is_held]
        while loads and not self._is_stopping.is_set():
            close_if_replaced()
            try:
                self._store_together(loads)
                return
            except SourcesLostError as error:
                lose(loads, error.sources)
            except SpoolFullError:
                self._is_stopping.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            except Exception:  # noqa: BLE001 - of one source: the others are stored, each by itself
                self._store_each(loads)
                return
            loads = [load for load in loads if load.session.is_held]

    def _store_each(self, loads: Sequence[Load]) -> None:
        if len(loads) == 1:
            logger.exception("readings of source %s dropped", loads[0].session.config.name)
            loads[0].session.skip(loads[0].entries)
            return
        for load in loads:
            self.store(load.entries)

    def _store_together(self, loads: Sequence[Load]) -> None:
        """Store the loads in one transaction, remember what is malformed, and call back."""
        now = datetime.now(UTC)
        filled = [load for load in loads if len(load.columns)]
        found: list[Outcomes] = []
        if filled:
            sources = {load.session.config.id for load in filled}
            deliveries = [Delivery(load.columns, load.session.config.name, now) for load in filled]
            found = self._accept(deliveries, sources)
        for load in loads:
            if load.malformed:
                remember(load.malformed, load.session.config.name, now)
        outcomes = dict(zip(map(id, filled), found, strict=True))
        for load in loads:
            note(load, outcomes.get(id(load)))

    def _accept(self, deliveries: Sequence[Delivery], sources: set[int]) -> list[Outcomes]:
        try:
            return accept_guarded(deliveries, lambda: self._guard(sources))
        except DatabaseError:
            return [
                outcomes
                for delivery in deliveries
                for outcomes in accept_guarded([delivery], lambda: self._guard(sources))
            ]


def loads_of(entries: Sequence[Entry[LiveSession]]) -> list[Load]:
    """Return the entries of each session as a load, live readings first."""
    refresh_tags()
    by_session: dict[LiveSession, list[Entry[LiveSession]]] = {}
    for entry in entries:
        by_session.setdefault(entry.key, []).append(entry)
    return [load_of(session, of_session) for session, of_session in by_session.items()]


def load_of(session: LiveSession, entries: list[Entry[LiveSession]]) -> Load:
    """Return the entries of a session as a load."""
    live = [
        sample for entry in entries if not entry.is_held for sample in timed(entry.items, entry.received_us)
    ]
    held = [sample for entry in entries if entry.is_held for sample in timed(entry.items, entry.received_us)]
    malformed = [item for entry in entries for item in entry.items if isinstance(item, Malformed)]
    columns = columns_of([*live, *held], tag_cache().definitions or {})
    return Load(session, entries, columns, malformed, len(live))


def refresh_tags() -> None:
    """Read the tags again from time to time; without a database, go on with those last read."""
    try:
        tag_cache().refresh_if_old()
    except DatabaseError:
        connections.close_all()


def lose(loads: Sequence[Load], sources: set[int]) -> None:
    """Drop the sessions of sources whose leases others hold."""
    for load in loads:
        if load.session.config.id in sources:
            logger.warning("lease of source %s lost: its readings are left out", load.session.config.name)
            load.session.lose()


def note(load: Load, outcomes: Outcomes | None) -> None:
    """Note a load that is stored, and call back."""
    session, log = load.session, load.session.log
    rejected = (
        {}
        if outcomes is None
        else {place: outcome for place, outcome in outcomes.others.items() if outcome.reason is not None}
    )
    session.forget({outcome.tag for outcome in rejected.values()})
    count = len(load.columns) - len(rejected)
    live_us = np.delete(load.columns.time_us, list(rejected))[: load.live]
    with log.lock:
        log.meter.stored(
            count,
            rejected=len(rejected) + len(load.malformed),
            newest_us=int(live_us.max()) if len(live_us) else None,
            lag_ms=(current_micros() - float(np.median(live_us))) / 1_000 if len(live_us) else None,
        )
    log.feed(set(load.columns.tags))
    session.finish(load.entries)

"""Measure how far the replica is behind the primary, once a second, and decide whether it may be read from.

The replica has replayed all of the primary's log up to a position, and knows when the last transaction in it
was committed by the primary's clock. The replica is current if that position is not before the primary's; or
else it lacks at most what was committed since that transaction. So the lag depends on one clock, and does not
grow while nothing is written. See PostgreSQL's documentation, "Recovery Information Functions".
"""

import math
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db import Error as DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from monitoring.kernel.outages import Outage
from monitoring.kernel.runtime import part

REPLICA = "replica"
PROBE_EVERY_S = 1.0
ANSWER_S = 2.0
# A replica comes back into use only well within the largest lag, or each second might change the server.
BACK_SHARE = 0.5
NO_ANSWER = "it did not answer within"
DIVERGED = "its log goes beyond the primary's, so it does not follow the primary: make it anew"
POSITION = """
    SELECT json_build_object(
        'system', (SELECT system_identifier FROM pg_control_system())::text,
        'started', pg_postmaster_start_time(),
        'standby', pg_is_in_recovery(),
        'bytes', CASE
            WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn()
        END - '0/0'::pg_lsn,
        'committed', extract(epoch FROM pg_last_xact_replay_timestamp()),
        'now', extract(epoch FROM clock_timestamp())
    )
"""


class ReplicaState(StrEnum):
    """State of the replica, as ``/health`` names it; it is read from only while current."""

    UNKNOWN = "unknown"
    CURRENT = "current"
    STALE = "stale"
    AWAY = "away"
    NO_REPLICA = "no replica"


@dataclass(frozen=True, slots=True)
class Position:
    """Place of a server in the log: bytes since its begin; times in seconds since 1970.

    ``committed`` is the time of the last replayed transaction; None before the first since the start.
    """

    system: str
    started: str
    standby: bool
    bytes: int
    committed: float | None
    now: float


@dataclass(frozen=True, slots=True)
class Found:
    """The replica as last measured, ``at`` this time of the monotonic clock; ``lag_s`` is None if unknown."""

    state: ReplicaState = ReplicaState.UNKNOWN
    lag_s: float | None = None
    error: str = ""
    at: float = -math.inf


@dataclass(frozen=True, slots=True)
class ReplicaHealth:
    """The content of ``/health`` about the replica."""

    state: ReplicaState
    lag_s: float | None
    since: datetime | None
    error: str


def is_configured() -> bool:
    """Return whether there is a replica."""
    return REPLICA in connections.settings


def lag_of(replica: Position, primary: Position | None) -> float:
    """Return by how many seconds at most the replica was behind the primary when the primary was asked.

    While the primary is away, the replica's own clock counts.
    """
    if primary is not None and replica.bytes >= primary.bytes:
        return 0.0
    now = replica.now if primary is None else primary.now
    return math.inf if replica.committed is None else max(0.0, now - replica.committed)


def is_ahead(replica: Position, primary: Position | str) -> bool:
    """Return whether the replica is at a place in the log that the primary has not reached."""
    return isinstance(primary, Position) and replica.bytes > primary.bytes


def wrong_server(replica: Position, primary: Position | None) -> str:
    """Return in words why the server is no replica of the primary; empty if it is one, or is the primary."""
    if primary is not None and replica.system != primary.system:
        return "DATABASE_REPLICA_URL leads to another database than DATABASE_URL, not to a standby of it"
    is_primary = primary is not None and replica.started == primary.started
    return "" if replica.standby or is_primary else "it is no standby any more: it was promoted"


class ReplicaMonitor:
    """The thread of this process that measures the lag, and the connections in use. The first use starts it.

    A request takes the last measurement and never waits for one. Without a usable measurement the request
    reads from the primary.
    """

    def __init__(self) -> None:
        self.outage = Outage(
            began="the replica can't be read: reads go to the primary", ended="the replica is read again"
        )
        self.found = Found()
        self._lock = threading.Lock()
        self._measured = threading.Event()
        self._stopped = threading.Event()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._in_use: dict[int, BaseDatabaseWrapper] = {}
        self._failures = 0  # in a row

    def usable_lag_s(self) -> float | None:
        """Return by how many seconds at most a read from the replica is stale now; None: do not use it."""
        self.start()
        found, age_s = self.found, time.monotonic() - self.found.at
        if (
            found.state is not ReplicaState.CURRENT
            or found.lag_s is None
            or age_s > PROBE_EVERY_S + 2 * ANSWER_S
        ):
            return None
        lag_s = found.lag_s + age_s
        return lag_s if lag_s <= settings.FERMON_REPLICA_MAX_LAG else None

    def health(self, *, wait_s: float = 0.5) -> ReplicaHealth:
        """Return the state for ``/health``; wait for the first measurement."""
        self.start()
        self._measured.wait(wait_s)
        found = self.found
        lag_s = None if found.lag_s is None or math.isinf(found.lag_s) else round(found.lag_s, 1)
        return ReplicaHealth(found.state, lag_s, self.outage.since, found.error)

    def note_away(self, error: Exception) -> None:
        """Let no request use the replica until it has answered again."""
        self._note(Found(ReplicaState.AWAY, None, str(error).strip(), time.monotonic()))
        self._wanted.set()

    @contextmanager
    def in_use(self, wrapper: BaseDatabaseWrapper) -> Iterator[None]:
        """Note that a thread waits for answers on this connection, so that it can be cut."""
        key = threading.get_ident()
        with self._lock:
            self._in_use[key] = wrapper
        try:
            yield
        finally:
            with self._lock:
                self._in_use.pop(key, None)

    def start(self) -> None:
        """Start the thread, unless it runs."""
        if self._thread is None:
            with self._lock:
                if self._thread is None and not self._stopped.is_set():
                    self._thread = threading.Thread(target=self._run, name="replica", daemon=True)
                    self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._wanted.set()
        if (thread := self._thread) is not None:
            thread.join(2 * ANSWER_S)

    def _run(self) -> None:
        probe = Probe()
        try:
            while not self._stopped.is_set():
                self._wanted.clear()
                self.measure(probe)
                self._wanted.wait(PROBE_EVERY_S)
        finally:
            probe.close()
            self._stopped.wait(PROBE_EVERY_S)
            self._thread = None  # after an unexpected error, the next use starts another

    def measure(self, probe: "Probe") -> None:
        """Ask both servers; if the replica hangs or fails again, cut the connections that wait for it.

        A replica that refuses the probe once, for want of connections for example, may still answer those.
        """
        at = time.monotonic()
        primary = probe.ask(DEFAULT_DB_ALIAS)
        replica = probe.ask(REPLICA)
        if not isinstance(replica, Position):
            self._failures += 1
            self._note(Found(ReplicaState.AWAY, None, replica, at))
            if replica.startswith(NO_ANSWER) or self._failures > 1:
                self._cut()
            return
        self._failures = 0
        found = self.judged(replica, primary)
        # The replica was asked later: it may be ahead of the first answer, but not of one after its own.
        is_current = found.state is ReplicaState.CURRENT
        if is_current and is_ahead(replica, primary) and is_ahead(replica, probe.ask(DEFAULT_DB_ALIAS)):
            found = Found(ReplicaState.STALE, math.inf, DIVERGED)
        self._note(replace(found, at=at))

    def judged(self, replica: Position, primary: Position | str) -> Found:
        """Return the state by the answers of both servers; that of the primary may be an error."""
        known = primary if isinstance(primary, Position) else None
        if error := wrong_server(replica, known):
            return Found(ReplicaState.NO_REPLICA, None, error)
        lag_s = lag_of(replica, known)
        most_s = float(settings.FERMON_REPLICA_MAX_LAG)
        if self.found.state is not ReplicaState.CURRENT:
            most_s *= BACK_SHARE
        if lag_s <= most_s:
            return Found(ReplicaState.CURRENT, lag_s)
        behind = "an unknown time" if math.isinf(lag_s) else f"{lag_s:.0f} s"
        return Found(ReplicaState.STALE, lag_s, f"it is {behind} behind the primary")

    def _note(self, found: Found) -> None:
        if found.state is ReplicaState.AWAY and self.found.state is not ReplicaState.AWAY:
            discard_idle_connections()
        self.found = found
        self._measured.set()
        if found.state is ReplicaState.CURRENT:
            self.outage.end()
        else:
            self.outage.begin(found.error)

    def _cut(self) -> None:
        with self._lock:
            for wrapper in self._in_use.values():
                cut(wrapper)


class Probe:
    """Connections of their own to both servers, outside the pools; for one thread."""

    def __init__(self) -> None:
        self._opened: dict[str, BaseDatabaseWrapper] = {}

    def ask(self, alias: str) -> Position | str:
        """Return the position of a server, or why it does not answer."""
        try:
            with connections[alias].wrap_database_errors:
                wrapper = self._opened.get(alias) or self._open(alias)
                return Position(**orjson.loads(answer_within(wrapper.connection.pgconn, POSITION, ANSWER_S)))
        except (DatabaseError, OSError) as error:
            self._forget(alias)
            return str(error).strip()

    def close(self) -> None:
        """Close the connections."""
        for alias in list(self._opened):
            self._forget(alias)

    def _open(self, alias: str) -> BaseDatabaseWrapper:
        wrapper = connections[alias].copy()
        wrapper.settings_dict["OPTIONS"].pop("pool", None)
        wrapper.settings_dict["OPTIONS"]["connect_timeout"] = math.ceil(ANSWER_S)
        self._opened[alias] = wrapper
        # Without Django's first queries, which would wait for a server that hangs.
        wrapper.connection = wrapper.get_new_connection(wrapper.get_connection_params())
        return wrapper

    def _forget(self, alias: str) -> None:
        wrapper = self._opened.pop(alias, None)
        if wrapper is not None:
            with suppress(DatabaseError):
                wrapper.close()


def discard_idle_connections() -> None:
    """Let the pool replace its connections to the replica: those of before a restart are broken."""
    pool = getattr(connections[REPLICA], "pool", None)
    if pool is not None and not pool.closed:
        pool.drain()


def answer_within(pgconn: Any, sql: str, within_s: float) -> bytes:
    """Return the first value that a query selects.

    psycopg waits without an end, and a server's own time limit does not help where the server hangs.

    Raises:
        django.db.OperationalError: no such answer came within the time.
    """
    pgconn.send_query(sql.encode())
    end = time.monotonic() + within_s
    with selectors.DefaultSelector() as selector:
        selector.register(pgconn.socket, selectors.EVENT_READ)
        while pgconn.is_busy():
            if not selector.select(max(0.0, end - time.monotonic())):
                raise OperationalError(f"{NO_ANSWER} {within_s:.0f} s")
            pgconn.consume_input()
    result = pgconn.get_result()
    while pgconn.get_result() is not None:
        pass
    value: bytes | None = result.get_value(0, 0) if result.ntuples else None
    if value is None:
        raise OperationalError(result.error_message.decode(errors="replace") or "it answered nothing")
    return value


def cut(wrapper: BaseDatabaseWrapper) -> None:
    """Shut a connection down, so that the thread that waits for its server gets an error."""
    with (
        suppress(Exception),  # it may be closed meanwhile
        socket.socket(fileno=socket.dup(wrapper.connection.pgconn.socket)) as other,
    ):
        other.shutdown(socket.SHUT_RDWR)


def replica_health() -> ReplicaHealth | None:
    """Return the state of the replica; None if there is none."""
    return part(ReplicaMonitor).health() if is_configured() else None

"""Read from a replica of PostgreSQL: a whole request from one server, with the primary as the way on.

Within ``replica_as_default`` the thread's default connection is the one to the replica, for queries of models
and for cursors alike. So functions that read need no alias, and a request never mixes both servers. Writing
fails there. Whatever fails on the replica is done again on the primary, which alone can tell that something
is missing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections

from monitoring.database.replica_monitor import REPLICA, ReplicaMonitor, is_configured
from monitoring.kernel.runtime import part

ResultT = TypeVar("ResultT")
# Classes of SQLSTATE: connection exception, insufficient resources, operator intervention. A lost connection
# has no SQLSTATE.
AWAY_CLASSES = frozenset({"08", "53", "57"})
QUERY_CANCELED = "57014"
POOL_TIMEOUT = "PoolTimeout"  # by name: without PostgreSQL there need be no psycopg_pool


def read(call: Callable[[], ResultT], *, max_lag_s: float | None = None) -> tuple[ResultT, float | None]:
    """Call a function that reads; return its result and by how many seconds at most that may be stale.

    The second is None if the primary answered: no replica is configured or usable, the caller accepts less
    than its lag, or this thread is in a transaction.
    """
    lag_s = usable_lag_s(max_lag_s)
    if lag_s is None:
        return call(), None
    try:
        with replica_as_default():
            return call(), lag_s
    except Exception as error:  # noqa: BLE001 - of any kind: the primary decides
        note_failure(error)
    return call(), None


def usable_lag_s(max_lag_s: float | None = None) -> float | None:
    """Return the lag of the replica in seconds if it may be read from now; else None."""
    if not is_configured() or connections[DEFAULT_DB_ALIAS].in_atomic_block:
        return None
    lag_s = part(ReplicaMonitor).usable_lag_s()
    return None if lag_s is None or (max_lag_s is not None and lag_s > max_lag_s) else lag_s


@contextmanager
def replica_as_default() -> Iterator[None]:
    """Make the replica's connection the default one of this thread for the duration of the block."""
    primary, replica = connections[DEFAULT_DB_ALIAS], connections[REPLICA]
    connections[DEFAULT_DB_ALIAS] = replica
    try:
        with part(ReplicaMonitor).in_use(replica):
            yield
    finally:
        connections[DEFAULT_DB_ALIAS] = primary


def note_failure(error: Exception) -> None:
    """Leave a connection that failed; if the replica is away, let no other request try."""
    if isinstance(error, OperationalError | InterfaceError):
        connections[REPLICA].close()
        if is_away(error):
            part(ReplicaMonitor).note_away(error)


def is_away(error: Exception) -> bool:
    """Return whether the error says that the server is away, rather than that it rejects one query.

    That all connections of the pool are in use says nothing about the server.
    """
    if type(error.__cause__).__name__ == POOL_TIMEOUT:
        return False
    sqlstate: str | None = getattr(error.__cause__, "sqlstate", None)
    return sqlstate is None or (sqlstate[:2] in AWAY_CLASSES and sqlstate != QUERY_CANCELED)


def read_pieces(pieces: Iterator[ResultT]) -> Iterator[ResultT]:
    """Yield the pieces of an answer, each made from the replica while it can be used, else from the primary.

    Any thread may take the next piece. A piece that fails ends the answer, whose begin is sent already.

    Raises:
        Exception: what the piece raised.
    """
    while True:
        try:
            piece = next(pieces) if usable_lag_s() is None else next_from_replica(pieces)
        except StopIteration:
            return
        yield piece


def next_from_replica(pieces: Iterator[ResultT]) -> ResultT:
    """Return the next piece, made from the replica; note an error of the replica."""
    try:
        with replica_as_default():
            return next(pieces)
    except Exception as error:
        note_failure(error)
        raise

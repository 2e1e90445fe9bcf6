"""PostgreSQL's connections in a pool: what can't be had is told at once, and what a restart broke is left.

By itself the pool lets everybody wait for as long as they may while the database is away, tries again
after ever longer pauses, and after a restart tries its broken connections one after the other.
"""

from typing import Any

import psycopg

IDLE_S = 60.0


class PooledConnection(psycopg.Connection[Any]):
    """One that tells why it could not be made, and what it means that it broke."""

    last_error = "no connection can be made"

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> "PooledConnection":
        """As psycopg's.

        Raises:
            psycopg.Error: the database is away, or does not let us in.
        """
        try:
            return super().connect(conninfo, **options)
        except psycopg.Error as error:
            PooledConnection.last_error = str(error)
            raise

    def execute(self, *args: Any, **options: Any) -> Any:
        """As psycopg's. Django has cursors; it is the pool that asks so whether the database answers.

        Raises:
            psycopg.Error: it does not. The other connections that lie idle are made anew.
        """
        try:
            return super().execute(*args, **options)
        except psycopg.OperationalError:
            pool: Any = self._pool
            if pool is not None:
                pool.drain()
            raise


def pool_options(*, most: int, wait_s: float) -> dict[str, Any]:
    """The options of a pool of up to so many connections, for which nobody waits longer than told."""
    return {
        "min_size": 1,
        "max_size": most,
        "timeout": wait_s,
        "max_idle": IDLE_S,
        "connection_class": PooledConnection,
        "reconnect_timeout": 0.0,  # it tries again when somebody comes
        "reconnect_failed": fail_waiting,
    }


def fail_waiting(pool: Any) -> None:
    """Tells all who wait for a connection that there is none; the pool itself has no way to."""
    with pool._lock:
        waiting = list(pool._waiting)
        pool._waiting.clear()
    for client in waiting:
        client.fail(psycopg.OperationalError(PooledConnection.last_error))

"""A pool of PostgreSQL connections that fails fast, and recovers from a restart of the server.

psycopg's pool alone has three drawbacks: while the database is away each request waits for the full timeout,
retries come after ever longer pauses, and after a restart broken connections fail one after another.
"""

from typing import Any

import psycopg

from monitoring.kernel.runtime import part

IDLE_S = 60.0


class LastError:
    """The reason why this process could not connect the last time."""

    text = "no connection can be made"


class PooledConnection(psycopg.Connection[Any]):
    """A connection whose errors are remembered; a broken connection discards the pool's idle ones."""

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> "PooledConnection":
        """Connect as psycopg does, and remember an error.

        Raises:
            psycopg.Error: the database is away, or rejects the login.
        """
        try:
            return super().connect(conninfo, **options)
        except psycopg.Error as error:
            part(LastError).text = str(error)
            raise

    def execute(self, *args: Any, **options: Any) -> Any:
        """Execute as psycopg does. Django uses cursors; only the pool calls this method, as a health check.

        Raises:
            psycopg.Error: the check failed; the pool then replaces the idle connections.
        """
        try:
            return super().execute(*args, **options)
        except psycopg.OperationalError:
            pool: Any = self._pool
            if pool is not None:
                pool.drain()
            raise


def pool_options(*, most: int, wait_s: float) -> dict[str, Any]:
    """Return the options of a pool of up to ``most`` connections, with a wait of up to ``wait_s`` seconds."""
    return {
        "min_size": 1,
        "max_size": most,
        "timeout": wait_s,
        "max_idle": IDLE_S,
        "connection_class": PooledConnection,
        "reconnect_timeout": 0.0,  # retry only at the next request for a connection
        "reconnect_failed": fail_waiting,
    }


def fail_waiting(pool: Any) -> None:
    """Fail all clients that wait for a connection; the pool has no public function for this."""
    with pool._lock:
        waiting = list(pool._waiting)
        pool._waiting.clear()
    for client in waiting:
        client.fail(psycopg.OperationalError(part(LastError).text))

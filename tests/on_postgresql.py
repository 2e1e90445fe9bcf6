"""pytest on a PostgreSQL of its own, which pip brought, and a Redis.

``python -m tests.on_postgresql -n 2 tests/api``: arguments are pytest's.
"""

import logging
import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from tests.own_redis import RedisServer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that there is no XDG_RUNTIME_DIR
    import pgserver

PROGRAMS = Path(pgserver.__file__).parent / "pginstall/bin"
logging.getLogger("pgserver").setLevel(logging.CRITICAL)
# Tests kill processes, not machines: what the kernel was given is there. The first needs a start of its own.
OPTIONS = {"max_connections": "300", "fsync": "off", "full_page_writes": "off"}


@contextmanager
def started(directory: Path) -> Iterator[pgserver.PostgresServer]:
    """A new server with its files in this directory, which it removes; its address is ``get_uri()``."""
    server = pgserver.get_server(directory, cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for name, value in OPTIONS.items():
                connection.execute(f"ALTER SYSTEM SET {name} = {value}")
        pgserver.pg_ctl(["-w", "stop"], directory, user=server.system_user)
        server.ensure_postgres_running()
        yield server
    finally:
        server.cleanup()


def new_address() -> str:
    """The address of a database on the server that the tests run on, which is not there yet."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/fermon_{uuid4().hex}").geturl()


def new_database() -> str:
    """The address of an empty database on the server that the tests run on."""
    url = new_address()
    execute(f"CREATE DATABASE {name_of(url)}")
    return url


def copy_database(source: str, target: str) -> None:
    """Makes one database, which nobody uses now, what the other is."""
    drop_database(target)
    execute(f"CREATE DATABASE {name_of(target)} TEMPLATE {name_of(source)}")


def drop_database(url: str) -> None:
    """Ends all connections to a database, and the database."""
    execute(f"DROP DATABASE IF EXISTS {name_of(url)} WITH (FORCE)")


def name_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def execute(sql: str) -> None:
    """Runs a statement on the server, beside any database of a test's."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(sql)


def main() -> int:
    """pytest's exit code; what the server has made is gone then, also when this is interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="fermon-") as place, started(Path(place) / "data") as server:
        redis = RedisServer(Path(place))
        redis.start()
        try:
            os.environ |= {"DATABASE_URL": server.get_uri(), "REDIS_URL": redis.url}
            return pytest.main(sys.argv[1:])
        finally:
            redis.kill()


if __name__ == "__main__":
    sys.exit(main())

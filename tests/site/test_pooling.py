"""The pool of PostgreSQL's connections: whoever can't have one is told so at once, and why."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg_pool import ConnectionPool, PoolTimeout

from fermon_site.pooling import pool_options

LONG_S = 60.0


def test_while_the_database_is_away_nobody_waits_and_all_are_told_why(tmp_path: Path) -> None:
    address = f"host={tmp_path} connect_timeout=2"
    with ConnectionPool(address, open=False, **pool_options(most=3, wait_s=LONG_S)) as pool:
        for _ in range(3):
            with pytest.raises(psycopg.OperationalError, match="No such file or directory") as found:
                pool.getconn()
            assert not isinstance(found.value, PoolTimeout)


if connection.vendor == "postgresql":

    @pytest.fixture
    def pool(db: None) -> Iterator[Any]:
        parameters = connection.get_connection_params() | {"autocommit": True}
        options = pool_options(most=3, wait_s=0.1)
        check = ConnectionPool.check_connection
        with ConnectionPool(kwargs=parameters, open=False, check=check, **options) as pool:
            pool.wait()
            yield pool

    def test_a_pool_that_is_exhausted_says_so(pool: Any) -> None:
        taken = [pool.getconn(timeout=LONG_S) for _ in range(3)]
        with pytest.raises(PoolTimeout, match="couldn't get a connection after"):
            pool.getconn()
        for each in taken:
            pool.putconn(each)

    def test_after_a_restart_the_first_who_comes_is_served(pool: Any) -> None:
        taken = [pool.getconn(timeout=LONG_S) for _ in range(3)]
        for each in taken:
            pool.putconn(each)
        others = [each.info.backend_pid for each in taken]
        with psycopg.connect(**connection.get_connection_params()) as own:
            own.execute("SELECT pg_terminate_backend(pid, 10000) FROM unnest(%s) AS pid", [others])
        with pool.connection(timeout=5) as again:
            assert again.execute("SELECT 1").fetchone() == (1,)

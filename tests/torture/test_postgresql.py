"""The same on PostgreSQL and Redis, with two web servers and two workers: what can break there, breaks."""

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import psycopg
import pytest

from tests import on_postgresql
from tests.commands.conftest import LONG_S, System
from tests.ports import free_port
from tests.torture import faults
from tests.torture.conftest import ENVIRONMENT, SIGNALS, finish
from tests.torture.disk import Quota
from tests.torture.faults import Torture, torment
from tests.torture.plant import ONE_OF_EACH, Plant
from tests.torture.writers import Writer

pytestmark = pytest.mark.postgresql
SECONDS = float(os.environ.get("FERMON_TORTURE_SECONDS") or 40)
ADD_TAG = """
    INSERT INTO tags (name, description, unit, valid_min, valid_max, lower_limit, upper_limit, active)
    VALUES (%s, '', '', %s, %s, %s, %s, true) ON CONFLICT DO NOTHING
"""
END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"


@dataclass
class ServersTorture(Torture):
    """A plant whose database and whose Redis are servers of their own."""

    server: Any = None
    redis: Any = None


def postgresql_killed(torture: ServersTorture) -> None:
    """``kill -9`` of PostgreSQL with all its processes."""
    postmaster = psutil.Process(torture.server.get_pid())
    for process in [postmaster, *postmaster.children()]:
        with suppress(psutil.NoSuchProcess):  # without the postmaster, its children end by themselves
            process.kill()
    psutil.wait_procs([postmaster], LONG_S)
    torture.wait_for(202)
    torture.maybe_kill()
    torture.pause(2)
    torture.server.ensure_postgres_running()


def connections_ended(torture: ServersTorture) -> None:
    """Every connection is cut, in whatever its transaction was doing."""
    with psycopg.connect(torture.server.get_uri(), autocommit=True) as connection:
        connection.execute(END_ALL)


def table_locked(torture: ServersTorture) -> None:
    """Another program keeps everybody from writing for longer than anybody waits."""
    with psycopg.connect(torture.plant.system.database_url) as connection:
        connection.execute("LOCK TABLE measurements IN EXCLUSIVE MODE")
        end = time.monotonic() + torture.lock_s
        torture.wait_for(202)
        torture.maybe_kill()
        time.sleep(max(0.0, end - time.monotonic()))


def redis_killed(torture: ServersTorture) -> None:
    """``kill -9`` of Redis: nobody has to wait on disk for that."""
    torture.redis.kill()
    torture.wait_for(200, 201)
    torture.pause(2)
    torture.redis.start()


def kill_the_second(torture: ServersTorture) -> None:
    """``kill -9`` of the second web server or the second worker."""
    torture.plant.kill(torture.rng.choice(["second web", "second worker"]))


FAULTS = (
    faults.kill_web,
    faults.kill_worker,
    faults.kill_one_process_of_the_worker,
    faults.kill_everything,
    faults.torn_last_line,
    kill_the_second,
    postgresql_killed,
    connections_ended,
    table_locked,
    redis_killed,
)


@pytest.fixture
def server(monkeypatch) -> Iterator[Any]:
    """A PostgreSQL of this test's own, which may be killed; pytest's directories are closed to its user."""
    with TemporaryDirectory(prefix="fermon-") as place, on_postgresql.started(Path(place) / "data") as server:
        monkeypatch.setenv("DATABASE_URL", server.get_uri())
        yield server


@pytest.fixture
def plant(server, redis_server, tmp_path) -> Iterator[Plant]:
    """Two web servers and two workers on one database with the torture's tags."""
    system = System(tmp_path, free_port())
    assert system.run("manage.py", "migrate", "-v", "0").end(LONG_S) == 0
    with psycopg.connect(system.database_url) as connection:
        for signal in SIGNALS:
            widths = (-signal.valid, signal.valid, -signal.limit, signal.limit)
            connection.execute(ADD_TAG, [signal.tag, *(signal.middle + width for width in widths)])
    plant = Plant(system, **ENVIRONMENT, REDIS_URL=redis_server.url)
    plant.second_port = free_port()
    yield plant
    plant.close()


@pytest.fixture
def writers(plant, seed) -> Iterator[list[Writer]]:
    """Of each signal one that posts batches to one server and one that posts single readings to the other."""
    urls = {60: plant.url, 1: f"http://127.0.0.1:{plant.second_port}"}
    writers = [
        Writer(url, signal, batch=size, seed=seed + 100 * place + size, offset=timedelta(microseconds=size))
        for place, signal in enumerate(SIGNALS)
        for size, url in urls.items()
    ]
    yield writers
    for writer in writers:
        writer.give_up.set()
        if writer.ident:
            writer.join()


def test_no_reading_is_lost_and_none_is_doubled(plant, writers, server, redis_server, seed) -> None:
    plant.start(*ONE_OF_EACH, "second web", "second worker")
    for writer in writers:
        writer.start()
    rng = random.Random(seed)
    torture = ServersTorture(plant, Quota(), writers, rng, lock_s=4, server=server, redis=redis_server)
    torment(torture, SECONDS, FAULTS)
    sys.stdout.write(f"{len(torture.struck)} faults: {', '.join(torture.struck)}\n")
    problems = finish(plant, writers)
    assert not problems, f"FERMON_TORTURE_SEED={seed} {torture.struck}\n" + "\n".join(problems[:30])
    assert {fault.__name__ for fault in FAULTS} == set(torture.struck)
    assert all(torture.answers(code) for code in (200, 201, 202, 400, 409))

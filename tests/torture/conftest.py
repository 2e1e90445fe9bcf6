"""Plants on data directories of their own, made from one migrated database."""

import os
import random
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.commands.conftest import System, wait_until
from tests.migrated import copy_file, sqlite_url
from tests.ports import free_port
from tests.torture.audit import audit
from tests.torture.plant import SETTLE_S, Plant
from tests.torture.writers import Signal, Writer

SIGNALS = (
    Signal("torture_a", middle=0, limit=10, valid=20),
    Signal("torture_b", middle=500, limit=100, valid=200),
    Signal("fermenter_temp", middle=40, limit=5, valid=10),
)
# Short, so that an outage shows soon; the reserve small, so that a full disk is nearly full.
ENVIRONMENT = {"FERMON_DATABASE_TIMEOUT": "1", "FERMON_DISK_RESERVE_BYTES": "65536"}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> str:
    """The address of a migrated database that has the torture's tags."""
    path = tmp_path_factory.mktemp("template") / "fermon.sqlite3"
    copy_file(migrated, path)
    with closing(sqlite3.connect(path)) as database, database:
        for signal in SIGNALS:
            low, high = (signal.middle - signal.limit, signal.middle + signal.limit)
            database.execute(
                "INSERT OR IGNORE INTO tags (name, description, unit, valid_min, valid_max,"
                " lower_limit, upper_limit, active) VALUES (?, '', '', ?, ?, ?, ?, 1)",
                (signal.tag, signal.middle - signal.valid, signal.middle + signal.valid, low, high),
            )
    return sqlite_url(path)


@pytest.fixture
def seed() -> int:
    """FERMON_TORTURE_SEED, or a new one; printed, to be seen when a test fails."""
    seed = int(os.environ.get("FERMON_TORTURE_SEED") or random.randrange(10**6))
    sys.stdout.write(f"\nFERMON_TORTURE_SEED={seed}\n")
    return seed


@pytest.fixture
def new_plant(tmp_path: Path, template: str) -> Iterator[Callable[..., Plant]]:
    """Makes plants; further environment variables as keywords."""
    plants = []

    def new(**environment: str) -> Plant:
        system = System(tmp_path, free_port(), template)
        system.migrate()
        plants.append(Plant(system, **ENVIRONMENT | environment))
        return plants[-1]

    yield new
    for plant in plants:
        plant.close()


@pytest.fixture
def new_writers() -> Iterator[Callable[..., list[Writer]]]:
    """Makes writers: of each signal one for each size of batches; by default one posts single readings."""
    writers = []

    def new(url: str, seed: int, *, sizes: Sequence[int] = (1, 60)) -> list[Writer]:
        for place, signal in enumerate(SIGNALS):
            for number, size in enumerate(sizes):
                writer = Writer(
                    url,
                    signal,
                    batch=size,
                    seed=seed + 100 * place + number,
                    offset=timedelta(microseconds=number * 250_000 // (len(sizes) - 1)),
                )
                writers.append(writer)
        return writers

    yield new
    for writer in writers:
        writer.give_up.set()
    for writer in writers:
        if writer.ident:
            writer.join()


def finish(plant: Plant, writers: list[Writer]) -> list[str]:
    """Lets everything be sent and stored, stops, and audits; all that is wrong, in words."""
    for writer in writers:
        writer.no_more.set()
    wait_until(lambda: not any(writer.is_alive() for writer in writers), SETTLE_S)
    wait_until(lambda: nothing_waits(plant), SETTLE_S)
    plant.close()
    return audit(plant.system.database_url or plant.database, writers) + plant.ended_by_themselves


def nothing_waits(plant: Plant) -> bool:
    """Whether no reading waits on disk or in the queue."""
    stats = plant.system.get("/stats")
    if not stats or stats["retry_queue_size"]:
        return False
    try:
        return not any(file.stat().st_size for file in plant.dead_letters.glob("*.jsonl"))
    except FileNotFoundError:  # gone since it was listed: asked again in a moment
        return False

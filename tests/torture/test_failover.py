"""The primary dies, its synchronous standby takes over: nothing acknowledged is lost or doubled."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from monitoring.kernel.lease_names import DETECTION
from tests.commands.conftest import System, wait_until
from tests.own_postgresql import Postgresql, primary_and_standby
from tests.ports import free_port
from tests.torture.conftest import ENVIRONMENT, SIGNALS, finish
from tests.torture.faults import Torture
from tests.torture.plant import Plant
from tests.torture.test_postgresql import ADD_TAG
from tests.torture.writers import Writer

pytestmark = pytest.mark.postgresql
LAG = "Fermon-Replica-Lag"


@pytest.fixture
def servers() -> Iterator[tuple[Postgresql, Postgresql]]:
    """A primary that confirms what its standby has on its disk, too."""
    with primary_and_standby(synchronous=True) as pair:
        yield pair


@pytest.fixture
def plant(servers: Any, tmp_path: Any, migrated: str) -> Iterator[Plant]:
    """A plant that knows both servers by one address, and reads from the second."""
    primary, standby = servers
    system = System(tmp_path, free_port())
    system.database_url = f"postgres://postgres@{primary.host},{standby.host}/postgres"
    system.environment["DATABASE_URL"] = system.database_url
    system.environment["DATABASE_REPLICA_URL"] = standby.url()
    primary.copy(migrated)
    for signal in SIGNALS:
        widths = (-signal.valid, signal.valid, -signal.limit, signal.limit)
        primary.execute(ADD_TAG, signal.tag, *(signal.middle + width for width in widths))
    plant = Plant(system, **ENVIRONMENT)
    yield plant
    plant.close()


@pytest.fixture
def writers(plant: Plant, seed: int) -> Iterator[list[Writer]]:
    """Of each signal one that posts batches and one that posts single readings."""
    writers = [
        Writer(plant.url, signal, batch=size, seed=seed + size, offset=timedelta(microseconds=size))
        for signal in SIGNALS
        for size in (60, 1)
    ]
    yield writers
    for writer in writers:
        writer.give_up.set()
        if writer.ident:
            writer.join()


def lag_told(plant: Plant) -> str | None:
    """The lag of the replica that answered; None if the primary did."""
    return requests.get(f"{plant.url}/trend?tag=torture_a", timeout=60).headers.get(LAG)


def detection_renewed(server: Postgresql) -> Any:
    """When detection renewed its lease last; None before the first time."""
    return server.execute("SELECT max(renewed_at) FROM leases WHERE source = %s", DETECTION)[0][0]


def test_the_standby_takes_over(plant: Plant, writers: list[Writer], servers: Any, seed: int) -> None:
    primary, standby = servers
    plant.start("server", "worker")
    for writer in writers:
        writer.start()
    torture = Torture(plant, None, writers, random.Random(seed), lock_s=0)
    torture.wait_for(201)
    wait_until(lambda: lag_told(plant))
    wait_until(lambda: detection_renewed(primary))
    primary.kill()
    torture.wait_for(202)
    standby.promote()
    torture.wait_for(200, 201)
    renewed = detection_renewed(standby)
    wait_until(lambda: detection_renewed(standby) != renewed)
    wait_until(lambda: plant.system.get("/health")["database"] == "connected")
    problems = finish(plant, writers)
    assert not problems, f"FERMON_TORTURE_SEED={seed}\n" + "\n".join(problems[:30])

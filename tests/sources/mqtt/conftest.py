"""A broker, and sources of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pytest_django import Settings

from monitoring.sources.config import MappingRule, SourceConfig
from monitoring.sources.mqtt.driver import run
from monitoring.sources.session import State
from tests.own_mosquitto import DEADLINE_S, QUICK, Mosquitto
from tests.patience import stretched
from tests.sources.fake_session import FakeSession

PLAIN = MappingRule("plant/{tag}", "{tag}")
STAMPED = MappingRule("json/{tag}", "{tag}", "/value", "/time", "us")

# The default differs between installations, as those of tests are.
OWN_ID = {"client_id": "of-the-test"}


@pytest.fixture(autouse=True)
def loopback(settings: Settings) -> None:
    """Let sources connect to this machine."""
    settings.FERMON_SOURCE_LOOPBACK = True


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that keeps messages unless it is killed."""
    server = Mosquitto(tmp_path / "broker", QUICK)
    server.start()
    yield server
    server.kill()


def config_of(
    port: int, *rules: MappingRule, tags: Sequence[str] | None = None, **fields: str
) -> SourceConfig:
    return SourceConfig(
        id=7,
        name="plant",
        protocol="mqtt",
        fields={"host": "127.0.0.1", "port": str(port), "tls": "off", "version": "5", **OWN_ID, **fields},
        rules=rules or (PLAIN, STAMPED),
        tags=None if tags is None else frozenset(tags),
    )


async def until(condition: Callable[[], object], within_s: float = DEADLINE_S) -> None:
    """Wait until a condition holds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < stretched(within_s), "it did not happen in time"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def running(session: FakeSession) -> AsyncIterator["asyncio.Task[None]"]:
    """Run the driver as the collector does, once; at the end raise the driver's error, if any."""
    before = len(session.states)
    task = asyncio.create_task(run(session))
    try:
        await until(lambda: task.done() or (State.CONNECTED, "") in session.states[before:])
        if task.done():
            await task
        yield task
    finally:
        task.cancel()
        (error,) = await asyncio.gather(task, return_exceptions=True)
    if error is not None and not isinstance(error, asyncio.CancelledError):
        raise error


async def received(session: FakeSession, count: int) -> list[float]:
    """Run until so many values are there, and return them."""
    async with running(session):
        await until(lambda: len(session.samples) >= count)
    return [sample.value for sample in session.samples]

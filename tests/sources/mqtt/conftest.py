"""A broker, and sources of it."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pytest_django import Settings

from monitoring.sources.config import MappingRule, SourceConfig
from monitoring.sources.mqtt.driver import run
from tests.own_mosquitto import DEADLINE_S, Mosquitto
from tests.sources.fake_session import FakeSession

PLAIN = MappingRule("plant/{tag}", "{tag}")
STAMPED = MappingRule("json/{tag}", "{tag}", "/value", "/time", "us")


@pytest.fixture(autouse=True)
def loopback(settings: Settings) -> None:
    """Brokers of tests run here."""
    settings.FERMON_SOURCE_LOOPBACK = True


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that keeps everything."""
    server = Mosquitto(tmp_path / "broker")
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
        fields={"host": "127.0.0.1", "port": str(port), "tls": "off", "version": "5", **fields},
        rules=rules or (PLAIN, STAMPED),
        tags=None if tags is None else frozenset(tags),
    )


async def until(condition: Callable[[], object], within_s: float = DEADLINE_S) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def running(session: FakeSession):
    """Run the driver as the collector does, once; raises what it has raised, if it has."""
    task = asyncio.create_task(run(session))
    try:
        await until(lambda: task.done() or any(state == "connected" for state, _ in session.states))
        if task.done():
            await task
        yield task
    finally:
        task.cancel()
        (error,) = await asyncio.gather(task, return_exceptions=True)
        if error is not None and not isinstance(error, asyncio.CancelledError):
            raise error

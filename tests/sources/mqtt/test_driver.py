"""The driver against a real broker."""

import asyncio

from tests.sources.fake_session import FakeSession
from tests.sources.mqtt.conftest import config_of, running, until


def test_values_arrive(broker):
    async def go():
        session = FakeSession(config_of(broker.port))
        async with running(session):
            await asyncio.to_thread(
                broker.publish,
                ("plant/temp", "21.5"),
                ("json/od", '{"value": 0.25, "time": 1769860800123456}'),
            )
            await until(lambda: len(session.samples) == 2)
        return session

    session = asyncio.run(go())
    assert [sample.tag for sample in session.samples] == ["temp", "od"]
    assert session.samples[0].value == 21.5
    assert session.samples[1] == ("od", 1769860800123456, 0.25)

"""Interrupted connections: what the server's history has is stored, else a gap tells what is missing."""

import asyncio
import sqlite3
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from asyncua import ua

from monitoring.kernel.clock import from_micros, to_micros
from monitoring.sources.config import MappingRule
from monitoring.sources.opcua import connection, history, subscription
from monitoring.sources.opcua.items import Item
from monitoring.sources.opcua.server_info import ServerInfo
from monitoring.sources.session import State
from tests.own_loop import run
from tests.patience import stretched
from tests.sources.opcua.peers import (
    HISTORY_READ,
    PUBLISH,
    READING,
    AsyncuaServer,
    Proxy,
    config_of,
    driving,
    last_state,
    new_session,
    until,
    values_of,
    written,
)

pytestmark = pytest.mark.no_cover
NAMES = ["n0", "n1", "n2"]
FAST = {"sampling_ms": "100"}
PUBLISHING_US = 500_000


@pytest.fixture
def server(launcher, tmp_path):
    """A server with history on disk that can be killed and started again."""
    history = str(tmp_path / "history.db")
    server = AsyncuaServer(launcher, nodes=3, log=str(tmp_path / "log"), history=history).start()
    yield server
    server.kill()


def recorded(path):
    """Return the times and values that the server's history has of the first node."""
    with sqlite3.connect(path) as database:
        table = database.execute("SELECT name FROM sqlite_master WHERE name LIKE '%n0%'").fetchone()[0]
        rows = database.execute(f'SELECT SourceTimestamp, Value FROM "{table}"').fetchall()  # noqa: S608
    database.close()
    times = [datetime.fromisoformat(row[0]) for row in rows if row[0]]
    times = [time if time.tzinfo else time.replace(tzinfo=UTC) for time in times]
    return {(to_micros(time), float(row[1])) for time, row in zip(times, rows, strict=True)}


def newest_value(session, tag="n0"):
    """Return the newest value of a tag."""
    return max(values_of(session, tag), default=(0, 0))[1]


def since(values, begin_us):
    """Return the values from a time on."""
    return {value for value in values if value[0] >= begin_us}


def first_after(session, tag):
    """Return the time of the first value of the server that was started again."""
    return min(time for time, value in values_of(session, tag) if value > 9_999)


def test_cut_and_killed_server_lose_nothing_that_its_history_has(server, tmp_path, monkeypatch):
    monkeypatch.setattr(subscription, "DEAD_S", stretched(1.5))
    monkeypatch.setattr(subscription, "KEEPALIVE_MS", 500)
    monkeypatch.setattr(connection, "REQUEST_S", stretched(2.0))

    async def main():
        proxy = Proxy(server.port)
        async with proxy.running():
            session = new_session(config_of(proxy.port, NAMES, options=FAST, publishing_ms="500"))
            async with driving(session):
                await until(lambda: len(values_of(session, "n0")) > 5)
                proxy.is_cut = True
                await until(lambda: last_state(session) == State.FAILED)
                await asyncio.sleep(1)
                proxy.is_cut = False
                at_cut = newest_value(session)
                await until(
                    lambda: last_state(session) == State.CONNECTED and newest_value(session) > at_cut + 15
                )
                first_us = min(values_of(session, "n0"))[0]
                assert since(recorded(tmp_path / "history.db"), first_us) - values_of(
                    session, "n0"
                ) <= newest(recorded(tmp_path / "history.db"), 15)
                assert session.gaps == []
                server.kill()
                before = newest_value(session)
                await asyncio.sleep(1.5)
                server.start(first=10_000)
                await until(lambda: newest_value(session) > 10_010 and session.gaps)
        return session, proxy, first_us, before

    session, proxy, first_us, before = run(main())
    for tag in NAMES:
        assert {value for _, value in values_of(session, tag)} >= {
            value for _, value in values_of(session, "n0")
        }
    has = since(recorded(tmp_path / "history.db"), first_us)
    assert has - values_of(session, "n0") <= newest(has, 15)  # those that were on their way at the end
    [gap] = session.gaps
    assert gap[2] == history.RESTARTED
    assert gap[0] >= max(time for time, value in values_of(session, "n0") if 0 < value <= before)
    assert gap[0] < gap[1] <= first_after(session, "n0")
    assert not any(gap[0] < time < gap[1] for tag in NAMES for time, _ in values_of(session, tag))
    assert gap[3] == ()
    assert proxy.requests.keys() <= READING.keys()
    assert {HISTORY_READ, PUBLISH} <= proxy.requests.keys()
    assert len(values_of(session, "n0")) == len({time for time, _ in values_of(session, "n0")})


def newest(values, count):
    """Return the newest of some values."""
    return set(sorted(values)[-count:])


def test_without_history_at_most_one_publishing_interval_is_lost_and_a_gap_tells_it(launcher, tmp_path):
    server = AsyncuaServer(launcher, nodes=3, log=str(tmp_path / "log")).start()

    async def main():
        session = new_session(config_of(server.port, NAMES, options=FAST, publishing_ms="500"))
        async with driving(session):
            await until(lambda: len(values_of(session, "n0")) > 10)
            server.kill()
            await until(lambda: last_state(session) == State.FAILED)
            lost = written(tmp_path / "log")
            stored_before = set(values_of(session, "n0"))
            await asyncio.sleep(1.5)
            server.start(first=10_000)
            await until(lambda: newest_value(session) > 10_010 and session.gaps)
        return session, lost, stored_before

    try:
        session, log, stored_before = run(main())
    finally:
        server.kill()
    first_us, last_us = min(stored_before)[0], max(log)[0]
    lost = since(log, first_us) - stored_before
    slack_us = stretched(0.2) * 1_000_000
    assert all(last_us - time_us <= PUBLISHING_US + slack_us for time_us, _ in lost)
    assert all(time_us > max(stored_before)[0] for time_us, _ in lost)
    [gap] = session.gaps
    assert gap[0] == max(time for time, _ in stored_before)
    assert gap[1] == max(first_after(session, tag) for tag in NAMES)
    assert gap[2] == history.NO_HISTORY


def test_a_collector_that_was_away_reads_what_it_missed(server, tmp_path):
    config = config_of(server.port, NAMES, options=FAST)

    async def main():
        first = new_session(config)
        async with driving(first):
            await until(lambda: len(values_of(first, "n0")) > 5)
        await asyncio.sleep(1.5)
        second = new_session(config, first.stored)
        async with driving(second):
            await until(lambda: len(values_of(second, "n0")) > 25)
        return first, second

    first, second = run(main())
    both = values_of(first, "n0") | values_of(second, "n0")
    log = {row for row in written(tmp_path / "log") if min(both)[0] <= row[0] <= max(both)[0]}
    assert both >= log
    assert not values_of(first, "n0") & values_of(second, "n0")
    assert second.gaps == []


def test_live_values_go_on_while_a_long_history_is_read(server, tmp_path, monkeypatch):
    monkeypatch.setattr(history, "HOLD_S", 0.0)
    monkeypatch.setattr(history, "VALUES", 9)  # three of each node a page

    async def main():
        first = new_session(config_of(server.port, NAMES, options=FAST))
        async with driving(first):
            await until(lambda: len(values_of(first, "n0")) > 5)
        await asyncio.sleep(2)
        second = new_session(first.config, first.stored)
        async with driving(second):
            await until(lambda: len(second.gaps) > 1 and len(values_of(second, "n0")) > 25)
        return first, second

    first, second = run(main())
    both = values_of(first, "n0") | values_of(second, "n0")
    assert both >= {row for row in written(tmp_path / "log") if min(both)[0] <= row[0] <= max(both)[0]}
    assert {gap[0] for gap in second.gaps} == {second.gaps[0][0]}  # one gap, told again when it is filled
    assert second.gaps[0][4] == 0
    assert second.gaps[-1][4] > 20


class EagerServer:
    """Sends the first value of each item before it answers that it monitors them."""

    async def create_subscription(self, parameters, callback):
        """Keep where messages go."""
        self.tell = callback
        return ua.CreateSubscriptionResult(RevisedPublishingInterval=parameters.RequestedPublishingInterval)

    async def create_monitored_items(self, parameters):
        """Send, and answer."""
        await self.send(1, 7.0, [each.RequestedParameters.ClientHandle for each in parameters.ItemsToCreate])
        return [
            ua.MonitoredItemCreateResult(MonitoredItemId=1, RevisedQueueSize=99)
            for _ in parameters.ItemsToCreate
        ]

    async def send(self, number, value, handles):
        """Send a message with a value of these items, ``number`` seconds after 1970."""
        data = ua.DataValue(ua.Variant(value), SourceTimestamp=from_micros(number * 1_000_000))
        changes = [ua.MonitoredItemNotification(ClientHandle=handle, Value=data) for handle in handles]
        message = ua.NotificationMessage(
            SequenceNumber=number, NotificationData=[ua.DataChangeNotification(MonitoredItems=changes)]
        )
        await self.tell(ua.PublishResult(NotificationMessage=message))


def test_a_hole_ends_with_the_first_value_also_when_it_comes_before_the_answer():
    item = Item(MappingRule("ns=2;s=n0", "n0"), ua.NodeId("n0", 2), handle=5)
    server, session = EagerServer(), new_session(config_of(0, ["n0"]))

    async def main():
        client = SimpleNamespace(uaclient=SimpleNamespace(session=server))
        live = subscription.Subscription(client, session, ServerInfo(), [item], 500)
        await live.create()
        await server.send(2, 8.0, [5])

    run(main())
    assert (item.is_live, item.is_first, item.first_us) == (True, False, 1_000_000)
    assert values_of(session, "n0") == {(1_000_000, 7.0), (2_000_000, 8.0)}

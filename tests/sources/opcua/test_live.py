"""Live values of a real server."""

import asyncio
import time

from asyncua import ua

from monitoring.models import Quality
from monitoring.sources.config import MappingRule
from monitoring.sources.opcua import subscription
from monitoring.sources.opcua.probe import check_connection, discover
from monitoring.sources.opcua.server_info import read_nodes
from monitoring.sources.session import State
from tests import own_loop
from tests.sources.opcua.peers import (
    CLOSE_SESSION,
    CREATE_SESSION,
    HISTORY_READ,
    PUBLISH,
    READING,
    Proxy,
    config_of,
    driving,
    last_state,
    new_session,
    until,
    values_of,
)

FAST = {"sampling_ms": "100"}
KINDS = ["constant", "float32", "switch", "text", "nan", "phase", "missing", "n0"]


def test_each_kind_of_value_and_an_unknown_node_beside(kinds_server):
    rules = [MappingRule(f"ns=2;s={name}", name, factor=2.0, options=FAST) for name in KINDS]
    rules.append(MappingRule("nsu=urn:plant;s=array", "element", value_pointer="/2"))
    rules.append(MappingRule("nsu=urn:nowhere;s=array", "nowhere"))

    async def main():
        session = new_session(config_of(kinds_server.port, [], rules=rules))
        async with driving(session):
            await until(lambda: len(values_of(session, "n0")) > 12)
            confirmed = session.confirmed
            await until(lambda: session.confirmed > confirmed)
            assert len(asyncio.all_tasks()) < 20
        await until(lambda: len(asyncio.all_tasks()) == 1)
        return session

    session = own_loop.run(main())
    newest = {sample.tag: sample.value for sample in session.samples}
    assert newest.pop("n0") > 12
    assert newest == {"constant": 9.0, "float32": 74.2, "switch": 2.0, "phase": 2.0, "element": 3.0}
    assert len(values_of(session, "constant")) == 1
    assert [(each.tag, each.raw) for each in session.malformed] == [("text", "open")]
    bad = {(tag, quality, word) for tag, quality, _, _, word in session.qualities if quality}
    assert bad == {
        ("nan", Quality.BAD, "not a number"),
        ("missing", Quality.BAD, "node id unknown"),
        ("nowhere", Quality.BAD, "node id unknown"),
    }
    assert "ns=2;s=missing" in session.notices["nodes"]
    assert session.gaps == []
    assert max(session.offsets) < 2_000
    assert session.confirmed <= time.time_ns() // 1_000


def test_late_nodes_spans_and_a_wrong_clock(kinds_server, monkeypatch):
    monkeypatch.setattr(subscription, "RETRY_S", 0.5)

    async def main():
        session = new_session(config_of(kinds_server.port, ["n1", "late"], options=FAST, publishing_ms="200"))
        async with driving(session):
            await until(lambda: len(values_of(session, "n1")) > 3)
            kinds_server.send(add=["late"])
            await until(lambda: values_of(session, "late"))
            await until(lambda: "nodes" not in session.notices)  # its value may come before the answer
            bad = kinds_server.send(bad=["n1"])["time_us"]
            uncertain = kinds_server.send(bad=["n1"], status=ua.StatusCodes.UncertainInitialValue)["time_us"]
            await until(lambda: ("n1", Quality.UNCERTAIN) in {each[:2] for each in session.qualities})
            good = kinds_server.send(good=["n1"])["time_us"]
            await until(lambda: session.qualities[-1][:2] == ("n1", None))
            kinds_server.send(clock_s=600)
            await until(lambda: session.offsets[-1] > 598_000)
        kinds_server.send(clock_s=0)
        return session, bad, uncertain, good

    session, bad, uncertain, good = own_loop.run(main())
    spans = [each[1:] for each in session.qualities if each[0] == "n1"]
    assert spans[1:] == [
        (Quality.BAD, bad, ua.StatusCodes.BadSensorFailure, "sensor failure"),
        (Quality.UNCERTAIN, uncertain, ua.StatusCodes.UncertainInitialValue, "initial value"),
        (None, good, None, ""),
    ]
    assert (uncertain, 0.0) in values_of(session, "n1")
    assert not any(bad <= time_us < uncertain for time_us, _ in values_of(session, "n1"))


def test_a_source_only_reads_and_ends_each_session(kinds_server, monkeypatch):
    monkeypatch.setattr(subscription, "RETRY_S", 0.2)
    monkeypatch.setattr(subscription, "REREAD_S", 0.3)

    async def main():
        proxy = Proxy(kinds_server.port)
        async with proxy.running():
            config = config_of(proxy.port, ["n0", "constant", "missing"], options=FAST)
            session = new_session(config, {"n0": 1})
            async with driving(session):
                await until(lambda: len(values_of(session, "n0")) > 20)
            assert all([step.is_done is not False async for step in check_connection(config)])
            assert [point async for point in discover(config, {})]
        return proxy.requests

    requests = own_loop.run(main())
    assert requests.keys() <= READING.keys()
    assert {HISTORY_READ, PUBLISH} <= requests.keys()
    assert requests[CREATE_SESSION] == requests[CLOSE_SESSION] == 3


def test_a_full_queue_of_samples_ends_the_connection_and_the_values_are_read_later(kinds_server, monkeypatch):
    monkeypatch.setattr(subscription, "FULL_S", 0.2)

    async def main():
        session = new_session(config_of(kinds_server.port, ["n0"], options=FAST, publishing_ms="200"))
        async with driving(session):
            await until(lambda: values_of(session, "n0"))
            session.is_full = True
            await until(lambda: last_state(session) == State.FAILED)
            session.is_full = False
            before = len(session.samples)
            await until(lambda: len(session.samples) > before)
        return session

    session = own_loop.run(main())
    assert (State.FAILED, subscription.FULL) in session.states


def test_silent_nodes_are_read_again(kinds_server, monkeypatch):
    monkeypatch.setattr(subscription, "REREAD_S", 0.6)
    reads = []

    async def main():
        session = new_session(config_of(kinds_server.port, ["constant", "phase"], options=FAST))

        async def noted(service, nodes):
            reads.append(nodes)
            return await read_nodes(service, nodes)

        monkeypatch.setattr(subscription, "read_nodes", noted)
        async with driving(session):
            await until(lambda: len(reads) > 1)
        return session

    session = own_loop.run(main())
    assert len(reads[0]) == 2
    assert [len(values_of(session, name)) for name in ("constant", "phase")] == [1, 1]


def test_a_connection_test_in_steps_and_its_end_at_a_closed_port(kinds_server):
    async def main():
        good = [step async for step in check_connection(config_of(kinds_server.port, ["n0"])) if step.is_done]
        closed = [step async for step in check_connection(config_of(1, ["n0"]))]
        missing = [step async for step in check_connection(config_of(kinds_server.port, ["missing"]))]
        return good, closed[-1], missing[-1]

    good, closed, missing = own_loop.run(main())
    assert [step.name for step in good] == ["Name", "Port", "Endpoint", "Session", "First value", "Clock"]
    assert "s old" in good[4].text
    assert (closed.name, closed.is_done) == ("Port", False)
    assert "No server listens" in closed.text
    assert (missing.name, missing.is_done) == ("First value", False)


def test_discovery_suggests_unit_range_and_states(kinds_server):
    async def points(**parameters):
        config = config_of(kinds_server.port, [])
        return {point.address: point async for point in discover(config, parameters)}

    found = own_loop.run(points())
    assert found["ns=2;s=temperature"].suggestion == {
        "tag": "Plant.Kinds.temperature",
        "display_name": "temperature",
        "unit": "°C",
        "valid_min": 0.0,
        "valid_max": 150.0,
    }
    phase = found["ns=2;s=phase"].suggestion
    assert (phase["kind"], phase["states"]) == ("discrete", {"0": "idle", "1": "feed"})
    assert found["ns=2;s=float32"].raw == "37.1"
    assert "tag" not in found["ns=2;s=text"].suggestion
    level = own_loop.run(points(node="ns=2;s=Plant"))
    assert level["ns=2;s=Kinds"].children == 8
    assert "ns=2;s=temperature" not in level
    assert set(own_loop.run(points(below="ns=2;s=Kinds"))) == {
        address for address in found if found[address].suggestion.get("tag", "Kinds.").count("Kinds")
    }

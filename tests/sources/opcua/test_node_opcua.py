"""A server of node-opcua: it samples, drops values of a full queue, and limits what a request may ask."""

from itertools import pairwise
from pathlib import Path

import pytest

from monitoring.sources.config import MappingRule
from monitoring.sources.opcua import history
from monitoring.sources.opcua.probe import discover
from tests import own_loop
from tests.sources.opcua.peers import config_of, driving, new_session, until, values_of, written

pytestmark = pytest.mark.no_cover
NAMES = [f"n{number}" for number in range(8)]


def rules_of():
    """Return rules for all counters, sampled at 10 Hz."""
    return [MappingRule(f"ns=1;s={name}", name, options={"sampling_ms": "50"}) for name in NAMES]


def test_every_value_of_10_hz_arrives_at_a_publishing_interval_of_1_s(node_peer, monkeypatch):
    monkeypatch.setattr(history, "VALUES", 24)  # three of each node a page: continuation points

    async def main():
        first = new_session(config_of(node_peer.port, [], rules=rules_of()))
        async with driving(first):
            await until(lambda: len(values_of(first, "n0")) > 30)
        second = new_session(first.config, first.stored)
        async with driving(second):
            await until(lambda: len(values_of(second, "n0")) > 30)
        return first, second

    first, second = own_loop.run(main())
    log = written(Path(node_peer.log))
    for name in NAMES:
        for values in (values_of(first, name), values_of(first, name) | values_of(second, name)):
            begin, end = min(values)[0], max(values)[0]
            assert values == {row for row in log if begin <= row[0] <= end}
    assert second.gaps == []


def test_a_deadband_drops_small_changes_and_a_server_may_refuse_one(node_peer):
    options = {"sampling_ms": "50", "deadband": "5"}
    rules = [MappingRule(f"ns=1;s={name}", name, options=options) for name in ("n0", "flag")]

    async def main():
        session = new_session(config_of(node_peer.port, [], rules=rules))
        async with driving(session):
            await until(lambda: len(values_of(session, "n0")) > 3 and values_of(session, "flag"))
        return session

    session = own_loop.run(main())
    values = sorted(value for _, value in values_of(session, "n0"))
    assert all(after - before > 5 for before, after in pairwise(values))
    assert {value for _, value in values_of(session, "flag")} == {1.0}
    assert "nodes" not in session.notices


def test_discovery_keeps_to_the_server_s_limits(node_peer):
    async def main():
        return [point.address async for point in discover(config_of(node_peer.port, []), {})]

    assert {f"ns=1;s={name}" for name in NAMES} <= set(own_loop.run(main()))

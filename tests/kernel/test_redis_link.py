"""Redis is asked as long as it answers; while it is away nobody waits for it."""

import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from monitoring.access.token_bucket import RedisTokenBucket
from monitoring.kernel import redis_link
from monitoring.kernel.redis_link import RedisAwayError, RedisLink, link_to

PATIENCE_S = 60


@pytest.fixture
def link(redis_server: Any, monkeypatch: pytest.MonkeyPatch) -> RedisLink:
    monkeypatch.setattr(redis_link, "LOOK_S", 0.01)
    return RedisLink(redis_server.url)


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_no_address_is_no_link() -> None:
    assert link_to("") is None


def test_while_it_is_away_it_is_asked_no_more_until_it_is_back(
    link: RedisLink, redis_server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    asked: list[object] = []
    assert link.ask(lambda client: client.ping()) is True
    redis_server.kill()
    for _ in range(100):
        with pytest.raises(RedisAwayError):
            link.ask(lambda client: asked.append(client) or client.ping())  # type: ignore[func-returns-value]
    assert len(asked) == 1
    redis_server.start()
    wait_until(lambda: link.outage.since is None)
    assert link.look() == ""
    assert caplog.text.count("Redis away") == caplog.text.count("Redis back") == 1


def test_one_that_takes_no_writes_is_away(link: RedisLink) -> None:
    link.client.config_set("maxmemory", "1")
    assert "maxmemory" in link.look()
    link.client.config_set("maxmemory", "0")
    wait_until(lambda: link.outage.since is None)


@hypothesis_settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 20), st.integers(1, 5))
def test_allowances_are_shared_by_all_links(redis_server: Any, per_minute: int, more: int) -> None:
    links = [RedisLink(redis_server.url) for _ in range(2)]
    links[0].client.flushall()
    buckets = [RedisTokenBucket(link) for link in links]
    began = time.monotonic()
    waits = [buckets[number % 2].wait("a", per_minute=per_minute) for number in range(per_minute + more)]
    refilled = (time.monotonic() - began) * per_minute / 60
    assert not any(waits[:per_minute])
    assert waits.count(0) <= per_minute + refilled
    assert all(wait <= 60 / per_minute for wait in waits)
    assert buckets[0].wait("b", per_minute=1) == 0
    for link in links:
        link.client.close()


def test_an_allowance_fills_again_and_is_forgotten_when_it_is_full(link: RedisLink) -> None:
    shared = RedisTokenBucket(link)
    calls = 0
    while not shared.wait("a", per_minute=6_000):
        calls += 1
    assert calls >= 6_000
    wait_until(lambda: not shared.wait("a", per_minute=6_000))
    left_ms = cast(int, link.client.pttl("fermon:allowance:a"))
    assert 0 < left_ms <= 60_000
